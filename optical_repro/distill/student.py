"""The student before training: the teacher with the target language's words in its vocabulary.

New words start from the translation-probability-weighted mean of the teacher's embeddings of their English translations: the
idea of WECHSEL (Minixhofer et al. 2022, arXiv 2112.06598) and FOCUS (Dobler and de Melo 2023, arXiv 2305.14481), with a lexicon
in place of static embeddings. Words that the lexicon does not know, names above all, keep the teacher's word pieces.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..bitext.lexicon import Lexicon
from ..bitext.words import folded_letters
from ..errors import InputError
from ..files import whole
from ..terminal import hush_transformers

if TYPE_CHECKING:
    from torch import Tensor

TRANSLATIONS = 10
"""Translations that make up a new word's embedding; chosen, like ``KNOWN``, on AfriQA's Hausa and Yorùbá train and dev topics."""

KNOWN = 5.0
"""Links that the teacher's own embedding counts for where a word is in its vocabulary already: names and loans keep most of theirs."""


def build(teacher: Path, lexicon: Lexicon | None, folder: Path) -> int:
    """Writes an untrained student: the teacher's weights, its tokenizer extended with the single words of ``lexicon`` (None: as it is).

    Returns how many words its vocabulary gained. Raises InputError if the teacher's tokenizer is no WordPiece.
    """
    import torch
    from transformers import AutoModel

    hush_transformers()
    model = AutoModel.from_pretrained(teacher)
    tokenizer = json.loads((teacher / "tokenizer.json").read_text(encoding="utf-8"))
    gained = 0
    if lexicon is not None:
        if tokenizer["model"]["type"] != "WordPiece":
            raise InputError(f"{teacher}: a {tokenizer['model']['type']} vocabulary cannot be extended yet; use --no-lexical-init")
        words = [word for word in lexicon.entries if " " not in word]
        embeddings = model.get_input_embeddings().weight.detach()
        rows = lexical_embeddings(words, lexicon, teacher, embeddings)
        before = len(tokenizer["model"]["vocab"])
        places = add_words(tokenizer, words)
        gained = len(tokenizer["model"]["vocab"]) - before
        model.resize_token_embeddings(len(tokenizer["model"]["vocab"]), mean_resizing=False)
        with torch.no_grad():
            model.get_input_embeddings().weight[places] = rows
    save(model, tokenizer, teacher, folder)
    return gained


def lexical_embeddings(words: list[str], lexicon: Lexicon, teacher: Path, embeddings: Tensor) -> Tensor:
    """The embedding that each word starts from: [words, d].

    It points to the weighted mean of its translations' embeddings (each the mean of its pieces), and is as long as they are on
    average, for a mean of many directions would be short.
    """
    import torch
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(teacher)
    shares = [dict(list(lexicon.entries[word].items())[:TRANSLATIONS]) for word in words]
    english = sorted({translation for share in shares for translation in share})
    pieces = tokenizer(english, add_special_tokens=False)["input_ids"]
    known = {word: embeddings[ids].mean(0) for word, ids in zip(english, pieces, strict=True)}
    vocabulary = tokenizer.get_vocab()
    rows = torch.empty(len(words), embeddings.shape[1])
    for row, word, share in zip(rows, words, shares, strict=True):
        parts = [known[translation] for translation in share]
        weights = list(share.values())
        if word in vocabulary:
            parts.append(embeddings[vocabulary[word]])
            weights.append(KNOWN)
        share_of = torch.tensor(weights) / sum(weights)
        mean = share_of @ torch.stack(parts)
        row[:] = mean / mean.norm() * (share_of @ torch.stack([part.norm() for part in parts]))
    return rows


def add_words(tokenizer: dict[str, Any], words: Iterable[str]) -> list[int]:
    """Adds whole words to a WordPiece tokenizer (its tokenizer.json) and folds hooked letters before them; returns their ids.

    A word that the vocabulary has already keeps its id.
    """
    vocabulary = tokenizer["model"]["vocab"]
    places = [vocabulary.setdefault(word, len(vocabulary)) for word in words]
    folds = [{"type": "Replace", "pattern": {"String": letter}, "content": base} for letter, base in folded_letters().items()]
    tokenizer["normalizer"] = {"type": "Sequence", "normalizers": [tokenizer["normalizer"], *folds]}
    return places


def save(model: Any, tokenizer: dict[str, Any], source: Path, folder: Path) -> None:
    """Writes a student as transformers, sentence-transformers and Pyserini read it: weights, config, tokenizer, mean pooling, length 1.

    It reads as many tokens of a text as the model in ``source`` does.
    """
    model.save_pretrained(folder)
    recorded = source / "sentence_bert_config.json"
    limit = json.loads(recorded.read_text(encoding="utf-8")).get("max_seq_length") if recorded.exists() else None
    longest = limit or model.config.max_position_embeddings
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": longest, "clean_up_tokenization_spaces": False}
    special = {name: f"[{name[:-6].upper()}]" for name in ("unk_token", "sep_token", "pad_token", "cls_token", "mask_token")}
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
    ]
    pooling = {"word_embedding_dimension": model.config.hidden_size, "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
    # Padding and truncation settings that a training run left in the teacher's file would bind every reader of ours.
    parts: dict[str, Any] = {
        "tokenizer.json": tokenizer | {"truncation": None, "padding": None},
        "tokenizer_config.json": settings | special,
        "modules.json": modules,
        "sentence_bert_config.json": {"max_seq_length": longest, "do_lower_case": False},
        "1_Pooling/config.json": pooling,
    }
    for name, content in parts.items():
        with whole(folder / name) as file:
            json.dump(content, file, ensure_ascii=False, indent=1)
    (folder / "2_Normalize").mkdir(exist_ok=True)
