"""Collections in plain files on the Hugging Face Hub and GitHub: CIRAL, AfriCLIRMatrix, AfriQA.

The files are read here; no code of a data set is run.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ..base.downloads import github, github_folder, hub, hub_on_disk
from ..base.errors import bad_line, unknown
from ..base.files import digest, json_lines, sha256
from ..base.trec import Qrels, read_qrels
from . import corpus
from .collection import Collection, Passage
from .source import Size, Source
from .topics import keep_judged, read_topics

CIRAL = {"ha": "hausa", "so": "somali", "sw": "swahili", "yo": "yoruba"}
CIRAL_SPLITS = ("test-a", "test-a-pools", "test-b", "dev")
CIRAL_PASSAGES = {"ha": 715_355, "so": 827_552, "sw": 949_013, "yo": 82_095}
CIRAL_TOPICS = {"ha": (80, 80, 312, 10), "so": (99, 99, 239, 10), "sw": (85, 85, 113, 10), "yo": (100, 100, 554, 10)}
"""The number of topics by split, from github.com/ciralproject/ciral."""

AFRICLIRMATRIX = {
    "af": ("afrikaans", "afr"),
    "am": ("amharic", "amh"),
    "ary": ("moroccan_arabic", "ary"),
    "arz": ("egyptian_arabic", "arz"),
    "ha": ("hausa", "hau"),
    "ig": ("igbo", "ibo"),
    "nso": ("northern_sotho", "nso"),
    "sn": ("shona", "sna"),
    "so": ("somali", "som"),
    "sw": ("swahili", "swa"),
    "ti": ("tigrinya", "tir"),
    "tw": ("twi", "twi"),
    "wo": ("wolof", "wol"),
    "yo": ("yoruba", "yor"),
    "zu": ("zulu", "zul"),
}

AFRIQA = {
    "bem": ("bem", ("test", "dev", "train")),
    "ha": ("hau", ("test", "dev", "train")),
    "ig": ("ibo", ("test", "dev", "train")),
    "rw": ("kin", ("test", "dev", "train")),
    "sw": ("swa", ("test",)),
    "tw": ("twi", ("test", "dev", "train")),
    "yo": ("yor", ("test", "train")),
    "zu": ("zul", ("test", "dev", "train")),
}
"""Languages with English gold passages, to their code in the names of files and their splits."""

AFRIQA_PASSAGES = 5364
AFRIQA_TOPICS = {
    ("ha", "test"): 300,
    ("ha", "dev"): 222,
    ("ha", "train"): 223,
    ("sw", "test"): 295,
    ("yo", "test"): 253,
    ("yo", "train"): 247,
}
"""The number of topics with a gold passage, where known."""

AFRIQA_DUMP = "ToluClassics/masakhane_wiki_100"


def load_ciral(lang: str, split: str | None = None) -> Collection:
    """CIRAL: English topics, news passages in ``lang``; ``test-a-pools`` is test-a with pooled judgements."""
    split, language = _choose_split("ciral", lang, split, CIRAL_SPLITS), CIRAL[lang]
    topics = read_topics(hub("CIRAL/ciral", f"ciral-{language}/topics/topics.ciral-v1.0-{lang}-{split.removesuffix('-pools')}.tsv"))
    qrels = read_qrels(hub("CIRAL/ciral", f"ciral-{language}/qrels/qrels.ciral-v1.0-{lang}-{split}.tsv"))
    documents = hub("CIRAL/ciral-corpus", f"passages-v1.0/{language}_passages.jsonl")
    return _english_topics_collection("ciral", lang, split, topics=topics, qrels=qrels, documents=documents)


def load_africlirmatrix(lang: str, split: str | None = None) -> Collection:
    """AfriCLIRMatrix: English topics, Wikipedia articles in ``lang``."""
    split = _choose_split("africlirmatrix", lang, split, ("test",))
    language, code = AFRICLIRMATRIX[lang]
    topics = read_topics(github("castorini/africlirmatrix", f"test/queries/topics.africlirmatrix-v1.0.en.{code}.tsv"))
    qrels = read_qrels(github("castorini/africlirmatrix", f"test/qrels/qrels.africlirmatrix-v1.0.en.{code}.txt"))
    documents = hub("castorini/africlirmatrix", f"africlirmatrix-v1.0-{language}/corpus.jsonl")
    return _english_topics_collection("africlirmatrix", lang, split, topics=topics, qrels=qrels, documents=documents)


def load_afriqa(lang: str, split: str | None = None) -> Collection:
    """AfriQA's gold passages: topics in ``lang`` with human translations; one relevant English passage a topic.

    The documents are the gold passages of all languages and splits, without repetitions.
    """
    return _afriqa("afriqa", lang, split)


def load_afriqa_full(lang: str, split: str | None = None) -> Collection:
    """The same topics and judgements over AfriQA's dump of English Wikipedia in passages of 100 words, gold passages first.

    Passages of the dump equal to a gold passage are left out. The others are not judged, though some answer a topic.
    """
    return _afriqa("afriqa-full", lang, split, hub(AFRIQA_DUMP, "masakhane_wiki_100-english/corpus.jsonl"))


def _afriqa(name: str, lang: str, split: str | None, dump: Path | None = None) -> Collection:
    split = _choose_split(name, lang, split, AFRIQA[lang][1] if lang in AFRIQA else ())
    passages: dict[tuple[str, str], Passage] = {}
    topics: dict[str, str] = {}
    translations: dict[str, str] = {}
    qrels: Qrels = {}
    for other, (code, splits) in AFRIQA.items():
        for part in splits:
            path = github("masakhane-io/afriqa", f"data/gold_passages/{code}/gold_span_passages.afriqa.{code}.en.{part}.json")
            for topic, question, translation, title, text in _afriqa_records(path):
                passage = passages.setdefault((title, text), Passage(f"afriqa-{len(passages):05}", title, text))
                if (other, part) == (lang, split):
                    identity = f"{lang}-{split}-{topic}"
                    topics[identity], translations[identity] = question, translation
                    qrels[identity] = {passage.id: 1}
    topics, qrels = keep_judged(topics, qrels, f"{name} {lang} {split}")

    def documents() -> Iterator[Passage]:
        yield from passages.values()
        for passage in corpus.passages(dump) if dump else ():
            if (_normalise_blanks(passage.title), _normalise_blanks(passage.text)) not in passages:
                yield passage

    gold = digest([[passage.id, passage.title, passage.text] for passage in passages.values()])
    return Collection(
        source=name,
        lang=lang,
        doc_lang="en",
        split=split,
        topics=topics,
        qrels=qrels,
        passages=documents,
        digest=digest([gold, sha256(dump)]) if dump else gold,
        human_topics={topic: translations[topic] for topic in topics},
        license=SOURCES[name].license,
        citation=SOURCES[name].citation,
    )


def _normalise_blanks(text: str) -> str:
    return " ".join(text.split())


def _afriqa_records(path: Path) -> Iterator[tuple[str, str, str, str, str]]:
    """Yields topic id, question, its translation, and title and text of the gold passage of each line."""
    keys = ("id", "question_lang", "question_translated", "title", "context")
    for number, record in json_lines(path, f"an object with {', '.join(keys)}"):
        try:
            topic, question, translation, title, text = (_normalise_blanks(str(record[key])) for key in keys)
        except (KeyError, TypeError):
            raise bad_line(path, number, "not a question of AfriQA", f"an object with {', '.join(keys)}") from None
        if question and translation and text:
            yield topic, question, translation, title, text


def _english_topics_collection(name: str, lang: str, split: str, *, topics: dict[str, str], qrels: Qrels, documents: Path) -> Collection:
    """A collection with English topics and a corpus file in ``lang``."""
    judged, qrels = keep_judged(topics, qrels, f"{name} {lang} {split}")
    return Collection(
        source=name,
        lang="en",
        doc_lang=lang,
        split=split,
        topics=judged,
        qrels=qrels,
        passages=partial(corpus.passages, documents),
        digest=sha256(documents),
        license=SOURCES[name].license,
        citation=SOURCES[name].citation,
        left_out=len(topics) - len(judged),
    )


def _afriqa_sizes(documents: int | None) -> list[Size]:
    return [Size(lang, split, documents, AFRIQA_TOPICS.get((lang, split))) for lang, (_, splits) in AFRIQA.items() for split in splits]


def _choose_split(name: str, lang: str, split: str | None, splits: tuple[str, ...]) -> str:
    """The split, by default the first one."""
    if lang not in SOURCES[name].languages:
        raise unknown(f"language of {name}", lang, SOURCES[name].languages)
    if split and split not in splits:
        raise unknown(f"split of {name} in {lang}", split, splits)
    return split or splits[0]


SOURCES = {
    "ciral": Source(
        name="ciral",
        languages=tuple(CIRAL),
        direction="en → xx",
        splits=CIRAL_SPLITS,
        about="passages of news",
        license="Apache-2.0",
        citation="Adeyemi et al. 2024, CIRAL (SIGIR 2024)",
        origin="huggingface.co/datasets: CIRAL/ciral, CIRAL/ciral-corpus",
        sizes=lambda: [
            Size(lang, split, CIRAL_PASSAGES[lang], topics)
            for lang, counts in CIRAL_TOPICS.items()
            for split, topics in zip(CIRAL_SPLITS, counts, strict=True)
        ],
        load=load_ciral,
        on_disk=partial(hub_on_disk, "CIRAL/ciral-corpus"),
    ),
    "africlirmatrix": Source(
        name="africlirmatrix",
        languages=tuple(AFRICLIRMATRIX),
        direction="en → xx",
        splits=("test",),
        about="Wikipedia articles",
        license="Apache-2.0",
        citation="Ogundepo et al. 2022, AfriCLIRMatrix (EMNLP 2022)",
        origin="huggingface.co/datasets and github.com: castorini/africlirmatrix",
        load=load_africlirmatrix,
        on_disk=partial(hub_on_disk, "castorini/africlirmatrix"),
    ),
    "afriqa": Source(
        name="afriqa",
        languages=tuple(AFRIQA),
        direction="xx → en",
        splits=("test", "dev", "train"),
        about="gold passages of Wikipedia; no dev split for sw and yo, no train split for sw",
        license="CC BY 4.0",
        citation="Ogundepo et al. 2023, AfriQA (arXiv 2305.06897)",
        origin="github.com: masakhane-io/afriqa",
        sizes=partial(_afriqa_sizes, AFRIQA_PASSAGES),
        load=load_afriqa,
        on_disk=lambda: github_folder("masakhane-io/afriqa").is_dir(),
    ),
    "afriqa-full": Source(
        name="afriqa-full",
        languages=tuple(AFRIQA),
        direction="xx → en",
        splits=("test", "dev", "train"),
        about="the same topics over all of English Wikipedia in passages of 100 words, 13 GB",
        license="CC BY 4.0; passages CC BY-SA 3.0 (Wikipedia)",
        citation="Ogundepo et al. 2023, AfriQA (arXiv 2305.06897)",
        origin=f"github.com: masakhane-io/afriqa; huggingface.co/datasets: {AFRIQA_DUMP}",
        sizes=partial(_afriqa_sizes, None),
        load=load_afriqa_full,
        on_disk=partial(hub_on_disk, AFRIQA_DUMP),
    ),
}
