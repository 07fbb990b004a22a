"""Words, their alignment, lexicons and the word-by-word translator, on the sample's parallel text."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from optical_repro.base.errors import InputError
from optical_repro.base.words import fold, folded_letters, is_number, is_word, tokens, words
from optical_repro.bitext.readers import Pair
from optical_repro.lexicon import alignment
from optical_repro.lexicon import lexicon as lexicons
from optical_repro.lexicon.cldr import cldr_names
from optical_repro.lexicon.lexicon import Lexicon
from optical_repro.translate.lexical import BEST_SHARE, DRAWN, LexicalTranslator, nbest, weighted_words

# Words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Ọdún", "odun"),
        ("Ẹ̀KỌ́", "eko"),
        ("Ƙasar Ɗan Ɓoye ƴar", "kasar dan boye yar"),
        ("Đồng Øre Łódź", "dong ore lodz"),
        ("Shin̄a Ḿbà", "shina mba"),
        ("ŋgɔ ɛwe", "ŋgɔ ɛwe"),
        ("Ìbàdàn", "ibadan"),
    ],
)
def test_fold_takes_case_and_diacritics_away(text: str, folded: str) -> None:
    for form in ("NFC", "NFD"):
        assert fold(unicodedata.normalize(form, text)) == folded


def test_letters_that_are_folded_are_those_with_a_base() -> None:
    letters = folded_letters()
    assert {"ɗ": "d", "ƙ": "k", "ɓ": "b", "ƴ": "y", "đ": "d", "ø": "o", "ł": "l"}.items() <= letters.items()
    assert not {"ŋ", "ə", "ɛ", "ɔ", "é", "ọ"} & letters.keys()  # letters of their own, or taken apart by Unicode


def test_words_are_split_at_blanks_and_punctuation() -> None:
    assert words("Ọba's  3,5 kg—ńlá… (àti) ẹ̀wà!\n") == ["oba", "s", "3", "5", "kg", "nla", "ati", "ewa"]
    assert words("... — !") == words("") == []


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_tokens_tell_their_places_in_the_text_as_it_is_written(form: str, pairs: list[Pair]) -> None:
    for pair in pairs[:200]:
        for side in pair:
            text = unicodedata.normalize(form, side)
            found = tokens(text)
            assert all(token.text == text[token.start : token.end] for token in found)
            assert "".join(token.text for token in found) == "".join(text.split())
            assert [token.word for token in found if is_word(token.word)] == words(side)


# Alignment


def test_same_seed_same_links_and_another_seed_others(pairs: list[Pair]) -> None:
    split = [(words(pair.target), words(pair.english)) for pair in pairs[:300]]
    links = alignment.align(split, seed=1)
    assert links == alignment.align(split, seed=1)
    assert links != alignment.align(split, seed=2)
    assert len(links) == len(split)
    for (target, english), found in zip(split, links, strict=True):
        assert all(0 <= here < len(target) and 0 <= there < len(english) for here, there, _ in found)
        assert len({link[:2] for link in found}) == len(found)
        assert {weight for *_, weight in found} <= {1.0, alignment.DOUBTFUL}


def test_a_language_with_the_words_of_english_backwards_is_aligned_across(pairs: list[Pair]) -> None:
    """Known links: the "language" spells each English word backwards and turns the sentence round."""
    split = [([word[::-1] + "x" for word in reversed(words(pair.english))], words(pair.english)) for pair in pairs]
    links = alignment.align(split, seed=3)
    right = total = 0
    for (target, english), found in zip(split, links, strict=True):
        sure = [(here, there) for here, there, weight in found if weight == 1]
        total += len(sure)
        right += sum(target[here] == english[there][::-1] + "x" for here, there in sure)
    assert total > 0.6 * sum(len(english) for _, english in split)
    assert right / total > 0.9


def test_sure_links_alone_when_doubtful_ones_weigh_nothing(pairs: list[Pair]) -> None:
    split = [(words(pair.target), words(pair.english)) for pair in pairs[:300]]
    both = alignment.align(split, seed=1)
    sure = alignment.align(split, seed=1, doubtful=0.0)
    assert sure == [[link for link in found if link[2] == 1] for found in both]
    assert sum(map(len, sure)) < sum(map(len, both))


def test_sides_that_are_empty_or_overlong_have_no_links(pairs: list[Pair]) -> None:
    usual = [(words(pair.target), words(pair.english)) for pair in pairs[:100]]
    odd: list[tuple[list[str], list[str]]] = [([], ["a"]), (["b"], []), ([], []), (["c"] * 151, ["d"]), (["e"], ["f"] * 151)]
    links = alignment.align([*odd[:3], *usual, *odd[3:]], seed=1)
    assert [bool(found) for found in [*links[:3], *links[-2:]]] == [False] * 5
    assert links[3:-2] == alignment.align(usual, seed=1)


# Lexicons


def test_the_sample_teaches_what_words_mean(lexicon: Lexicon) -> None:
    meanings = {"omi": "water", "odo": "river", "oba": "king", "agbe": "farmers", "osupa": "moon", "dokita": "doctor", "eko": "lagos"}
    assert {word: lexicon.best(word) for word in meanings} == meanings
    for word, best in meanings.items():
        chances = lexicon.probabilities(word)
        assert sum(chances.values()) == pytest.approx(1)
        assert list(chances.values()) == sorted(chances.values(), reverse=True)
        assert next(iter(chances)) == best
    assert (lexicon.best("xyzzy"), lexicon.probabilities("xyzzy")) == (None, {})


def test_a_name_that_both_sides_write_is_its_own_translation(pairs: list[Pair]) -> None:
    named = Pair("Achebe kọ ìwé kan", "Chinua wrote a book")
    both = Pair("Achebe kọ ìwé kan", "Chinua Achebe wrote a book")
    assert lexicons.induce([*pairs, *[named] * 3], seed=5).best("achebe") != "achebe"
    assert lexicons.induce([*pairs, *[both] * 3], seed=5).best("achebe") == "achebe"


def test_a_number_is_translated_by_itself_alone(pairs: list[Pair]) -> None:
    """The aligner links numbers that one side alone has to whatever stands there."""
    dated = [
        Pair(f"{pair.target} {1900 + place % 90}", f"{pair.english} {1900 + (place if place % 7 else place + 1) % 90}")
        for place, pair in enumerate(pairs)
    ]
    entries = lexicons.induce(dated, seed=5).entries
    numbers = {word: translations for word, translations in entries.items() if is_number(word)}
    assert len(numbers) > 50
    assert all(list(translations) == [word] for word, translations in numbers.items())
    assert LexicalTranslator(Lexicon(entries)).translate(["ọdún 1388"])[0].endswith(" 1388")


def test_the_same_bitext_gives_the_same_lexicon_file(pairs: list[Pair], tmp_path: Path) -> None:
    lexicons.induce(pairs[:300], seed=5).write(tmp_path / "a.tsv")
    lexicons.induce(pairs[:300], seed=5).write(tmp_path / "b.tsv")
    assert (tmp_path / "a.tsv").read_bytes() == (tmp_path / "b.tsv").read_bytes()


def test_a_lexicon_written_and_read_is_the_same(lexicon: Lexicon, tmp_path: Path) -> None:
    lexicon.write(tmp_path / "lexicon.tsv")
    again = lexicons.read_lexicon(tmp_path / "lexicon.tsv", "yo")
    assert again == lexicon
    assert list(again.entries) == list(lexicon.entries)
    assert [list(translations) for translations in again.entries.values()] == [list(found) for found in lexicon.entries.values()]


def test_muse_and_weighted_files_read_alike(tmp_path: Path) -> None:
    (tmp_path / "muse.txt").write_text("Ọmọ child\nomo Child\nomo kid\nilé house\n", encoding="utf-8")
    (tmp_path / "weights.tsv").write_text("ọmọ\tchild\t2\nọmọ\tkid\t1\nIlé\thouse\n\n", encoding="utf-8")
    (tmp_path / "phrases.tsv").write_text("Gúúṣù  Amẹ́ríkà\tSouth America\t3.5\n!!!\tnothing\n", encoding="utf-8")
    expected = {"omo": {"child": 2.0, "kid": 1.0}, "ile": {"house": 1.0}}
    assert lexicons.read_lexicon(tmp_path / "muse.txt", "yo").entries == expected
    assert lexicons.read_lexicon(tmp_path / "weights.tsv", "yo").entries == expected
    phrase = lexicons.read_lexicon(tmp_path / "phrases.tsv", "yo")
    assert (phrase.entries, phrase.longest) == ({"guusu amerika": {"south america": 3.5}}, 2)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("omo", "1 columns; expected a word and its translation"),
        ("omo child kid", "3 columns"),
        ("omo\tchild\t1\tx", "4 columns"),
        ("omo\tchild\tmany", 'the weight "many"; expected a number above zero'),
        ("omo\tchild\t-1", 'the weight "-1"'),
        ("omo\tchild\t0", 'the weight "0"'),
        ("omo\tchild\tnan", 'the weight "nan"'),
        ("omo\tchild\tinf", 'the weight "inf"'),
    ],
)
def test_lexicon_lines_that_are_wrong(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "x.tsv"
    path.write_text(f"ile house\n\n{line}\n")
    with pytest.raises(InputError) as error:
        lexicons.read_lexicon(path, "yo")
    assert str(error.value).startswith(f"{path}:3: {message}")


def test_merged_lexicons_add_their_weights() -> None:
    one, two = Lexicon({"a": {"x": 1.0, "y": 2.0}}), Lexicon({"a": {"x": 3.0}, "b": {"z": 1.0}})
    merged = lexicons.merge([one, two])
    assert merged.entries == {"a": {"x": 4.0, "y": 2.0}, "b": {"z": 1.0}}
    assert merged.best("a") == "x"
    assert merged == lexicons.merge([two, one])


def test_only_the_weightiest_translations_are_kept() -> None:
    many = Lexicon({"a": {f"x{number:02}": float(number) for number in range(50)}})
    assert list(lexicons.merge([many]).entries["a"]) == [f"x{number}" for number in range(49, 29, -1)]


def test_reversed_goes_the_other_way() -> None:
    lexicon = Lexicon({"omo": {"child": 3.0, "kid": 1.0}, "ewe": {"child": 5.0}})
    assert lexicon.reversed().entries == {"child": {"ewe": 5.0, "omo": 3.0}, "kid": {"omo": 1.0}}
    assert lexicon.reversed().reversed() == lexicons.merge([lexicon])


def test_equal_weights_are_decided_by_the_words_not_by_their_order() -> None:
    one, two = Lexicon({"a": {"x": 1.0, "y": 1.0}}), Lexicon({"a": {"y": 1.0, "x": 1.0}})
    assert one.best("a") == two.best("a")
    assert list(one.probabilities("a")) == list(two.probabilities("a"))


# CLDR


@pytest.mark.parametrize(
    ("lang", "name", "english"),
    [
        ("yo", "Nàìjíríà", "Nigeria"),
        ("yo", "Ọjọ́ Ajé", "Monday"),
        ("sw", "Kiswahili", "Swahili"),
        ("sw", "Marekani", "United States"),
        ("ha", "Turanci", "English"),
        ("so", "Soomaaliya", "Somalia"),
    ],
)
def test_cldr_names(lang: str, name: str, english: str) -> None:
    assert (name, english) in cldr_names(lang)
    assert lexicons.cldr_lexicon(lang).best(" ".join(words(name))) == " ".join(words(english))


def test_cldr_knows_hundreds_of_names_and_none_of_a_language_it_lacks() -> None:
    assert all(400 < len(cldr_names(lang)) < 2000 for lang in ("yo", "sw", "ha", "so", "te", "bn"))
    assert cldr_names("xx") == cldr_names("zzz") == cldr_names("en") == []


# The translator


LEXICON = Lexicon({"omo": {"child": 2.0, "kid": 1.0}, "odo": {"river": 1.0}, "ilu": {"city": 1.0}, "ilu oba": {"england": 1.0}})


@pytest.mark.parametrize(
    ("text", "translation"),
    [
        ("Ọmọ náà lọ sí odò, ọmọ!", "child náà lọ sí river, child!"),
        ("ÌLÚ  Ọba\tàti ìlú", "england àti city"),
        ("Adé 1986, 3.5% (odò)", "Adé 1986, 3.5% (river)"),
        ("  odò \n", "river"),
        ("", ""),
        ("?!", "?!"),
        ("odò😀 odò", "odò😀 river"),
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_known_words_are_translated_and_all_else_passes(text: str, translation: str, form: str) -> None:
    [found] = LexicalTranslator(LEXICON).translate([unicodedata.normalize(form, text)])
    assert unicodedata.normalize("NFC", found) == translation


def test_translations_keep_the_order_of_the_texts(lexicon: Lexicon, pairs: list[Pair]) -> None:
    translator = LexicalTranslator(lexicon)
    texts = [pair.target for pair in pairs[:50]]
    assert translator.translate(texts) == [translator.translate([text])[0] for text in texts]
    assert translator.translate(["Òjò rọ̀ ní ìlú Ìbàdàn, ní ọdún 1986!"]) == ["rain fell in city ibadan, in year 1986!"]


def test_weighted_words_are_all_translations_of_each_word_or_phrase() -> None:
    lexicon = Lexicon({"oba": {"king": 3.0, "ruler": 1.0}, "ile iwe": {"school": 2.0}})
    assert weighted_words("Ọba, ilé ìwé Kano!", lexicon) == [{"king": 0.75, "ruler": 0.25}, {"school": 1.0}, {"Kano": 1.0}]


def test_nbest_translations_are_the_best_and_others_drawn_by_the_words_probabilities() -> None:
    lexicon = Lexicon({"oba": {"king": 3.0, "ruler": 1.0}, "ile iwe": {"school": 2.0}})
    weights = nbest("Ọba, ilé ìwé Kano!", lexicon, seed=1)
    assert set(weights) == {"king, school Kano!", "ruler, school Kano!"} and sum(weights.values()) == pytest.approx(1)
    assert weights == nbest("Ọba, ilé ìwé Kano!", lexicon, seed=1)
    drawn = [(nbest(f"{number} ọba", lexicon, seed=1)[f"{number} king"] - BEST_SHARE) / (1 - BEST_SHARE) for number in range(100)]
    assert sum(drawn) / len(drawn) == pytest.approx(0.75, abs=0.03)
    assert all(share * DRAWN == pytest.approx(round(share * DRAWN)) for share in drawn)
    assert len(set(drawn)) > 3
    assert nbest("Kano 1986", lexicon, seed=1) == pytest.approx({"Kano 1986": 1})
