"""Whether runs without a manifest use the ids of the topics that are judged and of the documents that are searched."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from pathlib import Path

from ..base.trec import Qrels, Run


class Strangers:
    """Ids in such runs that are not in the judgements, nor, where the documents are at hand, among the documents."""

    def __init__(self, qrels: Qrels, qrels_path: Path) -> None:
        self._qrels, self._qrels_path = qrels, qrels_path
        self._systems: list[str] = []
        self._topics: list[str] = []
        self._documents: dict[str, int] = {}
        """Document to the systems that have it, one bit each: a set for each system would not fit into memory for many large runs."""
        self._forms = _normal_forms(document for grades in qrels.values() for document in grades)
        self._searched = False

    def add_run(self, system: str, run: Run) -> None:
        """Adds the ids of a run."""
        unknown = [topic for topic in run if topic not in self._qrels]
        self._topics += _notes(
            system, "topic", unknown, _known_in_nfc(unknown, _normal_forms(self._qrels)), f"{self._qrels_path} and count for nothing"
        )
        bit = 1 << len(self._systems)
        self._systems.append(system)
        for hits in run.values():
            for document in hits:
                self._documents[document] = self._documents.get(document, 0) | bit

    def add_documents(self, documents: Iterable[str]) -> None:
        """Adds the ids of the documents that were searched."""
        self._searched = True
        for document in documents:
            self._documents.pop(document, None)
            if not document.isascii():
                self._forms.add(unicodedata.normalize("NFC", document))

    def notes(self) -> list[str]:
        """The unknown ids, a line for each run and kind of id."""
        lines = list(self._topics)
        judged = {document for grades in self._qrels.values() for document in grades}
        unknown = self._documents.keys() - judged
        if not self._searched:  # Only ids that the judgements spell differently are known to be wrong.
            unknown = set(_known_in_nfc(unknown, self._forms))
        for number, system in enumerate(self._systems):
            documents = sorted(document for document in unknown if self._documents[document] >> number & 1)
            lines += _notes(
                system,
                "document",
                documents,
                _known_in_nfc(documents, self._forms),
                "the collection" if self._searched else str(self._qrels_path),
            )
        return lines


def _notes(system: str, kind: str, unknown: Collection[str], in_nfc: Collection[str], where: str) -> list[str]:
    """``theirs: 3 topics (q8x, ...) are not in qrels/tiny.yo.test.txt and count for nothing``; no line without unknown ids."""
    if not unknown:
        return []
    single = len(unknown) == 1
    example = f"{next(iter(unknown))}{'' if single else ', ...'}"
    line = f"{system}: {len(unknown):,} {kind}{'' if single else 's'} ({example}) {'is' if single else 'are'} not in {where}"
    if in_nfc:
        line += f"; {len(in_nfc):,} would be in another Unicode normalisation (NFC): write ids as the collection writes them"
    return [line]


def _normal_forms(identifiers: Iterable[str]) -> set[str]:
    """The NFC forms of the ids that are not plain ASCII."""
    return {unicodedata.normalize("NFC", identifier) for identifier in identifiers if not identifier.isascii()}


def _known_in_nfc(unknown: Iterable[str], forms: set[str]) -> list[str]:
    """The unknown ids whose NFC form is known."""
    return (
        [identifier for identifier in unknown if not identifier.isascii() and unicodedata.normalize("NFC", identifier) in forms]
        if forms
        else []
    )
