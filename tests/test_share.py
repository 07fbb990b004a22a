"""Model cards beside checkpoints, and students on a hub of the true API, served on 127.0.0.1."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Done
from huggingface_hub import ModelCard
from serve import serve

from optical_repro import card, models
from optical_repro.convention import Convention
from optical_repro.errors import InputError
from optical_repro.files import sha256
from optical_repro.retrieval.text_encoder import TextEncoder
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
        assert text.startswith("---\n") and f"# optical-{regime} for Yoruba" in text
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
    summary = card._summary(made)
    assert "# optical-none for Yoruba" in summary and "and not distilled;" in summary
    made["training"] |= {"regime": "cs", "pretrain": "mlm"}
    assert "# optical-cs-after-mlm for Yoruba" in card._summary(made)


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
    models.adopt(teacher, Convention("cls", "query: ", "passage: "), tmp_path / "e5")
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
    assert "stage.json" not in names
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
