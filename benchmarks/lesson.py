"""The data of the training benchmarks: the sample's Yorùbá sentence pairs, the untrained student, and the teacher."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from optical_repro import collections
from optical_repro.bitext.readers import Pair, read_bitext
from optical_repro.collections import sample
from optical_repro.distill import student, trainer
from optical_repro.distill.recipe import Recipe
from optical_repro.distill.teacher import TeacherStates, write_states
from optical_repro.encoders import models
from optical_repro.encoders.text_encoder import TextEncoder
from optical_repro.lexicon import lexicon as lexicons


@dataclass(frozen=True)
class Lesson:
    """The data that a student learns from."""

    pairs: list[Pair]
    teacher: Path
    untrained: Path
    states: TeacherStates
    """The teacher's states of the English sides."""
    passages: np.ndarray
    """The teacher's vectors of the sample's passages, for the objective ``scores``: [passages, d]."""


def prepare(folder: Path, count: int) -> Lesson:
    """The first ``count`` pairs, repeated if there are fewer, and both models; writes into ``folder``."""
    bitext = read_bitext([sample.FOLDER / "bitext.yo-en.tsv"], "yo").pairs
    pairs = [bitext[index % len(bitext)] for index in range(count)]
    teacher = models.locate(models.EMBEDDED)
    untrained, states = folder / "untrained", folder / "states"
    for path in (untrained, states):
        path.mkdir()
    student.build(teacher, lexicons.induce(bitext, seed=42), untrained)
    write_states(teacher, [pair.english for pair in pairs], states, "cpu")
    passages = TextEncoder(teacher).encode([passage.contents for passage in collections.load("sample", "yo").passages()])
    return Lesson(pairs, teacher, untrained, TeacherStates(states), passages)


def train(lesson: Lesson, recipe: Recipe, folder: Path, device: str = "cpu") -> None:
    """Trains a student on all pairs, as ``optical_repro.run`` does, and deletes it."""
    texts = [pair.target for pair in lesson.pairs]
    state_of = range(len(texts))
    trainer.train(
        lesson.untrained, texts, lesson.states, state_of, recipe, folder, device=device, title="training", passages=lesson.passages
    )
    shutil.rmtree(folder)
