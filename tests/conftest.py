"""What several tests share: the teacher, the sample's parallel text, and the lexicon that it gives."""

from __future__ import annotations

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
