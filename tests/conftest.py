"""What several tests share: the teacher, the sample's parallel text, and the lexicon that it gives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from optical_repro import models
from optical_repro.bitext import lexicon as lexicons
from optical_repro.bitext.lexicon import Lexicon
from optical_repro.bitext.readers import Pair, read_bitext
from optical_repro.collections import sample


@pytest.fixture(scope="session", autouse=True)
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The tests' own log file, in place of the user's."""
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("log") / "log.txt"
        patch.setenv("OPTICAL_LOG", str(path))
        yield path


@pytest.fixture(scope="session")
def teacher() -> Path:
    return models.locate(models.EMBEDDED)


@pytest.fixture(scope="session")
def pairs() -> list[Pair]:
    """Yorùbá and English, some 950 sentences."""
    return read_bitext([sample.FOLDER / "bitext.yo-en.tsv"], "yo").pairs


@pytest.fixture(scope="session")
def lexicon(pairs: list[Pair]) -> Lexicon:
    """Yorùbá into English: induced from the sample, with CLDR's names."""
    return lexicons.merge([lexicons.induce(pairs, seed=42), lexicons.cldr_lexicon("yo")])


PASSAGES, TOPICS, PAIRS = 60, 16, 240


def _first(path: Path, count: int) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines(keepends=True)[:count]


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A part of the sample as a collection folder, ``small``, with the part of its parallel text in ``bitext.tsv``."""
    folder = tmp_path_factory.mktemp("collections") / "small"
    folder.mkdir()
    texts = _first(sample.FOLDER / "topics.yo.test.tsv", TOPICS)
    topics = {line.split("\t")[0] for line in texts}
    grades = [line for line in _first(sample.FOLDER / "qrels.yo.test.txt", 10_000) if line.split()[0] in topics]
    judged = {line.split()[2] for line in grades}
    passages = _first(sample.FOLDER / "corpus.jsonl", 10_000)
    needed = [line for line in passages if json.loads(line)["id"] in judged]
    others = [line for line in passages if json.loads(line)["id"] not in judged]
    files = {
        "corpus.jsonl": needed + others[: PASSAGES - len(needed)],
        "topics.yo.test.tsv": texts,
        "topics.yo.test.en.tsv": _first(sample.FOLDER / "topics.yo.test.en.tsv", TOPICS),
        "qrels.yo.test.txt": grades,
        "bitext.tsv": _first(sample.FOLDER / "bitext.yo-en.tsv", PAIRS),
    }
    for name, lines in files.items():
        (folder / name).write_text("".join(lines), encoding="utf-8")
    return folder
