"""The bitext of an experiment, and the lexicon made from it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from ..base.files import digest
from ..base.terminal import say
from ..bitext import filters
from ..bitext.readers import Pair, bitext_files, read_bitext
from ..lexicon import lexicon as lexicons
from ..lexicon.lexicon import Lexicon
from .stages import Stages


class Words:
    """Sentence pairs and a lexicon of a low-resource language and English."""

    def __init__(self, stages: Stages, lang: str, bitext: Sequence[Path], lexicon: Sequence[Path] = ()) -> None:
        """``bitext`` and ``lexicon``: the files of the language."""
        self._stages, self.lang = stages, lang
        self._bitext, self._lexicon = bitext, lexicon

    @cached_property
    def pairs(self) -> list[Pair]:
        """The bitext after filtering."""
        if not self._bitext:
            return []
        pairs = read_bitext(self._bitext, self.lang).pairs
        rest, dropped_counts = filters.filtered(pairs, self._stages.settings.bitext_filter, self.lang)
        if dropped_counts:
            counts = ", ".join(f"{name} {count:,}" for name, count in dropped_counts.items())
            few = "; note: that is less than half" if 2 * len(rest) < len(pairs) else ""
            say(f"bitext: {len(rest):,} of {len(pairs):,} pairs kept; dropped by {counts}{few}")
        return rest

    @cached_property
    def files(self) -> list[Path]:
        """The files that the bitext is read from."""
        return bitext_files(self._bitext, self.lang)

    @cached_property
    def file_lexicons(self) -> list[Lexicon]:
        """The lexicons of the language's files."""
        return [lexicons.read_lexicon(path, self.lang) for path in self._lexicon]

    @property
    def known(self) -> bool:
        """Whether there is any source of word translations."""
        cldr = lexicons.cldr_lexicon(self.lang)
        return bool(self.pairs or any(lexicon.entries for lexicon in self.file_lexicons) or cldr.entries)

    @cached_property
    def stage(self) -> Path:
        """The stage of the lexicon."""
        lang, seed = self.lang, self._stages.seed
        names = lexicons.cldr_lexicon(lang)
        digests = [digest(lexicon.entries) for lexicon in (*self.file_lexicons, names)]

        def make(folder: Path) -> None:
            from_bitext = [lexicons.induce(self.pairs, seed)] if self.pairs else []
            lexicons.merge([*self.file_lexicons, *from_bitext, names]).write(folder / "lexicon.tsv")

        title = "lexicon" if lang == self._stages.collection.target else f"lexicon of {lang}"
        return self._stages.stage(title, "lexicon", {"lang": lang, "seed": seed, "pairs": digest(self.pairs), "listed": digests}, make)

    @property
    def file(self) -> Path:
        """The lexicon as a file."""
        return self.stage / "lexicon.tsv"

    @cached_property
    def lexicon(self) -> Lexicon:
        """From the low-resource language into English: aligned bitext, lexicon files, CLDR."""
        return lexicons.read_lexicon(self.file, self.lang)

    def lexicon_into(self, target: str) -> Lexicon:
        """The lexicon into English, or its reverse into the low-resource language."""
        return self.lexicon if target == "en" else self.lexicon.reversed()
