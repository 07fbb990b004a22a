"""Words: how text is split and folded, for aligner, lexicon, translator, code-switcher, student vocabulary and index alike.

Spelling in low-resource languages varies: topics drop tone marks, under-dots and hooks that the bitext has.
Words are therefore compared in lower case and without accents, as BERT's uncased normaliser does. Letters that Unicode
names as a base letter "with" something (ƙ is *k with hook*, đ *d with stroke*), which BERT keeps, fold to the base letter.
Signs of other scripts are not accents: vowel signs of Hindi, Thai or Burmese and voicing marks of Japanese stay.

Words end at blanks and punctuation. An apostrophe between letters is a letter, whichever character was typed for it (Swahili
*ng'ombe*, Hausa *ma'ana*, Uzbek *o'zbek*). Scripts that write no blanks between words (Chinese, Japanese, Thai, Lao, Khmer,
Burmese) are split by ICU's dictionaries.
"""

from __future__ import annotations

import functools
import json
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import regex
from tokenizers import Regex, normalizers

REVISION = 2
"""Raise it when the words of some text change: stages that split text are then made again."""

APOSTROPHES = "'\u2019\u02bc\u02bb`\u2018\u00b4\ua78c\u0559\u055a\u05f3\uff07"
"""Characters typed as an apostrophe: quotation marks, accents, modifier letters, those of Armenian and Hebrew."""

BLANKS = "\u200b\u2028\u2029"
"""Characters between words that some libraries do not take for blanks, such as the zero width space of Khmer and Burmese."""

ACCENTS = r"[\u0300-\u036f\u0483-\u0487\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
"""Unicode's combining marks for all scripts."""

POINTS = (
    r"[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    r"\u0610-\u061a\u0640\u064b-\u0652\u0656-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed]"
)
"""Marks that Hebrew and Arabic usually leave out: points, short vowels, the lengthening stroke."""

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー々〆"
_ENDS = r"\s\p{Z}\p{P}\p{Cc}\u200b!-/:-@\[-`{-~"
_LETTERS = rf"[^{_ENDS}{APOSTROPHES}]"
# In English, what follows an apostrophe is not part of the word: Nigeria's, they're.
_INSIDE = rf"(?<=\p{{L}}\p{{M}}*)[{APOSTROPHES}](?=\p{{L}})(?!(?i:s|t|re|ve|ll|d|m)(?![\p{{L}}\p{{M}}]))"
_TOKEN = regex.compile(rf"{_LETTERS}+(?:{_INSIDE}{_LETTERS}+)*|[^\s\p{{Z}}\p{{Cc}}\u200b]")
_RUN = regex.compile(rf"[{_UNSPACED}][{_UNSPACED}\p{{M}}\u200c\u200d]*")


@functools.cache
def folded_letters() -> dict[str, str]:
    """Letters without a Unicode decomposition, to their base letter: ``{"ɗ": "d", "ƙ": "k", "ø": "o", ...}``.

    Latin letters, and letters that are used for each other in Russian (ё) and Arabic (forms of alef).
    """
    letters = {"\u0451": "\u0435"} | dict.fromkeys("\u0622\u0623\u0625\u0671", "\u0627")
    for point in range(0x00C0, 0x0250 + 0x60):
        letter = chr(point).lower()
        match = regex.match("LATIN SMALL LETTER ([A-Z]) WITH ", unicodedata.name(letter, "")) if len(letter) == 1 else None
        if match and not unicodedata.decomposition(letter):
            letters[letter] = match[1].lower()
    return letters


@functools.cache
def _normalizer() -> normalizers.Normalizer:
    def replace(pattern: str, content: str) -> normalizers.Normalizer:
        return normalizers.Replace(Regex(pattern), content)

    variants: dict[str, str] = {}
    for letter, base in folded_letters().items():
        variants[base] = variants.get(base, "") + letter
    return normalizers.Sequence(
        [
            replace(f"[{BLANKS}]", " "),
            replace(f"[{APOSTROPHES}]", "'"),
            normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=True),
            normalizers.NFD(),
            replace(POINTS, ""),
            # Cyrillic й and ї are separate letters, which NFC composes again below.
            replace(rf"(?<!\p{{Cyrillic}}){ACCENTS}+", ""),
            normalizers.NFC(),
            replace(ACCENTS, ""),
            *(replace(f"[{letters}]", base) for base, letters in sorted(variants.items())),
        ]
    )


def normalizer() -> list[dict[str, Any]]:
    """The steps of ``fold``, in the form of tokenizer.json."""
    return list(json.loads(_normalizer().__getstate__())["normalizers"])


def fold(text: str) -> str:
    """Lower case, no accents, one apostrophe: ``Ọdún`` to ``odun``, ``Ƙasar`` to ``kasar``, ``NG`OMBE`` to ``ng'ombe``."""
    return str(_normalizer().normalize_str(text))


@functools.lru_cache(1 << 18)
def _fold_piece(piece: str) -> str:
    return piece.lower() if piece.isascii() and "`" not in piece and piece.isprintable() else fold(piece).strip()


class Token(NamedTuple):
    """A word or a punctuation mark of a text."""

    text: str
    """As written."""
    word: str
    """Folded."""
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """The words and punctuation marks of a text, with their places (characters ``start`` to ``end``).

    >>> [token.word for token in tokens("Ng`ombe wa Nigeria's ฉันรักภาษาไทย")]
    ["ng'ombe", 'wa', 'nigeria', "'", 's', 'ฉัน', 'รัก', 'ภาษา', 'ไทย']
    """
    pieces = []
    for match in _TOKEN.finditer(text):
        for start, end in _spans(match[0]):
            piece = match[0][start:end]
            # Only marks or invisible characters: not a token.
            if word := _fold_piece(piece):
                pieces.append(Token(piece, word, match.start() + start, match.start() + end))
    return pieces


def rewritten(text: str, change: Callable[[Token], str]) -> str:
    """A text with each token replaced, and what stands between tokens unchanged."""
    pieces, end = [], 0
    for token in tokens(text):
        pieces += [text[end : token.start], change(token)]
        end = token.end
    return "".join([*pieces, text[end:]])


def _spans(piece: str) -> Iterator[tuple[int, int]]:
    """The places of the words in a piece of text without blanks: one word, except in scripts that write no blanks."""
    end = 0
    for run in () if piece.isascii() else _RUN.finditer(piece):
        if run.start() > end:
            yield end, run.start()
        end = run.start()
        for length in _word_lengths(run[0]):
            yield end, end + length
            end += length
    if end < len(piece):
        yield end, len(piece)


@functools.lru_cache(1 << 16)
def _word_lengths(run: str) -> tuple[int, ...]:
    """The length in characters of each word of a run, by ICU, which needs composed letters."""
    from icu4py.breakers import WordBreaker

    letters = regex.findall(r"\X", run) if not unicodedata.is_normalized("NFC", run) else run
    # ICU counts UTF-16 units: each unit has a place here, the last one of a letter holds its number of characters.
    widths: list[int] = []
    for letter in letters:
        units = len(unicodedata.normalize("NFC", letter).encode("utf-16-le")) // 2
        widths += [0] * (units - 1) + [len(letter)]
    segments = WordBreaker(unicodedata.normalize("NFC", run), "en").segments()
    return tuple(sum(widths[start:end]) for start, end in segments)


def words(text: str) -> list[str]:
    """The folded words of a text, without punctuation."""
    return [token.word for token in tokens(text) if is_word(token.word)]


def is_unspaced(word: str) -> bool:
    """Whether a word is in a script without blanks between words."""
    return _RUN.search(word) is not None


def is_word(piece: str) -> bool:
    """Whether a token has a letter or a digit."""
    return piece.isalnum() or any(unicodedata.category(character)[0] in "LN" for character in piece)


def is_number(word: str) -> bool:
    """Whether a word has a digit: ``2012``, ``1960s``."""
    return any(character.isdigit() for character in word)


def capitalised_words(text: str) -> set[str]:
    """The folded words of a text with a capital initial and at least three letters: names, and first words of sentences."""
    return {token.word for token in tokens(text) if token.text[0].isupper() and len(token.word) >= 3}
