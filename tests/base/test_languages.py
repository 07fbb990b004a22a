"""Languages by their codes: one place tells which are one."""

from __future__ import annotations

from pathlib import Path

import pytest

from optical_repro import collections
from optical_repro.base import languages
from optical_repro.base.errors import InputError
from optical_repro.lexicon.cldr import cldr_names
from optical_repro.retrieval import bm25 as lexical

ONE = {
    "yo": ("yor", "yor_Latn", "yo-NG", "yo-Latn"),
    "hi": ("hin", "hin_Deva", "hi-IN"),
    "sw": ("swa", "swh", "swh_Latn", "sw-KE", "sw_TZ"),
    "ha": ("hau", "ha-Latn-NG"),
    "pt": ("por", "pt-BR", "pt_PT"),
    "zh": ("zho", "cmn", "zh-Hans", "zh-CN", "zh_Hans_CN"),
    "zh-Hant": ("zh-TW", "zh_Hant", "zho_Hant", "zh-HK"),
    "sr-Latn": ("srp_Latn", "sr-Latn-RS", "sr-ME"),
    "ar": ("ara", "arb", "arb_Arab", "ar-EG"),
    "tl": ("tgl", "tgl_Latn"),
    "tw": ("twi", "twi_Latn"),
    "he": ("iw", "heb_Hebr"),
    "tpi": ("tpi_Latn", "tpi-PG"),
}


@pytest.mark.parametrize("code", ONE)
def test_every_way_to_write_a_code_is_one(code: str) -> None:
    assert {languages.canonical(written) for written in (code, *ONE[code])} == {code}


def test_codes_of_two_letters_stay_what_collections_call_them() -> None:
    for code in ("no", "nb", "tl", "tw", "sh", "ku"):
        assert languages.canonical(code) == code
    assert languages.same("tl", "fil_Latn")
    assert not languages.same("yo", "ha")


@pytest.mark.parametrize("wrong", ["yoruba", "y", "YO", "yo-", "yo/../x", "yo.x", "", "yo ", "../yo", "en-us-x-a-b-c"])
def test_what_is_no_code_is_refused(wrong: str) -> None:
    with pytest.raises(InputError, match="unknown language"):
        languages.canonical(wrong)


def test_scripts_find_their_own_names() -> None:
    names = {code: dict(cldr_names(languages.canonical(code))) for code in ("zh-Hans", "zh-Hant", "sr-Latn", "sr", "yor", "pt-BR")}
    assert names["zh-Hans"]["\u5fb7\u56fd"] == names["zh-Hant"]["\u5fb7\u570b"] == "Germany"
    assert "Nema\u010dka" in names["sr-Latn"] and "Nema\u010dka" not in names["sr"]
    assert all(names.values())


def test_an_analyzer_is_found_for_a_language_in_any_script() -> None:
    assert lexical.analyze("zh-Hant", "\u53f0\u7063\u5927\u5b78") == lexical.analyze("zh", "\u53f0\u7063\u5927\u5b78")
    assert lexical.analyze("pt", "casas") == lexical.analyze("pt", "casa")


@pytest.mark.parametrize(("written", "asked"), [("hin", "hi"), ("hi", "hin"), ("hin_Deva", "hin"), ("hi-IN", "hi")])
def test_a_folder_may_name_its_language_by_any_code(tmp_path: Path, written: str, asked: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "corpus.jsonl").write_text('{"id": "a", "text": "one"}\n')
    (folder / f"topics.{written}.test.tsv").write_text("1\tfoo\n")
    (folder / f"topics.{written}.test.en.tsv").write_text("1\tone\n")
    (folder / f"qrels.{written}.test.txt").write_text("1 0 a 1\n")
    loaded = collections.load(str(folder), asked)
    assert (loaded.lang, loaded.doc_lang, loaded.name) == ("hi", "en", "mine.hi.test")
    assert loaded.human_topics == {"1": "one"}
    assert (f"{asked} is hi" in capsys.readouterr().out) == (asked != "hi")
