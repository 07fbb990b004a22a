"""The bitext of an experiment, and the lexicon made from it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from ..base.files import digest, whole
from ..base.terminal import say
from ..bitext import filters
from ..bitext.readers import Pair, bitext_files, read_bitext
from ..lexicon import lexicon as lexicons
from ..lexicon.alignment import Link
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
    def listed(self) -> list[Lexicon]:
        """The lexicons that are not from the bitext: those of files, and CLDR's names."""
        return [*self.file_lexicons, lexicons.cldr_lexicon(self.lang)]

    @cached_property
    def links(self) -> list[list[Link]]:
        """The word links of each pair, for lexicon and phrases: the bitext is aligned once."""
        inputs = {"pairs": digest(self.pairs), "seed": self._stages.seed}

        def make(folder: Path) -> None:
            with whole(folder / "links.json") as file:
                json.dump(lexicons.align_pairs(self.pairs, self._stages.seed), file)

        title = "bitext aligned" if self.lang == self._stages.collection.target else f"bitext of {self.lang} aligned"
        stage = self._stages.stage(title, "aligned", inputs, make)
        return [[(*link,) for link in links] for links in json.loads((stage / "links.json").read_text(encoding="utf-8"))]

    @cached_property
    def stage(self) -> Path:
        """The stage of the lexicon."""
        lang, seed = self.lang, self._stages.seed
        digests = [digest(lexicon.entries) for lexicon in self.listed]
        inputs = {"lang": lang, "seed": seed, "pairs": digest(self.pairs), "listed": digests}
        if self.pairs and not self._stages.has("lexicon", inputs):
            _ = self.links  # before the stage, whose time is its own

        def make(folder: Path) -> None:
            from_bitext = [lexicons.from_links(self.pairs, self.links)] if self.pairs else []
            *files, names = self.listed
            lexicons.merge([*files, *from_bitext, names]).write(folder / "lexicon.tsv")

        title = "lexicon" if lang == self._stages.collection.target else f"lexicon of {lang}"
        return self._stages.stage(title, "lexicon", inputs, make)

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
