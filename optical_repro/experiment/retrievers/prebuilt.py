"""The baselines that Pyserini has prebuilt indexes for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...base.files import sha256
from ...base.stages import made_by
from ...base.trec import read_run
from ...collections.collection import Collection
from ...retrieval.prebuilt import BASELINES, SYSTEMS
from ..retriever import DEPTH, Retriever, Search

if TYPE_CHECKING:
    from ..experiment import Experiment
    from ..systems import System


def by_published_index(experiment: Experiment, system: System) -> Search:
    """A search in Pyserini's index, or the fusion of two."""
    from ...retrieval import prebuilt
    from ..systems import parse

    collection, device = experiment.collection, experiment.models.device
    baseline = BASELINES[collection.source][system.retriever]
    inputs = {"search": made_by("prebuilt run"), **prebuilt.identity(baseline, collection.doc_lang)}
    if isinstance(baseline, prebuilt.Fusion):
        parts, method = [experiment.run(parse(part)) for part in baseline.parts], baseline.method
        return Search(inputs | {"runs": [sha256(part) for part in parts]}, lambda: prebuilt.fuse(method, list(map(read_run, parts))))
    return Search(inputs, lambda: prebuilt.search(baseline, collection.doc_lang, collection.topics, k=DEPTH, device=device))


def retriever(name: str, place: int) -> Retriever:
    """The retriever of a system in ``retrieval.prebuilt``."""

    def why_not(collection: Collection) -> str | None:
        if name in BASELINES.get(collection.source, {}):
            return None
        systems = ", ".join(BASELINES.get(collection.source, {})) or f"none at all (it has those of {' and '.join(BASELINES)})"
        return f"Pyserini publishes no such index of it; it publishes {systems}"

    meaning = "a baseline of Pyserini's, from its index"
    return Retriever(name, meaning, by_published_index, why_not, maker="prebuilt run", english=False, published=True, place=place)


RETRIEVERS = tuple(retriever(name, 5 + number) for number, name in enumerate(SYSTEMS))
