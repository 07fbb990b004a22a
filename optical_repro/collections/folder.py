"""A collection in a user's folder.

``corpus.jsonl`` (or ``.jsonl.gz``, ``.csv``), ``topics.<lang>.<split>.tsv`` (or ``.csv``), ``qrels.<lang>.<split>.txt``; and optionally
``topics.<lang>.<split>.<language of the documents>.tsv`` (translations by people) and ``collection.json``. Or in BEIR's format (`beir`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any
from unicodedata import normalize

from ..base import languages as codes
from ..base import trec
from ..base.csv_rows import WORKBOOKS, workbook
from ..base.errors import InputError, bad_line
from ..base.files import own_name, read_json, sha256
from ..base.trec import Judgement, Qrels, read_qrels
from ..bitext.evidence import check_topics
from . import beir, corpus
from .collection import Collection, wrong_name
from .topics import keep_judged, read_topics

TABLES = (".tsv", ".csv", *WORKBOOKS)
"""Endings of topics' files; the first that there is counts."""

DEFAULT_SPLITS = ("test", "dev")
ABOUT = '{"name": ..., "doc_lang": ..., "license": ..., "citation": ...}'


def load(folder: Path, lang: str, split: str | None = None) -> Collection:
    """Reads and checks a collection; ``split`` defaults to the only one there is, else test, else dev.

    ``lang`` is the language of the topics, or of the documents if all topics are English. Raises InputError for any fault in the
    folder: ``tests/collections/test_collections.py`` lists them.
    """
    about = _about(folder)
    documents = _corpus_file(folder)
    if codes.canonical(lang) == codes.canonical(about["doc_lang"]) and list(languages(folder)) == ["en"]:
        lang = "en"
    human_path: Path | None
    if beir.is_beir_folder(folder):
        split = beir.choose_split(folder, split)
        (topics_path, human_path), qrels_path = beir.topics_files(folder, lang, about), folder / "qrels" / f"{split}.tsv"
        all_topics, qrels, judgements = read_topics(topics_path), beir.read_qrels(qrels_path), beir.judgements
        others = beir.judged_elsewhere(folder, split)
        all_topics = {topic: text for topic, text in all_topics.items() if topic in qrels or topic not in others}
    else:
        split = _choose_split(folder, lang, split)
        topics_path, qrels_path = _topics_file(folder, f"topics.{lang}.{split}"), folder / f"qrels.{lang}.{split}.txt"
        if not qrels_path.exists():
            raise InputError(f"{qrels_path}: no such file; expected the judgements of {topics_path.name} in it, in TREC's four columns")
        human_path = _topics_file(folder, f"topics.{lang}.{split}.{about['doc_lang']}")
        all_topics, qrels, judgements = read_topics(topics_path), read_qrels(qrels_path), trec.judgements
    _check_qrels_topics(qrels, qrels_path, judgements, all_topics, topics_path)
    check_topics(all_topics, lang, topics_path)
    topics, qrels = keep_judged(all_topics, qrels, topics_path.name)
    passages = partial(corpus.passages_with_lines, documents)
    corpus.check(passages, str(documents), f"lines of {corpus.EXPECTED}", qrels, qrels_path, judgements)

    return Collection(
        source=about["name"],
        lang=lang,
        doc_lang=about["doc_lang"],
        split=split,
        topics=topics,
        qrels=qrels,
        passages=partial(corpus.passages, documents),
        digest=sha256(documents),
        human_topics=_human_topics(human_path, about["doc_lang"], topics),
        license=about.get("license", ""),
        citation=about.get("citation", ""),
        left_out=len(all_topics) - len(topics),
        both_ways=codes.same(lang, "en") and not codes.same(about["doc_lang"], "en") and _has_topics(folder, about["doc_lang"], split),
    )


def _has_topics(folder: Path, lang: str, split: str) -> bool:
    """Whether a split has topics in a language, under any of its codes."""
    return any(split in splits and codes.same(code, lang) for code, splits in languages(folder).items())


def languages(folder: Path) -> dict[str, list[str]]:
    """The languages with topics in the folder, with their splits."""
    if beir.is_beir_folder(folder):
        return beir.languages(folder, _about(folder))
    splits: dict[str, list[str]] = {}
    for name in sorted(path.name for path in folder.glob("topics.*") if path.suffix in TABLES):
        match = re.fullmatch(r"topics\.([^.]+)\.([^.]+)\.\w+", name)
        if match and match[2] not in splits.setdefault(match[1], []):
            splits[match[1]].append(match[2])
    return splits


def _topics_file(folder: Path, name: str) -> Path:
    """The file of some topics: TSV, else CSV, and TSV's name if there is neither. Raises InputError for a workbook alone."""
    existing = [path for suffix in TABLES if (path := folder / f"{name}{suffix}").exists()]
    if existing and existing[0].suffix in WORKBOOKS:
        raise workbook(existing[0])
    return existing[0] if existing else folder / f"{name}.tsv"


def _about(folder: Path) -> dict[str, Any]:
    """The content of collection.json, with defaults for missing keys."""
    about = {"name": own_name(folder), "doc_lang": "en"}
    path = folder / "collection.json"
    if os.path.lexists(path):
        settings = read_json(path, ABOUT)
        if not isinstance(settings, dict) or not all(
            isinstance(settings.get(key, ""), str) for key in ("name", "doc_lang", "lang", "license", "citation")
        ):
            raise InputError(f"{path}: expected one object, its name, doc_lang, license and citation texts")
        about |= settings
        try:
            about["doc_lang"] = codes.check(about["doc_lang"])
        except InputError as error:
            raise InputError(f"{path}: doc_lang: {error}") from None
    if wrong := wrong_name(about["name"]):
        where = path if path.exists() else folder
        raise InputError(f'{where}: the name "{about["name"]}" cannot name files: {wrong}')
    return about


def _corpus_file(folder: Path) -> Path:
    for name in ("corpus.jsonl", "corpus.jsonl.gz", "corpus.csv", *(f"corpus{suffix}" for suffix in WORKBOOKS)):
        if (folder / name).exists():
            if Path(name).suffix in WORKBOOKS:
                raise workbook(folder / name)
            return folder / name
    names = ", ".join(sorted(path.name for path in folder.iterdir())[:8]) or "nothing"
    raise InputError(f"{folder}/corpus.jsonl: no such file; expected the documents in it; the folder has: {names}")


def _choose_split(folder: Path, lang: str, split: str | None) -> str:
    by_lang = languages(folder)
    listing = ", ".join(f"{code} ({', '.join(splits)})" for code, splits in sorted(by_lang.items())) or "none"
    if lang not in by_lang:
        raise InputError(f"{folder}/topics.{lang}.<split>.tsv: no such file; languages with topics there (and their splits): {listing}")
    splits = by_lang[lang]
    if split is None:
        defaults = [name for name in DEFAULT_SPLITS if name in splits]
        if len(splits) > 1 and not defaults:
            raise InputError(f"{folder}: name one of its splits for {lang} with --split: {', '.join(splits)}")
        return splits[0] if len(splits) == 1 else defaults[0]
    if split not in splits:
        raise InputError(f"{folder}/topics.{lang}.{split}.tsv: no such file; splits there for {lang}: {', '.join(splits)}")
    return split


def _check_qrels_topics(
    qrels: Qrels, qrels_path: Path, judgements: Callable[[Path], Iterable[Judgement]], topics: dict[str, str], topics_path: Path
) -> None:
    unknown = qrels.keys() - topics.keys()
    if unknown == qrels.keys():
        keep_judged(topics, qrels, topics_path.name)  # No topic at all is judged: a plainer error.
    if unknown:
        for number, topic, _, _ in judgements(qrels_path):
            if topic in unknown:
                lookalike = next((other for other in topics if normalize("NFC", other) == normalize("NFC", topic)), None)
                if lookalike:
                    wrong = f"the topic {topic} is written otherwise in {topics_path.name}, with other characters for the same letters"
                    raise bad_line(qrels_path, number, wrong, "one form (NFC) for an id")
                raise bad_line(qrels_path, number, f"topic {topic} ({len(unknown)} such) is not in {topics_path.name}", "its topics")


def _human_topics(path: Path | None, doc_lang: str, topics: dict[str, str]) -> dict[str, str] | None:
    if path is None or not path.exists():
        return None
    translations = read_topics(path)
    check_topics(translations, doc_lang, path)
    if missing := [topic for topic in topics if topic not in translations]:
        raise InputError(f"{path}: no translation of topic {missing[0]} ({len(missing)} such); expected all topics, or no such file")
    return {topic: translations[topic] for topic in topics}
