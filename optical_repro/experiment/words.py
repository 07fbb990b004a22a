"""The bitext of an experiment, and the lexicon that is made of it."""

from __future__ import annotations

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
    """Sentence pairs and a lexicon, of the low-resource language and English."""

    def __init__(self, stages: Stages) -> None:
        self._stages = stages

    @cached_property
    def pairs(self) -> list[Pair]:
        """The bitext, all that the filters keep of it."""
        settings, lang = self._stages.settings, self._stages.collection.target
        if not settings.bitext:
            return []
        pairs = read_bitext(settings.bitext, lang).pairs
        kept, dropped = filters.filtered(pairs, settings.bitext_filter, lang)
        if dropped:
            counts = ", ".join(f"{name} {count:,}" for name, count in dropped.items())
            few = "; note: that is less than half" if 2 * len(kept) < len(pairs) else ""
            say(f"bitext: {len(kept):,} of {len(pairs):,} pairs kept; dropped by {counts}{few}")
        return kept

    @cached_property
    def files(self) -> list[Path]:
        """The files that the bitext is read from."""
        return bitext_files(self._stages.settings.bitext, self._stages.collection.target)

    @cached_property
    def listed(self) -> list[Lexicon]:
        """The lexicons of the files that the settings name."""
        return [lexicons.read_lexicon(path, self._stages.collection.target) for path in self._stages.settings.lexicon]

    @property
    def known(self) -> bool:
        """Whether anything is known of the language's words."""
        cldr = lexicons.cldr_lexicon(self._stages.collection.target)
        return bool(self.pairs or any(lexicon.entries for lexicon in self.listed) or cldr.entries)

    @cached_property
    def stage(self) -> Path:
        """The stage of the lexicon."""
        lang, seed = self._stages.collection.target, self._stages.seed
        names = lexicons.cldr_lexicon(lang)
        listed = [digest(lexicon.entries) for lexicon in (*self.listed, names)]

        def make(folder: Path) -> None:
            induced = [lexicons.induce(self.pairs, seed)] if self.pairs else []
            lexicons.merge([*self.listed, *induced, names]).write(folder / "lexicon.tsv")

        return self._stages.stage("lexicon", "lexicon", {"lang": lang, "seed": seed, "pairs": digest(self.pairs), "listed": listed}, make)

    @property
    def file(self) -> Path:
        """The lexicon as a file."""
        return self.stage / "lexicon.tsv"

    @cached_property
    def lexicon(self) -> Lexicon:
        """From the low-resource language into English: aligned bitext, lexicon files, CLDR."""
        return lexicons.read_lexicon(self.file, self._stages.collection.target)

    def lexicon_into(self, target: str) -> Lexicon:
        """The lexicon into English, or its reverse into the low-resource language."""
        return self.lexicon if target == "en" else self.lexicon.reversed()
