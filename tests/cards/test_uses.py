"""What a card says of a student's limits, architecture and training, from its manifest alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from optical_repro.cards.sections import licence
from optical_repro.cards.uses import LOGGED, architecture, limitations, out_of_scope, training_log


def manifest(regime: str = "cs", **training: Any) -> dict[str, Any]:
    return {
        "arguments": {"bitext": ["lafand"], "teacher": "somebody/teacher"},
        "collection": {"lang": "yo", "doc_lang": "en", "license": "CC0-1.0"},
        "settings": {"in-domain": 0.5, "in-domain by": "cs", "bitext": ["lafand.yo-en.tsv (1a2b3c4d)"]},
        "training": {"regime": regime, "pretrain": "none", "recipe": {"steps": 6}, "log": [], **training},
    }


def test_limits_are_those_of_the_training_text() -> None:
    switched, translated, neither = (limitations(manifest(regime)) for regime in ("cs", "bt", "bitext"))
    assert "replaced by a lexicon's translations" in switched and "machine-translated" not in switched
    assert "machine-translated" in translated
    assert "machine-translated" not in neither and "excerpts of the collection's documents" in neither
    alone = manifest("bitext")
    alone["settings"] = {"in-domain": 0}
    assert "excerpts" not in limitations(alone) and "lexicon's translations" not in limitations(alone)
    assert "It was not trained" in limitations(manifest("none", recipe=None)) and "It was not trained" not in switched


def test_languages_that_it_is_not_made_for() -> None:
    assert "Languages other than English and Yorùbá," in out_of_scope(manifest())
    assert "Languages other than English, Hausa and Yorùbá," in out_of_scope(manifest(languages=["ha", "yo"]))


@pytest.mark.parametrize("entries", [1, 2, LOGGED, LOGGED + 1, 400])
def test_the_log_has_its_first_and_last_loss_and_not_too_many(entries: int) -> None:
    log = [{"step": step, "loss": 9.0, "held_out": 1 / step} for step in range(1, entries + 1)]
    text = training_log(manifest(log=log, measured_on="64 pairs | that training does not read"))
    rows = [line for line in text.splitlines() if line.startswith("| ") and "step" not in line]
    assert rows[0] == "| 1 | 1.0000 |" and rows[-1] == f"| {entries} | {1 / entries:.4f} |"
    assert len(rows) == len(set(rows)) == min(entries, LOGGED)
    assert "on 64 pairs \\| that" in text and ("has all" in text) == (entries > LOGGED)


def test_a_log_of_batches_says_so_and_no_log_is_no_section() -> None:
    assert "on the batches" in training_log(manifest(log=[{"step": 1, "loss": 0.5}], measured_on="64 pairs"))
    assert training_log(manifest()) == ""


def test_the_architecture_is_that_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert", "num_hidden_layers": 6, "hidden_size": 384}))
    text = architecture(tmp_path)
    assert "| encoder | bert |" in text and "| layers | 6 |" in text and "| pooling | mean |" in text and "vocabulary" not in text


def test_licences_name_the_parallel_text() -> None:
    assert "lafand.yo-en.tsv" in licence(manifest()) and "CC BY-NC 4.0" in licence(manifest())
