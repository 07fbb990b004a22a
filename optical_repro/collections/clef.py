"""CLEF's ad hoc collections (and any other in TREC's formats) from a folder of those who own them.

    documents/                       SGML, in files and folders of any name: <DOC><DOCNO>..</DOCNO>..<TEXT>..</TEXT></DOC>; gzip accepted
    topics.<lang>.<split>.<ending>   TREC's or CLEF's topics (<top><num>..<title>..<desc>..), or topic id TAB text (.tsv)
    qrels.<split>.txt                TREC's four columns, for all languages of the split; or qrels.<lang>.<split>.txt

Topics are read as title and description, which is what OPTICAL searched. ``topics.en.<split>.*`` are the human translations of
the topics of other languages. Text is UTF-8, or Latin-1 where it cannot be.
"""

from __future__ import annotations

import gzip
import html
import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ..errors import InputError, bad_line
from ..files import digest, sha256
from ..trec import Qrels, read_qrels
from . import corpus
from .collection import Collection, Passage
from .source import Source
from .topics import judged, read_topics

HOME = "OPTICAL_CLEF"
"""Environment variable that names the folder."""

LANGUAGES = ("sw", "so", "tl", "mr", "fi", "de", "fr")
"""Topics of the OPTICAL paper, in its order; the folder may have others."""

TITLES = ("HEADLINE", "TITLE", "TI", "HEAD", "HL", "TTL")
TEXTS = ("TEXT", "TX", "LD", "LP", "LEADPARA")
DOCUMENTS = "documents/ with <DOC><DOCNO>...</DOCNO>...<TEXT>...</TEXT></DOC> in its files"
TOPICS = "<top> with <num>, <title> and <desc>, as TREC and CLEF write them"


def load_named(lang: str, split: str | None = None) -> Collection:
    """The collection ``clef``, from the folder that $OPTICAL_CLEF names."""
    named = os.environ.get(HOME)
    if not named:
        raise InputError(f"clef cannot be downloaded: it is for those who own it; set {HOME} to a folder with {DOCUMENTS}")
    if not Path(named).is_dir():
        raise InputError(f"{named}: no such folder, and {HOME} names it; expected {DOCUMENTS}")
    return load(Path(named), lang, split, name="clef")


def load(folder: Path, lang: str, split: str | None = None, name: str | None = None) -> Collection:
    """Reads and checks a collection of English documents; ``split`` defaults to the only one there is.

    Raises InputError for what is missing or malformed, naming file and line.
    """
    topics_path, split = _topics_file(folder, lang, split)
    qrels_path = next((path for path in (folder / f"qrels.{lang}.{split}.txt", folder / f"qrels.{split}.txt") if path.exists()), None)
    if qrels_path is None:
        raise InputError(f"{folder / f'qrels.{split}.txt'}: no such file; expected the judgements of {topics_path.name}, in TREC's columns")
    documents = partial(_numbered, folder / "documents")
    qrels = read_qrels(qrels_path)
    corpus.check(documents, str(folder / "documents"), DOCUMENTS, qrels, qrels_path)
    topics, qrels = judged(*_same_ids(_read(topics_path), qrels), topics_path.name)
    return Collection(
        source=name or folder.resolve().name,
        lang=lang,
        doc_lang="en",
        split=split,
        topics=topics,
        qrels=qrels,
        passages=lambda: (passage for _, _, passage in documents()),
        digest=digest([sha256(path) for path in _files(folder / "documents")]),
        human_topics=_human_topics(folder, split, topics) if lang != "en" else None,
        license=SOURCE.license if name else "",
        citation=SOURCE.citation if name else "",
    )


def is_one(folder: Path) -> bool:
    """Whether a folder holds TREC-format documents instead of a corpus.jsonl."""
    return (folder / "documents").is_dir()


def languages(folder: Path) -> dict[str, dict[str, Path]]:
    """Languages that the folder has topics in, with the file of each split."""
    found: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.glob("topics.*.*.*")):
        _, code, part, *_ = path.name.split(".")
        found.setdefault(code, {})[part] = path
    return found


def _topics_file(folder: Path, lang: str, split: str | None) -> tuple[Path, str]:
    found = languages(folder)
    described = ", ".join(f"{code} ({', '.join(parts)})" for code, parts in sorted(found.items())) or "none"
    splits = found.get(lang, {})
    if split is None and len(splits) > 1:
        raise InputError(f"{folder}: name one of its splits for {lang} with --split: {', '.join(splits)}")
    chosen = split or next(iter(splits), "<split>")
    if chosen not in splits:
        raise InputError(f"{folder}/topics.{lang}.{chosen}.xml: no such file; languages with topics there (and their splits): {described}")
    return splits[chosen], chosen


def _human_topics(folder: Path, split: str, topics: dict[str, str]) -> dict[str, str] | None:
    """The English topics of the same ids, where all of them are there."""
    path = next(iter(sorted(folder.glob(f"topics.en.{split}.*"))), None)
    if path is None:
        return None
    english = {_number(topic): text for topic, text in _read(path).items()}
    if missing := [topic for topic in topics if _number(topic) not in english]:
        raise InputError(f"{path}: no English topic {missing[0]} ({len(missing)} such); expected all topics, or no such file")
    return {topic: english[_number(topic)] for topic in topics}


# ---- topics


def _read(path: Path) -> dict[str, str]:
    return read_topics(path) if ".tsv" in path.suffixes else read_trec_topics(path)


def read_trec_topics(path: Path) -> dict[str, str]:
    """Topic id to title and description, in the file's order.

    Tags may have a language before them (``<EN-title>``), lack their end (TREC), or be spelt out (``<identifier>``, CLEF 2008).
    """
    text = "".join(line for _, line in _lines(path))
    topics: dict[str, str] = {}
    for block in re.finditer(r"<top(?:ic)?\b[^>]*>(.*?)</top(?:ic)?>", text, re.DOTALL | re.IGNORECASE):
        line = text.count("\n", 0, block.start()) + 1
        identity = _field(block[1], "num|identifier").removeprefix("Number:").strip()
        parts = [_field(block[1], "title"), _field(block[1], "desc|description").removeprefix("Description:").strip()]
        query = " ".join(part for part in parts if part)
        if not identity or identity.split() != [identity] or not query:
            raise bad_line(path, line, f"topic {identity or '?'} lacks a number or its text", TOPICS)
        if identity in topics:
            raise bad_line(path, line, f"topic {identity} stands twice", "each topic once")
        topics[identity] = query
    if not topics:
        raise InputError(f"{path}: no topics in it; expected {TOPICS}")
    return topics


def _field(block: str, names: str) -> str:
    found = re.search(rf"<(?:[A-Z]{{2,3}}-)?(?:{names})\b[^>]*>([^<]*)", block, re.IGNORECASE)
    return _clean(found[1]) if found else ""


def _same_ids(topics: dict[str, str], qrels: Qrels) -> tuple[dict[str, str], Qrels]:
    """Topics and judgements with ids that agree: where none does, by number alone (CLEF's C041 is 41 in its judgements)."""
    if topics.keys() & qrels.keys():
        return topics, qrels
    by_number = {_number(topic): grades for topic, grades in qrels.items()}
    return topics, {topic: by_number[_number(topic)] for topic in topics if _number(topic) in by_number}


def _number(topic: str) -> str:
    """``41`` for C041 and for 41, ``451`` for 10.2452/451-AH; ids without a number stay as they are."""
    found = re.search(r"\d+", topic.rpartition("/")[2])
    return found[0].lstrip("0") if found else topic


# ---- documents


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def _numbered(folder: Path) -> Iterator[tuple[Path, int, Passage]]:
    """The documents with the lines that they begin in; what stands outside <DOC> (a licence, a DTD) is passed over."""
    for path in _files(folder):
        parts: list[str] = []
        start = 0
        for number, line in _lines(path):
            if re.match(r"\s*<DOC>", line, re.IGNORECASE):
                if parts:
                    raise bad_line(path, start, "<DOC> without its </DOC>", DOCUMENTS)
                parts, start = [line], number
            elif parts:
                parts.append(line)
            if parts and re.search(r"</DOC>", line, re.IGNORECASE):
                yield path, start, _document("".join(parts), path, start)
                parts = []
        if parts:
            raise bad_line(path, start, "<DOC> without its </DOC>", DOCUMENTS)


def _document(text: str, path: Path, line: int) -> Passage:
    identity = " ".join(_elements(text, ("DOCNO",)))
    if not identity or identity.split() != [identity]:
        raise bad_line(path, line, f'a document whose id is "{identity}"', DOCUMENTS)
    body = " ".join(_elements(text, TEXTS)) or _clean(re.sub(r"<(DOCNO|DOCID)>.*?</\1>", " ", text, flags=re.DOTALL | re.IGNORECASE))
    return Passage(identity, " ".join(_elements(text, TITLES)), body)


def _elements(text: str, names: tuple[str, ...]) -> list[str]:
    """What stands in the elements of these names, their own markup left out."""
    found = re.findall(rf"<({'|'.join(names)})>(.*?)</\1>", text, re.DOTALL | re.IGNORECASE)
    return [cleaned for _, inner in found if (cleaned := _clean(inner))]


def _clean(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text)).split())


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines with their ends and their numbers, from 1."""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                try:
                    yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError:
                    yield number, raw.decode("latin-1")
    except (EOFError, gzip.BadGzipFile):
        raise InputError(f"{path}: broken gzip data; expected a whole gzip file (copy it again?)") from None
    except PermissionError:
        raise InputError(f"{path}: not readable by you; change its permissions") from None


SOURCE = Source(
    name="clef",
    languages=LANGUAGES,
    direction="xx → en",
    splits=(),
    about="news; documents/ in SGML, topics.<lang>.<split>.xml or .tsv, qrels.<split>.txt; any language that has topics there",
    license="CLEF's agreement, by ELDA or LDC; nothing is downloaded",
    citation="Braschler and Peters 2004, Cross-Language Evaluation Forum (Information Retrieval 7)",
    origin=f"a folder of yours, named by ${HOME}",
    load=load_named,
    on_disk=lambda: bool(os.environ.get(HOME)) and is_one(Path(os.environ[HOME])),
)
