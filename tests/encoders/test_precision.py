"""Documents encoded in 16-bit brain floats: near the vectors of 32-bit floats, and runs of their own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tiny

from optical_repro.encoders.models import EMBEDDED, locate
from optical_repro.encoders.text_encoder import TextEncoder
from optical_repro.experiment import models
from optical_repro.run import main


def test_vectors_are_near_those_of_32_bit_floats() -> None:
    texts = tiny.passages()[:40]
    full, short = (TextEncoder(locate(EMBEDDED), bf16=bf16) for bf16 in (False, True))
    ours, theirs = full.encode(texts), short.encode(texts)
    assert theirs.dtype == np.float32 and np.linalg.norm(theirs, axis=1) == pytest.approx(1, abs=1e-6)
    assert (ours != theirs).any()
    assert (ours * theirs).sum(axis=1).min() > 0.9995
    for our_tokens, their_tokens in zip(full.encode_tokens(texts), short.encode_tokens(texts), strict=True):
        assert their_tokens.dtype == np.float32 and (our_tokens * their_tokens).sum(axis=1).min() > 0.995


@pytest.mark.parametrize("fast", [True, False])
def test_a_run_says_so_and_is_kept_apart(
    fast: bool, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(models, "has_fast_bf16", lambda device: fast)
    teacher = tiny.encoder("bert", tmp_path / "teacher")
    what = [
        "--lang",
        "yo",
        "--collection",
        str(small),
        "--systems",
        "dense-zs,dense-zs-maxsim,bm25",
        "--teacher",
        str(teacher),
        "--device",
        "cpu",
    ]
    settings, runs = {}, {}
    for precision in ("float32", "bfloat16"):
        runs_dir = tmp_path / precision
        where = ["--runs-dir", str(runs_dir), "--qrels-dir", str(runs_dir / "qrels"), "--cache-dir", str(tmp_path / "cache")]
        assert main([*what, "--precision", precision, *where]) == 0
        slow = "--precision bfloat16: this processor has no hardware for it" in capsys.readouterr().out
        assert slow is (precision == "bfloat16" and not fast)
        for system in ("dense-zs", "dense-zs-maxsim", "bm25"):
            settings[precision, system] = json.loads((runs_dir / f"small.yo.test/{system}.manifest.json").read_text())["settings"]
            runs[precision, system] = (runs_dir / f"small.yo.test/{system}.trec").read_bytes()
    for system in ("dense-zs", "dense-zs-maxsim"):
        assert settings["bfloat16", system] == settings["float32", system] | {"precision": "bfloat16"}
        assert runs["bfloat16", system] != runs["float32", system]
    assert settings["bfloat16", "bm25"] == settings["float32", "bm25"] and runs["bfloat16", "bm25"] == runs["float32", "bm25"]
