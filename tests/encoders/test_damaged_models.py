"""Models that are damaged, or that do not fit: told in one line that names the folder, or read as if nothing were wrong."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
import torch
from damage import POINTER, damaged
from safetensors.torch import load_file, save_file

from optical_repro.base.errors import InputError
from optical_repro.distill import student
from optical_repro.encoders import models
from optical_repro.encoders.convention import Convention
from optical_repro.encoders.encoder import Encoder, check
from optical_repro.encoders.text_encoder import TextEncoder
from optical_repro.run import main
from optical_repro.translate.located import locate as locate_translator
from optical_repro.translate.model import open_model

TEXTS = ["the river Niger in Africa", "Kano, 1986?", "Ọmọ tuntun"]

# What no file tells: other words, other numbers, other settings, each of which is as good as the right one.
UNTOLD = {"tokenizer.json: post_processor is None", "tokenizer_config.json: tokenizer_class is None", "tokenizer_config.json is b'{}'"}


def test_names_of_layers_that_a_model_has_not_are_told_for_translation_models_too(m2m: Path, tmp_path: Path) -> None:
    """They stand behind the name of the model that a head was put on."""
    shutil.copytree(m2m, tmp_path / "model")
    config = json.loads((m2m / "config.json").read_text())
    weights = load_file(m2m / "model.safetensors")
    more = {name.replace("layers.0", "layers.1"): weight.clone() for name, weight in weights.items() if "encoder.layers.0" in name}
    save_file(weights | more, tmp_path / "model/model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match=r"its weights have model\.encoder\.layers\.1\..* more, which config\.json has no place for"):
        open_model(tmp_path / "model", "cpu").check([])
    (tmp_path / "model/config.json").write_text(json.dumps(config | {"encoder_layers": 2}))
    open_model(tmp_path / "model", "cpu").check([])


def fall_short(folder: Path, scratch: Path, use: Callable[[Path], Any]) -> list[str]:
    """The damages of a folder after which it is neither refused by name nor gives what it gave before."""
    expected, short = use(folder), []
    for name, copy in damaged(folder, scratch):
        try:
            if not np.array_equal(use(copy), expected) and name not in UNTOLD:
                short.append(f"{name}: other results")
        except InputError as error:
            if str(copy) not in str(error) or "\n" in str(error):
                short.append(f"{name}: {error}")
        except Exception as error:
            short.append(f"{name}: {type(error).__name__}: {error}")
    return short


@pytest.fixture(scope="module")
def projected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder with all that a folder may have: pooling, prefixes, a projection."""
    place = tmp_path_factory.mktemp("projected")
    prompts = {"prompts": {"query": "query: ", "document": "passage: "}}
    base, teacher = tiny.encoder("bert", place / "base", prompts=prompts), tiny.encoder("bert", place / "teacher", width=48)
    student.build(base, None, place / "student", teacher=teacher, english=tiny.passages()[:50])
    return place / "student"


def test_a_damaged_encoder_is_refused_by_name_or_gives_the_same_vectors(projected: Path, tmp_path: Path) -> None:
    def vectors(folder: Path) -> np.ndarray:
        check(models.locate(str(folder)))
        return np.concatenate([TextEncoder(folder).encode([text]) for text in TEXTS])

    assert not (short := fall_short(projected, tmp_path, vectors)), "\n".join(short)


@pytest.mark.parametrize("kind", ["marian", "m2m", "converted"])
def test_a_damaged_translation_model_is_refused_by_name_or_translates_the_same(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    def translations(folder: Path) -> list[str]:
        model = open_model(locate_translator(str(folder)), "cpu")
        direction = model.direction("yo", "en")
        model.check([direction])
        return [model.translate([text], direction)[0] for text in ("omi", "oba")]

    assert not (short := fall_short(request.getfixturevalue(kind), tmp_path, translations)), "\n".join(short)


# Weights that do not fit


def changed(folder: Path, copy: Path, change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> Path:
    """A copy of an encoder with other weights."""
    shutil.copytree(folder, copy)
    save_file(change(load_file(copy / "model.safetensors")), copy / "model.safetensors", {"format": "pt"})
    return copy


LAYER = "encoder.layer.1.output.dense.weight"


def prefixed(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {f"model.bert.{name}": weight for name, weight in weights.items()}


def shorter(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: weight for name, weight in weights.items() if "layer.1" not in name}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (prefixed, r"its weights lack .* and 34 more, which have instead model\.bert\."),
        (shorter, r"its weights lack encoder\.layer\.1\..* and 13 more; expected"),
        (lambda weights: weights | {LAYER: torch.ones(2, 2)}, rf"{LAYER} is \[2, 2\] in its weights and \[32, 64\] by config"),
        (lambda weights: weights | {LAYER.replace("1", "2"): torch.ones(2, 2)}, r"its weights have encoder\.layer\.2\.output"),
        (lambda weights: weights | {LAYER: torch.full((32, 64), torch.inf)}, rf"its weights {LAYER} hold numbers that are not"),
    ],
)
def test_weights_that_do_not_fit_are_named(tmp_path: Path, change: Callable[[Any], Any], told: str) -> None:
    folder = changed(tiny.encoder("bert", tmp_path / "whole"), tmp_path / "changed", change)
    with pytest.raises(InputError, match=f"^{folder}: .*{told}"):
        Encoder.load(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda weights: {name: weight for name, weight in weights.items() if not name.startswith("pooler")},
        lambda weights: {f"bert.{name}": weight for name, weight in weights.items()} | {"cls.predictions.bias": torch.ones(1500)},
        lambda weights: weights | {"embeddings.position_ids": torch.arange(258)[None]},
        lambda weights: {name.replace("LayerNorm.weight", "LayerNorm.gamma"): weight for name, weight in weights.items()},
    ],
)
def test_what_nothing_reads_may_be_missing_and_heads_be_there(tmp_path: Path, change: Callable[[Any], Any]) -> None:
    whole = tiny.encoder("bert", tmp_path / "whole")
    folder = changed(whole, tmp_path / "changed", change)
    check(folder)
    assert np.array_equal(TextEncoder(folder).encode(TEXTS), TextEncoder(whole).encode(TEXTS))


def test_a_tokenizer_of_another_model_is_told(tmp_path: Path) -> None:
    folder = changed(
        tiny.encoder("bert", tmp_path / "whole"),
        tmp_path / "changed",
        lambda weights: weights | {"embeddings.word_embeddings.weight": weights["embeddings.word_embeddings.weight"][:1000].clone()},
    )
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": 1000}))
    with pytest.raises(InputError, match="tokens up to number 1499, its weights embeddings of 1000"):
        check(folder)


@pytest.mark.parametrize("option", ["--teacher", "--student", "--translator"])
def test_a_run_ends_before_any_work(
    small: Path, m2m: Path, teacher: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], option: str
) -> None:
    """With one line, that names the folder and a weight."""
    whole = m2m if option == "--translator" else tiny.encoder("bert", tmp_path / "whole")
    name = "model.decoder.layer_norm.weight" if option == "--translator" else LAYER
    folder = changed(whole, tmp_path / "lacking", lambda weights: {kept: weight for kept, weight in weights.items() if kept != name})
    where = [word for kind in ("runs", "qrels", "cache") for word in (f"--{kind}-dir", str(tmp_path / kind))]
    what = ["--lang", "yo", "--collection", str(small), "--bitext", str(small / "bitext.tsv"), "--systems", "bm25-qt,optical-cs"]
    assert main([*what, *where, option, str(folder)]) == 2
    assert capfd.readouterr().err == f"error: {folder}: its weights lack {name}; expected all weights of the model that config.json tells\n"
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"post_processor": None}, "its tokenizer puts 0 special tokens around a text; expected one at each end"),
        (
            {"model": {"type": "WordLevel", "vocab": {"[UNK]": 1, "the": 5, "of": 6}, "unk_token": "[UNK]"}},
            "a WordLevel vocabulary cannot be",
        ),
    ],
)
def test_an_encoder_that_can_teach_or_learn_nothing_is_told_before_any_work(
    small: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], change: dict[str, Any], told: str
) -> None:
    folder = tiny.encoder("bert", tmp_path / "model")
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer | change))
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(settings | {"tokenizer_class": "PreTrainedTokenizerFast"}))
    where = [word for kind in ("runs", "qrels", "cache") for word in (f"--{kind}-dir", str(tmp_path / kind))]
    what = ["--lang", "yo", "--collection", str(small), "--bitext", str(small / "bitext.tsv"), "--systems", "optical-cs"]
    assert main([*what, *where, "--student", str(folder), "--teacher", str(folder)]) == 2
    error = capfd.readouterr().err
    assert error.startswith(f"error: {folder}: ") and told in error and error.count("\n") == 1
    assert not (tmp_path / "runs").exists() and not [*(tmp_path / "cache").rglob("*")]


@pytest.mark.parametrize("content", [POINTER, b"", b"\x10" + bytes(7) + b"{}"], ids=["pointer", "empty", "cut"])
@pytest.mark.parametrize("place", ["model.safetensors", "2_Dense/model.safetensors"])
def test_a_file_that_is_not_whole_is_told_with_its_path(projected: Path, tmp_path: Path, place: str, content: bytes) -> None:
    shutil.copytree(projected, tmp_path / "model")
    (tmp_path / "model" / place).write_bytes(content)
    with pytest.raises(InputError, match=f"^{tmp_path}/model/{place}: "):
        check(tmp_path / "model")


# Files outside the folder


@pytest.mark.parametrize("path", ["../outside", "2_Dense/../../outside", "/outside", "link", "a\\..\\b"])
@pytest.mark.parametrize("layer", [0, 1, 2])
def test_a_layer_outside_the_folder_is_refused(projected: Path, tmp_path: Path, layer: int, path: str) -> None:
    model = tmp_path / "model"
    shutil.copytree(projected, model)
    shutil.copytree(projected / "2_Dense", tmp_path / "outside")
    (model / "link").symlink_to(tmp_path / "outside")
    modules = json.loads((model / "modules.json").read_text())
    modules[layer]["path"] = str(tmp_path / "outside") if path == "/outside" else path
    (model / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(InputError, match=r"model/modules\.json: the \w+ layer is in .*; expected a folder inside the model's"):
        Convention.of(model)


def test_a_model_may_be_a_link_and_its_files_links(projected: Path, tmp_path: Path) -> None:
    for path in (path for path in projected.rglob("*") if path.is_file()):
        link = tmp_path / "links" / path.relative_to(projected)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)
    (tmp_path / "model").symlink_to(tmp_path / "links")
    assert np.array_equal(TextEncoder(tmp_path / "model").encode(TEXTS), TextEncoder(projected).encode(TEXTS))


@pytest.mark.parametrize("place", ["../outside.safetensors", "/outside.safetensors", "weights.bin", 3])
def test_weights_in_several_files_lie_beside_their_index(tmp_path: Path, place: object) -> None:
    folder = tiny.encoder("bert", tmp_path / "model")
    (folder / "model.safetensors").rename(tmp_path / "outside.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {LAYER: place}}))
    with pytest.raises(InputError, match=r"model\.safetensors\.index\.json: weights in .*; expected the names of \*\.saf"):
        models.locate(str(folder))


# Hashes


def test_weights_are_compared_with_a_recorded_hash(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    models.verify(tmp_path, hashlib.sha256(b"weights").hexdigest(), "")
    with pytest.raises(InputError, match=r"model\.safetensors: SHA-256 is [0-9a-f]{64}, expected 0123; train it again$"):
        models.verify(tmp_path, "0123", "train it again")


@pytest.mark.parametrize("hashed", [hashlib.sha256, lambda data: hashlib.sha1(b"blob %d\0" % len(data) + data)])
def test_a_file_of_the_hubs_cache_that_was_damaged_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hashed: Any) -> None:
    import huggingface_hub

    blob = tmp_path / "blobs" / hashed(b"content").hexdigest()
    (tmp_path / "snapshots").mkdir()
    blob.parent.mkdir()
    blob.write_bytes(b"content")
    (tmp_path / "snapshots/config.json").symlink_to(os.path.relpath(blob, tmp_path / "snapshots"))
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: str(tmp_path / "snapshots"))
    assert models.fetch("us/model", ["*"]) == tmp_path / "snapshots"
    blob.write_bytes(b"contend")
    with pytest.raises(InputError, match=rf"config\.json: damaged since it was downloaded .*; delete {blob} and run again"):
        models.fetch("us/model", ["*"])
