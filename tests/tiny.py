"""Small real encoders of the kinds that the Hub has: tokenizers trained on the sample's passages, weights drawn at random."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from optical_repro.collections import sample
from optical_repro.collections.collection import Passage
from optical_repro.retrieval.late_interaction import TokenStore

BYTES = [f"<0x{byte:02X}>" for byte in range(256)]


def passages() -> list[str]:
    with (sample.FOLDER / "corpus.jsonl").open(encoding="utf-8") as file:
        return [json.loads(line)["text"] for line in file]


PASSAGES = [Passage(f"p{number}", "", text) for number, text in enumerate(passages()[:60])]


def flat_index(vectors: np.ndarray, folder: Path) -> Path:
    """The folder with the flat FAISS index of vectors, float32 [passages, dimension], whose passages are d0, d1, ..."""
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    faiss.write_index(index, str(folder / "index"))
    (folder / "docid").write_text("".join(f"d{number}\n" for number in range(len(vectors))))
    return folder


def token_store(folder: Path, model: Path) -> TokenStore:
    """The store of the tokens of ``PASSAGES``, made by one process."""
    store = TokenStore(folder, model)
    store.add(PASSAGES)
    return store


def _bert() -> Tokenizer:
    """Multilingual BERT's: WordPiece that keeps capitals and diacritics."""
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=False)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    made.train_from_iterator(passages(), trainers.WordPieceTrainer(vocab_size=1500, special_tokens=special, show_progress=False))
    made.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", "[CLS] $A [SEP] $B [SEP]", [("[CLS]", 2), ("[SEP]", 3)])
    return made


def _xlm_roberta() -> Tokenizer:
    """XLM-R's, and that of AfroXLM-R, multilingual E5 and BGE-M3: SentencePiece's Unigram."""
    made = Tokenizer(models.Unigram())
    made.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(
        vocab_size=1500, special_tokens=special, unk_token="<unk>", show_progress=False, initial_alphabet=list(",.?!()-")
    )
    made.train_from_iterator(passages(), trainer)
    made.add_special_tokens([AddedToken("<mask>", lstrip=True)])
    made.post_processor = processors.TemplateProcessing("<s> $A </s>", "<s> $A </s> </s> $B </s>", [("<s>", 0), ("</s>", 2)])
    return made


def _roberta() -> Tokenizer:
    """RoBERTa's and ModernBERT's: BPE over bytes."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=1500, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    made.train_from_iterator(passages(), trainer)
    made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return made


def _sentencepiece_bpe(special: list[str]) -> Tokenizer:
    made = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    made.normalizer = normalizers.Replace(" ", "▁")
    # SentencePiece parts letters from punctuation in training; no piece has both.
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split("▁", "merged_with_next"), pre_tokenizers.Punctuation()])
    trainer = trainers.BpeTrainer(vocab_size=1500, special_tokens=[*special, *BYTES], initial_alphabet=[","], show_progress=False)
    made.train_from_iterator(passages(), trainer)
    return made


def _gemma() -> Tokenizer:
    """mmBERT's, which is Gemma's: SentencePiece's BPE, blanks made ``▁`` by the normaliser."""
    made = _sentencepiece_bpe(["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"])
    made.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    made.post_processor = processors.TemplateProcessing("<bos> $A <eos>", None, [("<bos>", 2), ("<eos>", 1)])
    return made


def _llama() -> Tokenizer:
    """The same with a ``▁`` before the text, as Llama's."""
    made = _sentencepiece_bpe(["<unk>", "<s>", "</s>"])
    made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    made.pre_tokenizer = None
    made.post_processor = processors.TemplateProcessing("<s> $A </s>", None, [("<s>", 1), ("</s>", 2)])
    return made


MAKERS = {"bert": _bert, "xlm-roberta": _xlm_roberta, "roberta": _roberta, "gemma": _gemma, "llama": _llama}


@functools.cache
def tokenizer(kind: str) -> str:
    """The tokenizer.json of a kind, as text."""
    return MAKERS[kind]().to_str()


def encoder(kind: str, folder: Path, *, width: int = 32, seed: int = 1, **files: Any) -> Path:
    """Writes an encoder, ``bert``, ``xlm-roberta`` or ``roberta``; ``files``: what stands in 1_Pooling and config_sentence_transformers."""
    import torch
    from transformers import AutoConfig, AutoModel

    vocabulary = Tokenizer.from_str(tokenizer(kind)).get_vocab_size(with_added_tokens=True)
    sizes = {"hidden_size": width, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    ids = {"pad_token_id": 0} if kind == "bert" else {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
    torch.manual_seed(seed)
    config = AutoConfig.for_model(kind, vocab_size=vocabulary, max_position_embeddings=258, initializer_range=0.3, **sizes, **ids)
    AutoModel.from_config(config).save_pretrained(folder)
    names = ("[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]") if kind == "bert" else ("<unk>", "</s>", "<pad>", "<s>", "<mask>")
    special = dict(zip(("unk_token", "sep_token", "pad_token", "cls_token", "mask_token"), names, strict=True))
    classes = {"bert": "BertTokenizer", "xlm-roberta": "XLMRobertaTokenizer", "roberta": "RobertaTokenizer"}
    (folder / "tokenizer.json").write_text(tokenizer(kind), encoding="utf-8")
    settings = {"tokenizer_class": classes[kind], "do_lower_case": False, "add_prefix_space": kind == "xlm-roberta", **special}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    paths = {"pooling": "1_Pooling/config.json", "prompts": "config_sentence_transformers.json"}
    for name, content in files.items():
        (folder / paths[name]).parent.mkdir(exist_ok=True)
        (folder / paths[name]).write_text(json.dumps(content))
    return folder
