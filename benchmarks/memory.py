"""Memory while a collection is read, indexed by Lucene and encoded: resident set size over passages, as a CSV and a figure.

    python benchmarks/memory.py                                          # 1,000,000 passages into Lucene, 100,000 through an encoder
    python benchmarks/memory.py --lucene 20000 --encoder 2000 --out here/memory

The passages are generated, always the same ones; the encoder is a real one, of two small layers with a WordPiece vocabulary trained on
them, made on the spot. Each of the two runs in a process of its own, through the same functions as `python -m optical_repro.run`.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from optical_repro.base.files import whole
from optical_repro.collections import Passage, folder

WORDS = 60
"""Words per passage."""
VOCABULARY = 50_000
"""Different words, with Zipf's frequencies."""
INTERVAL = 0.5
"""Seconds between two samples."""
SAMPLES = 300
"""About how many samples of each path to keep."""


class Sample(NamedTuple):
    """The measurements of one moment; the columns of the CSV."""

    path: str
    stage: str
    seconds: float
    passages: int
    rss_mb: float


def main() -> None:
    """Measures both paths, or (in a child process) one of them."""
    arguments = parser().parse_args()
    if arguments.measure:
        measure(arguments.measure, arguments.lucene if arguments.measure == "lucene" else arguments.encoder)
        return
    rows: list[Sample] = []
    for path, count in (("lucene", arguments.lucene), ("encoder", arguments.encoder)):
        print(f"{path}: {count:,} passages ...", flush=True)
        line = [sys.executable, __file__, "--measure", path, f"--{path}", str(count)]
        process = subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True)
        rows += thin([Sample(*row) for row in json.loads(process.stdout)])
    with whole(arguments.out.with_suffix(".csv")) as file:
        csv.writer(file, lineterminator="\n").writerows([Sample._fields, *rows])
    draw(rows, arguments.out.with_suffix(".png"))
    print(table(rows))


def thin(samples: Sequence[Sample]) -> list[Sample]:
    """About SAMPLES of them, evenly spread, with the last one and the one with the most memory."""
    step = len(samples) // SAMPLES + 1
    most = max(range(len(samples)), key=lambda index: samples[index].rss_mb)
    return [row for index, row in enumerate(samples) if index % step == 0 or index in (most, len(samples) - 1)]


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command_line = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command_line.add_argument(
        "--lucene", type=int, default=1_000_000, metavar="N", help="passages for the lexical index (default: 1,000,000)"
    )
    command_line.add_argument("--encoder", type=int, default=100_000, metavar="N", help="passages for the encoder (default: 100,000)")
    default_path = Path(__file__).with_name("memory")
    command_line.add_argument(
        "--out", type=Path, default=default_path, metavar="FILE", help="written with .csv and .png (default: benchmarks/memory)"
    )
    command_line.add_argument("--measure", choices=["lucene", "encoder"], help=argparse.SUPPRESS)
    return command_line


def generate(count: int) -> Iterator[Passage]:
    """Passages of invented words in the letters of a language that Anserini has no analyzer for; the same at every call."""
    rng = random.Random(1)
    syllables = [consonant + vowel for consonant in "bdfgjklmnrstwy" for vowel in "aeiou"]
    words = ["".join(rng.choices(syllables, k=rng.randint(1, 4))) for _ in range(VOCABULARY)]
    weights = list(accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))
    for number in range(count):
        text = rng.choices(words, cum_weights=weights, k=WORDS)
        yield Passage(f"d{number}", " ".join(text[:3]), " ".join(text[3:]) + ".")


class Meter:
    """Samples this process's memory and the number of passages so far, in its own thread."""

    def __init__(self, path: str) -> None:
        self.path, self.stage, self.passages = path, "", 0
        self.rows: list[Sample] = []
        self.started = time.monotonic()
        threading.Thread(target=self._sample, daemon=True).start()

    def count(self, passages: Iterator[Passage], stage: str) -> Iterator[Passage]:
        """Passes the passages on and counts them."""
        self.stage, self.passages = stage, 0
        for passage in passages:
            self.passages += 1
            yield passage

    def note(self) -> None:
        """Records a sample."""
        seconds, megabytes = round(time.monotonic() - self.started, 1), round(resident_mb(), 1)
        self.rows.append(Sample(self.path, self.stage, seconds, self.passages, megabytes))

    def _sample(self) -> None:
        while True:
            if self.stage:
                self.note()
            time.sleep(INTERVAL)


def resident_mb() -> float:
    """Megabytes of this process in memory, Java's included."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def measure(path: str, count: int) -> None:
    """Reads, checks and indexes (or encodes) a generated collection; prints the samples as JSON."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        write(work / "generated", count)
        meter = Meter(path)
        meter.stage = "checking"
        collection = folder.load(work / "generated", "sw")
        meter.note()
        if path == "lucene":
            from optical_repro.retrieval import bm25 as lexical

            lexical.build_index(meter.count(collection.passages(), "indexing"), collection.doc_lang, work / "lucene")
        else:
            from optical_repro.retrieval import dense

            model = tiny_model(work / "model")
            dense.build_index(meter.count(collection.passages(), "encoding"), model, work / "faiss")
        meter.note()
    json.dump(meter.rows, sys.stdout)


def write(collection: Path, count: int) -> None:
    """Writes the collection's folder, with one topic."""
    collection.mkdir()
    with (collection / "corpus.jsonl").open("w", encoding="utf-8") as file:
        for passage in generate(count):
            file.write(json.dumps({"id": passage.id, "title": passage.title, "text": passage.text}) + "\n")
    (collection / "collection.json").write_text('{"name": "generated", "doc_lang": "sw"}')
    (collection / "topics.sw.test.tsv").write_text("1\tbabe fagi\n")
    (collection / "qrels.sw.test.txt").write_text("1 0 d0 1\n")


def tiny_model(path: Path) -> Path:
    """A fast BERT of two layers, 64 wide, with its own vocabulary and every part of a large one."""
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, BertTokenizer

    tokenizer = BertWordPieceTokenizer()
    tokenizer.train_from_iterator((passage.text for passage in generate(2000)), vocab_size=4000, show_progress=False)
    path.mkdir()
    tokenizer.save_model(str(path))
    BertTokenizer(vocab=str(path / "vocab.txt"), model_max_length=128).save_pretrained(path)
    config = BertConfig(vocab_size=4000, hidden_size=64, num_hidden_layers=2, num_attention_heads=2, intermediate_size=128)
    BertModel(config).save_pretrained(path)
    return path


def draw(rows: Sequence[Sample], path: Path) -> None:
    """Draws resident memory over passages, a panel per path, a line per stage."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, 2, figsize=(10, 3.5), layout="constrained")
    for panel, name in zip(panels, ("lucene", "encoder"), strict=True):
        for stage in dict.fromkeys(row.stage for row in rows if row.path == name):
            samples = [(row.passages, row.rss_mb) for row in rows if (row.path, row.stage) == (name, stage)]
            if stage == "checking":
                panel.axhline(max(memory for _, memory in samples), linestyle=":", label="checking, at most")
            else:
                panel.plot(*zip(*samples, strict=True), label=stage)
        panel.set(xlabel="passages", ylabel="resident memory (MB)", title=name)
        panel.set_ylim(bottom=0)
        panel.xaxis.set_major_formatter("{x:,.0f}")
        panel.legend()
    figure.savefig(path, dpi=110)


def table(rows: Sequence[Sample]) -> str:
    """Memory at parts of the way, in Markdown."""
    parts = (0.1, 0.25, 0.5, 0.75, 1.0)
    lines = ["| path | passages | " + " | ".join(f"{part:.0%}" for part in parts) + " | most | seconds |"]
    lines.append("|---|---:|" + "---:|" * (len(parts) + 2))
    for name in ("lucene", "encoder"):
        samples = [row for row in rows if row.path == name and row.stage != "checking"]
        count = max(row.passages for row in samples)
        at = [next(row.rss_mb for row in samples if row.passages >= part * count) for part in parts]
        cells = [f"{memory:,.0f}" for memory in (*at, max(row.rss_mb for row in samples))]
        lines.append(f"| {name} | {count:,} | " + " | ".join(cells) + f" | {samples[-1].seconds - samples[0].seconds:,.0f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
