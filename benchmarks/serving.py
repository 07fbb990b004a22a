"""How soon ``optical_repro.search --serve`` answers: from its start to the first answer, one client alone, and several clients at once.

The server runs in a process of its own and is asked over HTTP for ten hits of each topic of the collection, again and again. Processor
time is the server's, all threads together; on a busy machine it says more than the clock.
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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

from measure import RESULTS

from optical_repro import collections


class Server:
    """The command, its port, and the processor time that it has used."""

    def __init__(self, arguments: list[str]) -> None:
        line = [sys.executable, "-m", "optical_repro.search", *arguments, "--serve", "0"]
        self.process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        while not (served := re.search(r": http://127\.0\.0\.1:(\d+)/$", self.process.stdout.readline().rstrip("\n"))):
            if self.process.poll() is not None:
                sys.exit(1)
        self.port = int(served[1])

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
            assert answer["query"]["text"] == topic and len(answer["candidates"]) == (10 if answer["known"] else 0)
        connection.close()
        return seconds

    def stop(self) -> None:
        """As Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait() == 0


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
    arguments, others = parser.parse_known_args()  # the others, such as --model, are those of optical_repro.search

    collection = collections.load(arguments.collection, arguments.lang, arguments.split)
    texts = list(collection.topics.values())
    topics = [texts[number % len(texts)] for number in range(arguments.queries)]
    named = ["--lang", arguments.lang, "--collection", arguments.collection, *(["--split", arguments.split] if arguments.split else [])]
    server = Server([*named, *others])  # once unmeasured: indexes are made, files are in the system's memory
    server.ask(collection.name, topics[:2])
    server.stop()

    started = time.perf_counter()
    server = Server([*named, *others])
    server.ask(collection.name, topics[:1])
    results = {"cold start, s": {"clock": round(time.perf_counter() - started, 1), "processor": round(server.processor_seconds(), 1)}}
    before = server.processor_seconds()
    alone = server.ask(collection.name, topics)
    results["one client, ms"] = told(alone, server.processor_seconds() - before)
    before, together = server.processor_seconds(), threading.Barrier(arguments.clients)

    def client(number: int) -> list[float]:
        together.wait()
        return server.ask(collection.name, topics[number :: arguments.clients])

    with ThreadPoolExecutor(arguments.clients) as clients:
        seconds = [second for of_client in clients.map(client, range(arguments.clients)) for second in of_client]
    assert len(seconds) == arguments.queries, f"{arguments.queries - len(seconds)} answers lost"
    results[f"{arguments.clients} clients, ms"] = told(seconds, server.processor_seconds() - before)
    server.stop()
    for name, values in results.items():
        print(f"{name:16} " + "  ".join(f"{key} {value:8.1f}" for key, value in values.items()))
    load = [round(value, 1) for value in os.getloadavg()]
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(
        json.dumps({"queries": arguments.queries, "cores": os.cpu_count(), "load": load, "results": results}, indent=1) + "\n"
    )
    print(f"load of the machine {load}\nwrote {arguments.json}")


if __name__ == "__main__":
    main()
