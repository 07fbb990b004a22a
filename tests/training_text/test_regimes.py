"""Training pairs: the same sentences for every regime, and switching that keeps names and draws by weight."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from optical_repro.base.words import is_number, is_word, tokens
from optical_repro.bitext.readers import Pair
from optical_repro.collections.collection import Passage
from optical_repro.lexicon.lexicon import Lexicon
from optical_repro.training_text.code_switch import code_switched, switch
from optical_repro.training_text.in_domain import SPAN, sample, spans
from optical_repro.training_text.pairs import EPOCHS, LITTLE, draw_pairs, readings, training_pairs
from optical_repro.training_text.regime import TrainingPair
from optical_repro.training_text.regimes import REGIMES
from optical_repro.translate.lexical import LexicalTranslator

TRAINED = [regime for regime in REGIMES if regime != "none"]


@dataclass(frozen=True)
class Toolbox:
    """What regimes may use, without an experiment."""

    lexicon: Lexicon
    probability: float
    seed: int

    def switched(self, texts: Sequence[str]) -> list[TrainingPair]:
        return [TrainingPair(*pair) for pair in code_switched(texts, self.lexicon.reversed(), self.probability, self.seed)]

    def back_translated(self, pairs: Sequence[Pair], by_phrases: bool = False) -> list[TrainingPair]:
        sentences = [pair.target for pair in pairs]
        return [TrainingPair(*pair) for pair in zip(sentences, LexicalTranslator(self.lexicon).translate(sentences), strict=True)]

    def translated(self, texts: Sequence[str], by_phrases: bool = False) -> list[TrainingPair]:
        translations = LexicalTranslator(self.lexicon.reversed()).translate(texts)
        return [TrainingPair(*pair) for pair in zip(translations, texts, strict=True)]


def made(regime: str, pairs: list[Pair], lexicon: Lexicon, probability: float = 0.5, seed: int = 42) -> list[TrainingPair]:
    return training_pairs(regime, pairs, Toolbox(lexicon, probability, seed))


@pytest.mark.parametrize("regime", TRAINED)
def test_every_regime_has_one_pair_a_sentence_in_their_order(regime: str, pairs: list[Pair], lexicon: Lexicon) -> None:
    found = made(regime, pairs, lexicon)
    assert len(found) == len(pairs)
    for ours, pair in zip(found, pairs, strict=True):
        assert pair.target == ours.student or pair.english == ours.teacher
        assert ours.student and ours.teacher


def test_none_has_no_pairs(pairs: list[Pair], lexicon: Lexicon) -> None:
    assert made("none", pairs, lexicon) == []


def test_bitext_is_the_authentic_pairs(pairs: list[Pair], lexicon: Lexicon) -> None:
    assert made("bitext", pairs, lexicon) == [TrainingPair(pair.target, pair.english) for pair in pairs]


def test_cs_uses_only_english_sides(pairs: list[Pair], lexicon: Lexicon) -> None:
    hidden = [Pair("", pair.english) for pair in pairs]
    found = made("cs", hidden, lexicon)
    assert found == made("cs", pairs, lexicon)
    assert [pair.teacher for pair in found] == [pair.english for pair in pairs]


def test_bt_uses_only_sides_in_the_language(pairs: list[Pair], lexicon: Lexicon) -> None:
    found = made("bt", [Pair(pair.target, "") for pair in pairs], lexicon)
    assert found == made("bt", pairs, lexicon)
    assert [pair.student for pair in found] == [pair.target for pair in pairs]
    assert [pair.teacher for pair in found] == LexicalTranslator(lexicon).translate([pair.target for pair in pairs])


def test_bt_en_uses_only_english_sides(pairs: list[Pair], lexicon: Lexicon) -> None:
    found = made("bt-en", [Pair("", pair.english) for pair in pairs], lexicon)
    assert found == made("bt-en", pairs, lexicon)
    assert [pair.teacher for pair in found] == [pair.english for pair in pairs]
    assert [pair.student for pair in found] == LexicalTranslator(lexicon.reversed()).translate([pair.english for pair in pairs])


def test_each_regime_makes_pairs_of_passages_in_its_own_way_or_none(pairs: list[Pair], lexicon: Lexicon) -> None:
    texts, tools = [pair.english for pair in pairs[:51]], Toolbox(lexicon, 0.5, 42)
    found = {name: regime.passages and regime.passages(texts, tools) for name, regime in REGIMES.items()}
    assert found["cs"] == tools.switched(texts) and found["bt-en"] == found["bt"] == tools.translated(texts)
    assert found["cs+bt"] == tools.switched(texts[:25]) + tools.translated(texts[25:])
    assert found["bitext"] is found["none"] is None


def test_cs_bt_is_half_each(pairs: list[Pair], lexicon: Lexicon) -> None:
    found, half = made("cs+bt", pairs, lexicon), len(pairs) // 2
    assert found[:half] == made("cs", pairs, lexicon)[:half]
    assert found[half:] == made("bt", pairs, lexicon)[half:]


def test_same_seed_same_text_and_another_seed_another(pairs: list[Pair], lexicon: Lexicon) -> None:
    assert made("cs", pairs, lexicon) == made("cs", pairs, lexicon)
    other = made("cs", pairs, lexicon, seed=43)
    assert sum(one != two for one, two in zip(made("cs", pairs, lexicon), other, strict=True)) > 0.8 * len(pairs)
    assert made("bt", pairs, lexicon, seed=43) == made("bt", pairs, lexicon)


def test_at_probability_zero_nothing_is_switched(pairs: list[Pair], lexicon: Lexicon) -> None:
    assert all(pair.student == pair.teacher for pair in made("cs", pairs, lexicon, probability=0.0))


def test_at_probability_one_every_known_word_is_switched_but_names(pairs: list[Pair], lexicon: Lexicon) -> None:
    single = Lexicon({word: translations for word, translations in lexicon.entries.items() if " " not in word})
    reverse = single.reversed().entries
    own = {part for translations in reverse.values() for part in translations}  # "a" and such are words of both languages
    switched = total = 0
    for student, teacher in made("cs", pairs, single, probability=1.0):
        left = {token.text for token in tokens(student)} - own
        for token in tokens(teacher)[1:]:
            if token.text in reverse and token.text.isalpha():
                total += 1
                switched += token.text not in left
    assert total > 3000
    assert switched == total


NAMED = "In 1986 Wole Soyinka (of Abeokuta, Nigeria) won the 1st prize: 3,5 %; the king's 2 horses ran!"
WORDS = Lexicon(
    {
        "in": {"ní": 1.0},
        "of": {"ti": 1.0},
        "won": {"gba": 1.0},
        "the": {"náà": 1.0},
        "king": {"ọba": 1.0},
        "horses": {"ẹṣin": 1.0},
        "wole": {"wọlé": 1.0},
        "nigeria": {"nàìjíríà": 1.0},
        "1986": {"ọdún": 1.0},
        "1st": {"kìíní": 1.0},
        "2": {"méjì": 1.0},
    }
)


def test_names_numbers_and_punctuation_stay() -> None:
    expected = "ní 1986 Wole Soyinka (ti Abeokuta, Nigeria) gba náà 1st prize: 3,5 %; náà ọba's 2 ẹṣin ran!"
    assert switch(NAMED, WORDS, 1.0, random.Random(0)) == expected


def test_names_and_numbers_of_the_sample_stay(pairs: list[Pair], lexicon: Lexicon) -> None:
    """Whatever is capitalised inside a sentence, or a number, or a mark, stands as often in the switched sentence."""
    checked = 0
    for student, teacher in made("cs", pairs, lexicon, probability=1.0):
        stays = [token.text for token in tokens(teacher)[1:] if token.text[0].isupper() or is_number(token.word) or not is_word(token.word)]
        kept = [text for text in stays if text != "'"]  # mother's may become ìyá'náà, one word.
        left = Counter(token.text for token in tokens(student))
        checked += len(kept)
        assert not Counter(kept) - left, (teacher, student)
    assert checked > 1200


def test_words_are_switched_with_the_probability_asked_for() -> None:
    lexicon = Lexicon({"a": {"x": 1.0}})
    for probability in (0.2, 0.7):
        switched = switch("a " * 5000, lexicon, probability, random.Random(1)).split()
        assert len(switched) == 5000
        assert switched.count("x") / 5000 == pytest.approx(probability, abs=4 * (0.25 / 5000) ** 0.5)


def test_draws_follow_the_weights() -> None:
    weights = {"x": 6.0, "y": 3.0, "z": 1.0}
    drawn = Counter(switch("a " * 5000, Lexicon({"a": weights}), 1.0, random.Random(2)).split())
    assert set(drawn) == set(weights)
    for word, weight in weights.items():
        share = weight / 10
        assert drawn[word] / 5000 == pytest.approx(share, abs=4 * (share * (1 - share) / 5000) ** 0.5)


def test_phrases_are_switched_whole() -> None:
    lexicon = Lexicon({"palm oil": {"epo pupa": 1.0}, "palm": {"ọ̀pẹ": 1.0}})
    assert switch("they press palm oil from the palm.", lexicon, 1.0, random.Random(0)) == "they press epo pupa from the ọ̀pẹ."


def test_white_space_between_words_is_one_blank() -> None:
    assert switch(" a\t b \n c ", Lexicon({"b": {"x": 1.0}}), 1.0, random.Random(0)) == "a x c"


# Sentences and spans


def test_little_bitext_is_not_read_over_and_over(pairs: list[Pair]) -> None:
    few = pairs[:10]
    assert Counter(draw_pairs(few, 25, seed=1)).most_common()[0][1] == 3 and min(Counter(draw_pairs(few, 25, seed=1)).values()) == 2
    assert readings(10, most=10**6) == 10 * EPOCHS
    assert readings(LITTLE // 2, most=10**6) == LITTLE and readings(LITTLE + 1, most=10**6) == LITTLE + 1
    assert readings(10**6, most=500) == readings(100, most=500) == 500
    assert len(set(draw_pairs(pairs, 200, seed=1))) == 200
    assert draw_pairs(pairs, 200, seed=1) == draw_pairs(pairs, 200, seed=1) != draw_pairs(pairs, 200, seed=2)


def test_spans_are_text_of_the_passages() -> None:
    passages = [
        Passage("1", "Rain", "The rain falls on the king and on all his people who live " + "here " * 20),
        Passage("2", "Farmers of the north", ""),
    ]
    found = spans(passages, 40, seed=3)
    assert len(found) == 40 and found == spans(passages, 40, seed=3) != spans(passages, 40, seed=4)
    assert all(any(span in " ".join(passage.text.split()) or span == passage.title for passage in passages) for span in found)
    assert Counter(span == "Farmers of the north" for span in found)[True] == 20
    assert {len(span.split()) for span in found} == {4, SPAN}
    assert len(set(found)) > 8
    assert spans([], 10, seed=1) == []


def test_a_sample_of_a_stream_takes_each_text_as_often() -> None:
    drawn_ones = Counter(text for seed in range(600) for text in sample(map(str, range(12)), 4, random.Random(seed)))
    assert all(150 < drawn_ones[str(text)] < 250 for text in range(12))
    assert sorted(sample(map(str, range(3)), 10, random.Random(0))) == ["0", "1", "2"]


def test_what_is_switched_does_not_depend_on_what_else_the_lexicon_knows() -> None:
    names = [first + second for first in "bdfgk" for second in "aeiou"]
    every = {word: {word + "x": 1.0, word + "y": 2.0} for word in names}
    fewer = {word: translations for number, (word, translations) in enumerate(every.items()) if number % 3}
    with_phrase = {**every, "ba be": {"bx": 1.0}}
    chances = [random.Random(7) for _ in range(3)]
    for _ in range(200):
        ours, theirs, phrased = (
            switch(" ".join(names), Lexicon(known), 0.5, chance).split()
            for known, chance in zip((every, fewer, with_phrase), chances, strict=True)
        )
        assert [new for new, word in zip(ours, names, strict=True) if word in fewer] == [
            new for new, word in zip(theirs, names, strict=True) if word in fewer
        ]
        assert phrased[-len(names) + 2 :] == ours[2:]
