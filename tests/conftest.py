"""What several tests share: the teacher, the sample's parallel text, and the lexicon that it gives."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

# Training that is resumed adds up in another order on several threads, and its weights differ in the last digits; on one they are the same.
os.environ["OMP_NUM_THREADS"] = "1"

# A shell's background jobs ignore Ctrl-C, and what they start would too; some tests press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import pytest
import toy_translation
from chromium import launched

from optical_repro.bitext.readers import Pair, read_bitext
from optical_repro.collections import sample
from optical_repro.distill import student, trainer
from optical_repro.distill.recipe import Recipe
from optical_repro.distill.teacher import TeacherStates, write_states
from optical_repro.encoders import models
from optical_repro.lexicon import lexicon as lexicons
from optical_repro.lexicon.lexicon import Lexicon

if TYPE_CHECKING:
    from playwright.sync_api import Browser

QUICK = (
    "base/test_languages",
    "base/test_trec",
    "bitext/",
    "collections/test_clef",
    "collections/test_collections",
    "collections/test_hub_collections",
    "collections/test_ir_datasets",
    "commands/test_compare",
    "encoders/test_models",
    "evaluation/test_evaluation",
    "experiment/test_settings",
    "lexicon/test_spelling",
    "project/test_house",
    "project/test_project_files",
    "records/",
    "training_text/",
)
"""Tests of the inner loop (``make quick``): what trains nothing and takes a second or two a test."""


LONG = (
    "commands/test_first_command",
    "experiment/test_experiment",
    "commands/test_pyserini_cli",
    "project/test_own_language",
    "project/test_campaign",
    "project/test_benchmarks",
    "reproduction/",
    "project/test_notebooks",
    "encoders/test_damaged_models",
)
"""Files that take minutes: they come first, so that no worker is left alone with one in the end."""


HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Imports no other files where only the inner loop is asked for: what they import takes as long as a fifth of its tests."""
    is_other = collection_path.name.startswith("test_") and not collection_path.relative_to(HERE).as_posix().startswith(QUICK)
    return True if config.option.markexpr == "quick" and is_other else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests of the inner loop, and puts the long ones first."""
    names = {item: item.path.relative_to(HERE).as_posix() for item in items}
    for item, name in names.items():
        if name.startswith(QUICK):
            item.add_marker("quick")
    items.sort(key=lambda item: next((place for place, long in enumerate(LONG) if names[item].startswith(long)), len(LONG)))


@pytest.fixture(scope="session", autouse=True)
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The tests' own log file, in place of the user's."""
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("log") / "log.txt"
        patch.setenv("OPTICAL_LOG", str(path))
        yield path


@pytest.fixture(autouse=True)
def places() -> Iterator[None]:
    """What a command that runs in the tests' own process sets, and the next test should not have."""
    variables = ("OPTICAL_CACHE", "HF_HOME", "PYSERINI_CACHE", "IR_DATASETS_HOME", "MPLCONFIGDIR", "NUMBA_CACHE_DIR", "HOME")
    before = {name: os.environ.get(name) for name in variables}
    yield
    for name, value in before.items():
        os.environ.pop(name, None)
        os.environ.update({name: value} if value is not None else {})


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


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache of the experiments that tests run: stages that several need are made once."""
    return tmp_path_factory.mktemp("cache")


@dataclass(frozen=True)
class Done:
    """A finished command: what it said, and the folders that it wrote."""

    out: str
    error: str
    runs: Path
    qrels: Path


@pytest.fixture(scope="session")
def sample_run(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """``python -m optical_repro.run`` on the sample, two regimes trained for six steps."""
    place = tmp_path_factory.mktemp("sample")
    line = [sys.executable, "-m", "optical_repro.run", "--lang", "yo", "--regime", "cs,bt", "--steps", "6", "--cache-dir", str(cache)]
    done = subprocess.run(line, cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Done(done.stdout, done.stderr, place / "runs/sample.yo.test", place / "qrels/sample.yo.test.txt")


@dataclass(frozen=True)
class Lesson:
    """What a student learns from: its texts, and the teacher's states of their English sides."""

    texts: list[str]
    states: TeacherStates
    which: list[int]


@pytest.fixture(scope="session")
def lesson(teacher: Path, pairs: list[Pair], tmp_path_factory: pytest.TempPathFactory) -> Lesson:
    """Ninety-six sentence pairs."""
    folder = tmp_path_factory.mktemp("states")
    chosen = pairs[:96]
    write_states(teacher, [pair.english for pair in chosen], folder, "cpu")
    return Lesson([pair.target for pair in chosen], TeacherStates(folder), list(range(len(chosen))))


@pytest.fixture(scope="session")
def untrained(teacher: Path, lexicon: Lexicon, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student of Yorùbá before training."""
    folder = tmp_path_factory.mktemp("untrained")
    student.build(teacher, lexicon, folder)
    return folder


RECIPE = Recipe("ot+pooled", steps=60, batch_size=4, learns="words")
"""Long enough for two checkpoints."""


@pytest.fixture(scope="session")
def trained(untrained: Path, lesson: Lesson, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same student after the steps of RECIPE, trained without interruption."""
    folder = tmp_path_factory.mktemp("trained")
    trainer.train(untrained, lesson.texts, lesson.states, lesson.which, RECIPE, folder, device="cpu", title="training")
    return folder


@pytest.fixture(scope="session")
def marian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Marian model from a toy Yorùbá into English."""
    return toy_translation.marian(tmp_path_factory.mktemp("translators") / "opus-mt-yo-en")


@pytest.fixture(scope="session")
def m2m(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An M2M-100 model between the toy Yorùbá and English."""
    return toy_translation.m2m(tmp_path_factory.mktemp("translators") / "m2m100")


@pytest.fixture(scope="session")
def converted(m2m: Path) -> Path:
    """The same model, for CTranslate2."""
    return toy_translation.converted(m2m, m2m.with_name("m2m100-ct2"))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium, headless."""
    yield from launched()


def open_terminal() -> tuple[int, int]:
    """A pseudo-terminal, as pty.openpty; a machine without any (a bare chroot) cannot show what a terminal shows."""
    try:
        return pty.openpty()
    except OSError as error:
        pytest.skip(f"this machine has no pseudo-terminals: {error}")


def read_terminal(parent: int, prompt: str | None = None) -> str:
    """What a program wrote to a terminal: all until it ended or, where a prompt is named, until it stood there.

    A read may end within a letter, so that nothing is decoded before it is whole.
    """
    said = b""
    while prompt is None or prompt.encode() not in said:
        try:
            block = os.read(parent, 4096)
        except OSError:  # nobody holds the terminal's other end
            block = b""
        if not block:
            break
        said += block
    return said.decode()
