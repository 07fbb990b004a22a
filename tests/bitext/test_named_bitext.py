"""Parallel corpora by name, from files of their true form behind a small imitation of OPUS and of GitHub."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from serve import Quiet, serve
from test_ir_datasets import Publisher, mmarco, publish  # noqa: F401  (the fixture that serves ir_datasets' files)

from optical_repro import collections
from optical_repro.base import downloads
from optical_repro.base.cache import Cache
from optical_repro.base.errors import InputError
from optical_repro.bitext import named
from optical_repro.bitext.readers import Pair, read_bitext
from optical_repro.experiment.experiment import Experiment
from optical_repro.experiment.settings import Settings


class OpusAndGithub(Quiet):
    """``/opusapi/?corpus=...`` answers as OPUS does; everything else is a file."""

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        if asked.path != "/opusapi/":
            super().do_GET()
            return
        query = {key: values[0] for key, values in parse_qs(asked.query).items()}
        name = f"OPUS-{query['corpus']}/v1/{query['preprocessing']}/{query['source']}-{query['target']}.txt.zip"
        there = (Path(self.directory) / name).is_file() and query["version"] in ("latest", "v1")
        address = f"http://127.0.0.1:{self.server.server_address[1]}/{name}"
        found = [{"corpus": query["corpus"], "version": "v1", "preprocessing": "moses", "latest": "True", "url": address}] if there else []
        answer = json.dumps({"corpora": found}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("OPTICAL_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "there"
    folder.mkdir()
    with serve(folder, OpusAndGithub) as address:
        monkeypatch.setattr(named, "OPUS", f"{address}/opusapi/")
        monkeypatch.setattr(downloads, "GITHUB", address)
        yield folder


def put(folder: Path, path: str, data: bytes) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(data)


def moses_zip(**files: str) -> bytes:
    """As OPUS packs them: the two sides with a README and a licence."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README", "CCAligned\n")
        archive.writestr("LICENSE", "see statmt.org\n")
        for ending, text in files.items():
            archive.writestr(f"CCAligned.en-yo.{ending}", text)
    return packed.getvalue()


@pytest.mark.parametrize("how", ["changed", "cut", "record changed"])
@pytest.mark.parametrize("which", ["opus/OPUS-CCAligned/v1/moses/en-yo.txt.zip", "bitext/opus-CCAligned.yo-en.tsv"])
def test_a_kept_download_that_was_damaged_is_fetched_again(served: Path, which: str, how: str, capsys: pytest.CaptureFixture[str]) -> None:
    put(served, "OPUS-CCAligned/v1/moses/en-yo.txt.zip", moses_zip(en="The king sat.\n", yo="Ọba jókòó.\n"))
    [made] = named.local([Path("opus:CCAligned")], "yo")
    right, kept = made.read_bytes(), downloads.folder() / which
    whole = kept.read_bytes()
    if how == "record changed":
        record = kept.with_name(f".{kept.name}.sha256")
        record.write_text(record.read_text()[::-1])
    else:
        kept.write_bytes(whole[:-4] + b"oops" if how == "changed" else whole[:-4])
    if which.startswith("opus"):
        downloads.forget(made)
    assert named.local([Path("opus:CCAligned")], "yo") == (made,)
    assert (made.read_bytes(), kept.read_bytes()) == (right, whole)
    assert capsys.readouterr().out == f"{kept}: not as it was downloaded; it is fetched again\n"
    named.local([Path("opus:CCAligned")], "yo")
    assert not capsys.readouterr().out


def test_opus_by_name(served: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(served, "OPUS-CCAligned/v1/moses/en-yo.txt.zip", moses_zip(en="The king\tsat.\n\nIt rained.\n", yo="Ọba jókòó.\nÒfo\nÒjò rọ̀.\n"))
    files = named.local([Path("opus:CCAligned")], "yo")
    assert read_bitext(files, "yo").pairs == [Pair("Ọba jókòó.", "The king sat."), Pair("Òjò rọ̀.", "It rained.")]
    assert named.local(["opus:CCAligned/v1"], "yo")[0].read_bytes() == files[0].read_bytes()
    monkeypatch.setattr(named, "OPUS", "http://127.0.0.1:9/")
    assert named.local(["opus:CCAligned"], "yo") == files  # Once fetched, no network is needed.


def test_an_address_cannot_name_a_place_outside_the_downloads(served: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"corpora": [{"url": "http://127.0.0.1:9/a/../../../../../outside.zip"}]}
    monkeypatch.setattr(downloads, "read_json", lambda address: answer)
    with pytest.raises(InputError, match="leads out of the folder of downloads"):
        named.local(["opus:CCAligned"], "yo")


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("opus:Nothing", b"", r"^OPUS has no Nothing of yo and English; see "),
        ("opus:CCAligned/v7", moses_zip(en="a\n", yo="b\n"), r"OPUS has no CCAligned of yo and English, release v7"),
        ("opus:", b"", r"opus: names no corpus"),
        ("opus:CCAligned", b"not a zip", r"a broken zip file, now removed"),
        ("opus:CCAligned", moses_zip(en="a\n"), r"expected one that ends in \.yo, one in \.en"),
        ("opus:CCAligned", moses_zip(en="a\nb\n", yo="c\n"), r"its two files differ in length"),
    ],
)
def test_opus_that_cannot_be_had(served: Path, name: str, data: bytes, message: str) -> None:
    if data:
        put(served, "OPUS-CCAligned/v1/moses/en-yo.txt.zip", data)
    with pytest.raises(InputError, match=message) as error:
        named.local([name], "yo")
    assert "\n" not in str(error.value)
    assert not list((downloads.folder() / "bitext").glob("*")) if (downloads.folder() / "bitext").exists() else True


def test_menyo_and_lafand_by_name(served: Path) -> None:
    menyo = 'English\tYoruba\n"He said ""yes""."\tÓ ní "bẹ́ẹ̀ ni".\nUnit 1\tÌpín kìn-ín-ní\n'
    put(served, "uds-lsv/menyo-20k_MT/master/data/train.tsv", menyo.encode())
    lafand = {"translation": {"en": "The market opened.", "hau": "An bude kasuwa."}}
    put(served, "masakhane-io/lafand-mt/main/data/json_files/en-hau/dev.json", (json.dumps(lafand) + "\n").encode())
    pairs = read_bitext(named.local(["menyo20k"], "yo"), "yo").pairs
    assert pairs == [Pair('Ó ní "bẹ́ẹ̀ ni".', 'He said "yes".'), Pair("Ìpín kìn-ín-ní", "Unit 1")]
    assert read_bitext(named.local(["lafand:dev"], "ha"), "ha").pairs == [Pair("An bude kasuwa.", "The market opened.")]
    for name, lang, message in [
        ("menyo20k", "ha", "menyo20k is Yorùbá and English, not ha"),
        ("menyo20k:valid", "yo", 'unknown split of menyo20k "valid"'),
        ("lafand", "rw", "lafand has no train split for rw"),
        ("lafand", "fr", 'unknown language of lafand "fr"'),
        ("lafand", "ha", r"train\.json: cannot be downloaded \(HTTP Error 404"),
    ]:
        with pytest.raises(InputError, match=message):
            named.local([name], lang)


def test_a_download_that_ends_too_early_leaves_nothing(tmp_path: Path) -> None:
    class Short(Quiet):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"only this")

    with serve(tmp_path, Short) as address, pytest.raises(InputError, match=r"cannot be downloaded .*; check the network"):
        downloads.fetch(f"{address}/file", tmp_path / "kept/file")
    put(tmp_path, "whole", b"whole")
    with serve(tmp_path) as address, pytest.raises(InputError, match="is not the file that was published"):
        downloads.fetch(f"{address}/whole", tmp_path / "kept/file", md5="0" * 32)
    assert list((tmp_path / "kept").iterdir()) == []


def test_mmarco_queries_with_those_of_ms_marco(publish: Publisher, served: Path) -> None:  # noqa: F811
    queries = b"7\twhat is a river\n8\twho is the king\n10\talone\n"
    publish("mmarco", mmarco())
    publish.also("msmarco-passage", {"queries": tar_of_queries(queries)})
    pairs = read_bitext(named.local(["mmarco"], "pt"), "pt").pairs
    assert pairs == [Pair("o que é um rio", "what is a river"), Pair("quem é o rei", "who is the king")]
    with pytest.raises(InputError, match='unknown language of mmarco "yo"'):
        named.local(["mmarco"], "yo")


def tar_of_queries(train: bytes) -> bytes:
    from test_ir_datasets import tar_gz

    return tar_gz({"queries.train.tsv": train, "queries.dev.tsv": b"", "queries.eval.tsv": b""})


def test_names_reach_the_lexicon_and_the_training_pairs(served: Path, tmp_path: Path) -> None:
    records = [{"translation": {"en": "The king sat.", "yor": "Ọba jókòó."}}] * 2 + [{"translation": {"en": "x" * 99, "yor": "Ó."}}]
    put(served, "masakhane-io/lafand-mt/main/data/json_files/en-yor/train.json", "".join(json.dumps(r) + "\n" for r in records).encode())
    collection = collections.load("sample", "yo")
    plain = Experiment(collection, Settings(bitext=(Path("lafand"),)), Cache(tmp_path))
    assert [pair.english for pair in plain.pairs] == ["The king sat.", "x" * 99]
    assert [path.name for path in plain.words.files] == ["lafand.yo-en.tsv"]
    strict = Experiment(collection, Settings(bitext=(Path("lafand"),), bitext_filter=("length",)), Cache(tmp_path))
    assert [pair.english for pair in strict.pairs] == ["The king sat."]
