"""The grammar of system names, the names of the rows of the table.

A name has, from left to right: the retriever (``bm25``, ``dense-qt``, ``optical-<regime>`` ...); ``-after-<objective>`` if the student
was pre-trained before distillation; ``-nbest`` if the student reads translations of a topic beside it; ``-maxsim`` if late interaction over
tokens reranks the best hits, ``-plaid`` if it scores all documents; ``+bm25`` if BM25 over the topics and their translations is fused in.
The registries have the known names; any other name, such as that of somebody else's run, is a retriever of its own.
"""

from __future__ import annotations

import re
from typing import NamedTuple

STUDENT = "optical-"
AFTER = "-after-"
"""Distinguishes ``cs`` after ``mlm`` from ``cs-mlm``, and students with pre-training from those without."""
BESIDE = "-nbest"
"""Behind a student's name: it reads translations of each topic beside the topic."""
MAXSIM, PLAID = "-maxsim", "-plaid"
FUSED = "+bm25"
HUMAN = "human"
TRANSLATING = ("qt", "dt", "psq", "nbest")
"""Parts of the names of retrievers that translate topics or documents."""


class SystemName(NamedTuple):
    """The parts of a system's name."""

    retriever: str
    """``bm25``, ``optical-cs-after-mlm``."""
    maxsim: bool = False
    fused: bool = False
    plaid: bool = False

    def __str__(self) -> str:
        return self.retriever + (MAXSIM if self.maxsim else PLAID if self.plaid else "") + (FUSED if self.fused else "")

    @property
    def by_tokens(self) -> bool:
        """Whether late interaction gives its scores, or a part of them."""
        return self.maxsim or self.plaid

    @property
    def is_student(self) -> bool:
        """Whether a student encodes topics or documents."""
        return self.retriever.startswith(STUDENT)

    @property
    def regime(self) -> str | None:
        """The regime of its student; None for a system without one."""
        return self._student.partition(AFTER)[0] if self.is_student else None

    @property
    def pretrain(self) -> str:
        """Its student's pre-training; ``none`` without one."""
        return self._student.partition(AFTER)[2] or "none"

    @property
    def beside(self) -> bool:
        """Whether its student reads translations of a topic beside it."""
        return self.is_student and self.retriever.endswith(BESIDE)

    @property
    def alone(self) -> str:
        """Its retriever without translations beside the topics."""
        return self.retriever.removesuffix(BESIDE) if self.beside else self.retriever

    @property
    def _student(self) -> str:
        return self.alone.removeprefix(STUDENT)

    @property
    def is_ceiling(self) -> bool:
        """Whether it uses people's translations, whole or in part: it is out of competition."""
        return re.match(rf"{HUMAN}\b", self.retriever) is not None

    @property
    def translates(self) -> bool:
        """Whether it translates topics or documents, and then retrieves without a student."""
        return not self.is_student and any(part in TRANSLATING for part in re.split(r"\W", self.retriever)[1:])


def split_name(name: str) -> SystemName:
    """The parts of a name.

    >>> split_name("optical-cs-after-mlm-maxsim+bm25")
    SystemName(retriever='optical-cs-after-mlm', maxsim=True, fused=True, plaid=False)
    """
    bare = name.removesuffix(FUSED)
    maxsim, plaid = bare.endswith(MAXSIM), bare.endswith(PLAID)
    return SystemName(bare.removesuffix(PLAID if plaid else MAXSIM), maxsim, name.endswith(FUSED), plaid)


def optical_name(regime: str, pretrain: str = "none", beside: bool = False) -> str:
    """``optical-cs``, ``optical-cs-after-mlm``, ``optical-cs-nbest``: the retriever of a regime's student.

    It is without or with pre-training, and reads topics alone or beside their translations.
    """
    return STUDENT + student_name(regime, pretrain) + (BESIDE if beside else "")


def student_name(regime: str, pretrain: str = "none") -> str:
    """``cs``, ``cs-after-mlm``."""
    return regime if pretrain == "none" else regime + AFTER + pretrain
