"""The token vectors that late interaction keeps: added to by several processes at once, killed, damaged."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tiny
from tiny import PASSAGES

from optical_repro.collections.collection import Passage
from optical_repro.retrieval import late_interaction
from optical_repro.retrieval.late_interaction import TokenStore

CHILD = """
import json, sys
from optical_repro.collections.collection import Passage
from optical_repro.retrieval import late_interaction
late_interaction.SHARD = 4
passages = [Passage(*fields) for fields in json.load(sys.stdin)]
print("ready", flush=True)
late_interaction.TokenStore(__import__("pathlib").Path(sys.argv[1]), sys.argv[2]).add(passages)
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.encoder("bert", tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def right(model: Path, tmp_path_factory: pytest.TempPathFactory) -> TokenStore:
    """The store that one process makes, undisturbed."""
    return tiny.token_store(tmp_path_factory.mktemp("right"), model)


def child(folder: Path, model: Path, passages: list[Passage]) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", CHILD, str(folder), str(model)], stdin=-1, stdout=-1, stderr=-1, text=True)
    assert process.stdin is not None
    json.dump([[passage.id, passage.title, passage.text] for passage in passages], process.stdin)
    process.stdin.close()
    return process


def check(folder: Path, model: Path, right: TokenStore) -> None:
    store = TokenStore(folder, model)
    for passage in PASSAGES:
        assert np.array_equal(store[passage.id], right[passage.id])


def test_processes_that_add_to_one_store_at_once_all_end_right(model: Path, right: TokenStore, tmp_path: Path) -> None:
    parts = [PASSAGES[:45], PASSAGES[15:], PASSAGES[::-1]]
    children = [child(tmp_path / "store", model, part) for part in parts]
    assert [process.wait(timeout=120) for process in children] == [0, 0, 0], [
        process.stderr and process.stderr.read() for process in children
    ]
    check(tmp_path / "store", model, right)
    kept = [json.loads(path.read_text())["passages"] for path in (tmp_path / "store").glob("*.json")]
    assert sorted(document for shard in kept for document, _ in shard) == sorted(passage.id for passage in PASSAGES)
    assert {path.suffix for path in (tmp_path / "store").iterdir()} == {".npy", ".json"}


def test_a_killed_process_leaves_a_store_that_the_next_completes(model: Path, right: TokenStore, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    process = child(folder, model, PASSAGES)
    limit = time.monotonic() + 60
    while not list(folder.glob("*.npy")) and process.poll() is None:
        assert time.monotonic() < limit
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (folder / "0123456789abcdef.npy").touch()  # killed between a shard's two files
    (folder / ".0123456789abcdef.npy.99999999.part").touch()
    TokenStore(folder, model).add(PASSAGES)
    check(folder, model, right)
    assert {path.suffix for path in folder.iterdir()} == {".npy", ".json"}
    assert len(list(folder.glob("*.npy"))) == len(list(folder.glob("*.json")))


@pytest.mark.parametrize("kind", ["npy", "json"])
@pytest.mark.parametrize("how", ["flipped", "cut", "gone"])
def test_a_damaged_shard_is_noticed_and_made_again(
    model: Path, right: TokenStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kind: str, how: str
) -> None:
    monkeypatch.setattr(late_interaction, "SHARD", 20)
    TokenStore(tmp_path, model).add(PASSAGES)
    shard = sorted(tmp_path.glob(f"*.{kind}"))[1]
    content = bytearray(shard.read_bytes())
    if how == "flipped":
        content[-9] ^= 1
        shard.write_bytes(content)
    elif how == "cut":
        shard.write_bytes(content[:-1])
    else:
        shard.unlink()
    TokenStore(tmp_path, model).add(PASSAGES)
    check(tmp_path, model, right)
    assert len(list(tmp_path.glob("*.npy"))) == len(list(tmp_path.glob("*.json"))) == 3
    told = f"{shard.with_suffix('.npy')}: not as it was written; its passages are encoded again\n"
    assert capsys.readouterr().out == ("" if (kind, how) == ("json", "gone") else told)
