"""Students of several languages: what --with takes, how the text is shared out, and that one student serves all their runs."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from optical_repro import collections
from optical_repro.base.cache import Cache
from optical_repro.base.errors import InputError
from optical_repro.base.words import words
from optical_repro.bitext.beside import Beside, parse
from optical_repro.cards.evaluation import of_language
from optical_repro.collections import sample
from optical_repro.distill.recipe import Recipe
from optical_repro.experiment.experiment import Experiment
from optical_repro.experiment.settings import Settings
from optical_repro.lexicon.lexicon import Lexicon, mixed
from optical_repro.run import main
from optical_repro.training_text.code_switch import switch
from optical_repro.training_text.regime import TrainingPair
from optical_repro.translate.lexical import LexicalTranslator

RECIPE = Recipe("ot+pooled", steps=10, batch_size=8, learns="words")


@pytest.fixture(scope="module")
def bitext(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The first sentence pairs of the sample's two languages."""
    folder = tmp_path_factory.mktemp("bitext")
    for lang in ("yo", "sw"):
        lines = (sample.FOLDER / f"bitext.{lang}-en.tsv").read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / f"{lang}.tsv").write_text("".join(lines[:240]), encoding="utf-8")
    return {lang: folder / f"{lang}.tsv" for lang in ("yo", "sw")}


@pytest.fixture(scope="module")
def both(bitext: dict[str, Path]) -> Settings:
    """Of Yorùbá with Swahili beside it."""
    return Settings(bitext=(bitext["yo"],), beside=(Beside("sw", (bitext["sw"],)),), recipe=RECIPE, device="cpu")


def experiment(lang: str, settings: Settings, cache: Path) -> Experiment:
    return Experiment(collections.load("sample", lang), settings, Cache(cache))


def new_words(pair: TrainingPair) -> set[str]:
    """The words of the student's text that the teacher's does not have; Kenya's may become kenya'naa, two words."""
    student, teacher = ({part for word in words(text) for part in word.split("'")} for text in pair)
    return student - teacher


# What --with takes


def test_languages_come_in_the_order_of_their_codes_with_all_their_files() -> None:
    files = (Path("c.tsv"), Path("d.tsv"))
    assert (
        parse(["sw:a.tsv", "hau:c.tsv,d.tsv"])
        == parse(["ha:c.tsv", "d.tsv", "swh:a.tsv"])
        == (Beside("ha", files), Beside("sw", (files[0].with_name("a.tsv"),)))
    )
    assert parse(["yo:menyo20k:dev,lafand"]) == (Beside("yo", (Path("menyo20k:dev"), Path("lafand"))),)
    assert parse([]) == ()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["a.tsv"], r"--with a\.tsv: no language; expected LANG:FILE"),
        (["ha"], "--with ha: no language; expected LANG:FILE"),
        (["ha:"], "--with ha: no file of ha and English; expected LANG:FILE"),
        (["ha:a.tsv,"], "--with ha: no file of ha and English"),
        (["ha:a.tsv,sw:b.tsv,hau:c.tsv"], "--with hau: named twice; give its files together, hau:FILE,FILE"),
        (["en:a.tsv"], "--with en: every student has English beside its languages"),
    ],
)
def test_what_names_no_other_language_is_refused(given: list[str], told: str) -> None:
    with pytest.raises(InputError, match=told):
        parse(given)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"beside": "ha:a.tsv"}, "--with 'ha:a.tsv': expected pairs of a language and its files, as a tuple"),
        ({"beside": (("ha", "a.tsv"),)}, "--with .*: expected pairs"),
        ({"beside": (("hausa", ("a.tsv",)),)}, 'unknown language "hausa"; its ISO 639 code is ha'),
        ({"switching": "both"}, 'unknown --switching "both"'),
        ({"switching": "multilingual"}, "--switching multilingual: needs other languages; name them with --with LANG:FILE"),
    ],
)
def test_settings_of_several_languages_that_cannot_be(given: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        Settings(**given)


@pytest.mark.parametrize(
    ("content", "given", "told"),
    [
        (None, "yo:FILE", "--with yo: is the language of --lang already"),
        (None, "sw:/no/such.tsv", "/no/such.tsv: no such file"),
        ("mtoto anacheza\n", "sw:FILE", "odd.tsv:1: no TAB in the line; expected one, between sw and English"),
        ("mtoto anacheza\t\n", "sw:FILE", "no sentence pair in .*odd.tsv"),
    ],
)
def test_odd_input_is_told_in_a_line_before_any_work(
    content: str | None, given: str, told: str, small: Path, bitext: dict[str, Path], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    odd = bitext["yo"]
    if content is not None:
        odd = tmp_path / "odd.tsv"
        odd.write_text(content, encoding="utf-8")
    line = ["--lang", "yo", "--collection", str(small), "--bitext", str(bitext["yo"]), "--with", given.replace("FILE", str(odd))]
    assert main([*line, *(word for name in ("runs", "qrels", "cache") for word in (f"--{name}-dir", str(tmp_path / name)))]) == 2
    error = capfd.readouterr().err
    assert re.search(told, error) and error.startswith("error: ") and error.count("\n") == 1
    assert not (tmp_path / "runs").exists() and not (tmp_path / "cache" / "lexicon").exists()


# The text


def test_readings_are_split_evenly_and_each_language_is_switched_by_its_own_words(both: Settings, cache: Path) -> None:
    student = experiment("yo", both, cache)
    swahili, yoruba = student.text.languages
    assert [language.code for language in student.learnt.languages] == ["sw", "yo"]
    assert len(swahili.training_pairs("cs")) == len(yoruba.training_pairs("cs")) == RECIPE.readings // 2
    assert student.training_pairs("cs") == swahili.training_pairs("cs") + yoruba.training_pairs("cs")
    assert not {*swahili.excerpts} & {*yoruba.excerpts} and len(swahili.excerpts) == len(yoruba.excerpts) == RECIPE.readings // 4
    for language, text in zip(student.learnt.languages, student.text.languages, strict=True):
        own = {word for phrase in language.words.lexicon.entries for word in phrase.split()}
        for pair in text.training_pairs("cs"):
            assert new_words(pair) <= own
        authentic = {(pair.target, pair.english) for pair in language.words.pairs}
        assert {*text.training_pairs("bitext")[: len(text.chosen_pairs)]} <= authentic


def test_multilingual_switching_has_words_of_several_languages_in_one_text(both: Settings, cache: Path) -> None:
    lexicons = [language.words.lexicon for language in experiment("yo", both, cache).learnt.languages]
    known = [{word for phrase in lexicon.entries for word in phrase.split()} for lexicon in lexicons]
    alone = [known[0] - known[1], known[1] - known[0]]
    shares = {}
    for switching in ("bilingual", "multilingual"):
        pairs = experiment("yo", replace(both, switching=switching), cache).training_pairs("cs")
        new = [new_words(pair) for pair in pairs]
        shares[switching] = sum(all(found & own for own in alone) for found in new) / len(new)
    assert shares["bilingual"] == 0 and shares["multilingual"] > 0.5


def test_languages_that_know_a_word_have_an_equal_share_of_it() -> None:
    of_many, of_few = Lexicon({"king": {"ọba": 900.0, "olori": 100.0}}), Lexicon({"king": {"sarki": 1.0}, "tea": {"shayi": 1.0}})
    lexicon = mixed([of_many, of_few])
    assert lexicon.probabilities("king") == {"sarki": 0.5, "ọba": 0.45, "olori": 0.05} and lexicon.probabilities("tea") == {"shayi": 1.0}
    drawn = switch("king " * 2000, lexicon, 1.0, random.Random(1)).split()
    assert drawn.count("sarki") / 2000 == pytest.approx(0.5, abs=4 * (0.25 / 2000) ** 0.5)
    pieces = {one == "sarki" for one, _ in pairwise(drawn)}
    assert pieces == {True, False}


def test_a_word_of_two_languages_has_the_translations_of_both_by_their_counts(both: Settings, cache: Path) -> None:
    learnt = experiment("yo", both, cache).learnt
    swahili, yoruba = (language.words.lexicon.entries for language in learnt.languages)
    shared = [word for word in swahili if word in yoruba and len(swahili[word]) + len(yoruba[word]) < 15]
    assert len(shared) > 20
    for word in shared:
        sums = {english: swahili[word].get(english, 0) + yoruba[word].get(english, 0) for english in {**swahili[word], **yoruba[word]}}
        assert learnt.lexicon.entries[word] == pytest.approx(sums)


def test_each_language_is_back_translated_by_its_own_lexicon(both: Settings, cache: Path) -> None:
    student = experiment("yo", replace(both, in_domain=0), cache)
    for language, text in zip(student.learnt.languages, student.text.languages, strict=True):
        pairs = text.training_pairs("bt")
        assert [pair.teacher for pair in pairs] == LexicalTranslator(language.words.lexicon).translate([pair.student for pair in pairs])
        assert {pair.student for pair in pairs} <= {pair.target for pair in language.words.pairs}


def test_a_language_with_little_text_makes_training_shorter(both: Settings, bitext: dict[str, Path], cache: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.tsv"
    few.write_text("".join(bitext["sw"].read_text(encoding="utf-8").splitlines(keepends=True)[:5]), encoding="utf-8")
    student = experiment("yo", replace(both, beside=(Beside("sw", (few,)),), recipe=replace(RECIPE, steps=100)), cache)
    swahili, yoruba = (len(text.training_pairs("cs")) for text in student.text.languages)
    assert (swahili, yoruba) == (60, 400)  # six times five sentences and as many excerpts; half of 800 readings


# One student


def test_the_runs_of_both_languages_have_one_student(both: Settings, bitext: dict[str, Path], cache: Path) -> None:
    other = replace(both, bitext=(bitext["sw"],), beside=(Beside("yo", (bitext["yo"],)),))
    yoruba, swahili = experiment("yo", both, cache), experiment("sw", other, cache)
    assert yoruba.student("cs", "mlm") == swahili.student("cs", "mlm") != yoruba.untrained
    assert yoruba.student("bt") == swahili.student("bt")
    assert not swahili.worked
    assert yoruba.words.file != swahili.words.file and yoruba.lexicon.entries != yoruba.learnt.lexicon.entries
    alone = experiment("yo", replace(both, beside=()), cache)
    assert alone.untrained != yoruba.untrained and alone.learnt.lexicon is alone.lexicon


def test_the_student_has_the_words_of_both_languages(both: Settings, cache: Path) -> None:
    from transformers import AutoTokenizer

    student = experiment("yo", both, cache)
    tokenizer = AutoTokenizer.from_pretrained(student.untrained)
    for language in student.learnt.languages:
        entries = language.words.lexicon.entries
        new = [word for word in entries if " " not in word and student.learnt.lexicon.best(word) != word and word.isascii()]
        assert len(new) > 300
        assert all(len(tokenizer.tokenize(word)) == 1 for word in new)


def test_manifest_report_and_card_name_the_languages(small: Path, bitext: dict[str, Path], cache: Path, tmp_path: Path) -> None:
    line = ["--lang", "yo", "--collection", str(small), "--bitext", str(bitext["yo"]), "--with", f"sw:{bitext['sw']}", "--steps", "2"]
    line += ["--systems", "dense-qt,optical-bt", "--switching", "multilingual", "--learns", "words", "--cache-dir", str(cache)]
    assert main([*line, "--runs-dir", str(tmp_path / "runs"), "--qrels-dir", str(tmp_path / "qrels")]) == 0
    folder = tmp_path / "runs/small.yo.test"
    told, baseline = (json.loads((folder / f"{name}.manifest.json").read_text()) for name in ("optical-bt", "dense-qt"))
    assert told["training"]["languages"] == told["settings"]["languages"] == ["sw", "yo"]
    assert told["settings"]["switching"] == "multilingual" and told["settings"]["with"][0].startswith("sw: sw.tsv (")
    assert [(record["from"], record["to"]) for record in told["translation"]] == [("yo", "en"), ("sw", "en")]
    assert len({record["identity"] for record in told["translation"]}) == 2
    assert {Path(path).name for path in told["inputs"]} == {"yo.tsv", "sw.tsv"}
    assert {Path(path).name for path in baseline["inputs"]} == {"yo.tsv"} and "languages" not in baseline["settings"]
    report = json.loads((folder / "report.json").read_text())
    assert report["settings"]["languages"] == ["sw", "yo"]
    student = Path(told["training"]["checkpoint"]).expanduser()
    card = (student / "README.md").read_text(encoding="utf-8")
    assert "# optical-bt for Swahili and Yorùbá" in card and "- sw\n- yo\n" in card and "| Swahili and Yorùbá, read evenly |" in card
    assert (student / of_language("yo")).is_file() and not (student / "lexicon.tsv").exists() and of_language("yo") in card
