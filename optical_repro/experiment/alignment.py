"""How far the word links of students' transport plans agree with a word aligner's."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.files import digest, whole
from ..bitext.readers import Pair
from .models import Models
from .stages import Stages
from .students import Students
from .text import Text
from .words import Words

if TYPE_CHECKING:
    from ..distill.held_out import HeldOut


class Alignment:
    """Measured on pairs that are not used in training."""

    def __init__(self, stages: Stages, models: Models, words: Words, text: Text, students: Students) -> None:
        self._stages, self._models, self._words, self._text, self._students = stages, models, words, text, students

    def of(self, regime: str, pretrain: str = "none") -> dict[str, Any] | None:
        """A student's agreement with the aligner on held-out pairs, before training and after.

        None for an untrained student, and where there are too few pairs to measure on.
        """
        student = self._students.student(regime, pretrain)
        if student == self._students.untrained or self.held_out is None:
            return None
        title = regime if pretrain == "none" else f"{regime} after {pretrain}"
        before, after = self._agreement(self._students.untrained, "before training"), self._agreement(student, title)
        return {"of": self.held_out.origin, "pairs": len(self.held_out.pairs), "before": before, "after": after}

    @cached_property
    def held_out(self) -> HeldOut | None:
        """The held-out pairs; None where there are too few."""
        from ..distill.held_out import hold_out

        collection = self._stages.collection
        translations = (collection.human_topics or {}) if collection.lang == collection.target else {}
        topics = [Pair(text, translations[topic]) for topic, text in collection.topics.items() if translations.get(topic)]
        return hold_out(topics, self._words.pairs, self._text.chosen_pairs, self._stages.seed)

    @cached_property
    def _links(self) -> Path:
        from ..distill.held_out import write_links

        held_out, seed = self.held_out, self._stages.seed
        assert held_out is not None
        inputs = {"pairs": digest(held_out.pairs), "company": digest(held_out.company), "seed": seed}
        title = "word links of held-out pairs"
        return self._stages.stage(title, "links", inputs, lambda folder: write_links(held_out, seed, folder / "links.json"))

    def _agreement(self, student: Path, title: str) -> dict[str, float]:
        held_out, models = self.held_out, self._models
        assert held_out is not None
        inputs = {"links": self._links.name, "student": models.identity(student), "teacher": models.identity(models.teacher)}

        def make(folder: Path) -> None:
            from ..distill.held_out import read_links
            from ..distill.token_alignment import agreement, align_all
            from ..encoders.text_encoder import TextEncoder

            student_encoder, teacher_encoder = (TextEncoder(model, models.device) for model in (student, models.teacher))
            result = agreement(align_all(student_encoder, teacher_encoder, held_out.pairs), read_links(self._links / "links.json"))
            with whole(folder / "agreement.json") as file:
                json.dump({"score": result.score, "precision": result.precision, "recall": result.recall}, file)

        stage = self._stages.stage(f"alignment, {title}", "agreement", inputs, make)
        return dict(json.loads((stage / "agreement.json").read_text(encoding="utf-8")))
