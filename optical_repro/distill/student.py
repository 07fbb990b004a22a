"""The student before training: an encoder (by default the teacher) with the target language's words in its vocabulary.

New words start from the translation-probability-weighted mean of the encoder's own embeddings of their English translations: the
idea of WECHSEL (Minixhofer et al. 2022, arXiv 2112.06598) and FOCUS (Dobler and de Melo 2023, arXiv 2305.14481), with a lexicon
in place of static embeddings. Words missing from the lexicon, and words that it translates as themselves (mostly names),
keep the teacher's word pieces.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.errors import InputError
from ..base.files import whole
from ..base.terminal import hush_transformers
from ..encoders.models import tokenizer_json
from ..lexicon.lexicon import Lexicon
from . import vocabulary

if TYPE_CHECKING:
    from torch import Tensor

    from ..encoders.encoder import Encoder

REVISION = 1
"""To be raised with every change to the untrained student of the same encoder and lexicon, or to the files of any student."""

TRANSLATIONS = 10
"""Translations averaged in a new word's embedding; tuned, like ``KNOWN``, on AfriQA's Hausa and Yorùbá train and dev topics."""

KNOWN = 5.0
"""The weight, in links, of the old embedding of a piece with the same spelling."""


def build(
    base: Path,
    lexicon: Lexicon | None,
    folder: Path,
    *,
    sentences: Iterable[str] = (),
    teacher: Path | None = None,
    english: Sequence[str] = (),
) -> int:
    """Writes an untrained student: the weights in ``base``, its tokenizer extended with the words of ``lexicon`` (None: unchanged).

    ``sentences`` show how the language writes its words, for a tokenizer that keeps capitals and diacritics. Where ``teacher`` is
    another encoder with vectors of another length, the student gains a projection to that length, fitted on both encoders' vectors
    of the ``english`` sentences. Returns the number of words added to the vocabulary. Raises InputError for a kind of vocabulary
    that cannot be extended.
    """
    import torch

    from ..encoders.encoder import Encoder

    hush_transformers()
    torch.manual_seed(0)  # Layers missing from the weights' file, such as a pooler, start at random.
    student = Encoder.load(base)
    tokenizer = tokenizer_json(base)
    added = 0
    if lexicon is not None:
        model = student.transformer
        # One piece in place of several would start as their mean, which is worse for names.
        words = [word for word in lexicon.entries if " " not in word and lexicon.best(word) != word]
        with _with_folder(base):
            new_tokenizer, entries = vocabulary.extend(tokenizer, words, sentences)
        embeddings = model.get_input_embeddings().weight.detach()
        rows = lexical_embeddings(entries, lexicon, tokenizer, embeddings)
        ids = [entry.place for entry in entries]
        tokenizer, added = new_tokenizer, sum(entry.place != entry.piece for entry in entries)
        model.resize_token_embeddings(max(len(embeddings), *(token + 1 for token in ids), 0), mean_resizing=False)
        with torch.no_grad():
            model.get_input_embeddings().weight[ids] = rows
    if teacher is not None:
        from .projection import fit_projection

        student.projection = fit_projection(base, teacher, english) or student.projection
    save(student, tokenizer, base, folder)
    return added


def check(base: Path, teacher: Path, objectives: Iterable[str], *, trained: bool, extended: bool) -> None:
    """Raises InputError, before any work, if ``base`` cannot become a student, or cannot learn from ``teacher``.

    ``objectives``: of pre-training, from ``PRETRAINING``; ``trained``: whether there is distillation; ``extended``: whether words
    are added to the vocabularies.
    """
    from ..encoders import encoder
    from .pretraining import check_mask
    from .projection import check_widths
    from .teacher import token_ids

    (student, student_tokenizer), (teacher_encoder, teacher_tokenizer) = encoder.check(base), encoder.check(teacher)
    for tokenizer in (student_tokenizer, teacher_tokenizer) if trained else ():
        token_ids(tokenizer, ["a"], longest=3)
    check_widths(base, student, teacher_encoder)
    for objective in objectives:
        check_mask(student_tokenizer, objective)
    if extended:
        with _with_folder(base):
            vocabulary.check_kind(tokenizer_json(base))


@contextmanager
def _with_folder(base: Path) -> Iterator[None]:
    """Puts the encoder's folder before an error about its vocabulary."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{base}: {error}") from None


def lexical_embeddings(entries: Sequence[vocabulary.Entry], lexicon: Lexicon, tokenizer: vocabulary.Json, embeddings: Tensor) -> Tensor:
    """The start embedding of each entry, from the ``embeddings`` of ``tokenizer``: [entries, d].

    It has the direction of the weighted mean of its translations' embeddings (each the mean of its pieces) and their mean length,
    because a mean of many directions would be short.
    """
    import torch

    shares = {entry.word: dict(list(lexicon.entries[entry.word].items())[:TRANSLATIONS]) for entry in entries}
    english = sorted({translation for share in shares.values() for translation in share})
    embedding_of = {word: embeddings[ids].mean(0) for word, ids in zip(english, _pieces(tokenizer, english), strict=True)}
    rows = torch.empty(len(entries), embeddings.shape[1])
    for row, entry in zip(rows, entries, strict=True):
        share = shares[entry.word]
        parts = [embedding_of[translation] for translation in share]
        weights = list(share.values())
        if entry.piece is not None:
            parts.append(embeddings[entry.piece])
            weights.append(KNOWN)
        weights_tensor = torch.tensor(weights) / sum(weights)
        mean = weights_tensor @ torch.stack(parts)
        row[:] = mean / mean.norm() * (weights_tensor @ torch.stack([part.norm() for part in parts]))
    return rows


def _pieces(tokenizer: vocabulary.Json, english: Sequence[str]) -> list[list[int]]:
    """The ids of each English word or phrase, small or capitalised, whichever has fewer: a lexicon writes names small too."""
    fast_tokenizer = vocabulary.load(tokenizer)
    small, capitalised = (vocabulary.pieces(fast_tokenizer, texts) for texts in (english, [text.title() for text in english]))
    return [min(both, key=len) for both in zip(small, capitalised, strict=True)]


def save(student: Encoder, tokenizer: vocabulary.Json, base: Path, folder: Path) -> None:
    """Writes a student for transformers, sentence-transformers and Pyserini: weights, tokenizer, pooling, prefixes, length 1.

    Special tokens and maximum length are those of ``base``, which it came from.
    """
    from safetensors.torch import save_file

    from ..encoders.encoder import load_tokenizer

    model, projection = student.transformer, student.projection
    model.save_pretrained(folder)
    source = load_tokenizer(base)
    longest = student.longest(source)
    names = ("unk_token", "sep_token", "pad_token", "cls_token", "mask_token", "bos_token", "eos_token")
    # Padding and truncation that a training run left in the base's file would apply to every user of ours.
    parts: dict[str, Any] = {
        "tokenizer.json": tokenizer | {"truncation": None, "padding": None},
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": longest,
            "clean_up_tokenization_spaces": False,
            **{name: getattr(source, name) for name in names if getattr(source, name)},
        },
    }
    if projection is not None:
        parts["2_Dense/config.json"] = {
            "in_features": projection.in_features,
            "out_features": projection.out_features,
            "bias": projection.bias is not None,
            "activation_function": "torch.nn.modules.linear.Identity",
        }
    for name, content in parts.items():
        with whole(folder / name) as file:
            json.dump(content, file, ensure_ascii=False, indent=1)
    if projection is not None:
        weights = {f"linear.{name}": weight.contiguous() for name, weight in projection.state_dict().items()}
        save_file(weights, folder / "2_Dense/model.safetensors", {"format": "pt"})
    convention = replace(student.convention, max_length=longest, projection="2_Dense" if projection is not None else None)
    convention.write(folder, model.config.hidden_size)
