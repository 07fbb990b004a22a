"""What a word is, in scripts and spellings from all over the world."""

from __future__ import annotations

import json
import random
import unicodedata
from pathlib import Path

import pytest

from optical_repro.base.words import fold, is_word, tokens, words
from optical_repro.collections.collection import Passage
from optical_repro.distill import vocabulary
from optical_repro.encoders import models
from optical_repro.lexicon.lexicon import Lexicon, listed_lexicon, read_lexicon
from optical_repro.retrieval import bm25 as lexical
from optical_repro.training_text.code_switch import switch
from optical_repro.translate.lexical import LexicalTranslator

TEXTS = {
    "hi": ("फूल और फल", ["फूल", "और", "फल"]),
    "ne": ("नेपाली भाषा।", ["नेपाली", "भाषा"]),
    "bn": ("বাংলা ভাষার কথা", ["বাংলা", "ভাষার", "কথা"]),
    "te": ("తెలుగు భాష", ["తెలుగు", "భాష"]),
    "ta": ("தமிழ் மொழி", ["தமிழ்", "மொழி"]),
    "si": ("සිංහල භාෂාව", ["සිංහල", "භාෂාව"]),
    "th": ("ฉันรักภาษาไทย", ["ฉัน", "รัก", "ภาษา", "ไทย"]),
    "lo": ("ພາສາລາວ", ["ພາສາ", "ລາວ"]),
    "km": ("ខ្ញុំ\u200bស្រឡាញ់\u200bភាសា", ["ខ្ញុំ", "ស្រឡាញ់", "ភាសា"]),
    "my": ("မြန်မာစာ\u200bကို", ["မြန်မာ", "စာ", "ကို"]),
    "zh": ("中国人民银行。", ["中国", "人民", "银行"]),
    "ja": ("日本語を話す。パンとばん", ["日本語", "を", "話す", "パン", "と", "ばん"]),
    "ko": ("한국어 문장", ["한국어", "문장"]),
    "am": ("ሰላም፡ዓለም።", ["ሰላም", "ዓለም"]),
    "ar": ("الْعَرَبِيَّةُ لُغَةٌ", ["العربية", "لغة"]),
    "fa": ("می\u200cخواهم", ["میخواهم"]),
    "he": ("שָׁלוֹם", ["שלום"]),
    "ru": ("Мой ёж", ["мой", "еж"]),
    "el": ("Ἄνθρωπος", ["ανθρωπος"]),
    "dv": ("ދިވެހި", ["ދިވެހި"]),
    "yo": ("Ọ̀dún ń bọ̀", ["odun", "n", "bo"]),
    "ha": ("Ƙasar ɗan Ma\u02bcana", ["kasar", "dan", "ma'ana"]),
    "sw": ("Ng\u2019ombe wa Nigeria\u2019s", ["ng'ombe", "wa", "nigeria", "s"]),
    "so": ("go\u02bcaan go`aan", ["go'aan", "go'aan"]),
    "uz": ("o\u2018zbek O\u02bbZBEK", ["o'zbek", "o'zbek"]),
}
"""Text and its words, by language: 25 of them, in 18 scripts."""


@pytest.mark.parametrize("lang", TEXTS)
def test_words_are_those_of_the_language(lang: str) -> None:
    text, expected = TEXTS[lang]
    assert words(text) == [unicodedata.normalize("NFC", word) for word in expected]


@pytest.mark.parametrize("lang", TEXTS)
def test_words_do_not_depend_on_how_letters_are_composed(lang: str) -> None:
    text, _ = TEXTS[lang]
    assert words(unicodedata.normalize("NFD", text)) == words(unicodedata.normalize("NFC", text)) == words(text)


@pytest.mark.parametrize("lang", TEXTS)
def test_tokens_stand_where_they_say(lang: str) -> None:
    text, _ = TEXTS[lang]
    text = f"\U00020000 {text}\U00020000, x."  # A character of two units in UTF-16, by which ICU counts.
    assert all(text[token.start : token.end] == token.text and token.word == fold(token.text).strip() for token in tokens(text))
    assert [token.word for token in tokens(text) if is_word(token.word)] == words(text)


@pytest.mark.parametrize("lang", TEXTS)
def test_lexicon_translator_and_switcher_know_them(lang: str, tmp_path: Path) -> None:
    """A phrase of a lexicon file is found in text; a word is put into English text and found again."""
    text, _ = TEXTS[lang]
    path = tmp_path / "lexicon.tsv"
    path.write_text(f"{text}\tgreeting\n", encoding="utf-8")
    if len(words(text)) == len(tokens(text)):
        assert LexicalTranslator(read_lexicon(path, lang)).translate([text]) == ["greeting"]
    first = words(text)[0]
    known = listed_lexicon([(first, "greeting")])
    assert known.best(first) == "greeting"
    assert first in words(switch("A greeting", known.reversed(), 1.0, random.Random(1)))


@pytest.mark.parametrize("lang", TEXTS)
def test_the_students_vocabulary_reads_a_word_as_one(lang: str) -> None:
    text, _ = TEXTS[lang]
    base = json.loads((models.locate(models.EMBEDDED) / "tokenizer.json").read_text(encoding="utf-8"))
    own = list(dict.fromkeys(words(text)))
    extended, entries = vocabulary.extend(base, own)
    read = vocabulary.load(extended).encode(text, add_special_tokens=False)
    places = {entry.place: entry.word for entry in entries}
    found = [places[piece] for piece in read.ids if piece in places]
    assert found == words(text)


def test_different_words_stay_different() -> None:
    for one, other in [
        ("फूल", "फल"),
        ("ばん", "パン"),
        ("がく", "かく"),
        ("ใกล้", "ไกล"),
        ("мой", "мои"),
        ("কি", "কী"),
        ("ကား", "ကာ"),
        ("తల", "తాళ"),
    ]:
        assert fold(one) != fold(other)


@pytest.mark.parametrize("lang", ["ne", "th", "km", "lo", "my", "am", "ha", "uz", "si"])
def test_an_index_without_an_analyzer_has_the_same_words(lang: str, tmp_path: Path) -> None:
    """And a passage of nothing that is a word is left out."""
    text, _ = TEXTS[lang]
    assert lexical.analyze(lang, text) == words(text)
    blank = [
        Passage(f"blank-{number}", "", blank)
        for number, blank in enumerate(("\u00a0", "\u200b", "\u00ad", "\u0301", "।", "...", "\u2060 \ufeff"))
    ]
    passages = [Passage("right", "", text), Passage("other", "", "xyz"), *blank]
    lexical.build_index(passages, lang, tmp_path / "lucene")
    for word in words(text):
        assert list(lexical.search(tmp_path / "lucene", lang, {"1": word})["1"]) == ["right"]


@pytest.mark.parametrize("lang", ["hi", "ja", "ar", "en"])
def test_blank_passages_end_no_index_with_an_analyzer(lang: str, tmp_path: Path) -> None:
    blank = [
        Passage(f"blank-{number}", "", blank) for number, blank in enumerate(("\u00a0", "\u200b", "\u00ad", "\u0301", "...", "\u3000"))
    ]
    lexical.build_index([Passage("right", "", "word"), *blank], lang, tmp_path / "lucene")
    assert "right" in lexical.search(tmp_path / "lucene", lang, {"1": "word"})["1"]


def test_apostrophes_are_one_letter_whichever_was_typed() -> None:
    known = Lexicon({"ng'ombe": {"cow": 1.0}})
    for apostrophe in "'\u2019\u02bc\u02bb`\u2018\u00b4\uff07":
        assert LexicalTranslator(known).translate([f"Ng{apostrophe}ombe!"]) == ["cow!"]


def test_quotation_marks_and_english_endings_are_no_letters() -> None:
    assert words("'King' said: \u2018they\u2019re Nigeria's, don't'") == ["king", "said", "they", "re", "nigeria", "s", "don", "t"]
