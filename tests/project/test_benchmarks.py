"""The benchmarks: what they tell at once, how they measure, and one that is small."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tiny
from conftest import Done

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.append(str(BENCHMARKS))

import measure  # noqa: E402

from optical_repro import collections  # noqa: E402
from optical_repro.base.cache import Cache  # noqa: E402
from optical_repro.collections import sample  # noqa: E402
from optical_repro.experiment.experiment import Experiment  # noqa: E402
from optical_repro.experiment.publishing import publish_all  # noqa: E402
from optical_repro.experiment.settings import Settings  # noqa: E402
from optical_repro.experiment.systems import parse  # noqa: E402


@pytest.mark.parametrize("name", ["distillation", "transport", "encoding", "search", "precision"])
def test_help_tells_what_is_compared(name: str) -> None:
    done = subprocess.run([sys.executable, str(BENCHMARKS / f"{name}.py"), "--help"], capture_output=True, text=True, check=True)
    assert "optical_repro" in done.stdout or "32-bit floats" in done.stdout
    assert "--runs" in done.stdout and "--json" in done.stdout


def test_translators_are_scored_on_text_that_they_have_not_read(small: Path, tmp_path: Path) -> None:
    lines = (sample.FOLDER / "bitext.yo-en.tsv").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "held-out.tsv").write_text("".join(lines[:5] + lines[300:330]), encoding="utf-8")
    line = ["--lang", "yo", "--collection", str(small), "--bitext", str(small / "bitext.tsv"), "--held-out", str(tmp_path / "held-out.tsv")]
    where = ["--cache-dir", str(tmp_path / "cache"), "--json", str(tmp_path / "scores.json")]
    program = [sys.executable, str(BENCHMARKS / "translation.py"), *line, *where]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    assert "240 pairs; 30 held-out sentences" in done.stdout
    read = json.loads((tmp_path / "scores.json").read_text())
    assert read["sentences"] == 30 and set(read["translators"]) == {"lexical", "phrase"}
    for scores in read["translators"].values():
        assert 0 < scores["BLEU"] < 100 and 0 < scores["chrF"] < 100 and 0.1 < scores["cosine"] < 1
        assert "case:lc" in scores["signatures"][0]


def test_sides_run_in_turn_and_ratios_are_medians_of_rounds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    order: list[str] = []

    def slow() -> None:
        order.append("slow")
        time.sleep(0.06)

    result = measure.in_turn("naps", 10, "naps", 3, {"quick": lambda: order.append("quick"), "slow": slow}, clock=measure.timed)
    assert order == ["quick", "slow"] * 4
    made = measure.Result(
        "counting",
        12,
        "things",
        [measure.Side("one", [1.0, 2.0, 9.0], [1.0, 1.0, 1.0]), measure.Side("two", [3.0, 4.0, 9.0], [2.0, 3.0, 4.0])],
    )
    assert made.rate(made.sides[0]) == 6.0
    assert made.ratio(*made.sides) == (2.0, 3.0)
    measure.report([made, result], [("one", "two"), ("quick", "slow")], tmp_path / "results/made.json")
    shown, written = capsys.readouterr().out, json.loads((tmp_path / "results/made.json").read_text())
    assert "one / two: 2.00 x by the clock, 3.00 x by processor time" in shown and "6.0 things/s" in shown
    assert written["ratios"][0] == {"title": "counting", "one": "one", "other": "two", "by_clock": 2.0, "by_processor": 3.0}
    assert written["ratios"][1]["by_clock"] > 5 and len(written["results"][1]["sides"][1]["seconds"]) == 3


def test_training_is_timed_without_what_surrounds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import Trainer

    monkeypatch.setattr(Trainer, "train", lambda self, nap: time.sleep(nap))

    def run() -> None:
        time.sleep(0.5)
        Trainer.train(None, 0.05)  # type: ignore[arg-type]

    clock, processor = measure.timed_training(run)
    assert 0.05 <= clock < 0.45 and processor < 0.3


SMALL = {
    "search": (["--passages", "60", "--depth", "20"], "topics/s"),
    "distillation": (["--steps", "1", "--batch", "4"], "pairs/s"),
    "transport": (["--batches", "1", "--batch", "4"], "pairs/s"),
    "encoding": (["--passages", "20"], "passages/s"),
}
"""The benchmarks on next to nothing, and the unit that each counts in."""


@pytest.mark.parametrize("name", SMALL)
def test_a_small_benchmark_from_end_to_end(name: str, tmp_path: Path) -> None:
    small, unit = SMALL[name]
    line = [sys.executable, str(BENCHMARKS / f"{name}.py"), "--runs", "1", "--json", str(tmp_path / "made.json"), *small]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    ratios = json.loads((tmp_path / "made.json").read_text())["ratios"]
    assert ratios and all(made["by_clock"] > 0 for made in ratios) and unit in done.stdout


def test_serving_loses_no_answer(sample_run: Done, cache: Path, tmp_path: Path) -> None:
    student = ["--model", str(sample_run.runs / "optical-cs.manifest.json"), "--cache-dir", str(cache), "--device", "cpu"]
    line = [sys.executable, str(BENCHMARKS / "serving.py"), "--lang", "yo", "--queries", "16", "--clients", "4", "--times", "2", *student]
    done = subprocess.run([*line, "--json", str(tmp_path / "made.json")], capture_output=True, text=True, check=True)
    results = json.loads((tmp_path / "made.json").read_text())["results"]
    assert results.keys() == {"cold start, s", "one client, ms", "4 clients, ms"}
    assert all(value > 0 for values in results.values() for value in values.values()) and "p99" in done.stdout


def test_late_interaction_over_everything_is_compared_with_that_over_hits(small: Path, tmp_path: Path) -> None:
    cache, teacher = tmp_path / "cache", tiny.encoder("bert", tmp_path / "teacher")
    experiment = Experiment(collections.load(str(small), "yo"), Settings(teacher=str(teacher), device="cpu"), Cache(cache))
    given = {"collection": str(small), "lang": "yo", "split": "test", "teacher": str(teacher)}
    folder, _ = publish_all(experiment, [parse("dense-zs")], tmp_path / "runs", tmp_path / "qrels", "python -m optical_repro.run", given)
    where = ["--cache-dir", str(cache), "--json", str(tmp_path / "made.json")]
    program = [sys.executable, str(BENCHMARKS / "late_interaction.py"), "IVF16,PQ4", "--model", str(folder / "dense-zs.manifest.json")]
    done = subprocess.run([*program, *where], capture_output=True, text=True, check=True)
    assert f"dense-zs, {experiment.collection.name}: 16 topics, 60 passages" in done.stdout
    exact, single, reranked, by_index = json.loads((tmp_path / "made.json").read_text())["rows"].values()
    assert exact["of the exact 100"] == reranked["of the exact 100"] == 1.0  # of 60 passages
    assert 0 < by_index["of the exact 100"] <= 1 and 0 < exact["bytes"] == single["bytes"] < by_index["bytes"]
    assert all(0 < row["map"] < 1 for row in (exact, single, reranked, by_index))
