"""The code behind each stage of the cache: the part of a key that does not come from the inputs.

A stage's key has its inputs, and its makers: the modules and libraries that do the work. Of a module the key has its revision, a
number raised by hand with every change to its output, and its other constants; of a library, the version. tests/base/test_stages.py finds
forgotten revisions. Processor, device and number of threads are left out: they change only last digits, and a student trained on a
GPU may be used without one.
"""

from __future__ import annotations

import importlib
import pkgutil
import platform
from importlib import metadata
from typing import Any, NamedTuple


class Makers(NamedTuple):
    """Modules of this package, and the libraries that they use."""

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
TOKENS = PASSAGES | VECTORS | _makers("retrieval.late_interaction")
BM25 = WORDS | _makers("trec retrieval.lexical", "pyserini")
TRAINING = ENCODER | _makers("distill.loop distill.recipe distill.student distill.teacher", "accelerate numpy")
PHRASES = LINKS | _makers(
    "bitext.lexicon translate.sentences translate.phrases.aligned translate.phrases.extraction translate.phrases.parts "
    "translate.phrases.phrase_table translate.phrases.language_model translate.phrases.model experiment.monolingual regimes.in_domain",
    "numpy python",
)

MAKERS = {
    "aligned": LINKS,
    "lexicon": LINKS | _makers("bitext.lexicon"),
    "spans": PASSAGES | _makers("regimes.in_domain", "python"),
    "spelling": BM25 | _makers("retrieval.respelling translate.spelling"),
    "word by word": WORDS | _makers("translate.lexical"),
    "phrase model": PHRASES,
    "phrase by phrase": WORDS
    | _makers("translate.phrase translate.phrases.options translate.phrases.decoder translate.phrases.word_weights translate.sentences"),
    "translation": _makers("translate.neural translate.sentences translate.model"),
    "lucene": PASSAGES | BM25,
    "faiss": PASSAGES | VECTORS | _makers("retrieval.dense", "faiss-cpu"),
    "faiss index": _makers("retrieval.faiss_index", "faiss-cpu"),
    "tokens": TOKENS,
    "token index": TOKENS | _makers("retrieval.token_index retrieval.faiss_index", "faiss-cpu numpy"),
    "chance": BM25 | VECTORS | _makers("lexicon.spelling retrieval.dense retrieval.respelling searching.chance", "faiss-cpu numpy"),
    "passages": PASSAGES | _makers("collections.stored", "python"),
    "model": _makers("convention"),
    "untrained": WORDS | VECTORS | _makers("distill.student distill.vocabulary distill.projection", "numpy"),
    "pretrained": TRAINING | _makers("distill.pretraining"),
    "teacher": ENCODER | _makers("distill.teacher"),
    "student": TRAINING | _makers("distill.trainer distill.objectives distill.transport", "POT"),
    "plans": _makers("distill.plans"),
    "links": LINKS | _makers("distill.held_out"),
    "agreement": WORDS | VECTORS | _makers("distill.token_alignment distill.transport retrieval.reading", "POT"),
    "bm25 run": BM25,
    "as-loaded": VECTORS | _makers("trec retrieval.dense evaluation.metrics", "faiss-cpu pyserini ranx"),
    "dense run": VECTORS | _makers("trec retrieval.dense", "faiss-cpu pyserini"),
    "maxsim run": TOKENS | _makers("trec"),
    "plaid run": TOKENS | _makers("trec retrieval.token_index retrieval.faiss_index retrieval.dense", "faiss-cpu numpy"),
    "fused run": BM25 | _makers("retrieval.fusion"),
    "prebuilt run": VECTORS | _makers("trec retrieval.prebuilt retrieval.dense retrieval.fusion", "faiss-cpu pyserini"),
}
"""Stages by their names in the cache, searches that give runs, and translation by the lexicon."""


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
"""Modules that have moved: keys keep their first names, so that caches stay valid."""


def made_by(name: str) -> dict[str, Any]:
    """The part of a stage's key that describes its makers: revisions and constants of modules, versions of libraries."""
    makers = MAKERS[name]
    return {
        "modules": {module: _constants(module) for module in sorted(makers.modules)},
        "libraries": {library: version(library) for library in sorted(makers.libraries)},
    }


def version(library: str) -> str:
    """The version of an installed library without ``+cpu`` and the like, or the minor version of Python.

    Python's Unicode data and random draws differ between minor versions.
    """
    if library == "python":
        return ".".join(platform.python_version_tuple()[:2])
    return metadata.version(library).partition("+")[0]


def _constants(module: str) -> dict[str, Any]:
    """REVISION and the other plain constants of a module, imported ones and those of a folder's files included."""
    package = importlib.import_module(f"optical_repro.{MOVED.get(module, module)}")
    files = [importlib.import_module(f"{package.__name__}.{file.name}") for file in pkgutil.iter_modules(getattr(package, "__path__", ()))]
    named = {name: value for part in (*files, package) for name, value in vars(part).items()}
    return {name: value for name, value in named.items() if name.isupper() and _is_plain(value)}


def _is_plain(value: Any) -> bool:
    return all(map(_is_plain, value)) if type(value) is tuple else type(value) in (int, float, str)
