"""Whole words into the vocabulary of a tokenizer, so that all else is read as before.

Pieces cannot do this in general: WordPiece begins a longer word with the longest entry that it begins with, Unigram cuts a
``▁odun`` of a high score out of ``odunlade`` too, and BPE never reaches a piece that no merges lead to. So words become added tokens,
which are found in the normalised text before the vocabulary is asked, between word boundaries only (but for scripts that write no
blanks between words); what stands around them keeps its pieces, if blanks become ``▁`` only afterwards (``_with_blanks``).

A word may be spelled like a piece that names begin with: *ke*, Hausa for *is*, like the beginning of *Keshi*. The two must not share
an embedding. Where the tokenizer folds its input, the word's token is listed in capitals, and is thus another than the piece.
"""

from __future__ import annotations

import json
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from tokenizers import AddedToken, Tokenizer

from ..base.errors import InputError
from ..base.words import is_unspaced, normalizer, tokens

REVISION = 1
"""To be raised with every change to the tokenizer that the same words extend."""

Json = dict[str, Any]

FOLDING = ("BertNormalizer", "StripAccents", "Lowercase")
"""Steps of a normaliser that ``bitext.words.fold`` stands in for."""


class Entry(NamedTuple):
    """A word as the vocabulary has it."""

    word: str
    """Folded, as lexicons have it."""
    place: int
    """Its id."""
    piece: int | None
    """The id of what the vocabulary had before that is spelled the same; None if nothing was."""


def extend(tokenizer: Json, words: Sequence[str], sentences: Iterable[str] = ()) -> tuple[Json, list[Entry]]:
    """Adds whole words, folded as lexicons have them, to a tokenizer (the content of its tokenizer.json).

    A tokenizer that folds its input itself folds it as lexicons do from then on. One that keeps capitals and diacritics gains each word
    in the forms in which ``sentences`` of the language write it, and without diacritics; a form that is one piece already stays that.
    Raises InputError for a kind of vocabulary that words cannot be added to.
    """
    kind = check_kind(tokenizer)
    if _folds(tokenizer):
        tokenizer = _folding(tokenizer)
        forms = {word: [word] for word in words}
    else:
        tokenizer, forms = _composed(tokenizer), written_forms(words, sentences)
    return _as_added_tokens(tokenizer if kind == "WordPiece" else _with_blanks(tokenizer), forms)


def check_kind(tokenizer: Json) -> str:
    """The kind of a tokenizer's vocabulary; raises InputError for one that words cannot be added to."""
    kind = str(tokenizer["model"]["type"])
    if kind not in ("WordPiece", "Unigram", "BPE"):
        raise InputError(f"a {kind} vocabulary cannot be extended; use --no-lexical-init")
    return kind


def written_forms(words: Iterable[str], sentences: Iterable[str]) -> dict[str, list[str]]:
    """Each folded word with the forms in which it is written: without diacritics and as in the sentences, small and capitalised."""
    found: dict[str, set[str]] = defaultdict(set)
    wanted = list(words)
    for sentence in sentences:
        for token in tokens(unicodedata.normalize("NFC", sentence)):
            found[token.word].add(token.text)
    return {
        word: list(
            dict.fromkeys(form for written in (word, *sorted(found[word])) for form in (written.lower(), written.capitalize(), written))
        )
        for word in wanted
    }


def pieces(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """The ids of texts as they stand inside a sentence, after a blank."""
    before = len(tokenizer.encode("a", add_special_tokens=False).ids)
    return [read.ids[before:] for read in tokenizer.encode_batch([f"a {text}" for text in texts], add_special_tokens=False)]


def load(tokenizer: Json) -> Tokenizer:
    """The tokenizer itself, which neither pads nor cuts."""
    return Tokenizer.from_str(json.dumps(tokenizer | {"truncation": None, "padding": None}))


def _folds(tokenizer: Json) -> bool:
    """Whether it reads small letters without diacritics for all others."""
    normalizer = load(tokenizer).normalizer
    return normalizer is not None and normalizer.normalize_str("Ọ̀dun") == "odun"


def _folding(tokenizer: Json) -> Json:
    """The same tokenizer, but that it folds as lexicons do: BERT's own folding drops the vowel signs of Hindi, Thai or Burmese."""
    steps, splits = _steps(tokenizer["normalizer"], "normalizers"), _steps(tokenizer["pre_tokenizer"], "pretokenizers")
    if any(step["type"] == "BertNormalizer" and step["handle_chinese_chars"] for step in steps):
        # Chinese characters are pieces of their own to BERT, which added tokens of several must not see.
        splits = [{"type": "Split", "pattern": {"Regex": r"\p{Han}"}, "behavior": "Isolated", "invert": False}, *splits]
    others = [step for step in steps if step["type"] not in FOLDING]
    return tokenizer | {
        "normalizer": {"type": "Sequence", "normalizers": [*normalizer(), *others]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": splits} if splits else None,
    }


def _as_added_tokens(tokenizer: Json, forms: Mapping[str, Sequence[str]]) -> tuple[Json, list[Entry]]:
    """Added tokens, found where a form stands as a whole word."""
    loaded = load(tokenizer)
    model = tokenizer["model"]
    unknown = model.get("unk_id"), loaded.token_to_id(str(model.get("unk_token")))
    listed = [(word, form) for word, written in forms.items() for form in written]
    entries: dict[int, Entry] = {}
    new: dict[str, tuple[str, int | None]] = {}
    for (word, form), ids in zip(listed, pieces(loaded, [form for _, form in listed]), strict=True):
        piece = ids[0] if len(ids) == 1 and ids[0] not in unknown else None
        name = _capitals(loaded, form) or form
        if piece is not None and name == form:
            entries.setdefault(piece, Entry(word, piece, piece))
        else:
            new.setdefault(name, (word, piece))
    blanks = model["type"] != "WordPiece"  # Of which a piece of SentencePiece has the one before it.
    loaded.add_tokens([AddedToken(name, single_word=not is_unspaced(name), lstrip=blanks, normalized=True) for name in new])
    vocabulary = loaded.get_vocab(with_added_tokens=True)
    for name, (word, piece) in new.items():
        entries.setdefault(vocabulary[name], Entry(word, vocabulary[name], piece))
    return json.loads(loaded.to_str()), list(entries.values())


def _capitals(tokenizer: Tokenizer, word: str) -> str | None:
    """The word in capitals, if the tokenizer reads that as the word and has no such piece."""
    capitals = word.upper()
    folds = tokenizer.normalizer is not None and tokenizer.normalizer.normalize_str(capitals) == word
    return capitals if folds and capitals != word and tokenizer.token_to_id(capitals) is None else None


def _with_blanks(tokenizer: Json) -> Json:
    """The same tokenizer, but that its normalised text has blanks for blanks: what added tokens are found in.

    SentencePiece puts ``▁`` for a blank and before the text. Where the normaliser does so, ``▁`` is a letter beside the word; where
    it is put before each stretch between added tokens, the comma after one becomes ``▁,``. (Llama's puts one before a text that
    begins with a blank too, and this does not.)
    """
    steps, splits = _steps(tokenizer["normalizer"], "normalizers"), _steps(tokenizer["pre_tokenizer"], "pretokenizers")
    kinds = [step["type"] for step in splits]
    put = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    first = {"type": "Prepend", "prepend": "▁"}
    if put in steps:
        scheme = "first" if first in steps else "never"
        steps = [step for step in steps if step not in (put, first)]
        splits = [{"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": False}]
    elif kinds in (["WhitespaceSplit", "Metaspace"], ["Metaspace"]) and splits[-1]["prepend_scheme"] == "always":
        if len(kinds) == 2:
            blanks = {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "}
            steps = [*steps, blanks, {"type": "Strip", "strip_left": False, "strip_right": True}]
        splits = [splits[-1] | {"prepend_scheme": "first"}]
    return tokenizer | {
        "normalizer": {"type": "Sequence", "normalizers": steps} if steps else None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": splits} if splits else None,
    }


def _composed(tokenizer: Json) -> Json:
    """The same tokenizer, but that it composes letters and diacritics first, as the forms of words are written."""
    steps = _steps(tokenizer["normalizer"], "normalizers")
    return tokenizer | {"normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}, *steps]}}


def _steps(part: Json | None, name: str) -> list[Json]:
    """The steps of a normaliser or pre-tokenizer."""
    return part[name] if part and part["type"] == "Sequence" else [part] if part else []
