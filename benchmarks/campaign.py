"""Does a kill, a crowd or hostile input ever cost a result? Runs a small experiment under all three and counts what went wrong.

    python benchmarks/campaign.py --kills 20 --at-once 4 --inputs 300

Kills: a run's process group is killed (-9) at a random moment, then the same command runs to its end. At once: several of the same
command start in one empty cache. Inputs: a file of the collection, the parallel text or the lexicon is changed at random, and the
command that reads it has to end with one line or with a result. All runs must be, byte for byte, those of an undisturbed command;
nothing may be left in cache and results but what the undisturbed command leaves, and no command may show a traceback. docs/robustness.md
has its figures. Exit status: 0 nothing went wrong, 1 something did.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from optical_repro.base.cache import damage
from optical_repro.collections import sample

PASSAGES, TOPICS, PAIRS = 60, 12, 96

OPTIONS = ["--lang", "yo", "--regime", "cs", "--steps", "4", "--device", "cpu"]
SYSTEMS = "bm25,bm25-qt,optical-cs,optical-cs-maxsim"


def main() -> int:
    """Runs the campaign; prints a line per part, and the faults."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--kills", type=int, default=20, metavar="N", help="kills (default: %(default)s)")
    add("--at-once", type=int, default=4, metavar="N", help="commands at once (default: %(default)s)")
    add("--inputs", type=int, default=300, metavar="N", help="changed inputs (default: %(default)s)")
    add("--systems", default=SYSTEMS, metavar="A,B", help="of the runs that are killed (default: %(default)s)")
    add("--seed", type=int, default=1, metavar="N", help="of all that is random (default: %(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        faults = Campaign(Path(name), arguments.systems, arguments.seed).run(arguments.kills, arguments.at_once, arguments.inputs)
    for fault in faults:
        print(f"  {fault}")
    return int(bool(faults))


class Campaign:
    """An undisturbed run on a small collection of the sample's, and the disturbed ones."""

    def __init__(self, folder: Path, systems: str, seed: int) -> None:
        self.folder, self.systems, self.rng = folder, systems, random.Random(seed)
        self.faults: list[str] = []

    def run(self, kills: int, at_once: int, inputs: int) -> list[str]:
        """Runs all parts; returns the faults."""
        collection(self.folder / "small")
        started = time.monotonic()
        process = self.start(self.folder / "calm")
        self.must_end_well(process, "undisturbed")
        self.seconds = time.monotonic() - started
        self.expected = results(self.folder / "calm")
        self.names = files(self.folder / "calm")
        print(f"{'part':12}{'done':>8}{'went wrong':>12}", flush=True)
        for part, count, disturb in (("kills", kills, self.kills), ("at once", at_once, self.at_once), ("inputs", inputs, self.inputs)):
            before = len(self.faults)
            summary = disturb(count) if count else ""
            print(f"{part:12}{count:>8}{len(self.faults) - before:>12}{summary}", flush=True)
        return self.faults

    def start(self, folder: Path, small: Path | None = None, *options: str) -> subprocess.Popen[str]:
        """Starts the command in its own process group, with results and cache under ``folder``."""
        folder.mkdir(exist_ok=True)
        small = small or self.folder / "small"
        all_options = [*OPTIONS, "--systems", self.systems, "--collection", str(small), "--bitext", str(small / "bitext.tsv"), *options]
        line = [sys.executable, "-m", "optical_repro.run", *all_options, "--cache-dir", "cache"]
        environment = {name: value for name, value in os.environ.items() if name != "OPTICAL_LOG"} | {"OMP_NUM_THREADS": "1"}
        return subprocess.Popen(line, cwd=folder, env=environment, stdout=-1, stderr=-1, text=True, start_new_session=True)

    def kills(self, count: int) -> str:
        """Kills a run at a random moment, its process group or only the first process, then runs the same command to its end."""
        killed = 0
        for number in range(count):
            folder = self.folder / "killed"
            process = self.start(folder)
            try:
                process.wait(self.rng.uniform(0, 1.1 * self.seconds))
            except subprocess.TimeoutExpired:
                (os.killpg if number % 2 else os.kill)(process.pid, signal.SIGKILL)
                killed += 1
            process.communicate()
            if survivors := living(process.pid):
                self.faults.append(f"kill {number}: {', '.join(survivors)} lives on")
            self.must_end_well(self.start(folder), f"kill {number}")
            self.must_be_right(folder, f"kill {number}")
            shutil.rmtree(folder)
        return f"   {killed} died, the others had ended"

    def at_once(self, count: int) -> str:
        """Starts the command several times at once in one empty cache, each with its own results."""
        folder = self.folder / "crowd"
        options = [("--runs-dir", f"{number}/runs", "--qrels-dir", f"{number}/qrels") for number in range(count)]
        processes = [self.start(folder, None, *own_options) for own_options in options]
        for number, process in enumerate(processes):
            self.must_end_well(process, f"at once {number}")
            if results(folder / str(number)) != self.expected:
                self.faults.append(f"at once {number}: other runs than undisturbed")
        os.replace(folder / "cache", folder / "0/cache")
        self.must_be_right(folder / "0", "at once")
        shutil.rmtree(folder)
        return ""

    def inputs(self, count: int) -> str:
        """Changes a file at random and reads it, which must give one line or a result; one child process reads all cases, for speed."""
        cases = self.folder / "cases"
        for number in range(count):
            mutate(self.folder / "small", cases / str(number), self.rng)
        process = subprocess.run([sys.executable, __file__, READ, str(cases)], capture_output=True, text=True, check=False)
        counts: Counter[str] = Counter()
        for number, line in enumerate(process.stdout.splitlines()):
            status, _, message = line.partition("\t")
            counts[status] += 1
            if status not in ("read", "refused") or len(message) > 1000:
                self.faults.append(f"input {number}: {status} {message[:200]}")
        if sum(counts.values()) != count:
            self.faults.append(f"inputs: the reader ended after {sum(counts.values())} of {count}: {process.stderr[-300:]}")
        return f"   {counts['refused']} refused in one line, {counts['read']} read"

    def must_end_well(self, process: subprocess.Popen[str], name: str) -> None:
        """Notes a fault unless the command ends with status 0 and no traceback."""
        out, error = process.communicate()
        if process.returncode or "Traceback" in out + error:
            self.faults.append(f"{name}: exit status {process.returncode}: {error.strip()[-300:]}")

    def must_be_right(self, folder: Path, name: str) -> None:
        """Notes a fault unless the runs are the undisturbed ones, every stage is complete, and no other file is left."""
        if results(folder) != self.expected:
            self.faults.append(f"{name}: other runs than undisturbed")
        if extra := files(folder) - self.names:
            self.faults.append(f"{name}: left over: {', '.join(sorted(extra))}")
        damaged = [str(record.parent) for record in folder.glob("cache/*/*/stage.json") if damage(record.parent)]
        if damaged:
            self.faults.append(f"{name}: not whole: {', '.join(damaged)}")


def collection(folder: Path) -> None:
    """Writes a part of the sample: passages, topics, qrels, parallel text, a lexicon."""
    folder.mkdir()
    topics = first_lines("topics.yo.test.tsv", TOPICS)
    topic_ids = {line.split("\t")[0] for line in topics}
    qrels = [line for line in first_lines("qrels.yo.test.txt", 10_000) if line.split()[0] in topic_ids]
    judged = {line.split()[2] for line in qrels}
    passages = sorted(first_lines("corpus.jsonl", 10_000), key=lambda line: json.loads(line)["id"] not in judged)
    contents = {"corpus.jsonl": passages[:PASSAGES], "topics.yo.test.tsv": topics, "qrels.yo.test.txt": qrels}
    contents |= {"bitext.tsv": first_lines("bitext.yo-en.tsv", PAIRS), "lexicon.tsv": ["omi\twater\t3\n", "ilé\thouse\t2\n"]}
    for name, lines in contents.items():
        (folder / name).write_text("".join(lines), encoding="utf-8")


def first_lines(name: str, count: int) -> list[str]:
    """The first lines of a file of the sample."""
    return (sample.FOLDER / name).read_text(encoding="utf-8").splitlines(keepends=True)[:count]


def results(folder: Path) -> dict[str, bytes]:
    """The runs and qrels under a folder, by name."""
    return {path.name: path.read_bytes() for pattern in ("runs/*/*.trec", "qrels/*.txt") for path in folder.glob(pattern)}


def files(folder: Path) -> set[str]:
    """All files under a folder except logs, the libraries' own, and Lucene's, whose names differ between indexes."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir())
    return {str(path) for path in paths if path.name != "log.txt" and not {"libraries", "lucene"} & {*path.parts[:-1]}}


def living(group: int) -> list[str]:
    """The command lines of a group's processes that still run after a second."""
    time.sleep(1)
    commands = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state = path.read_text().rpartition(")")[2].split()
            if int(state[2]) == group and state[0] != "Z":
                commands.append((path.parent / "cmdline").read_text().replace("\0", " ").strip())
        except OSError:
            continue
    return commands


# ---- changed inputs

READ = "--read-cases"


def mutate(small: Path, case: Path, rng: random.Random) -> None:
    """Copies the collection and changes one of its files: flips, cuts, doubles or inserts bytes, or shuffles lines; may pack it first."""
    shutil.copytree(small, case)
    path = case / rng.choice(["corpus.jsonl", "topics.yo.test.tsv", "qrels.yo.test.txt", "bitext.tsv", "lexicon.tsv"])
    data = bytearray(path.read_bytes())
    packed = rng.random() < 0.2
    if packed:
        data = bytearray(gzip.compress(bytes(data), mtime=0))
        path.unlink()
        path = path.with_name(f"{path.name}.gz")
    for _ in range(rng.choice([1, 1, 1, 5, 50])):
        position = rng.randrange(len(data) + 1)
        kind = rng.randrange(6)
        if kind == 0 and data:
            data[position % len(data)] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del data[position:]
        elif kind == 2:
            data[position:position] = rng.choice(STRANGE)
        elif kind == 3:
            data[position:position] = data[: rng.randrange(200)]
        elif kind == 4:
            lines = bytes(data).splitlines(keepends=True)
            rng.shuffle(lines)
            data = bytearray(b"".join(lines))
        else:
            data = bytearray(bytes(data).replace(*rng.choice(SWAPS)))
    path.write_bytes(data)


STRANGE = [
    b"\0",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\\ud800",
    b"\t",
    b"\n\n",
    b"\r",
    b"\x1b]0;x\x07",
    b"\xe2\x80\x8b\xc2\xad",
    b"{",
    b'"',
    b"NaN",
    b"1_0",
]
STRANGE += [b"9" * 400, b"[" * 3000, b"x" * 100_000]
"""Bytes to insert: invalid UTF-8, a lone surrogate, control sequences, invisible blanks, numbers, deep nesting, long text."""

SWAPS = [
    (b"\t", b" "),
    (b"\n", b"\r"),
    (b"\n", b""),
    (b'"id"', b'"Id"'),
    (b"0", b"\xd9\xa3"),
    (b" ", b"\xc2\xa0"),
    (b"1", b"-1"),
    (b'"', b"'"),
]
"""(old, new) bytes: each old is replaced everywhere."""


def read_cases(folder: Path) -> Iterator[str]:
    """Reads each case as ``optical_repro.run`` does at its start: ``read``, ``refused`` with its line, or the exception."""
    from optical_repro import collections
    from optical_repro.base.errors import InputError
    from optical_repro.bitext.readers import read_bitext
    from optical_repro.lexicon.lexicon import read_lexicon

    def plain_or_packed(case: Path, name: str) -> Path:
        return case / name if (case / name).exists() else case / f"{name}.gz"

    for case in sorted(folder.iterdir(), key=lambda path: int(path.name)):
        try:
            case_collection = collections.load(str(case), "yo")
            for _ in case_collection.passages():
                pass
            read_bitext([plain_or_packed(case, "bitext.tsv")], "yo")
            read_lexicon(plain_or_packed(case, "lexicon.tsv"), "yo")
        except InputError as error:
            message = str(error)
            yield f"refused\t{message}" if message.isprintable() else f"unprintable\t{message!r}"
        except Exception as error:
            yield f"{type(error).__name__}\t{' '.join(str(error).split())}"
        else:
            yield "read\t"


if __name__ == "__main__":
    if sys.argv[1:2] == [READ]:
        for line in read_cases(Path(sys.argv[2])):
            print(line, flush=True)
    else:
        sys.exit(main())
