"""Systems: the rows of the table, by name (the grammar of names is that of `base.system_names`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..base.errors import InputError, unknown
from ..base.registry import registry
from ..base.system_names import FUSED, MAXSIM, PLAID, optical_name, split_name
from ..collections.collection import Collection
from ..training_text import pretraining, regimes
from ..training_text.regimes import REGIMES
from .retriever import Retriever

RETRIEVERS = registry(f"{__package__}.retrievers", Retriever, "optical_repro.systems")
"""Name to retriever."""

USUAL = ("bm25", "bm25-qt", "dense-zs", "dense-qt", "dense-qt+bm25")
"""The default systems, besides students and people's translations."""


@dataclass(frozen=True)
class System:
    """A row of the table."""

    name: str
    retriever: str
    """One of ``RETRIEVERS``."""
    maxsim: bool = False
    fused: bool = False
    plaid: bool = False

    def __post_init__(self) -> None:
        """Raises InputError, with suggestions, for an unknown system."""
        kind = RETRIEVERS.get(self.retriever)
        if kind and (kind.dense or self.bare):
            return
        dense = [name for name, kind in RETRIEVERS.items() if kind.dense]
        composed = (base + suffix for base in dense for late in ("", MAXSIM, PLAID) for suffix in (late, late + FUSED))
        raise unknown("system", self.name, [*(name for name in RETRIEVERS if name not in dense), *composed])

    @property
    def bare(self) -> bool:
        """Whether it is its retriever alone, without late interaction and fusion."""
        return not (self.maxsim or self.plaid or self.fused)

    @property
    def kind(self) -> Retriever:
        """The retriever itself."""
        return RETRIEVERS[self.retriever]

    @property
    def regime(self) -> str | None:
        """The regime of an optical system's student; None for the others."""
        return split_name(self.retriever).regime

    @property
    def pretrain(self) -> str:
        """Its student's pre-training, one of ``PRETRAINING``."""
        return split_name(self.retriever).pretrain

    @property
    def learns(self) -> bool:
        """Whether its student is trained, by distillation or pre-training."""
        return self.regime is not None and (REGIMES[self.regime].trains or self.pretrain != "none")

    def after(self, pretrain: str) -> System:
        """The same system with pre-training, if it is optical and its name has none; any other system unchanged."""
        if pretrain == "none" or not self.regime or self.pretrain != "none":
            return self
        return parse(self.name.replace(self.retriever, optical_name(self.regime, pretrain), 1))

    @property
    def dense(self) -> System:
        """The single-vector system that it is based on."""
        return System(self.retriever, self.retriever)

    @property
    def unfused(self) -> System:
        """The system that BM25 is fused into."""
        return System(self.name.removesuffix(FUSED), self.retriever, self.maxsim, plaid=self.plaid)


def parse(name: str) -> System:
    """A system by its name. Raises InputError, with suggestions, for an unknown one."""
    return System(name, name) if name in RETRIEVERS else System(name, *split_name(name))


def meaning(name: str) -> str:
    """What a system does, in plain words; empty for one that is not known, such as somebody else's run."""
    parts = split_name(name)
    kind = RETRIEVERS.get(name) or RETRIEVERS.get(parts.retriever)
    if kind is None:
        return ""
    steps = [kind.meaning]
    if name not in RETRIEVERS:
        steps += ["MaxSim over tokens reorders its best hits"] if parts.maxsim else []
        steps += ["MaxSim over tokens, with the single vectors, of all documents"] if parts.plaid else []
        steps += ["fused with BM25 over the topics and their translations"] if parts.fused else []
    return "; ".join(steps)


def parse_regimes(text: str | Iterable[str]) -> list[str]:
    """The regimes of ``cs,bt`` or of a list of names; ``all`` stands for all but variants. Raises InputError for an unknown one."""
    names = list(dict.fromkeys(text.split(",") if isinstance(text, str) else text))
    for regime in names:
        if regime != "all":
            regimes.check(regime)
    return [name for name, regime in REGIMES.items() if regime.in_all or name in names] if "all" in names else names


def choose(names: Sequence[str] | None, trained: Iterable[str], collection: Collection, pretrain: str = "none") -> list[System]:
    """The systems with these names, or (None) all defaults that make sense on the collection: ``USUAL``, ``human`` and the
    students, alone and fused with BM25.

    ``pretrain`` is the pre-training of every student whose system's name has none.

    Raises InputError for a system that makes no sense on the collection.
    """
    pretraining.check(pretrain)
    if names is None:
        optical = [optical_name(regime) + suffix for regime in trained for suffix in ("", FUSED)]
        systems = [parse(name).after(pretrain) for name in (*USUAL, *optical, "human")]
        return [system for system in systems if system.kind.why_not(collection) is None]
    systems = list(dict.fromkeys(parse(name).after(pretrain) for name in names))
    for system in systems:
        if reason := system.kind.why_not(collection):
            raise InputError(f"system {system.name} cannot be used on {collection.name}: {reason}")
    return systems
