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
    """Runs the campaign; prints a line a part and what went wrong."""
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
    """A small collection of the sample's, an undisturbed run on it, and what is done to others."""

    def __init__(self, folder: Path, systems: str, seed: int) -> None:
        self.folder, self.systems, self.chance = folder, systems, random.Random(seed)
        self.faults: list[str] = []

    def run(self, kills: int, at_once: int, inputs: int) -> list[str]:
        """Does all of it; returns what went wrong."""
        collection(self.folder / "small")
        started = time.monotonic()
        process = self.start(self.folder / "calm")
        self.must_end_well(process, "undisturbed")
        self.seconds = time.monotonic() - started
        self.right = results(self.folder / "calm")
        self.names = left(self.folder / "calm")
        print(f"{'part':12}{'done':>8}{'went wrong':>12}", flush=True)
        for part, count, does in (("kills", kills, self.kills), ("at once", at_once, self.at_once), ("inputs", inputs, self.inputs)):
            before = len(self.faults)
            told = does(count) if count else ""
            print(f"{part:12}{count:>8}{len(self.faults) - before:>12}{told}", flush=True)
        return self.faults

    def start(self, place: Path, small: Path | None = None, *options: str) -> subprocess.Popen[str]:
        """The command, in a process group of its own, with results and cache under ``place``."""
        place.mkdir(exist_ok=True)
        small = small or self.folder / "small"
        asked = [*OPTIONS, "--systems", self.systems, "--collection", str(small), "--bitext", str(small / "bitext.tsv"), *options]
        line = [sys.executable, "-m", "optical_repro.run", *asked, "--cache-dir", "cache"]
        environment = {name: value for name, value in os.environ.items() if name != "OPTICAL_LOG"} | {"OMP_NUM_THREADS": "1"}
        return subprocess.Popen(line, cwd=place, env=environment, stdout=-1, stderr=-1, text=True, start_new_session=True)

    def kills(self, count: int) -> str:
        """Kills a run at a random moment, the process group or its first process alone, and lets the same command end."""
        died = 0
        for number in range(count):
            place = self.folder / "killed"
            process = self.start(place)
            try:
                process.wait(self.chance.uniform(0, 1.1 * self.seconds))
            except subprocess.TimeoutExpired:
                (os.killpg if number % 2 else os.kill)(process.pid, signal.SIGKILL)
                died += 1
            process.communicate()
            if outlived := members(process.pid):
                self.faults.append(f"kill {number}: {', '.join(outlived)} lives on")
            self.must_end_well(self.start(place), f"kill {number}")
            self.must_be_right(place, f"kill {number}")
            shutil.rmtree(place)
        return f"   {died} died, the others had ended"

    def at_once(self, count: int) -> str:
        """Starts the command several times in one empty cache, each with results of its own."""
        place = self.folder / "crowd"
        options = [("--runs-dir", f"{number}/runs", "--qrels-dir", f"{number}/qrels") for number in range(count)]
        processes = [self.start(place, None, *given) for given in options]
        for number, process in enumerate(processes):
            self.must_end_well(process, f"at once {number}")
            if results(place / str(number)) != self.right:
                self.faults.append(f"at once {number}: other runs than undisturbed")
        os.replace(place / "cache", place / "0/cache")
        self.must_be_right(place / "0", "at once")
        shutil.rmtree(place)
        return ""

    def inputs(self, count: int) -> str:
        """Changes a file at random and reads it: one line, or a result; in this process's children, several a process for speed."""
        cases = self.folder / "cases"
        for number in range(count):
            mutated(self.folder / "small", cases / str(number), self.chance)
        read = subprocess.run([sys.executable, __file__, READ, str(cases)], capture_output=True, text=True, check=False)
        ends: Counter[str] = Counter()
        for number, line in enumerate(read.stdout.splitlines()):
            status, _, said = line.partition("\t")
            ends[status] += 1
            if status not in ("read", "refused") or len(said) > 1000:
                self.faults.append(f"input {number}: {status} {said[:200]}")
        if sum(ends.values()) != count:
            self.faults.append(f"inputs: the reader ended after {sum(ends.values())} of {count}: {read.stderr[-300:]}")
        return f"   {ends['refused']} refused in one line, {ends['read']} read"

    def must_end_well(self, process: subprocess.Popen[str], name: str) -> None:
        """The command ends with status 0 and no traceback."""
        out, error = process.communicate()
        if process.returncode or "Traceback" in out + error:
            self.faults.append(f"{name}: exit status {process.returncode}: {error.strip()[-300:]}")

    def must_be_right(self, place: Path, name: str) -> None:
        """The runs are the undisturbed ones, every stage is whole, and nothing lies about."""
        if results(place) != self.right:
            self.faults.append(f"{name}: other runs than undisturbed")
        if more := left(place) - self.names:
            self.faults.append(f"{name}: left over: {', '.join(sorted(more))}")
        torn = [str(record.parent) for record in place.glob("cache/*/*/stage.json") if damage(record.parent)]
        if torn:
            self.faults.append(f"{name}: not whole: {', '.join(torn)}")


def collection(folder: Path) -> None:
    """A part of the sample: passages, topics, judgements, parallel text, a lexicon."""
    folder.mkdir()
    topics = first("topics.yo.test.tsv", TOPICS)
    known = {line.split("\t")[0] for line in topics}
    grades = [line for line in first("qrels.yo.test.txt", 10_000) if line.split()[0] in known]
    judged = {line.split()[2] for line in grades}
    passages = sorted(first("corpus.jsonl", 10_000), key=lambda line: json.loads(line)["id"] not in judged)
    files = {"corpus.jsonl": passages[:PASSAGES], "topics.yo.test.tsv": topics, "qrels.yo.test.txt": grades}
    files |= {"bitext.tsv": first("bitext.yo-en.tsv", PAIRS), "lexicon.tsv": ["omi\twater\t3\n", "ilé\thouse\t2\n"]}
    for name, lines in files.items():
        (folder / name).write_text("".join(lines), encoding="utf-8")


def first(name: str, count: int) -> list[str]:
    """The first lines of a file of the sample."""
    return (sample.FOLDER / name).read_text(encoding="utf-8").splitlines(keepends=True)[:count]


def results(place: Path) -> dict[str, bytes]:
    """The runs and judgements under a folder, by name."""
    return {path.name: path.read_bytes() for pattern in ("runs/*/*.trec", "qrels/*.txt") for path in place.glob(pattern)}


def left(place: Path) -> set[str]:
    """All files under a folder but logs, what libraries keep, and Lucene's own, whose names differ from one index to the next."""
    kept = (path.relative_to(place) for path in place.rglob("*") if not path.is_dir())
    return {str(path) for path in kept if path.name != "log.txt" and not {"libraries", "lucene"} & {*path.parts[:-1]}}


def members(group: int) -> list[str]:
    """The processes of a group that still live, a second after: what they are."""
    time.sleep(1)
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state = path.read_text().rpartition(")")[2].split()
            if int(state[2]) == group and state[0] != "Z":
                found.append((path.parent / "cmdline").read_text().replace("\0", " ").strip())
        except OSError:
            continue
    return found


# ---- changed inputs

READ = "--read-cases"


def mutated(small: Path, case: Path, chance: random.Random) -> None:
    """Copies the collection and changes one of its files: bytes flipped, cut, doubled, thrown in; lines shuffled; packed and damaged."""
    shutil.copytree(small, case)
    path = case / chance.choice(["corpus.jsonl", "topics.yo.test.tsv", "qrels.yo.test.txt", "bitext.tsv", "lexicon.tsv"])
    data = bytearray(path.read_bytes())
    packed = chance.random() < 0.2
    if packed:
        data = bytearray(gzip.compress(bytes(data), mtime=0))
        path.unlink()
        path = path.with_name(f"{path.name}.gz")
    for _ in range(chance.choice([1, 1, 1, 5, 50])):
        place = chance.randrange(len(data) + 1)
        kind = chance.randrange(6)
        if kind == 0 and data:
            data[place % len(data)] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del data[place:]
        elif kind == 2:
            data[place:place] = chance.choice(STRANGE)
        elif kind == 3:
            data[place:place] = data[: chance.randrange(200)]
        elif kind == 4:
            lines = bytes(data).splitlines(keepends=True)
            chance.shuffle(lines)
            data = bytearray(b"".join(lines))
        else:
            data = bytearray(bytes(data).replace(*chance.choice(SWAPS)))
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
"""What is thrown in: bytes that are no UTF-8, a lone surrogate, control sequences, blanks that are not seen, numbers, depth, length."""

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
"""What is written in another's place, wherever it stands."""


def read_cases(folder: Path) -> Iterator[str]:
    """Reads each case as ``optical_repro.run`` does before it works: ``read``, ``refused`` with its line, or what was raised."""
    from optical_repro import collections
    from optical_repro.base.errors import InputError
    from optical_repro.bitext.readers import read_bitext
    from optical_repro.lexicon.lexicon import read_lexicon

    def there(case: Path, name: str) -> Path:
        return case / name if (case / name).exists() else case / f"{name}.gz"

    for case in sorted(folder.iterdir(), key=lambda path: int(path.name)):
        try:
            loaded = collections.load(str(case), "yo")
            for _ in loaded.passages():
                pass
            read_bitext([there(case, "bitext.tsv")], "yo")
            read_lexicon(there(case, "lexicon.tsv"), "yo")
        except InputError as error:
            said = str(error)
            yield f"refused\t{said}" if said.isprintable() else f"unprintable\t{said!r}"
        except Exception as error:
            yield f"{type(error).__name__}\t{' '.join(str(error).split())}"
        else:
            yield "read\t"


if __name__ == "__main__":
    if sys.argv[1:2] == [READ]:
        for end in read_cases(Path(sys.argv[2])):
            print(end, flush=True)
    else:
        sys.exit(main())
