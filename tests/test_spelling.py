"""Unknown words of topics, read as the nearest known ones."""

from __future__ import annotations

from optical_repro.bitext.lexicon import Lexicon
from optical_repro.translate.spelling import nearest, respell, unknown_words

HAUSA = Lexicon(
    {"kwamfuta": {"computer": 1.0}, "tsauni": {"mountain": 1.0}, "tauraro": {"star": 1.0}, "wa": {"who": 1.0}, "dan wasa": {"player": 1.0}}
)


def test_unknown_words_are_those_that_the_lexicon_lacks_short_ones_marks_and_numbers_left_out() -> None:
    assert unknown_words(["Wa ya ƙera Komfuta?", "tsauni, tsaunin ... 2019!"], HAUSA) == ["kera", "komfuta", "tsaunin"]


def test_the_nearest_known_spelling_and_none_that_is_far() -> None:
    assert nearest(["komfuta", "tsaunin", "tauroro", "kilimanjaro"], HAUSA) == {
        "komfuta": "kwamfuta",
        "tsaunin": "tsauni",
        "tauroro": "tauraro",
    }


def test_phrases_are_no_spellings() -> None:
    assert nearest(["danwasa"], HAUSA) == {}


def test_only_the_words_change() -> None:
    assert respell("  Ina Tsaunin\tKomfuta (tsaunin)?", {"tsaunin": "tsauni", "komfuta": "kwamfuta"}) == "  Ina tsauni\tkwamfuta (tsauni)?"
    assert respell("", {"a": "b"}) == ""
