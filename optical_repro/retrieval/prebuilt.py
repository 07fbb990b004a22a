"""Baselines from the indexes that Pyserini publishes, run as its own reproductions (``pyserini.2cr``) run them.

Only topics are encoded here. An index is downloaded from the address in Pyserini's registry, checked against its MD5 sum, and kept
where Pyserini itself looks for it (``$PYSERINI_CACHE``, else ``~/.cache/pyserini``). Topic encoders come from the Hugging Face Hub.
"""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..base import downloads
from ..base.errors import InputError, unknown
from ..base.files import DAMAGED
from ..base.places import home
from ..base.quiet import quiet
from ..base.trec import Run

REVISION = 1
"""To be raised with every change to the hits of the same topics in the same index."""

WHITESPACE = ("yo",)
"""Languages whose prebuilt Lucene indexes split words at blanks."""


@dataclass(frozen=True)
class Lexical:
    """BM25 over a Lucene index."""

    index: str
    """Its name in Pyserini's registry; ``{lang}`` is the documents' language."""
    lang: str = "{lang}"
    """The analyzer's language."""


@dataclass(frozen=True)
class Dense:
    """An encoder's vectors in a FAISS index."""

    index: str
    encoder: str
    pooling: str = "cls"


@dataclass(frozen=True)
class Fusion:
    """Two baselines fused: ``interpolation`` (half of each score) or ``rrf`` (reciprocal rank)."""

    parts: tuple[str, str]
    method: str


Baseline = Lexical | Dense | Fusion

MDPR = "castorini/mdpr-tied-pft-msmarco"

BASELINES: dict[str, dict[str, Baseline]] = {
    "miracl": {
        "bm25-prebuilt": Lexical("miracl-v1.0-{lang}"),
        "mdpr": Dense("miracl-v1.0-{lang}-mdpr-tied-pft-msmarco", MDPR),
        "mdpr-ft-all": Dense("miracl-v1.0-{lang}-mdpr-tied-pft-msmarco-ft-all", f"{MDPR}-ft-all"),
        "mcontriever": Dense("miracl-v1.0-{lang}-mcontriever-pft-msmarco", "facebook/mcontriever-msmarco", "mean"),
        "bm25+mdpr": Fusion(("bm25-prebuilt", "mdpr"), "interpolation"),
    },
    "ciral": {
        "bm25-dt-prebuilt": Lexical("ciral-v1.0-{lang}-en", lang="en"),
        "mdpr": Dense("ciral-v1.0-{lang}-mdpr-tied-pft-msmarco", MDPR),
        "afriberta-dpr": Dense(
            "ciral-v1.0-{lang}-afriberta-dpr-ptf-msmarco-ft-latin-mrtydi", "castorini/afriberta-dpr-pft-msmarco-ft-latin-mrtydi"
        ),
        "bm25-dt+afriberta-dpr": Fusion(("bm25-dt-prebuilt", "afriberta-dpr"), "rrf"),
    },
}
"""The baselines by collection and system."""

SYSTEMS = tuple(dict.fromkeys(system for systems in BASELINES.values() for system in systems))


def search(baseline: Lexical | Dense, lang: str, topics: Mapping[str, str], *, k: int = 1000, device: str = "cpu") -> Run:
    """The ``k`` best documents of each topic; ``lang`` is the documents' language. Downloads index and encoder if missing."""
    folder = fetch(baseline.index.format(lang=lang))
    if isinstance(baseline, Lexical):
        return _lexical(folder, baseline.lang.format(lang=lang), topics, k)
    return _dense(folder, baseline, topics, k, device)


def fuse(method: str, runs: Sequence[Run]) -> Run:
    """Fuses two runs as ``pyserini.fusion`` does, with its defaults."""
    from .fusion import interpolate, reciprocal_rank

    return interpolate(runs, [0.5, 0.5]) if method == "interpolation" else reciprocal_rank(runs)


def identity(baseline: Baseline, lang: str) -> dict[str, Any]:
    """What a run of the baseline depends on besides its topics."""
    if isinstance(baseline, Fusion):
        return {"parts": list(baseline.parts), "method": baseline.method}
    settings = {"encoder": baseline.encoder, "pooling": baseline.pooling} if isinstance(baseline, Dense) else {"analyzer": baseline.lang}
    return {"md5": registry_entry(baseline.index.format(lang=lang))["md5"], **settings}


def _lexical(folder: Path, lang: str, topics: Mapping[str, str], k: int) -> Run:
    from pyserini.analysis import JWhiteSpaceAnalyzer
    from pyserini.search.lucene import LuceneSearcher

    searcher = LuceneSearcher(str(folder))
    if lang in WHITESPACE:
        searcher.set_analyzer(JWhiteSpaceAnalyzer())
    else:
        searcher.set_language(lang)
    hits = searcher.batch_search(list(topics.values()), list(topics), k=k, threads=os.cpu_count() or 1)
    return {topic: {hit.docid: hit.score for hit in hits[topic]} for topic in topics}


def _dense(folder: Path, baseline: Dense, topics: Mapping[str, str], k: int, device: str) -> Run:
    import numpy as np

    from .dense import search_vectors

    with quiet():
        from pyserini.encode import AutoQueryEncoder

        try:
            encoder = AutoQueryEncoder(baseline.encoder, device=device, pooling=baseline.pooling)
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split()).partition(". ")[0]
            raise InputError(f"{baseline.encoder}: no such model on the Hub, or no network ({reason}); check the network") from None
    vectors = np.array([encoder.encode(text) for text in topics.values()], dtype=np.float32)
    return search_vectors(folder, vectors, list(topics), k=k)


# ---- indexes


def fetch(name: str) -> Path:
    """The folder of a prebuilt index, downloaded and unpacked if missing; raises InputError if that fails."""
    entry = registry_entry(name)
    address, md5 = entry["urls"][0], entry["md5"]
    stem = (entry.get("filename") or address.rpartition("/")[2]).partition(".tar")[0]
    indexes = Path(os.environ.get("PYSERINI_CACHE") or home() / ".cache" / "pyserini") / "indexes"
    folder = indexes / f"{stem}.{md5}"
    if not folder.is_dir():
        archive = downloads.fetch(address, indexes / f"{stem}.tar.gz", md5)
        _unpack(archive, folder)
        downloads.forget(archive)
    return folder


def registry_entry(name: str) -> dict[str, Any]:
    """The entry of an index in Pyserini's registry: "urls", "md5" and more; raises InputError for an unknown name."""
    from . import jvm

    jvm.start()
    from pyserini import prebuilt_index_info

    registries = [value for key, value in vars(prebuilt_index_info).items() if key in ("TF_INDEX_INFO", "FAISS_INDEX_INFO")]
    known: dict[str, Any] = {index: entry for registry in registries for index, entry in registry.items()}
    if name not in known:
        raise unknown("prebuilt index of Pyserini", name, known)
    return dict(known[name])


DATA_ONLY: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
"""Ignores the archive's owners and modes, in Python 3.11.4 and later."""


def _unpack(archive: Path, folder: Path) -> None:
    """Unpacks an archive's one folder as ``folder``, which is complete once it exists."""
    part = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        with tarfile.open(archive) as files:
            for member in files.getmembers():
                if not (member.isfile() or member.isdir()) or not (part / member.name).resolve().is_relative_to(part.resolve()):
                    raise InputError(f"{archive}: {member.name} in it is no plain file inside its folder; an index has none such")
            files.extractall(part, **DATA_ONLY)
    except DAMAGED as error:
        archive.unlink(missing_ok=True)
        reason = " ".join(str(error).split())
        raise InputError(f"{archive}: not an archive that can be unpacked ({reason}), now removed; try again to download it anew") from None
    folders = [path for path in part.iterdir() if path.is_dir()]
    if len(folders) != 1:
        raise InputError(f"{archive}: {len(folders)} folders in it; expected one, the index")
    folders[0].rename(folder)
    shutil.rmtree(part)
