"""Encoders of other kinds as teachers and students: their vocabularies, pooling, prefixes and widths."""

from __future__ import annotations

import json
import shutil
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from tokenizers import Tokenizer

from optical_repro.base.cache import Cache
from optical_repro.base.errors import InputError
from optical_repro.base.trec import read_run
from optical_repro.base.words import tokens
from optical_repro.bitext.readers import Pair
from optical_repro.collections import folder as folders
from optical_repro.distill import projection, student, trainer, vocabulary
from optical_repro.distill.recipe import Recipe
from optical_repro.distill.teacher import TeacherStates, write_states
from optical_repro.encoders import models
from optical_repro.encoders.convention import Convention
from optical_repro.encoders.encoder import Encoder
from optical_repro.encoders.text_encoder import TextEncoder
from optical_repro.experiment.experiment import Experiment
from optical_repro.experiment.settings import Settings
from optical_repro.experiment.systems import parse
from optical_repro.lexicon.lexicon import Lexicon
from optical_repro.options import read as read_options
from optical_repro.retrieval import jvm
from optical_repro.run import parser

# Vocabularies


@dataclass(frozen=True)
class Extended:
    """A tokenizer before and after it gained the words."""

    before: Tokenizer
    after: Tokenizer
    entries: list[vocabulary.Entry]


@pytest.fixture(scope="module", params=list(tiny.MAKERS))
def extended(request: pytest.FixtureRequest, lexicon: Lexicon, pairs: list[Pair]) -> Extended:
    words = [word for word in lexicon.entries if " " not in word]
    before = json.loads(tiny.tokenizer(request.param))
    after, entries = vocabulary.extend(before, words, [pair.target for pair in pairs])
    return Extended(vocabulary.load(before), vocabulary.load(after), entries)


def test_written_forms_are_one_piece_wherever_they_stand(extended: Extended, lexicon: Lexicon, pairs: list[Pair]) -> None:
    written = {token.text for pair in pairs for token in tokens(pair.target) if token.word in lexicon.entries}
    assert len(written) > 600
    known = {entry.place: entry.place == entry.piece for entry in extended.entries}
    for word in sorted(written)[::5]:
        for form in {word, word.lower(), word.capitalize(), unicodedata.normalize("NFD", word)}:
            [[place]] = vocabulary.pieces(extended.after, [form])
            for text in (f"{form} ,", f"a {form}, a", f"a ({form})", f"{form}-{form}") if not known[place] else ():
                assert place in extended.after.encode(text, add_special_tokens=False).ids


def test_what_stands_around_words_keeps_its_pieces(extended: Extended, lexicon: Lexicon, pairs: list[Pair]) -> None:
    """Names, numbers, punctuation, and longer words that a word begins or ends."""
    every = {token.text: token.word for pair in pairs for side in pair for token in tokens(side)}
    # A word with an apostrophe that the vocabulary lacks is read in parts, which it may have.
    names = {text for text, word in every.items() if word not in lexicon.entries and "'" not in word.strip("'")}
    words = [word for word in lexicon.entries if " " not in word and word.isalpha()]
    longer = [word + "lade" for word in words[:200]] + ["man" + word for word in words[:200]]
    others = sorted({word for word in (*names, *longer, "Xyzzy", "2086", "?!") if word.lower() not in lexicon.entries})
    assert len(others) > 600
    assert vocabulary.pieces(extended.after, others) == vocabulary.pieces(extended.before, others)
    word = "alaafin"
    assert word in words and len(vocabulary.pieces(extended.before, [word])[0]) > 2
    for text in ("Xyzzy {}, in 2087. Qwer", "the ({}) of Qwer"):
        found = extended.after.encode(text.format(word), add_special_tokens=False).tokens
        [place] = [place for place, piece in enumerate(found) if piece.strip(" ▁Ġ") == word]
        whole = extended.before.encode(text.format("a"), add_special_tokens=False).tokens
        assert found[:place] == whole[:place]
        assert found[place + 1 :] == whole[len(whole) - len(found) + place + 1 :]


def test_text_without_the_words_is_read_as_before(extended: Extended) -> None:
    other = vocabulary.extend(json.loads(extended.before.to_str()), ["xyzzy"])[0]
    texts = [*tiny.passages()[::7], "", "a\nb", "two  blanks ", "Ọdún yìí", "(Kano) 1986!"]
    for text in texts:
        assert vocabulary.load(other).encode(text).ids == extended.before.encode(text).ids


def test_a_high_score_in_a_unigram_vocabulary_would_cut_longer_words(lexicon: Lexicon) -> None:
    """Why words are added tokens there."""
    cut = json.loads(tiny.tokenizer("xlm-roberta"))
    words = [word for word in lexicon.entries if " " not in word and word.isalpha()]
    present = {piece for piece, _ in cut["model"]["vocab"]}
    longer = [word + "lade" for word in words]
    before = vocabulary.pieces(vocabulary.load(cut), longer)
    cut["model"]["vocab"] += [[f"▁{word}", 0.0] for word in words if f"▁{word}" not in present]
    changed = [one != other for one, other in zip(before, vocabulary.pieces(vocabulary.load(cut), longer), strict=True)]
    assert np.mean(changed) > 0.5
    after = vocabulary.load(vocabulary.extend(json.loads(tiny.tokenizer("xlm-roberta")), words)[0])
    assert vocabulary.pieces(after, longer) == before


# Students


@dataclass(frozen=True)
class Case:
    """A student that was built and trained."""

    folder: Path
    untrained: Path
    base: Path
    teacher: Path
    pooling: str
    prefixes: tuple[str, str]


E5 = ("query: ", "passage: ")


@pytest.fixture(scope="module")
def jvm_started() -> None:
    jvm.start()


@pytest.fixture(scope="module", params=["bert", "xlm-roberta", "roberta"])
def case(
    request: pytest.FixtureRequest, teacher: Path, lexicon: Lexicon, pairs: list[Pair], tmp_path_factory: pytest.TempPathFactory
) -> Case:
    """BERT with CLS pooling; XLM-R with mean pooling and prefixes; RoBERTa, narrow, of another teacher."""
    place, kind = tmp_path_factory.mktemp("case"), request.param
    files = {
        "bert": {"pooling": {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}},
        "xlm-roberta": {"prompts": {"prompts": {"query": E5[0], "passage": E5[1]}}},
        "roberta": {},
    }[kind]
    base = tiny.encoder(kind, place / "base", **files)
    guide = teacher if kind == "roberta" else base
    sides = [pair.target for pair in pairs], [pair.english for pair in pairs]
    student.build(base, lexicon, place / "untrained", sentences=sides[0], teacher=guide, english=sides[1])
    (place / "states").mkdir()
    write_states(guide, sides[1][:32], place / "states", "cpu")
    recipe = Recipe(steps=3, batch_size=8, objective="ot+pooled", learns="all")
    lesson = sides[0][:32], TeacherStates(place / "states"), range(32)
    pooling = Convention.of(guide).pooling
    trainer.train(place / "untrained", *lesson, recipe, place / "student", device="cpu", title="training", pooling=pooling)
    prefixes = E5 if kind == "xlm-roberta" else ("", "")
    return Case(place / "student", place / "untrained", base, guide, "cls" if kind == "bert" else "mean", prefixes)


TEXTS = ["", "Ta ló ń ṣe òfin?", "Ẹ káàárọ̀, Nairobi! 😀", "Kano\u0301 (1986)", "the rivers of Africa", "Ilé-ìwé náà tóbi."]


def test_students_keep_pooling_and_prefixes(case: Case) -> None:
    for folder in (case.untrained, case.folder):
        convention = Convention.of(folder)
        assert (convention.pooling, (convention.query_prefix, convention.passage_prefix)) == (case.pooling, case.prefixes)
        assert TextEncoder(folder).dimension == TextEncoder(case.teacher).dimension
        assert TextEncoder(folder).max_length == (258 if "[CLS]" in (folder / "tokenizer_config.json").read_text() else 256)
    assert not np.allclose(TextEncoder(case.untrained).encode(TEXTS), TextEncoder(case.folder).encode(TEXTS), atol=1e-4)


def test_vectors_are_pooled_as_recorded(case: Case) -> None:
    encoder = TextEncoder(case.folder)
    for text, vector in zip(TEXTS, encoder.encode(TEXTS), strict=True):
        ids = encoder.tokenizer(text, return_tensors="pt")
        with torch.inference_mode():
            [states] = encoder.model(ids["input_ids"], ids["attention_mask"])
        expected = torch.nn.functional.normalize(states[0] if case.pooling == "cls" else states.mean(0), dim=0)
        assert np.abs(vector - expected.numpy()).max() < 1e-5


def test_sentence_transformers_gives_the_same_vectors(case: Case) -> None:
    from sentence_transformers import SentenceTransformer

    theirs, ours = SentenceTransformer(str(case.folder), device="cpu"), TextEncoder(case.folder)
    assert np.abs(theirs.encode(TEXTS) - ours.encode(TEXTS)).max() < 1e-5
    query, passage = case.prefixes
    assert np.abs(theirs.encode_query(TEXTS) - ours.encode([query + text for text in TEXTS])).max() < 1e-5
    assert np.abs(theirs.encode_document(TEXTS) - ours.encode([passage + text for text in TEXTS])).max() < 1e-5


def test_plain_transformers_reads_the_folder(case: Case) -> None:
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(case.folder), AutoModel.from_pretrained(case.folder).eval()
    inputs = tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.inference_mode():
        states = model(**inputs).last_hidden_state
        ours = TextEncoder(case.folder).model.transformer(inputs["input_ids"], inputs["attention_mask"]).last_hidden_state
    assert torch.allclose(states, ours, atol=1e-5)


def test_pyserini_gives_the_same_vectors(case: Case, jvm_started: None) -> None:
    """Its stock classes where the student has no projection; ours, ``--encoder-class optical``, everywhere."""
    from pyserini.encode import AutoDocumentEncoder, AutoQueryEncoder

    from optical_repro.retrieval.pyserini_encoders import StudentDocumentEncoder, StudentQueryEncoder

    queries, documents = StudentQueryEncoder(str(case.folder)), StudentDocumentEncoder(str(case.folder))
    plain = TextEncoder(case.folder)
    assert np.abs(queries.encode_batch(TEXTS) - plain.encode([case.prefixes[0] + text for text in TEXTS])).max() < 1e-6
    titles = ["Rivers", "", "Ilé", "Kano", "x", "y"]
    found = documents.encode(TEXTS, titles)
    stock = {"device": "cpu", "pooling": case.pooling, "l2_norm": True}
    prefixes = [prefix.strip() or None for prefix in case.prefixes]
    expected = AutoDocumentEncoder(str(case.folder), prefix=prefixes[1], **stock)
    if case.teacher != case.base:
        assert expected.encode(TEXTS).shape == (len(TEXTS), 32) and found.shape == (len(TEXTS), 384)
        return
    asked = AutoQueryEncoder(str(case.folder), prefix=prefixes[0], **stock)
    assert np.abs(np.stack([asked.encode(text) for text in TEXTS]) - queries.encode_batch(TEXTS)).max() < 1e-5
    assert np.abs(expected.encode(TEXTS) - documents.encode(TEXTS)).max() < 1e-5


def test_new_words_start_as_their_translations_in_the_students_own_embeddings(tmp_path: Path) -> None:
    base = tiny.encoder("xlm-roberta", tmp_path / "base")
    gained = student.build(base, Lexicon({"odo": {"river": 1.0}}), tmp_path / "student", sentences=["Odò náà"])
    assert gained == 4  # odo, Odo, odò, Odò
    before, after = TextEncoder(base), TextEncoder(tmp_path / "student")
    [river] = vocabulary.pieces(before.tokenizer.backend_tokenizer, ["river"])
    rows = before.model.transformer.get_input_embeddings().weight[river]
    for form in ("odo", "Odò"):
        [[place]] = vocabulary.pieces(after.tokenizer.backend_tokenizer, [form])
        found = after.model.transformer.get_input_embeddings().weight[place]
        assert torch.cosine_similarity(found, rows.mean(0), dim=0).item() > 0.9999


@pytest.mark.parametrize("kind", ["bert", "xlm-roberta", "roberta"])
def test_without_a_lexicon_a_student_is_its_base(kind: str, tmp_path: Path) -> None:
    base = tiny.encoder(kind, tmp_path / "base")
    student.build(base, None, tmp_path / "student")
    texts = [*TEXTS, *tiny.passages()[:4]]
    assert np.abs(TextEncoder(tmp_path / "student").encode(texts) - TextEncoder(base).encode(texts)).max() < 1e-5


def test_the_projection_brings_the_student_near_its_teacher(teacher: Path, pairs: list[Pair], tmp_path: Path) -> None:
    """The teacher is a model with a projection itself, of the kind that a student gains."""
    narrow, english = Encoder.load(teacher), [pair.english for pair in pairs[:400]]
    torch.manual_seed(1)
    narrow.projection = torch.nn.Linear(384, 16, bias=False)
    student.save(narrow, models.tokenizer_json(teacher), teacher, tmp_path / "narrow")
    student.build(teacher, None, tmp_path / "student", teacher=tmp_path / "narrow", english=english[:300])
    ours, theirs = (TextEncoder(tmp_path / name).encode(english[300:]) for name in ("student", "narrow"))
    assert ours.shape == (100, 16)
    assert (ours * theirs).sum(1).mean() > 0.8
    weights = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
    points = np.random.default_rng(2).normal(size=(4000, 3)).astype(np.float32)
    assert np.allclose(projection.least_squares(points, points @ weights.T), weights, atol=0.05)


# Models from folders


def test_weights_in_several_files_are_one_model(tmp_path: Path) -> None:
    from transformers import AutoModel

    whole = tiny.encoder("roberta", tmp_path / "whole")
    parted = tmp_path / "parted"
    shutil.copytree(whole, parted)
    (parted / "model.safetensors").unlink()
    AutoModel.from_pretrained(whole).save_pretrained(parted, max_shard_size="100KB")
    assert not (parted / "model.safetensors").exists()
    assert models.locate(str(parted)) == parted
    assert len([path for path in models.parts(parted) if path.suffix == ".safetensors"]) > 1
    assert np.array_equal(TextEncoder(parted).encode(TEXTS), TextEncoder(whole).encode(TEXTS))
    next(parted.glob("model-*.safetensors")).unlink()
    with pytest.raises(InputError, match=r"parted: no model-0000.*\.safetensors; expected a Hugging Face model"):
        models.locate(str(parted))


def test_a_model_with_nothing_but_a_pickle_is_refused(tmp_path: Path) -> None:
    folder = tiny.encoder("bert", tmp_path / "pickled")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(InputError, match=r"no model\.safetensors; .*pickles may run code: on the Hub, NAME@refs/pr/NUMBER often has"):
        models.locate(str(folder))


def test_code_that_comes_with_a_model_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda *_: "y")  # transformers would ask
    folder = tiny.encoder("bert", tmp_path / "model")
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Own: pass\n")
    config = json.loads((folder / "config.json").read_text())
    own = dict.fromkeys(("AutoConfig", "AutoModel", "AutoTokenizer"), "own.Own")
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "own", "auto_map": own}))
    with pytest.raises(InputError, match="not a Hugging Face encoder that loads"):
        Encoder.load(folder)
    assert not (tmp_path / "ran").exists()


def test_a_sentencepiece_model_without_tokenizer_json_is_read(tmp_path: Path) -> None:
    """As AfriBERTa comes."""
    import sentencepiece

    folder = tiny.encoder("xlm-roberta", tmp_path / "afriberta")
    (folder / "tokenizer.json").unlink()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(tiny.passages()[::3]), model_prefix=str(folder / "sentencepiece.bpe"), vocab_size=600, minloglevel=2
    )
    assert models.locate(str(folder)) == folder
    assert student.build(folder, Lexicon({"odo": {"river": 1.0}}), tmp_path / "student") == 2
    encoder = TextEncoder(tmp_path / "student")
    assert [piece.strip() for piece in encoder.tokenizer.tokenize("the odo, ")][-2:-1] == ["odo"]
    assert np.abs(encoder.encode(["the river"]) - TextEncoder(folder).encode(["the river"])).max() < 1e-5


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("intfloat/multilingual-e5-base", Convention(query_prefix="query: ", passage_prefix="passage: ")),
        ("intfloat/e5-small-v2", Convention(query_prefix="query: ", passage_prefix="passage: ")),
        ("intfloat/multilingual-e5-large-instruct", Convention()),
        ("castorini/mdpr-tied-pft-msmarco", Convention(pooling="cls")),
        ("xlm-roberta-base", Convention()),
    ],
)
def test_conventions_that_folders_do_not_record_are_known_by_name(name: str, expected: Convention, tmp_path: Path) -> None:
    kept = tmp_path / f"models--{name.replace('/', '--')}/snapshots/0123"
    kept.mkdir(parents=True)
    assert Convention.of(kept) == expected
    assert Convention.of(kept).with_options("cls", ("q ", "p ")) == Convention("cls", "q ", "p ")
    (kept / "1_Pooling").mkdir()
    (kept / "1_Pooling/config.json").write_text('{"pooling_mode": "mean"}')
    (kept / "config_sentence_transformers.json").write_text('{"prompts": {"query": "ask: ", "document": "tell: "}}')
    assert Convention.of(kept) == Convention("mean", "ask: ", "tell: ")


def test_a_linear_layer_is_read_and_other_layers_are_refused(case: Case, tmp_path: Path) -> None:
    if not Convention.of(case.folder).projection:
        return
    shutil.copytree(case.folder, tmp_path / "tanh")
    layer = json.loads((tmp_path / "tanh/2_Dense/config.json").read_text())
    (tmp_path / "tanh/2_Dense/config.json").write_text(json.dumps(layer | {"activation_function": "torch.nn.modules.activation.Tanh"}))
    with pytest.raises(InputError, match=r"its Dense layers are more than one linear layer after the pooling \(Tanh\)"):
        TextEncoder(tmp_path / "tanh")
    (case.folder / "2_Dense/model.safetensors").rename(tmp_path / "kept")
    with pytest.raises(InputError, match=r"no 2_Dense/model\.safetensors, the weights of its Dense layer; a pickle is not read"):
        TextEncoder(case.folder)
    (tmp_path / "kept").rename(case.folder / "2_Dense/model.safetensors")


# An experiment


def test_the_run_command_names_encoders() -> None:
    line = ["--lang", "yo", "--teacher", "T", "--student", "S", "--pooling", "cls", "--prefixes", *E5]
    settings, *_ = read_options(parser().parse_args(line))
    assert (settings.teacher, settings.student, settings.pooling, settings.prefixes) == ("T", "S", "cls", E5)
    assert settings.recipe.learns == "all"
    assert read_options(parser().parse_args(["--lang", "yo"]))[0] == Settings()


def test_a_student_of_another_kind_and_width_through_an_experiment(small: Path, tmp_path: Path) -> None:
    """Prefixes and pooling given by hand, late interaction, every regime's run on the same index."""
    teacher = tiny.encoder("bert", tmp_path / "teacher", width=48)
    base = tiny.encoder("xlm-roberta", tmp_path / "base")
    settings = Settings(
        str(teacher), "cls", E5, str(base), bitext=(small / "bitext.tsv",), recipe=Recipe("ot+pooled+scores", 2, 4, learns="all")
    )
    collection = folders.load(small, "yo", "test")
    experiment = Experiment(collection, settings, Cache(tmp_path / "cache"))
    systems = [parse(name) for name in ("dense-zs", "optical-cs", "optical-cs-maxsim")]
    experiment.check(systems)
    runs = {system.name: read_run(experiment.run(system)) for system in systems}
    assert Convention.of(experiment.teacher) == Convention("cls", *E5, None)
    reader, writer = TextEncoder(experiment.student("cs")), TextEncoder(teacher)
    assert (reader.dimension, reader.convention.pooling, reader.convention.projection) == (48, "mean", "2_Dense")
    ids = writer.tokenizer([E5[1] + passage.line for passage in collection.passages()], truncation=True, max_length=258)["input_ids"]
    with torch.inference_mode():
        rows = [writer.model(torch.tensor([row]), torch.ones(1, len(row)))[0, 0] for row in ids]
    documents = torch.nn.functional.normalize(torch.stack(rows), dim=1).numpy()
    for name, encoder, prefix in (("optical-cs", reader, ""), ("dense-zs", TextEncoder(experiment.teacher), E5[0])):
        vectors = encoder.encode([prefix + text for text in experiment.queries(name).values()])
        scores = vectors @ documents.T
        for row, topic in zip(scores, collection.topics, strict=True):
            for passage, score in zip(collection.passages(), row, strict=True):
                assert runs[name][topic][passage.id] == pytest.approx(float(score), abs=1e-4)
    assert runs["optical-cs-maxsim"].keys() == runs["optical-cs"].keys()
