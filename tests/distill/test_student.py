"""The student: the teacher's vocabulary with the language's words in it, and one folder that every library reads alike."""

from __future__ import annotations

import json
import shutil
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from test_pyserini_cli import PASSAGES, TOPICS, assert_same_hits, encode, search, vectors
from tokenizers import Tokenizer

from optical_repro.base.errors import InputError
from optical_repro.base.words import fold, tokens
from optical_repro.bitext.readers import Pair
from optical_repro.collections.collection import Passage
from optical_repro.distill import student
from optical_repro.encoders.text_encoder import TextEncoder
from optical_repro.lexicon.lexicon import Lexicon
from optical_repro.retrieval import dense


def vocabulary(folder: Path) -> dict[str, int]:
    """The pieces, and in capitals the words that a student gained."""
    return Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab(with_added_tokens=True)


def embeddings(folder: Path) -> torch.Tensor:
    return load_file(folder / "model.safetensors")["embeddings.word_embeddings.weight"]


def cosine(one: torch.Tensor, other: torch.Tensor) -> float:
    return torch.nn.functional.cosine_similarity(one, other, dim=0).item()


# Vocabulary


@pytest.fixture(scope="module")
def gained(lexicon: Lexicon) -> set[str]:
    """The words that the student of ``lexicon`` has: all but those that it translates as themselves."""
    return {word for word in lexicon.entries if " " not in word and lexicon.best(word) != word}


def test_the_vocabulary_gains_the_lexicons_words_and_keeps_its_ids(untrained: Path, teacher: Path, gained: set[str]) -> None:
    before, after = vocabulary(teacher), vocabulary(untrained)
    assert before.items() <= after.items()
    assert {word.lower() for word in set(after) - set(before)} == gained
    assert sorted(after.values()) == list(range(len(after)))
    assert len(after) - len(before) == len(gained) > 500
    assert len(embeddings(untrained)) == len(after)
    assert json.loads((untrained / "config.json").read_text())["vocab_size"] == len(after)


def test_build_tells_how_many_words_were_gained(teacher: Path, tmp_path: Path) -> None:
    lexicon = Lexicon({"sarki": {"king": 1.0}, "kwandala": {"x": 1.0}, "ilu oba": {"england": 1.0}, "river": {"river": 1.0}})
    assert student.build(teacher, lexicon, tmp_path / "a") == 2
    assert student.build(teacher, None, tmp_path / "b") == 0


def test_words_of_the_language_are_one_piece_however_they_are_written(untrained: Path, gained: set[str], pairs: list[Pair]) -> None:
    tokenizer, ids = TextEncoder(untrained).tokenizer, vocabulary(untrained)
    written = {token.text for pair in pairs for token in tokens(pair.target) if token.word in gained}
    assert len(written) > 600
    for word in written:
        forms = {word, word.upper(), word.lower(), unicodedata.normalize("NFD", word), fold(word)}
        assert [tokenizer.encode(form, add_special_tokens=False) for form in forms] == [[ids[fold(word).upper()]]] * len(forms)


def test_all_else_is_read_in_the_teachers_pieces(untrained: Path, teacher: Path, gained: set[str], pairs: list[Pair]) -> None:
    """Names, numbers, and whatever begins as a word of the language does."""
    ours, theirs = (TextEncoder(folder).tokenizer for folder in (untrained, teacher))
    # A word with an apostrophe that the vocabulary lacks is read in parts, which it may have.
    names = {token.text for pair in pairs for side in pair for token in tokens(side) if "'" not in token.word.strip("'")}
    longer = {word + ending for word in gained for ending in ("la", "shi", "n") if word.isalpha()}
    others = sorted(word for word in {*names, *longer, "Xyzzy", "1986", "?!"} if fold(word) not in gained)
    assert len(others) > 2000
    for word in others:
        assert ours.encode(word) == theirs.encode(fold(word))


def test_a_word_and_the_piece_that_names_begin_with_are_apart(teacher: Path, tmp_path: Path) -> None:
    """*Ke* is Hausa for *is*; the name *Keshi* begins with the piece ``ke``."""
    student.build(teacher, Lexicon({"ke": {"is": 500.0}}), tmp_path)
    assert TextEncoder(teacher).tokenizer.tokenize("Keshi") == TextEncoder(tmp_path).tokenizer.tokenize("Keshi") == ["ke", "##shi"]
    ours, theirs = (TextEncoder(folder).encode(["Keshi", "the stadium of Stephen Keshi"]) for folder in (tmp_path, teacher))
    assert np.abs(ours - theirs).max() < 1e-6
    assert cosine(embeddings(tmp_path)[vocabulary(tmp_path)["KE"]], embeddings(teacher)[vocabulary(teacher)["is"]]) > 0.99


def test_a_script_without_capitals(teacher: Path, tmp_path: Path) -> None:
    """Its words cannot be told from pieces spelled the same, of which the teacher has letters alone."""
    student.build(teacher, Lexicon({"ውሃ": {"water": 1.0}, "আ": {"water": 1.0}}), tmp_path)
    assert "আ" in vocabulary(teacher)
    for word in ("ውሃ", "আ"):
        assert len(TextEncoder(tmp_path).tokenizer.encode(word, add_special_tokens=False)) == 1
    assert cosine(embeddings(tmp_path)[vocabulary(tmp_path)["ውሃ"]], embeddings(teacher)[vocabulary(teacher)["water"]]) > 0.9999


def test_hooked_letters_are_folded(teacher: Path, tmp_path: Path) -> None:
    student.build(teacher, Lexicon({"kasa": {"country": 1.0}, "dan": {"son": 1.0}, "yar": {"daughter": 1.0}}), tmp_path)
    tokenizer = TextEncoder(tmp_path).tokenizer
    ids = vocabulary(tmp_path)
    assert tokenizer.encode("Ƙasa ɗan ƳAR kasa", add_special_tokens=False) == [ids[word] for word in ("KASA", "DAN", "YAR", "KASA")]


def test_a_vocabulary_that_cannot_be_extended_is_refused(teacher: Path, lexicon: Lexicon, tmp_path: Path) -> None:
    shutil.copytree(teacher, tmp_path / "level")
    tokenizer = json.loads((teacher / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["model"] = {"type": "WordLevel", "vocab": tokenizer["model"]["vocab"], "unk_token": "[UNK]"}
    (tmp_path / "level/tokenizer.json").write_text(json.dumps(tokenizer))
    (tmp_path / "level/tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "[UNK]"}')
    with pytest.raises(InputError, match="level: a WordLevel vocabulary cannot be extended; use --no-lexical-init"):
        student.build(tmp_path / "level", lexicon, tmp_path / "student")


# Embeddings


def test_a_new_word_starts_as_its_translations(untrained: Path, teacher: Path, lexicon: Lexicon) -> None:
    """Pointing to their mean by weight, and as long as they are on average."""
    known, after, ids = embeddings(teacher), embeddings(untrained), vocabulary(untrained)
    tokenizer = TextEncoder(teacher).tokenizer
    checked = 0
    for word in ("odo", "osupa", "agbe", "dokita", "ojo", "iwe"):
        chances = dict(list(lexicon.probabilities(word).items())[: student.TRANSLATIONS])
        parts = [known[tokenizer(english, add_special_tokens=False)["input_ids"]].mean(0) for english in chances]
        mean = sum(weight * part for weight, part in zip(chances.values(), parts, strict=True))
        length = sum(weight * part.norm() for weight, part in zip(chances.values(), parts, strict=True)) / sum(chances.values())
        assert cosine(after[ids[word.upper()]], mean) > 0.9999
        assert after[ids[word.upper()]].norm().item() == pytest.approx(length.item(), rel=1e-4)
        best = known[tokenizer(lexicon.best(word), add_special_tokens=False)["input_ids"]].mean(0)
        checked += cosine(after[ids[word.upper()]], best) > 0.7
    assert checked >= 5


def test_a_word_with_one_translation_is_that_word_to_the_student(teacher: Path, tmp_path: Path) -> None:
    student.build(teacher, Lexicon({"sarkii": {"king": 7.0}, "garii": {"city": 0.1}}), tmp_path)
    assert torch.allclose(embeddings(tmp_path)[vocabulary(tmp_path)["SARKII"]], embeddings(teacher)[vocabulary(teacher)["king"]], atol=1e-6)
    ours = TextEncoder(tmp_path).encode(["the sarkii of the garii"])
    assert np.abs(ours - TextEncoder(teacher).encode(["the king of the city"])).max() < 1e-5


def test_a_word_that_the_teacher_knows_moves_by_how_often_it_was_linked(teacher: Path, tmp_path: Path) -> None:
    known, ids = embeddings(teacher), vocabulary(teacher)
    own, king = known[ids["sultan"]], known[ids["king"]]
    likeness = []
    for links in (0.5, student.KNOWN, 500.0):
        student.build(teacher, Lexicon({"sultan": {"king": links}}), tmp_path / str(links))
        found = embeddings(tmp_path / str(links))[-1]
        share = links / (links + student.KNOWN)
        assert cosine(found, share * king + (1 - share) * own) > 0.9999
        likeness.append(cosine(found, king))
    assert likeness == sorted(likeness)
    assert torch.equal(embeddings(tmp_path / "500.0")[:-1], known)


def test_without_a_lexicon_the_student_is_the_teacher(teacher: Path, tmp_path: Path) -> None:
    student.build(teacher, None, tmp_path)
    texts = ["a river in Africa", "Odò Ọya", "", "word " * 300]
    assert np.abs(TextEncoder(tmp_path).encode(texts) - TextEncoder(teacher).encode(texts)).max() < 1e-5


def test_the_untrained_student_reads_yoruba_better_than_the_teacher(untrained: Path, teacher: Path, pairs: list[Pair]) -> None:
    english = TextEncoder(teacher).encode([pair.english for pair in pairs[:60]])
    found = {}
    for name, folder in (("teacher", teacher), ("student", untrained)):
        cosines = TextEncoder(folder).encode([pair.target for pair in pairs[:60]]) @ english.T
        found[name] = (cosines.argmax(1) == np.arange(60)).mean()
    assert found["student"] > 0.7 and found["teacher"] < 0.35


# One folder, the same vectors everywhere


@pytest.fixture(scope="module")
def texts(pairs: list[Pair]) -> list[str]:
    return [pair.target for pair in pairs[:20]] + [pairs[0].english, "", "Ƙasar Ɗan", "ọmọ " * 400, "😀 ?"]


def test_sentence_transformers_gives_the_same_vectors(trained: Path, texts: list[str]) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(trained), device="cpu")
    assert [type(module).__name__ for module in model] == ["Transformer", "Pooling", "Normalize"]
    assert np.abs(model.encode(texts) - TextEncoder(trained).encode(texts)).max() < 1e-5


def test_plain_transformers_gives_the_same_vectors(trained: Path, texts: list[str]) -> None:
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(trained), AutoModel.from_pretrained(trained).eval()
    inputs = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    assert inputs["input_ids"].shape[1] == 256  # as the teacher
    with torch.inference_mode():
        states = model(**inputs).last_hidden_state
    mask = inputs["attention_mask"].unsqueeze(-1)
    pooled = torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=1)
    assert np.abs(pooled.numpy() - TextEncoder(trained).encode(texts)).max() < 1e-5


def test_the_folder_is_plain_and_of_no_machine(trained: Path, untrained: Path) -> None:
    for folder in (trained, untrained):
        files = [path for path in folder.rglob("*") if path.is_file() and "checkpoints" not in path.parts]
        assert not [path for path in files if path.suffix in (".bin", ".pt", ".pth", ".pkl", ".py")]
        assert {"model.safetensors", "config.json", "tokenizer.json", "tokenizer_config.json", "modules.json"} <= {
            path.name for path in files
        }
        for path in files:
            if path.suffix == ".json":
                assert str(Path.home()) not in path.read_text(encoding="utf-8") and "/tmp" not in path.read_text(encoding="utf-8")


def test_pyserinis_stock_commands_give_the_same_vectors_and_hits(trained: Path, pairs: list[Pair], tmp_path: Path) -> None:
    """Passages in English and Yorùbá, topics in Yorùbá, all read by the student."""
    passages = [Passage(passage.id, passage.title, pair.target) for passage, pair in zip(PASSAGES, pairs[100:], strict=False)]
    passages[-1] = Passage(passages[-1].id, "Rivers", "ọmọ " * 200 + "river " * 200)
    topics = {topic: pair.target for topic, pair in zip(TOPICS, pairs[100:], strict=False)}
    with (tmp_path / "corpus.jsonl").open("w") as corpus:
        corpus.writelines(json.dumps({"id": passage.id, "title": passage.title, "text": passage.text}) + "\n" for passage in passages)
    (tmp_path / "topics.tsv").write_text("".join(f"{topic}\t{text}\n" for topic, text in topics.items()), encoding="utf-8")
    dense.build_index(passages, trained, tmp_path / "ours")

    encoder: list[str | Path] = ["--encoder", trained, "--encoder-class", "auto", "--pooling", "mean", "--l2-norm"]
    encode(["-m", "pyserini.encode"], tmp_path, tmp_path / "stock", [*encoder, "--device", "cpu"])
    assert (tmp_path / "stock/docid").read_text() == (tmp_path / "ours/docid").read_text()
    assert np.abs(vectors(tmp_path / "stock") - vectors(tmp_path / "ours")).max() < 1e-5
    found = search(["-m", "pyserini.search.faiss"], tmp_path, tmp_path / "stock", tmp_path / "stock.trec", encoder)
    assert_same_hits(found, dense.search(tmp_path / "ours", trained, topics))
