"""CLEF's ad hoc collections (and any other in TREC's formats) from a folder of those who own them.

    documents/                       SGML, in files and folders of any name: <DOC><DOCNO>..</DOCNO>..<TEXT>..</TEXT></DOC>; gzip accepted
    topics.<lang>.<split>.<ending>   TREC's or CLEF's topics (<top><num>..<title>..<desc>..), or topic id TAB text (.tsv)
    qrels.<split>.txt                TREC's four columns, for all languages of the split; or qrels.<lang>.<split>.txt

Topics are read as title and description, which is what OPTICAL searched. ``topics.en.<split>.*`` are the human translations of
the topics of other languages. Text is UTF-8, or Latin-1 where it cannot be.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from ..base.errors import InputError, bad_line
from ..base.files import LONGEST, SIGNATURES, digest, own_name, raw_lines, sha256
from ..base.trec import Qrels, read_qrels, wrong_id
from ..bitext.evidence import check_topics
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
    topics = _read(topics_path)
    check_topics(topics, lang, topics_path)
    topics, qrels = judged(topics, _of_topics(topics, qrels, qrels_path), topics_path.name)
    return Collection(
        source=name or own_name(folder),
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
        if other := found.setdefault(code, {}).get(part):
            raise InputError(f"{path}: {other.name} has topics of that language and split too; expected one of the two")
        found[code][part] = path
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
    english = _read(path)
    check_topics(english, "en", path)
    same = _same_ids(topics, english, path)
    if missing := [topic for topic in topics if topic not in same]:
        raise InputError(f"{path}: no English topic {missing[0]} ({len(missing)} such); expected all topics, or no such file")
    return {topic: english[same[topic]] for topic in topics}


# ---- topics


def _read(path: Path) -> dict[str, str]:
    return read_topics(path) if ".tsv" in path.suffixes else read_trec_topics(path)


def read_trec_topics(path: Path) -> dict[str, str]:
    """Topic id to title and description, in the file's order.

    Tags may have a language before them (``<EN-title>``), lack their end (TREC), or be spelt out (``<identifier>``, CLEF 2008).
    """
    topics: dict[str, str] = {}
    for line, block in _topic_blocks(_whole_text(path)):
        identity = _field(block, "num|identifier").removeprefix("Number:").strip()
        parts = [_field(block, "title"), _field(block, "desc|description").removeprefix("Description:").strip()]
        query = " ".join(part for part in parts if part)
        if wrong_id(identity) or not query:
            raise bad_line(path, line, f"topic {identity or '?'} lacks a number or its text", TOPICS)
        if identity in topics:
            raise bad_line(path, line, f"topic {identity} stands twice", "each topic once")
        topics[identity] = query
    if not topics:
        raise InputError(f"{path}: no topics in it; expected {TOPICS}")
    return topics


def _whole_text(path: Path) -> str:
    parts, length = [], 0
    for number, line in _lines(path):
        parts.append(line)
        length += len(line)
        if length > LONGEST:
            raise bad_line(path, number, f"more than {LONGEST >> 20} MB of topics", TOPICS)
    return "".join(parts)


def _topic_blocks(text: str) -> Iterator[tuple[int, str]]:
    """What stands in each <top>, with the line that it begins in."""
    opens, closes = re.compile(r"<top(?:ic)?\b[^<>]*>", re.IGNORECASE), re.compile(r"</top(?:ic)?>", re.IGNORECASE)
    line = place = counted = 0
    while (start := opens.search(text, place)) and (end := closes.search(text, start.end())):
        line += text.count("\n", counted, start.start())
        place, counted = end.end(), start.start()
        yield line + 1, text[start.end() : end.start()]


def _field(block: str, names: str) -> str:
    found = re.search(rf"<(?:[A-Z]{{2,3}}-)?(?:{names})\b[^<>]*>([^<]*)", block, re.IGNORECASE)
    return _clean(found[1]) if found else ""


def _of_topics(topics: dict[str, str], qrels: Qrels, path: Path) -> Qrels:
    """Judgements by the topics' ids: where they share none, by number alone (CLEF's C041 is 41 in its judgements)."""
    if topics.keys() & qrels.keys():
        return qrels
    return {topic: qrels[other] for topic, other in _same_ids(topics, qrels, path).items()}


def _same_ids(topics: Iterable[str], others: Iterable[str], path: Path) -> dict[str, str]:
    """Topic ids to those that mean the same topics in the file at ``path``: the same id, or where they share none the same number.

    Raises InputError for a number that several ids have.
    """
    topics, others = list(topics), list(others)
    if same := set(topics) & set(others):
        return {topic: topic for topic in topics if topic in same}
    by_number = [_by_number(ids, path) for ids in (topics, others)]
    return {topic: by_number[1][number] for number, topic in by_number[0].items() if number in by_number[1]}


def _by_number(ids: list[str], path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for identity in ids:
        if (other := found.setdefault(_number(identity), identity)) != identity:
            raise InputError(f"{path}: topics {other} and {identity} have one number, which tells no topic; expected the topics' own ids")
    return found


def _number(topic: str) -> str:
    """``41`` for C041 and for 41, ``451`` for 10.2452/451-AH, ``2007 1`` for 2007-01; ids without a number stay as they are."""
    numbers = re.findall(r"[0-9]+", topic.rpartition("/")[2])
    return " ".join(number.lstrip("0") or "0" for number in numbers) or topic


# ---- documents


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def _numbered(folder: Path) -> Iterator[tuple[Path, int, Passage]]:
    """The documents with the lines that they begin in; what stands outside <DOC> (a licence, a DTD) is passed over."""
    for path in _files(folder):
        parts: list[str] = []
        start = length = 0
        for number, line in _lines(path):
            if re.match(r"\s*<DOC>", line, re.IGNORECASE):
                if parts:
                    raise bad_line(path, start, "<DOC> without its </DOC>", DOCUMENTS)
                parts, start, length = [line], number, 0
            elif parts:
                parts.append(line)
                length += len(line)
                if length > LONGEST:
                    raise bad_line(path, start, f"a document of more than {LONGEST >> 20} MB", DOCUMENTS)
            if parts and re.search(r"</DOC>", line, re.IGNORECASE):
                yield path, start, _document("".join(parts), path, start)
                parts = []
        if parts:
            raise bad_line(path, start, "<DOC> without its </DOC>", DOCUMENTS)


def _document(text: str, path: Path, line: int) -> Passage:
    identity = " ".join(_elements(text, ("DOCNO",)))
    if wrong := wrong_id(identity):
        raise bad_line(path, line, f'a document whose id is "{identity}", which {wrong}', DOCUMENTS)
    body = " ".join(_elements(text, TEXTS)) or _clean(_without(text, ("DOCNO", "DOCID")))
    return Passage(identity, " ".join(_elements(text, TITLES)), body)


def _elements(text: str, names: tuple[str, ...]) -> list[str]:
    """What stands in the elements of these names, their own markup left out."""
    return [cleaned for start, end in _inner(text, names) if (cleaned := _clean(text[start.end() : end.start()]))]


def _without(text: str, names: tuple[str, ...]) -> str:
    """The text with a blank in place of the elements of these names."""
    parts, place = [], 0
    for start, end in _inner(text, names):
        parts.append(text[place : start.start()])
        place = end.end()
    return " ".join([*parts, text[place:]])


def _inner(text: str, names: tuple[str, ...]) -> Iterator[tuple[re.Match[str], re.Match[str]]]:
    """The tags that open and close each element of these names; an end that is not there is looked for once."""
    opens = re.compile(rf"<({'|'.join(names)})>", re.IGNORECASE)
    unclosed: set[str] = set()
    place = 0
    while start := opens.search(text, place):
        name, place = start[1].upper(), start.end()
        end = None if name in unclosed else re.compile(f"</{name}>", re.IGNORECASE).search(text, place)
        if end is None:
            unclosed.add(name)
        else:
            yield start, end
            place = end.end()


def _clean(text: str) -> str:
    """A text without its tags; what opens no tag, since nothing closes it, stays."""
    end = text.rfind(">") + 1
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text[:end]) + text[end:]).split())


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines with their ends and their numbers, from 1: UTF-8, or Latin-1 where a line cannot be."""
    for number, raw in raw_lines(path):
        if number == 1 and (told := next((told for start, told in SIGNATURES.items() if raw.startswith(start)), None)):
            raise bad_line(path, number, told, "UTF-8 or Latin-1 text")
        try:
            yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            yield number, raw.decode("latin-1")


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
