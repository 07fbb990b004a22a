"""Transport plans as they are shown: pieces and words, links, pictures, agreement with a word aligner, and the command."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import Done

from optical_repro.align import main
from optical_repro.base.errors import InputError
from optical_repro.base.words import words
from optical_repro.bitext.readers import Pair
from optical_repro.distill import student, transport
from optical_repro.distill.batch import Batch
from optical_repro.distill.objectives import ot
from optical_repro.distill.picture import SHADES, as_image, as_text
from optical_repro.distill.token_alignment import TokenAlignment, agreement, align, align_readings, measure
from optical_repro.encoders.reading import read
from optical_repro.encoders.text_encoder import TextEncoder
from optical_repro.lexicon.lexicon import Lexicon

SENTENCE, ENGLISH = "Ràkúnmí mẹ́ta ń mu omi létí kànga.", "Three camels are drinking water beside the well."
RIGHT = {(0, 1), (1, 0), (3, 3), (4, 4), (5, 5), (6, 7)}
"""Camels, three, drink, water, beside, well."""


@pytest.fixture(scope="module")
def english(teacher: Path) -> TextEncoder:
    return TextEncoder(teacher)


@pytest.fixture(scope="module")
def untrained(teacher: Path, lexicon: Lexicon, tmp_path_factory: pytest.TempPathFactory) -> TextEncoder:
    """The student before training, its words initialised from the lexicon."""
    folder = tmp_path_factory.mktemp("untrained")
    student.build(teacher, lexicon, folder)
    return TextEncoder(folder)


@pytest.fixture(scope="module")
def plan(untrained: TextEncoder, english: TextEncoder) -> TokenAlignment:
    return align(untrained, english, SENTENCE, ENGLISH)


def manifest(sample_run: Done) -> str:
    return str(sample_run.runs / "optical-cs.manifest.json")


# Reading


def test_pieces_are_the_text_and_belong_to_its_words(untrained: TextEncoder, pairs: list[Pair]) -> None:
    for pair in pairs[:200]:
        reading = read(untrained, pair.target)
        assert "".join(piece.removeprefix("##") for piece in reading.pieces) == pair.target.replace(" ", "")
        assert [word.word for word in reading.words] == words(pair.target)
        for number, word in enumerate(reading.words):
            of_word = [piece for piece, of in zip(reading.pieces, reading.word_of, strict=True) if of == number]
            assert "".join(piece.removeprefix("##") for piece in of_word) == word.text
            assert [piece.startswith("##") for piece in of_word] == [False] + [True] * (len(of_word) - 1)
        assert reading.vectors.shape == (len(reading.pieces), 384)


def test_words_beyond_what_the_encoder_reads_have_no_pieces(english: TextEncoder) -> None:
    reading = read(english, "water " * 1000)
    assert len(reading.words) == 1000
    assert max(reading.word_of) + 1 == len(reading.pieces) == english.max_length - 2


def test_matches_are_the_words_that_the_plan_ties_together(english: TextEncoder) -> None:
    topic = read(english, "camels, drinking!")
    passage = read(english, "A camel drank; it was thirsty, and its driver went on to fetch some more from the well.")
    matches = align_readings(topic, passage).matches()
    found = {topic.words[here].text: (passage.words[there].text, cosine) for here, there, cosine in matches}
    assert found["camels"][0] == "camel" and found["drinking"][0] == "drank"
    similarities = topic.vectors @ passage.vectors.T
    assert found["drinking"][1] == pytest.approx(similarities[topic.pieces.index("drinking"), passage.pieces.index("drank")])
    assert align_readings(topic, read(english, "!")).matches() == []


# The plan


def test_plan_and_loss_are_those_of_training(
    plan: TokenAlignment, untrained: TextEncoder, english: TextEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    sides = []
    for encoder, text in ((untrained, SENTENCE), (english, ENGLISH)):
        inputs = encoder.tokenizer(text, return_tensors="pt")
        with torch.inference_mode():
            sides += [encoder.model(inputs["input_ids"], inputs["attention_mask"]), inputs["attention_mask"].float()]
    batch = Batch(*sides)
    assert plan.loss == pytest.approx(ot.ot(batch).item(), abs=1e-3)  # where training stops Sinkhorn
    monkeypatch.setattr(ot, "TRANSPORT_TOLERANCE", transport.TOLERANCE)
    assert plan.loss == pytest.approx(ot.ot(batch).item(), abs=1e-5)
    assert plan.plan.sum() == pytest.approx(1)
    assert plan.plan.sum(1) == pytest.approx(np.full(len(plan.student.pieces), 1 / len(plan.student.pieces)), abs=1e-4)


def test_links_are_the_translations(plan: TokenAlignment) -> None:
    assert set(plan.links()) >= RIGHT
    assert plan.pharaoh() == " ".join(f"{here}-{there}" for here, there in plan.links())
    assert [here for here, _ in plan.links()] == list(range(7))


def test_a_word_of_several_pieces_has_their_mass(plan: TokenAlignment) -> None:
    assert plan.teacher.pieces[1:3] == ["camel", "##s"]
    assert plan.word_mass[0, 1] == pytest.approx(plan.plan[0, 1] + plan.plan[0, 2])
    assert plan.word_mass.shape == (7, 8)


def test_encoders_that_do_not_belong_together_are_refused(english: TextEncoder) -> None:
    class Narrow:
        dimension, name = 128, "narrow"

    with pytest.raises(InputError, match=r"narrow has vectors of 128 numbers, its teacher .* of 384"):
        align(Narrow(), english, SENTENCE, ENGLISH)  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "english_text"), [("", ENGLISH), (SENTENCE, "  ")])
def test_a_text_without_words_is_refused(untrained: TextEncoder, english: TextEncoder, text: str, english_text: str) -> None:
    with pytest.raises(InputError, match="nothing to align"):
        align(untrained, english, text, english_text)


def test_other_ways_give_other_plans_of_a_pair(untrained: TextEncoder, english: TextEncoder) -> None:
    plans = [align(untrained, english, SENTENCE, ENGLISH, transport).plan for transport in ((), ("centred",), ("ordered", "sharp"))]
    for plan, other in combinations(plans, 2):
        assert plan.sum() == pytest.approx(1, abs=1e-4) and np.abs(plan - other).max() > 0.005


def test_masses_by_content_are_refused_for_a_pair_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([SENTENCE, ENGLISH, "--transport", "sharp+content"]) == 2
    assert capsys.readouterr().err.startswith("error: --transport sharp+content: a pair alone has no frequencies for content; use centred,")


# Agreement


def test_agreement_counts_sure_and_possible_links(plan: TokenAlignment) -> None:
    ours = plan.links()
    sure = [(*ours[0], 1.0), (*ours[1], 1.0), (0, 7, 1.0), (2, 7, 1.0)]
    possible = [(*ours[2], 0.25)]
    found = agreement([plan], [[*sure, *possible]])
    assert found.precision == pytest.approx(3 / 7)
    assert found.recall == pytest.approx(2 / 4)
    assert found.f1 == pytest.approx(2 * (3 / 7) * 0.5 / (3 / 7 + 0.5))
    assert found.score == pytest.approx((2 + 3) / (4 + 7))
    assert agreement([plan], [[]]).f1 == agreement([plan], [[]]).score == 0
    assert agreement([plan], [[(*link, 1.0) for link in ours]]).score == 1


def test_lexical_initialisation_agrees_with_the_aligner_and_the_bare_teacher_does_not(
    untrained: TextEncoder, english: TextEncoder, pairs: list[Pair]
) -> None:
    found = measure({"bare": english, "initialised": untrained}, english, pairs[:300], most=60)
    assert found["bare"].f1 < 0.4 and found["initialised"].f1 > 0.6
    assert {made.pairs for made in found.values()} == {60}


# Pictures


def test_terminal_shows_every_token_and_darkens_with_mass(plan: TokenAlignment) -> None:
    lines = as_text({"before training": plan}, 200).splitlines()
    rows = lines[-len(plan.student.pieces) :]
    left = len("Ràkúnmí") + 1
    for piece, row, shares in zip(plan.student.pieces, rows, plan.shares, strict=True):
        assert row.lstrip().startswith(piece)
        accents = sum(character == "\u0301" for character in piece)  # a letter with its accent takes one column
        cells = row[left + accents :].ljust(2 * len(shares))
        darkness = [SHADES.index(cells[2 * column]) for column in range(len(shares))]
        assert darkness == [min(int(share * 5), 4) for share in shares]
    columns = [
        "".join(line[left + 2 * column : left + 2 * column + 1] for line in lines[2 : -len(rows)])
        for column in range(len(plan.teacher.pieces))
    ]
    assert [column.strip() for column in columns] == plan.teacher.pieces


def test_terminal_puts_two_plans_side_by_side_only_where_they_fit(plan: TokenAlignment) -> None:
    both = {"before training": plan, "after training": plan}
    beside, below = as_text(both, 80), as_text(both, 60)
    assert re.search("before training.*after training", beside) and max(map(len, beside.splitlines())) <= 80
    assert not re.search("before training.*after training", below) and max(map(len, below.splitlines())) <= 60


def test_images_are_the_same_for_the_same_plans_and_name_every_token(plan: TokenAlignment) -> None:
    png, svg = as_image({"after training": plan}, "png"), as_image({"after training": plan}, "svg")
    assert png.startswith(b"\x89PNG") and png == as_image({"after training": plan}, "png")
    assert svg == as_image({"after training": plan}, "svg")
    comments = re.findall(r"<!-- (.*?) -->", svg.decode())
    assert set(plan.student.pieces) | set(plan.teacher.pieces) <= set(comments)
    assert ET.fromstring(svg).tag.endswith("svg")


# The command


def test_command_shows_before_and_after_and_writes_the_figures(
    sample_run: Done, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    png, svg = tmp_path / "plan.png", tmp_path / "plan.svg"
    assert main([SENTENCE, ENGLISH, "--model", manifest(sample_run), "--png", str(png), "--svg", str(svg)]) == 0
    said = capsys.readouterr().out
    assert "before training  (loss" in said and "after training  (loss" in said
    assert "Ràkúnmí → camels" in said
    assert png.read_bytes().startswith(b"\x89PNG") and b"</svg>" in svg.read_bytes()


def test_pictures_go_into_folders_that_are_not_there(sample_run: Done, tmp_path: Path) -> None:
    path = tmp_path / "new/folder/plan.png"
    assert main([SENTENCE, ENGLISH, "--model", manifest(sample_run), "--png", str(path)]) == 0
    assert path.read_bytes().startswith(b"\x89PNG")


def test_command_prints_nothing_but_pharaoh(sample_run: Done, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([SENTENCE, ENGLISH, "--model", manifest(sample_run), "--pharaoh"]) == 0
    said = capsys.readouterr().out
    assert re.fullmatch(r"\d+-\d+( \d+-\d+)*\n", said)
    assert {tuple(map(int, link.split("-"))) for link in said.split()} >= RIGHT


def test_before_can_be_any_model_and_a_folder_without_a_past_stands_alone(
    sample_run: Done, untrained: TextEncoder, teacher: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([SENTENCE, ENGLISH, "--model", untrained.name]) == 0
    alone = capsys.readouterr().out
    assert "student  (loss" in alone and "before" not in alone
    assert main([SENTENCE, ENGLISH, "--model", manifest(sample_run), "--before", str(teacher)]) == 0
    losses = [float(loss) for loss in re.findall(r"loss ([.\d]+)", capsys.readouterr().out)]
    assert losses == sorted(losses, reverse=True) and losses[0] > 2 * losses[1]  # the bare teacher reads no Yorùbá


def test_command_measures_agreement(sample_run: Done, small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--agreement", str(small / "bitext.tsv"), "--lang", "yo", "--pairs", "40", "--model", manifest(sample_run)]) == 0
    said = capsys.readouterr().out
    assert "40 of 240 pairs" in said
    rows = re.findall(r"^(before|after) training +([.\d]+) +([.\d]+) +([.\d]+) +([.\d]+)$", said, re.MULTILINE)
    assert [row[0] for row in rows] == ["before", "after"]
    for _, precision, recall, f1, score in rows:
        p, r = float(precision), float(recall)
        assert 0.5 < p < 1 and 0.5 < r <= 1
        assert float(f1) == pytest.approx(2 * p * r / (p + r), abs=2e-3)
        assert min(p, r) - 1e-3 <= float(score) <= max(p, r) + 1e-3


def test_command_says_which_students_there_are(sample_run: Done, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([SENTENCE, ENGLISH, "--runs-dir", str(sample_run.runs.parent)]) == 2
    said = capsys.readouterr().err
    named = [sample_run.runs / f"optical-{regime}.manifest.json" for regime in ("bt", "cs")]
    assert said == f"error: which student? give --model FOLDER, or the manifest of its run: --model {named[0]} or {named[1]}\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([SENTENCE], "expected two texts"),
        ([], "expected two texts"),
        (["--agreement", "x.tsv"], "--lang CODE"),
        ([SENTENCE, ENGLISH, "--runs-dir", "nowhere"], "none in nowhere: train one"),
        ([SENTENCE, ENGLISH, "--model", "nowhere.manifest.json"], "nowhere.manifest.json: no such file"),
        ([SENTENCE, ENGLISH, "--pairs", "0"], "--pairs 0"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1
    assert said.err.startswith("error: ") and expected in said.err


def test_a_baseline_has_no_student(sample_run: Done, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([SENTENCE, ENGLISH, "--model", str(sample_run.runs / "bm25.manifest.json")]) == 2
    assert "its system has no student" in capsys.readouterr().err


def test_help_is_quick() -> None:
    loaded = "import sys, optical_repro.align as a; a.parser().format_help(); print('torch' in sys.modules, 'pyserini' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"
