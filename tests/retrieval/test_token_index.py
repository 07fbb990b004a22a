"""Late interaction over all passages: scored whole, or by an index of their tokens."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import faiss
import numpy as np
import pytest
import tiny
from tiny import PASSAGES

from optical_repro import collections
from optical_repro.base.cache import Cache
from optical_repro.base.errors import InputError
from optical_repro.base.files import sha256
from optical_repro.base.trec import read_run
from optical_repro.collections.collection import Passage
from optical_repro.encoders.text_encoder import TextEncoder
from optical_repro.experiment import runs
from optical_repro.experiment.experiment import Experiment
from optical_repro.experiment.indexes import Indexes
from optical_repro.experiment.publishing import publish_all
from optical_repro.experiment.settings import Settings
from optical_repro.experiment.systems import parse
from optical_repro.records.manifest import read_all
from optical_repro.retrieval import dense, faiss_index, late_interaction, token_index
from optical_repro.retrieval.late_interaction import TokenStore
from optical_repro.retrieval.token_index import Query, Tokens, search, search_vectors

TOPICS = {f"t{number}": {text: 0.75, f"{text} again": 0.25} for number, text in enumerate(tiny.passages()[60:66])}


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.encoder("bert", tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def store(model: Path, tmp_path_factory: pytest.TempPathFactory) -> TokenStore:
    return tiny.token_store(tmp_path_factory.mktemp("store"), model)


@pytest.fixture(scope="module")
def tokens(store: TokenStore) -> Tokens:
    return Tokens([passage.id for passage in PASSAGES], store)


@pytest.fixture(scope="module")
def flat(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of the passages' single vectors."""
    folder = tmp_path_factory.mktemp("flat")
    dense.build_index(PASSAGES, model, folder)
    return folder / "index"


@pytest.fixture(scope="module")
def exact(model: Path) -> dict[str, dict[str, float]]:
    """The score of each topic with each passage, by definition: topic to passage to score."""
    encoder = TextEncoder(model)
    documents = {
        passage.id: (
            encoder.encode(encoder.as_passages([passage.line]))[0],
            encoder.encode_tokens(encoder.as_passages([passage.line]))[0].astype(np.float16).astype(np.float64),
        )
        for passage in PASSAGES
    }

    def score(texts: dict[str, float], single: np.ndarray, document: np.ndarray) -> float:
        weights = list(texts.values())
        mean = np.average(encoder.encode(encoder.as_queries(texts)), axis=0, weights=weights)
        vectors = encoder.encode_tokens(encoder.as_queries(texts))
        late = sum(weight * (text @ document.T).max(axis=1).mean() for text, weight in zip(vectors, weights, strict=True))
        return float(unit(mean) @ single + late) / 2

    return {topic: {name: score(texts, *vectors) for name, vectors in documents.items()} for topic, texts in TOPICS.items()}


def best(scores: dict[str, float], k: int) -> list[str]:
    return sorted(scores, key=lambda document: -scores[document])[:k]


def build(tokens: Tokens, kind: str, folder: Path) -> Path:
    faiss_index.build(tokens, kind, folder / "index")
    return folder / "index"


@pytest.mark.parametrize("kind", [None, "flat"])
def test_where_all_passages_are_candidates_the_run_is_exact_over_everything(
    kind: str | None,
    tokens: Tokens,
    flat: Path,
    model: Path,
    exact: dict[str, dict[str, float]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(token_index, "PASSAGES", 7)
    monkeypatch.setattr(token_index, "TOPICS", 4)
    monkeypatch.setattr(token_index, "NEIGHBOURS", tokens.shape[0])
    index = build(tokens, "Flat", tmp_path) if kind else None
    whole = search(tokens, index, flat, TOPICS, model)
    assert list(whole) == list(TOPICS)
    for topic, hits in exact.items():
        assert whole[topic] == pytest.approx(hits, abs=1e-5)
    first = search(tokens, index, flat, TOPICS, model, k=10)
    for topic, hits in exact.items():
        assert list(first[topic]) == best(hits, 10)


def test_an_index_finds_nearly_what_is_best_of_all(
    tokens: Tokens, flat: Path, model: Path, exact: dict[str, dict[str, float]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 20 candidates of 60, drawn by lot, a third of the ten best would be there."""
    monkeypatch.setattr(token_index, "SCORED_WHOLE", 0)
    monkeypatch.setattr(token_index, "NEIGHBOURS", 64)
    monkeypatch.setattr(token_index, "CANDIDATES", 20)
    kind = token_index.kind(tokens.shape)
    assert kind is not None and kind.startswith("IVF") and ",PQ4,nprobe=32" in kind
    index = build(tokens, kind, tmp_path)
    assert index.stat().st_size < tokens.shape[0] * tokens.shape[1]
    run = search(tokens, index, flat, TOPICS, model, k=10)
    shared = [len(hits.keys() & best(exact[topic], 10)) / 10 for topic, hits in run.items()]
    assert np.mean(shared) > 0.8
    for topic, hits in run.items():  # what is found has its exact score
        assert len(hits) == 10 and hits == pytest.approx({document: exact[topic][document] for document in hits}, abs=1e-5)
    (tmp_path / "again").mkdir()
    again = build(tokens, kind, tmp_path / "again")
    assert sha256(again) == sha256(index) and search(tokens, again, flat, TOPICS, model, k=10) == run


class Given(dict[str, np.ndarray]):
    """Vectors of tokens at hand."""

    def length(self, document: str) -> int:
        return len(self[document])


@pytest.mark.parametrize("kind", [None, "IVF16,PQ8,nprobe=4"])
def test_what_the_first_thousand_of_single_vectors_miss_is_found(kind: str | None, tmp_path: Path) -> None:
    """One passage has both words of the topic among many others; 1,200 have words somewhat like both, but neither."""
    draw = np.random.default_rng(1)
    words = unit(draw.normal(size=(200, 128)))
    topic, others = words[:2], words[2:]
    between = unit(topic.sum(axis=0))
    noise = 3 * draw.normal(size=(1200, 4, 128)) / np.sqrt(128)
    vectors = {f"like-{number}": unit(between + part) for number, part in enumerate(noise)}
    vectors["has-both"] = np.concatenate([others[:8], topic, others[8:16]])
    means = {document: unit(tokens.mean(axis=0)) @ between for document, tokens in vectors.items()}
    assert "has-both" not in best(means, 1000)
    store = Given({document: tokens.astype(np.float16) for document, tokens in vectors.items()})
    tokens = Tokens(vectors, store)  # type: ignore[arg-type]
    index = build(tokens, kind, tmp_path) if kind else None
    single = np.array([unit(part.mean(axis=0)) for part in vectors.values()], np.float32)
    flat = faiss.IndexFlatIP(128)
    flat.add(single)
    faiss.write_index(flat, str(tmp_path / "flat"))
    query = Query(between.astype(np.float32), topic.astype(np.float32), np.array([0.5, 0.5]))
    run = search_vectors(tokens, index, tmp_path / "flat", {"t": query}, k=3)
    assert next(iter(run["t"])) == "has-both"
    assert run["t"]["has-both"] == pytest.approx((1 + means["has-both"]) / 2, abs=1e-3)


def test_rows_are_those_of_the_passages_one_after_the_other(tokens: Tokens, store: TokenStore) -> None:
    everything = np.concatenate([store[passage.id] for passage in PASSAGES]).astype(np.float32)
    assert tokens.shape == everything.shape
    for rows in (slice(0, 5), slice(3, 700), slice(tokens.shape[0] - 3, tokens.shape[0] + 9), [0, 2, 3, 900, tokens.shape[0] - 1]):
        assert np.array_equal(tokens[rows], everything[rows]) and tokens[rows].dtype == np.float32
    first = len(store["p0"])
    assert tokens.owners(np.array([[0, first - 1], [first, tokens.shape[0] - 1]])).tolist() == [[0, 0], [1, 59]]
    with pytest.raises(InputError, match="no passages"):
        Tokens([], store)


def test_the_order_in_which_passages_were_encoded_makes_no_difference(tokens: Tokens, model: Path, tmp_path: Path) -> None:
    other = TokenStore(tmp_path / "store", model)
    other.add(PASSAGES[40:])
    other.add(PASSAGES)
    (tmp_path / "one").mkdir(), (tmp_path / "two").mkdir()
    one = build(tokens, "IVF16,SQ8", tmp_path / "one")
    two = build(Tokens(tokens.ids, other), "IVF16,SQ8", tmp_path / "two")
    assert sha256(one) == sha256(two)


@pytest.mark.parametrize("dimension", [64, 30])
def test_a_kind_for_any_width(dimension: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_index, "SCORED_WHOLE", 999)
    assert token_index.kind((999, dimension)) is None
    kind = token_index.kind((1000, dimension))
    assert kind == {64: "IVF32,PQ8,nprobe=32", 30: "IVF32,SQ8,nprobe=32"}[dimension]
    vectors = unit(np.random.default_rng(1).normal(size=(1000, dimension))).astype(np.float32)
    faiss_index.build(vectors, kind, tmp_path / "index")
    assert faiss.read_index(str(tmp_path / "index")).ntotal == 1000


def test_a_store_of_many_shards_opens_few_files_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: Path) -> None:
    store = TokenStore(tmp_path, model)
    passages = [Passage(f"p{number}", "", "") for number in range(400)]
    for number, passage in enumerate(passages):
        store._write([passage], [np.full((1, 2), number, np.float16)])
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, limits[1]))
    try:
        kept = [store[passage.id] for passage in passages[:2]]
        assert [float(store[passage.id][0, 0]) for passage in passages] == list(range(400))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert [float(vectors[0, 0]) for vectors in kept] == [0, 1]


def experiment(small: Path, model: Path, cache: Path, **settings: object) -> Experiment:
    given = {"teacher": str(model), "bitext": (small / "bitext.tsv",), "device": "cpu", **settings}
    return Experiment(collections.load(str(small), "yo"), Settings(**given), Cache(cache))  # type: ignore[arg-type]


def test_the_system_finds_what_its_best_hits_reranked_do_not(
    small: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "DEPTH", 10)
    names = ["dense-zs-maxsim", "dense-zs-plaid"]
    made = experiment(small, model, tmp_path / "cache", index="SQ8")
    folder, _ = publish_all(made, [parse(name) for name in names], tmp_path / "runs", tmp_path / "qrels", "python -m optical_repro.run", {})
    within, over_all = (read_run(folder / f"{name}.trec") for name in names)
    encoder = TextEncoder(model)
    documents = {
        passage.id: (encoder.encode(encoder.as_passages([passage.line]))[0], encoder.encode_tokens(encoder.as_passages([passage.line]))[0])
        for passage in made.collection.passages()
    }
    for topic, text in made.collection.topics.items():
        [query], [single] = encoder.encode_tokens(encoder.as_queries([text])), encoder.encode(encoder.as_queries([text]))
        scores = {
            name: (single @ vector + late_interaction.max_sim(query, document.astype(np.float16))) / 2
            for name, (vector, document) in documents.items()
        }
        assert over_all[topic] == pytest.approx({name: scores[name] for name in best(scores, 10)}, abs=1e-5)
    missed = [over_all[topic].keys() - within[topic].keys() for topic in within]
    assert any(missed)
    settings = {name: manifest["settings"] for name, manifest in read_all(folder).items()}
    assert settings["dense-zs-plaid"].keys() - settings["dense-zs-maxsim"].keys() == {"code of plaid run"}
    assert "index" in settings["dense-zs-maxsim"] and "index" not in settings["dense-zs-plaid"]


def test_documents_are_read_once_since_they_may_have_to_be_translated(
    small: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, documents = [], Indexes.documents

    def counted(indexes: Indexes, in_english: bool = False) -> Iterator[Passage]:
        read.append(in_english)
        return documents(indexes, in_english)

    monkeypatch.setattr(Indexes, "documents", counted)
    tokens, _ = experiment(small, model, tmp_path / "cache").indexes.tokens(model)
    assert read == [False] and len(tokens.ids) == 60


def test_a_large_collection_has_an_index_in_the_cache(small: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = experiment(small, model, tmp_path / "cache").run(parse("dense-zs-plaid"))
    assert not (tmp_path / "cache/token index").exists()
    monkeypatch.setattr(token_index, "SCORED_WHOLE", 1000)
    by_index = experiment(small, model, tmp_path / "cache").run(parse("dense-zs-plaid"))
    [index] = (tmp_path / "cache/token index").glob("[!.]*/index")
    assert faiss.read_index(str(index)).ntotal > 1000 and by_index != whole
    one, other = read_run(whole), read_run(by_index)
    shared = [len(set(list(one[topic])[:10]) & other[topic].keys()) / 10 for topic in one]
    assert np.mean(shared) > 0.9  # of the ten best of 60 passages, most of which are candidates
    again = experiment(small, model, tmp_path / "cache").run(parse("dense-zs-plaid"))
    assert again == by_index
