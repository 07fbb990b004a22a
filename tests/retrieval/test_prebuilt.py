"""Pyserini's prebuilt indexes as baselines: archives of their true form on 127.0.0.1, a small real encoder, Pyserini's registry."""

from __future__ import annotations

import gzip
import hashlib
import json
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import faiss
import pytest
from serve import serve

from optical_repro import collections, run
from optical_repro.base.errors import InputError
from optical_repro.base.trec import read_run
from optical_repro.experiment.systems import choose
from optical_repro.retrieval import jvm, prebuilt

PASSAGES = {
    "1#0": "Ìbàdàn jẹ́ ìlú ńlá ní Nàìjíríà .",
    "1#1": "Olú ìlú Ìpínlẹ̀ Ọ̀yọ́ ni Ìbàdàn .",
    "7#0": "Odò Ọya ṣàn kọjá ní Nàìjíríà .",
    "9#2": "Ọba ni olórí ìlú .",
}
TOPICS = {"q1": "Odò wo ló ṣàn ?", "q2": "Olú ìlú Ìpínlẹ̀ Ọ̀yọ́"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of one layer with a vocabulary of the passages' letters."""
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("mdpr")
    tokenizer = BertWordPieceTokenizer(strip_accents=True)
    tokenizer.train_from_iterator([*PASSAGES.values(), *TOPICS.values()], vocab_size=120, show_progress=False)
    tokenizer.save_model(str(folder))
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    config = BertConfig(vocab_size=120, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32)
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def indexes(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The indexes of MIRACL's Yorùbá passages that Pyserini publishes, packed as it packs them, but of four passages."""
    jvm.start()
    from pyserini.encode import AutoDocumentEncoder
    from pyserini.index.lucene import LuceneIndexer

    built, packed = tmp_path_factory.mktemp("built"), tmp_path_factory.mktemp("packed")
    indexer = LuceneIndexer(args=["-index", str(built / "lucene-index.miracl-v1.0-yo"), "-pretokenized"], threads=1)
    indexer.add_batch_dict([{"id": identity, "contents": text} for identity, text in PASSAGES.items()])
    indexer.close()
    for name, pooling in (("mdpr", "cls"), ("mcontriever", "mean")):
        folder = built / f"faiss.miracl-v1.0-yo.{name}"
        folder.mkdir()
        vectors = AutoDocumentEncoder(str(model), device="cpu", pooling=pooling).encode(list(PASSAGES.values()))
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(vectors)
        faiss.write_index(index, str(folder / "index"))
        (folder / "docid").write_text("".join(f"{identity}\n" for identity in PASSAGES))
    for folder in built.iterdir():
        with tarfile.open(packed / f"{folder.name}.tar.gz", "w:gz") as archive:
            archive.add(folder, arcname=folder.name)
    return packed


@pytest.fixture
def published(indexes: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Pyserini's registry with the addresses and MD5 sums of these archives; yields the server's address."""
    from pyserini import prebuilt_index_info as info

    monkeypatch.setenv("PYSERINI_CACHE", str(tmp_path / "pyserini"))
    names = {
        "miracl-v1.0-yo": (info.TF_INDEX_INFO, "lucene-index.miracl-v1.0-yo"),
        "miracl-v1.0-yo-mdpr-tied-pft-msmarco": (info.FAISS_INDEX_INFO, "faiss.miracl-v1.0-yo.mdpr"),
        "miracl-v1.0-yo-mcontriever-pft-msmarco": (info.FAISS_INDEX_INFO, "faiss.miracl-v1.0-yo.mcontriever"),
    }
    with serve(indexes) as address:
        for name, (registry, packed) in names.items():
            md5 = hashlib.md5((indexes / f"{packed}.tar.gz").read_bytes()).hexdigest()
            entry = {"urls": [f"{address}/{packed}.tar.gz"], "md5": md5, "filename": f"{packed}.tar.gz"}
            monkeypatch.setitem(registry, name, registry[name] | entry)
        for system in ("mdpr", "mcontriever"):
            dense = prebuilt.BASELINES["miracl"][system]
            assert isinstance(dense, prebuilt.Dense)
            monkeypatch.setitem(prebuilt.BASELINES["miracl"], system, replace(dense, encoder=str(model)))
        yield address


@pytest.fixture
def miracl(tmp_path: Path) -> Path:
    folder = tmp_path / "miracl"
    folder.mkdir()
    (folder / "corpus.jsonl").write_text("".join(json.dumps({"id": i, "text": text}) + "\n" for i, text in PASSAGES.items()))
    (folder / "topics.yo.dev.tsv").write_text("".join(f"{topic}\t{text}\n" for topic, text in TOPICS.items()), encoding="utf-8")
    (folder / "qrels.yo.dev.txt").write_text("q1 0 7#0 1\nq2 0 1#1 1\n")
    (folder / "collection.json").write_text('{"name": "miracl", "doc_lang": "yo"}')
    return folder


def test_the_baselines_by_name_through_to_a_report(published: str, miracl: Path, model: Path, tmp_path: Path) -> None:
    systems = ["bm25-prebuilt", "mdpr", "mcontriever", "bm25+mdpr"]
    where = ["--runs-dir", str(tmp_path / "runs"), "--qrels-dir", str(tmp_path / "qrels"), "--cache-dir", str(tmp_path / "cache")]
    assert run.main(["--lang", "yo", "--collection", str(miracl), "--systems", ",".join(systems), *where]) == 0
    folder = tmp_path / "runs/miracl.yo.dev"
    assert set(json.loads((folder / "report.json").read_text())["systems"]) == set(systems)
    assert read_run(folder / "bm25-prebuilt.trec")["q2"].keys() == {"1#0", "1#1", "9#2"}

    from pyserini.encode import AutoQueryEncoder

    runs = {system: read_run(folder / f"{system}.trec") for system in systems}
    for system, pooling in (("mdpr", "cls"), ("mcontriever", "mean")):
        encoder = AutoQueryEncoder(str(model), pooling=pooling)
        archive = next((tmp_path / "pyserini/indexes").glob(f"faiss.miracl-v1.0-yo.{system}.*"))
        passages = faiss.read_index(str(archive / "index")).reconstruct_n()
        for topic, text in TOPICS.items():
            expected = dict(zip(PASSAGES, (passages @ encoder.encode(text)).tolist(), strict=True))
            assert runs[system][topic] == pytest.approx(expected, abs=1e-4)
    for topic in TOPICS:
        half = {document: (runs["bm25-prebuilt"][topic].get(document, 0) + score) / 2 for document, score in runs["mdpr"][topic].items()}
        assert runs["bm25+mdpr"][topic] == pytest.approx(half, abs=1e-4)


def test_an_index_is_kept_where_pyserini_itself_finds_it(published: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyserini.util import download_prebuilt_index

    folder = prebuilt.fetch("miracl-v1.0-yo")
    assert str(folder) == download_prebuilt_index("miracl-v1.0-yo", verbose=False)
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    from pyserini import prebuilt_index_info as info

    monkeypatch.setitem(info.TF_INDEX_INFO, "miracl-v1.0-yo", {**info.TF_INDEX_INFO["miracl-v1.0-yo"], "urls": ["http://127.0.0.1:9/x"]})
    assert prebuilt.fetch("miracl-v1.0-yo") == folder


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"md5": "0" * 32}, r"is not the file that was published \(MD5 \w+, expected 0{32}\)"),
        ({"urls": ["http://127.0.0.1:9/gone.tar.gz"]}, r"http://127\.0\.0\.1:9/gone\.tar\.gz: cannot be downloaded .*; check the network"),
    ],
)
def test_an_index_that_cannot_be_had_is_one_line(published: str, monkeypatch: pytest.MonkeyPatch, change: dict, message: str) -> None:
    from pyserini import prebuilt_index_info as info

    monkeypatch.setitem(info.TF_INDEX_INFO, "miracl-v1.0-yo", {**info.TF_INDEX_INFO["miracl-v1.0-yo"], **change})
    with pytest.raises(InputError, match=message) as error:
        prebuilt.fetch("miracl-v1.0-yo")
    assert "\n" not in str(error.value)


def test_every_name_is_in_pyserinis_registry() -> None:
    languages = {"miracl": collections.SOURCES["miracl"].languages, "ciral": collections.SOURCES["ciral"].languages}
    for collection, systems in prebuilt.BASELINES.items():
        for baseline in systems.values():
            if isinstance(baseline, prebuilt.Fusion):
                assert set(baseline.parts) <= systems.keys()
            else:
                entries = [prebuilt.registry_entry(baseline.index.format(lang=lang)) for lang in languages[collection]]
                assert all(len(entry["md5"]) == 32 and entry["urls"] for entry in entries)


def test_they_are_of_their_collections_alone(miracl: Path) -> None:
    with pytest.raises(
        InputError, match=r"system mdpr cannot be used on sample\.yo\.test: .* none at all \(it has those of miracl and ciral\)"
    ):
        choose(["mdpr"], [], collections.load("sample", "yo"))
    with pytest.raises(InputError, match=r"system afriberta-dpr cannot be used on miracl\.yo\.dev: .*bm25-prebuilt, mdpr"):
        choose(["afriberta-dpr"], [], collections.load(str(miracl), "yo"))


def test_a_damaged_archive_is_one_line(tmp_path: Path) -> None:
    """Empty, something else, cut, and with bytes changed."""
    (tmp_path / "index").mkdir()
    (tmp_path / "index/docid").write_bytes(b" ".join(b"%d" % (number * 7919 % 9973) for number in range(50_000)))
    with tarfile.open(tmp_path / "whole.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "index", arcname="index")
    content = (tmp_path / "whole.tar.gz").read_bytes()
    middle = len(content) // 2
    for number, bad in enumerate([b"", b"no archive", content[:middle], content[:middle] + b"\xff" * 10_000, gzip.compress(bytes(1024))]):
        path = tmp_path / f"{number}.tar.gz"
        path.write_bytes(bad)
        with pytest.raises(InputError, match=f"{path}: (not an archive that can be unpacked|0 folders in it)") as told:
            prebuilt._unpack(path, tmp_path / f"unpacked-{number}")
        assert "\n" not in str(told.value) and not (tmp_path / f"unpacked-{number}").exists()
