"""Unknown words of topics, read as the nearest known ones."""

from __future__ import annotations

from optical_repro.lexicon.lexicon import Lexicon
from optical_repro.lexicon.spelling import nearest, respell, unknown_words

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


def test_a_stem_is_known_whatever_stands_before_or_after_it() -> None:
    swahili = Lexicon({"kucheza": {"play": 3.0}, "husika": {"concern": 3.0}, "sokoni": {"market": 1.0}})
    assert nearest(["hucheza", "soko"], swahili) == {"hucheza": "kucheza", "soko": "sokoni"}


def test_of_two_spellings_as_near_the_common_one() -> None:
    words = {"kankan": {"small": 1.0}, "yankan": {"cut": 40.0}}
    assert nearest(["dankan"], Lexicon(words)) == {"dankan": "yankan"}
    assert nearest(["dankan"], Lexicon(words | {"yankan": {"cut": 1.0}})) == {"dankan": "kankan"}


def test_phrases_are_no_spellings() -> None:
    assert nearest(["danwasa"], HAUSA) == {}


def test_only_the_words_change() -> None:
    assert respell("  Ina Tsaunin\tKomfuta (tsaunin)?", {"tsaunin": "tsauni", "komfuta": "kwamfuta"}) == "  Ina tsauni\tkwamfuta (tsauni)?"
    assert respell("", {"a": "b"}) == ""
