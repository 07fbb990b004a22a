"""Pyserini's own command lines, on the teacher's folder, give the vectors and hits that this package gives."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from optical_repro.base.trec import Run, read_run
from optical_repro.collections.collection import Passage
from optical_repro.encoders import models
from optical_repro.retrieval import dense, jvm

SUBJECTS = ["yam", "maize", "river", "malaria", "leather", "drum", "market", "school", "king", "rain", "goat", "palm oil"]
PASSAGES = [
    Passage(
        f"{subject.replace(' ', '-')}-{place}",
        subject.title(),
        f"What people of {place} say of the {subject}, and why the {subject} matters there.",
    )
    for subject in SUBJECTS
    for place in ("Kano", "Lagos", "Dodoma", "Nairobi")
]
TOPICS = {"7": "who sells leather in the north", "x-2": "school children in Nairobi", "3": "what do farmers plant when it rains"}


@pytest.fixture(scope="module")
def teacher() -> Path:
    return models.locate(models.EMBEDDED)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    with (folder / "corpus.jsonl").open("w") as corpus:
        corpus.writelines(json.dumps({"id": passage.id, "title": passage.title, "text": passage.text}) + "\n" for passage in PASSAGES)
    (folder / "topics.tsv").write_text("".join(f"{topic}\t{text}\n" for topic, text in TOPICS.items()))
    return folder


@pytest.fixture(scope="module")
def ours(teacher: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ours")
    dense.build_index(PASSAGES, teacher, folder)
    return folder


def command(*arguments: str | Path) -> str:
    """Runs ``python ARGUMENTS``, Pyserini's own in the environment made for them, and returns what it wrote on both streams."""
    environment = dict(os.environ) if "optical_repro.pyserini" in arguments else jvm.environment()
    line = [sys.executable, *map(str, arguments)]
    done = subprocess.run(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout


def encode(program: list[str], inputs: Path, output: Path, encoder: list[str | Path]) -> None:
    fields = ["--fields", "title", "text"]
    corpus = ["input", "--corpus", inputs / "corpus.jsonl", *fields]
    command(*program, *corpus, "output", "--embeddings", output, "--to-faiss", "encoder", *fields, "--dimension", "384", *encoder)


def search(program: list[str], inputs: Path, index: Path, output: Path, encoder: list[str | Path]) -> Run:
    command(*program, "--topics", inputs / "topics.tsv", "--index", index, "--output", output, "--hits", "1000", *encoder)
    return read_run(output)


def assert_same_hits(found: Run, expected: Run) -> None:
    """The same documents, scores within 1e-5, and the same order but for scores that lie closer than that."""
    assert set(found) == set(expected) == set(TOPICS)
    for topic, hits in expected.items():
        assert set(found[topic]) == set(hits) == {passage.id for passage in PASSAGES}
        for document, score in hits.items():
            assert found[topic][document] == pytest.approx(score, abs=1e-5)
        order = sorted(found[topic], key=lambda document: -found[topic][document])
        assert all(hits[above] > hits[below] - 1e-5 for above, below in pairwise(order))


def vectors(folder: Path) -> np.ndarray:
    import faiss

    return faiss.read_index(str(folder / "index")).reconstruct_n(0, len(PASSAGES))


def test_stock_commands_agree(teacher: Path, inputs: Path, ours: Path, tmp_path: Path) -> None:
    encoder: list[str | Path] = ["--encoder", teacher, "--encoder-class", "auto", "--pooling", "mean", "--l2-norm"]
    stock = tmp_path / "stock"
    encode(["-m", "pyserini.encode"], inputs, stock, [*encoder, "--device", "cpu"])
    assert (stock / "docid").read_text() == (ours / "docid").read_text()
    assert np.abs(vectors(stock) - vectors(ours)).max() < 1e-5

    expected = dense.search(ours, teacher, TOPICS)
    program = ["-m", "pyserini.search.faiss"]
    assert_same_hits(search(program, inputs, stock, tmp_path / "stock.trec", encoder), expected)
    assert_same_hits(search(program, inputs, ours, tmp_path / "ours.trec", encoder), expected)


def test_our_encoder_class_in_pyserinis_commands(teacher: Path, inputs: Path, ours: Path, tmp_path: Path) -> None:
    """Sharded, and without naming pooling or normalisation: the folder knows them."""
    encoder: list[str | Path] = ["--encoder", teacher, "--encoder-class", "optical", "--device", "cpu"]
    fields = ["--fields", "title", "text"]
    program = ["-m", "optical_repro.pyserini"]
    for shard in ("0", "1"):
        corpus = ["input", "--corpus", inputs / "corpus.jsonl", *fields, "--shard-id", shard, "--shard-num", "2"]
        output = ["output", "--embeddings", tmp_path / f"shard-{shard}", "--to-faiss"]
        command(*program, "encode", *corpus, *output, "encoder", *encoder, *fields, "--dimension", "384")
    command(*program, "index.merge_faiss_indexes", "--prefix", tmp_path / "shard-", "--dimension", "384", "--shard-num", "2")
    merged = tmp_path / "shard-full"
    assert (merged / "docid").read_text() == (ours / "docid").read_text()
    assert np.abs(vectors(merged) - vectors(ours)).max() < 1e-6
    found = search([*program, "search"], inputs, merged, tmp_path / "run.trec", encoder)
    assert_same_hits(found, dense.search(ours, teacher, TOPICS))


def test_wrong_commands_are_named() -> None:
    done = subprocess.run([sys.executable, "-m", "optical_repro.pyserini", "serch"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines() == [
        'error: Pyserini has no command "serch"; expected encode, search, card, push, or a module such as index.lucene'
    ]
    assert "--encoder-class optical" in command("-m", "optical_repro.pyserini", "--help")
