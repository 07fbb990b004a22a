"""What the filters of parallel text drop and keep, on pairs of the sample and on pairs made wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from optical_repro.base.cache import Cache
from optical_repro.base.errors import InputError
from optical_repro.bitext import filters
from optical_repro.bitext.readers import Pair
from optical_repro.collections import load
from optical_repro.experiment.experiment import Experiment
from optical_repro.experiment.settings import Settings
from optical_repro.lexicon import lexicon as lexicons

GOOD = Pair("Ìjọba ìpínlẹ̀ náà ti kọ́ ilé-ìwé tuntun fún àwọn ọmọdé.", "The state government has built a new school for the children.")
WRONG = {
    "length": Pair("Bẹ́ẹ̀ ni.", "Yes, and he went on to explain at some length what the council had decided that day."),
    "script": Pair("Правительство построило новую школу для детей.", "The government built a new school for the children."),
    "duplicates": Pair(GOOD.target.upper(), "The government of the state built a school."),
    "language": Pair("El gobierno ha construido una escuela nueva para los niños.", "The government has built a new school for children."),
}


@pytest.mark.parametrize("name", filters.FILTERS)
def test_each_drops_what_it_is_for_and_says_how_many(name: str) -> None:
    kept, dropped = filters.filtered([GOOD, WRONG[name]], [name], "yo")
    assert (kept, dropped) == ([GOOD], {name: 1})


def test_all_of_them_one_after_the_other() -> None:
    kept, dropped = filters.filtered([GOOD, *WRONG.values()], filters.parse("all"), "yo")
    assert (kept, dropped) == ([GOOD], dict.fromkeys(filters.FILTERS, 1))
    with pytest.raises(InputError, match=r"dropped every pair of the bitext \(length 1\)"):
        filters.filtered([WRONG["length"]], ["length"], "yo")


def test_the_samples_sentences_are_kept(pairs: list[Pair]) -> None:
    kept, dropped = filters.filtered(pairs, ["length", "script", "language"], "yo")
    assert len(kept) > 0.97 * len(pairs), dropped


def test_an_english_side_that_is_not_english_is_dropped() -> None:
    copied = Pair(GOOD.target, GOOD.target)
    assert filters.filtered([GOOD, copied], ["language"], "yo")[0] == [GOOD]


@pytest.mark.parametrize(("lang", "code"), [("yo", "yo"), ("ha", "ha"), ("sw", "sw"), ("so", "so"), ("he", "iw"), ("fon", None)])
def test_languages_that_the_identifier_sees(lang: str, code: str | None) -> None:
    assert filters.cld2_code(lang) == code


def test_it_abstains_on_a_language_that_it_does_not_know_and_where_it_is_not_sure() -> None:
    fon = Pair("Xɔntɔn ce lɛ wá mɔ mi égbé bɔ mi ɖuxwe.", "My friends came to see me today and we had a feast together.")
    assert filters.filtered([fon], ["language"], "fon")[0] == [fon]
    short = Pair("2019 \x01", "2019")
    assert filters.filtered([short], ["language"], "yo")[0] == [short]


def test_the_script_of_a_language_is_cldrs() -> None:
    assert filters.script_names("am") == ("ETHIOPIC",)
    assert filters.script_names("yo") == ("LATIN", "MODIFIER LETTER")
    assert filters.script_names("xx") == ()
    amharic = Pair("መንግሥት አዲስ ትምህርት ቤት ሠራ።", "The government built a new school.")
    assert filters.filtered([amharic], ["script"], "am")[0] == [amharic]


def test_names_of_filters() -> None:
    assert filters.parse("script,length") == ("length", "script")
    with pytest.raises(InputError, match='unknown filter of bitext "lenght"; did you mean length'):
        filters.parse("lenght")


def test_an_experiment_tells_what_was_dropped_and_without_filters_is_as_before(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bitext.tsv"
    file.write_text("".join(f"{pair.target}\t{pair.english}\n" for pair in (GOOD, WRONG["length"])), encoding="utf-8")
    plain = Experiment(load("sample", "yo"), Settings(bitext=(file,)), Cache(tmp_path))
    assert plain.pairs == [GOOD, WRONG["length"]]
    assert "dropped" not in capsys.readouterr().out
    strict = Experiment(load("sample", "yo"), Settings(bitext=(file,), bitext_filter=("length", "script")), Cache(tmp_path))
    assert strict.pairs == [GOOD]
    assert "bitext: 1 of 2 pairs kept; dropped by length 1, script 0" in capsys.readouterr().out
    assert strict.words.stage != plain.words.stage


# Lexicons in the forms that they are published in

ENTRIES = {"omi": {"water": 1.0}, "oba": {"king": 1.0}}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("muse.txt", "omi water\nọba king\n"),
        ("panlex.tsv", "yor-000\tomi\teng-000\twater\neng-000\tking\tyor-000\tọba\nfra-000\teau\tyor-000\tomi\n"),
        ("short.tsv", "yo\tomi\ten\twater\t1\nyo\tọba\ten\tking\t1\n"),
        (
            "kaikki.jsonl",
            '{"word": "omi", "lang_code": "yo", "senses": [{"glosses": ["water (the liquid), what one drinks when one is thirsty"]}]}\n'
            '{"word": "mu", "lang_code": "yo", "senses": [{"glosses": ["to sit"], "form_of": [{"word": "x"}]}, {}]}\n'
            '{"word": "king", "lang_code": "en", "senses": [{"translations": '
            '[{"lang_code": "yo", "word": "ọba"}, {"code": "fr", "word": "roi"}]}]}\n'
            '{"title": "a redirect", "redirect": "king"}\n',
        ),
        ("raw.jsonl", '{"word": "water", "lang_code": "en", "translations": [{"code": "yo", "word": "omi"}]}\n'
                      '{"word": "ọba", "lang_code": "yo", "senses": [{"glosses": ["a king"]}]}\n'),
    ],
)  # fmt: skip
def test_lexicons_of_every_form(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert lexicons.read_lexicon(tmp_path / name, "yo").entries == ENTRIES


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.jsonl", '{"word": "eau", "lang_code": "fr"}\n', r"a\.jsonl: no translation between yo and English in it"),
        ("a.jsonl", "omi water\n", r"a\.jsonl:1: not JSON; expected an entry of wiktextract"),
        ("a.jsonl", "[]\n", r"a\.jsonl:1: no entry"),
        ("a.jsonl", '{"word": "omi", "lang_code": "yo", "senses": "water"}\n', r"a\.jsonl:1: no entry"),
        ("a.jsonl", '{"word": "water", "lang_code": "en", "translations": ["omi"]}\n', r"a\.jsonl:1: no entry"),
        ("a.jsonl", '{"lang_code": "yo", "senses": [{"glosses": ["water"]}]}\n', r"a\.jsonl:1: no entry"),
        ("a.jsonl", '{"word": 1, "lang_code": "yo", "senses": [{"glosses": ["water"]}]}\n', r"a\.jsonl:1: no entry"),
        ("a.tsv", "fra-000\teau\teng-000\twater\n", r"a\.tsv: no translation between yo and English"),
        ("a.tsv", "yor-000\tomi\teng-000\twater\nomi\twater\n", r"a\.tsv:2: 2 columns; expected code TAB word"),
        ("a.tsv", "yor-000\tomi\teng-000\twater\t0\n", r'a\.tsv:1: the weight "0"'),
    ],
)
def test_lexicons_that_are_wrong(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        lexicons.read_lexicon(tmp_path / name, "yo")
