"""Evidence of which side of parallel text is English: swapped columns and files under another's name would be learnt from in silence.

Only what is sure counts, in a majority of a sample: texts are joined to chunks of ``CHUNK`` letters, and a chunk is English or
not by the words that every English text has, and by CLD2, which knows some 160 languages. Short texts, lists of names and languages
close to English give no evidence.
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
from .identify import seen_as
from .tags import language

CHUNK = 150
"""Letters that are judged together."""
SAMPLE = 400
"""Texts looked at, evenly over all."""
MOST = 0.6
"""The share of chunks that must agree."""
CRAWLED = 0.9
"""The same where both sides are English: in text from the web much is copied untranslated, which filters can take out."""


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


SAME = _set("en sco enm")
"""English, and what shares its commonest words: never told from it."""
CLOSE = _set("pcm jam kri hwc gcl gyn bzj icr aig trf svc vic bah lir wes fpe gul")
"""Its creoles and pidgins, which CLD2 takes for English: told from it by those words alone."""

ONLY = _set("the and of that was with this from have by not what were which their how who did does are been when where would is")
COMMON = ONLY | _set("to in for on as at it he his she they you we or an be has had but its will can a i")
"""Words of every English text; those of ``ONLY`` are rare in other languages."""


class Line(NamedTuple):
    """A sentence pair with its place in its file."""

    line: int
    target: str
    english: str


@dataclass(frozen=True)
class Evidence:
    """What a sample of texts shows."""

    chunks: int
    english: int
    """Chunks that are surely English."""
    other: int
    """Chunks that surely are not."""
    seen: dict[str, int]
    """Languages that CLD2 is sure of, by its codes, with their chunks."""

    def is_english(self, lang: str) -> bool:
        """Whether most of it surely is English, where ``lang`` should be: by its words, or, where there is much of it, as CLD2 sees it.

        The latter sees keywords and headlines too.
        """
        by_words = self.english >= MOST * self.chunks
        seen = language(lang) not in CLOSE and self.chunks >= 3 and self.seen.get("en", 0) >= 0.9 * self.chunks
        return bool(self.chunks) and language(lang) not in SAME and (by_words or seen)

    @property
    def is_not(self) -> bool:
        """Whether most of it surely is not."""
        return bool(self.chunks) and self.other >= MOST * self.chunks


def judge(texts: Sequence[str]) -> Evidence:
    """The evidence of a sample of texts."""
    found = list(_chunks(_sampled(texts)))
    english = other = 0
    seen: dict[str, int] = {}
    for chunk in found:
        words = re.findall(r"[^\W\d_]+", chunk.lower())
        only, common = (sum(word in those for word in words) / len(words) for those in (ONLY, COMMON))
        code = seen_as(chunk.replace("\n", " "))
        if code:
            seen[code] = seen.get(code, 0) + 1
        different = len(ONLY.intersection(words))
        english += code == "en" and different >= 2 and only >= 0.08 and common >= 0.2
        lacks = code != "en" and only < 0.04 and (code is not None or common < 0.2)
        other += lacks and (_sentences(chunk) or _latin(chunk) < 0.3)
    return Evidence(len(found), english, other, seen)


def _sampled(texts: Sequence[str]) -> Iterable[str]:
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


def _sentences(chunk: str) -> bool:
    """Whether its lines are sentences, which have common words where names and keywords have none: five words a line, on the mean."""
    return len(chunk.split()) >= 5 * (chunk.count("\n") + 1)


def _latin(chunk: str) -> float:
    """The share of Latin letters among the letters."""
    letters = [letter for letter in chunk if letter.isalpha()]
    return sum(unicodedata.name(letter, "").startswith("LATIN") for letter in letters) / len(letters)


def check_pairs(pairs: Sequence[Line], lang: str, path: Path) -> None:
    """Raises InputError for a file of parallel text whose sides surely are not what they are taken for: swapped, or one language twice."""
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
    if theirs.is_not:
        line, text = _example([(pair.line, pair.english) for pair in pairs])
        raise bad_line(path, line, f'the English side is not English{_looks(theirs)}, as here: "{text}"', expected)


def check_topics(topics: Mapping[str, str], lang: str, path: Path) -> None:
    """Raises InputError for topics that surely are English where ``lang`` is another language, or surely are not where it is English."""
    found = judge(list(topics.values()))
    identity, text = next(iter(topics.items()), ("", ""))
    if language(lang) == "en" and found.is_not:
        wrong = f'the topics are not English{_looks(found)}, such as {identity}, "{text}"'
        raise InputError(f"{path}: {wrong}; expected English, or the file under the name of its language")
    if found.is_english(lang):
        wrong = f'the topics are English, such as {identity}, "{text}"'
        other = f"English ones go into topics.en.<split>.tsv, or, as translations, into topics.{lang}.<split>.en.tsv"
        raise InputError(f"{path}: {wrong}; expected {name(lang)}; {other}")


def _looks(found: Evidence) -> str:
    code = max(found.seen, key=lambda seen: found.seen[seen], default="en")
    return f" (it looks like {name(code)})" if code != "en" else ""


def _example(texts: Sequence[tuple[int, str]]) -> tuple[int, str]:
    """The first text of a length that shows its language, and its line."""
    return next(((line, text) for line, text in texts if len(text.split()) >= 5), texts[0])
