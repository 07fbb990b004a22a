"""How far the word links of students' transport plans agree with a word aligner's."""

from __future__ import annotations

import json
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
        if student == self._students.untrained or (held_out := self.held_out(regime)) is None:
            return None
        title = regime if pretrain == "none" else f"{regime} after {pretrain}"
        untrained = self._students.untrained
        before, after = self._agreement(held_out, untrained, "before training"), self._agreement(held_out, student, title)
        return {"of": held_out.origin, "pairs": len(held_out.pairs), "before": before, "after": after}

    def held_out(self, regime: str) -> HeldOut | None:
        """The pairs that a regime's training does not read; None where there are too few."""
        from ..distill.held_out import hold_out

        collection = self._stages.collection
        translations = (collection.human_topics or {}) if collection.lang == collection.target else {}
        topics = [Pair(text, translations[topic]) for topic, text in collection.topics.items() if translations.get(topic)]
        return hold_out(topics, self._words.pairs, self._text.sentence_pairs(regime), self._stages.seed)

    def _links(self, held_out: HeldOut) -> Path:
        from ..distill.held_out import write_links

        seed = self._stages.seed
        inputs = {"pairs": digest(held_out.pairs), "company": digest(held_out.company), "seed": seed}
        title = "word links of held-out pairs"
        return self._stages.stage(title, "links", inputs, lambda folder: write_links(held_out, seed, folder / "links.json"))

    def _agreement(self, held_out: HeldOut, student: Path, title: str) -> dict[str, float]:
        models, links = self._models, self._links(held_out)
        inputs = {"links": links.name, "student": models.identity(student), "teacher": models.identity(models.teacher)}

        def make(folder: Path) -> None:
            from ..distill.held_out import read_links
            from ..distill.token_alignment import agreement, align_all
            from ..encoders.text_encoder import TextEncoder

            student_encoder, teacher_encoder = (TextEncoder(model, models.device) for model in (student, models.teacher))
            result = agreement(align_all(student_encoder, teacher_encoder, held_out.pairs), read_links(links / "links.json"))
            with whole(folder / "agreement.json") as file:
                json.dump({"score": result.score, "precision": result.precision, "recall": result.recall}, file)

        stage = self._stages.stage(f"alignment, {title}", "agreement", inputs, make)
        return dict(json.loads((stage / "agreement.json").read_text(encoding="utf-8")))
