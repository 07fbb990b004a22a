"""The training text of an experiment: what each regime reads, of sentences and of the collection, under --in-domain and --in-domain-by."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from optical_repro import collections
from optical_repro.base.cache import Cache
from optical_repro.base.files import digest
from optical_repro.distill.recipe import Recipe
from optical_repro.experiment.experiment import Experiment
from optical_repro.experiment.settings import Settings
from optical_repro.experiment.systems import parse
from optical_repro.run import main
from optical_repro.training_text.regimes import REGIMES
from optical_repro.translate.lexical import LexicalTranslator

TRAINED = [name for name, regime in REGIMES.items() if regime.trains]
PASSAGES = [name for name in TRAINED if REGIMES[name].passages]


@pytest.fixture(scope="module")
def plain(small: Path) -> Settings:
    return Settings(bitext=(small / "bitext.tsv",))


def experiment(small: Path, cache: Path, settings: Settings) -> Experiment:
    return Experiment(collections.load(str(small), "yo"), settings, Cache(cache))


def test_without_passages_every_regime_reads_the_same_sentences_in_as_many_steps(small: Path, cache: Path, plain: Settings) -> None:
    sentences = experiment(small, cache, replace(plain, in_domain=0, recipe=Recipe(steps=20)))
    authentic = sentences.training_pairs("bitext")
    targets, english = ({side for pair in authentic for side in [pair[place]]} for place in (0, 1))
    for regime in TRAINED:
        pairs = sentences.training_pairs(regime)
        assert len(pairs) == len(authentic) == 20 * 32
        assert sentences.settings.recipe.fitted(len(pairs), True).steps == 20
        assert all(pair.student in targets or pair.teacher in english for pair in pairs)
    assert sentences.text.in_domain == []


def test_by_default_every_regime_reads_the_same_switched_passages(small: Path, cache: Path, plain: Settings) -> None:
    mixed = experiment(small, cache, plain)
    switched = mixed.text.languages[0].switched(mixed.text.in_domain)
    for regime in TRAINED:
        pairs = mixed.training_pairs(regime)
        assert pairs[len(pairs) // 2 :] == switched and len(pairs) == 2 * len(switched)


def test_a_regimes_own_passages_are_made_as_its_sentences_are(small: Path, cache: Path, plain: Settings) -> None:
    own, mixed = experiment(small, cache, replace(plain, in_domain_by="own")), experiment(small, cache, plain)
    passages = mixed.text.in_domain
    found = {regime: own.training_pairs(regime) for regime in PASSAGES}
    assert {len(pairs) for pairs in found.values()} == {2 * len(passages)}
    for regime, pairs in found.items():
        assert pairs[: len(passages)] == mixed.training_pairs(regime)[: len(passages)]  # the sentences are those of the default
        assert [pair.teacher for pair in pairs[len(passages) :]] == passages
    assert found["cs"] == mixed.training_pairs("cs")
    translated = LexicalTranslator(own.words.lexicon_into("yo")).translate(passages)
    for regime in ("bt", "bt-en"):
        assert [pair.student for pair in found[regime][len(passages) :]] == translated


def test_bitext_in_its_own_way_is_bitext_alone(small: Path, cache: Path, plain: Settings) -> None:
    recipe = Recipe(steps=20)
    own, alone = (replace(plain, recipe=recipe, in_domain_by="own"), replace(plain, recipe=recipe, in_domain=0))
    one, other = (experiment(small, cache, settings) for settings in (own, alone))
    assert one.training_pairs("bitext") == other.training_pairs("bitext")
    assert one.text.unread("bitext") == other.text.unread("bitext")
    assert len(one.training_pairs("bitext")) == len(one.training_pairs("cs"))
    assert digest(one.training_pairs("bt")) != digest(other.training_pairs("bt"))


def test_a_share_of_the_pairs_is_english_on_both_sides_and_the_others_are_as_before(small: Path, cache: Path, plain: Settings) -> None:
    hybrid, usual = experiment(small, cache, replace(plain, monolingual=0.25)), experiment(small, cache, plain)
    for regime in TRAINED:
        pairs, before = hybrid.training_pairs(regime), usual.training_pairs(regime)
        changed = [number for number, (one, other) in enumerate(zip(pairs, before, strict=True)) if one != other]
        assert [pair.teacher for pair in pairs] == [pair.teacher for pair in before]
        assert all(pairs[number].student == pairs[number].teacher for number in changed)
        assert 0.9 * 0.25 * len(pairs) < len(changed) <= round(0.25 * len(pairs))  # some had no word switched before
        sentences = sum(number < len(pairs) // 2 for number in changed)
        assert 0.4 < sentences / len(changed) < 0.6


def test_what_is_translated_from_english_is_told_beforehand(small: Path, cache: Path, plain: Settings) -> None:
    into, out_of = ("yo", "en"), ("en", "yo")
    expected = {"cs": ([], []), "bitext": ([], []), "bt": ([into], [into, out_of]), "bt-en": ([out_of], [out_of])}
    for regime, directions in expected.items():
        for settings, needed in zip((plain, replace(plain, in_domain_by="own")), directions, strict=True):
            assert experiment(small, cache, settings).needs.directions(parse(f"optical-{regime}")) == needed
    no_passages = experiment(small, cache, replace(plain, in_domain_by="own", in_domain=0))
    assert no_passages.needs.directions(parse("optical-bt")) == [into]


def test_a_run_tells_how_its_passages_were_made_and_who_translated(small: Path, cache: Path, tmp_path: Path) -> None:
    line = ["--lang", "yo", "--collection", str(small), "--bitext", str(small / "bitext.tsv"), "--cache-dir", str(cache), "--steps", "2"]
    line += ["--systems", "optical-bt-en,optical-cs", "--in-domain-by", "own", "--learns", "words"]
    assert main([*line, "--runs-dir", str(tmp_path / "runs"), "--qrels-dir", str(tmp_path / "qrels")]) == 0
    manifests = {name: json.loads((tmp_path / f"runs/small.yo.test/optical-{name}.manifest.json").read_text()) for name in ("bt-en", "cs")}
    assert {manifest["settings"]["in-domain by"] for manifest in manifests.values()} == {"own"}
    [direction] = manifests["bt-en"]["translation"]
    assert (direction["from"], direction["to"], direction["translator"]) == ("en", "yo", "lexical")
    assert manifests["cs"]["translation"] == []
    card = (Path(manifests["bt-en"]["training"]["checkpoint"]).expanduser() / "README.md").read_text(encoding="utf-8")
    assert "| English machine-translated by | `lexical` |" in card
