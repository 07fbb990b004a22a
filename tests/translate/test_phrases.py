"""Phrase-based translation: phrases, language model, decoder, cross-fitting, and the engine from the command line."""

from __future__ import annotations

import itertools
import json
import math
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toy_translation import WORDS, english, sentences

from optical_repro import collections
from optical_repro.base.cache import Cache
from optical_repro.bitext.readers import Pair
from optical_repro.experiment.experiment import Experiment
from optical_repro.experiment.settings import Settings
from optical_repro.lexicon.lexicon import Lexicon
from optical_repro.run import main
from optical_repro.translate.phrases.aligned import AlignedPair, aligned_pair
from optical_repro.translate.phrases.decoder import decode
from optical_repro.translate.phrases.extraction import LONGEST_SOURCE, LONGEST_TARGET, phrase_pairs
from optical_repro.translate.phrases.language_model import LanguageModel
from optical_repro.translate.phrases.model import PhraseModel, train
from optical_repro.translate.phrases.options import Option, Phrases, Weights
from optical_repro.translate.phrases.parts import PARTS, parts
from optical_repro.translate.phrases.phrase_table import PhraseTable
from optical_repro.translate.phrases.vocabulary import END, FIRST, NOTHING, UNKNOWN, Vocabulary
from optical_repro.translate.phrases.word_weights import WordWeights

ROOT = Path(__file__).parents[2]

# Phrases

GERMAN = ["michael", "geht", "davon", "aus", ",", "dass", "er", "im", "haus", "bleibt"]
ENGLISH = ["michael", "assumes", "that", "he", "will", "stay", "in", "the", "house"]
LINKS = {(0, 0), (1, 1), (2, 1), (3, 1), (5, 2), (6, 3), (9, 4), (9, 5), (7, 6), (7, 7), (8, 8)}
TEXTBOOK = """michael - michael
michael geht davon aus - michael assumes
michael geht davon aus , - michael assumes
michael geht davon aus , dass - michael assumes that
michael geht davon aus , dass er - michael assumes that he
michael geht davon aus , dass er im haus bleibt - michael assumes that he will stay in the house
geht davon aus - assumes
geht davon aus , - assumes
geht davon aus , dass - assumes that
geht davon aus , dass er - assumes that he
geht davon aus , dass er im haus bleibt - assumes that he will stay in the house
dass - that
, dass - that
dass er - that he
, dass er - that he
dass er im haus bleibt - that he will stay in the house
, dass er im haus bleibt - that he will stay in the house
er - he
er im haus bleibt - he will stay in the house
im - in the
haus - house
im haus - in the house
im haus bleibt - will stay in the house
bleibt - will stay"""
"""All phrase pairs of the example in Koehn, Statistical Machine Translation (2010), figure 5.5."""


def test_the_phrase_pairs_of_the_textbook_are_found() -> None:
    spans = list(phrase_pairs(len(GERMAN), len(ENGLISH), LINKS))
    found = {f"{' '.join(GERMAN[a:b])} - {' '.join(ENGLISH[c:d])}" for a, b, c, d in spans}
    short = [line for line in TEXTBOOK.splitlines() if len(line.split(" - ")[0].split()) <= LONGEST_SOURCE]
    assert len(spans) == len(found) and found == set(short)
    assert 18 <= len(short) < 24


def consistent(links: set[tuple[int, int]], a: int, b: int, c: int, d: int) -> bool:
    """The definition, as it is written down."""
    inside = [a <= i < b and c <= j < d for i, j in links]
    either = [a <= i < b or c <= j < d for i, j in links]
    return any(inside) and inside == either


@pytest.mark.parametrize("seed", range(30))
def test_they_are_all_that_agree_with_the_links_and_no_others(seed: int) -> None:
    chance = random.Random(seed)
    sources, targets = chance.randint(1, 8), chance.randint(1, 9)
    links = {(chance.randrange(sources), chance.randrange(targets)) for _ in range(chance.randint(0, 9))}
    expected = {
        (a, b, c, d)
        for a, b in itertools.combinations(range(sources + 1), 2)
        for c, d in itertools.combinations(range(targets + 1), 2)
        if b - a <= LONGEST_SOURCE and d - c <= LONGEST_TARGET and consistent(links, a, b, c, d)
    }
    found = list(phrase_pairs(sources, targets, links))
    assert set(found) == expected and len(found) == len(expected)


def test_punctuation_is_linked_to_its_like() -> None:
    pair = aligned_pair(Pair("Ilé, ọ̀nà, omi!", "House, road, water."), [(0, 0, 1.0), (1, 1, 1.0), (2, 2, 0.25)])
    assert pair.source == ["ile", ",", "ona", ",", "omi", "!"]
    assert pair.links == {(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)}
    assert pair.reversed().reversed() == pair


def test_the_table_has_the_counts_of_phrase_pairs_most_frequent_first() -> None:
    pairs = [AlignedPair(["a", "b"], ["x", "y"], {(0, 0), (1, 1)})] * 3 + [AlignedPair(["a"], ["z"], {(0, 0)})]
    source, target = Vocabulary(["a", "b"]), Vocabulary(["x", "y", "z"])
    table = PhraseTable.train(pairs, source, target)
    known = table.phrases(source.numbers(["b", "a", "b", "?"]))
    seen = {place: [(" ".join(map(target.word, one.words)), *one[1:]) for one in table.translations(row)] for place, row in known.items()}
    assert seen == {
        (0, 1): [("y", 3, 3, 3)],
        (1, 2): [("x", 3, 4, 3), ("z", 1, 4, 1)],
        (1, 3): [("x y", 3, 3, 3)],
        (2, 3): [("y", 3, 3, 3)],
    }


# Language model


def log(model: LanguageModel, state: int, word: int) -> float:
    return float(model.logs(state, word)[0])


def test_probabilities_after_any_words_add_up_to_one() -> None:
    chance = random.Random(3)
    text = [[chance.randrange(FIRST, FIRST + 12) for _ in range(chance.randint(1, 9))] for _ in range(60)]
    model = LanguageModel.train(text, 12)
    states = [model.EMPTY, model.BEGIN, *(model.after(model.after(model.BEGIN, text[0][0]), word) for word in range(FIRST, FIRST + 12))]
    for state in states:
        words = [END, UNKNOWN, *range(FIRST, FIRST + 12)]
        # A vocabulary of 12 words, the unknown one, and the end, which takes its share of the thirteen equal ones.
        total = sum(math.exp(log(model, state, word)) for word in words)
        assert total == pytest.approx(1, abs=0.03) and total > 0.99


def test_words_are_likelier_where_they_were_seen() -> None:
    words = Vocabulary(["blue", "is", "red", "sky", "the"])
    text = [words.numbers(line.split()) for line in ("the sky is blue", "the sky is blue", "the sky is red", "red is red")]
    model = LanguageModel.train(text, len(words.words))
    sky, is_, blue, red = words.numbers(["sky", "is", "blue", "red"])
    state = model.after(model.after(model.BEGIN, sky), is_)
    assert log(model, state, blue) > log(model, state, red) > log(model, state, sky) > log(model, state, UNKNOWN)
    assert log(model, model.EMPTY, is_) == pytest.approx(log(model, model.after(model.EMPTY, UNKNOWN), is_))


def test_a_language_model_is_read_as_it_was_written(tmp_path: Path) -> None:
    model = LanguageModel.train([[4, 5, 6], [4, 5, 7]], 4)
    model.write(tmp_path)
    read = LanguageModel.read(tmp_path)
    assert all(np.array_equal(array, read.arrays[name]) for name, array in model.arrays.items())
    assert log(read, model.after(4, 5), 6) == log(model, model.after(4, 5), 6)


def test_texts_are_followed_as_word_by_word() -> None:
    model = LanguageModel.train([[4, 5, 6, 7], [4, 5, 7], [6, 4]], 4)
    states = np.array([model.BEGIN, model.EMPTY, model.after(model.BEGIN, 4)])
    texts = [(5, 6, 7), (9,), (), (4, 4)]
    logs, after = model.follow(states, np.array([[5, 6, 7], [9, NOTHING, NOTHING], [NOTHING] * 3, [4, 4, NOTHING]]))
    for row, state in enumerate(states.tolist()):
        for column, text in enumerate(texts):
            expected, last = 0.0, state
            for word in text:
                expected, last = expected + log(model, last, word), model.after(last, word)
            assert (logs[row, column], after[row, column]) == (pytest.approx(expected), last)


# Decoder


def translations(phrases: Phrases, place: int = 0) -> list[list[Option]]:
    """Every translation of the words from a place, as options."""
    if place == len(phrases):
        return [[]]
    return [[option, *rest] for end, options in phrases[place] for option in options for rest in translations(phrases, end)]


def score(path: list[Option], model: LanguageModel, fluency: float) -> float:
    state, total = model.BEGIN, sum(option.score for option in path)
    for number in [*(number for option in path for number in option.numbers), END]:
        total += fluency * log(model, state, number)
        state = model.after(state, number)
    return total


@pytest.mark.parametrize("seed", range(20))
def test_the_decoder_finds_the_best_of_all_translations(seed: int) -> None:
    chance = random.Random(seed)
    model = LanguageModel.train([[chance.randrange(4, 10) for _ in range(5)] for _ in range(30)], 6)
    length = 5

    def option() -> Option:
        numbers = tuple(chance.randrange(3, 10) for _ in range(chance.randint(1, 3)))
        return Option(tuple(map(str, numbers)), numbers, -4 * chance.random())

    phrases: Phrases = [
        [(end, tuple(option() for _ in range(2))) for end in range(start + 1, min(start + 3, length) + 1)] for start in range(length)
    ]
    paths = translations(phrases)
    best = [option for _, option in decode(phrases, model, 0.7, beam=10_000)]
    assert len(paths) > 100
    assert score(best, model, 0.7) == pytest.approx(max(score(path, model, 0.7) for path in paths))
    narrow = [option for _, option in decode(phrases, model, 0.7)]
    assert score(narrow, model, 0.7) <= score(best, model, 0.7) + 1e-9


# Words that must not be lost


def test_a_phrase_without_a_words_translation_loses_its_information() -> None:
    weights = WordWeights(Lexicon({"yara": {"children": 3.0, "kids": 1.5}, "da": {"and": 5.0}}), {"yara": 2, "da": 500, "x": 498})
    assert weights.lost(["yara"], ["children"]) == 0
    assert 0 < weights.lost(["yara"], ["kids"]) < weights.lost(["yara"], ["the"])
    assert weights.lost(["da"], ["the"]) < 0.2 < weights.lost(["yara"], ["the"])
    assert weights.lost(["shata"], ["the"]) == 1 and weights.lost(["shata"], ["shata"]) == 0


def model(place: Path, lexicon: dict[str, dict[str, float]], **weights: float) -> PhraseModel:
    """Of a bitext in which *yara* is always dropped; the lexicon may know better."""
    aligned = [AlignedPair(["yara", "nawa", "?"], ["how", "many", "?"], {(0, 0), (1, 1), (2, 2)})] * 4
    place.mkdir()
    train(place, aligned, Lexicon(lexicon), [["how", "many", "children", "?"]])
    return PhraseModel(place, Weights(**(dict.fromkeys(Weights._fields, 0.0) | {"forward": 0.3, "fluency": 0.3} | weights)))


def test_the_lexicons_words_names_and_numbers_are_options(tmp_path: Path) -> None:
    lexicon = {"yara": {"children": 9.0}, "nawa": {"many": 1.0}, "jamus": {"germany": 1.0}, "kudu maso": {"south east": 1.0}}
    dropping, keeping = model(tmp_path / "a", lexicon), model(tmp_path / "b", lexicon, kept=9.0)
    assert dropping.translate("Yara nawa?") == "how many?"
    assert "children" in keeping.translate("Yara nawa?")
    assert keeping.translate("Yara nawa a Jamus (Shata 2012)?").split()[-3:] == ["germany", "(Shata", "2012)?"]
    assert "south east" in keeping.translate("kudu maso")


# Cross-fitting


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection in a toy language, with parallel text in which one sentence has a word and a translation of its own."""
    folder = tmp_path_factory.mktemp("collections") / "toy"
    folder.mkdir()
    passages = [{"id": f"{word}{number}", "title": english(word), "text": english(word)} for word in WORDS for number in range(2)]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(passage) + "\n" for passage in passages))
    topics = list(WORDS)[:6]
    (folder / "topics.yo.test.tsv").write_text("".join(f"{word}\t{word}\n" for word in topics))
    (folder / "qrels.yo.test.txt").write_text("".join(f"{word} 0 {word}{number} 1\n" for word in topics for number in range(2)))
    lines = [f"{text}\t{english(text)}\n" for text in dict.fromkeys(sentences(300, seed=-3))]
    planted = f"zizu {next(iter(WORDS))}\tunheardof {english(next(iter(WORDS)))}\n"
    (folder / "bitext.tsv").write_text("".join([*lines, planted]))
    return folder


def experiment(toy: Path, cache: Path, **settings: Any) -> Experiment:
    return Experiment(
        collections.load(str(toy), "yo"), Settings(bitext=(toy / "bitext.tsv",), device="cpu", in_domain=0.0, **settings), Cache(cache)
    )


@pytest.fixture(scope="module")
def place(toy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache and runs with phrase-based translations."""
    place = tmp_path_factory.mktemp("place")
    assert main(arguments(toy, place, "bm25-qt,bm25-dt,dense-qt,dense-nbest-phrase,dense-nbest-phrase-maxsim+bm25")) == 0
    return place


def arguments(toy: Path, place: Path, systems: str, *others: str, translator: str = "phrase") -> list[str]:
    where = ["--runs-dir", str(place / "runs"), "--qrels-dir", str(place / "qrels"), "--cache-dir", str(place / "cache")]
    text = ["--bitext", str(toy / "bitext.tsv"), "--translator", translator]
    return ["--lang", "yo", "--collection", str(toy), *text, "--systems", systems, *where, *others]


def test_pairs_that_share_a_sentence_are_in_one_part_and_the_order_does_not_matter() -> None:
    pairs = [Pair(f"gbólóhùn {number}", f"sentence {number}") for number in range(400)]
    chain = [Pair("Ilé ni.", "It is a house."), Pair("Ile ni", "This is home."), Pair("Ilé kan", "this is HOME!")]
    found = parts([*pairs, *chain])
    assert len(set(found[-3:])) == 1
    assert set(found) == set(range(PARTS)) and min(found.count(part) for part in range(PARTS)) > 50
    shuffled = list(zip([*pairs, *chain], found, strict=True))
    random.Random(1).shuffle(shuffled)
    assert parts([pair for pair, _ in shuffled]) == [part for _, part in shuffled]


def test_a_sentence_of_the_bitext_is_translated_by_a_model_that_has_not_read_it(toy: Path, place: Path) -> None:
    one = experiment(toy, place / "cache", translator="phrase")
    planted = one.pairs[-1]
    assert planted.english.startswith("unheardof")
    assert one.translation.between("yo", "en").translate([planted.target]) == [planted.english]
    [pair] = one.text.languages[0].back_translated([planted])
    assert pair.student == planted.target and "unheardof" not in pair.teacher and "zizu" in pair.teacher


def test_no_model_of_a_part_has_its_words(toy: Path, place: Path) -> None:
    one = experiment(toy, place / "cache", translator="phrase")
    own = one.translation.parts[-1]
    unread = one.translation.phrase_translators.unread("yo", "en")  # type: ignore[attr-defined]
    for part in range(PARTS):
        if part == own or part == (own + 1) % PARTS:
            vocabulary = unread._without[part].model.options._source.words
            assert ("zizu" in vocabulary) == (part != own)


def test_bt_phrase_is_bt_by_phrases_whatever_the_translator(toy: Path, place: Path) -> None:
    by_phrases, word_by_word = experiment(toy, place / "cache", translator="phrase"), experiment(toy, place / "cache")
    pairs = by_phrases.training_pairs("bt-phrase")
    assert pairs == by_phrases.training_pairs("bt") == word_by_word.training_pairs("bt-phrase")
    assert [pair.student for pair in pairs] == [pair.target for pair in by_phrases.text.chosen_pairs]
    right = sum(pair.teacher == english(pair.student) for pair in pairs if "zizu" not in pair.student)
    assert right > 0.8 * len(pairs)


# The command


def test_topics_and_documents_are_translated(place: Path) -> None:
    report = json.loads((place / "runs/toy.yo.test/report.json").read_text())
    means = {name: scores["map"] for name, scores in report["systems"].items()}
    assert means["bm25-qt"] == means["bm25-dt"] == means["dense-qt"] == 1
    assert means["dense-nbest-phrase"] > 0.9
    assert "Translated by phrase: bm25-dt, bm25-qt" in (place / "runs/toy.yo.test/report.md").read_text()


def test_manifests_tell_of_the_phrases(place: Path) -> None:
    read = {path.name.partition(".")[0]: json.loads(path.read_text()) for path in (place / "runs/toy.yo.test").glob("*.manifest.json")}
    assert [(one["from"], one["to"], one["translator"]) for one in read["bm25-dt"]["translation"]] == [("en", "yo", "phrase")]
    assert [one["translator"] for one in read["dense-nbest-phrase"]["translation"]] == ["phrase"]
    assert read["bm25-qt"]["settings"]["code of phrase translation"] == read["dense-nbest-phrase"]["settings"]["code of phrase translation"]


def test_again_it_gives_the_same_bytes_in_another_process(toy: Path, place: Path, tmp_path: Path) -> None:
    program = "import sys; from optical_repro.run import main; sys.exit(main(sys.argv[1:]))"
    line = [sys.executable, "-c", program, *arguments(toy, tmp_path, "bm25-qt,bm25-dt", translator="phrase")]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for path in (tmp_path / "runs").rglob("*.trec"):
        assert path.read_bytes() == (place / "runs/toy.yo.test" / path.name).read_bytes()
    ours, theirs = (sorted((cache / "cache/phrase model").glob("*/*/*.npy")) for cache in (tmp_path, place))
    assert ours and {path.relative_to(tmp_path) for path in ours} <= {path.relative_to(place) for path in theirs}
    for path in ours:
        assert path.read_bytes() == (place / path.relative_to(tmp_path)).read_bytes()


def test_the_bitext_is_aligned_once_for_lexicon_and_phrases(place: Path) -> None:
    assert len(list((place / "cache/aligned").glob("[!.]*"))) == len(list((place / "cache/lexicon").glob("[!.]*"))) == 1


def test_a_student_of_bt_phrase_is_a_system_beside_bt(toy: Path, place: Path, tmp_path: Path) -> None:
    line = arguments(toy, place, "optical-bt-phrase,optical-bt,optical-cs", "--steps", "2", "--regime", "bt-phrase", translator="lexical")
    line[line.index("--runs-dir") + 1] = str(tmp_path / "runs")
    line[line.index("--qrels-dir") + 1] = str(tmp_path / "qrels")
    assert main(line) == 0
    report = json.loads((tmp_path / "runs/toy.yo.test/report.json").read_text())
    assert set(report["systems"]) == {"optical-bt-phrase", "optical-bt", "optical-cs"}
    read = {system: json.loads((tmp_path / f"runs/toy.yo.test/{system}.manifest.json").read_text()) for system in report["systems"]}
    assert [one["translator"] for one in read["optical-bt-phrase"]["translation"]] == ["phrase"]
    assert [one["translator"] for one in read["optical-bt"]["translation"]] == ["lexical"]


@pytest.mark.parametrize(
    ("systems", "translator", "told"),
    [
        ("bm25-qt", "phrase", "--translator phrase: needs parallel text of yo and English; give it with --bitext FILE"),
        ("dense-nbest-phrase", "lexical", "dense-nbest-phrase: needs parallel text of yo and English; give it with --bitext FILE"),
        ("optical-bt-phrase", "lexical", "regime bt-phrase needs parallel text of yo and English; give it with --bitext FILE"),
    ],
)
def test_without_parallel_text_one_line_says_so(
    systems: str, translator: str, told: str, toy: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "bare"
    folder.mkdir()
    for path in toy.iterdir():
        if path.name != "bitext.tsv":
            (folder / path.name).write_bytes(path.read_bytes())
    line = arguments(folder, tmp_path, systems, translator=translator)
    del line[line.index("--bitext") : line.index("--bitext") + 2]
    assert main(line) == 2
    assert capfd.readouterr().err == f"error: {told}\n"
    assert not (tmp_path / "runs").exists()
