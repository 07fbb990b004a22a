"""Real translation models, of the size of a toy: trained here in seconds until they translate a small vocabulary word by word."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from optical_repro.base.terminal import hush_transformers

WORDS = {
    "omo": "child", "ile": "house", "omi": "water", "eja": "fish", "oba": "king", "ojo": "rain",
    "iya": "mother", "oko": "farm", "igi": "tree", "eye": "bird", "aja": "dog", "iwe": "book",
}  # fmt: skip
"""Yorùbá, as topics often spell it, to English."""

LONGEST = 3
"""Words of a sentence, none twice."""


def english(text: str) -> str:
    return " ".join(WORDS[word] for word in text.split())


def sentences(count: int, seed: int) -> list[str]:
    """Sentences of the toy language, of one to LONGEST words."""
    chance = random.Random(seed)
    return [" ".join(chance.sample(list(WORDS), chance.randint(1, LONGEST))) for _ in range(count)]


def marian(folder: Path) -> Path:
    """A Marian model from the toy language into English, as opus-mt's are published."""
    import torch
    from transformers import MarianConfig, MarianMTModel, MarianTokenizer

    hush_transformers()
    folder.mkdir()
    pieces = [piece for side, words in (("source", WORDS), ("target", WORDS.values())) for piece in _pieces(words, folder / f"{side}.spm")]
    vocabulary = {token: number for number, token in enumerate(["</s>", "<unk>", *pieces, "<pad>"])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    files = [str(folder / name) for name in ("source.spm", "target.spm", "vocab.json")]
    tokenizer = MarianTokenizer(*files, source_lang="yo", target_lang="en", model_max_length=64)
    pad = vocabulary["<pad>"]
    torch.manual_seed(0)
    model = MarianMTModel(
        MarianConfig(
            vocab_size=len(vocabulary),
            **_small(),
            scale_embedding=True,
            activation_function="swish",
            pad_token_id=pad,
            eos_token_id=0,
            forced_eos_token_id=0,
            decoder_start_token_id=pad,
            bad_words_ids=[[pad]],
        )
    )

    def batch(texts: list[str], _: int) -> Any:
        return tokenizer(texts, text_target=[english(text) for text in texts], padding=True, return_tensors="pt")

    # Marian starts from a vector of zeros, which its port to transformers gives to <pad>.
    _train(model, batch, pad, 640, model.model.shared.weight.data[pad].zero_)
    return _saved(model, tokenizer, folder)


def m2m(folder: Path) -> Path:
    """An M2M-100 model between the toy language and English, with M2M-100's hundred language codes."""
    import torch
    from transformers import M2M100Config, M2M100ForConditionalGeneration, M2M100Tokenizer
    from transformers.models.m2m_100.tokenization_m2m_100 import FAIRSEQ_LANGUAGE_CODES

    hush_transformers()
    folder.mkdir()
    pieces = _pieces([*WORDS, *WORDS.values()], folder / "sentencepiece.bpe.model")
    vocabulary = {token: number for number, token in enumerate(["<s>", "<pad>", "</s>", "<unk>", *pieces])}
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    codes = [f"__{code}__" for code in FAIRSEQ_LANGUAGE_CODES["m2m100"]]
    files = [str(folder / name) for name in ("vocab.json", "sentencepiece.bpe.model")]
    tokenizer = M2M100Tokenizer(*files, additional_special_tokens=codes, model_max_length=64)
    torch.manual_seed(0)
    model = M2M100ForConditionalGeneration(
        M2M100Config(vocab_size=len(vocabulary) + len(codes) + 8, **_small(), encoder_layerdrop=0.0, decoder_layerdrop=0.0)
    )

    def batch(texts: list[str], step: int) -> Any:
        other = [english(text) for text in texts]
        tokenizer.src_lang, tokenizer.tgt_lang, texts, other = ("yo", "en", texts, other) if step % 2 else ("en", "yo", other, texts)
        return tokenizer(texts, text_target=other, padding=True, return_tensors="pt")

    _train(model, batch, vocabulary["<pad>"], 510)
    return _saved(model, tokenizer, folder)


def _small() -> dict[str, Any]:
    parts = (("layers", 1), ("attention_heads", 4), ("ffn_dim", 128))
    sizes = {f"{side}_{part}": size for side in ("encoder", "decoder") for part, size in parts}
    return {"d_model": 64, **sizes, "max_position_embeddings": 64, "dropout": 0.0, "attention_dropout": 0.0, "init_std": 0.1}


def _pieces(words: Any, path: Path) -> list[str]:
    """Trains a SentencePiece model with a piece a word, writes it, and returns the pieces."""
    import sentencepiece

    made = io.BytesIO()
    lines = iter([*words] * 2)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=lines, model_writer=made, vocab_size=len(words) + 3, model_type="word", minloglevel=2
    )
    path.write_bytes(made.getvalue())
    return [f"▁{word}" for word in words]


def _train(model: Any, batch: Callable[[list[str], int], Any], pad: int, steps: int, after: Callable[[], object] = lambda: None) -> None:
    import torch

    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.0)
    model.train()
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 3e-3 * min(1, (step + 1) / 20, 4 * (steps - step) / steps)
        inputs = batch(sentences(32, seed=step), step)
        inputs["labels"][inputs["labels"] == pad] = -100
        model(**inputs).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        after()
    model.eval()


def _saved(model: Any, tokenizer: Any, folder: Path) -> Path:
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def converted(folder: Path, into: Path) -> Path:
    """A model converted for CTranslate2, with its tokenizer, as ct2-transformers-converter --copy_files makes it."""
    from ctranslate2.converters import TransformersConverter

    files = [path.name for path in folder.iterdir() if path.name.endswith((".spm", ".model")) or path.name.startswith(("vocab", "token"))]
    TransformersConverter(str(folder), copy_files=files).convert(str(into))
    return into
