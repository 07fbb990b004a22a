"""Adds whole words to the vocabulary of a tokenizer; all other text is tokenized as before.

Pieces cannot do this in general: WordPiece starts a longer word with the longest entry that it begins with, Unigram cuts a
``▁odun`` of a high score out of ``odunlade`` too, and BPE never reaches a piece without merges. So words become added tokens, which
are matched in the normalised text before the vocabulary is used, between word boundaries only (except in scripts without blanks
between words). The text around them keeps its pieces, if blanks become ``▁`` only afterwards (``_with_blanks``).

A word may be spelled like a piece that names begin with: *ke*, Hausa for *is*, like the beginning of *Keshi*. The two must not share
an embedding. Where the tokenizer folds its input, the word's token is therefore in capitals, unlike the piece.
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
"""To be raised with every change to the tokenizer extended with the same words."""

Json = dict[str, Any]

FOLDING = ("BertNormalizer", "StripAccents", "Lowercase")
"""The steps of a normaliser that ``base.words.fold`` replaces."""


class Entry(NamedTuple):
    """A word in the vocabulary."""

    word: str
    """Folded, as lexicons have it."""
    place: int
    """Its id."""
    piece: int | None
    """The id of the old piece with the same spelling; None if there is none."""


def extend(tokenizer: Json, words: Sequence[str], sentences: Iterable[str] = ()) -> tuple[Json, list[Entry]]:
    """Adds whole words, folded as lexicons have them, to a tokenizer (the content of its tokenizer.json).

    A tokenizer that folds its input then folds it as lexicons do. One that keeps capitals and diacritics gains each word in the forms
    that occur in ``sentences`` of the language, and without diacritics; a form that already is one piece stays so.
    Raises InputError for a kind of vocabulary that words cannot be added to.
    """
    kind = check_kind(tokenizer)
    if _folds(tokenizer):
        tokenizer = _with_lexicon_folding(tokenizer)
        forms = {word: [word] for word in words}
    else:
        tokenizer, forms = _with_composition(tokenizer), written_forms(words, sentences)
    return _add_tokens(tokenizer if kind == "WordPiece" else _with_blanks(tokenizer), forms)


def check_kind(tokenizer: Json) -> str:
    """The kind of a tokenizer's vocabulary; raises InputError for one that words cannot be added to."""
    kind = str(tokenizer["model"]["type"])
    if kind not in ("WordPiece", "Unigram", "BPE"):
        raise InputError(f"a {kind} vocabulary cannot be extended; use --no-lexical-init")
    return kind


def written_forms(words: Iterable[str], sentences: Iterable[str]) -> dict[str, list[str]]:
    """Each folded word with its written forms: without diacritics and as in the sentences, small and capitalised."""
    spellings: dict[str, set[str]] = defaultdict(set)
    for sentence in sentences:
        for token in tokens(unicodedata.normalize("NFC", sentence)):
            spellings[token.word].add(token.text)
    return {
        word: list(dict.fromkeys(form for text in (word, *sorted(spellings[word])) for form in (text.lower(), text.capitalize(), text)))
        for word in words
    }


def pieces(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """The ids of texts inside a sentence, after a blank."""
    start = len(tokenizer.encode("a", add_special_tokens=False).ids)
    return [encoding.ids[start:] for encoding in tokenizer.encode_batch([f"a {text}" for text in texts], add_special_tokens=False)]


def load(tokenizer: Json) -> Tokenizer:
    """The tokenizer itself, without padding or truncation."""
    return Tokenizer.from_str(json.dumps(tokenizer | {"truncation": None, "padding": None}))


def _folds(tokenizer: Json) -> bool:
    """Whether it reads all letters as small ones without diacritics."""
    normalizer = load(tokenizer).normalizer
    return normalizer is not None and normalizer.normalize_str("Ọ̀dun") == "odun"


def _with_lexicon_folding(tokenizer: Json) -> Json:
    """The same tokenizer with the folding of lexicons: BERT's own drops the vowel signs of Hindi, Thai or Burmese."""
    steps, splits = _steps(tokenizer["normalizer"], "normalizers"), _steps(tokenizer["pre_tokenizer"], "pretokenizers")
    if any(step["type"] == "BertNormalizer" and step["handle_chinese_chars"] for step in steps):
        # BERT splits Chinese text into single characters; added tokens of several must match before that.
        splits = [{"type": "Split", "pattern": {"Regex": r"\p{Han}"}, "behavior": "Isolated", "invert": False}, *splits]
    others = [step for step in steps if step["type"] not in FOLDING]
    return tokenizer | {
        "normalizer": {"type": "Sequence", "normalizers": [*normalizer(), *others]},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": splits} if splits else None,
    }


def _add_tokens(tokenizer: Json, forms: Mapping[str, Sequence[str]]) -> tuple[Json, list[Entry]]:
    """Adds tokens that match where a form is a whole word."""
    fast_tokenizer = load(tokenizer)
    model = tokenizer["model"]
    unknown = model.get("unk_id"), fast_tokenizer.token_to_id(str(model.get("unk_token")))
    word_forms = [(word, form) for word, own_forms in forms.items() for form in own_forms]
    entries: dict[int, Entry] = {}
    new: dict[str, tuple[str, int | None]] = {}
    for (word, form), ids in zip(word_forms, pieces(fast_tokenizer, [form for _, form in word_forms]), strict=True):
        piece = ids[0] if len(ids) == 1 and ids[0] not in unknown else None
        name = _capitals(fast_tokenizer, form) or form
        if piece is not None and name == form:
            entries.setdefault(piece, Entry(word, piece, piece))
        else:
            new.setdefault(name, (word, piece))
    blanks = model["type"] != "WordPiece"  # A piece of SentencePiece includes the blank before it.
    fast_tokenizer.add_tokens([AddedToken(name, single_word=not is_unspaced(name), lstrip=blanks, normalized=True) for name in new])
    vocabulary = fast_tokenizer.get_vocab(with_added_tokens=True)
    for name, (word, piece) in new.items():
        entries.setdefault(vocabulary[name], Entry(word, vocabulary[name], piece))
    return json.loads(fast_tokenizer.to_str()), list(entries.values())


def _capitals(tokenizer: Tokenizer, word: str) -> str | None:
    """The word in capitals, if the tokenizer folds that to the word and has no such piece."""
    capitals = word.upper()
    folds = tokenizer.normalizer is not None and tokenizer.normalizer.normalize_str(capitals) == word
    return capitals if folds and capitals != word and tokenizer.token_to_id(capitals) is None else None


def _with_blanks(tokenizer: Json) -> Json:
    """The same tokenizer, but its normalised text, in which added tokens are matched, keeps its blanks.

    SentencePiece writes ``▁`` for a blank and before the text. If the normaliser does so, ``▁`` is a letter next to the word; if it
    comes before each stretch between added tokens, the comma after one becomes ``▁,``. (Llama's also puts one before a text that
    begins with a blank; this does not.)
    """
    steps, splits = _steps(tokenizer["normalizer"], "normalizers"), _steps(tokenizer["pre_tokenizer"], "pretokenizers")
    kinds = [step["type"] for step in splits]
    replace = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    prepend = {"type": "Prepend", "prepend": "▁"}
    if replace in steps:
        scheme = "first" if prepend in steps else "never"
        steps = [step for step in steps if step not in (replace, prepend)]
        splits = [{"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": False}]
    elif kinds in (["WhitespaceSplit", "Metaspace"], ["Metaspace"]) and splits[-1]["prepend_scheme"] == "always":
        if len(kinds) == 2:
            join_blanks = {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "}
            steps = [*steps, join_blanks, {"type": "Strip", "strip_left": False, "strip_right": True}]
        splits = [splits[-1] | {"prepend_scheme": "first"}]
    return tokenizer | {
        "normalizer": {"type": "Sequence", "normalizers": steps} if steps else None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": splits} if splits else None,
    }


def _with_composition(tokenizer: Json) -> Json:
    """The same tokenizer, but it first composes letters and diacritics, as in the words' written forms."""
    steps = _steps(tokenizer["normalizer"], "normalizers")
    return tokenizer | {"normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}, *steps]}}


def _steps(part: Json | None, name: str) -> list[Json]:
    """The steps of a normaliser or pre-tokenizer."""
    return part[name] if part and part["type"] == "Sequence" else [part] if part else []
