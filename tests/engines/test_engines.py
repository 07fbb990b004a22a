"""Engines: a cluster of three nodes makes what one process makes, to the bit, also when a node is lost; what is refused."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import ray
import tiny
import toy_translation
from ray import cloudpickle
from ray.cluster_utils import Cluster

from optical_repro import collections
from optical_repro.base.cache import Cache
from optical_repro.base.errors import InputError
from optical_repro.base.files import sha256
from optical_repro.collections.collection import Passage
from optical_repro.engines import on_ray
from optical_repro.engines.engine import Engine, Local, check, connect
from optical_repro.experiment import translation
from optical_repro.experiment.experiment import Experiment
from optical_repro.experiment.settings import Settings
from optical_repro.experiment.systems import parse
from optical_repro.grid import make_cells
from optical_repro.grids.file import read_grid
from optical_repro.retrieval import bm25, dense, faiss_shards, over_topics
from optical_repro.retrieval.late_interaction import TokenStore
from optical_repro.translate import neural
from optical_repro.translate.neural import NeuralTranslator
from optical_repro.translate.translator import Translator

NODE = {"num_cpus": 1, "object_store_memory": 80_000_000}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Three nodes of one core each, to which the functions of this file are sent whole: workers cannot import it."""
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    made = Cluster()
    for _ in range(3):
        add_node(made)
    yield made
    ray.shutdown()
    connect.cache_clear()
    made.shutdown()


def add_node(cluster: Cluster) -> None:
    """Adds a node; Ray gives a node up that needs half a minute to start, as on a busy machine: then another is tried."""
    for attempt in range(3):
        try:
            cluster.add_node(**NODE, plasma_directory=on_ray.store())
            return
        except Exception:
            if attempt == 2:
                raise


@pytest.fixture(scope="module")
def before_ray() -> dict[signal.Signals, bytes]:
    """What answers faults before this process connects to Ray: pytest, or a Java that another test started."""
    return answers()


@pytest.fixture(scope="module")
def engine(cluster: Cluster, before_ray: dict[signal.Signals, bytes]) -> Engine:
    return connect(f"ray:{cluster.address}")


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.encoder("bert", tmp_path_factory.mktemp("teacher"))


def where(item: int) -> tuple[int, str]:
    """An item, and the node that has worked on it, after a while."""
    import time

    time.sleep(0.2)
    return item, ray.get_runtime_context().get_node_id()


def test_all_nodes_work_and_results_keep_their_order(engine: Engine) -> None:
    results = list(engine.map(lambda: where, range(24)))
    assert [item for item, _ in results] == list(range(24))
    assert len({node for _, node in results}) == 3


def test_items_are_read_as_they_are_needed(engine: Engine) -> None:
    read: list[int] = []

    def items() -> Iterator[int]:
        for item in range(1000):
            read.append(item)
            yield item

    results = engine.map(lambda: abs, items())
    assert next(results) == 0 and len(read) < 20


def test_a_worker_prepares_once_and_errors_in_input_come_back_as_they_are(engine: Engine) -> None:
    def prepare() -> Callable[[int], tuple[int, int]]:
        calls = [0]

        def count(item: int) -> tuple[int, int]:
            calls[0] += 1
            if item == 9:
                raise InputError("corpus.jsonl:9: no text")
            return os.getpid(), calls[0]

        return count

    made = list(engine.map(prepare, range(9)))
    for process in {process for process, _ in made}:
        counts = [count for other, count in made if other == process]
        assert counts == list(range(1, len(counts) + 1))
    with pytest.raises(InputError, match=r"^corpus\.jsonl:9: no text$"):
        list(engine.map(prepare, [9]))


def passages() -> list[Passage]:
    texts = tiny.passages()
    return [Passage(f"d{number}", "", texts[number % len(texts)]) for number in range(240)]


def test_vectors_and_tokens_are_those_of_one_process(
    engine: Engine, teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dense, "SHARD", 32)
    for name, made in (("one", Local()), ("three", engine)):
        dense.build_index(passages(), teacher, tmp_path / name / "dense", engine=made)
        TokenStore(tmp_path / name / "tokens", teacher, engine=made).add(iter(passages()))
    files = {name: hashes(tmp_path / name) for name in ("one", "three")}
    assert len(files["one"]) == 4 and files["one"] == files["three"]


def hashes(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("kind", ["model", "phrase", "lexical"])
def test_translations_are_those_of_one_process(
    engine: Engine, small: Path, m2m: Path, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sentences come again in other parts, beside others: the first translation counts, and is what the memory keeps."""
    monkeypatch.setattr(translation, "TOGETHER", 6)
    monkeypatch.setattr(neural, "BATCH", 4)
    made, kept = [], []
    for name, workers in (("one", Local()), ("three", engine)):
        translator = translators(kind, small, m2m, tmp_path / name)
        documents = toys() if kind == "model" else passages()[:30]
        made.append(list(translation.translations(documents, translator, workers)))
        if isinstance(translator, NeuralTranslator):
            with closing(sqlite3.connect(translator.memory.path)) as memory:
                kept.append(memory.execute("SELECT * FROM translations").fetchall())
    assert made[0] == made[1] and [one.id for one in made[0]] == [one.id for one in documents]
    assert [one.text for one in made[0]] != [one.text for one in documents]
    assert kind != "model" or (len(kept[0]) > 50 and kept[0] == kept[1])


def toys() -> list[Passage]:
    """Passages of the toy language's sentences, many of them in several."""
    texts = toy_translation.sentences(200, seed=5)
    return [Passage(f"t{number}", texts[number // 3], "\n".join(texts[number : number + 3])) for number in range(150)]


def translators(kind: str, small: Path, m2m: Path, cache: Path) -> Translator:
    """The translator of a kind: from the toy language into English, or from English into Yorùbá by what ``small`` has."""
    name, source, target = (str(m2m), "yo", "en") if kind == "model" else (kind, "en", "yo")
    settings = Settings(translator=name, bitext=(small / "bitext.tsv",), device="cpu")
    return Experiment(collections.load(str(small), "yo"), settings, Cache(cache)).translation.between(source, target)


def answers() -> dict[signal.Signals, bytes]:
    """The functions that answer the faults of this process: the first field of a struct sigaction, on Linux and on macOS."""
    found = {}
    for fault in on_ray.FAULTS:
        action = ctypes.create_string_buffer(512)
        assert ctypes.CDLL(None).sigaction(int(fault), None, action) == 0
        found[fault] = action.raw[: ctypes.sizeof(ctypes.c_void_p)]
    return found


def test_who_answered_faults_before_a_connection_to_ray_does_so_after_it(engine: Engine, before_ray: dict[signal.Signals, bytes]) -> None:
    """Java answers its own; Ray would end the process: Lucene, opened before the cluster, would end the command some time later."""
    assert any(map(any, before_ray.values())) and answers() == before_ray


def test_runs_of_three_nodes_are_those_of_one_process(
    cluster: Cluster, small: Path, teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lucene's index has so many parts that it merges some of them; that of FAISS has some."""
    for module, name, value in ((bm25, "BATCH", 2), (bm25, "PART", 2), (over_topics, "PART", 5), (faiss_shards, "ROWS", 32)):
        monkeypatch.setattr(module, name, value)
    made = []
    for name in ("local", f"ray:{cluster.address}"):
        settings = Settings(teacher=str(teacher), bitext=(small / "bitext.tsv",), device="cpu", engine=name)
        one = Experiment(collections.load(str(small), "yo"), settings, Cache(tmp_path / name[:3]))
        made.append([one.run(parse(system)) for system in ("dense-zs", "dense-zs-maxsim", "bm25-dt", "bm25", "bm25-psq", "dense-zs+bm25")])
    for ours, theirs in zip(*made, strict=True):
        assert ours != theirs and ours.read_bytes() == theirs.read_bytes()
        assert ours.parent.name == theirs.parent.name


GRID = """
languages: {{yo: {{collection: {small}}}}}
regimes: [none]
variants: {{seven: {{bm25: [0.7, 0.4]}}, nine: {{bm25: [0.9, 0.4]}}}}
baselines: [bm25]
arguments: {{teacher: {teacher}, device: cpu, bitext: [{small}/bitext.tsv]}}
"""


def test_cells_of_a_grid_are_made_on_the_cluster(engine: Engine, small: Path, teacher: Path, tmp_path: Path) -> None:
    (tmp_path / "grid.yaml").write_text(GRID.format(small=small, teacher=teacher))
    for name, place in (("one", Local()), ("three", engine)):
        cells = read_grid(tmp_path / "grid.yaml", tmp_path / name / "runs", tmp_path / name / "cache")
        assert make_cells(cells, place) == ["small.yo.test"] * 2
    one, three = (hashes(tmp_path / name / "runs") for name in ("one", "three"))
    trec = {name: value for name, value in one.items() if name.endswith(".trec")}
    assert len(trec) == 4 and trec == {name: value for name, value in three.items() if name.endswith(".trec")}


def test_a_node_that_is_lost_costs_nothing_but_time(
    cluster: Cluster, engine: Engine, teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dense, "SHARD", 8)
    dense.build_index(passages(), teacher, tmp_path / "one")
    lost: list[Any] = []

    def losing() -> Iterator[Passage]:
        for number, passage in enumerate(passages()):
            if number == 100:
                lost.append(cluster.list_all_nodes()[-1])
                cluster.remove_node(lost[0], allow_graceful=False)
            yield passage

    dense.build_index(losing(), teacher, tmp_path / "three", engine=engine)
    assert lost and len(cluster.list_all_nodes()) == 2
    assert hashes(tmp_path / "one") == hashes(tmp_path / "three")


def test_a_node_that_is_lost_while_documents_are_translated_and_encoded(
    cluster: Cluster, engine: Engine, teacher: Path, m2m: Path, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_node(cluster)
    monkeypatch.setattr(dense, "SHARD", 8)
    monkeypatch.setattr(translation, "TOGETHER", 6)
    monkeypatch.setattr(neural, "BATCH", 4)
    before = len(cluster.list_all_nodes())

    def losing() -> Iterator[Passage]:
        for number, passage in enumerate(toys()):
            if number == 100:
                cluster.remove_node(cluster.list_all_nodes()[-1], allow_graceful=False)
            yield passage

    for name, documents, workers in (("one", toys(), Local()), ("three", losing(), engine)):
        translator = translators("model", small, m2m, tmp_path / f"cache of {name}")
        in_english = translation.translations(documents, translator, workers)
        dense.build_index(in_english, teacher, tmp_path / name, engine=workers)
    assert len(cluster.list_all_nodes()) == before - 1
    assert hashes(tmp_path / "one") == hashes(tmp_path / "three")


@pytest.mark.parametrize("name", ["rai", "local:1", "ray:", ""])
def test_an_unknown_engine(name: str) -> None:
    with pytest.raises(InputError, match="expected local, ray, or ray:ADDRESS"):
        Settings(engine=name)


def test_a_cluster_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(InputError, match=rf"^--engine ray:127\.0\.0\.1:{port}: no connection to a cluster .*ray start --head$"):
        connect(f"ray:127.0.0.1:{port}")


def test_a_cluster_whose_machines_have_too_few_cores(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_threads", 64)
    with pytest.raises(InputError, match=r"64 cores.*OMP_NUM_THREADS=1"):
        list(engine.map(lambda: abs, [1]))


def test_without_ray_one_line_says_what_to_install(tmp_path: Path) -> None:
    """As on the machine of someone who ran make run alone."""
    program = "import importlib.util as u, sys; f = u.find_spec; u.find_spec = lambda n, *p: None if n == 'ray' else f(n, *p)"
    for command in ("run", "grid"):
        line = ["--lang", "yo"] if command == "run" else [str(tmp_path / "no.yaml")]
        code = f"{program}; from optical_repro.{command} import main; sys.exit(main({[*line, '--engine', 'ray']!r}))"
        done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 2 and done.stderr.splitlines() == [
            "error: --engine ray: ray is not installed; run: pip install 'optical_repro[ray]'"
        ]


def test_local_reads_one_item_at_a_time() -> None:
    check("local")
    read: list[int] = []
    results = connect("local").map(lambda: abs, (read.append(item) or item for item in range(5)))
    assert next(results) == 0 and read == [0]


def test_memory_that_cannot_be_written_is_a_folder_of_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(on_ray, "SHARED_MEMORY", str(tmp_path))
    assert on_ray.store() is None
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert on_ray.store() == tempfile.gettempdir()
