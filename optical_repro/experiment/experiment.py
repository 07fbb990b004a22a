"""The stages of an experiment, from a collection to run files, each kept in the cache by the hash of its inputs."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.cache import Cache, empty, seconds
from ..base.errors import InputError
from ..base.files import digest, sha256, sha256_once, whole
from ..base.memory import give_back
from ..base.stages import made_by
from ..base.terminal import duration, say
from ..base.trec import Run, read_run, write_run
from ..bitext import filters, named
from ..bitext.readers import Pair, bitext_files, read_bitext
from ..collections.collection import Collection, Passage
from ..distill.recipe import check_pretraining
from ..encoders import models
from ..encoders.convention import Convention
from ..lexicon import lexicon as lexicons
from ..training_text import regimes
from ..training_text.back_translation import back_translated
from ..training_text.code_switch import code_switched
from ..training_text.in_domain import SPAN, spans
from ..training_text.pairs import Made, TrainingPair, drawn, readings, training_pairs
from ..training_text.pretraining_text import SENTENCE, pretraining_texts
from ..translate.lexical import LexicalTranslator, nbest, weighted_words
from ..translate.translator import LEXICAL as WORD_BY_WORD
from ..translate.translator import Translator
from .settings import Settings
from .systems import HUMAN, LEXICAL, NBEST, PREBUILT, System, optical_name

if TYPE_CHECKING:
    import numpy as np

    from ..distill.held_out import HeldOut
    from ..lexicon.lexicon import Lexicon
    from ..translate.model import TranslationModel

DEPTH = 1000
"""Hits a topic in a run."""

POOL = 8192
"""Passages over which the objective ``scores`` compares distributions, at the most."""

TRANSLATED = 500
"""Passages that are translated together: enough sentences that those of like length meet."""

DENSE_SHARE = 0.8
"""Weight of the dense run where BM25 is fused in; chosen on AfriQA's Hausa and Yorùbá train and dev topics."""


class Experiment:
    """One collection, one teacher, any number of systems."""

    def __init__(self, collection: Collection, settings: Settings, cache: Cache) -> None:
        self.collection, self.cache = collection, cache
        self.settings = replace(settings, bitext=named.local(settings.bitext, collection.target) or collection.bitext)
        self.times: dict[str, float] = {}
        """Seconds that the stages of each title took when they were made."""
        self._told: set[Path] = set()
        self.worked = False
        """Whether a stage was made here, and not only taken from the cache."""

    def check(self, systems: Sequence[System]) -> None:
        """Reads all that the systems need besides the collection; raises InputError, before any work, for what is missing or wrong."""
        self.check_text(systems)
        if any(system.retriever not in (*LEXICAL, *PREBUILT) for system in systems):
            self._check_encoders([system for system in systems if system.regime])
        if self.settings.translator != WORD_BY_WORD:
            directions = list(dict.fromkeys(direction for system in systems for direction in self.directions(system)))
            self.translation_model.check([self.translation_model.direction(*direction) for direction in directions])

    def _check_encoders(self, optical: Sequence[System]) -> None:
        from ..distill import student
        from ..encoders import encoder

        _ = self.device, self.base
        if optical:
            pretraining = {system.pretrain for system in optical} - {"none"}
            trained = any(system.regime != "none" for system in optical)
            student.check(self.base, self.teacher, sorted(pretraining), trained=trained, extended=self.settings.lexical_init)
        else:
            encoder.check(self.teacher)

    def check_text(self, systems: Sequence[System]) -> None:
        """Reads the parallel text and the lexicons that the systems need; raises InputError for what is missing or wrong."""
        collection, settings = self.collection, self.settings
        lang = collection.target
        self._check_directions(systems)
        listed = self._listed
        trained = [system for system in systems if system.regime and (system.regime, system.pretrain) != ("none", "none")]
        for system in trained if not self.pairs else []:
            learner = f"regime {system.regime}" if system.pretrain == "none" else f"--pretrain {system.pretrain}"
            if learner != "regime cs" or collection.doc_lang != "en":
                raise InputError(f"{learner} needs parallel text of {lang} and English; give it with --bitext FILE")
            if not settings.lexicon:
                raise InputError(f"{learner} needs parallel text of {lang} and English, or a lexicon: --bitext FILE, --lexicon FILE")
        if trained:
            settings.recipe.fitted(1, collection.doc_lang == "en")
            if settings.recipe.learns == "words" and not settings.lexical_init:
                raise InputError("--learns words: with --no-lexical-init the student gains none; use --learns embeddings")
        known = self.pairs or any(lexicon.entries for lexicon in listed) or lexicons.cldr_lexicon(lang).entries
        if not known and any(self.needs_lexicon(system) for system in systems):
            raise InputError(f"nothing is known of the words of {lang}; give parallel text or a lexicon: --bitext FILE, --lexicon FILE")

    def _check_directions(self, systems: Sequence[System]) -> None:
        """Raises InputError where neither topics nor documents are English, and a system would translate between them or learn one."""
        lang, doc_lang = self.collection.lang, self.collection.doc_lang
        if "en" in (lang, doc_lang) or lang == doc_lang:
            return
        for system in systems:
            by_model = system.retriever in ("bm25-qt", "bm25-dt") and self.settings.translator != WORD_BY_WORD
            if system.name != "bm25" and system.retriever not in PREBUILT and not by_model:
                raise InputError(
                    f"{self.collection.name}: topics in {lang}, documents in {doc_lang}, and {system.name} needs English on one side; "
                    "give it English documents or English topics, or ask for --systems bm25"
                )

    def needs_lexicon(self, system: System) -> bool:
        """Whether a system depends on the lexicon, and so on the bitext and the seed."""
        word_by_word = self.settings.translator == WORD_BY_WORD and self.directions(system)
        learns = (system.regime, system.pretrain) != ("none", "none") or self.settings.lexical_init
        return bool(word_by_word) or system.retriever in ("bm25-psq", NBEST, "human-lexicon") or (system.regime is not None and learns)

    def directions(self, system: System) -> list[tuple[str, str]]:
        """From which language into which a system has text translated: the topics, the documents, the training text."""
        lang, doc_lang, target = self.collection.lang, self.collection.doc_lang, self.collection.target
        topics = system.retriever.endswith("-qt") or (system.fused and system.retriever not in HUMAN and lang != doc_lang)
        needed = [(topics, (lang, doc_lang)), (system.retriever == "bm25-dt", (doc_lang, lang))]
        needed.append((system.regime in ("bt", "cs+bt"), (target, "en")))
        return list(dict.fromkeys(direction for needs, direction in needed if needs))

    def run(self, system: System) -> Path:
        """The run file of a system: ``run.trec`` in its stage's folder."""
        if system.retriever in PREBUILT:
            inputs, search = self._prebuilt(system)
        elif system.fused:
            inputs, search = self._fused(system)
        elif system.maxsim:
            inputs, search = self._maxsim(system)
        elif system.retriever in LEXICAL:
            inputs, search = self._lexical(system)
        else:
            inputs, search = self._dense(system)
        topics = digest(list(self.collection.topics.items()))
        inputs = {**inputs, "system": system.name, "topics": topics, "collection": self.collection.digest}

        def make(folder: Path) -> None:
            write_run(folder / "run.trec", search(), system.name, DEPTH)

        return self._stage(system.name, "run", inputs, make) / "run.trec"

    # ---- systems: what a run depends on, and how it is made

    def _lexical(self, system: System) -> tuple[dict[str, Any], Callable[[], Run]]:
        from ..retrieval import bm25 as lexical

        queries = self.queries(system.retriever)
        index = self.lexical_index(translated=system.retriever == "bm25-dt")
        made = {"search": made_by("bm25 run")}
        if system.retriever == "bm25-psq":
            words = {topic: weighted_words(text, self._lexicon_into(self.collection.doc_lang)) for topic, text in queries.items()}
            inputs = {**made, "index": index.name, "queries": digest(words), "bm25": self.settings.bm25}
            return inputs, lambda: lexical.search_structured(
                index / "lucene", self.collection.doc_lang, words, k=DEPTH, bm25=self.settings.bm25
            )
        lang = self.collection.lang if system.retriever == "bm25-dt" else self.collection.doc_lang
        inputs = {**made, "index": index.name, "queries": digest(queries), "bm25": self.settings.bm25}
        return inputs, lambda: lexical.search(index / "lucene", lang, queries, k=DEPTH, bm25=self.settings.bm25)

    def _dense(self, system: System) -> tuple[dict[str, Any], Callable[[], Run]]:
        from ..retrieval import dense

        texts = self.weighted_queries(system.retriever)
        reader, index = self.topic_model(system), self.dense_index(self.document_model(system))
        inputs = {"search": made_by("dense run"), "index": index.name, "reader": self.identity(reader), "queries": digest(texts)}
        return inputs, lambda: dense.search_means(index / "faiss", reader, texts, k=DEPTH, device=self.device)

    def _maxsim(self, system: System) -> tuple[dict[str, Any], Callable[[], Run]]:
        from ..retrieval.late_interaction import TokenStore, rerank

        texts = self.weighted_queries(system.retriever)
        first = self.run(system.dense)
        reader, documents = self.topic_model(system), self.document_model(system)

        def search() -> Run:
            inputs = {"collection": self.collection.digest, "model": self.identity(documents), "made by": made_by("tokens")}
            store = TokenStore(self.cache.place("tokens", inputs), documents, self.device)
            return rerank(read_run(first), texts, reader, self.collection.passages(), store, device=self.device)

        models = {"reader": self.identity(reader), "documents": self.identity(documents)}
        return {"search": made_by("maxsim run"), "first": sha256(first), "depth": DEPTH, **models, "queries": digest(texts)}, search

    def _fused(self, system: System) -> tuple[dict[str, Any], Callable[[], Run]]:
        from ..retrieval import bm25 as lexical
        from ..retrieval.fusion import fuse

        first = self.run(System(system.name.removesuffix("+bm25"), system.retriever, system.maxsim))
        queries = self.queries("bm25")
        if self.collection.lang != self.collection.doc_lang:
            translated = self.queries(system.retriever if system.retriever in HUMAN else "bm25-qt")
            queries = {topic: f"{text} {translated[topic]}" for topic, text in queries.items()}
        index = self.lexical_index()

        def search() -> Run:
            found = lexical.search(index / "lucene", self.collection.doc_lang, queries, k=DEPTH, bm25=self.settings.bm25)
            return fuse([read_run(first), found], [DENSE_SHARE, 1 - DENSE_SHARE])

        inputs = {"search": made_by("fused run"), "first": sha256(first), "index": index.name, "queries": digest(queries)}
        return inputs | {"share": DENSE_SHARE, "bm25": self.settings.bm25}, search

    def _prebuilt(self, system: System) -> tuple[dict[str, Any], Callable[[], Run]]:
        from ..retrieval import prebuilt

        lang, topics = self.collection.doc_lang, self.collection.topics
        baseline = prebuilt.BASELINES[self.collection.source][system.retriever]
        inputs = {"search": made_by("prebuilt run"), **prebuilt.identity(baseline, lang)}
        if isinstance(baseline, prebuilt.Fusion):
            parts = [self.run(System(part, part)) for part in baseline.parts]
            return inputs | {"runs": [sha256(part) for part in parts]}, lambda: prebuilt.fuse(baseline.method, list(map(read_run, parts)))
        return inputs, lambda: prebuilt.search(baseline, lang, topics, k=DEPTH, device=self.device)

    def queries(self, retriever: str) -> Mapping[str, str]:
        """The topics as a retriever reads them: as they are, or translated by the translator or by people."""
        if retriever == "human":
            assert self.collection.human_topics is not None
            return self.collection.human_topics
        if retriever == "human-lexicon":
            return self._within_lexicon
        if self.lexicon_of(retriever):
            return self._respelled
        if not retriever.endswith("-qt"):
            return self.collection.topics
        # Respelling is for what knows words by the lexicon: a model reads the topics as they are.
        topics = self._respelled if self.settings.translator == WORD_BY_WORD else self.collection.topics
        made = self._translated("topics", list(topics.values()), self.collection.lang, self.collection.doc_lang)
        return dict(zip(topics, made, strict=True))

    def weighted_queries(self, retriever: str) -> Mapping[str, Mapping[str, float]]:
        """The texts as which a dense retriever reads each topic, with their weights: one text, but for ``dense-nbest``."""
        queries = self.queries(retriever)
        if retriever != NBEST:
            return {topic: {text: 1.0} for topic, text in queries.items()}
        return {topic: nbest(text, self.lexicon, self.settings.recipe.seed) for topic, text in queries.items()}

    def lexicon_of(self, retriever: str) -> Path | None:
        """The lexicon by which topics in their own language are respelled for a retriever; None where it reads them as they are."""
        student = retriever.startswith("optical-") and (retriever != "optical-none" or self.settings.lexical_init)
        knows = student or retriever in ("bm25-psq", NBEST)
        return self._lexicon_stage / "lexicon.tsv" if knows and self._respells else None

    @property
    def _respells(self) -> bool:
        from ..retrieval import respelling

        return self.settings.spelling and respelling.applies_to(self.collection)

    @cached_property
    def _respelled(self) -> Mapping[str, str]:
        """The topics, their unknown words that no document has either read as the nearest known word: names stay as they are."""
        topics = self.collection.topics
        if not self._respells:
            return topics
        from ..lexicon import spelling
        from ..retrieval import respelling

        words = spelling.unknown_words(topics.values(), self.lexicon)
        index = self.lexical_index()
        inputs = {"lexicon": self._lexicon_stage.name, "index": index.name, "words": words, "near": [spelling.NEAR, spelling.COMMON]}

        def make(folder: Path) -> None:
            found = respelling.spellings(topics.values(), self.lexicon, index / "lucene", self.collection.doc_lang)
            with whole(folder / "spellings.json") as file:
                json.dump(found, file, ensure_ascii=False, indent=1)

        stage = self._stage("spellings", "spelling", inputs, make)
        spellings = json.loads((stage / "spellings.json").read_text(encoding="utf-8"))
        return {topic: spelling.respell(text, spellings) for topic, text in topics.items()}

    @cached_property
    def _within_lexicon(self) -> Mapping[str, str]:
        """People's translations, as much of them as the lexicon has words for."""
        from ..retrieval import bm25 as lexical
        from ..translate.lexical import within_lexicon

        translated, lang = self.collection.human_topics, self.collection.doc_lang
        assert translated is not None

        def terms(text: str) -> list[str]:
            return lexical.analyze(lang, text)

        return {topic: within_lexicon(translated[topic], text, self.lexicon, terms) for topic, text in self._respelled.items()}

    def topic_model(self, system: System) -> Path:
        """The encoder that reads the topics: the student reads what is not English, the teacher everything else."""
        return self.student(system.regime, system.pretrain) if system.regime and self.collection.lang != "en" else self.teacher

    def document_model(self, system: System) -> Path:
        """The encoder that reads the documents."""
        return self.student(system.regime, system.pretrain) if system.regime and self.collection.doc_lang != "en" else self.teacher

    def as_loaded(self, regime: str, pretrain: str) -> dict[str, float]:
        """What a student's folder gives who loads it: metric to mean, topics as they are, one vector a text, no fusion."""
        from ..evaluation.metrics import evaluate
        from ..retrieval import dense

        collection, name = self.collection, optical_name(regime, pretrain)
        system = System(name, name)
        reader, index = self.topic_model(system), self.dense_index(self.document_model(system))
        inputs = {"index": index.name, "reader": self.identity(reader), "topics": digest(list(collection.topics.items()))}
        inputs |= {"collection": collection.digest, "qrels": digest(collection.qrels)}

        def make(folder: Path) -> None:
            run = dense.search(index / "faiss", reader, collection.topics, k=DEPTH, device=self.device)
            write_run(folder / "run.trec", run, name, DEPTH)
            scores = evaluate(collection.qrels, read_run(folder / "run.trec"))
            with whole(folder / "scores.json") as file:
                json.dump({metric: sum(values.values()) / len(values) for metric, values in scores.items()}, file)

        stage = self._stage(f"{name} as loaded", "as-loaded", inputs, make)
        return dict(json.loads((stage / "scores.json").read_text(encoding="utf-8")))

    # ---- indexes

    def lexical_index(self, translated: bool = False) -> Path:
        """The Lucene index of the documents, or (``translated``) of their translations into the topics' language."""
        from ..retrieval import bm25 as lexical

        lang = self.collection.lang if translated else self.collection.doc_lang
        translator = self.translator(self.collection.doc_lang, lang) if translated else None
        inputs = {"collection": self.collection.digest, "language": lang, "translated": translator and translator.identity}

        def make(folder: Path) -> None:
            empty(folder)
            passages = self.collection.passages()
            lexical.build_index(translations(passages, translator) if translator else passages, lang, folder / "lucene")

        return self._stage("Lucene index" + (" of translations" if translated else ""), "lucene", inputs, make)

    def dense_index(self, model: Path) -> Path:
        """The FAISS index of the documents as a model reads them."""
        from ..retrieval import dense

        inputs = {"collection": self.collection.digest, "model": self.identity(model)}

        def make(folder: Path) -> None:
            empty(folder)
            dense.build_index(self.collection.passages(), model, folder / "faiss", device=self.device)

        reader = "the teacher" if model == self.teacher else "a student"
        return self._stage(f"dense index by {reader}", "faiss", inputs, make)

    def stored_passages(self) -> Path:
        """The documents by their ids, for ``collections.stored``."""
        from ..collections import stored

        def make(folder: Path) -> None:
            stored.write(self.collection.passages(), folder)

        return self._stage("passages by their ids", "passages", {"collection": self.collection.digest}, make)

    # ---- translation

    def translator(self, source: str, target: str) -> Translator:
        """The translator that the settings ask for; raises InputError where it cannot translate from ``source`` into ``target``."""
        if self.settings.translator == WORD_BY_WORD:
            return LexicalTranslator(self._lexicon_into(target), digest([self._lexicon_stage.name, made_by("word by word")]))
        from ..translate.neural import NeuralTranslator

        return NeuralTranslator(self.settings.translator, self.translation_model, source, target, self.cache.folder / "translation-memory")

    def _lexicon_into(self, target: str) -> Lexicon:
        return self.lexicon if target == "en" else self.lexicon.reversed()

    def _translated(self, what: str, texts: list[str], source: str, target: str) -> list[str]:
        """Texts in another language; what a model makes of them is a stage, since it takes its time."""
        translator = self.translator(source, target)
        if self.settings.translator == WORD_BY_WORD:
            return translator.translate(texts)

        def make(folder: Path) -> None:
            with whole(folder / "translations.json") as file:
                json.dump(translator.translate(texts), file, ensure_ascii=False, indent=0)

        inputs = {"texts": digest(texts), "translator": translator.identity, "from": source, "to": target}
        stage = self._stage(f"{what} translated", "translation", inputs, make)
        return list(json.loads((stage / "translations.json").read_text(encoding="utf-8")))

    def translators(self, system: System) -> dict[tuple[str, str], Translator]:
        """The translators of a system, by the languages that each translates from and into."""
        return {direction: self.translator(*direction) for direction in self.directions(system)}

    @cached_property
    def translation_model(self) -> TranslationModel:
        """The translation model that the settings name."""
        from ..translate.located import locate as locate_translator
        from ..translate.model import open_model

        return open_model(locate_translator(self.settings.translator), self.device)

    # ---- training

    @cached_property
    def device(self) -> str:
        """``cpu`` or ``cuda``."""
        import torch

        if self.settings.device == "cuda" and not torch.cuda.is_available():
            raise InputError("--device cuda: no GPU that this PyTorch can use; use --device cpu")
        if self.settings.device != "auto":
            return self.settings.device
        return "cuda" if torch.cuda.is_available() else "cpu"

    @cached_property
    def teacher(self) -> Path:
        """The teacher's folder."""
        return self._model(self.settings.teacher, self.settings.pooling, self.settings.prefixes)

    @property
    def teacher_name(self) -> str:
        """What finds the teacher again: its name, or the folder here that has it with another convention."""
        return str(self.teacher) if self.teacher.is_relative_to(self.cache.folder) else self.settings.teacher

    @cached_property
    def base(self) -> Path:
        """The folder of the encoder that the student is made from: the teacher's, unless another is named."""
        return self._model(self.settings.student) if self.settings.student else self.teacher

    def _model(self, name: str, pooling: str | None = None, prefixes: tuple[str, str] | None = None) -> Path:
        """A model's folder, or where it is to be read otherwise than that says, one that says so."""
        folder = models.locate(name)
        convention = Convention.of(folder).told(pooling, prefixes)
        if convention == Convention.of(folder):
            return folder
        inputs = {"model": self.identity(folder), "convention": asdict(convention)}
        return self._stage(f"conventions of {folder.name}", "model", inputs, lambda here: models.adopt(folder, convention, here))

    @cached_property
    def pairs(self) -> list[Pair]:
        """The bitext, all that the filters keep of it."""
        if not self.settings.bitext:
            return []
        read = read_bitext(self.settings.bitext, self.collection.target).pairs
        kept, dropped = filters.filtered(read, self.settings.bitext_filter, self.collection.target)
        if dropped:
            told = ", ".join(f"{name} {count:,}" for name, count in dropped.items())
            few = "; note: that is less than half" if 2 * len(kept) < len(read) else ""
            say(f"bitext: {len(kept):,} of {len(read):,} pairs kept; dropped by {told}{few}")
        return kept

    @cached_property
    def bitext_files(self) -> list[Path]:
        """The files that the bitext is read from."""
        return bitext_files(self.settings.bitext, self.collection.target)

    @cached_property
    def _lexicon_stage(self) -> Path:
        lang, seed = self.collection.target, self.settings.recipe.seed
        names = lexicons.cldr_lexicon(lang)
        listed = [digest(lexicon.entries) for lexicon in (*self._listed, names)]

        def make(folder: Path) -> None:
            induced = [lexicons.induce(self.pairs, seed)] if self.pairs else []
            lexicons.merge([*self._listed, *induced, names]).write(folder / "lexicon.tsv")

        return self._stage("lexicon", "lexicon", {"lang": lang, "seed": seed, "pairs": digest(self.pairs), "listed": listed}, make)

    @cached_property
    def _listed(self) -> list[Lexicon]:
        """The lexicons of the files that the settings name."""
        return [lexicons.read_lexicon(path, self.collection.target) for path in self.settings.lexicon]

    @cached_property
    def lexicon(self) -> Lexicon:
        """From the low-resource language into English: aligned bitext, lexicon files, CLDR."""
        return lexicons.read_lexicon(self._lexicon_stage / "lexicon.tsv", self.collection.target)

    @cached_property
    def untrained(self) -> Path:
        """The student before training."""
        from ..distill import student

        lexicon = self._lexicon_stage.name if self.settings.lexical_init else None
        inputs = {"teacher": self.identity(self.teacher), "lexicon": lexicon}
        english = [pair.english for pair in self.pairs]
        if self.settings.student:
            english = english or sorted(self.lexicon.reversed().entries)
            inputs |= {"base": self.identity(self.base), "english": digest(english)}

        def make(folder: Path) -> None:
            known, sentences = self.lexicon if lexicon else None, (pair.target for pair in self.pairs)
            other = self.teacher if self.settings.student else None
            student.build(self.base, known, folder, sentences=sentences, teacher=other, english=english)

        return self._stage("untrained student", "untrained", inputs, make)

    @cached_property
    def _in_domain_text(self) -> list[str]:
        """The spans of the English documents that are in every regime's text; all of it where there is no parallel text."""
        if self.collection.doc_lang != "en":
            return []
        most, share = self.settings.recipe.readings, self.settings.in_domain
        if not self.pairs:
            return self._spans(most, SPAN)
        beside = readings(len(self.pairs), round(most * (1 - share)))
        return self._spans(round(beside * share / (1 - share)), SPAN)

    def _spans(self, count: int, length: int) -> list[str]:
        """Spans of so many words of the documents."""
        seed = self.settings.recipe.seed
        inputs = {"collection": self.collection.digest, "count": count, "length": length, "seed": seed}

        def make(folder: Path) -> None:
            with whole(folder / "spans.txt") as file:
                file.writelines(f"{span}\n" for span in spans(self.collection.passages(), count, seed, length))

        stage = self._stage(f"text in {length}-word spans", "spans", inputs, make)
        return (stage / "spans.txt").read_text(encoding="utf-8").split("\n")[:-1]

    @cached_property
    def chosen_pairs(self) -> list[Pair]:
        """The sentence pairs that training is made of, drawn by the seed: no more than it will read."""
        recipe = self.settings.recipe
        return drawn(self.pairs, readings(len(self.pairs), recipe.readings - len(self._in_domain_text)), recipe.seed)

    def training_pairs(self, regime: str) -> list[TrainingPair]:
        """A regime's training pairs, made of the same sentences and spans for each, no more than training will read.

        Raises InputError for a regime that there is not.
        """
        regimes.check(regime)
        if regime == "none":
            return []

        def switched(texts: Sequence[str]) -> Made:
            return code_switched(texts, self.lexicon, self.settings.switch, self.settings.recipe.seed) if texts else []

        def translated(pairs: Sequence[Pair]) -> Made:
            return back_translated(pairs, lambda texts: self._translated("training text", texts, self.collection.target, "en"))

        pairs = training_pairs(regime, self.chosen_pairs, switched, translated)
        return pairs + [TrainingPair(*pair) for pair in switched(self._in_domain_text)]

    def pretrained(self, objective: str) -> Path:
        """The student after pre-training by an objective, before distillation; ``none``: the untrained one.

        Raises InputError for an objective that there is not.
        """
        check_pretraining(objective)
        return self.untrained if objective == "none" else self._pretrained(objective)

    def _pretrained(self, objective: str) -> Path:
        from ..distill import pretraining

        fitted = self.settings.recipe.fitted(len(self.chosen_pairs) + len(self._in_domain_text), self.collection.doc_lang == "en")
        recipe = replace(fitted, objective=objective)
        texts, held_out = self.pretraining_texts(objective), self._pretraining_texts(objective, self._unread, [])
        inputs = {"untrained": self.untrained.name, "texts": digest(texts), "recipe": recipe.described(), "held_out": digest(held_out)}

        def make(folder: Path) -> None:
            title = f"pre-training by {objective}"
            pretraining.pretrain(self.untrained, texts, recipe, folder, device=self.device, title=title, held_out=held_out)
            shutil.rmtree(folder / "checkpoints")

        return self._stage(f"pre-training by {objective}", "pretrained", inputs, make)

    def pretraining_texts(self, objective: str) -> list[tuple[str, ...]]:
        """What the student reads in pre-training: of the sentences that regimes train on, and of as many passages."""
        check_pretraining(objective)
        return self._pretraining_texts(objective, self.chosen_pairs, self._spans(len(self.chosen_pairs), SENTENCE))

    def _pretraining_texts(self, objective: str, pairs: Sequence[Pair], passages: Sequence[str]) -> list[tuple[str, ...]]:
        settings, english = self.settings, self.collection.doc_lang == "en"
        return pretraining_texts(objective, pairs, passages, english, self.lexicon, settings.switch, settings.recipe.seed)

    @cached_property
    def _unread(self) -> list[Pair]:
        """Pairs of which training reads neither side, to measure its loss on, the same for every regime; empty where few are left."""
        from ..distill.loop import MEASURED

        read = {text for pair in self.chosen_pairs for text in pair}
        unread = [pair for pair in dict.fromkeys(self.pairs) if read.isdisjoint(pair)]
        return random.Random(self.settings.recipe.seed).sample(unread, MEASURED) if len(unread) >= MEASURED else []

    def student(self, regime: str, pretrain: str = "none") -> Path:
        """The student that a regime trained after pre-training; ``none``: without the one, the other, or both.

        Raises InputError for a regime or an objective that there is not.
        """
        regimes.check(regime)
        if (regime, pretrain) not in self._students:
            start = self.pretrained(pretrain)
            self._students[regime, pretrain] = start if regime == "none" else self._trained(regime, start, pretrain)
        return self._students[regime, pretrain]

    @cached_property
    def _students(self) -> dict[tuple[str, str], Path]:
        return {}

    def _trained(self, regime: str, start: Path, pretrain: str) -> Path:
        from ..distill import teacher, trainer

        pairs = self.training_pairs(regime)
        recipe = self.settings.recipe.fitted(len(pairs), self.collection.doc_lang == "en")
        # A prefix stands before what the student will read: documents in its language, or else topics.
        side = "query_prefix" if self.collection.doc_lang == "en" else "passage_prefix"
        theirs, ours = (getattr(Convention.of(folder), side) for folder in (self.teacher, self.untrained))
        texts = sorted({theirs + pair.teacher for pair in pairs})
        identity = self.identity(self.teacher)
        index = self.dense_index(self.teacher) if "scores" in recipe.parts else None
        inputs = {
            "untrained": self.untrained.name,
            "pairs": digest(pairs),
            "prefixes": [ours, theirs],
            "recipe": recipe.described(),
            "passages": index and index.name,
        }
        name = optical_name(regime, pretrain).removeprefix("optical-")
        if pretrain != "none":
            inputs["pretrained"] = start.name
        beside = [(ours + pair.target, theirs + pair.english) for pair in self._unread]
        inputs["held_out"] = digest(beside)

        def make(folder: Path) -> None:
            def sides(title: str, pairs: Sequence[tuple[str, str]], english: list[str]) -> trainer.Sides:
                """Pairs, and the teacher's states of all their English texts."""
                states = self._stage(
                    f"teacher's side of {title}",
                    "teacher",
                    {"teacher": identity, "texts": digest(english)},
                    lambda there: teacher.write_states(self.teacher, english, there, self.device),
                )
                place = {text: index for index, text in enumerate(english)}
                return trainer.Sides([text for text, _ in pairs], teacher.TeacherStates(states), [place[text] for _, text in pairs])

            read = sides(regime, [(ours + pair.student, theirs + pair.teacher) for pair in pairs], texts)
            trainer.train(
                start,
                *read,
                recipe,
                folder,
                device=self.device,
                title=f"training on {name}",
                pooling=Convention.of(self.teacher).pooling,
                passages=self._sample_of_vectors(index) if index else None,
                held_out=sides("held-out pairs", beside, sorted({text for _, text in beside})) if beside else None,
            )
            shutil.rmtree(folder / "checkpoints")

        return self._stage(f"student {name}", "student", inputs, make)

    # ---- alignment

    def alignment(self, regime: str, pretrain: str = "none") -> dict[str, Any] | None:
        """How far the word links of a student's plans agree with an aligner's on held-out pairs, before training and after.

        None for an untrained student, and where there is too little to measure on.
        """
        student = self.student(regime, pretrain)
        if student == self.untrained or self._held_out is None:
            return None
        title = regime if pretrain == "none" else f"{regime} after {pretrain}"
        before, after = self._agreement(self.untrained, "before training"), self._agreement(student, title)
        return {"of": self._held_out.origin, "pairs": len(self._held_out.pairs), "before": before, "after": after}

    @cached_property
    def _held_out(self) -> HeldOut | None:
        from ..distill.held_out import hold_out

        collection = self.collection
        translated = (collection.human_topics or {}) if collection.lang == collection.target else {}
        topics = [Pair(text, translated[topic]) for topic, text in collection.topics.items() if translated.get(topic)]
        return hold_out(topics, self.pairs, self.chosen_pairs, self.settings.recipe.seed)

    @cached_property
    def _held_out_links(self) -> Path:
        from ..distill.held_out import write_links

        held_out, seed = self._held_out, self.settings.recipe.seed
        assert held_out is not None
        inputs = {"pairs": digest(held_out.pairs), "company": digest(held_out.company), "seed": seed}
        return self._stage("word links of held-out pairs", "links", inputs, lambda there: write_links(held_out, seed, there / "links.json"))

    def _agreement(self, student: Path, title: str) -> dict[str, float]:
        held_out = self._held_out
        assert held_out is not None
        inputs = {"links": self._held_out_links.name, "student": self.identity(student), "teacher": self.identity(self.teacher)}

        def make(folder: Path) -> None:
            from ..distill.held_out import read_links
            from ..distill.token_alignment import agreement, align_all
            from ..encoders.text_encoder import TextEncoder

            reader, teacher = (TextEncoder(model, self.device) for model in (student, self.teacher))
            found = agreement(align_all(reader, teacher, held_out.pairs), read_links(self._held_out_links / "links.json"))
            with whole(folder / "agreement.json") as file:
                json.dump({"score": found.score, "precision": found.precision, "recall": found.recall}, file)

        stage = self._stage(f"alignment, {title}", "agreement", inputs, make)
        return dict(json.loads((stage / "agreement.json").read_text(encoding="utf-8")))

    def _sample_of_vectors(self, index: Path) -> np.ndarray:
        """The teacher's vectors of the passages, or of ``POOL`` of them: [passages, d]."""
        import faiss

        vectors = faiss.read_index(str(index / "faiss" / "index")).reconstruct_n()
        chosen = random.Random(self.settings.recipe.seed).sample(range(len(vectors)), min(len(vectors), POOL))
        return vectors[sorted(chosen)]

    # ---- the cache

    def identity(self, model: Path) -> str:
        """A hash of a model's weights and tokenizer, and of how it reads texts."""
        if model not in self._identities:
            convention = Convention.of(model)
            projection = [model / convention.projection / "model.safetensors"] if convention.projection else []
            hashes = [sha256_once(path) for path in [*models.parts(model), *projection]]
            self._identities[model] = digest([*hashes, asdict(convention)])
        return self._identities[model]

    @cached_property
    def _identities(self) -> dict[Path, str]:
        return {}

    def _stage(self, title: str, name: str, inputs: dict[str, Any], make: Callable[[Path], None]) -> Path:
        """A stage of the cache, kept by its inputs and what makes it; says what it does and how long it took."""
        if name != "run":  # whose search says what makes it
            inputs = {**inputs, "made by": made_by(name)}
        there = self.cache.has(name, inputs)
        stage = self.cache.stage(name, inputs, make)
        if not there:
            give_back()
            self.worked = True
        if stage not in self._told:  # a title may stand for several: a dense index for every student
            self._told.add(stage)
            took = seconds(stage)
            self.times[title] = self.times.get(title, 0.0) + took
            say(f"  {title:32} {'kept from before' if there else duration(took)}")
        return stage


def translations(passages: Iterable[Passage], translator: Translator) -> Iterator[Passage]:
    """The passages in another language, streaming."""
    stream = iter(passages)
    while part := list(islice(stream, TRANSLATED)):
        made = iter(translator.translate([text for passage in part for text in (passage.title, passage.text)]))
        yield from (Passage(passage.id, next(made), next(made)) for passage in part)
