"""Damaged copies of a model's folder: what broken downloads, foreign checkpoints and careless hands make of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save

POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 1234\n".encode()
NOISE = bytes(range(255, 0, -1)) * 4
JSON = [b"null", b"[]", b"{}", b"3", b'"x"', b"[1]", b"[" * 3000, b"\xff\xfe"]
VALUES: list[Any] = [None, "x", -1, []]


def damaged(folder: Path, scratch: Path) -> Iterator[tuple[str, Path]]:
    """(what was done to it, a copy of the folder in ``scratch/model`` that lasts until the next)."""
    for name, file, data in _damages(folder):
        copy = scratch / "model"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
        if data is None:
            (copy / file).unlink()
        else:
            (copy / file).write_bytes(data)
        yield name, copy


def _damages(folder: Path) -> Iterator[tuple[str, str, bytes | None]]:
    """(what it is, which file, what stands in it: None for a file that is gone)."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        file, data = path.relative_to(folder).as_posix(), path.read_bytes()
        yield f"{file} removed", file, None
        for name, content in (("empty", b""), ("cut in half", data[: len(data) // 2]), ("a pointer", POINTER), ("noise", NOISE)):
            yield f"{file} {name}", file, content
        if file.endswith(".json"):
            for content in JSON:
                yield f"{file} is {content[:9]!r}", file, content
            content = json.loads(data)
            rows = [(list[Any](), content)] if isinstance(content, dict) else [(content, row) for row in content]
            # Not every word of a vocabulary.
            for others, row in rows if all(isinstance(row, dict) and len(row) <= 40 for _, row in rows) else []:
                for key in row:
                    for value in VALUES:
                        changed = row | {key: value}
                        made = changed if isinstance(content, dict) else [changed if one is row else one for one in others]
                        yield f"{file}: {key} is {value!r}", file, json.dumps(made).encode()
        elif file.endswith(".safetensors"):
            yield from ((f"{file} {name}", file, save(weights, {"format": "pt"})) for name, weights in changed_weights(load_file(path)))


def changed_weights(weights: dict[str, torch.Tensor]) -> Iterator[tuple[str, dict[str, torch.Tensor]]]:
    """(what was done, the weights after it)."""
    yield "of foreign names", {f"foreign.{name}": weight for name, weight in weights.items()}
    yield "without any", {}
    for name, weight in weights.items():
        yield f"without {name}", {other: kept for other, kept in weights.items() if other != name}
        yield f"where {name} has another shape", weights | {name: torch.zeros(3, 5)}
        yield f"where {name} is not finite", weights | {name: torch.full_like(weight, float("nan"))}
