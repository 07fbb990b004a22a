"""Finds which side of parallel text is English, because a model would train on swapped columns or a wrong language without an error.

A sample of texts is joined into chunks of ``CHUNK`` letters. A chunk counts as English, or as not English, only if this is sure: by
common English words, and by CLD2, which knows about 160 languages. A majority of chunks decides. Short texts, lists of names and
languages close to English give no evidence.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ..base.errors import InputError, bad_line
from ..base.languages import name
from .identify import detect_language
from .tags import language

CHUNK = 150
"""Letters in a chunk."""
SAMPLE = 400
"""Texts in a sample, evenly spaced."""
MOST = 0.6
"""The share of chunks that must agree."""
CRAWLED = 0.9
"""The same if both sides are English: web text has many untranslated copies, which filters can remove."""


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


SAME = _set("en sco enm")
"""English and languages with the same common words: never distinguished from it."""
CLOSE = _set("pcm jam kri hwc gcl gyn bzj icr aig trf svc vic bah lir wes fpe gul")
"""English creoles and pidgins, which CLD2 takes for English: distinguished from it by the words below alone."""

ONLY = _set("the and of that was with this from have by not what were which their how who did does are been when where would is")
COMMON = ONLY | _set("to in for on as at it he his she they you we or an be has had but its will can a i")
"""Words of every English text; those of ``ONLY`` are rare in other languages."""


class Line(NamedTuple):
    """A sentence pair with its line in its file."""

    line: int
    target: str
    english: str


@dataclass(frozen=True)
class Evidence:
    """Counts over the chunks of a sample of texts."""

    chunks: int
    english: int
    """Chunks that are surely English."""
    other: int
    """Chunks that surely are not."""
    seen: dict[str, int]
    """CLD2's code of each language it is sure of, to the number of chunks."""

    def is_english(self, lang: str) -> bool:
        """Whether most chunks are surely English though they should be in ``lang``: by their words or, with enough chunks, by CLD2.

        CLD2 also recognises keywords and headlines.
        """
        by_words = self.english >= MOST * self.chunks
        by_cld2 = language(lang) not in CLOSE and self.chunks >= 3 and self.seen.get("en", 0) >= 0.9 * self.chunks
        return bool(self.chunks) and language(lang) not in SAME and (by_words or by_cld2)

    @property
    def is_not_english(self) -> bool:
        """Whether most chunks are surely not English."""
        return bool(self.chunks) and self.other >= MOST * self.chunks


def judge(texts: Sequence[str]) -> Evidence:
    """Counts English and other chunks in a sample of the texts."""
    chunks = list(_chunks(_sample(texts)))
    english = other = 0
    languages: dict[str, int] = {}
    for chunk in chunks:
        words = re.findall(r"[^\W\d_]+", chunk.lower())
        rare_share, common_share = (sum(word in vocabulary for word in words) / len(words) for vocabulary in (ONLY, COMMON))
        code = detect_language(chunk.replace("\n", " "))
        if code:
            languages[code] = languages.get(code, 0) + 1
        n_rare = len(ONLY.intersection(words))
        english += code == "en" and n_rare >= 2 and rare_share >= 0.08 and common_share >= 0.2
        not_english = code != "en" and rare_share < 0.04 and (code is not None or common_share < 0.2)
        other += not_english and (_has_sentences(chunk) or _latin_share(chunk) < 0.3)
    return Evidence(len(chunks), english, other, languages)


def _sample(texts: Sequence[str]) -> Iterable[str]:
    step = max(1, len(texts) // SAMPLE)
    return texts[::step]


def _chunks(texts: Iterable[str]) -> Iterable[str]:
    parts: list[str] = []
    letters = 0
    for text in texts:
        parts.append(text)
        letters += sum(map(str.isalpha, text))
        if letters >= CHUNK:
            yield "\n".join(parts)
            parts, letters = [], 0
    if parts and letters >= CHUNK // 2:
        yield "\n".join(parts)


def _has_sentences(chunk: str) -> bool:
    """Whether the lines are sentences, not names or keywords without common words: five words a line on average."""
    return len(chunk.split()) >= 5 * (chunk.count("\n") + 1)


def _latin_share(chunk: str) -> float:
    """The share of letters that are Latin."""
    letters = [letter for letter in chunk if letter.isalpha()]
    return sum(unicodedata.name(letter, "").startswith("LATIN") for letter in letters) / len(letters)


def check_pairs(pairs: Sequence[Line], lang: str, path: Path) -> None:
    """Raises InputError for parallel text whose sides are surely wrong: swapped, in one language, or in another."""
    ours, theirs = judge([pair.target for pair in pairs]), judge([pair.english for pair in pairs])
    expected = f"sentences in {name(lang)} and their translations into English"
    if ours.is_english(lang):
        line, text = _example([(pair.line, pair.target) for pair in pairs])
        if theirs.english >= MOST * theirs.chunks:
            if ours.english < CRAWLED * ours.chunks:
                return
            raise bad_line(path, line, f'both sides are English, as here: "{text}"', expected)
        wrong = f'the sides are swapped, English stands where {name(lang)} should, as here: "{text}"'
        raise bad_line(path, line, wrong, f"{lang} first, then English")
    if theirs.is_not_english:
        line, text = _example([(pair.line, pair.english) for pair in pairs])
        raise bad_line(path, line, f'the English side is not English{_likely_language(theirs)}, as here: "{text}"', expected)


def check_topics(topics: Mapping[str, str], lang: str, path: Path) -> None:
    """Raises InputError for topics that are surely English if ``lang`` is another language, or surely not English if it is."""
    evidence = judge(list(topics.values()))
    identity, text = next(iter(topics.items()), ("", ""))
    if language(lang) == "en" and evidence.is_not_english:
        wrong = f'the topics are not English{_likely_language(evidence)}, such as {identity}, "{text}"'
        raise InputError(f"{path}: {wrong}; expected English, or the file under the name of its language")
    if evidence.is_english(lang):
        wrong = f'the topics are English, such as {identity}, "{text}"'
        other = f"English ones go into topics.en.<split>.tsv, or, as translations, into topics.{lang}.<split>.en.tsv"
        raise InputError(f"{path}: {wrong}; expected {name(lang)}; {other}")


def _likely_language(evidence: Evidence) -> str:
    code = max(evidence.seen, key=lambda seen: evidence.seen[seen], default="en")
    return f" (it looks like {name(code)})" if code != "en" else ""


def _example(texts: Sequence[tuple[int, str]]) -> tuple[int, str]:
    """The first text long enough to show its language, with its line."""
    return next(((line, text) for line, text in texts if len(text.split()) >= 5), texts[0])
