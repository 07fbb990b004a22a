"""What makes each stage of the cache: the parts of the key that no input shows.

A stage is kept by its inputs. What its makers would do to them is told by their modules' revisions, numbers raised by hand with every
change to what the module makes, by the constants beside these, and by the versions of the libraries that do the work. Whether a
revision was forgotten, tests/test_stages.py finds out. Processor, device and number of threads are left out: they move last
digits, and a student from a machine with a GPU is of use on one without.
"""

from __future__ import annotations

import importlib
import pkgutil
import platform
from importlib import metadata
from typing import Any, NamedTuple


class Makers(NamedTuple):
    """Modules of this package, and the libraries that they do it with."""

    modules: frozenset[str]
    libraries: frozenset[str] = frozenset()

    def __or__(self, other: Makers) -> Makers:
        return Makers(self.modules | other.modules, self.libraries | other.libraries)


def _makers(modules: str, libraries: str = "") -> Makers:
    return Makers(frozenset(modules.split()), frozenset(libraries.split()))


WORDS = _makers("bitext.words", "python tokenizers regex icu4py")
LINKS = WORDS | _makers("bitext.alignment", "sil-thot")
PASSAGES = _makers("collections.collection")
ENCODER = _makers("encoder convention", "torch transformers tokenizers")
VECTORS = ENCODER | _makers("retrieval.text_encoder")
BM25 = WORDS | _makers("trec retrieval.lexical", "pyserini")
TRAINING = ENCODER | _makers("distill.loop distill.recipe distill.student distill.teacher", "accelerate numpy")

MAKERS = {
    "lexicon": LINKS | _makers("bitext.lexicon"),
    "spans": PASSAGES | _makers("regimes.in_domain", "python"),
    "spelling": BM25 | _makers("retrieval.respelling translate.spelling"),
    "word by word": WORDS | _makers("translate.lexical"),
    "translation": _makers("translate.neural translate.sentences translate.model"),
    "lucene": PASSAGES | BM25,
    "faiss": PASSAGES | VECTORS | _makers("retrieval.dense", "faiss-cpu"),
    "tokens": PASSAGES | VECTORS | _makers("retrieval.late_interaction"),
    "passages": PASSAGES | _makers("collections.stored", "python"),
    "model": _makers("convention"),
    "untrained": WORDS | VECTORS | _makers("distill.student distill.vocabulary distill.projection", "numpy"),
    "pretrained": TRAINING | _makers("distill.pretraining"),
    "teacher": ENCODER | _makers("distill.teacher"),
    "student": TRAINING | _makers("distill.trainer distill.objectives distill.transport", "POT"),
    "links": LINKS | _makers("distill.held_out"),
    "agreement": WORDS | VECTORS | _makers("distill.token_alignment distill.transport retrieval.reading", "POT"),
    "bm25 run": BM25,
    "as-loaded": VECTORS | _makers("trec retrieval.dense evaluation.metrics", "faiss-cpu pyserini ranx"),
    "dense run": VECTORS | _makers("trec retrieval.dense", "faiss-cpu pyserini"),
    "maxsim run": PASSAGES | VECTORS | _makers("trec retrieval.late_interaction"),
    "fused run": BM25 | _makers("retrieval.fusion"),
    "prebuilt run": VECTORS | _makers("trec retrieval.prebuilt retrieval.dense retrieval.fusion", "faiss-cpu pyserini"),
}
"""The stages by their names in the cache, the searches that make runs, and translation by the lexicon."""


MOVED = {
    "bitext.words": "base.words",
    "trec": "base.trec",
    "encoder": "encoders.encoder",
    "convention": "encoders.convention",
    "retrieval.text_encoder": "encoders.text_encoder",
    "retrieval.reading": "encoders.reading",
    "bitext.lexicon": "lexicon.lexicon",
    "bitext.alignment": "lexicon.alignment",
    "translate.spelling": "lexicon.spelling",
    "regimes.in_domain": "training_text.in_domain",
    "retrieval.lexical": "retrieval.bm25",
}
"""Modules that stand elsewhere now: keys know them by their first place, so that caches stay of use."""


def made_by(name: str) -> dict[str, Any]:
    """The revisions and constants of a stage's makers, and the versions of their libraries, as they go into its key."""
    makers = MAKERS[name]
    return {
        "modules": {module: _constants(module) for module in sorted(makers.modules)},
        "libraries": {library: version(library) for library in sorted(makers.libraries)},
    }


def version(library: str) -> str:
    """Of an installed library, or of Python, whose Unicode data and random draws differ from one minor version to the next.

    ``+cpu`` and the like are left out.
    """
    if library == "python":
        return ".".join(platform.python_version_tuple()[:2])
    return metadata.version(library).partition("+")[0]


def _constants(module: str) -> dict[str, Any]:
    """REVISION and the other plain constants of a module, those that it imports and those of its files, if it is a folder, included."""
    package = importlib.import_module(f"optical_repro.{MOVED.get(module, module)}")
    files = [importlib.import_module(f"{package.__name__}.{file.name}") for file in pkgutil.iter_modules(getattr(package, "__path__", ()))]
    named = {name: value for part in (*files, package) for name, value in vars(part).items()}
    return {name: value for name, value in named.items() if name.isupper() and _is_plain(value)}


def _is_plain(value: Any) -> bool:
    return all(map(_is_plain, value)) if type(value) is tuple else type(value) in (int, float, str)
