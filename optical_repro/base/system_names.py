"""The grammar of system names, the names of the rows of the table.

A name has, from left to right: the retriever (``bm25``, ``dense-qt``, ``optical-<regime>`` ...); ``-after-<objective>`` if the student
was pre-trained before distillation; ``-maxsim`` if late interaction over tokens reranks the best hits, ``-plaid`` if it scores all
documents; ``+bm25`` if BM25 over the topics and their translations is fused in. The registries have the known names; any other name, such
as that of somebody else's run, is a retriever of its own.
"""

from __future__ import annotations

import re
from typing import NamedTuple

STUDENT = "optical-"
AFTER = "-after-"
"""Distinguishes ``cs`` after ``mlm`` from ``cs-mlm``, and students with pre-training from those without."""
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
        return self.retriever.removeprefix(STUDENT).partition(AFTER)[0] if self.is_student else None

    @property
    def pretrain(self) -> str:
        """Its student's pre-training; ``none`` without one."""
        return self.retriever.partition(AFTER)[2] or "none"

    @property
    def is_ceiling(self) -> bool:
        """Whether it uses people's translations, whole or in part: it is out of competition."""
        return re.match(rf"{HUMAN}\b", self.retriever) is not None

    @property
    def translates(self) -> bool:
        """Whether it translates topics or documents, and then retrieves."""
        return any(part in TRANSLATING for part in re.split(r"\W", self.retriever)[1:])


def split_name(name: str) -> SystemName:
    """The parts of a name.

    >>> split_name("optical-cs-after-mlm-maxsim+bm25")
    SystemName(retriever='optical-cs-after-mlm', maxsim=True, fused=True, plaid=False)
    """
    bare = name.removesuffix(FUSED)
    maxsim, plaid = bare.endswith(MAXSIM), bare.endswith(PLAID)
    return SystemName(bare.removesuffix(PLAID if plaid else MAXSIM), maxsim, name.endswith(FUSED), plaid)


def optical_name(regime: str, pretrain: str = "none") -> str:
    """``optical-cs``, ``optical-cs-after-mlm``: the system of a regime's student, without or with pre-training."""
    return STUDENT + student_name(regime, pretrain)


def student_name(regime: str, pretrain: str = "none") -> str:
    """``cs``, ``cs-after-mlm``."""
    return regime if pretrain == "none" else regime + AFTER + pretrain
