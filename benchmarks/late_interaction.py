"""Late interaction over everything (``-plaid``) against over the hits of single vectors (``-maxsim``): quality, time, size.

The topics, as they were searched, and the encoder are those of a run of optical_repro, by its manifest: a teacher's or a student's. The
score of all passages, half MaxSim and half the single vector's cosine, is exact and serves as reference: of its 100 best passages a topic,
the table shows the share that is among the 100 best of each side, beside MAP. The others are the single vectors alone, that score of their
1,000 hits, and that of the candidates of FAISS indexes of tokens, of the kinds that are given; by default of a large collection's kind.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import measure
import numpy as np

DEPTH = 1000


def main() -> None:
    """Searches, prints a table, and writes it as JSON."""
    arguments = parser().parse_args()

    from optical_repro.base.trec import Run
    from optical_repro.records.manifest import MANIFEST, read
    from optical_repro.retrieval import dense, faiss_index, late_interaction, token_index

    manifest = read(arguments.model)
    experiment, model, passages = parts(manifest, arguments)
    collection, indexes = experiment.collection, experiment.indexes
    searched = arguments.model.with_name(arguments.model.name.removesuffix(MANIFEST) + ".topics.tsv").read_text(encoding="utf-8")
    topics = {topic: {text: 1.0} for topic, text in (line.split("\t", 1) for line in searched.splitlines())}
    vectors = indexes.dense(passages, exact=True) / "faiss"
    tokens, _ = indexes.tokens(passages)

    def reranked() -> Run:
        first = dense.search_means(vectors, model, topics, k=DEPTH)
        return late_interaction.rerank(first, topics, model, collection.passages(), indexes.token_store(passages))

    def over_all(index: Path | None) -> Run:
        return token_index.search(tokens, index, vectors / "index", topics, model, k=DEPTH)

    table = Table(collection.qrels)
    count, (rows, dimension) = len(tokens.ids), tokens.shape
    print(f"{manifest['system']}, {collection.name}: {len(topics):,} topics, {count:,} passages, {rows:,} tokens\n")
    print("| | MAP | of the exact 100 best | index | search |\n|---|---:|---:|---:|---:|")
    table.add("`-plaid`: all passages, exact", lambda: over_all(None), 4 * dimension * count)
    table.add("single vectors", lambda: dense.search_means(vectors, model, topics, k=DEPTH), 4 * dimension * count)
    table.add("`-maxsim`: of 1,000 hits", reranked, 4 * dimension * count)
    with tempfile.TemporaryDirectory() as folder:
        for kind in arguments.kinds or [token_index.large(tokens.shape)]:
            index = Path(folder) / "index"
            faiss_index.build(tokens, kind, index)
            table.add(f"`-plaid`: by `{kind}`", lambda: over_all(index), index.stat().st_size + 4 * dimension * count)  # noqa: B023
    print(f"\nBeside an index, the tokens themselves: {2 * dimension * rows / 1e6:,.0f} MB")
    arguments.json.parent.mkdir(exist_ok=True, parents=True)
    result = {"collection": collection.name, "system": manifest["system"], "rows": table.rows}
    arguments.json.write_text(json.dumps(result, indent=1) + "\n")


class Table:
    """What each side finds; the first is the exact one."""

    def __init__(self, qrels: Mapping[str, Mapping[str, int]]) -> None:
        self.qrels, self.rows = qrels, dict[str, dict[str, Any]]()
        self._exact: dict[str, set[str]] = {}

    def add(self, name: str, search: Callable[[], Mapping[str, Mapping[str, float]]], size: int) -> None:
        """Searches, and prints a row; ``size``: of the index, in bytes."""
        from optical_repro.base.trec import ranking
        from optical_repro.evaluation.metrics import evaluate

        started = time.perf_counter()
        run: Any = search()
        seconds = time.perf_counter() - started
        best = {topic: {document for document, _ in ranking(hits, 100)} for topic, hits in run.items()}
        self._exact = self._exact or best
        shared = float(np.mean([len(best[topic] & exact) / len(exact) for topic, exact in self._exact.items()]))
        scores: Any = evaluate(self.qrels, {topic: dict(ranking(hits)) for topic, hits in run.items()})  # type: ignore[arg-type]
        average = float(np.mean(list(scores["map"].values())))
        self.rows[name] = {"map": average, "of the exact 100": shared, "seconds": seconds, "bytes": size}
        print(f"| {name} | {average:.3f} | {shared:.3f} | {size / 1e6:,.0f} MB | {seconds:,.0f} s |", flush=True)


def parts(manifest: dict[str, Any], arguments: argparse.Namespace) -> tuple[Any, Path, Path]:
    """The experiment of a run, and the encoders of its topics and of its passages."""
    from optical_repro import collections
    from optical_repro.base.cache import Cache
    from optical_repro.base.places import default_folder
    from optical_repro.experiment.experiment import Experiment
    from optical_repro.experiment.settings import Settings
    from optical_repro.records.checkpoints import find

    given = manifest["arguments"]
    collection = collections.load(given["collection"], given["lang"], given["split"])
    settings = Settings(teacher=given["teacher"], device="cpu")
    experiment = Experiment(collection, settings, Cache(arguments.cache_dir or default_folder()))
    student = find(str(arguments.model), arguments.model.parent.parent).folder if manifest.get("training") else experiment.teacher
    model, passages = (student if lang != "en" else experiment.teacher for lang in (collection.lang, collection.doc_lang))
    return experiment, model, passages


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command_line = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = command_line.add_argument
    add("kinds", nargs="*", metavar="SPEC", help="kinds of index of the tokens (default: as for a large collection)")
    add("--model", required=True, type=Path, metavar="MANIFEST", help="the manifest of a run of optical_repro: its encoder and topics")
    add("--cache-dir", type=Path, metavar="DIR", help="folder of finished stages (default: that of optical_repro.run)")
    add("--json", type=Path, default=measure.RESULTS / "late_interaction.json", metavar="FILE", help="(default: benchmarks/results)")
    return command_line


if __name__ == "__main__":
    main()
