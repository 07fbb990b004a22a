"""Dense indexes of other kinds than flat: what they find, what is refused, and that nothing that needs exact vectors gets others."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import faiss
import numpy as np
import pytest
import tiny

from optical_repro import collections, search
from optical_repro.base.cache import Cache
from optical_repro.base.errors import InputError
from optical_repro.base.files import sha256
from optical_repro.base.trec import read_run
from optical_repro.distill.recipe import Recipe
from optical_repro.experiment.experiment import Experiment
from optical_repro.experiment.indexes import Indexes
from optical_repro.experiment.publishing import publish_all
from optical_repro.experiment.settings import Settings
from optical_repro.experiment.systems import parse
from optical_repro.records.manifest import read_all
from optical_repro.retrieval import dense, faiss_index, jvm
from optical_repro.run import main as run

COUNT, DIMENSION = 1500, 32
KINDS = ["SQfp16", "HNSW16", "IVF16,Flat", "IVF16,SQ8,nprobe=8", "PCA24,IVF8,PQ12x4,nprobe=8"]


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    """Unit vectors in clusters, as those of texts are."""
    draw = np.random.default_rng(1)
    centres = draw.normal(size=(40, DIMENSION))
    points = centres[draw.integers(0, 40, COUNT)] + 0.6 * draw.normal(size=(COUNT, DIMENSION))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def flat(vectors: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.flat_index(vectors, tmp_path_factory.mktemp("flat"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_finds_most_of_what_flat_finds_and_pyserini_reads_it(kind: str, flat: Path, vectors: np.ndarray, tmp_path: Path) -> None:
    dense.index_again(flat, tmp_path / "made", kind)
    queries = vectors[:50] + 0.02
    exact = dense.OpenIndex(flat).nearest(queries, 10)
    found = dense.OpenIndex(tmp_path / "made").nearest(queries, 10)
    shared = [len(ours.keys() & theirs.keys()) / 10 for ours, theirs in zip(found, exact, strict=True)]
    assert np.mean(shared) > (0.4 if "PQ" in kind else 0.8)
    jvm.start()
    from pyserini.search.faiss import FaissSearcher

    names = [str(number) for number in range(50)]
    hits = FaissSearcher(str(tmp_path / "made"), None).batch_search(queries, names, k=10, threads=1)
    stock = {topic: {hit.docid: float(hit.score) for hit in hits[topic]} for topic in names}
    assert dense.search_vectors(tmp_path / "made", queries, names, k=10) == stock == dict(zip(names, found, strict=True))


@pytest.mark.parametrize("kind", ["HNSW16", "IVF16,PQ8x4"])
def test_the_same_vectors_give_the_same_file_on_any_number_of_threads(kind: str, vectors: np.ndarray, tmp_path: Path) -> None:
    hashes = set()
    for threads in (1, 2, 2):
        faiss.omp_set_num_threads(threads)
        try:
            faiss_index.build(vectors, kind, tmp_path / "index")
            assert faiss.omp_get_max_threads() == threads
        finally:
            faiss.omp_set_num_threads(1)
        hashes.add(sha256(tmp_path / "index"))
    assert len(hashes) == 1


def test_shards_and_training_on_a_sample(vectors: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faiss_index, "SHARD", 700)
    monkeypatch.setattr(faiss_index, "AT_LEAST", 500)
    trained: list[int] = []
    make = faiss_index._empty

    class Watched:
        """An index that tells how many vectors it was trained on."""

        def __init__(self, index: faiss.Index) -> None:
            self.index, self.added = index, []

        def __getattr__(self, name: str) -> object:
            return getattr(self.index, name)

        def train(self, sample: np.ndarray) -> None:
            trained.append(len(sample))
            self.index.train(sample)

    monkeypatch.setattr(faiss_index, "_empty", lambda *arguments: Watched(make(*arguments)))
    monkeypatch.setattr(faiss_index, "fewest", lambda *arguments: 16)
    monkeypatch.setattr(faiss_index, "_centroids", lambda index: 16)
    monkeypatch.setattr(faiss, "write_index", lambda index, path: trained.append(index.ntotal))
    faiss_index.build(vectors, "IVF16,SQ8", tmp_path / "index")
    assert trained == [faiss_index.PER_CENTROID * 16, COUNT]


def test_search_parameters_are_in_the_file(vectors: np.ndarray, tmp_path: Path) -> None:
    def read(kind: str) -> faiss.Index:
        faiss_index.build(vectors, kind, tmp_path / "index")
        return faiss.read_index(str(tmp_path / "index"))

    assert [read(f"IVF{lists},SQ8").nprobe for lists in (8, 64, 512)] == [8, 16, 32]
    assert read("IVF64,SQ8,nprobe=9").nprobe == 9
    assert faiss.extract_index_ivf(read("PCA16,IVF64,SQ8,nprobe=9")).nprobe == 9
    assert read("HNSW8").hnsw.efSearch == faiss_index.EF_SEARCH
    assert read("HNSW8,efSearch=33,efConstruction=50").hnsw.efSearch == 33


@pytest.mark.parametrize("kind", ["PQ8x4", "IVF4,PQ8x4", "PCA24,IVF4_HNSW8,PQ8x4", "HNSW8,PQ8x4"])
def test_codes_are_not_sorted_for_filters_that_nobody_uses_and_training_says_nothing(
    kind: str, vectors: np.ndarray, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """FAISS's training for "polysemous" filters takes eight times as long as the rest of a training."""
    faiss_index.build(vectors[:100], kind, tmp_path / "index")
    assert capfd.readouterr() == ("", "")
    index = faiss_index.read(tmp_path / "index")
    trained = [part.do_polysemous_training for part in faiss_index._parts(index) if hasattr(part, "do_polysemous_training")]
    assert trained == [False]


def test_an_empty_list_gives_no_hit_in_place_of_the_last_passage(tmp_path: Path) -> None:
    index = faiss.index_factory(2, "IVF2,Flat", faiss.METRIC_INNER_PRODUCT)
    index.train(np.array([[1, 0], [0, 1]], np.float32))
    index.add(np.array([[1, 0], [1, 0]], np.float32))
    faiss.write_index(index, str(tmp_path / "index"))
    (tmp_path / "docid").write_text("a\nb\n")
    assert dense.OpenIndex(tmp_path).nearest(np.array([[0, 1], [1, 0]], np.float32), 2) == [{}, {"a": 1.0, "b": 1.0}]


REFUSED = [
    ("SQfp17", "could not parse index string SQfp17; expected a FAISS factory string"),
    ("PQ5", "dimension of the vector"),
    ("IVF0,Flat", "no lists"),
    ("IVF8,Flat,nprob=3", "nprob=3 is none of its parameters; it has nprobe"),
    ("IVF4096,Flat", "needs at least 4,096 passages, and there are 60"),
    ("PQ8", "needs at least 256 passages, and there are 60"),
]


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.encoder("bert", tmp_path_factory.mktemp("teacher"))


def options(small: Path, teacher: Path, place: Path) -> list[str]:
    folders = ["--runs-dir", str(place / "runs"), "--qrels-dir", str(place / "qrels"), "--cache-dir", str(place / "cache")]
    return ["--lang", "yo", "--collection", str(small), "--teacher", str(teacher), "--device", "cpu", *folders]


@pytest.mark.parametrize(("kind", "told"), REFUSED)
def test_refused_in_one_line_before_any_work(
    kind: str, told: str, small: Path, teacher: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run([*options(small, teacher, tmp_path), "--systems", "dense-zs", "--index", kind]) == 2
    [line] = capfd.readouterr().err.splitlines()
    assert line.startswith(f"error: --index {kind}: ") and told in line
    assert not (tmp_path / "cache" / "faiss").exists()


def experiment(small: Path, teacher: Path, cache: Path, **settings: object) -> Experiment:
    recipe = Recipe("pooled+scores", steps=2, batch_size=4)
    given = {"teacher": str(teacher), "recipe": recipe, "bitext": (small / "bitext.tsv",), "device": "cpu", **settings}
    return Experiment(collections.load(str(small), "yo"), Settings(**given), Cache(cache))  # type: ignore[arg-type]


def test_a_run_over_another_kind_says_so_and_is_another_stage(small: Path, teacher: Path, tmp_path: Path) -> None:
    def made(kind: str) -> tuple[dict[str, dict[str, float]], dict[str, object]]:
        one = experiment(small, teacher, tmp_path / "cache", index=kind)
        systems = [parse("dense-zs"), parse("bm25")]
        folder, _ = publish_all(one, systems, tmp_path / kind, tmp_path / "qrels", "python -m optical_repro.run", {})
        manifests = read_all(folder)
        assert "index" not in manifests["bm25"]["settings"]
        return read_run(folder / "dense-zs.trec"), manifests["dense-zs"]["settings"]

    exact, settings = made("flat")
    assert "index" not in settings
    near, settings = made("SQfp16")
    assert settings["index"] == "SQfp16" and near != exact
    for topic, hits in exact.items():
        assert near[topic] == pytest.approx(hits, abs=2e-3)
    assert len(list((tmp_path / "cache/faiss").glob("[!.]*"))) == 2


def test_the_objective_scores_reads_exact_vectors(small: Path, teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pools: list[np.ndarray] = []
    vectors = Indexes.vectors

    def watched(self: Indexes, index: Path) -> np.ndarray:
        pools.append(vectors(self, index))
        return pools[-1]

    monkeypatch.setattr(Indexes, "vectors", watched)
    students = [experiment(small, teacher, tmp_path / kind, index=kind).student("cs") for kind in ("flat", "SQ4")]
    assert students[0].name == students[1].name
    assert pools[0].tobytes() == pools[1].tobytes() and len(pools[0]) == 60


def test_a_sample_of_a_flat_index_is_that_of_its_vectors(
    small: Path, teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = experiment(small, teacher, tmp_path)
    index = made.indexes.dense(teacher)
    monkeypatch.setattr("optical_repro.experiment.indexes.POOL", 10)
    everything = faiss.read_index(str(index / "faiss/index")).reconstruct_n()
    places = sorted(random.Random(made.stages.seed).sample(range(60), 10))
    assert made.indexes.vectors(index).tobytes() == everything[places].tobytes()
    with pytest.raises(TypeError, match="exact"):
        made.indexes.vectors(experiment(small, teacher, tmp_path, index="SQ8").indexes.dense(teacher))


def test_vectors_that_are_there_are_not_encoded_again(small: Path, teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = experiment(small, teacher, tmp_path / "one", index="SQ8").indexes.dense(teacher)
    experiment(small, teacher, tmp_path / "two").indexes.dense(teacher)

    def refuse(*_: object, **__: object) -> Iterator[None]:
        raise AssertionError("encoded again")

    monkeypatch.setattr(dense, "build_index", refuse)
    again = experiment(small, teacher, tmp_path / "two", index="SQ8").indexes.dense(teacher)
    assert fresh.name == again.name
    for name in ("index", "docid"):
        assert sha256(fresh / "faiss" / name) == sha256(again / "faiss" / name)


def test_search_takes_a_kind(small: Path, teacher: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    student = experiment(small, teacher, tmp_path / "cache").student("none")
    names = ["--lang", "yo", "--collection", str(small), "--teacher", str(teacher), "--model", str(student)]
    line = [*names, "--cache-dir", str(tmp_path / "cache"), "--device", "cpu", "--json", "Ta ló ń ṣe òfin?"]
    assert search.main([*line, "--index", "SQfp16"]) == 0
    assert '"hits": [{"docid"' in capsys.readouterr().out
    assert search.main([*line, "--index", "IVF99,Flat"]) == 2
    assert "needs at least 99 passages, and there are 60" in capsys.readouterr().err


def test_systems_that_need_no_dense_index_take_any_kind(small: Path, teacher: Path, tmp_path: Path) -> None:
    experiment(small, teacher, tmp_path, index="SQfp17").check([parse("bm25")])
    with pytest.raises(InputError, match="SQfp17"):
        experiment(small, teacher, tmp_path, index="SQfp17").check([parse("dense-zs")])
