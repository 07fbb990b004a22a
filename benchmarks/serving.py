"""How soon ``optical_repro.search --serve`` answers: from its start to the first answer, one client alone, and several clients at once.

The server runs in a process of its own and is asked over HTTP for ten hits of each topic of the collection, again and again. Processor
time is the server's, all threads together; on a busy machine it says more than the clock.

With --times N the collection is N times as large: each passage comes so often, under other ids, and the vectors of the copies are those of
the passages with small noise, so that nothing is encoded for this. Lucene's index and the store of passages are really made.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

from measure import RESULTS

from optical_repro import collections
from optical_repro.base.places import default_folder
from optical_repro.collections.collection import Collection, Passage

NOISE = 0.3
"""Length of the noise on the vectors of copies, which have length 1."""


class Server:
    """The command, its port, and the processor time that it has used. Used by ``with``, so that no failure leaves it running."""

    def __init__(self, arguments: list[str]) -> None:
        line = [sys.executable, "-m", "optical_repro.search", *arguments, "--serve", "0"]
        self.process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        while not (served := re.search(r": http://127\.0\.0\.1:(\d+)/$", self.process.stdout.readline().rstrip("\n"))):
            if self.process.poll() is not None:
                sys.exit(1)
        self.port = int(served[1])

    def __enter__(self) -> Server:
        return self

    def __exit__(self, failure: object, *_: object) -> None:
        """Stops it as Ctrl-C does, or ends it after a failure."""
        if failure:
            self.process.kill()
        else:
            self.process.send_signal(signal.SIGINT)
        try:
            status = self.process.wait(60)
        finally:
            self.process.kill()
        assert failure or status == 0

    def processor_seconds(self) -> float:
        """Of all its threads so far (Linux)."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def ask(self, index: str, topics: list[str]) -> list[float]:
        """The seconds of each answer, over one connection. Fails if one is not an answer of ten hits or none."""
        connection, seconds = http.client.HTTPConnection("127.0.0.1", self.port), []
        for topic in topics:
            started = time.perf_counter()
            connection.request("GET", f"/v1/{index}/search?{urlencode({'query': topic, 'hits': 10})}")
            answer = json.load(connection.getresponse())
            seconds.append(time.perf_counter() - started)
            assert "error" not in answer, answer["error"]
            assert answer["query"]["text"] == topic and len(answer["candidates"]) == (10 if answer["known"] else 0)
        connection.close()
        return seconds


def enlarged(small: Collection, arguments: argparse.Namespace, folder: Path) -> list[str]:
    """Writes the collection with every passage so many times, and its dense index into a cache; the options of search that name both."""
    import faiss
    import numpy as np

    from optical_repro.base.cache import Cache
    from optical_repro.experiment.experiment import Experiment
    from optical_repro.experiment.settings import Settings
    from optical_repro.records import checkpoints
    from optical_repro.retrieval import dense, faiss_index

    times, copies = arguments.times, folder / small.name.rsplit(".", 2)[0]
    copies.mkdir()
    with (copies / "corpus.jsonl").open("w", encoding="utf-8") as file:
        for number in range(times):
            for passage in small.passages():
                file.write(json.dumps({"id": f"{passage.id}-{number}", "title": passage.title, "text": passage.text}) + "\n")
    lines = [f"{topic}\t{text}\n" for topic, text in small.topics.items()]
    (copies / f"topics.{small.lang}.{small.split}.tsv").write_text("".join(lines), encoding="utf-8")
    judged = [f"{topic} 0 {passage}-0 {grade}\n" for topic, grades in small.qrels.items() for passage, grade in grades.items()]
    (copies / f"qrels.{small.lang}.{small.split}.txt").write_text("".join(judged), encoding="utf-8")

    checkpoint = checkpoints.find(arguments.model, Path("runs"))
    settings = Settings(teacher=checkpoint.teacher, device="cpu")
    one = Experiment(small, settings, Cache(arguments.cache_dir))
    vectors = faiss_index.rows(index := faiss_index.read(one.indexes.dense(one.teacher) / "faiss/index"))
    large = Experiment(collections.load(str(copies), small.lang, small.split), settings, Cache(folder / "cache"))

    def build(passages: Iterable[Passage], model: Path, folder: Path, **_: Any) -> None:
        folder.mkdir(parents=True)
        (folder / "docid").write_text("".join(f"{passage.id}\n" for passage in passages), encoding="utf-8")
        draw, made = np.random.default_rng(1), faiss.IndexFlatIP(index.d)
        for _number in range(times):
            noise = draw.normal(size=vectors.shape).astype(np.float32)
            noisy = vectors + NOISE * noise / np.linalg.norm(noise, axis=1, keepdims=True)
            made.add(noisy / np.linalg.norm(noisy, axis=1, keepdims=True))
        faiss.write_index(made, str(folder / "index"))

    with patch.object(dense, "build_index", build):
        large.indexes.dense(large.teacher)
    return ["--collection", str(copies), "--cache-dir", str(folder / "cache")]


def told(seconds: list[float], processor_seconds: float) -> dict[str, float]:
    """p50, p99 and the mean processor time of a query, in milliseconds."""
    cuts = statistics.quantiles(seconds, n=100)
    values = {"p50": cuts[49], "p99": cuts[98], "processor": processor_seconds / len(seconds)}
    return {name: round(1000 * value, 1) for name, value in values.items()}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=1000, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--clients", type=int, default=8, metavar="N", help="(default: %(default)s)")
    parser.add_argument(
        "--json", type=Path, default=RESULTS / "serving.json", metavar="FILE", help="the results (default: benchmarks/results)"
    )
    parser.add_argument("--lang", required=True, metavar="CODE")
    parser.add_argument("--collection", default="sample", metavar="NAME")
    parser.add_argument("--split", metavar="NAME")
    parser.add_argument("--model", required=True, metavar="STUDENT")
    parser.add_argument("--cache-dir", type=Path, default=default_folder(), metavar="DIR")
    parser.add_argument("--times", type=int, default=1, metavar="N", help="how often each passage is in the collection (default: 1)")
    arguments, others = parser.parse_known_args()  # the others, such as --index, are those of optical_repro.search

    collection = collections.load(arguments.collection, arguments.lang, arguments.split)
    texts = list(collection.topics.values())
    topics = [texts[number % len(texts)] for number in range(arguments.queries)]
    with TemporaryDirectory() as folder:
        where = ["--collection", arguments.collection, "--cache-dir", str(arguments.cache_dir)]
        if arguments.times > 1:
            where = enlarged(collection, arguments, Path(folder))
        named = ["--lang", arguments.lang, "--split", str(collection.split), "--model", arguments.model, *where, *others]
        results = measured(named, collection.name, topics, arguments.clients)
    for name, values in results.items():
        print(f"{name:16} " + "  ".join(f"{key} {value:8.1f}" for key, value in values.items()))
    load = [round(value, 1) for value in os.getloadavg()]
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(
        json.dumps({"queries": arguments.queries, "cores": os.cpu_count(), "load": load, "results": results}, indent=1) + "\n"
    )
    print(f"load of the machine {load}\nwrote {arguments.json}")


def measured(named: list[str], name: str, topics: list[str], at_once: int) -> dict[str, dict[str, float]]:
    """The times of a server, started by these options of search, of a collection with this name."""
    with Server(named) as server:  # once unmeasured: indexes are made, files are in the system's memory
        server.ask(name, topics[:2])
    started = time.perf_counter()
    with Server(named) as server:
        server.ask(name, topics[:1])
        results = {"cold start, s": {"clock": round(time.perf_counter() - started, 1), "processor": round(server.processor_seconds(), 1)}}
        before = server.processor_seconds()
        alone = server.ask(name, topics)
        results["one client, ms"] = told(alone, server.processor_seconds() - before)
        before, together = server.processor_seconds(), threading.Barrier(at_once)

        def client(number: int) -> list[float]:
            together.wait()
            return server.ask(name, topics[number::at_once])

        with ThreadPoolExecutor(at_once) as clients:
            seconds = [second for of_client in clients.map(client, range(at_once)) for second in of_client]
        assert len(seconds) == len(topics), f"{len(topics) - len(seconds)} answers lost"
        results[f"{at_once} clients, ms"] = told(seconds, server.processor_seconds() - before)
    return results


if __name__ == "__main__":
    main()
