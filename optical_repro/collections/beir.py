"""Folders in BEIR's format: read as collections, and written.

``corpus.jsonl`` and ``queries.jsonl`` have ``_id`` and ``text``, documents a ``title`` too; ``qrels/<split>.tsv`` has a heading and three
columns. BEIR names no languages. Here the topics of a language are in ``queries.<lang>.jsonl``, or, without such a file, in
``queries.jsonl``. People's translations are in the file of the documents' language; beside ``queries.<lang>.jsonl``, ``queries.jsonl`` may
have them. ``collection.json`` may say the language of ``queries.jsonl`` as ``"lang"``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..base import languages as codes
from ..base.errors import InputError, bad_line
from ..base.files import lines, whole
from ..base.trec import Judgement, Qrels, gather_qrels
from .collection import Collection

QUERIES = "queries.jsonl"
HEADING = ("query-id", "corpus-id", "score")
EXPECTED = " TAB ".join(HEADING)
DEFAULT_SPLITS = ("test", "dev")


def is_beir_folder(folder: Path) -> bool:
    """Whether a folder has queries and a folder of judgements, as BEIR's have."""
    return (folder / "qrels").is_dir() and any(folder.glob("queries*.jsonl"))


def languages(folder: Path, about: dict[str, Any]) -> dict[str, list[str]]:
    """The languages that are known to have topics in the folder, with its splits."""
    named = [path.name.split(".")[1] for path in sorted(folder.glob("queries.*.jsonl"))]
    return {code: splits(folder) for code in ([about["lang"]] if "lang" in about and (folder / QUERIES).exists() else []) + named}


def splits(folder: Path) -> list[str]:
    """The splits with judgements."""
    return sorted(path.stem for path in (folder / "qrels").glob("*.tsv"))


def choose_split(folder: Path, split: str | None) -> str:
    """The split asked for, or else the only one, test, or dev; raises InputError if there is no such split, or none of these."""
    known = splits(folder)
    if split is None:
        defaults = known if len(known) == 1 else [name for name in DEFAULT_SPLITS if name in known]
        if not defaults:
            raise InputError(f"{folder}: name one of its splits with --split: {', '.join(known) or 'none has a file qrels/<split>.tsv'}")
        return defaults[0]
    if split not in known:
        raise InputError(f"{folder}/qrels/{split}.tsv: no such file; splits there: {', '.join(known) or 'none'}")
    return split


def topics_files(folder: Path, lang: str, about: dict[str, Any]) -> tuple[Path, Path | None]:
    """The files of the topics in a language, and of their translations by people, if there is one.

    Raises InputError if no file has topics in the language.
    """
    own, plain = folder / f"queries.{lang}.jsonl", folder / QUERIES
    stated = about.get("lang")
    if not own.exists() and (not plain.exists() or (stated and not codes.same(stated, lang))):
        known = ", ".join(languages(folder, about)) or "none"
        raise InputError(f"{own}: no such file; expected the topics in {lang} in it; languages with topics there: {known}")
    translations = [folder / f"queries.{about['doc_lang']}.jsonl", *([plain] if own.exists() and not stated else [])]
    topics = own if own.exists() else plain
    return topics, next((path for path in translations if path.exists() and path != topics), None)


def read_qrels(path: Path) -> Qrels:
    """Reads judgements under their heading; raises InputError with file and line for a bad line."""
    return gather_qrels(path, judgements(path), EXPECTED, "three columns")


def judgements(path: Path) -> Iterator[Judgement]:
    """The judgement on each line but the first; raises InputError with file and line where there is none, or no heading."""
    for place, (number, line) in enumerate(lines(path)):
        columns = line.split("\t")
        if len(columns) != len(HEADING):
            raise bad_line(path, number, f"{len(columns)} columns between TAB", f"three: {EXPECTED}")
        if place:
            topic, document, grade = (column.strip() for column in columns)
            yield number, topic, document, grade
        elif columns[-1].strip().lstrip("-").isdigit():
            raise bad_line(path, number, "a judgement, where BEIR has a heading", f"the heading {EXPECTED}")


def judged_elsewhere(folder: Path, split: str) -> set[str]:
    """The topics with a judgement in another split: BEIR has the queries of all splits in one file."""
    others = (folder / "qrels" / f"{name}.tsv" for name in splits(folder) if name != split)
    return {line.partition("\t")[0] for path in others for _, line in lines(path)}


def write(collection: Collection, folder: Path) -> None:
    """Writes a collection as a BEIR folder, for ``--collection`` and for BEIR's own loader; raises InputError if it is not empty."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: is there already; name a new folder, or an empty one")
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    with whole(folder / "corpus.jsonl") as file:
        for passage in collection.passages():
            file.write(_line({"_id": passage.id, "title": passage.title, "text": passage.text}))
    _write_topics(folder / QUERIES, collection.topics)
    if collection.human_topics:
        _write_topics(folder / f"queries.{collection.doc_lang}.jsonl", collection.human_topics)
    with whole(folder / "qrels" / f"{collection.split}.tsv") as file:
        file.write("\t".join(HEADING) + "\n")
        file.writelines(
            f"{topic}\t{document}\t{grade}\n" for topic, grades in collection.qrels.items() for document, grade in grades.items()
        )
    about = {"name": collection.source, "lang": collection.lang, "doc_lang": collection.doc_lang}
    with whole(folder / "collection.json") as file:
        json.dump(about | {"license": collection.license, "citation": collection.citation}, file, indent=1, ensure_ascii=False)


def _write_topics(path: Path, topics: dict[str, str]) -> None:
    with whole(path) as file:
        file.writelines(_line({"_id": topic, "text": text}) for topic, text in topics.items())


def _line(record: dict[str, str]) -> str:
    return json.dumps(record, ensure_ascii=False) + "\n"
