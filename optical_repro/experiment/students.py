"""The students of an experiment: before training, after pre-training, after distillation."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.files import digest
from ..base.registry import extension
from ..base.stages import made_by
from ..base.system_names import student_name
from ..distill.objectives import OBJECTIVES
from ..distill.processes import together
from ..encoders.convention import Convention
from ..training_text import pretraining, regimes
from .indexes import Indexes
from .learnt import Learnt
from .models import Models
from .stages import Stages
from .text import Text

if TYPE_CHECKING:
    from ..distill.trainer import Sides


class Students:
    """Each student is trained when it is first needed."""

    def __init__(self, stages: Stages, models: Models, learnt: Learnt, text: Text, indexes: Indexes) -> None:
        self._stages, self._models, self._learnt, self._text, self._indexes = stages, models, learnt, text, indexes
        self._students: dict[tuple[str, str], Path] = {}

    @cached_property
    def untrained(self) -> Path:
        """The student before training."""
        from ..distill import student

        settings, models, learnt = self._stages.settings, self._models, self._learnt
        lexicon_key = learnt.lexicon_key if settings.lexical_init else None
        inputs = {"teacher": models.identity(models.teacher), "lexicon": lexicon_key}
        english = [pair.english for pair in learnt.pairs]
        if settings.student:
            english = english or sorted(learnt.lexicon.reversed().entries)
            inputs |= {"base": models.identity(models.base), "english": digest(english)}

        def make(folder: Path) -> None:
            lexicon, sentences = learnt.lexicon if lexicon_key else None, (pair.target for pair in learnt.pairs)
            teacher = models.teacher if settings.student else None
            student.build(models.base, lexicon, folder, sentences=sentences, teacher=teacher, english=english)

        return self._stages.stage("untrained student", "untrained", inputs, make)

    def pretrained(self, objective: str) -> Path:
        """The student after pre-training by an objective, before distillation; ``none``: the untrained one.

        Raises InputError for an unknown objective.
        """
        pretraining.check(objective)
        return self.untrained if objective == "none" else self._pretrain(objective)

    def _pretrain(self, objective: str) -> Path:
        from ..distill import pretraining

        fitted = self._stages.settings.recipe.fitted(self._text.size, self._stages.collection.doc_lang == "en")
        recipe = replace(fitted, objective=objective, transport=())
        texts, held_out = self._text.pretraining_texts(objective), self._text.unread_pretraining_texts(objective)
        inputs = {"untrained": self.untrained.name, "texts": digest(texts), "recipe": recipe.described(), "held_out": digest(held_out)}
        title = f"pre-training by {objective}"

        def make(folder: Path) -> None:
            read = self.untrained, texts, recipe, folder
            device = self._models.device
            together(recipe.devices, device, pretraining.pretrain, *read, device=device, title=title, held_out=held_out)
            shutil.rmtree(folder / "checkpoints")

        return self._stages.stage(title, "pretrained", inputs, make)

    def student(self, regime: str, pretrain: str = "none") -> Path:
        """The student trained on a regime after pre-training; ``none`` leaves one of the two out.

        Raises InputError for an unknown regime or objective.
        """
        regimes.check(regime)
        if (regime, pretrain) not in self._students:
            start = self.pretrained(pretrain)
            self._students[regime, pretrain] = self._train(regime, start, pretrain) if regimes.REGIMES[regime].trains else start
        return self._students[regime, pretrain]

    def _train(self, regime: str, start: Path, pretrain: str) -> Path:
        from ..distill import trainer

        models, pairs = self._models, self._text.training_pairs(regime)
        english = self._stages.collection.doc_lang == "en"
        recipe = self._stages.settings.recipe.fitted(len(pairs), english)
        # The prefix is that of the text which the student will encode: documents in its language, or else topics.
        side = "query_prefix" if english else "passage_prefix"
        teacher_prefix, student_prefix = (getattr(Convention.of(folder), side) for folder in (models.teacher, self.untrained))
        objectives = [OBJECTIVES[part] for part in recipe.parts]
        index = self._indexes.dense(models.teacher, exact=True) if any(objective.english_documents for objective in objectives) else None
        inputs: dict[str, Any] = {
            "untrained": self.untrained.name,
            "pairs": digest(pairs),
            "prefixes": [student_prefix, teacher_prefix],
            "recipe": recipe.described(),
            "passages": index and index.name,
        }
        if recipe.transport or recipe.devices > 1:
            inputs["plans"] = made_by("plans")
        name = student_name(regime, pretrain)
        if pretrain != "none":
            inputs["pretrained"] = start.name
        held_out = [(student_prefix + pair.target, teacher_prefix + pair.english) for pair in self._text.unread(regime)]
        inputs["held_out"] = digest(held_out)
        extensions = {part: extension(objective.loss) for part, objective in zip(recipe.parts, objectives, strict=True)}
        inputs |= {f"objective {part}": packages for part, packages in extensions.items() if packages}

        def make(folder: Path) -> None:
            texts = [(student_prefix + pair.student, teacher_prefix + pair.teacher) for pair in pairs]
            read = self._sides(regime, texts)
            together(
                recipe.devices,
                models.device,
                trainer.train,
                start,
                *read[:3],
                recipe,
                folder,
                device=models.device,
                title=f"training on {name}",
                pooling=Convention.of(models.teacher).pooling,
                passages=self._indexes.vectors(index) if index else None,
                held_out=self._sides("held-out pairs", held_out) if held_out else None,
                weights=read.weights,
            )
            shutil.rmtree(folder / "checkpoints")

        return self._stages.stage(f"student {name}", "student", inputs, make)

    def _sides(self, title: str, pairs: Sequence[tuple[str, str]]) -> Sides:
        """Pairs with the teacher's states of their English texts."""
        from ..distill import teacher, trainer

        models, english = self._models, sorted({text for _, text in pairs})
        states = self._stages.stage(
            f"teacher's side of {title}",
            "teacher",
            {"teacher": models.identity(models.teacher), "texts": digest(english)},
            lambda folder: teacher.write_states(models.teacher, english, folder, models.device),
        )
        place = {text: index for index, text in enumerate(english)}
        weights = teacher.token_weights(models.teacher, english) if "content" in self._stages.settings.recipe.transport else None
        return trainer.Sides([text for text, _ in pairs], teacher.TeacherStates(states), [place[text] for _, text in pairs], weights)
