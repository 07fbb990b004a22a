"""Parallel text on which alignments are measured: never what a student was trained on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Done

from optical_repro.bitext.readers import Pair
from optical_repro.collections import load
from optical_repro.distill.held_out import COMPANY, FEWEST, MOST, hold_out, read_links, write_links


def some(kind: str, count: int) -> list[Pair]:
    return [Pair(f"{kind} gbólóhùn {number}", f"{kind} sentence {number}") for number in range(count)]


def test_topics_come_before_sentences_that_training_does_not_read() -> None:
    bitext = some("bitext", 3000)
    held_out = hold_out(some("topic", 300), bitext, bitext[:1000], seed=1)
    assert held_out and len(held_out.pairs) == MOST and set(held_out.pairs) < set(some("topic", 300))
    assert len(held_out.company) == COMPANY and set(held_out.company) < set(bitext)
    assert held_out == hold_out(some("topic", 300), bitext, bitext[:1000], seed=1)


def test_without_topics_only_unread_sentences_are_held_out() -> None:
    bitext = some("bitext", 3000)
    held_out = hold_out(some("topic", FEWEST - 1), bitext, bitext[:2900], seed=1)
    assert held_out and set(held_out.pairs) == set(bitext[2900:])
    assert not set(held_out.pairs) & set(held_out.company)


def test_too_little_and_nothing_to_read_is_none() -> None:
    bitext = some("bitext", 3000)
    assert hold_out([], bitext, bitext, seed=1) is None
    assert hold_out([], bitext, bitext[FEWEST - 1 :], seed=1) is None
    assert hold_out([Pair("?", "…")] * 100, bitext, bitext, seed=1) is None


def test_links_are_those_of_the_held_out_pairs(pairs: list[Pair], tmp_path: Path) -> None:
    held_out = hold_out(pairs[:60], pairs[60:400], pairs[60:], seed=1)
    assert held_out
    write_links(held_out, 42, tmp_path / "links.json")
    links = read_links(tmp_path / "links.json")
    assert len(links) == 60
    for pair, found in zip(held_out.pairs, links, strict=True):
        assert found and all(0 < weight <= 1 for *_, weight in found)
        assert max(here for here, *_ in found) < len(pair.target.split()) * 2


@pytest.mark.parametrize("regime", ["cs", "bt"])
def test_a_run_records_its_students_alignment_before_and_after(sample_run: Done, regime: str) -> None:
    alone, fused = (
        json.loads((sample_run.runs / f"optical-{regime}{fusion}.manifest.json").read_text(encoding="utf-8"))["training"]["alignment"]
        for fusion in ("", "+bm25")
    )
    assert alone == fused
    assert alone["pairs"] == len(load("sample", "yo").topics) == 84
    assert 0.3 < alone["before"]["score"] < 0.9
    assert alone["before"] != alone["after"]
    page = (sample_run.runs / "report.html").read_text(encoding="utf-8")
    told = " → ".join(f"{alone[when]['score']:.3f}".removeprefix("0") for when in ("before", "after"))
    assert f">{told}</text>" in page
    assert "1 - AER" in sample_run.out
