"""Pre-training before distillation: what the student reads, what it learns, and the names of the runs that come of it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from safetensors.torch import load_file

from optical_repro.base.errors import InputError
from optical_repro.base.files import sha256
from optical_repro.base.trec import read_run
from optical_repro.bitext.readers import Pair
from optical_repro.distill.pretraining import guessing_loss, pretrain, with_head
from optical_repro.distill.recipe import Recipe
from optical_repro.experiment.systems import optical_name, parse
from optical_repro.lexicon.lexicon import Lexicon
from optical_repro.run import main
from optical_repro.training_text.code_switch import code_switched
from optical_repro.training_text.pretraining import PRETRAINING
from optical_repro.training_text.pretraining_objective import PreTrainingText
from optical_repro.training_text.regimes import REGIMES

RECIPE = Recipe("mlm", steps=80, batch_size=4, learns="embeddings")
"""Long enough for a checkpoint."""

# What it reads

PAIRS = [Pair("ọba gbé", "the king lives"), Pair("odò náà", "the river")]
LEXICON = Lexicon({"oba": {"king": 1.0}, "odo": {"river": 1.0}})


def test_texts_of_every_objective() -> None:
    def texts(objective: str, passages: list[str], english: bool = True) -> list[tuple[str, ...]]:
        text = PreTrainingText(
            PAIRS, passages, english, lambda texts: [pair[0] for pair in code_switched(texts, LEXICON.reversed(), 1.0, 1)]
        )
        return PRETRAINING[objective].texts(text)

    assert texts("mlm", ["a king"]) == [("ọba gbé",), ("odò náà",), ("a king",)]
    assert texts("tlm", ["a king"]) == [("ọba gbé", "the king lives"), ("odò náà", "the river")]
    assert texts("cs-mlm", ["a king"]) == [("the oba lives",), ("the odo",), ("a oba",)]
    assert texts("cs-mlm", ["ọba kan"], english=False) == [("the oba lives",), ("the odo",)]


# What it learns


def taught(encoder: Path, pairs: list[Pair], folder: Path, recipe: Recipe = RECIPE) -> Path:
    texts = [(pair.target, pair.english) for pair in pairs[:60]]
    pretrain(encoder, texts, recipe, folder, device="cpu", title="pre-training")
    return folder


@pytest.fixture(scope="module", params=["bert", "xlm-roberta", "roberta"])
def encoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.encoder(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def pretrained(encoder: Path, pairs: list[Pair], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return taught(encoder, pairs, tmp_path_factory.mktemp("pretrained"))


def losses(folder: Path) -> list[float]:
    return [entry["loss"] for entry in json.loads((folder / "training.json").read_text())["log"]]


def test_the_loss_falls(pretrained: Path) -> None:
    assert len(losses(pretrained)) == RECIPE.steps and np.isfinite(losses(pretrained)).all()
    assert np.mean(losses(pretrained)[-20:]) < 0.95 * np.mean(losses(pretrained)[:20])


def test_word_embeddings_alone_learn_and_the_head_is_thrown_away(encoder: Path, pretrained: Path) -> None:
    before, after = (load_file(folder / "model.safetensors") for folder in (encoder, pretrained))
    assert before.keys() == after.keys()
    assert [name for name in before if not torch.equal(before[name], after[name])] == ["embeddings.word_embeddings.weight"]


def test_a_student_that_gained_no_words_has_none_to_learn(encoder: Path, pairs: list[Pair], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the student gained none; use --learns embeddings"):
        taught(encoder, pairs, tmp_path, replace(RECIPE, learns="words"))


def test_all_weights_learn_where_the_recipe_says_so(encoder: Path, pairs: list[Pair], tmp_path: Path) -> None:
    taught(encoder, pairs, tmp_path, replace(RECIPE, steps=2, learns="all"))
    before, after = (load_file(folder / "model.safetensors") for folder in (encoder, tmp_path))
    moved = [name for name in before if not torch.equal(before[name], after[name])]
    assert "encoder.layer.1.output.dense.weight" in moved and not any(name.startswith("pooler") for name in moved)


def test_what_was_interrupted_ends_with_the_same_weights(encoder: Path, pretrained: Path, pairs: list[Pair], tmp_path: Path) -> None:
    checkpoint = "checkpoints/checkpoint-75"
    shutil.copytree(pretrained / checkpoint, tmp_path / checkpoint)
    state = json.loads((tmp_path / checkpoint / "trainer_state.json").read_text())
    state["log_history"][0]["loss"] = 123.0
    (tmp_path / checkpoint / "trainer_state.json").write_text(json.dumps(state))
    taught(encoder, pairs, tmp_path)
    assert losses(tmp_path)[0] == 123.0 and losses(tmp_path)[1:] == losses(pretrained)[1:]
    assert sha256(tmp_path / "model.safetensors") == sha256(pretrained / "model.safetensors")


def test_a_tokenizer_without_a_mask_token_is_refused(pairs: list[Pair], tmp_path: Path) -> None:
    maskless = tiny.encoder("bert", tmp_path / "bert")
    settings = json.loads((maskless / "tokenizer_config.json").read_text())
    (maskless / "tokenizer_config.json").write_text(
        json.dumps({**settings, "tokenizer_class": "PreTrainedTokenizerFast", "mask_token": None})
    )
    with pytest.raises(InputError, match="mlm: the encoder's tokenizer has no mask token; use --pretrain none"):
        taught(maskless, pairs, tmp_path / "out")


def test_the_head_starts_as_the_identity_and_shares_the_embeddings(untrained: Path) -> None:
    from transformers import AutoModel

    encoder = AutoModel.from_pretrained(untrained)
    head = with_head(encoder)
    states = torch.randn(3, 384)
    assert torch.equal(head["transform"](states), states)
    own = sum(parameter.numel() for parameter in head.parameters()) - sum(parameter.numel() for parameter in encoder.parameters())
    assert own == 384 * 384 + 384 + 2 * 384 + encoder.config.vocab_size
    torch.manual_seed(1)
    ids, labels = torch.randint(1000, 2000, (2, 5)), torch.full((2, 5), -100)
    labels[0, 2] = 1200
    loss = guessing_loss(head.eval(), {"input_ids": ids, "attention_mask": torch.ones(2, 5).long(), "labels": labels})
    hidden = encoder(ids, torch.ones(2, 5)).last_hidden_state[0, 2]
    scores = torch.nn.functional.layer_norm(hidden, (384,)) @ encoder.get_input_embeddings().weight.T
    assert loss.item() == pytest.approx(-torch.log_softmax(scores, 0)[1200].item(), rel=1e-4)


# Names


def test_names_of_pretrained_systems_are_read_back() -> None:
    names = [
        optical_name(regime, objective) + suffix for regime in REGIMES for objective in PRETRAINING for suffix in ("", "-maxsim", "+bm25")
    ]
    assert len(set(names)) == len(names)
    for regime in REGIMES:
        for objective in PRETRAINING:
            system = parse(optical_name(regime, objective) + "-maxsim+bm25")
            assert (system.regime, system.pretrain, system.maxsim, system.fused) == (regime, objective, True, True)
    assert parse("optical-cs-after-cs-mlm").regime == "cs" and parse("dense-qt").pretrain == "none"
    for name in ("optical-cs-mlm", "optical-cs-after-none", "dense-qt-after-mlm", "optical-cs-maxsim-after-mlm"):
        with pytest.raises(InputError, match="unknown system"):
            parse(name)


def test_pretraining_names_the_systems_that_tell_none() -> None:
    assert parse("optical-cs+bt+bm25").after("tlm") == parse("optical-cs+bt-after-tlm+bm25")
    for name in ("optical-cs-after-mlm", "dense-qt", "human+bm25"):
        assert parse(name).after("tlm") == parse(name)
    assert parse("optical-cs").after("none") == parse("optical-cs")


# From end to end


def test_with_and_without_pretraining_in_one_report(small: Path, cache: Path, tmp_path: Path) -> None:
    where = ["--runs-dir", str(tmp_path), "--qrels-dir", str(tmp_path / "qrels"), "--cache-dir", str(cache)]
    what = [
        "--lang",
        "yo",
        "--collection",
        str(small),
        "--bitext",
        str(small / "bitext.tsv"),
        "--steps",
        "4",
        "--objective",
        "ot+pooled",
        *where,
    ]
    assert main([*what, "--systems", "optical-cs,dense-qt"]) == 0
    without = sha256(tmp_path / "small.yo.test/optical-cs.trec")
    assert main([*what, "--systems", "optical-cs,optical-none", "--pretrain", "cs-mlm"]) == 0
    folder = tmp_path / "small.yo.test"
    assert sha256(folder / "optical-cs.trec") == without != sha256(folder / "optical-cs-after-cs-mlm.trec")
    assert read_run(folder / "optical-cs-after-cs-mlm.trec") != read_run(folder / "optical-none-after-cs-mlm.trec")

    training = json.loads((folder / "optical-cs-after-cs-mlm.manifest.json").read_text())["training"]
    assert (training["regime"], training["pretrain"], training["recipe"]["objective"]) == ("cs", "cs-mlm", "ot+pooled")
    assert training["pretraining"]["recipe"]["steps"] == training["recipe"]["steps"] == 4
    assert [entry["step"] for entry in training["pretraining"]["log"]] == [1, 2, 3, 4]
    none = json.loads((folder / "optical-none-after-cs-mlm.manifest.json").read_text())["training"]
    assert none["log"] == [] and none["pretraining"] == training["pretraining"]

    pair = {"optical-cs", "optical-cs-after-cs-mlm"}
    report = json.loads((folder / "report.json").read_text())
    assert any({made["a"], made["b"]} == pair and made["metric"] == "map" for made in report["comparisons"])
    _, heading, told = (folder / "report.md").read_text().partition("With pre-training before distillation against without")
    assert heading and told.split("- ")[1].startswith("optical-cs-after-cs-mlm ")
