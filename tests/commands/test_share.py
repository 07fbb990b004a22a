"""Model cards beside checkpoints, and students on a hub of the true API, served on 127.0.0.1."""

from __future__ import annotations

import base64
import errno
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
from conftest import Done
from huggingface_hub import ModelCard
from serve import serve

from optical_repro.base import files
from optical_repro.base.errors import InputError
from optical_repro.base.files import sha256
from optical_repro.base.trec import Run, read_qrels, read_run
from optical_repro.cards import card
from optical_repro.cards.sections import summary as summary_of
from optical_repro.collections import corpus
from optical_repro.collections.topics import read_topics
from optical_repro.encoders import models
from optical_repro.encoders.convention import Convention
from optical_repro.encoders.text_encoder import TextEncoder
from optical_repro.evaluation.metrics import evaluate
from optical_repro.share import push


def manifest(folder: Path, system: str) -> dict[str, Any]:
    return json.loads((folder / f"{system}.manifest.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def student(sample_run: Done) -> Path:
    """The student of optical-cs, trained by the run command, whose card that command wrote."""
    return Path(manifest(sample_run.runs, "optical-cs")["training"]["checkpoint"])


# Cards


def test_a_card_stands_beside_every_checkpoint(sample_run: Done) -> None:
    for regime in ("cs", "bt"):
        made = manifest(sample_run.runs, f"optical-{regime}")
        text = (Path(made["training"]["checkpoint"]) / "README.md").read_text(encoding="utf-8")
        assert text.startswith("---\n") and f"# optical-{regime} for Yorùbá" in text
        assert f"SHA-256 {made['training']['checkpoint_sha256']}" in text
        assert made["training"]["recipe"]["objective"] in text and "6 of 32 pairs" in text
        assert ", on 64 sentence pairs that training does not read |" in text
        assert "bitext.yo-en.tsv" in text and made["collection"]["citation"] in text
        assert ("| back-translated by | `lexical` |" in text) == (regime == "bt")
        assert "huang2023optical" in text and "encode_query" in text
        for private in (str(Path.home()) + "/", made["training"]["checkpoint"], f"{tempfile.gettempdir()}/"):
            assert private not in text


def test_an_untrained_student_is_not_called_distilled(sample_run: Done) -> None:
    made = manifest(sample_run.runs, "optical-cs")
    made["training"] |= {"recipe": None, "regime": "none"}
    summary = summary_of(made)
    assert "# optical-none for Yorùbá" in summary and "and not distilled;" in summary
    made["training"] |= {"regime": "cs", "pretrain": "mlm"}
    assert "# optical-cs-after-mlm for Yorùbá" in summary_of(made)


def test_the_hub_reads_languages_base_licence_and_scores(sample_run: Done, student: Path) -> None:
    found = ModelCard.load(student / "README.md")
    report = json.loads((sample_run.runs / "report.json").read_text(encoding="utf-8"))
    data = found.data
    assert data.language == ["en", "yo"]
    assert (data.base_model, data.license) == ("sentence-transformers/all-MiniLM-L6-v2", "apache-2.0")
    assert (data.library_name, data.pipeline_tag) == ("sentence-transformers", "sentence-similarity")
    assert {"cross-lingual-retrieval", "pyserini", "sentence-transformers"} <= set(data.tags)
    assert "ndcg_at_10" in data.metrics and data.datasets is None
    assert {(result.dataset_name, result.dataset_split) for result in data.eval_results} == {("sample.yo.test", "test")}
    scores = {result.metric_name: result.metric_value for result in data.eval_results}
    for system in ("optical-cs", "optical-cs+bm25"):
        for metric, heading in (("map", "MAP"), ("ndcg@10", "nDCG@10"), ("recall@100", "R@100")):
            assert scores[f"{heading} ({system})"] == pytest.approx(report["systems"][system][metric], abs=5e-5)
    assert not any("-bt" in name for name in scores)
    row = next(line for line in found.text.splitlines() if line.startswith("| **optical-cs** |"))
    assert f" {report['systems']['optical-cs']['map']:.3f} |" in row
    assert "| bm25 |" in found.text


def test_a_student_of_no_run_has_no_card(untrained: Path, sample_run: Done, tmp_path: Path) -> None:
    shutil.copytree(untrained, tmp_path / "other")
    with pytest.raises(InputError, match=r"other: no run under .* was made with it; give the folder of its runs with --runs-dir"):
        card.write(tmp_path / "other", tmp_path)


def test_two_runs_of_one_student_stand_in_one_card(sample_run: Done, student: Path, tmp_path: Path) -> None:
    for name in ("sample.yo.test", "sample.yo.dev"):
        shutil.copytree(sample_run.runs, tmp_path / "runs" / name)
    report = tmp_path / "runs/sample.yo.dev/report.json"
    report.write_text(report.read_text().replace("sample.yo.test", "sample.yo.dev"))
    shutil.copytree(student, tmp_path / "student")
    text = card.write(tmp_path / "student", tmp_path / "runs").read_text(encoding="utf-8")
    assert "## Scores: sample.yo.test" in text and "## Scores: sample.yo.dev" in text


def test_how_the_teacher_is_to_be_asked_stands_in_the_card(sample_run: Done, student: Path, teacher: Path, tmp_path: Path) -> None:
    models.link_with_convention(teacher, Convention("cls", "query: ", "passage: "), tmp_path / "e5")
    shutil.copytree(sample_run.runs, tmp_path / "runs/sample.yo.test")
    shutil.copytree(student, tmp_path / "student")
    for name, expected in ((str(tmp_path / "e5"), 'encode([...], prompt="passage: ")'), ("/no/longer/there", "encode_document([...])")):
        for path in (tmp_path / "runs/sample.yo.test").glob("optical-cs*.manifest.json"):
            made = json.loads(path.read_text(encoding="utf-8"))
            made["training"]["teacher"] = name
            path.write_text(json.dumps(made))
        text = card.write(tmp_path / "student", tmp_path / "runs").read_text(encoding="utf-8")
        assert f'SentenceTransformer("sentence-transformers/all-MiniLM-L6-v2").{expected}' in text
        assert 'SentenceTransformer("THIS MODEL").encode_query([...])' in text
        assert ('cls pooling, prefixes "query: " and "passage: "' in text) == (name != "/no/longer/there")


# What a card promises, and what its commands give


@dataclass(frozen=True)
class Promise:
    """A student of a small collection some of whose topics are misspelt, and its card."""

    collection: Path
    runs: Path
    cache: Path
    student: Path
    card: str

    def scores(self, run: Run) -> float:
        """The MAP of a run over the collection's topics, by ranx."""
        values = evaluate(read_qrels(self.collection / "qrels.yo.test.txt"), run)["map"].values()
        return sum(values) / len(values)

    def row(self, system: str) -> float:
        """The MAP that the card's row of a system says."""
        line = next(line for line in self.card.splitlines() if line.startswith(f"| **{system}** |"))
        return float(line.split("|")[2])


def run_small(collection: Path, place: Path, cache: Path, *arguments: str) -> str:
    """Runs optical-cs on a small collection; returns what the command said."""
    line = ["--lang", "yo", "--collection", str(collection), "--bitext", str(collection / "bitext.tsv"), "--steps", "2"]
    line += ["--systems", "optical-cs", "--cache-dir", str(cache), *arguments]
    done = subprocess.run([sys.executable, "-m", "optical_repro.run", *line], cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def promise(small: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Promise:
    place = tmp_path_factory.mktemp("promise")
    shutil.copytree(small, place / "misspelt")
    topics = place / "misspelt/topics.yo.test.tsv"
    # Six letters and more that end otherwise: no word of the parallel text, near to one that is.
    topics.write_text(re.sub(r"(\w{5,})\b(?=[ ?])", r"\1ng", topics.read_text("utf-8")), encoding="utf-8")
    run_small(place / "misspelt", place, cache)
    runs = place / "runs/misspelt.yo.test"
    found = Path(manifest(runs, "optical-cs")["training"]["checkpoint"])
    return Promise(place / "misspelt", runs, cache, found, (found / "README.md").read_text(encoding="utf-8"))


def test_the_row_of_the_model_alone_is_what_sentence_transformers_gives(promise: Promise) -> None:
    from sentence_transformers import SentenceTransformer

    topics = read_topics(promise.collection / "topics.yo.test.tsv")
    passages = list(corpus.passages(promise.collection / "corpus.jsonl"))
    asked = SentenceTransformer(str(promise.student), device="cpu").encode_query(list(topics.values()))
    found = SentenceTransformer(str(models.locate(models.EMBEDDED)), device="cpu").encode_document([passage.line for passage in passages])
    scores = asked @ found.T
    ids = [passage.id for passage in passages]
    run = {topic: dict(zip(ids, row.tolist(), strict=True)) for topic, row in zip(topics, scores, strict=True)}
    assert promise.row("optical-cs, topics as they are") == pytest.approx(promise.scores(run), abs=0.001)
    assert promise.row("optical-cs") == pytest.approx(promise.scores(read_run(promise.runs / "optical-cs.trec")), abs=0.001)
    assert abs(promise.row("optical-cs, topics as they are") - promise.row("optical-cs")) > 0.01


def test_the_commands_of_a_card_run_as_printed_and_give_its_rows(promise: Promise, tmp_path: Path) -> None:
    """Without a network, by the python on the PATH, whatever Java the machine has."""
    shutil.copy(promise.collection / "corpus.jsonl", tmp_path)
    shutil.copy(promise.collection / "topics.yo.test.tsv", tmp_path / "topics.tsv")
    shutil.copytree(promise.student, tmp_path / "THIS MODEL")
    blocks = re.findall(r"```sh\n(.*?)```", promise.card, flags=re.DOTALL)
    assert len(blocks) == 2
    again = "python -m" + blocks[0].split("python -m")[2].replace("topics.tsv", "respelled.tsv").replace("run.trec", "respelled.trec")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_") and name != "JAVA_HOME"}
    environment |= {
        "PATH": path,
        "HF_HOME": str(tmp_path / "home"),
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
    }
    script = "\n".join(["set -e", *blocks, again])
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert promise.row("optical-cs, topics as they are") == pytest.approx(promise.scores(read_run(tmp_path / "run.trec")), abs=0.001)
    assert promise.row("optical-cs") == pytest.approx(promise.scores(read_run(tmp_path / "respelled.trec")), abs=0.001)
    assert (tmp_path / "respelled.tsv").read_text() == (promise.runs / "optical-cs.topics.tsv").read_text()


def test_the_scores_of_the_model_alone_stand_first_for_the_hub(promise: Promise) -> None:
    first = ModelCard.load(promise.student / "README.md").data.eval_results[0]
    assert first.metric_name == "MAP (optical-cs, topics as they are)"
    assert first.metric_value == pytest.approx(promise.row("optical-cs, topics as they are"), abs=0.001)


def test_without_respelling_both_rows_are_one_and_no_lexicon_is_told_of(promise: Promise, tmp_path: Path) -> None:
    run_small(promise.collection, tmp_path, promise.cache, "--no-respelling")
    text = card.card(promise.student, card._evaluations(promise.student, tmp_path / "runs"))
    plain = replace(promise, card=text)
    assert plain.row("optical-cs, topics as they are") == plain.row("optical-cs") == promise.row("optical-cs, topics as they are")
    assert "respell" not in text and "lexicon.tsv" not in text


HOSTILE = 'CC\n---\nevil: yes\n# "No" <script>alert(1)</script> | [x](javascript:y) `tick` \x1b]0;t\x07'

SHOWN = 'CC --- evil: yes # "No" <script>alert(1)</script> | [x](javascript:y) `tick` ]0;t'


def test_licence_and_citation_are_shown_as_they_are(promise: Promise, tmp_path: Path) -> None:
    """What a collection says of itself is text: no markup, no page's code, no front matter."""
    shutil.copytree(promise.runs, tmp_path / "runs/misspelt.yo.test")
    for path in (tmp_path / "runs/misspelt.yo.test").glob("*.manifest.json"):
        made = json.loads(path.read_text(encoding="utf-8"))
        made["collection"] |= {"license": HOSTILE, "citation": f"```\n{HOSTILE}\n````\n---\n", "source": HOSTILE}
        path.write_text(json.dumps(made))
    report = tmp_path / "runs/misspelt.yo.test/report.json"
    report.write_text(json.dumps(json.loads(report.read_text(encoding="utf-8")) | {"name": HOSTILE, "split": HOSTILE}))
    shutil.copytree(promise.student, tmp_path / "student")
    text = card.write(tmp_path / "student", tmp_path / "runs").read_text(encoding="utf-8")
    assert "\x1b" not in text and "\x07" not in text
    found = ModelCard(text)
    assert "evil" not in found.data.to_dict() and found.data.license == "apache-2.0"
    assert {result.dataset_split for result in found.data.eval_results} == {
        " ".join(HOSTILE.replace("\x1b", " ").replace("\x07", " ").split())
    }
    fence, outside = "", []
    for line in found.text.splitlines():
        ticks = re.match("`{3,}", line)
        if ticks and not fence:
            fence = ticks[0]
        elif ticks and len(ticks[0]) >= len(fence) and line.strip("`") == "":
            fence = ""
        elif not fence:
            outside.append(line)
    assert not fence and "---" not in outside and not any(re.search(r"(?<!\\)<script|(?<!\\)\[x|(?<!\\)`tick", line) for line in outside)
    assert any(r"\<script\>" in line for line in outside)


def test_a_folder_that_cannot_be_written_into_has_its_card_beside_the_runs(
    promise: Promise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in a finished cache of somebody else's: the run ends well, and one line says where the card is."""
    shutil.copytree(promise.runs, tmp_path / "runs/misspelt.yo.test")

    @contextmanager
    def refused(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
        if path.is_relative_to(promise.student):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        with files.whole(path, mode) as file:
            yield file

    card.write_all(tmp_path / "runs/misspelt.yo.test")
    monkeypatch.setattr(card, "whole", refused)
    card.write_all(tmp_path / "runs/misspelt.yo.test")
    assert capsys.readouterr().out == ""  # The card is there, and says the same.
    shutil.copytree(promise.runs, tmp_path / "runs/other.yo.test")
    card.write_all(tmp_path / "runs/misspelt.yo.test")
    beside = tmp_path / "runs/misspelt.yo.test/optical-cs.README.md"
    assert capsys.readouterr().out == f"{promise.student} cannot be written into; its model card is {beside}\n"
    assert beside.read_text(encoding="utf-8").count("## Scores: ") == 2 and promise.card.count("## Scores: ") == 1


def test_a_damaged_manifest_of_others_is_a_line_and_no_end_of_a_run(
    promise: Promise, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(promise.runs, tmp_path / "runs/misspelt.yo.test")
    (tmp_path / "runs/other.yo.test").mkdir()
    other = tmp_path / "runs/other.yo.test/optical-x.manifest.json"
    other.write_text('{"training": {"checkpoint": 7}}')
    card.write_all(tmp_path / "runs/misspelt.yo.test")
    assert capsys.readouterr().out.startswith(f'no model card: {other}:1: no usable "training.checkpoint" in it; expected a manifest')


# The Hub


class Hub(SimpleHTTPRequestHandler):
    """What an upload asks of the Hub: the repository, the card's check, each file's way, large files, the commit; then a download."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        path = self.path.split("?")[0]
        root = Path(self.directory)
        if self.headers["Authorization"] != "Bearer hf_true":
            self.answer({"error": "Invalid credentials"}, 401)
        elif path == "/api/repos/create":
            wanted = json.loads(body)
            name = f"{wanted['organization']}/{wanted['name']}"
            (root / name).mkdir(parents=True, exist_ok=True)
            (root / "visibility").write_text(wanted.get("visibility", "public"))
            self.answer({"url": f"http://{self.headers['Host']}/{name}", "name": name})
        elif path == "/api/validate-yaml":
            assert json.loads(body)["content"].startswith("---\nbase_model: sentence-transformers/all-MiniLM-L6-v2\nlanguage:")
            self.answer({"errors": [], "warnings": []})
        elif path == "/api/models/us/student/preupload/main":
            ways = {True: "lfs", False: "regular"}
            files = json.loads(body)["files"]
            answers = [{"path": file["path"], "shouldIgnore": False} for file in files]
            for file in answers:
                file["uploadMode"] = ways[file["path"].endswith(".safetensors")]
            self.answer({"files": answers})
        elif path == "/us/student.git/info/lfs/objects/batch":
            objects = [
                {**wanted, "actions": {"upload": {"href": f"http://{self.headers['Host']}/store/{wanted['oid']}"}}}
                for wanted in json.loads(body)["objects"]
            ]
            self.answer({"transfer": "basic", "objects": objects})
        elif path == "/api/models/us/student/commit/main":
            self.commit(root, [json.loads(line) for line in body.splitlines()])
        else:
            self.answer({"error": path}, 404)

    def commit(self, root: Path, lines: list[dict[str, Any]]) -> None:
        assert lines[0]["key"] == "header" and lines[0]["value"]["summary"]
        for line in lines[1:]:
            target = root / "us/student" / line["value"]["path"]
            target.parent.mkdir(parents=True, exist_ok=True)
            if line["key"] == "file":
                target.write_bytes(base64.b64decode(line["value"]["content"]))
            else:
                shutil.copyfile(root / "store" / line["value"]["oid"], target)
        self.answer({"commitUrl": f"http://{self.headers['Host']}/us/student/commit/1", "commitOid": "1", "success": True})

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        target = Path(self.directory) / self.path.lstrip("/")
        assert hashlib.sha256(content).hexdigest() == target.name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(content)
        self.answer({})

    def answer(self, content: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def pyserini(place: Path, hub: str, token: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    environment |= {"HF_ENDPOINT": hub, "HF_TOKEN": token, "HF_HOME": str(place / "home"), "HF_HUB_DISABLE_XET": "1"}
    line = [sys.executable, "-m", "optical_repro.pyserini", *map(str, arguments)]
    return subprocess.run(line, cwd=place, env=environment, capture_output=True, text=True, check=False, timeout=300)


def test_a_student_is_pushed_with_its_card(sample_run: Done, student: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    with serve(there, Hub) as address:
        given = sample_run.runs / "optical-cs.manifest.json"
        done = pyserini(tmp_path, address, "hf_true", "push", given, "us/student", "--private", "--runs-dir", sample_run.runs.parent)
        assert (done.returncode, done.stdout) == (0, f"{address}/us/student holds it\n"), done.stderr
        refused = pyserini(tmp_path, address, "hf_false", "push", student, "us/student", "--runs-dir", sample_run.runs.parent)
    assert refused.returncode == 2
    assert refused.stderr == "error: us/student: the Hugging Face Hub refuses it (401); log in with hf auth login, or set HF_TOKEN\n"
    assert (there / "visibility").read_text() == "private"
    pushed = there / "us/student"
    names = {str(path.relative_to(pushed)) for path in pushed.rglob("*") if path.is_file()}
    assert {"README.md", "model.safetensors", "tokenizer.json", "modules.json", "1_Pooling/config.json", "training.json"} <= names
    assert "stage.json" not in names and "lexicon.tsv" in names
    told = (pushed / "README.md").read_text(encoding="utf-8")
    assert 'SentenceTransformer("us/student")' in told and "--encoder 'us/student'" in told and "THIS MODEL" not in told
    assert sha256(pushed / "model.safetensors") == sha256(student / "model.safetensors")
    texts = ["Ta ló ń ṣe òfin?", "the king"]
    assert np.array_equal(TextEncoder(pushed).encode(texts), TextEncoder(student).encode(texts))


def test_cards_are_written_anew_by_the_command(sample_run: Done, student: Path, tmp_path: Path) -> None:
    before = (student / "README.md").read_text(encoding="utf-8")
    (student / "README.md").unlink()
    done = pyserini(tmp_path, "http://127.0.0.1:9", "", "card", student, "--runs-dir", sample_run.runs.parent)
    assert (done.returncode, done.stdout) == (0, f"{student}/README.md written\n"), done.stderr
    assert (student / "README.md").read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("us/student", "us/student: the Hugging Face Hub cannot be reached"),
        ("not a name", "not a name: no name for the Hugging Face Hub; expected USER/NAME"),
    ],
)
def test_what_cannot_be_pushed(student: Path, monkeypatch: pytest.MonkeyPatch, name: str, told: str) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(InputError, match=told):
        push(student, name)
