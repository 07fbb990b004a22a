"""Which device the names of ``--device`` stand for, with stand-ins for GPUs."""

from __future__ import annotations

import os

import pytest
import torch

from optical_repro.base.errors import InputError
from optical_repro.experiment import models
from optical_repro.experiment.models import Models
from optical_repro.experiment.settings import Settings


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two GPUs that no one uses yet."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    models._take_gpu.cache_clear()


def device(name: str) -> str:
    class Stages:
        settings = Settings(device=name)

    return Models(Stages()).device  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "means"), [("auto", "cuda"), ("cpu", "cpu"), ("cuda", "cuda"), ("cuda:1", "cuda"), ("mps", "mps")])
def test_names(name: str, means: str, gpus: None) -> None:
    assert device(name) == means
    assert os.environ["CUDA_VISIBLE_DEVICES"] == ("1" if name == "cuda:1" else "")


def test_numbers_count_the_gpus_that_this_process_may_use(gpus: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    assert device("cuda:1") == device("cuda:1") == "cuda"
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "7"


def test_a_gpu_that_is_not_there(gpus: None) -> None:
    with pytest.raises(InputError, match=r"^--device cuda:3: this PyTorch can use 2 GPUs, numbered from 0; use --device cuda:1$"):
        device("cuda:3")


def test_another_gpu_in_a_process_that_has_used_one(gpus: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    with pytest.raises(InputError, match=r"^--device cuda:1: this process has used another GPU already; start a new one$"):
        device("cuda:1")


@pytest.mark.parametrize("name", ["cuda", "cuda:1", "mps"])
def test_without_a_gpu(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(InputError, match=f"^--device {name}: no GPU that this PyTorch can use; use --device cpu$"):
        device(name)


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:-1", "cuda:x", "cpu:1", "cuda:1234"])
def test_no_device(name: str) -> None:
    with pytest.raises(InputError, match="--device"):
        Settings(device=name)
