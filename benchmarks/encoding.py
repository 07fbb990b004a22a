"""Passages a second, whole processes: encoding a corpus into a FAISS index by optical_repro and by ``python -m pyserini.encode``.

Same corpus, model, batch and output format; the vectors are checked to be the same. The third side is what ``optical_repro.run`` does:
more passages at a time, and no start of Java.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import measure

OURS, STOCK, RUN = "optical_repro.pyserini encode", "pyserini.encode", "optical_repro.run's index"

BUILD = """
import json, sys
from pathlib import Path
from optical_repro.collections.collection import Passage
from optical_repro.retrieval.dense import build_index
corpus, model, folder = sys.argv[1:]
lines = map(json.loads, open(Path(corpus) / "corpus.jsonl", encoding="utf-8"))
build_index((Passage(line["id"], "", line["text"]) for line in lines), model, Path(folder))
"""


def main() -> None:
    """Measures and prints."""
    arguments = measure.parser(__doc__, "encoding", passages=500, batch=64).parse_args()

    import faiss
    import numpy as np

    from optical_repro import collections
    from optical_repro.encoders import models
    from optical_repro.retrieval import jvm

    model = models.locate(models.EMBEDDED)
    environment = jvm.environment()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        passages = list(collections.load("sample", "yo").passages())
        corpus = [passages[index % len(passages)] for index in range(arguments.passages)]
        (folder / "corpus").mkdir()
        lines = [json.dumps({"id": str(index), "text": " ".join(passage.contents.split())}) for index, passage in enumerate(corpus)]
        (folder / "corpus/corpus.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")

        def encode(module: list[str], to: str, *options: str) -> None:
            files = [
                "input",
                "--corpus",
                str(folder / "corpus"),
                "--fields",
                "text",
                "output",
                "--embeddings",
                str(folder / to),
                "--to-faiss",
            ]
            encoder = ["encoder", "--encoder", str(model), "--fields", "text", "--device", "cpu", "--dimension", "384"]
            line = [sys.executable, "-m", *module, *files, *encoder, "--batch-size", str(arguments.batch), "--max-length", "256", *options]
            subprocess.run(line, check=True, capture_output=True, env=environment)

        def run_index() -> None:
            line = [sys.executable, "-c", BUILD, str(folder / "corpus"), str(model), str(folder / "run")]
            subprocess.run(line, check=True, capture_output=True, env=environment)

        sides = {
            OURS: lambda: encode(["optical_repro.pyserini", "encode"], "ours", "--encoder-class", "optical"),
            STOCK: lambda: encode(["pyserini.encode"], "stock", "--encoder-class", "auto", "--pooling", "mean", "--l2-norm"),
            RUN: run_index,
        }
        result = measure.in_turn("encoding, start to end of a process", arguments.passages, "passages", arguments.runs, sides)
        vectors = [faiss.read_index(str(folder / to / "index")).reconstruct_n() for to in ("ours", "stock", "run")]
    for other in vectors[1:]:
        assert np.abs(vectors[0] - other).max() < 1e-4
    measure.report([result], [(OURS, STOCK), (RUN, STOCK)], arguments.json)


if __name__ == "__main__":
    main()
