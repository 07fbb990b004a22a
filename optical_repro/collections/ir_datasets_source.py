"""Collections of ir_datasets, by their id there, or by a short name with language and split."""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ..base.errors import InputError, unknown
from ..base.files import DAMAGED, digest
from ..base.places import home
from ..base.trec import Qrels
from ..bitext.named import DUTCH
from .collection import Collection, Passage
from .source import Size, Source
from .topics import keep_judged


@dataclass(frozen=True)
class Family:
    """The ids behind one short name."""

    pattern: str
    splits: tuple[str, ...]
    """The default first; empty: the ids have no split."""
    direction: str
    languages: tuple[str, ...]
    about: str
    license: str
    citation: str


def _codes(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FAMILIES = {
    "miracl": Family(
        pattern="miracl/{lang}/{split}",
        splits=("dev", "train"),
        direction="xx → xx",
        languages=_codes("ar bn de en es fa fi fr hi id ja ko ru sw te th yo zh"),
        about="Wikipedia passages; no train split for de and yo",
        license="Apache-2.0",
        citation="Zhang et al. 2023, MIRACL (TACL 11)",
    ),
    "mr-tydi": Family(
        pattern="mr-tydi/{lang}/{split}",
        splits=("test", "dev", "train"),
        direction="xx → xx",
        languages=_codes("ar bn en fi id ja ko ru sw te th"),
        about="Wikipedia passages",
        license="Apache-2.0",
        citation="Zhang et al. 2021, Mr. TyDi (MRL 2021)",
    ),
    "clirmatrix": Family(
        pattern="clirmatrix/en/bi139-base/{lang}/{split}",
        splits=("test1", "test2", "dev", "train"),
        direction="xx → en",
        languages=(),
        about="Wikipedia articles, 139 languages; other pairs by id: clirmatrix/yo/bi139-base/en/test1",
        license="CC BY-SA 3.0 (Wikipedia)",
        citation="Sun and Duh 2020, CLIRMatrix (EMNLP 2020)",
    ),
    "wikiclir": Family(
        pattern="wikiclir/{lang}",
        splits=(),
        direction="en → xx",
        languages=_codes("ar ca cs de es fi fr it ja ko nl nn no pl pt ro ru sv sw tl tr uk vi zh"),
        about="Wikipedia articles",
        license="CC BY-SA 3.0 (Wikipedia)",
        citation="Sasaki et al. 2018, Cross-Lingual Learning-to-Rank (NAACL 2018)",
    ),
    "hc4": Family(
        pattern="hc4/{lang}/{split}",
        splits=("test", "dev", "train"),
        direction="en → xx",
        languages=_codes("fa ru zh"),
        about="Common Crawl News; documents by HC4's own tool, put where ir_datasets says",
        license="see github.com/hltcoe/HC4",
        citation="Lawrie et al. 2022, HC4 (ECIR 2022)",
    ),
    "neuclir": Family(
        pattern="neuclir/1/{lang}/{split}",
        splits=("trec-2023", "trec-2022"),
        direction="en → xx",
        languages=_codes("fa ru zh"),
        about="Common Crawl News",
        license="see neuclir.github.io",
        citation="Lawrie et al. 2023, Overview of the TREC 2022 NeuCLIR Track",
    ),
    "mmarco": Family(
        pattern="mmarco/v2/{lang}/{split}",
        splits=("dev/small", "dev", "train"),
        direction="xx → xx",
        languages=_codes("ar de es fr hi id it ja nl pt ru vi zh"),
        about="MS MARCO passages, machine-translated",
        license="Apache-2.0; MS MARCO's terms",
        citation="Bonifacio et al. 2021, mMARCO (arXiv 2108.13897)",
    ),
}

TOPICS_OF = {f"neuclir/1/{lang}/trec-2023": "neuclir/1/multi/trec-2023" for lang in FAMILIES["neuclir"].languages}
"""Ids that take the topics of another id: ir_datasets 0.6.3 looks for those of 2023 in the judgements of 2022 (its issue 292)."""


def load(name: str, lang: str, split: str | None = None) -> Collection:
    """Loads a collection by short name or id (``miracl``, ``miracl/yo/dev``), downloading what is missing.

    ``lang`` is the language of the topics, or of the documents if the topics are English. Raises InputError for an
    unknown id or one without judgements, a language that is not the collection's, or a failed download.
    """
    _quiet()
    with _readable(name):
        dataset_id = _resolve(name, lang, split)
        dataset = _dataset(dataset_id)
        topic_lang, doc_lang = ("nl" if code == DUTCH else code or "en" for code in (dataset.queries_lang(), dataset.docs_lang()))
        if lang not in (topic_lang, doc_lang):
            raise InputError(f"{dataset_id} has topics in {topic_lang} and documents in {doc_lang}, not in {lang}")
        queries = _dataset(TOPICS_OF.get(dataset_id, dataset_id)).queries_iter()
        all_topics = {query.query_id: " ".join(query.default_text().split()) for query in queries}
        qrels: Qrels = {}
        for judgement in dataset.qrels_iter():
            qrels.setdefault(judgement.query_id, {})[judgement.doc_id] = judgement.relevance
    topics, qrels = keep_judged(all_topics, qrels, dataset_id)
    next(_passages(dataset_id), None)  # A failed download must fail now, not after an hour of training.
    source, split = _name(dataset_id)
    family = FAMILIES.get(source)
    return Collection(
        source=source,
        lang=topic_lang,
        doc_lang=doc_lang,
        split=split,
        topics=topics,
        qrels=qrels,
        passages=partial(_passages, dataset_id),
        digest=_digest(dataset_id),
        license=family.license if family else "",
        citation=family.citation if family else f"ir-datasets.com/{dataset_id.partition('/')[0]}.html",
        left_out=len(all_topics) - len(topics),
    )


def is_known(name: str) -> bool:
    """Whether the first part of a name is one of ir_datasets' collections."""
    import ir_datasets

    root = name.partition("/")[0]
    return root in FAMILIES or any(dataset_id.partition("/")[0] == root for dataset_id in ir_datasets.registry)


def sources() -> dict[str, Source]:
    """The sources with short names."""
    return {
        name: Source(
            name=name,
            languages=family.languages,
            direction=family.direction,
            splits=family.splits,
            about=family.about,
            license=family.license,
            citation=family.citation,
            origin=f"ir-datasets.com/{name}.html",
            load=partial(load, name),
            on_disk=partial(_on_disk, name),
            sizes=partial(_sizes, family),
        )
        for name, family in FAMILIES.items()
    }


def _sizes(family: Family) -> list[Size]:
    """The sizes of a short name's ids that exist, from ir_datasets' metadata."""
    import ir_datasets

    sizes = []
    for lang in family.languages:
        for split in family.splits or ("",):
            dataset_id = _id(family, lang, split)
            if dataset_id in ir_datasets.registry:
                metadata = ir_datasets.load(dataset_id).metadata()
                sizes.append(Size(lang, split, _count(metadata.get("docs")), _count(metadata.get("queries"))))
    return sizes


def _count(counts: Any) -> int | None:
    return counts.get("count") if isinstance(counts, dict) else counts


def _home() -> Path:
    return Path(os.environ.get("IR_DATASETS_HOME") or home() / ".ir_datasets")


def _on_disk(name: str) -> bool:
    return any(path.is_file() and path.name != "irds_version.txt" for path in (_home() / name).rglob("*"))


def _resolve(name: str, lang: str, split: str | None) -> str:
    """The id of a short name, or of the beginning of an id."""
    if family := FAMILIES.get(name):
        if family.languages and lang not in family.languages:
            raise unknown(f"language of {name}", lang, family.languages)
        if not family.splits and split:
            raise InputError(f"{name} has no splits; leave out --split {split}")
        return _id(family, lang, split or next(iter(family.splits), ""))
    return f"{name}/{split}" if split and not f"/{name}".endswith(f"/{split}") else name


def _id(family: Family, lang: str, split: str) -> str:
    return family.pattern.format(lang=DUTCH if lang == "nl" and family is FAMILIES["mmarco"] else lang, split=split)


def _name(dataset_id: str) -> tuple[str, str]:
    """Source and split for names of files: those of the id's short name, if it has one."""
    for name, family in FAMILIES.items():
        pattern = re.escape(family.pattern).replace(r"\{lang\}", "[^/]+").replace(r"\{split\}", "(?P<split>.+)")
        if match := re.fullmatch(pattern, dataset_id):
            return name, match.groupdict().get("split", "all").replace("/", "-")
    beginning, _, last = dataset_id.rpartition("/")
    return (beginning.replace("/", "-"), last) if beginning else (last, "all")


def _dataset(dataset_id: str) -> Any:
    import ir_datasets

    try:
        dataset = ir_datasets.load(dataset_id)
    except KeyError:
        root = dataset_id.partition("/")[0]
        raise unknown(
            "id of ir_datasets", dataset_id, [known_id for known_id in ir_datasets.registry if known_id.startswith(root)]
        ) from None
    if not (dataset.has_docs() and dataset.has_queries() and dataset.has_qrels()):
        usable = [
            known_id
            for known_id in ir_datasets.registry
            if _shares_documents(dataset_id, known_id) and ir_datasets.load(known_id).has_qrels()
        ]
        raise InputError(f"{dataset_id} lacks topics or judgements; ids with both: {', '.join(usable) or 'see ir-datasets.com'}")
    return dataset


def _shares_documents(dataset_id: str, other: str) -> bool:
    """Whether two ids have the same documents: ``miracl/yo/test-a`` and ``miracl/yo/dev``."""
    parts = dataset_id.split("/")
    return other.split("/")[: max(1, min(2, len(parts)))] == parts[:2]


def _passages(dataset_id: str) -> Iterator[Passage]:
    with _readable(dataset_id):
        for document in _dataset(dataset_id).docs_iter():
            text = document.text if hasattr(document, "text") else document.default_text()
            yield Passage(document.doc_id, getattr(document, "title", None) or "", text or "")


def _digest(dataset_id: str) -> str:
    """A digest of the documents' id and the hashes of their files, or of the documents themselves if no hashes are known."""
    import ir_datasets

    hashes = sorted(_hashes(_dataset(dataset_id).docs_handler(), set()))
    return digest([ir_datasets.docs_parent_id(dataset_id), hashes or _hash_of_documents(dataset_id)])


def _hash_of_documents(dataset_id: str) -> str:
    """A hash of the documents, read one at a time: HC4's, which have no hash, take several gigabytes."""
    total = hashlib.sha256()
    for passage in _passages(dataset_id):
        total.update(digest([passage.id, passage.title, passage.text]).encode())
    return total.hexdigest()


def _hashes(part: Any, seen: set[int]) -> Iterator[str]:
    """The MD5 sums that ir_datasets expects of downloads, anywhere inside a part of a dataset."""
    from ir_datasets.util import Download

    if id(part) in seen:
        return
    seen.add(id(part))
    if isinstance(part, Download):
        if part.expected_md5:
            yield part.expected_md5
    elif isinstance(part, list | tuple):
        for item in part:
            yield from _hashes(item, seen)
    elif type(part).__module__.startswith("ir_datasets") and hasattr(part, "__dict__"):
        yield from _hashes(list(vars(part).values()), seen)


def _quiet() -> None:
    """Keeps ir_datasets' log off the terminal, but not its progress bars; errors are raised."""
    import ir_datasets

    ir_datasets.log.easy().logger().setLevel(logging.CRITICAL)  # easy() creates the logger first, which would reset its level later.


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Turns ir_datasets' errors about files into an InputError that says what to do."""
    try:
        yield
    except (OSError, RuntimeError, UnicodeDecodeError, json.JSONDecodeError, *DAMAGED) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        if isinstance(error, FileNotFoundError):  # A file that ir_datasets does not download itself.
            family = name.partition("/")[0]
            raise InputError(f"{name}: put its documents at {error}; ir-datasets.com/{family}.html tells how to have them") from None
        remedy = "check the network and try again, or set IR_DATASETS_HOME to a folder that has its files"
        raise InputError(f"{name}: {_reason(error)}; {remedy}") from None


def _reason(error: Exception) -> str:
    if not isinstance(error, OSError) and len(error.args) == 2 and isinstance(error.args[1], list) and error.args[1]:
        error = error.args[1][-1][1]  # All mirrors failed: take the last one's error.
    if type(error).__name__ == "HashVerificationError":  # Also if the host answered "not found": ir_datasets ignores the status.
        return f"a download is not the file that was published ({error})"
    if getattr(error, "response", None) is None and (request := getattr(error, "request", None)) is not None:
        return f"no connection to {request.url}"
    return " ".join(str(error).split())
