"""Training on the sample's sentences: the loss falls, and a killed training ends with the same weights as a whole one."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import RECIPE, Lesson
from safetensors.torch import load_file, save_file

from optical_repro.base.errors import InputError
from optical_repro.base.files import sha256
from optical_repro.bitext.readers import Pair
from optical_repro.distill import loop, trainer
from optical_repro.distill.recipe import LAYERS_RATE, RATE, Recipe
from optical_repro.distill.teacher import LONGEST, TeacherStates, write_states
from optical_repro.encoders.text_encoder import TextEncoder

# The teacher's side


def test_states_are_the_teachers_token_states(teacher: Path, lesson: Lesson, pairs: list[Pair]) -> None:
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(teacher), AutoModel.from_pretrained(teacher).eval()
    tokenizer.backend_tokenizer.no_padding()
    for row in (0, 17, 95):
        with torch.inference_mode():
            expected = model(**tokenizer(pairs[row].english, return_tensors="pt")).last_hidden_state[0].numpy()
        assert lesson.states[row].shape == expected.shape
        assert np.abs(lesson.states[row] - expected).max() < 5e-3
    with pytest.raises(IndexError):
        lesson.states[96]


def test_long_texts_are_cut_and_empty_ones_have_states(teacher: Path, tmp_path: Path) -> None:
    write_states(teacher, ["word " * 500, "", "one word"], tmp_path, "cpu")
    states = TeacherStates(tmp_path)
    assert [states[row].shape for row in range(3)] == [(LONGEST, 384), (2, 384), (4, 384)]


def beyond_numbers(model: Path, folder: Path, text: str) -> Path:
    """A copy of a model in which the first word piece of a text has an embedding whose states are beyond all numbers."""
    shutil.copytree(model, folder)
    piece = TextEncoder(model).tokenizer(text, add_special_tokens=False)["input_ids"][0]
    weights = load_file(folder / "model.safetensors")
    weights["embeddings.word_embeddings.weight"][piece] = torch.finfo(torch.float32).max
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return folder


def test_a_teacher_without_finite_states_stops_and_names_the_text(teacher: Path, tmp_path: Path) -> None:
    broken = beyond_numbers(teacher, tmp_path / "teacher", "river")
    (tmp_path / "states").mkdir()
    with pytest.raises(FloatingPointError, match='no finite states for the text "the river Niger"'):
        write_states(broken, ["a lake", "the river Niger", "a hill"], tmp_path / "states", "cpu")


# Training


def train(untrained: Path, lesson: Lesson, recipe: Recipe, folder: Path, passages: np.ndarray | None = None) -> list[float]:
    """Trains; returns the losses."""
    sides = (lesson.texts, lesson.states, lesson.which)
    trainer.train(untrained, *sides, recipe, folder, device="cpu", title="training", passages=passages)
    return losses(folder)


def log(folder: Path) -> list[dict[str, float]]:
    return list(json.loads((folder / "training.json").read_text())["log"])


def losses(folder: Path) -> list[float]:
    return [entry["loss"] for entry in log(folder)]


def test_nothing_is_dropped_out_in_training(untrained: Path, lesson: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    dropout = torch.nn.functional.dropout

    def spy(states: torch.Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> torch.Tensor:
        asked.append(training and p > 0)
        return dropout(states, p, training, inplace)

    monkeypatch.setattr(torch.nn.functional, "dropout", spy)
    train(untrained, lesson, replace(RECIPE, steps=1), tmp_path / "trained")
    assert asked and not any(asked)


def test_every_text_is_read_once_an_epoch_beside_those_of_its_length() -> None:
    lengths = np.random.default_rng(1).integers(5, 100, size=403).tolist()
    recipe = Recipe(steps=50, batch_size=16)
    order = trainer.reading_order(lengths, recipe)
    assert len(order) == 800
    assert sorted(order[:403]) == list(range(403)) and len(set(order[403:])) == 397
    spread = [np.ptp([lengths[index] for index in order[start : start + 16]]) for start in range(0, 400, 16)]
    assert np.mean(spread) < 40
    assert order == trainer.reading_order(lengths, recipe) != trainer.reading_order(lengths, replace(recipe, seed=1))
    assert sorted(trainer.reading_order([7, 3], Recipe(steps=2, batch_size=3))) == [0, 0, 0, 1, 1, 1]


def test_the_loss_falls(trained: Path) -> None:
    fallen = losses(trained)
    assert len(fallen) == RECIPE.steps
    assert np.mean(fallen[-10:]) < 0.9 * np.mean(fallen[:10])
    assert np.isfinite(fallen).all()


def test_a_loss_that_no_order_of_batches_changes_is_logged_now_and_then(trained: Path) -> None:
    probed = {entry["step"]: entry["probe"] for entry in log(trained) if "probe" in entry}
    assert list(probed) == [1, 25, 49, 60] and sorted(probed.values(), reverse=True) == list(probed.values())
    assert not any("held_out" in entry for entry in log(trained))
    told = json.loads((trained / "training.json").read_text())["measured_on"]
    assert told == "64 training pairs of those that training reads, always the same"


def test_the_loss_on_held_out_pairs_is_the_objective_on_them(untrained: Path, lesson: Lesson, tmp_path: Path) -> None:
    held_out = trainer.Sides(lesson.texts[64:], lesson.states, lesson.which[64:])
    recipe = replace(RECIPE, objective="pooled", steps=2)
    read = lesson.texts[:64], lesson.states, lesson.which[:64]
    trainer.train(untrained, *read, recipe, tmp_path, device="cpu", title="training", held_out=held_out)
    student = TextEncoder(tmp_path)
    teacher = np.array([lesson.states[row].astype(np.float32).mean(0) for row in lesson.which[64:]])
    teacher /= np.linalg.norm(teacher, axis=1, keepdims=True)
    expected = 1 - (student.encode(lesson.texts[64:]) * teacher).sum(1).mean()
    assert log(tmp_path)[-1]["held_out"] == pytest.approx(float(expected), abs=1e-3)
    assert json.loads((tmp_path / "training.json").read_text())["measured_on"] == "32 sentence pairs that training does not read"


@pytest.mark.parametrize("held_out", [True, False])
def test_measuring_changes_no_weight(
    untrained: Path, lesson: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held_out: bool
) -> None:
    recipe = replace(RECIPE, learns="all", steps=3)
    read = lesson.texts[:64], lesson.states, lesson.which[:64]
    beside = trainer.Sides(lesson.texts[64:], lesson.states, lesson.which[64:]) if held_out else None
    monkeypatch.setattr(loop, "MEASURED_EVERY", 1)
    trainer.train(untrained, *read, recipe, tmp_path / "measured", device="cpu", title="training", held_out=beside)
    monkeypatch.setattr(loop, "_is_due", lambda *_: False)
    trainer.train(untrained, *read, recipe, tmp_path / "not", device="cpu", title="training")
    assert [len(entry) for entry in (*log(tmp_path / "measured"), *log(tmp_path / "not"))] == [3, 3, 3, 2, 2, 2]
    assert sha256(tmp_path / "measured/model.safetensors") == sha256(tmp_path / "not/model.safetensors")
    assert losses(tmp_path / "measured") == losses(tmp_path / "not")


def test_measuring_takes_up_to_a_fiftieth_of_the_steps() -> None:
    """A measured pair takes less than a quarter of the time of one that is learnt from: it needs no gradients."""
    history: list[dict[str, float]] = []
    for step in range(16, 801, 16):
        history.append({"step": step} | ({"held_out": 1.0} if loop._is_due(step, history, 800) else {}))
    measured = [entry["step"] for entry in history if "held_out" in entry]
    assert measured[0] == 16 and measured[-1] == 800
    assert len(measured) * loop.MEASURED / 4 <= 0.02 * 800 * 32


# Machines


def test_several_gpus_train_on_one(untrained: Path, lesson: Lesson, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Trainer would wrap the model in DataParallel, which has none of its modules, and read more pairs a step."""
    from transformers import TrainingArguments

    set_up = TrainingArguments.__post_init__

    def with_two(arguments: TrainingArguments) -> None:
        set_up(arguments)
        arguments._n_gpu = 2

    class Wrapping(torch.nn.DataParallel):  # type: ignore[type-arg]
        def __init__(self, *_: object) -> None:
            pytest.fail("the model was wrapped")

    monkeypatch.setattr(TrainingArguments, "__post_init__", with_two)
    monkeypatch.setattr(torch.nn, "DataParallel", Wrapping)
    assert len(train(untrained, lesson, replace(RECIPE, steps=2), tmp_path)) == 2


@pytest.mark.parametrize("has", [True, False])
def test_emulated_bf16_is_not_taken_for_fast(monkeypatch: pytest.MonkeyPatch, has: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: has or including_emulation)
    assert loop.has_fast_bf16("cuda") is has


def test_the_student_comes_nearer_to_its_teacher(untrained: Path, trained: Path, teacher: Path, pairs: list[Pair]) -> None:
    english = TextEncoder(teacher).encode([pair.english for pair in pairs[:96]])
    before, after = (TextEncoder(folder).encode([pair.target for pair in pairs[:96]]) for folder in (untrained, trained))
    assert (after * english).sum(1).mean() > (before * english).sum(1).mean() + 0.05


def changed(one: Path, other: Path) -> set[str]:
    """The names of weights in which two models differ."""
    left, right = (load_file(folder / "model.safetensors") for folder in (one, other))
    assert left.keys() == right.keys()
    return {name for name in left if not torch.equal(left[name], right[name])}


def test_what_learns(untrained: Path, trained: Path, lesson: Lesson, tmp_path: Path) -> None:
    """New words alone, all embeddings, or all; never the pooling layer, which vectors do not pass through."""
    assert changed(untrained, trained) == {"embeddings.word_embeddings.weight"}
    train(untrained, lesson, replace(RECIPE, learns="embeddings", steps=2), tmp_path / "embeddings")
    assert changed(untrained, tmp_path / "embeddings") == {"embeddings.word_embeddings.weight"}
    assert min(moved_embeddings(untrained, tmp_path / "embeddings")) < loop.new_word_ids(TextEncoder(untrained).tokenizer)[0]
    train(untrained, lesson, replace(RECIPE, learns="all", steps=2), tmp_path / "all")
    moved = changed(untrained, tmp_path / "all")
    assert {"embeddings.word_embeddings.weight", "encoder.layer.0.attention.self.query.weight"} <= moved
    assert not any(name.startswith("pooler") for name in moved)


def test_layers_learn_more_slowly_than_embeddings(untrained: Path, lesson: Lesson, tmp_path: Path) -> None:
    """One step of Adam moves each weight by its learning rate."""
    train(untrained, lesson, replace(RECIPE, learns="all", steps=1, warmup=0.0), tmp_path / "all")
    before, after = (load_file(folder / "model.safetensors") for folder in (untrained, tmp_path / "all"))
    furthest = {name: float((after[name] - before[name]).abs().max()) for name in before}
    assert furthest["embeddings.word_embeddings.weight"] == pytest.approx(RATE, rel=0.01)
    assert furthest["encoder.layer.3.output.dense.weight"] == pytest.approx(LAYERS_RATE, rel=0.01)
    assert furthest["embeddings.position_embeddings.weight"] == pytest.approx(LAYERS_RATE, rel=0.01)


def moved_embeddings(one: Path, other: Path) -> set[int]:
    """The ids whose embeddings differ in two models."""
    left, right = (load_file(folder / "model.safetensors")["embeddings.word_embeddings.weight"] for folder in (one, other))
    return set((left != right).any(1).nonzero().flatten().tolist())


def test_only_words_that_the_student_gained_move_and_of_them_those_that_were_read(untrained: Path, trained: Path, lesson: Lesson) -> None:
    tokenizer = TextEncoder(untrained).tokenizer
    read = {piece for text in lesson.texts for piece in tokenizer(text)["input_ids"]}
    words = set(loop.new_word_ids(tokenizer))
    assert words and read - words
    assert moved_embeddings(untrained, trained) <= read & words
    assert len(moved_embeddings(untrained, trained)) > 0.9 * len(read & words)


@pytest.mark.parametrize("objective", ["ot", "pooled", "ot+pooled+scores"])
def test_every_objective_trains(untrained: Path, lesson: Lesson, tmp_path: Path, objective: str) -> None:
    passages = np.random.default_rng(1).normal(size=(50, 384)).astype(np.float32)
    passages /= np.linalg.norm(passages, axis=1, keepdims=True)
    found = train(untrained, lesson, replace(RECIPE, objective=objective, steps=3), tmp_path, passages)
    assert len(found) == 3 and all(0 < loss < 10 for loss in found)


def test_another_seed_gives_other_weights(untrained: Path, lesson: Lesson, tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        train(untrained, lesson, replace(RECIPE, steps=2, seed=seed), tmp_path / name)
    one, same, other = (sha256(tmp_path / name / "model.safetensors") for name in ("one", "same", "other"))
    assert one == same != other


def test_a_loss_that_is_not_finite_stops_training(untrained: Path, lesson: Lesson, tmp_path: Path) -> None:
    broken = beyond_numbers(untrained, tmp_path / "untrained", lesson.texts[0])
    with pytest.raises(FloatingPointError, match=r"the loss is nan at step \d+; a lower learning rate may help"):
        train(broken, lesson, RECIPE, tmp_path / "trained")
    assert not (tmp_path / "trained/model.safetensors").exists()


# Killed, and resumed


CHILD = """
import pickle, sys
from pathlib import Path
from optical_repro.distill import trainer
from optical_repro.distill.teacher import TeacherStates
untrained, states, folder = map(Path, sys.argv[1:4])
texts, which, recipe = pickle.load(sys.stdin.buffer)
trainer.train(untrained, texts, TeacherStates(states), which, recipe, folder, device="cpu", title="training")
"""


def child(untrained: Path, lesson: Lesson, folder: Path, states: Path) -> subprocess.Popen[bytes]:
    """Training in a process of its own."""
    line = [sys.executable, "-c", CHILD, str(untrained), str(states), str(folder)]
    process = subprocess.Popen(line, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(pickle.dumps((lesson.texts, lesson.which, RECIPE)))
    process.stdin.close()
    return process


@pytest.fixture(scope="module")
def killed(untrained: Path, lesson: Lesson, teacher: Path, pairs: list[Pair], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a training leaves that is killed after its first checkpoint."""
    folder, states = tmp_path_factory.mktemp("killed"), tmp_path_factory.mktemp("states-again")
    write_states(teacher, [pair.english for pair in pairs[:96]], states, "cpu")
    process = child(untrained, lesson, folder, states)
    limit = time.monotonic() + 600
    while not (folder / "checkpoints/checkpoint-25/trainer_state.json").exists():
        assert process.poll() is None and time.monotonic() < limit
        time.sleep(0.01)
    time.sleep(0.3)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (folder / "model.safetensors").exists()
    [_] = (folder / "checkpoints").glob("checkpoint-*")
    return folder


def resumed(untrained: Path, lesson: Lesson, folder: Path) -> bool:
    """Goes on with the training in a folder; returns whether the steps before the checkpoint were not trained again."""
    state = folder / "checkpoints/checkpoint-25/trainer_state.json"
    marked = json.loads(state.read_text())
    marked["log_history"][0]["loss"] = 123.0
    state.write_text(json.dumps(marked))
    return train(untrained, lesson, RECIPE, folder)[0] == 123.0


def test_a_killed_training_ends_with_the_weights_of_a_whole_one(
    killed: Path, trained: Path, untrained: Path, lesson: Lesson, tmp_path: Path
) -> None:
    shutil.copytree(killed, tmp_path / "again")
    assert resumed(untrained, lesson, tmp_path / "again")
    assert sha256(tmp_path / "again/model.safetensors") == sha256(trained / "model.safetensors")
    assert losses(tmp_path / "again")[25:] == losses(trained)[25:]
    assert log(tmp_path / "again")[1:] == log(trained)[1:]


def test_checkpoints_that_are_not_whole_are_passed_over(
    killed: Path, trained: Path, untrained: Path, lesson: Lesson, tmp_path: Path
) -> None:
    """Newer ones, half-written or half-deleted."""
    folder = tmp_path / "again"
    shutil.copytree(killed, folder)
    whole = folder / "checkpoints/checkpoint-25"
    parts = ["model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json"]
    assert all((whole / part).is_file() for part in parts)
    for number, missing in enumerate(parts, 26):
        shutil.copytree(whole, folder / f"checkpoints/checkpoint-{number}")
        (folder / f"checkpoints/checkpoint-{number}" / missing).unlink()
    shutil.copytree(whole, folder / "checkpoints/checkpoint-40")
    state = folder / "checkpoints/checkpoint-40/trainer_state.json"
    state.write_text(state.read_text()[:200])
    (folder / "checkpoints/checkpoint-41").mkdir()
    assert resumed(untrained, lesson, folder)
    assert sha256(folder / "model.safetensors") == sha256(trained / "model.safetensors")


def test_without_a_whole_checkpoint_training_starts_anew(
    killed: Path, trained: Path, untrained: Path, lesson: Lesson, tmp_path: Path
) -> None:
    folder = tmp_path / "again"
    shutil.copytree(killed, folder)
    (folder / "checkpoints/checkpoint-25/model.safetensors").unlink()
    assert not resumed(untrained, lesson, folder)
    assert sha256(folder / "model.safetensors") == sha256(trained / "model.safetensors")


# Recipes


def test_training_pairs_are_read_once() -> None:
    assert Recipe(steps=300, batch_size=32).fitted(10_000, True).steps == 300
    assert Recipe(steps=300, batch_size=32).fitted(320, True).steps == 10
    assert Recipe(steps=300, batch_size=32).fitted(1, True).steps == 1


def test_objectives_by_name() -> None:
    assert Recipe("ot+pooled+scores").parts == ["ot", "pooled", "scores"]
    with pytest.raises(InputError, match='unknown objective "tot"; did you mean ot'):
        _ = Recipe("pooled+tot").parts


def test_scores_fall_away_where_the_teacher_cannot_read_the_passages() -> None:
    assert Recipe("ot+scores").fitted(100, english_documents=False).objective == "ot"
    assert Recipe("ot+scores").fitted(100, english_documents=True).objective == "ot+scores"
    with pytest.raises(InputError, match="--objective scores needs English documents"):
        Recipe("scores").fitted(100, english_documents=False)
