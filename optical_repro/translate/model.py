"""Translation models, independent of the package that runs them: their languages, and sentences to tokens and back."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from ..base import languages
from ..base.errors import InputError
from ..base.files import digest, sha256
from ..encoders import weights
from .codes import Codes, is_language, read_codes
from .located import NEEDED, is_converted

REVISION = 1
"""Raise it with every change to how the same model is used."""

BEAMS = 4
"""Beams of the beam search."""

LONGEST = 512
"""Maximum number of tokens of a sentence and of its translation."""


WORD = "a"
"""The text that a model is tested with."""


class Direction(NamedTuple):
    """A translation direction in a model's own terms."""

    source: str | None = None
    """The source code that the tokenizer marks a sentence with."""
    prefix: str = ""
    """Put before each sentence."""
    first: str | None = None
    """The first token of each translation."""


class TranslationModel(ABC):
    """A translation model in a folder; the weights are loaded when first needed."""

    engine: str
    """The package that runs it."""

    def __init__(self, folder: Path, device: str) -> None:
        self.folder, self.device = folder, device

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process loads the weights itself."""
        return type(self), (self.folder, self.device)

    def translate(self, sentences: Sequence[str], direction: Direction) -> list[str]:
        """Translations in the order of the sentences, all of them translated in one batch."""
        tokenizer = self.tokenizer
        if direction.source:
            tokenizer.src_lang = direction.source
        texts = [direction.prefix + sentence for sentence in sentences]
        ids = tokenizer(texts, truncation=True, max_length=self.longest)["input_ids"]
        most = min(self.longest, 3 * max(map(len, ids)) + 20) - 1
        outputs = self._generate(ids, direction.first, most)
        special = {*tokenizer.all_special_ids, *([tokenizer.convert_tokens_to_ids(direction.first)] if direction.first else [])}
        return [tokenizer.decode([token for token in translation if token not in special]).strip() for translation in outputs]

    @abstractmethod
    def _generate(self, ids: list[list[int]], first: str | None, most: int) -> list[list[int]]:
        """The tokens of each translation, at most ``most``."""

    def direction(self, source: str, target: str) -> Direction:
        """The direction from one language into another, both ISO 639 codes, in the model's terms.

        Raises InputError, with suggestions, for a direction that the model does not have.
        """
        try:
            if self.codes is None or not self.codes.family.both_sides:
                self._check_pair(source, target)
            if self.codes is None:
                return Direction()
            into = self.codes.find(target)
            token = self.codes.tokens[into]
            if self.codes.family.both_sides:
                out_of = self.codes.find(source)
        except InputError as error:
            raise InputError(f"{self.folder}: {error}") from None
        return Direction(prefix=f"{token} ") if self.codes.family.target_in_text else Direction(out_of, "", token)

    def _check_pair(self, source: str, target: str) -> None:
        """Raises InputError if the languages in the tokenizer's settings are others; a group of languages fits any."""
        own = [getattr(self.tokenizer, side, None) for side in ("source_lang", "target_lang")]
        for language, code in zip((source, target), own, strict=True):
            if code and not isinstance(code, str):
                raise InputError(f"a language of its tokenizer is {code!r}; expected a code, in tokenizer_config.json")
            if code and is_language(code) and not languages.same(language, code):
                pair = f"{own[0]} into {own[1]}"
                raise InputError(f"translates from {pair}, and {source} into {target} is needed; give another translator")

    @cached_property
    def identity(self) -> str:
        """A hash of everything that its translations depend on."""
        files = sorted(path for pattern in NEEDED for path in self.folder.glob(pattern))
        return digest([BEAMS, LONGEST, self.engine, *((path.name, sha256(path)) for path in files)])

    @cached_property
    def longest(self) -> int:
        """Maximum number of tokens that it reads and writes."""
        return min(LONGEST, self.tokenizer.model_max_length)

    @cached_property
    def codes(self) -> Codes | None:
        """Its languages; None for a model of a single pair. Raises InputError if it has neither language codes nor Marian's tokenizer."""
        tokenizer = self.tokenizer
        codes = read_codes({**tokenizer.get_vocab(), **getattr(tokenizer, "lang_token_to_id", {})})
        if codes is None and not hasattr(tokenizer, "spm_source"):
            raise InputError("no language codes in its vocabulary; expected NLLB-200, M2M-100, MADLAD-400 or opus-mt (Marian)")
        return codes

    @cached_property
    def tokenizer(self) -> Any:
        """Its tokenizer. Raises InputError if none can be loaded."""
        from transformers import AutoTokenizer, M2M100Tokenizer, MarianTokenizer

        from ..base.terminal import hush_transformers

        hush_transformers()
        # The files tell the class, since CTranslate2's folders have another config.json.
        kind: Any = AutoTokenizer
        if (self.folder / "source.spm").is_file():
            kind = MarianTokenizer
        elif (self.folder / "sentencepiece.bpe.model").is_file() and (self.folder / "vocab.json").is_file():
            kind = M2M100Tokenizer
        weights.check_files(self.folder)
        with weights.readable(self.folder, "a tokenizer"), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*sacremoses")
            return kind.from_pretrained(self.folder, **({"trust_remote_code": False} if kind is AutoTokenizer else {}))

    def check(self, directions: Iterable[Direction]) -> None:
        """Loads the weights, translates a word in each direction, and frees the weights, which are needed later, if at all.

        Raises InputError, before any work, if files are damaged or do not fit together.
        """
        _ = self._model
        with weights.readable(self.folder, "a translation model"):
            for direction in directions:
                self.translate([WORD], direction)
        del self._model

    def _check_end(self, of_tokenizer: object, of_model: Sequence[object]) -> None:
        """Raises InputError if model and tokenizer have different end tokens: translations would not end."""
        if of_tokenizer not in of_model:
            ends = f"{of_tokenizer!r} by its tokenizer, with {' or '.join(map(repr, of_model))} by its configuration"
            raise InputError(f"{self.folder}: a sentence ends with {ends}; expected files of one model")

    @cached_property
    @abstractmethod
    def _model(self) -> Any:
        """The weights, loaded."""


class TransformersModel(TranslationModel):
    """A sequence-to-sequence model of transformers: safetensors, no code of the model's own."""

    engine = "transformers"

    @cached_property
    def _model(self) -> Any:
        import torch
        from transformers import AutoModelForSeq2SeqLM

        kind = torch.float32 if self.device == "cpu" else "auto"
        model: Any = weights.load(AutoModelForSeq2SeqLM, self.folder, "a sequence-to-sequence model", dtype=kind)
        weights.check_vocabulary(self.tokenizer, model, self.folder)
        ends = model.generation_config.eos_token_id
        self._check_end(self.tokenizer.eos_token_id, ends if isinstance(ends, list) else [ends])
        return model.to(self.device).eval()

    def _generate(self, ids: list[list[int]], first: str | None, most: int) -> list[list[int]]:
        import torch

        padded = self.tokenizer.pad({"input_ids": ids}, return_tensors="pt").to(self.device)
        begin = self.tokenizer.convert_tokens_to_ids(first) if first else None
        forced = {} if begin is None else {"forced_bos_token_id": begin}
        with torch.inference_mode():
            outputs = self._model.generate(**padded, num_beams=BEAMS, do_sample=False, max_new_tokens=most, **forced)
        return [list(row) for row in outputs.tolist()]


class CTranslate2Model(TranslationModel):
    """A model converted by ctranslate2's converters: on a CPU four times as fast, and smaller."""

    engine = "ctranslate2"

    def __init__(self, folder: Path, device: str) -> None:
        super().__init__(folder, device)
        try:
            import ctranslate2  # noqa: F401
        except ImportError:
            raise InputError(f"{folder}: a CTranslate2 model, and ctranslate2 is not installed; run: pip install ctranslate2") from None

    @cached_property
    def _model(self) -> Any:
        import ctranslate2

        weights.check_files(self.folder)
        with weights.readable(self.folder, "a CTranslate2 translation model"):
            model = ctranslate2.Translator(str(self.folder), device=self.device)
        end = self.tokenizer.eos_token
        self._check_end(end, [weights.read_json(self.folder / "config.json", dict).get("eos_token", end)])
        return model

    def _generate(self, ids: list[list[int]], first: str | None, most: int) -> list[list[int]]:
        tokens = [self.tokenizer.convert_ids_to_tokens(row) for row in ids]
        prefix = [[first]] * len(tokens) if first else None
        results = self._model.translate_batch(tokens, target_prefix=prefix, beam_size=BEAMS, max_decoding_length=most, max_input_length=0)
        return [self.tokenizer.convert_tokens_to_ids(result.hypotheses[0]) for result in results]


def open_model(folder: Path, device: str) -> TranslationModel:
    """The model in a folder, for transformers or for CTranslate2."""
    return (CTranslate2Model if is_converted(folder) else TransformersModel)(folder, device)
