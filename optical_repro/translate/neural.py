"""Translation with a neural model, each sentence only once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path

from ..base.files import digest
from ..base.stages import made_by, version
from ..engines.engine import Engine as Workers
from ..engines.engine import Local
from .located import locate
from .memory import TranslationMemory
from .model import Direction, TranslationModel, open_model
from .sentences import sentences
from .translator import Engine, Materials

REVISION = 1
"""Raise it with every change to how the same model is used."""

BATCH = 32
"""Sentences that are translated together."""


class NeuralTranslator:
    """Translates from one language into another and remembers every sentence, so that an interrupted translation can go on."""

    def __init__(self, name: str, model: TranslationModel, source: str, target: str, memories: Path) -> None:
        """``memories`` is the folder of translation memories; raises InputError for a pair that the model cannot translate."""
        self.name, self.model, self.source, self.target = name, model, source, target
        self.direction = model.direction(source, target)
        self._memories = memories

    @property
    def identity(self) -> str:
        """A hash of the model and of the code that uses it."""
        return digest([self.model.identity, made_by("translation"), version(self.model.engine)])

    @cached_property
    def memory(self) -> TranslationMemory:
        """The memory of the model's translations in this direction."""
        return TranslationMemory(self._memories / f"{self.identity[:16]}.{self.source}-{self.target}.sqlite")

    def translate(self, texts: Sequence[str]) -> list[str]:
        """Translations in the order of the texts. A sentence stays unchanged if its translation is empty."""
        [translations] = self.translate_parts([texts], Local())
        return translations

    def translate_parts(self, parts: Iterable[Sequence[str]], workers: Workers) -> Iterator[list[str]]:
        """As ``SharedOut.translate_parts``, sentences from the memory or in batches of similar length.

        The batches depend only on a part's sentences and are translated whole even if some are known, so that an interrupted
        translation ends with the same result as an uninterrupted one. Of two translations of a sentence, in batches of parts that are
        under way together, the first counts, as if the parts followed each other.
        """
        from tqdm import tqdm

        read: deque[tuple[list[list[str]], dict[str, str]]] = deque()
        """Of parts that are under way: the sentences of each text, and the translations that are known."""
        bar = tqdm(total=0, desc=f"  translation {self.source}-{self.target}", unit=" sentences", leave=False, disable=None)

        def batches() -> Iterator[list[str]]:
            for texts in parts:
                split = [sentences(text) for text in texts]
                unique = sorted({sentence for text in split for sentence in text}, key=lambda sentence: (-len(sentence), sentence))
                known = self.memory.find(unique)
                read.append((split, known))
                bar.total += len(unique) - len(known)
                every = (unique[start : start + BATCH] for start in range(0, len(unique), BATCH))
                yield from (batch for batch in every if not known.keys() >= set(batch))
                yield []  # the end of the part

        with bar:
            for made in workers.map(partial(_batchwise, self.model, self.direction), batches(), self.model.device):
                split, known = read[0]
                if made:
                    bar.update(len(made.keys() - known.keys()))
                    self.memory.add(made)
                    known.update(made | self.memory.find(made) | known)
                else:
                    read.popleft()
                    yield [" ".join(known[sentence] or sentence for sentence in text) for text in split]


def _batchwise(model: TranslationModel, direction: Direction) -> Callable[[Sequence[str]], dict[str, str]]:
    """What translates sentences in one batch: each with its translation."""
    return lambda batch: dict(zip(batch, model.translate(batch, direction), strict=True)) if batch else {}


class NeuralTranslators:
    """A translation model in all its directions."""

    def __init__(self, materials: Materials) -> None:
        self._materials = materials
        self.model = open_model(locate(materials.name), materials.device)

    @property
    def version(self) -> str:
        """Eight digits of the hash of the model's files."""
        return self.model.identity[:8]

    @property
    def library(self) -> str:
        """The package that runs the model."""
        return self.model.engine

    def between(self, source: str, target: str) -> NeuralTranslator:
        """The translator of a language pair. Raises InputError for a pair that the model cannot translate."""
        return NeuralTranslator(self._materials.name, self.model, source, target, self._materials.memories)

    def check(self, directions: Sequence[tuple[str, str]]) -> None:
        """Loads the model and translates a word in each direction."""
        self.model.check([self.model.direction(*direction) for direction in directions])


ENGINE = Engine("MODEL", "a translation model: a folder, or a name on the Hugging Face Hub", NeuralTranslators, place=2)
