"""Training by two processes on the processor: the losses of one, and nothing left behind by what goes wrong."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import tiny
import torch
from torch import distributed

from optical_repro.base.errors import InputError
from optical_repro.base.files import sha256
from optical_repro.bitext.readers import Pair
from optical_repro.distill import pretraining, trainer
from optical_repro.distill.objective import Objective
from optical_repro.distill.objectives import OBJECTIVES
from optical_repro.distill.processes import together
from optical_repro.distill.recipe import Recipe
from optical_repro.distill.teacher import TeacherStates, write_states
from optical_repro.experiment.models import Models
from optical_repro.experiment.settings import Settings
from optical_repro.run import main

NEAR = 1e-4
"""How far the losses of two processes may be from those of one, as a share of them."""


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.encoder("bert", tmp_path_factory.mktemp("student"), seed=2)


@pytest.fixture(scope="module")
def states(pairs: list[Pair], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a tiny teacher makes of 64 English sentences."""
    teacher, folder = tiny.encoder("bert", tmp_path_factory.mktemp("teacher")), tmp_path_factory.mktemp("states")
    write_states(teacher, [pair.english for pair in pairs[:64]], folder, "cpu")
    return folder


Distil = Callable[[Recipe, Path], dict[str, Any]]


@pytest.fixture(scope="module")
def distil(student: Path, states: Path, pairs: list[Pair]) -> Distil:
    """Trains on 48 sentence pairs, with the devices of the recipe, and measures the loss on 16; returns training.json."""
    passages = np.random.default_rng(1).normal(size=(50, 32)).astype(np.float32)
    passages /= np.linalg.norm(passages, axis=1, keepdims=True)
    texts, places = [pair.target for pair in pairs[:64]], list(range(64))
    weights = [[1.0 + place % 3 for place in range(len(TeacherStates(states)[row]))] for row in places]

    def distil(recipe: Recipe, folder: Path) -> dict[str, Any]:
        read = student, texts[:48], TeacherStates(states), places[:48], recipe, folder
        held_out = trainer.Sides(texts[48:], TeacherStates(states), places[48:], weights)
        options: dict[str, Any] = {"passages": passages, "held_out": held_out, "weights": weights, "title": "training"}
        together(recipe.devices, "cpu", trainer.train, *read, device="cpu", **options)
        return dict(json.loads((folder / "training.json").read_text()))

    return distil


def assert_near(one: list[dict[str, float]], other: list[dict[str, float]]) -> None:
    """Logs have the same steps, and losses that are near."""
    assert [entry.keys() for entry in one] == [entry.keys() for entry in other]
    for left, right in zip(one, other, strict=True):
        assert left == pytest.approx(right, rel=NEAR)


# The same training


@pytest.mark.parametrize("transport", [(), ("centred", "content", "one-sided")])
def test_two_processes_have_the_losses_of_one(transport: tuple[str, ...], distil: Distil, tmp_path: Path) -> None:
    """Of every objective of this package: one that compares the texts of a batch needs those of the other process.

    The first steps at small learning rates: later, rounding errors grow a hundredfold a step in these encoders, whose weights are random.
    """
    recipe = Recipe("+".join(OBJECTIVES), steps=10, batch_size=8, transport=transport, warmup=1.0)
    one = distil(recipe, tmp_path / "one")
    two = distil(replace(recipe, devices=2), tmp_path / "two")
    assert len({entry["loss"] for entry in one["log"]}) == 10
    for left, right in list(zip(one["log"], two["log"], strict=True))[:4]:
        assert left == pytest.approx(right, rel=NEAR)
    assert two["recipe"] == one["recipe"] | {"devices": 2}


def test_pre_training_masks_the_same_words_and_counts_them_once(student: Path, pairs: list[Pair], tmp_path: Path) -> None:
    recipe = Recipe("mlm", steps=12, batch_size=4, learns="all")
    texts, held_out = ([(pair.target,) for pair in part] for part in (pairs[:40], pairs[40:48]))
    for devices in (1, 2, 4):
        options = {"device": "cpu", "title": "pre-training", "held_out": held_out}
        read = student, texts, replace(recipe, devices=devices), tmp_path / str(devices)
        together(devices, "cpu", pretraining.pretrain, *read, **options)
    one, two, four = (json.loads((tmp_path / name / "training.json").read_text())["log"] for name in "124")
    assert len(one) == 12
    assert_near(one, two)
    assert_near(one, four)


def test_a_recipe_of_two_devices_needs_two_processes(student: Path, states: Path, pairs: list[Pair], tmp_path: Path) -> None:
    read = student, [pair.target for pair in pairs[:64]], TeacherStates(states), list(range(64))
    with pytest.raises(ValueError, match="1 processes for a recipe of 2 devices"):
        trainer.train(*read, Recipe("pooled", steps=1, devices=2), tmp_path, device="cpu", title="training")


def test_a_run_says_that_it_had_two_devices(small: Path, cache: Path, tmp_path: Path) -> None:
    where = ["--runs-dir", str(tmp_path), "--qrels-dir", str(tmp_path / "qrels"), "--cache-dir", str(cache)]
    what = ["--lang", "yo", "--collection", str(small), "--bitext", str(small / "bitext.tsv"), "--systems", "optical-cs-after-mlm"]
    how = ["--steps", "2", "--objective", "pooled", "--device", "cpu", "--devices", "2"]
    assert main([*what, *how, *where]) == 0
    manifest = json.loads((tmp_path / "small.yo.test/optical-cs-after-mlm.manifest.json").read_text())
    assert manifest["settings"]["devices"] == manifest["arguments"]["devices"] == 2
    assert manifest["training"]["recipe"]["devices"] == manifest["training"]["pretraining"]["recipe"]["devices"] == 2


# Keys


def test_one_device_is_in_no_key() -> None:
    """The students of older caches stay."""
    known = {"objective": "ot", "steps": 9, "batch_size": 32, "learns": "all", "warmup": 0.1, "seed": 7, "layers_rate": 5e-5}
    assert Recipe("ot", steps=9, seed=7).described() == Recipe("ot", steps=9, seed=7, devices=1).described() == known
    assert Recipe("ot", steps=9, seed=7, devices=2).described() == known | {"devices": 2}


# What is refused


def whole_batches(_: Any) -> torch.Tensor:
    raise NotImplementedError


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"devices": 0}, "--devices 0: expected a number from 1"),
        ({"devices": "2"}, "--devices 2: expected a number from 1"),
        ({"devices": 3}, "--devices 3: cannot share 32 pairs evenly; use one of 1, 2, 4, 8, 16, 32"),
        ({"devices": 64}, "--devices 64: cannot share 32 pairs evenly; use one of 1, 2, 4, 8, 16, 32"),
        ({"devices": 2, "objective": "pooled+theirs"}, "--devices 2: the objective theirs needs whole batches; use --devices 1"),
    ],
)
def test_devices_that_cannot_share_a_batch(given: dict[str, Any], told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OBJECTIVES, "theirs", Objective("theirs", "an objective of another package", whole_batches))
    assert Recipe("pooled+theirs").devices == 1
    with pytest.raises(InputError) as error:
        Recipe(**given)
    assert str(error.value) == told


@pytest.mark.parametrize(
    ("device", "gpus", "told"),
    [
        ("auto", 0, "--devices 4: no GPU that this PyTorch can use; with --device cpu, processes share the processor"),
        ("auto", 1, "--devices 4: this PyTorch can use 1 GPU; use --devices 1"),
        ("cuda", 2, "--devices 4: this PyTorch can use 2 GPUs; use --devices 2 or fewer"),
    ],
)
def test_more_devices_than_gpus(device: str, gpus: int, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpus > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)

    class Stages:
        settings = Settings(device=device, recipe=Recipe(devices=4))

    with pytest.raises(InputError) as error:
        _ = Models(Stages()).device  # type: ignore[arg-type]
    assert str(error.value) == told


def test_as_many_devices_as_gpus_or_processes_on_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    devices = []
    for device in ("auto", "cuda", "cpu"):

        class Stages:
            settings = Settings(device=device, recipe=Recipe(devices=4))

        devices.append(Models(Stages()).device)  # type: ignore[arg-type]
    assert devices == ["cuda", "cuda", "cpu"]


# What goes wrong


def fails(rank: str, error: Exception) -> None:
    """In one process an error, while the other waits for it."""
    if os.environ["RANK"] == rank:
        raise error
    distributed.barrier()


class Unpicklable(Exception):
    def __init__(self, one: str, two: str) -> None:
        super().__init__(one + two)


def dies() -> None:
    if os.environ["RANK"] == "1":
        os.kill(os.getpid(), signal.SIGKILL)
    distributed.barrier()


def raises_what_pickle_does_not_take() -> None:
    raise Unpicklable("one", "two")


def children() -> set[int]:
    """This process's children, but the one that outlives them by design."""
    return {child.pid for child in psutil.Process().children() if "resource_tracker" not in " ".join(child.cmdline())}


@pytest.mark.parametrize("rank", ["0", "1"])
def test_an_error_in_a_process_is_the_error(rank: str) -> None:
    before = children()
    with pytest.raises(InputError) as error:
        together(2, "cpu", fails, rank, InputError("wrong text"))
    assert str(error.value) == "wrong text" and "in fails" in error.value.__notes__[0]
    assert children() == before


def test_a_process_that_is_killed_is_named() -> None:
    before = children()
    told = "training process 2 of 2 was ended by SIGKILL, perhaps for want of memory; the same command goes on from the last checkpoint"
    with pytest.raises(RuntimeError, match=told):
        together(2, "cpu", dies)
    assert children() == before


def test_an_error_that_pickle_does_not_take_keeps_its_words() -> None:
    with pytest.raises(RuntimeError, match=r"^Unpicklable: onetwo$"):
        together(2, "cpu", raises_what_pickle_does_not_take)


CHILD = """
import pickle, sys
from pathlib import Path
from optical_repro.base.terminal import run_command
from optical_repro.distill import trainer
from optical_repro.distill.processes import together
from optical_repro.distill.teacher import TeacherStates
student, states, folder = map(Path, sys.argv[1:4])
texts, recipe = pickle.load(sys.stdin.buffer)
read = student, texts, TeacherStates(states), list(range(len(texts))), recipe, folder
def main():
    together(recipe.devices, "cpu", trainer.train, *read, device="cpu", title="training")
if __name__ == "__main__":
    sys.exit(run_command(main))
"""

LONG = Recipe("pooled", steps=120, batch_size=4, devices=2)
"""With checkpoints at 25, 50, 75 and 100 steps."""


def started(student: Path, states: Path, pairs: list[Pair], folder: Path) -> subprocess.Popen[bytes]:
    """LONG's training by a process at the head of its own group, as on a terminal."""
    line = [sys.executable, "-c", CHILD, str(student), str(states), str(folder)]
    process = subprocess.Popen(line, stdin=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    assert process.stdin is not None
    process.stdin.write(pickle.dumps(([pair.target for pair in pairs[:64]], LONG)))
    process.stdin.close()
    return process


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + 300
    while not condition():
        assert process.poll() is None and time.monotonic() < limit
        time.sleep(0.005)


def has_checkpoint(folder: Path) -> bool:
    return (folder / "checkpoints/checkpoint-25/trainer_state.json").exists()


def all_gone(family: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(family, timeout=60)
    return not alive


def test_a_killed_training_of_two_processes_goes_on(student: Path, states: Path, pairs: list[Pair], tmp_path: Path) -> None:
    process = started(student, states, pairs, tmp_path / "killed")
    wait_for(lambda: has_checkpoint(tmp_path / "killed"), process)
    family = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert len(family) >= 2 and all_gone(family)
    assert not (tmp_path / "killed/model.safetensors").exists()

    for state in (tmp_path / "killed/checkpoints").glob("checkpoint-*/trainer_state.json"):
        content = json.loads(state.read_text())
        content["log_history"][0]["loss"] = 123.0
        state.write_text(json.dumps(content))
    read = student, [pair.target for pair in pairs[:64]], TeacherStates(states), list(range(64)), LONG
    for name in ("killed", "whole"):
        together(2, "cpu", trainer.train, *read, tmp_path / name, device="cpu", title="training")
    killed, whole = (json.loads((tmp_path / name / "training.json").read_text())["log"] for name in ("killed", "whole"))
    assert killed[0]["loss"] == 123.0
    # The first mean loss after the kill is of fewer steps; the loss on the same examples and the weights are those of the whole training.
    assert [entry | {"loss": 0} for entry in killed] == [entry | {"loss": 0} for entry in whole]
    assert sha256(tmp_path / "killed/model.safetensors") == sha256(tmp_path / "whole/model.safetensors")


@pytest.mark.parametrize("moment", ["starting", "training"])
def test_ctrl_c_ends_all_processes_with_one_line(moment: str, student: Path, states: Path, pairs: list[Pair], tmp_path: Path) -> None:
    process = started(student, states, pairs, tmp_path)
    parent = psutil.Process(process.pid)
    is_time: Callable[[], bool] = (lambda: len(parent.children()) >= 3) if moment == "starting" else (lambda: has_checkpoint(tmp_path))
    wait_for(is_time, process)
    family = parent.children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    assert process.stderr
    error = process.stderr.read()
    process.wait(120)
    assert error.decode() == "\ninterrupted; nothing is lost: the same command goes on from here\n"
    assert process.returncode == 130
    assert all_gone(family)
