"""CLEF's ad hoc collections, and others in TREC's formats, from a folder of the user who owns them.

    documents/                       SGML, in files and folders of any name: <DOC><DOCNO>..</DOCNO>..<TEXT>..</TEXT></DOC>; gzip accepted
    topics.<lang>.<split>.<ending>   TREC's or CLEF's topics (<top><num>..<title>..<desc>..), or topic id TAB text (.tsv)
    qrels.<split>.txt                TREC's four columns, for all languages of the split; or qrels.<lang>.<split>.txt

Topics are title and description, as in the OPTICAL paper. ``topics.en.<split>.*`` are the human translations of
topics in other languages. Text is UTF-8, or Latin-1 if it is not valid UTF-8.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from ..base.csv_rows import is_csv
from ..base.errors import InputError, bad_line
from ..base.files import LONGEST, SIGNATURES, digest, own_name, raw_lines, sha256
from ..base.trec import Qrels, read_qrels, wrong_id
from ..bitext.evidence import check_topics
from . import corpus
from .collection import Collection, Passage
from .source import Source
from .topics import keep_judged, read_topics

HOME = "OPTICAL_CLEF"
"""Environment variable with the folder's path."""

LANGUAGES = ("sw", "so", "tl", "mr", "fi", "de", "fr")
"""Languages of topics in the OPTICAL paper, in its order; the folder may have others."""

TITLES = ("HEADLINE", "TITLE", "TI", "HEAD", "HL", "TTL")
TEXTS = ("TEXT", "TX", "LD", "LP", "LEADPARA")
DOCUMENTS = "documents/ with <DOC><DOCNO>...</DOCNO>...<TEXT>...</TEXT></DOC> in its files"
TOPICS = "<top> with <num>, <title> and <desc>, as TREC and CLEF write them"


def load_named(lang: str, split: str | None = None) -> Collection:
    """Loads the collection ``clef`` from the folder in $OPTICAL_CLEF."""
    folder = os.environ.get(HOME)
    if not folder:
        raise InputError(f"clef cannot be downloaded: it is for those who own it; set {HOME} to a folder with {DOCUMENTS}")
    if not Path(folder).is_dir():
        raise InputError(f"{folder}: no such folder, and {HOME} names it; expected {DOCUMENTS}")
    return load(Path(folder), lang, split, name="clef")


def load(folder: Path, lang: str, split: str | None = None, name: str | None = None) -> Collection:
    """Reads and checks a collection of English documents; ``split`` defaults to the only one there is.

    Raises InputError with file and line for missing or malformed data.
    """
    topics_path, split = _topics_file(folder, lang, split)
    qrels_path = next((path for path in (folder / f"qrels.{lang}.{split}.txt", folder / f"qrels.{split}.txt") if path.exists()), None)
    if qrels_path is None:
        raise InputError(f"{folder / f'qrels.{split}.txt'}: no such file; expected the judgements of {topics_path.name}, in TREC's columns")
    documents = partial(_documents, folder / "documents")
    qrels = read_qrels(qrels_path)
    corpus.check(documents, str(folder / "documents"), DOCUMENTS, qrels, qrels_path)
    all_topics = _read_topics_file(topics_path)
    check_topics(all_topics, lang, topics_path)
    topics, qrels = keep_judged(all_topics, _qrels_of_topics(all_topics, qrels, qrels_path), topics_path.name)
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
        left_out=len(all_topics) - len(topics),
    )


def is_trec_folder(folder: Path) -> bool:
    """Whether a folder holds TREC-format documents instead of a corpus.jsonl."""
    return (folder / "documents").is_dir()


def languages(folder: Path) -> dict[str, dict[str, Path]]:
    """The languages with topics in the folder, each with the file of each split."""
    files: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.glob("topics.*.*.*")):
        _, code, part, *_ = path.name.split(".")
        if previous := files.setdefault(code, {}).get(part):
            raise InputError(f"{path}: {previous.name} has topics of that language and split too; expected one of the two")
        files[code][part] = path
    return files


def _topics_file(folder: Path, lang: str, split: str | None) -> tuple[Path, str]:
    files = languages(folder)
    listing = ", ".join(f"{code} ({', '.join(parts)})" for code, parts in sorted(files.items())) or "none"
    splits = files.get(lang, {})
    if split is None and len(splits) > 1:
        raise InputError(f"{folder}: name one of its splits for {lang} with --split: {', '.join(splits)}")
    split_name = split or next(iter(splits), "<split>")
    if split_name not in splits:
        raise InputError(
            f"{folder}/topics.{lang}.{split_name}.xml: no such file; languages with topics there (and their splits): {listing}"
        )
    return splits[split_name], split_name


def _human_topics(folder: Path, split: str, topics: dict[str, str]) -> dict[str, str] | None:
    """The English topics with the same ids; None without a file of them."""
    path = next(iter(sorted(folder.glob(f"topics.en.{split}.*"))), None)
    if path is None:
        return None
    english = _read_topics_file(path)
    check_topics(english, "en", path)
    english_ids = _same_ids(topics, english, path)
    if missing := [topic for topic in topics if topic not in english_ids]:
        raise InputError(f"{path}: no English topic {missing[0]} ({len(missing)} such); expected all topics, or no such file")
    return {topic: english[english_ids[topic]] for topic in topics}


# ---- topics


def _read_topics_file(path: Path) -> dict[str, str]:
    return read_topics(path) if ".tsv" in path.suffixes or is_csv(path) else read_trec_topics(path)


def read_trec_topics(path: Path) -> dict[str, str]:
    """Topic id to title and description, in the file's order.

    Tags may have a language prefix (``<EN-title>``), no end tag (TREC), or long names (``<identifier>``, CLEF 2008).
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
    """Yields (first line, content) of each <top>."""
    opens, closes = re.compile(r"<top(?:ic)?\b[^<>]*>", re.IGNORECASE), re.compile(r"</top(?:ic)?>", re.IGNORECASE)
    line = place = counted_to = 0
    while (start := opens.search(text, place)) and (end := closes.search(text, start.end())):
        line += text.count("\n", counted_to, start.start())
        place, counted_to = end.end(), start.start()
        yield line + 1, text[start.end() : end.start()]


def _field(block: str, names: str) -> str:
    match = re.search(rf"<(?:[A-Z]{{2,3}}-)?(?:{names})\b[^<>]*>([^<]*)", block, re.IGNORECASE)
    return _without_tags(match[1]) if match else ""


def _qrels_of_topics(topics: dict[str, str], qrels: Qrels, path: Path) -> Qrels:
    """Judgements by the topics' ids; if they share no id, by number (CLEF's C041 is 41 in its judgements)."""
    if topics.keys() & qrels.keys():
        return qrels
    return {topic: qrels[qrels_id] for topic, qrels_id in _same_ids(topics, qrels, path).items()}


def _same_ids(topics: Iterable[str], others: Iterable[str], path: Path) -> dict[str, str]:
    """Maps topic ids to those of the same topics in the file at ``path``: the same id or, if they share none, the same number.

    Raises InputError for a number that several ids have.
    """
    topics, others = list(topics), list(others)
    if shared := set(topics) & set(others):
        return {topic: topic for topic in topics if topic in shared}
    maps = [_by_number(ids, path) for ids in (topics, others)]
    return {topic: maps[1][number] for number, topic in maps[0].items() if number in maps[1]}


def _by_number(ids: list[str], path: Path) -> dict[str, str]:
    ids_by_number: dict[str, str] = {}
    for identity in ids:
        if (other := ids_by_number.setdefault(_number(identity), identity)) != identity:
            raise InputError(f"{path}: topics {other} and {identity} have one number, which tells no topic; expected the topics' own ids")
    return ids_by_number


def _number(topic: str) -> str:
    """``41`` for C041 and for 41, ``451`` for 10.2452/451-AH, ``2007 1`` for 2007-01; ids without a number stay as they are."""
    numbers = re.findall(r"[0-9]+", topic.rpartition("/")[2])
    return " ".join(number.lstrip("0") or "0" for number in numbers) or topic


# ---- documents


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def _documents(folder: Path) -> Iterator[tuple[Path, int, Passage]]:
    """The documents, each with its file and first line; text outside <DOC> (a licence, a DTD) is skipped."""
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
    body = " ".join(_elements(text, TEXTS)) or _without_tags(_without(text, ("DOCNO", "DOCID")))
    return Passage(identity, " ".join(_elements(text, TITLES)), body)


def _elements(text: str, names: tuple[str, ...]) -> list[str]:
    """The texts of the elements with these names, without tags."""
    return [content for start, end in _element_tags(text, names) if (content := _without_tags(text[start.end() : end.start()]))]


def _without(text: str, names: tuple[str, ...]) -> str:
    """The text with the elements of these names replaced by blanks."""
    parts, place = [], 0
    for start, end in _element_tags(text, names):
        parts.append(text[place : start.start()])
        place = end.end()
    return " ".join([*parts, text[place:]])


def _element_tags(text: str, names: tuple[str, ...]) -> Iterator[tuple[re.Match[str], re.Match[str]]]:
    """The start and end tags of each element with these names; a missing end tag is searched for only once."""
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


def _without_tags(text: str) -> str:
    """A text without tags, with entities replaced by characters; a tag without an end stays."""
    end = text.rfind(">") + 1
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", text[:end]) + text[end:]).split())


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """(line number from 1, line with its end): UTF-8, or Latin-1 if a line is not valid UTF-8."""
    for number, raw in raw_lines(path):
        if number == 1 and (remedy := next((remedy for start, remedy in SIGNATURES.items() if raw.startswith(start)), None)):
            raise bad_line(path, number, remedy, "UTF-8 or Latin-1 text")
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
    on_disk=lambda: bool(os.environ.get(HOME)) and is_trec_folder(Path(os.environ[HOME])),
)
