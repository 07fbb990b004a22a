"""ir_datasets collections, from files of the true format that a server on 127.0.0.1 hands out."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import pkgutil
import sys
import tarfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from serve import serve

from optical_repro import collections
from optical_repro.base.errors import InputError
from optical_repro.collections import Passage, ir_datasets_source

PASSAGES = [
    {"docid": "1#0", "title": "Ìbàdàn", "text": "Ìbàdàn jẹ́ ìlú ńlá ní Nàìjíríà."},
    {"docid": "1#1", "title": "Ìbàdàn", "text": "Olú ìlú Ìpínlẹ̀ Ọ̀yọ́ ni."},
    {"docid": "7#0", "title": "", "text": "Odò Ọya ṣàn kọjá."},
]
TOPICS = "10020#0\tOlú ìlú Ìpínlẹ̀ Ọ̀yọ́ ni kí ni?\n10118#0\tOdò wo ló  ṣàn?\n99#0\tTa ni?\n"
QRELS = "10020#0\tQ0\t1#1\t1\n10020#0\tQ0\t1#0\t0\n10118#0\tQ0\t7#0\t1\n"


def jsonl_gz(records: list[dict[str, str]]) -> bytes:
    return gzip.compress("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode(), mtime=0)


def tar_gz(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


class Publisher:
    """Serves files in the place of the published ones.

    ir_datasets reads its registry of addresses and MD5 sums when it is imported: each registry needs it imported anew.
    """

    def __init__(self, folder: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.address, self.monkeypatch = folder, address, monkeypatch
        self.get_data = pkgutil.get_data

    def file(self, name: str, data: bytes) -> dict[str, str | int]:
        """Serves a file; returns its entry for a registry."""
        (self.folder / name).write_bytes(data)
        return {"url": f"{self.address}/{name}", "expected_md5": hashlib.md5(data).hexdigest(), "size_hint": len(data)}

    def __call__(self, family: str, files: dict[str, bytes], **changes: str) -> None:
        """Serves the files of a family, by their keys in ir_datasets' registry; changes are of every entry."""
        self.registry = json.loads(self.get_data("ir_datasets", "etc/downloads.json") or b"")
        self.also(family, files, **changes)

    def also(self, family: str, files: dict[str, bytes], **changes: str) -> None:
        """The same, beside what is served already."""
        registry = self.registry
        for number, (key, data) in enumerate(files.items()):
            entry = registry[family][key]
            entry |= self.file(f"{family}-{number}-{Path(entry['url'].partition('?')[0]).name}", data) | changes
            entry.pop("irds_mirror", None)
        published = json.dumps(registry).encode()
        forget()
        self.monkeypatch.setattr(
            pkgutil, "get_data", lambda package, name: published if name == "etc/downloads.json" else self.get_data(package, name)
        )


def forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "ir_datasets"]:
        del sys.modules[name]


@pytest.fixture
def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    monkeypatch.setenv("IR_DATASETS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("IR_DATASETS_TMP", str(tmp_path / "tmp"))
    monkeypatch.setenv("IR_DATASETS_DL_TRIES", "1")
    imported = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "ir_datasets"}
    (tmp_path / "published").mkdir()
    with serve(tmp_path / "published") as address:
        yield Publisher(tmp_path / "published", address, monkeypatch)
    forget()
    sys.modules.update(imported)


def miracl(shards: list[list[dict[str, str]]], lang: str = "yo") -> dict[str, bytes]:
    corpus = {f"v1.0/{lang}/corpus/{number}": jsonl_gz(shard) for number, shard in enumerate(shards)}
    return {**corpus, f"v1.0/{lang}/dev/topics": TOPICS.encode(), f"v1.0/{lang}/dev/qrels": QRELS.encode()}


def jsonl(*records: dict[str, object]) -> bytes:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()


def news(identity: str, text: str) -> dict[str, object]:
    """A document as HC4's tool writes it."""
    return {"id": identity, "title": "نو", "text": text, "url": "u", "time": "t", "cc_file": "c"}


def mmarco() -> dict[str, bytes]:
    return {
        "v2/pt/docs": "0\tO rio é longo.\n1\tA cidade é grande.\n".encode(),
        "v2/pt/queries/dev": b"2\tonde fica o rio\n3\tque cidade\n",
        "v2/pt/queries/train": "7\to que é um rio\n8\tquem é o rei\n9\tsem par\n".encode(),
        "dev/qrels": b"2 0 0 1\n3 0 1 1\n",
        "dev/qrels-small": b"2 0 0 1\n",
    }


def test_miracl_by_name_and_by_id(publish: Publisher, capfd: pytest.CaptureFixture[str]) -> None:
    publish("miracl", miracl([PASSAGES]))
    named = collections.load("miracl", "yo")
    assert (named.name, named.lang, named.doc_lang, named.license) == ("miracl.yo.dev", "yo", "yo", "Apache-2.0")
    assert named.topics == {"10020#0": "Olú ìlú Ìpínlẹ̀ Ọ̀yọ́ ni kí ni?", "10118#0": "Odò wo ló ṣàn?"}
    assert named.qrels == {"10020#0": {"1#1": 1, "1#0": 0}, "10118#0": {"7#0": 1}}
    passages = [Passage(record["docid"], record["title"], record["text"]) for record in PASSAGES]
    assert list(named.passages()) == list(named.passages()) == passages
    for other in (collections.load("miracl/yo/dev", "yo"), collections.load("miracl/yo", "yo", "dev")):
        assert (other.name, other.topics, other.digest) == (named.name, named.topics, named.digest)
    said = capfd.readouterr()
    assert "1 of 3 topics of miracl/yo/dev have no judgement" in said.out
    assert "[starting]" not in said.err and "[INFO]" not in said.err


def test_all_shards_are_read_and_make_the_digest(publish: Publisher) -> None:
    publish("miracl", miracl([PASSAGES[:1], PASSAGES[1:]], "te"))
    first = collections.load("miracl", "te")
    assert [passage.id for passage in first.passages()] == ["1#0", "1#1", "7#0"]
    publish("miracl", miracl([PASSAGES[:1], PASSAGES[2:]], "te"))
    assert collections.load("miracl", "te").digest != first.digest


def mr_tydi() -> dict[str, bytes]:
    inside = {
        "collection/docs.jsonl.gz": jsonl_gz([{"id": "26#0", "contents": "Mwanza\n\nMwanza ni mji wa Tanzania."}]),
        "topic.test.tsv": b"0\tMwanza iko wapi?\n",
        "qrels.test.txt": b"0\tQ0\t26#0\t1\n",
    }
    return {"sw": tar_gz({f"mrtydi-v1.0-swahili/{name}": data for name, data in inside.items()})}


def test_mr_tydi(publish: Publisher) -> None:
    publish("mr-tydi", mr_tydi())
    collection = collections.load("mr-tydi", "sw")
    assert (collection.name, collection.doc_lang, collection.qrels) == ("mr-tydi.sw.test", "sw", {"0": {"26#0": 1}})
    assert [passage.contents for passage in collection.passages()] == ["Mwanza\n\nMwanza ni mji wa Tanzania."]


def test_wikiclir_has_english_topics_and_is_named_for_its_documents(publish: Publisher) -> None:
    publish("wikiclir", wikiclir())
    collection = collections.load("wikiclir", "sw")
    assert (collection.name, collection.lang, collection.doc_lang, collection.target) == ("wikiclir.sw.all", "en", "sw", "sw")
    assert (collection.topics, collection.qrels) == ({"12": "Tanzania"}, {"12": {"700": 2}})
    assert [passage.title for passage in collection.passages()] == ["Tanzania", "Chai"]


def wikiclir() -> dict[str, bytes]:
    inside = {
        "english/wiki_en.queries": b"12\tTanzania\tTanzania is a country.\n13\tGhana\tGhana is a country.\n",
        "swahili/en2sw.rel": b"12\t700\t2\n",
        "swahili/wiki_sw.documents": b"700\tTanzania\tTanzania ni nchi ya Afrika.\n701\tChai\tChai ni kinywaji.\n",
    }
    return {"source": tar_gz({f"wiki-clir/{name}": data for name, data in inside.items()})}


def clirmatrix(publish: Publisher) -> dict[str, bytes]:
    registry = {
        "clirmatrix_docs": {
            f"docs/{lang}": publish.file(f"{lang}.tsv.gz", gzip.compress(f"{number}\t{text}\n".encode()))
            for number, (lang, text) in enumerate({"en": "The Ogun river flows.", "yo": "Odò Ògùn ṣàn."}.items())
        },
        "clirmatrix_bi139_base": {
            f"queries/{pair}/test1": publish.file(f"{pair}.jl.gz", gzip.compress(json.dumps(topic).encode() + b"\n"))
            for pair, topic in {
                "yo_en": {"src_id": "5", "src_query": "Odò Ògùn", "tgt_results": [["0", 6]]},
                "en_yo": {"src_id": "6", "src_query": "Ogun River", "tgt_results": [["1", 5]]},
            }.items()
        },
    }
    return {"downloads": gzip.compress(json.dumps(registry).encode())}


def test_clirmatrix_in_both_directions(publish: Publisher) -> None:
    publish("clirmatrix", clirmatrix(publish))
    into_english = collections.load("clirmatrix", "yo")
    assert (into_english.name, into_english.lang, into_english.doc_lang) == ("clirmatrix.yo.test1", "yo", "en")
    assert (into_english.topics, into_english.qrels) == ({"5": "Odò Ògùn"}, {"5": {"0": 6}})
    into_yoruba = collections.load("clirmatrix/yo/bi139-base/en/test1", "yo")
    assert (into_yoruba.name, into_yoruba.lang, into_yoruba.doc_lang) == ("clirmatrix-yo-bi139-base-en.yo.test1", "en", "yo")
    assert [passage.contents for passage in into_yoruba.passages()] == ["Odò Ògùn ṣàn."]


def hc4() -> dict[str, bytes]:
    """Topics and judgements; the documents are not among what ir_datasets downloads."""
    topic = {
        "topic_id": "1001",
        "languages_with_qrels": ["fas", "zho"],
        "topics": [
            {"lang": "eng", "source": "original", "topic_title": "Drought in Iran", "topic_description": "What of the drought?"},
            {"lang": "fas", "source": "human translation", "topic_title": "خشکسالی", "topic_description": "؟"},
            {"lang": "fas", "source": "google translation", "topic_title": "خشکسالی", "topic_description": "؟"},
        ],
        "narratives": {"fas": {"very_valuable": "a"}},
        "report": {"text": "r", "url": "u", "date": "d"},
    }
    other = {**topic, "topic_id": "1002", "languages_with_qrels": ["zho"]}
    return {"test/topics": jsonl(topic, other), "fa/test/qrels": b"1001 0 d-1 3\n1001 0 d-2 0\n"}


def put_hc4_documents(home: Path, *documents: dict[str, object]) -> None:
    path = home / "hc4/fas/hc4_docs.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(jsonl(*documents))


def test_hc4_takes_the_documents_from_where_its_own_tool_puts_them(publish: Publisher, tmp_path: Path) -> None:
    publish("hc4", hc4())
    with pytest.raises(InputError, match=r"^hc4/fa/test: put its documents at .*/fas/hc4_docs\.jsonl; ir-datasets\.com/hc4\.html") as error:
        collections.load("hc4", "fa")
    assert "\n" not in str(error.value)
    put_hc4_documents(tmp_path / "home", news("d-1", "روز"), news("d-2", "روز"))
    collection = collections.load("hc4", "fa")
    assert (collection.name, collection.lang, collection.doc_lang) == ("hc4.fa.test", "en", "fa")
    assert (collection.topics, collection.qrels) == ({"1001": "Drought in Iran"}, {"1001": {"d-1": 3, "d-2": 0}})
    assert [passage.contents for passage in collection.passages()] == ["نو\nروز"] * 2
    put_hc4_documents(tmp_path / "home", news("d-1", "روز"), news("d-2", "شب"))
    assert collections.load("hc4", "fa").digest != collection.digest


def test_documents_without_a_published_hash_are_hashed_without_being_held(publish: Publisher, tmp_path: Path) -> None:
    publish("hc4", hc4())
    put_hc4_documents(tmp_path / "home", *(news(f"d-{number}", f"{number} " + "روز " * 500) for number in range(2000)))
    collections.load("hc4", "fa")
    tracemalloc.start()
    collections.load("hc4", "fa")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 3e6, "the documents are 7 MB on disk"


def neuclir() -> dict[str, bytes]:
    def topic(number: int, title: str) -> dict[str, object]:
        sides = {"fas": ("human translation", "google translation"), "rus": ("google translation",), "zho": ("google translation",)}
        english = {"lang": "eng", "source": "original", "topic_title": title, "topic_description": "d", "topic_narrative": "n"}
        translated = [{**english, "lang": lang, "source": source} for lang, sources in sides.items() for source in sources]
        return {"topic_id": str(number), "languages_with_qrels": ["fas"], "topics": [english, *translated]}

    final = {"qrels.final.gains.fas": b"200 0 d-1 1\n", "qrels.final.gains": b"200 0 d-1 1\n"}
    return {
        "1/fa/docs": gzip.compress(jsonl(news("d-1", "آب"), news("d-2", "نان")), mtime=0),
        "trec-2022/queries": jsonl(topic(5, "Water"), topic(6, "Fire")),
        "trec-2022/qrels": b"5 fas d-2 3\n5 rus d-9 1\n",
        "trec-2023/queries": jsonl(topic(200, "Bread")),
        "trec-2023/qrels": tar_gz(final),
    }


def test_neuclir_of_both_years(publish: Publisher) -> None:
    publish("neuclir", neuclir())
    newer, older = collections.load("neuclir", "fa"), collections.load("neuclir", "fa", "trec-2022")
    assert (newer.name, newer.topics, newer.qrels) == ("neuclir.fa.trec-2023", {"200": "Bread"}, {"200": {"d-1": 1}})
    assert (older.name, older.topics, older.qrels) == ("neuclir.fa.trec-2022", {"5": "Water"}, {"5": {"d-2": 3}})
    assert [passage.id for passage in newer.passages()] == ["d-1", "d-2"]


def test_mmarco(publish: Publisher) -> None:
    publish("mmarco", mmarco())
    collection = collections.load("mmarco", "pt")
    assert (collection.name, collection.lang, collection.doc_lang) == ("mmarco.pt.dev-small", "pt", "pt")
    assert (collection.topics, collection.qrels) == ({"2": "onde fica o rio"}, {"2": {"0": 1}})
    dutch = {name.replace("/pt/", "/dt/"): data for name, data in mmarco().items()}
    publish("mmarco", dutch)
    collection = collections.load("mmarco", "nl")
    assert (collection.name, collection.lang, collection.doc_lang) == ("mmarco.nl.dev-small", "nl", "nl")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"expected_md5": "0" * 32}, "a download is not the file that was published"),
        ({"url": "http://127.0.0.1:9/gone"}, "no connection to http://127.0.0.1:9/gone"),
    ],
)
def test_a_download_that_fails_is_one_line_that_says_what_to_do(publish: Publisher, changes: dict[str, str], reason: str) -> None:
    publish("miracl", miracl([PASSAGES]), **changes)
    with pytest.raises(InputError, match=f"^miracl: {reason}.* IR_DATASETS_HOME") as error:
        collections.load("miracl", "yo")
    assert "\n" not in str(error.value)


def test_refused_splits_and_languages(publish: Publisher) -> None:
    publish("miracl", {})
    with pytest.raises(InputError, match="wikiclir has no splits"):
        collections.load("wikiclir", "sw", "dev")
    with pytest.raises(InputError, match='unknown language of wikiclir "yo"'):
        collections.load("wikiclir", "yo")


@pytest.mark.parametrize(
    ("name", "lang", "split", "message"),
    [
        ("miracl", "yom", None, 'unknown language of miracl "yom"; did you mean yo'),
        ("miracl", "yo", "train", 'unknown id of ir_datasets "miracl/yo/train"; did you mean miracl/'),
        ("miracl", "yo", "test-b", "miracl/yo/test-b lacks topics or judgements; ids with both: miracl/yo/dev$"),
        ("miracl/yo", "yo", None, "miracl/yo lacks topics or judgements; ids with both: miracl/yo/dev$"),
        ("miracl/yo/dev", "sw", None, "miracl/yo/dev has topics in yo and documents in yo, not in sw"),
        ("mirakl", "yo", None, 'unknown collection "mirakl"; did you mean miracl'),
        ("folder/of/mine", "yo", None, 'unknown collection "folder/of/mine"; '),
    ],
)
def test_names_that_are_not_there(publish: Publisher, name: str, lang: str, split: str | None, message: str) -> None:
    publish("miracl", miracl([PASSAGES]))
    with pytest.raises(InputError, match=message):
        collections.load(name, lang, split)


@pytest.mark.parametrize(
    ("dataset_id", "name"),
    [
        ("miracl/yo/dev", ("miracl", "dev")),
        ("mmarco/v2/pt/dev/small", ("mmarco", "dev-small")),
        ("wikiclir/sw", ("wikiclir", "all")),
        ("clirmatrix/en/bi139-base/yo/test1", ("clirmatrix", "test1")),
        ("clirmatrix/yo/bi139-base/en/test1", ("clirmatrix-yo-bi139-base-en", "test1")),
        ("vaswani", ("vaswani", "all")),
    ],
)
def test_ids_give_names_of_files(dataset_id: str, name: tuple[str, str]) -> None:
    assert ir_datasets_source._name(dataset_id) == name
