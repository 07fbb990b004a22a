"""Whether runs that no manifest vouches for speak of the topics and documents that are judged and searched."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from pathlib import Path

from ..base.trec import Qrels, Run


class Strangers:
    """The ids of such runs, held against those of the judgements and, where they are at hand, of the documents."""

    def __init__(self, qrels: Qrels, qrels_path: Path) -> None:
        self._qrels, self._qrels_path = qrels, qrels_path
        self._systems: list[str] = []
        self._topics: list[str] = []
        self._documents: dict[str, int] = {}
        """Document to the systems that have it, a bit each: sets of each system's own would not fit for many large runs."""
        self._forms = _forms(document for grades in qrels.values() for document in grades)
        self._searched = False

    def meet(self, system: str, run: Run) -> None:
        """Takes up a run."""
        unknown = [topic for topic in run if topic not in self._qrels]
        self._topics += _told(system, "topic", unknown, _twins(unknown, _forms(self._qrels)), f"{self._qrels_path} and count for nothing")
        bit = 1 << len(self._systems)
        self._systems.append(system)
        for hits in run.values():
            for document in hits:
                self._documents[document] = self._documents.get(document, 0) | bit

    def search(self, documents: Iterable[str]) -> None:
        """Takes up the ids of the documents that were searched."""
        self._searched = True
        for document in documents:
            self._documents.pop(document, None)
            if not document.isascii():
                self._forms.add(unicodedata.normalize("NFC", document))

    def notes(self) -> list[str]:
        """What is to be told of them, a line for each run and kind of id."""
        lines = list(self._topics)
        judged = {document for grades in self._qrels.values() for document in grades}
        unknown = self._documents.keys() - judged
        if not self._searched:  # Only what the judgements spell in another way is known to be wrong.
            unknown = set(_twins(unknown, self._forms))
        for number, system in enumerate(self._systems):
            own = sorted(document for document in unknown if self._documents[document] >> number & 1)
            lines += _told(system, "document", own, _twins(own, self._forms), "the collection" if self._searched else str(self._qrels_path))
        return lines


def _told(system: str, kind: str, unknown: Collection[str], twins: Collection[str], where: str) -> list[str]:
    """``theirs: 3 topics (q8x, ...) are not in qrels/tiny.yo.test.txt and count for nothing``; none without unknown ids."""
    if not unknown:
        return []
    one = len(unknown) == 1
    example = f"{next(iter(unknown))}{'' if one else ', ...'}"
    line = f"{system}: {len(unknown):,} {kind}{'' if one else 's'} ({example}) {'is' if one else 'are'} not in {where}"
    if twins:
        line += f"; {len(twins):,} would be in another Unicode normalisation (NFC): write ids as the collection writes them"
    return [line]


def _forms(known: Iterable[str]) -> set[str]:
    """Normal forms of the ids that have more than one."""
    return {unicodedata.normalize("NFC", identity) for identity in known if not identity.isascii()}


def _twins(unknown: Iterable[str], forms: set[str]) -> list[str]:
    """The ids that would be known in another normalisation."""
    return [identity for identity in unknown if not identity.isascii() and unicodedata.normalize("NFC", identity) in forms] if forms else []
