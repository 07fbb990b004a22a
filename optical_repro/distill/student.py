"""The student before training: an encoder, the teacher itself unless another is named, with the target language's words in its vocabulary.

New words start from the translation-probability-weighted mean of the encoder's own embeddings of their English translations: the
idea of WECHSEL (Minixhofer et al. 2022, arXiv 2112.06598) and FOCUS (Dobler and de Melo 2023, arXiv 2305.14481), with a lexicon
in place of static embeddings. Words that the lexicon does not know, and those that it translates as themselves, names above all,
keep the word pieces that the teacher reads them in.
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
"""To be raised with every change to the untrained student of the same encoder and lexicon, or what is written of any student."""

TRANSLATIONS = 10
"""Translations that make up a new word's embedding; chosen, like ``KNOWN``, on AfriQA's Hausa and Yorùbá train and dev topics."""

KNOWN = 5.0
"""Links that the embedding of what the vocabulary had before, spelled the same, counts for."""


def build(
    base: Path,
    lexicon: Lexicon | None,
    folder: Path,
    *,
    sentences: Iterable[str] = (),
    teacher: Path | None = None,
    english: Sequence[str] = (),
) -> int:
    """Writes an untrained student: the weights in ``base``, its tokenizer extended with the words of ``lexicon`` (None: as it is).

    ``sentences`` show how the language writes its words, which matters to a tokenizer that keeps capitals and diacritics.
    Where ``teacher`` is another encoder, and its vectors have another length, the student gains a projection to that length,
    fitted on what the two make of ``english`` sentences. Returns how many words the vocabulary gained. Raises InputError for a kind
    of vocabulary that cannot be extended.
    """
    import torch

    from ..encoders.encoder import Encoder

    hush_transformers()
    torch.manual_seed(0)  # Layers that the weights' file lacks, such as a pooler, are drawn at random.
    student = Encoder.load(base)
    tokenizer = tokenizer_json(base)
    gained = 0
    if lexicon is not None:
        model = student.transformer
        # One piece in place of several would be a mean of them: names lose more by it than they gain.
        words = [word for word in lexicon.entries if " " not in word and lexicon.best(word) != word]
        with _named(base):
            extended, entries = vocabulary.extend(tokenizer, words, sentences)
        embeddings = model.get_input_embeddings().weight.detach()
        rows = lexical_embeddings(entries, lexicon, tokenizer, embeddings)
        places = [entry.place for entry in entries]
        tokenizer, gained = extended, sum(entry.place != entry.piece for entry in entries)
        model.resize_token_embeddings(max(len(embeddings), *(place + 1 for place in places), 0), mean_resizing=False)
        with torch.no_grad():
            model.get_input_embeddings().weight[places] = rows
    if teacher is not None:
        from .projection import fitted

        student.projection = fitted(base, teacher, english) or student.projection
    save(student, tokenizer, base, folder)
    return gained


def check(base: Path, teacher: Path, objectives: Iterable[str], *, trained: bool, extended: bool) -> None:
    """Raises InputError, before any work, where no student can be made of ``base``, or learn from ``teacher``.

    ``objectives``: what its students learn before distillation, of ``PRETRAINING``; ``trained``: whether there is a distillation;
    ``extended``: whether their vocabularies gain words.
    """
    from ..encoders import encoder
    from .pretraining import check_mask
    from .projection import check_widths
    from .teacher import read

    (student, tokenizer), (other, others) = encoder.check(base), encoder.check(teacher)
    for its in (tokenizer, others) if trained else ():
        read(its, ["a"], longest=3)
    check_widths(base, student, other)
    for objective in objectives:
        check_mask(tokenizer, objective)
    if extended:
        with _named(base):
            vocabulary.check_kind(tokenizer_json(base))


@contextmanager
def _named(base: Path) -> Iterator[None]:
    """Puts the encoder's folder before what is wrong with its vocabulary."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{base}: {error}") from None


def lexical_embeddings(entries: Sequence[vocabulary.Entry], lexicon: Lexicon, tokenizer: vocabulary.Json, embeddings: Tensor) -> Tensor:
    """The embedding that each entry starts from, made of those in ``embeddings`` as ``tokenizer`` has them: [entries, d].

    It points to the weighted mean of its translations' embeddings (each the mean of its pieces), and is as long as they are on
    average, for a mean of many directions would be short.
    """
    import torch

    shares = {entry.word: dict(list(lexicon.entries[entry.word].items())[:TRANSLATIONS]) for entry in entries}
    english = sorted({translation for share in shares.values() for translation in share})
    known = {word: embeddings[ids].mean(0) for word, ids in zip(english, _pieces(tokenizer, english), strict=True)}
    rows = torch.empty(len(entries), embeddings.shape[1])
    for row, entry in zip(rows, entries, strict=True):
        share = shares[entry.word]
        parts = [known[translation] for translation in share]
        weights = list(share.values())
        if entry.piece is not None:
            parts.append(embeddings[entry.piece])
            weights.append(KNOWN)
        share_of = torch.tensor(weights) / sum(weights)
        mean = share_of @ torch.stack(parts)
        row[:] = mean / mean.norm() * (share_of @ torch.stack([part.norm() for part in parts]))
    return rows


def _pieces(tokenizer: vocabulary.Json, english: Sequence[str]) -> list[list[int]]:
    """The ids of each English word or phrase, small or capitalised: as it has fewer, since a lexicon writes names small too."""
    loaded = vocabulary.load(tokenizer)
    small, capitalised = (vocabulary.pieces(loaded, texts) for texts in (english, [text.title() for text in english]))
    return [min(both, key=len) for both in zip(small, capitalised, strict=True)]


def save(student: Encoder, tokenizer: vocabulary.Json, base: Path, folder: Path) -> None:
    """Writes a student as transformers, sentence-transformers and Pyserini read it: weights, tokenizer, pooling, prefixes, length 1.

    Its special tokens are those of ``base``, which it came from, and it reads as many tokens of a text as that.
    """
    from safetensors.torch import save_file

    from ..encoders.encoder import load_tokenizer

    model, projection = student.transformer, student.projection
    model.save_pretrained(folder)
    source = load_tokenizer(base)
    longest = student.longest(source)
    names = ("unk_token", "sep_token", "pad_token", "cls_token", "mask_token", "bos_token", "eos_token")
    # Padding and truncation settings that a training run left in the base's file would bind every reader of ours.
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
