"""What each stage of a tiny experiment makes, against what it made when it was recorded in stages.json.

A stage that makes something else under its old revision would be taken from caches that hold the old output. This test fails then;
it fails too where a maker's revision or constants have changed and nothing was recorded since. To record anew, from the top folder:

    python tests/base/test_stages.py

Text is compared by its hash, numbers as far as processors and threads agree on them. Stages are compared only where the libraries
have the versions that they were recorded with: others make stages of their own.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import pytest
import tiny
import toy_translation

from optical_repro import collections
from optical_repro.base.cache import RECORD, Cache
from optical_repro.base.files import digest, whole
from optical_repro.base.stages import MAKERS, made_by
from optical_repro.collections import sample
from optical_repro.distill import loop
from optical_repro.distill.recipe import Recipe
from optical_repro.distill.ways import WAYS
from optical_repro.encoders import convention, models
from optical_repro.experiment.experiment import Experiment
from optical_repro.experiment.settings import Settings
from optical_repro.experiment.systems import parse
from optical_repro.records.checkpoints import Checkpoint
from optical_repro.retrieval import faiss_index, token_index
from optical_repro.retrieval.late_interaction import TokenStore
from optical_repro.searching import chance
from optical_repro.searching.finder import Finder

RECORDED = Path(__file__).with_name("stages.json")

SYSTEMS = {
    "bm25": "bm25 run", "bm25-qt": "bm25 run", "bm25-psq": "bm25 run", "bm25-dt": "bm25 run",
    "dense-zs": "dense run", "dense-qt": "dense run", "dense-nbest": "dense run",
    "dense-nbest-phrase": "dense run",
    "optical-cs": "dense run", "optical-bt": "dense run", "optical-none": "dense run", "optical-cs-after-mlm": "dense run",
    "optical-cs-maxsim": "maxsim run", "dense-zs-plaid": "plaid run", "optical-cs+bm25": "fused run",
}  # fmt: skip
"""The systems whose runs are recorded, and what makes them."""

ELSEWHERE = {"prebuilt run", "word by word", "phrase by phrase"}
"""Makers without a stage here: the first needs Pyserini's indexes (test_prebuilt.py), the others are seen in what is translated."""

NEAR = 1e-4
"""How far numbers may be from those recorded, in units of their root mean square."""

Output = str | list[float]


def shape(numbers: Any) -> list[float]:
    """What tells an array from others: its size, its root mean square, and its products with eight waves, each of length 1."""
    flat = np.asarray(numbers, np.float64).ravel()
    size = len(flat)
    waves = [float(flat @ np.cos(np.arange(size) * step)) * float(np.sqrt(2 / size)) for step in range(1, 9)]
    return [float(size), round(float(np.sqrt((flat**2).mean())), 6), *(round(wave, 6) for wave in waves)]


def alike(one: Output, other: Output) -> bool:
    """Whether two outputs are the same, numbers as far as processors agree."""
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return one[0] == other[0] and bool(np.allclose(one, other, rtol=0, atol=NEAR * max(other[1], 1e-9)))


def text(folder: Path) -> str:
    """Of a stage of text files."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != RECORD)
    return digest([[path.name, hashlib.sha256(path.read_bytes()).hexdigest()] for path in files])


def lucene(folder: Path) -> str:
    """The terms of an index, with how often each is there: its files hold random identifiers."""
    from pyserini.index.lucene import LuceneIndexReader

    reader = LuceneIndexReader(str(folder / "lucene"))
    return digest([reader.stats(), sorted([term.term, term.df, term.cf] for term in reader.terms())])


def faiss_vectors(folder: Path) -> list[float]:
    import faiss

    return shape(faiss.read_index(str(folder / "faiss" / "index")).reconstruct_n())


def states(folder: Path) -> list[float]:
    return shape(np.fromfile(folder / "states.f16", np.float16))


def encoder(folder: Path) -> list[float]:
    """What a student makes of some texts, which the weights that get no gradient but noise do not change, and its losses."""
    from optical_repro.encoders.text_encoder import TextEncoder

    training = folder / "training.json"
    losses = [entry["loss"] for entry in json.loads(training.read_text())["log"]] if training.exists() else []
    return shape(np.concatenate([TextEncoder(folder).encode(tiny.passages()[:16]).ravel(), losses]))


def scores(run: Path) -> list[float]:
    lines = sorted((fields[0], fields[2], float(fields[4])) for fields in map(str.split, run.read_text().splitlines()))
    return shape([score for *_, score in lines])


def agreement(folder: Path) -> list[float]:
    return shape(list(json.loads((folder / "agreement.json").read_text()).values()))


def means(folder: Path) -> list[float]:
    return shape(list(json.loads((folder / "scores.json").read_text()).values()))


def rows(folder: Path) -> str:
    """The content of a database: its file tells the library's version too."""
    [path] = (path for path in folder.iterdir() if path.name != RECORD)
    with closing(sqlite3.connect(path)) as database:
        return digest(list(database.iterdump()))


def convention_files(folder: Path) -> str:
    names = ("modules.json", convention.POOLING_FILE, convention.PROMPTS_FILE, convention.LENGTH_FILE)
    return digest([(folder / name).read_text(encoding="utf-8") for name in names])


OUTPUTS: dict[str, Callable[[Path], Output]] = {
    "aligned": text, "phrase model": text,
    "lexicon": text, "spans": text, "spelling": text, "translation": text, "links": text, "model": convention_files,
    "lucene": lucene, "faiss": faiss_vectors, "teacher": states, "untrained": encoder, "pretrained": encoder, "student": encoder,
    "agreement": agreement, "as-loaded": means, "passages": rows,
}  # fmt: skip


def gradients() -> dict[str, Output]:
    """The gradient of each objective and of each way to make a plan, where plans are sharp and Sinkhorn is long in finding them."""
    import torch

    from optical_repro.distill.batch import Batch
    from optical_repro.distill.objectives import OBJECTIVES

    draw = np.random.default_rng(1)
    teacher = draw.normal(size=(4, 40, 8))
    student = teacher[:, draw.permutation(40)[:30]] + 0.05 * draw.normal(size=(4, 30, 8))
    passages = draw.normal(size=(20, 8))
    theirs, pool = (torch.tensor(array, dtype=torch.float32) for array in (teacher, passages / np.linalg.norm(passages, axis=1)[:, None]))
    found: dict[str, Output] = {}
    for name, objective in OBJECTIVES.items():
        ours = torch.tensor(student, dtype=torch.float32, requires_grad=True)
        objective.loss(Batch(ours, torch.ones(4, 30), theirs, torch.ones(4, 40), pool)).backward()
        assert ours.grad is not None
        found[f"student: gradient of {name}"] = shape(1000 * ours.grad.numpy())
    for way in WAYS:
        ours = torch.tensor(student, dtype=torch.float32, requires_grad=True)
        weights = (torch.linspace(1, 2, size).expand(4, -1) for size in (30, 40))
        OBJECTIVES["ot"].loss(Batch(ours, torch.ones(4, 30), theirs, torch.ones(4, 40), None, "mean", "mean", (way,), *weights)).backward()
        assert ours.grad is not None
        found[f"plans: gradient of ot, {way}"] = shape(1000 * ours.grad.numpy())
    return found


def an_index(place: Path) -> dict[str, Output]:
    """What an index that is trained, and searches some of its lists, finds."""
    draw = np.random.default_rng(1).normal(size=(2000, 32)).astype(np.float32)
    vectors = draw / np.linalg.norm(draw, axis=1, keepdims=True)
    faiss_index.build(vectors, "IVF64,SQ8", place / "index")
    distances, _ = faiss_index.read(place / "index").search(vectors[:20], 5)
    return {"faiss index: IVF64,SQ8": shape(distances)}


def by_an_index_of_tokens(place: Path, store: TokenStore, passages: list[str], flat: Path) -> dict[str, Output]:
    """The kinds of index for many tokens, what one finds for some tokens, and the scores of few candidates."""
    tokens = token_index.Tokens(passages, store)
    faiss_index.build(tokens, "IVF8,Flat,nprobe=8", place / "token index")
    query = token_index.Query(tokens[:20].mean(axis=0), tokens[:20], np.full(20, 1 / 20))
    distances, _ = faiss_index.read(place / "token index").search(query.tokens, 5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(token_index, "NEIGHBOURS", 64)
        patch.setattr(token_index, "CANDIDATES", 10)
        run = token_index.search_vectors(tokens, place / "token index", flat, {"t": query}, k=10)
    kinds = [token_index.kind((10**power, width)) for power in (6, 7, 8, 9) for width in (30, 384)]
    return {
        "token index: kinds": digest(kinds),
        "token index: of the passages": shape(distances),
        "plaid run: by an index": shape(sorted(run["t"].values())),
    }


def watched(experiment: Experiment) -> list[tuple[str, str, Path]]:
    """The stages that an experiment takes from now on: name, title, folder."""
    taken: list[tuple[str, str, Path]] = []
    take = experiment.stages.stage

    def stage(title: str, name: str, inputs: dict[str, Any], make: Callable[[Path], None]) -> Path:
        folder = take(title, name, inputs, make)
        taken.append((name, title, folder))
        return folder

    experiment.stages.stage = stage  # type: ignore[method-assign]
    return taken


def a_collection(folder: Path, topics: list[tuple[str, str, str]]) -> Path:
    """Sixty passages of the sample, and topics: (id, text, translation)."""
    folder.mkdir(exist_ok=True)
    with (sample.FOLDER / "corpus.jsonl").open(encoding="utf-8") as file:
        passages = [next(file) for _ in range(60)]
    first = json.loads(passages[0])["id"]
    files = {
        "corpus.jsonl": "".join(passages),
        "topics.yo.test.tsv": "".join(f"{topic}\t{text}\n" for topic, text, _ in topics),
        "topics.yo.test.en.tsv": "".join(f"{topic}\t{text}\n" for topic, _, text in topics),
        "qrels.yo.test.txt": "".join(f"{topic} 0 {first} 1\n" for topic, *_ in topics),
    }
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def a_teacher(folder: Path) -> Path:
    """A small encoder with weights drawn by a seed and the embedded teacher's tokenizer, which is the same in every process."""
    import torch
    from transformers import AutoConfig, AutoModel

    embedded = models.locate(models.EMBEDDED)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    torch.manual_seed(1)
    AutoModel.from_config(AutoConfig.for_model("bert", vocab_size=30522, initializer_range=0.3, **sizes)).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_bytes((embedded / name).read_bytes())
    return folder


def outputs(place: Path, marian: Path) -> dict[str, Output]:
    """Makes every stage, and tells what each made: ``<makers>: <title>`` to its output."""
    pairs = (sample.FOLDER / "bitext.yo-en.tsv").read_text(encoding="utf-8").splitlines(keepends=True)
    (place / "bitext.tsv").write_text("".join(pairs[:120]), encoding="utf-8")
    asked = [(f"q{number}", *line.strip().split("\t")) for number, line in enumerate(pairs[200:240])]
    teacher = a_teacher(place / "teacher")
    settings = Settings(
        teacher=str(teacher),
        prefixes=("query: ", "passage: "),
        bitext=(place / "bitext.tsv",),
        recipe=Recipe(steps=30, batch_size=4),
        device="cpu",
    )
    experiment = Experiment(collections.load(str(a_collection(place / "tiny", asked)), "yo"), settings, Cache(place / "cache"))
    stages = watched(experiment)
    found: dict[str, Output] = {}
    for name, makers in SYSTEMS.items():
        run = experiment.run(parse(name))
        found[f"{makers}: {name}"] = text(run.parent) if makers == "bm25 run" else scores(run)
    for regime in ("cs", "bt"):
        experiment.alignment.of(regime)
    experiment.training_pairs("bt-phrase")
    experiment.as_loaded("cs", "none")
    experiment.indexes.passages()
    store = TokenStore(place / "tokens", teacher)
    store.add(experiment.collection.passages())
    found["tokens: of the passages"] = shape(np.concatenate([store[passage.id] for passage in experiment.collection.passages()]))

    flat = experiment.indexes.dense(experiment.teacher, exact=True) / "faiss" / "index"
    found |= an_index(place) | by_an_index_of_tokens(place, store, [passage.id for passage in experiment.collection.passages()], flat)

    student = Checkpoint(experiment.student("cs"), str(teacher), None, experiment.words.file, "yo", "optical-cs")
    finder = Finder(experiment.collection, student, experiment.cache, "cpu")
    found["chance: of meaningless topics"] = shape(json.loads((finder.reference / chance.FILE).read_text())["best scores"])

    found |= gradients()
    translating = Experiment(*a_translation(place, marian))
    more = watched(translating)
    translating.run(parse("bm25-qt"))
    for name, title, stage in [*stages, *more]:
        if name != "run" and f"{name}: {title}" not in found:
            found[f"{name}: {title}"] = OUTPUTS[name](stage)
    return found


def a_translation(place: Path, marian: Path) -> tuple[Any, ...]:
    """An experiment whose topics a model translates."""
    toy = [(f"t{number}", text, toy_translation.english(text)) for number, text in enumerate(toy_translation.sentences(12, seed=1))]
    model = Settings(translator=str(marian), bitext=(place / "bitext.tsv",), device="cpu")
    return collections.load(str(a_collection(place / "toy", toy)), "yo"), model, Cache(place / "cache")


def made(place: Path, marian: Path) -> dict[str, Output]:
    """The same in 32-bit on one thread, whatever the processor could do."""
    import torch

    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "has_fast_bf16", lambda device: False)
        torch.set_num_threads(1)
        try:
            return outputs(place, marian)
        finally:
            torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stages")


@pytest.fixture(scope="module")
def now(place: Path, marian: Path) -> dict[str, Output]:
    return made(place, marian)


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    return dict(json.loads(RECORDED.read_text(encoding="utf-8")))


ANEW = "record it anew with: python tests/base/test_stages.py"


@pytest.mark.parametrize("makers", sorted(MAKERS.keys() - ELSEWHERE))
def test_no_stage_makes_something_else_under_its_old_revision(makers: str, now: dict[str, Output], recorded: dict[str, Any]) -> None:
    then, by = recorded["made by"][makers], json.loads(json.dumps(made_by(makers)))
    if then["libraries"] != by["libraries"]:
        pytest.skip(f"recorded with {then['libraries']}, here are {by['libraries']}: stages of their own")
    outputs = {name: output for name, output in now.items() if name.startswith(f"{makers}: ")}
    before = {name: output for name, output in recorded["outputs"].items() if name.startswith(f"{makers}: ")}
    assert outputs, f"{makers}: no stage of it was made"
    changed = sorted(
        name
        for name in outputs.keys() | before.keys()
        if name not in outputs or name not in before or not alike(outputs[name], before[name])
    )
    assert not changed or then["modules"] != by["modules"], (
        f"{', '.join(changed)}: another output under the old revision, so that caches would go on giving the old one. Raise REVISION in "
        f"what changed it, of {', '.join(by['modules'])}; then {ANEW}"
    )
    assert then["modules"] == by["modules"], f"{makers}: its makers' revisions or constants changed; {ANEW}"


def test_every_stage_and_search_has_makers(now: dict[str, Output]) -> None:
    assert {name.partition(": ")[0] for name in now} == MAKERS.keys() - ELSEWHERE


@pytest.mark.parametrize("makers", MAKERS)
def test_every_maker_has_a_revision_in_its_key(makers: str) -> None:
    modules = made_by(makers)["modules"]
    assert modules and all(isinstance(constants["REVISION"], int) for constants in modules.values())


def test_one_changed_bit_in_any_stage_is_noticed_and_made_good(
    place: Path, now: dict[str, Output], marian: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = []
    for record in sorted((place / "cache").glob("*/*/stage.json")):
        files = (path for path in record.parent.rglob("*") if path.is_file() and not path.is_symlink() and path != record)
        path = max(files, key=lambda path: (path.stat().st_size, path))
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        damaged.append(path)
    shards = sorted((place / "tokens").glob("*.npy"))
    shards[0].write_bytes(shards[0].read_bytes()[:-1] + b"?")
    again = made(place, marian)
    out = capsys.readouterr().out
    assert [path for path in (*damaged, shards[0]) if f"{path}: not as it was written; " not in out] == []
    assert [name for name in now if not alike(again[name], now[name])] == []


def lines_of(recorded: dict[str, Any]) -> Iterator[str]:
    """JSON with one line a stage, so that a change is seen as such."""
    for part, content in recorded.items():
        yield f'"{part}": {{\n' + ",\n".join(f" {json.dumps(name)}: {json.dumps(value)}" for name, value in sorted(content.items())) + "\n}"


def record() -> None:
    """Makes every stage and writes stages.json."""
    with tempfile.TemporaryDirectory() as place:
        found = made(Path(place), toy_translation.marian(Path(place) / "opus-mt-yo-en"))
    recorded = {"made by": {name: made_by(name) for name in MAKERS}, "outputs": found}
    with whole(RECORDED) as file:
        file.write("{\n" + ",\n".join(lines_of(recorded)) + "\n}\n")
    print(f"{len(found)} outputs in {RECORDED}")


if __name__ == "__main__":
    record()
