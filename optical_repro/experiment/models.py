"""The models of an experiment: its teacher, the encoder that students start from, and a hash of each."""

from __future__ import annotations

import os
from dataclasses import asdict
from functools import cache, cached_property
from pathlib import Path

from ..base.errors import InputError
from ..base.files import digest, sha256_once
from ..base.terminal import say
from ..encoders import models
from ..encoders.convention import Convention
from ..encoders.precision import BFLOAT16, has_fast_bf16
from .stages import Stages


@cache
def _take_gpu(number: int) -> None:
    """Makes one of the GPUs the only one of this process: the Trainer always takes the first. CUDA reads the variable when it starts.

    Raises InputError if there is none with this number, or if the process has another already.
    """
    import torch

    count = torch.cuda.device_count()
    if number >= count:
        raise InputError(f"--device cuda:{number}: this PyTorch can use {count} GPUs, numbered from 0; use --device cuda:{count - 1}")
    if torch.cuda.is_initialized():
        raise InputError(f"--device cuda:{number}: this process has used another GPU already; start a new one")
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    os.environ["CUDA_VISIBLE_DEVICES"] = visible[number] if visible != [""] else str(number)


class Models:
    """Teacher and base, and the device that they run on."""

    def __init__(self, stages: Stages) -> None:
        self._stages = stages
        self._identities: dict[Path, str] = {}

    @cached_property
    def device(self) -> str:
        """``cpu``, ``cuda`` or ``mps``."""
        import torch

        named = self._stages.settings.device
        device, _, number = named.partition(":")
        if number and torch.cuda.device_count():
            _take_gpu(int(number))
        if (device == "cuda" and not torch.cuda.is_available()) or (device == "mps" and not torch.backends.mps.is_available()):
            raise InputError(f"--device {named}: no GPU that this PyTorch can use; use --device cpu")
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self._check_devices(device)
        return device

    @cached_property
    def bf16(self) -> bool:
        """Whether documents are encoded in 16-bit brain floats; says so where that takes longer."""
        wanted = self._stages.settings.precision == BFLOAT16
        if wanted and not has_fast_bf16(self.device):
            say("--precision bfloat16: this processor has no hardware for it; encoding takes longer than in float32")
        return wanted

    def _check_devices(self, device: str) -> None:
        """Raises InputError if there are fewer GPUs than the settings ask for."""
        import torch

        settings, gpus = self._stages.settings, torch.cuda.device_count()
        wanted = settings.recipe.devices
        if wanted > 1 and device == "cpu" and settings.device == "auto":
            raise InputError(f"--devices {wanted}: no GPU that this PyTorch can use; with --device cpu, processes share the processor")
        if wanted > 1 and device != "cpu" and wanted > gpus:
            most = f"{gpus} GPUs; use --devices {gpus} or fewer" if gpus > 1 else "1 GPU; use --devices 1"
            raise InputError(f"--devices {wanted}: this PyTorch can use {most}")

    @cached_property
    def teacher(self) -> Path:
        """The teacher's folder."""
        settings = self._stages.settings
        return self._folder(settings.teacher, settings.pooling, settings.prefixes)

    @property
    def teacher_name(self) -> str:
        """How to load the teacher again: its name, or its folder in the cache if the settings change its convention."""
        return str(self.teacher) if self.teacher.is_relative_to(self._stages.cache.folder) else self._stages.settings.teacher

    @cached_property
    def base(self) -> Path:
        """The folder of the encoder that the student starts from: the teacher's, unless the settings name another."""
        student = self._stages.settings.student
        return self._folder(student) if student else self.teacher

    def identity(self, model: Path) -> str:
        """A hash of a model's weights, tokenizer and convention."""
        if model not in self._identities:
            convention = Convention.of(model)
            projection = [model / convention.projection / "model.safetensors"] if convention.projection else []
            hashes = [sha256_once(path) for path in [*models.parts(model), *projection]]
            self._identities[model] = digest([*hashes, asdict(convention)])
        return self._identities[model]

    def _folder(self, name: str, pooling: str | None = None, prefixes: tuple[str, str] | None = None) -> Path:
        """A model's folder; if pooling or prefixes are not its own, a folder of the cache that links to it and has them."""
        folder = models.locate(name)
        convention = Convention.of(folder).with_options(pooling, prefixes)
        if convention == Convention.of(folder):
            return folder
        inputs = {"model": self.identity(folder), "convention": asdict(convention)}
        return self._stages.stage(
            f"conventions of {folder.name}", "model", inputs, lambda place: models.link_with_convention(folder, convention, place)
        )
