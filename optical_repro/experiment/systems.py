"""Systems: the rows of the table, by name.

A name reads from left to right: what retrieves (``bm25``; ``bm25-qt`` and ``bm25-dt``, with topics or documents translated;
``bm25-psq``, by all translations of each word at once; or a dense retriever: ``dense-zs``, ``dense-qt``, ``dense-nbest``,
``optical-<regime>``, ``human``, ``human-lexicon``), then ``-after-mlm``, ``-after-tlm`` or ``-after-cs-mlm`` where an optical
system's student was pre-trained before distillation, then ``-maxsim`` where late interaction over tokens orders a dense retriever's
best hits anew, then ``+bm25`` where BM25 over the topics and their translations is fused in. The baselines that Pyserini publishes
indexes of (``bm25-prebuilt``, ``mdpr``, ``mcontriever`` ...) have the names that ``retrieval.prebuilt`` gives them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ..base.errors import InputError, unknown
from ..collections.collection import Collection
from ..distill.recipe import PRETRAINING, check_pretraining
from ..retrieval.prebuilt import BASELINES
from ..retrieval.prebuilt import SYSTEMS as PREBUILT
from ..training_text import regimes
from ..training_text.regimes import REGIMES

LEXICAL = ("bm25", "bm25-qt", "bm25-dt", "bm25-psq")
NBEST = "dense-nbest"
"""The teacher reads many translations of a topic, made word by word: one vector, the mean of theirs."""
HUMAN = ("human", "human-lexicon")
"""The teacher reads people's translations of the topics: whole, or without the words that the lexicon has for no word of the topic."""
AFTER = "-after-"
MAXSIM = "-maxsim"
FUSED = "+bm25"


@dataclass(frozen=True)
class System:
    """A row of the table."""

    name: str
    retriever: str
    """One of LEXICAL, ``dense-zs``, ``dense-qt``, NBEST, one of HUMAN, ``optical-<regime>[-after-<pre-training>]``, or one of PREBUILT."""
    maxsim: bool = False
    fused: bool = False

    def __post_init__(self) -> None:
        """Raises InputError, with the near matches, for a system that there is not."""
        if self.retriever in _dense() or (self.retriever in (*LEXICAL, *PREBUILT) and not self.maxsim and not self.fused):
            return
        composed = (base + suffix for base in _dense() for suffix in ("", MAXSIM, FUSED, MAXSIM + FUSED))
        raise unknown("system", self.name, [*LEXICAL, *PREBUILT, *composed])

    @property
    def regime(self) -> str | None:
        """The regime of an optical system's student; None for the others."""
        return self.retriever.removeprefix("optical-").partition(AFTER)[0] if self.retriever.startswith("optical-") else None

    @property
    def pretrain(self) -> str:
        """What its student learnt before distillation, of ``PRETRAINING``."""
        return self.retriever.partition(AFTER)[2] or "none"

    def after(self, pretrain: str) -> System:
        """The same with pre-training, for an optical system whose name tells of none; all others as they are."""
        if pretrain == "none" or not self.regime or self.pretrain != "none":
            return self
        retriever = optical_name(self.regime, pretrain)
        return replace(self, name=self.name.replace(self.retriever, retriever, 1), retriever=retriever)

    @property
    def dense(self) -> System:
        """The single-vector system below it."""
        return System(self.retriever, self.retriever)


def parse(name: str) -> System:
    """A system by its name; raises InputError, with the near matches, for one that there is not."""
    if name in PREBUILT:
        return System(name, name)
    bare, maxsim, fused = name, False, False
    if bare.endswith(FUSED):
        bare, fused = bare.removesuffix(FUSED), True
    if bare.endswith(MAXSIM):
        bare, maxsim = bare.removesuffix(MAXSIM), True
    return System(name, bare, maxsim, fused)


@functools.cache
def _dense() -> tuple[str, ...]:
    """The dense retrievers."""
    optical = [optical_name(regime, pretrain) for pretrain in PRETRAINING for regime in REGIMES]
    return ("dense-zs", "dense-qt", NBEST, *HUMAN, *optical)


def optical_name(regime: str, pretrain: str = "none") -> str:
    """``optical-cs``, ``optical-cs-after-mlm``: the system of a regime's student, without or with pre-training.

    ``-after-`` tells ``cs`` after ``mlm`` from ``cs-mlm``, and what had pre-training from what had none in one folder of runs.
    """
    return f"optical-{regime}" + ("" if pretrain == "none" else AFTER + pretrain)


def parse_regimes(text: str | Iterable[str]) -> list[str]:
    """``cs,bt``, or those names, to regimes, ``all`` among them to every one; raises InputError for one that there is not."""
    named = list(dict.fromkeys(text.split(",") if isinstance(text, str) else text))
    for regime in named:
        if regime != "all":
            regimes.check(regime)
    return list(REGIMES) if "all" in named else named


def why_not(system: System, collection: Collection) -> str | None:
    """Why a system has no meaning on a collection; None if it has."""
    across = collection.lang != collection.doc_lang
    if system.retriever in PREBUILT and system.retriever not in BASELINES.get(collection.source, {}):
        has = ", ".join(BASELINES.get(collection.source, {})) or f"none at all (it has those of {' and '.join(BASELINES)})"
        return f"Pyserini publishes no such index of it; it publishes {has}"
    if system.retriever in ("bm25-qt", "bm25-dt", "bm25-psq", "dense-qt", NBEST) and not across:
        return f"topics and documents are both in {collection.lang}: there is nothing to translate"
    if system.retriever in ("dense-qt", NBEST, *HUMAN) and collection.doc_lang != "en":
        return f"the teacher reads English, and the documents are in {collection.doc_lang}"
    if system.retriever in HUMAN and not collection.human_topics:
        return "its topics have no human translations"
    return None


def choose(names: Sequence[str] | None, trained: Iterable[str], collection: Collection, pretrain: str = "none") -> list[System]:
    """The systems asked for, or (None) all that have a meaning on the collection: students, and the translated topics
    in their place, alone and fused with BM25.

    ``pretrain`` is that of all students whose system's name tells of no other.

    Raises InputError for a system that has no meaning there.
    """
    check_pretraining(pretrain)
    if names is None:
        optical = [f"optical-{regime}{suffix}" for regime in trained for suffix in ("", FUSED)]
        systems = [parse(name).after(pretrain) for name in ("bm25", "bm25-qt", "dense-zs", "dense-qt", "dense-qt+bm25", *optical, "human")]
        return [system for system in systems if why_not(system, collection) is None]
    systems = list(dict.fromkeys(parse(name).after(pretrain) for name in names))
    for system in systems:
        if reason := why_not(system, collection):
            raise InputError(f"system {system.name} cannot be used on {collection.name}: {reason}")
    return systems
