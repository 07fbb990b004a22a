"""Phrase-based translation in an experiment: models trained on its bitext, for all texts and for the sentences of the bitext itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path

from ..base.files import digest
from ..base.stages import made_by
from ..base.words import tokens, words
from ..engines.engine import Engine as Workers
from ..engines.engine import Local
from ..lexicon.lexicon import from_links, merge
from .phrases.aligned import aligned_pair
from .phrases.model import PhraseModel, train
from .sentences import sentences
from .translator import PHRASE, Engine, Materials, Translator

REVISION = 1
"""Raise it with every change to how the same model is used."""


class PhraseTranslator:
    """Translates by a model of phrases, which is trained when it is first needed."""

    name = PHRASE

    def __init__(self, materials: Materials, source: str, target: str, part: int | None = None) -> None:
        """``part``: the part of the bitext that the model does not read; None: it reads all of it."""
        self._materials, self.source, self.target, self.part = materials, source, target, part

    @property
    def identity(self) -> str:
        """A hash of what the model is trained on, and of the code that trains and uses it."""
        return digest([self._inputs, made_by("phrase model"), made_by("phrase by phrase")])

    @cached_property
    def _inputs(self) -> dict[str, object]:
        materials = self._materials
        listed = [digest(lexicon.entries) for lexicon in materials.listed]
        bitext = {"pairs": digest(materials.pairs), "seed": materials.seed, "listed": listed}
        documents = materials.monolingual_key(self.target)
        return bitext | {"from": self.source, "to": self.target, "without": self.part, "documents": documents}

    @cached_property
    def model(self) -> PhraseModel:
        """The model, from the cache or trained now."""
        title = f"phrases {self.source}-{self.target}" + ("" if self.part is None else f", without part {self.part + 1}")
        return PhraseModel(self._materials.stage(title, "phrase model", self._inputs, self._train))

    def _train(self, folder: Path) -> None:
        materials, into_english = self._materials, self.target == "en"
        read = [number for number, part in enumerate(materials.parts) if part != self.part]
        pairs, links = [materials.pairs[number] for number in read], [materials.links[number] for number in read]
        lexicon = merge([*materials.listed, from_links(pairs, links)])
        aligned = [aligned_pair(*pair) for pair in zip(pairs, links, strict=True)]
        texts = (sentence for text in materials.monolingual(self.target) for sentence in sentences(text))
        train(
            folder,
            aligned if into_english else [pair.reversed() for pair in aligned],
            lexicon if into_english else lexicon.reversed(),
            ([token.word for token in tokens(sentence)] for sentence in texts),
        )

    def translate(self, texts: Sequence[str]) -> list[str]:
        """Translations in the order of the texts, each sentence by itself."""
        [translations] = self.translate_parts([texts], Local())
        return translations

    def translate_parts(self, parts: Iterable[Sequence[str]], workers: Workers) -> Iterator[list[str]]:
        """As ``SharedOut.translate_parts``."""
        return workers.map(partial(_of_texts, self.model, f"  phrases {self.source}-{self.target}"), parts)


def _of_texts(model: PhraseModel, title: str) -> Callable[[Sequence[str]], list[str]]:
    """What translates texts by a model, each sentence by itself."""
    from tqdm import tqdm

    def translate(texts: Sequence[str]) -> list[str]:
        split = [sentences(text) for text in texts]
        unique = list(dict.fromkeys(sentence for part in split for sentence in part))
        bar = tqdm(unique, desc=title, unit=" sentences", leave=False, disable=None if len(unique) > 1 else True)
        translations = {sentence: model.translate(sentence) for sentence in bar}
        return [" ".join(translations[sentence] for sentence in part) for part in split]

    return translate


class CrossFittedTranslator:
    """Translates sentences of the bitext, each by the model that was trained without its part; other texts by the model of all."""

    name = PHRASE

    def __init__(self, materials: Materials, source: str, target: str) -> None:
        self._materials = materials
        self._whole = PhraseTranslator(materials, source, target)
        self._without = [PhraseTranslator(materials, source, target, part) for part in range(max(materials.parts) + 1)]
        self._side = 0 if target == "en" else 1

    @property
    def identity(self) -> str:
        """A hash of the models' identities."""
        return digest(["cross-fitted", *(translator.identity for translator in self._without)])

    def translate(self, texts: Sequence[str]) -> list[str]:
        """Translations in the order of the texts."""
        pairs = zip(self._materials.pairs, self._materials.parts, strict=True)
        part_of = {" ".join(words(pair[self._side])): part for pair, part in pairs}
        by_part: dict[int | None, list[str]] = {}
        for text in texts:
            by_part.setdefault(part_of.get(" ".join(words(text))), []).append(text)
        translations: dict[str, str] = {}
        for part, its_texts in by_part.items():
            translator = self._whole if part is None else self._without[part]
            translations |= dict(zip(its_texts, translator.translate(its_texts), strict=True))
        return [translations[text] for text in texts]


class PhraseTranslators:
    """Phrase-based translators into English and from English."""

    version, library = "", None

    def __init__(self, materials: Materials) -> None:
        self._materials = materials

    def between(self, source: str, target: str) -> Translator:
        """The translator whose model is trained on all of the bitext."""
        return PhraseTranslator(self._materials, source, target)

    def unread(self, source: str, target: str) -> Translator:
        """The translator of the bitext's own sentences."""
        return CrossFittedTranslator(self._materials, source, target)

    def check(self, directions: Sequence[tuple[str, str]]) -> None:
        """Does nothing: `experiment.check` looks whether there is bitext."""


ENGINE = Engine(
    PHRASE,
    "phrase by phrase, with phrases and a language model from the parallel text",
    PhraseTranslators,
    by_lexicon=True,
    place=3,
)
