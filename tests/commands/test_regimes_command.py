"""The preview of training pairs: what is shown is what would be trained on, and what is marked is what was switched."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import open_terminal, read_terminal

from optical_repro.base.cache import Cache
from optical_repro.base.marks import mark
from optical_repro.bitext.readers import read_bitext
from optical_repro.collections import load
from optical_repro.experiment.experiment import Experiment
from optical_repro.experiment.settings import Settings
from optical_repro.regimes import changes, main
from optical_repro.training_text.pairs import TrainingPair
from optical_repro.training_text.regimes import REGIMES

SHOWN = re.compile(r"^  student  (.*)\n  teacher  (.*)$", re.MULTILINE)


def preview(cache: Path, *arguments: str) -> int:
    return main(["--lang", "yo", "--cache-dir", str(cache), *arguments])


@pytest.fixture(scope="module")
def experiment(cache: Path) -> Experiment:
    return Experiment(load("sample", "yo"), Settings(), Cache(cache))


@pytest.mark.parametrize("regime", [regime for regime in REGIMES if regime != "none"])
def test_pairs_shown_are_those_of_training_in_their_order(
    cache: Path, experiment: Experiment, regime: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert preview(cache, "--regime", regime, "--show", "12") == 0
    shown = [TrainingPair(student.replace("*", ""), teacher) for student, teacher in SHOWN.findall(capsys.readouterr().out)]
    pairs = experiment.training_pairs(regime)
    assert len(shown) == 12
    assert shown == [pairs[number * len(pairs) // 12] for number in range(12)]


def test_marked_words_are_switched_and_the_others_are_the_teachers(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert preview(cache, "--regime", "cs", "--show", "50") == 0
    pairs = SHOWN.findall(capsys.readouterr().out)
    assert sum("*" in student for student, _ in pairs) > 40
    for student, teacher in pairs:
        kept = re.sub(r"\*[^*]*\*", " ", student)
        rest = iter(re.findall(r"\w+", teacher))
        assert all(word in rest for word in re.findall(r"\w+", kept))  # in the teacher's order


def test_more_is_marked_the_likelier_switching_is(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shares = []
    for probability in ("0", "0.3", "0.9"):
        assert preview(cache, "--switch", probability, "--show", "1", "--in-domain", "0") == 0
        found = re.search(r"; (\d+)% of the words in 3,200 sentences are switched", capsys.readouterr().out)
        assert found
        shares.append(int(found[1]))
    assert shares[0] == 0 and shares[2] > 2 * shares[1] > 0


def test_authentic_sentences_are_not_marked(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert preview(cache, "--regime", "cs+bt,bitext,none", "--show", "10", "--in-domain", "0") == 0
    mixed, rest = capsys.readouterr().out.split("\nbitext: ")
    students = [student for student, _ in SHOWN.findall(mixed)]
    assert any("*" in student for student in students[:5]) and not any("*" in student for student in students[5:])
    assert "*" not in rest and rest.rstrip().endswith(REGIMES["none"].meaning)


def test_another_seed_switches_other_words(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for seed in ("42", "42", "43"):
        assert preview(cache, "--show", "5", "--seed", seed) == 0
        said.append(SHOWN.findall(capsys.readouterr().out))
    assert said[0] == said[1] != said[2]


def test_bitext_of_ones_own(cache: Path, small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        preview(
            cache,
            "--collection",
            str(small),
            "--bitext",
            str(small / "bitext.tsv"),
            "--regime",
            "bitext",
            "--show",
            "3",
            "--in-domain",
            "0",
        )
        == 0
    )
    said = capsys.readouterr().out
    own = {(pair.target, pair.english) for pair in read_bitext([small / "bitext.tsv"], "yo").pairs}
    assert "1,440 pairs" in said and set(SHOWN.findall(said)) <= own


def test_terminal_marks_in_colour_unless_told_not_to(cache: Path) -> None:
    line = [sys.executable, "-m", "optical_repro.regimes", "--lang", "yo", "--show", "3", "--cache-dir", str(cache)]
    subprocess.run(line, capture_output=True, check=True)  # so that both find the lexicon made
    outputs = []
    for more in ({}, {"NO_COLOR": "1"}):
        parent, child = open_terminal()
        process = subprocess.Popen(line, stdout=child, env={**os.environ, "TERM": "xterm", **more})
        os.close(child)
        outputs.append(read_terminal(parent))
        os.close(parent)
        assert process.wait(timeout=60) == 0
    coloured, plain = outputs
    assert "\033[1;33m" in coloured and "*" not in coloured
    assert "\033" not in plain and "*" in plain
    assert re.sub(r"\033\[[\d;]*m", "*", coloured) == plain


def test_changed_finds_what_the_switcher_did() -> None:
    text = "The oba nla of Ọ̀yọ́, and ile iwe."
    spans = changes(text, "The big king of Ọ̀yọ́, and school.")
    assert mark(text, spans) == "The *oba nla* of Ọ̀yọ́, and *ile iwe*."
    assert changes("The same.", "The same.") == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--regime", "cz"], 'unknown regime "cz"; did you mean cs'),
        (["--switch", "1.5"], "--switch 1.5: expected a probability"),
        (["--show", "0"], "--show 0"),
        (["--bitext", "nowhere.tsv"], "nowhere.tsv: no such file"),
        (["--lang", "yoruba"], "--lang yo"),
    ],
)
def test_bad_input_is_one_line(cache: Path, arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert preview(cache, *arguments) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and expected in said
