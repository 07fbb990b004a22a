"""Bilingual lexicons: English translations of words of the target language, with weights."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from ..base.files import whole
from ..base.words import capitalised_words, is_number, words
from ..bitext.readers import Pair
from . import files as lexicon_files
from .alignment import Link, align
from .cldr import cldr_names

REVISION = 1
"""Raise it with every change to the lexicon from the same pairs, links and lists."""

Entries = dict[str, dict[str, float]]
"""Folded word, or phrase with spaces between words, to its translations, each with its weight."""

KEPT = 20
"""The most translations of a word: the rest is noise from the aligner."""

LISTED = 2.0
"""Weight, in links, of a translation listed by people (CLDR, a lexicon file): more than a chance link, less than a frequent one."""


@dataclass(frozen=True)
class Lexicon:
    """Translations into English with weights: counts of word links, or weights from a file."""

    entries: Entries

    def best(self, word: str) -> str | None:
        """The translation of a folded word with the highest weight; None if the word is unknown."""
        translations = self.entries.get(word)
        return max(translations, key=lambda english: (translations[english], english)) if translations else None

    def probabilities(self, word: str) -> dict[str, float]:
        """Translation probabilities of a folded word, highest first; empty if the word is unknown."""
        translations = self.entries.get(word, {})
        total = sum(translations.values())
        ordered = sorted(translations.items(), key=lambda item: (-item[1], item[0]))
        return {english: weight / total for english, weight in ordered}

    @cached_property
    def longest(self) -> int:
        """The number of words in the longest phrase."""
        return max((phrase.count(" ") + 1 for phrase in self.entries), default=1)

    def reversed(self) -> Lexicon:
        """The lexicon from English into the target language."""
        entries: Entries = defaultdict(dict)
        for word, translations in self.entries.items():
            for english, weight in translations.items():
                entries[english][word] = weight
        return Lexicon(_strongest(entries))

    def write(self, path: Path) -> None:
        """Writes lines of word TAB translation TAB weight."""
        with whole(path) as file:
            for word in sorted(self.entries):
                for english, weight in sorted(self.entries[word].items(), key=lambda item: (-item[1], item[0])):
                    file.write(f"{word}\t{english}\t{weight:g}\n")


def induce(pairs: Sequence[Pair], seed: int) -> Lexicon:
    """A lexicon from bitext, whose words are aligned first."""
    return from_links(pairs, align_pairs(pairs, seed))


def align_pairs(pairs: Sequence[Pair], seed: int) -> list[list[Link]]:
    """The links of each pair's words, which ``words`` splits."""
    return align([(words(pair.target), words(pair.english)) for pair in pairs], seed)


def from_links(pairs: Sequence[Pair], links: Sequence[Sequence[Link]]) -> Lexicon:
    """A lexicon from word-aligned bitext: how often each word is linked to each English word; numbers only to themselves.

    A name spelt the same on both sides of a pair counts as one more link, because the aligner links rare words to whatever is left.
    """
    entries: Entries = defaultdict(lambda: defaultdict(float))
    for pair, pair_links in zip(pairs, links, strict=True):
        target, english = words(pair.target), words(pair.english)
        for target_index, english_index, weight in pair_links:
            if not is_number(target[target_index]) or target[target_index] == english[english_index]:
                entries[target[target_index]][english[english_index]] += weight
    for pair in pairs:
        for name in sorted(capitalised_words(pair.target) & capitalised_words(pair.english)):
            entries[name][name] += 1
    return Lexicon(_strongest(entries))


def read_lexicon(path: Path, lang: str) -> Lexicon:
    """Reads a lexicon of ``lang`` in any format of ``lexicon_files``; raises InputError with the line of a bad entry."""
    entries: Entries = defaultdict(lambda: defaultdict(float))
    folded = cache(lambda side: " ".join(words(side)))  # Most words stand in several lines.
    for target, translation, weight in lexicon_files.translations(path, lang):
        word, english = folded(target), folded(translation)
        if word and english:
            entries[word][english] += weight
    return Lexicon(_strongest(entries))


def cldr_lexicon(lang: str) -> Lexicon:
    """The names that CLDR has in a language, each with weight ``LISTED``."""
    return listed_lexicon(cldr_names(lang))


def listed_lexicon(translations: Iterable[tuple[str, str]]) -> Lexicon:
    """A lexicon from (phrase, English phrase) pairs listed by people."""
    entries: Entries = defaultdict(dict)
    for target, english in translations:
        word, translation = " ".join(words(target)), " ".join(words(english))
        if word and translation:
            entries[word][translation] = LISTED
    return Lexicon(_strongest(entries))


def merge(lexicons: Sequence[Lexicon]) -> Lexicon:
    """One lexicon with the entries of several, weights added."""
    entries: Entries = defaultdict(lambda: defaultdict(float))
    for lexicon in lexicons:
        for word, translations in lexicon.entries.items():
            for english, weight in translations.items():
                entries[word][english] += weight
    return Lexicon(_strongest(entries))


def mixed(lexicons: Sequence[Lexicon]) -> Lexicon:
    """Lexicons from English into several languages as one, in which each language that knows a word has an equal share of it.

    >>> mixed([Lexicon({"king": {"ọba": 3.0, "ọlọ́run": 1.0}}), Lexicon({"king": {"sarki": 9.0}, "tea": {"shayi": 1.0}})]).entries
    {'king': {'sarki': 1.0, 'ọba': 0.75, 'ọlọ́run': 0.25}, 'tea': {'shayi': 1.0}}
    """
    entries: Entries = defaultdict(lambda: defaultdict(float))
    for lexicon in lexicons:
        for english in lexicon.entries:
            for word, probability in lexicon.probabilities(english).items():
                entries[english][word] += probability
    ordered = {english: sorted(entries[english].items(), key=lambda item: (-item[1], item[0])) for english in sorted(entries)}
    return Lexicon({english: dict(translations) for english, translations in ordered.items()})


def _strongest(entries: Entries) -> Entries:
    """Plain dictionaries of each word's ``KEPT`` translations with the highest weights, in an order that depends only on the entries."""
    kept: Entries = {}
    for word in sorted(entries):
        ordered = sorted(entries[word].items(), key=lambda item: (-item[1], item[0]))
        kept[word] = dict(ordered[:KEPT])
    return kept
