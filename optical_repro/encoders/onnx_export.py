"""An encoder as ONNX, in sentence-transformers' layout: ``onnx/model.onnx`` beside the weights, for runtimes without torch."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import InputError
from ..base.quiet import quiet

FILE = Path("onnx") / "model.onnx"
OPSET = 17
"""Of 2022, which every runtime in use reads."""

CLOSE = 1e-4
"""The most that a value of a token state may differ from torch's."""

TEXTS = (
    "Ta ló ń ṣe òfin?",
    "The king lives in the palace.",
    "a",
    "Mnamo 1999, watoto wengi walikwenda shule kwa miguu kila siku asubuhi na mapema. " * 40,
)
"""What the two are compared on: several lengths in one batch, one of them cut at the encoder's limit."""


def write(model: Path) -> Path:
    """Writes ``onnx/model.onnx`` into the folder of an encoder, once its token states are those of torch to ``CLOSE``; returns its path.

    Inputs are those of the tokenizer, int64 [batch, tokens]; the output is ``last_hidden_state``, float32 [batch, tokens, width]. Pooling
    and projection stay with the folder's other files. Raises InputError if a library is missing or the two differ.
    """
    try:
        import onnx  # noqa: F401  (torch needs it)
        import onnxruntime
    except ModuleNotFoundError as error:
        raise InputError(f"--onnx: {error.name} is not installed; run: pip install 'optical_repro[onnx]'") from None

    from .encoder import Encoder, load_tokenizer

    encoder, tokenizer = Encoder.load(model).eval(), load_tokenizer(model)

    def inputs(texts: Sequence[str]) -> dict[str, Any]:
        return dict(tokenizer(list(texts), padding=True, truncation=True, max_length=encoder.longest(tokenizer), return_tensors="pt"))

    with tempfile.TemporaryDirectory(prefix=".onnx.", dir=model) as place:
        part = Path(place) / FILE.name
        _export(encoder.transformer, inputs(TEXTS[1:3]), part)  # of two lengths: without padding, no mask would be traced
        session = onnxruntime.InferenceSession(str(part), providers=["CPUExecutionProvider"])
        apart = float(np.max([_apart(encoder.transformer, session, inputs(texts)) for texts in (TEXTS, TEXTS[:1])]))
        if not apart <= CLOSE:
            raise InputError(
                f"{model}: as ONNX its token states differ from torch's by {apart:.2g}; expected at most {CLOSE:g}: not written"
            )
        path = model / FILE
        path.parent.mkdir(exist_ok=True)
        part.chmod(0o644)
        part.replace(path)
    return path


def _apart(transformer: Any, session: Any, inputs: dict[str, Any]) -> float:
    """The largest difference between the two in a value of a token that is no padding; NaN if there is one."""
    import torch

    with torch.inference_mode():
        expected = transformer(**inputs).last_hidden_state.numpy()
    [states] = session.run(["last_hidden_state"], {name: tensor.numpy() for name, tensor in inputs.items()})
    return float(np.abs(states - expected)[inputs["attention_mask"].numpy() > 0].max())


def _export(transformer: Any, inputs: dict[str, Any], path: Path) -> None:
    """Traces a transformer, for any number of texts of any length."""
    import torch

    names = list(inputs)

    class LastHiddenState(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = transformer

        def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
            state: torch.Tensor = self.transformer(**dict(zip(names, tensors, strict=True))).last_hidden_state
            return state

    with quiet(), warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            LastHiddenState().eval(),
            tuple(inputs.values()),
            str(path),
            input_names=names,
            output_names=["last_hidden_state"],
            dynamic_axes={name: {0: "batch", 1: "tokens"} for name in [*names, "last_hidden_state"]},
            opset_version=OPSET,
            dynamo=False,
        )
