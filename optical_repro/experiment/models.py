"""The models of an experiment: its teacher, the encoder that students start from, and a hash of each."""

from __future__ import annotations

from dataclasses import asdict
from functools import cached_property
from pathlib import Path

from ..base.errors import InputError
from ..base.files import digest, sha256_once
from ..encoders import models
from ..encoders.convention import Convention
from .stages import Stages


class Models:
    """Teacher and base, and the device that they run on."""

    def __init__(self, stages: Stages) -> None:
        self._stages = stages
        self._identities: dict[Path, str] = {}

    @cached_property
    def device(self) -> str:
        """``cpu`` or ``cuda``."""
        import torch

        device = self._stages.settings.device
        if device == "cuda" and not torch.cuda.is_available():
            raise InputError("--device cuda: no GPU that this PyTorch can use; use --device cpu")
        if device != "auto":
            return device
        return "cuda" if torch.cuda.is_available() else "cpu"

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
