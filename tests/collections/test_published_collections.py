"""Every published collection from a served copy through `python -m optical_repro.run` to a report, in the three directions."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import test_hub_collections as hub
import test_ir_datasets as ir
import tiny
from test_clef import folder as clef_folder  # noqa: F401  (fixtures)
from test_experiment import assert_cosines
from test_hub_collections import served  # noqa: F401
from test_ir_datasets import Publisher, publish  # noqa: F401

from optical_repro import collections, run
from optical_repro.bitext.readers import Pair
from optical_repro.encoders.text_encoder import TextEncoder


@dataclass(frozen=True)
class Hosts:
    """Where published files are served."""

    publish: Publisher
    hub: Path
    clef: Path
    home: Path
    patch: pytest.MonkeyPatch


@pytest.fixture
def hosts(publish: Publisher, served: Path, clef_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hosts:  # noqa: F811
    monkeypatch.setenv("OPTICAL_CLEF", "")
    return Hosts(publish, served, clef_folder, tmp_path / "home", monkeypatch)


@pytest.fixture(scope="module")
def small_teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.encoder("bert", tmp_path_factory.mktemp("teacher"))


def serve_hc4(hosts: Hosts) -> None:
    hosts.publish("hc4", ir.hc4())
    ir.put_hc4_documents(hosts.home, ir.news("d-1", "روز"), ir.news("d-2", "شب"))


def serve_afriqa_full(hosts: Hosts) -> None:
    hub.put_afriqa(hosts.hub)
    hub.put_afriqa_dump(hosts.hub)


SERVED: dict[str, tuple[str, str, str, Callable[[Hosts], None]]] = {
    "miracl": ("yo", "yo", "yo", lambda hosts: hosts.publish("miracl", ir.miracl([ir.PASSAGES]))),
    "mr-tydi": ("sw", "sw", "sw", lambda hosts: hosts.publish("mr-tydi", ir.mr_tydi())),
    "clirmatrix": ("yo", "yo", "en", lambda hosts: hosts.publish("clirmatrix", ir.clirmatrix(hosts.publish))),
    "wikiclir": ("sw", "en", "sw", lambda hosts: hosts.publish("wikiclir", ir.wikiclir())),
    "hc4": ("fa", "en", "fa", serve_hc4),
    "neuclir": ("fa", "en", "fa", lambda hosts: hosts.publish("neuclir", ir.neuclir())),
    "mmarco": ("pt", "pt", "pt", lambda hosts: hosts.publish("mmarco", ir.mmarco())),
    "ciral": ("yo", "en", "yo", lambda hosts: hub.put_ciral(hosts.hub)),
    "africlirmatrix": ("yo", "en", "yo", lambda hosts: hub.put_africlirmatrix(hosts.hub)),
    "afriqa": ("ha", "ha", "en", lambda hosts: hub.put_afriqa(hosts.hub)),
    "afriqa-full": ("ha", "ha", "en", serve_afriqa_full),
    "clef": ("sw", "sw", "en", lambda hosts: hosts.patch.setenv("OPTICAL_CLEF", str(hosts.clef))),
}
"""Name, language, that of its topics, that of its documents, and what serves a copy."""

STUDENTS = ("clirmatrix", "ciral", "miracl")
"""A collection of each direction, on which a student is trained too."""


def test_none_is_left_out() -> None:
    assert set(SERVED) == set(collections.SOURCES) - {"sample"}
    assert {SERVED[name][1:3] for name in STUDENTS} == {("yo", "en"), ("en", "yo"), ("yo", "yo")}


@pytest.mark.parametrize("name", SERVED)
def test_from_a_served_copy_to_a_report(
    hosts: Hosts, small_teacher: Path, pairs: list[Pair], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    lang, topics, documents, serve_it = SERVED[name]
    serve_it(hosts)
    monkeypatch.setattr(run, "compile_metrics_beside", lambda: subprocess.Popen(["true"]))  # They are compiled here already.
    where = [option for kind in ("runs", "qrels", "cache") for option in (f"--{kind}-dir", str(tmp_path / "out" / kind))]
    what = ["--lang", lang, "--collection", name, "--teacher", str(small_teacher), "--systems", "bm25,dense-zs"]
    if name in STUDENTS:
        bitext = tmp_path / "bitext.tsv"
        bitext.write_text("".join(f"{pair.target}\t{pair.english}\n" for pair in pairs[:80]), encoding="utf-8")
        what = [*what[:-1], f"{what[-1]},optical-cs", "--bitext", str(bitext), "--steps", "2"]
    assert run.main([*what, *where]) == 0

    collection = collections.load(name, lang)
    made = tmp_path / "out/runs" / collection.name
    report = json.loads((made / "report.json").read_text(encoding="utf-8"))
    assert {lang} <= {collection.lang, documents}
    assert (report["lang"], report["doc_lang"], report["topics"]) == (collection.lang, documents, len(collection.topics))
    assert (collection.lang, collection.doc_lang) == (topics, documents)
    assert report["systems"]["dense-zs"]["mrr@10"] > 0
    manifest = json.loads((made / "dense-zs.manifest.json").read_text(encoding="utf-8"))
    assert manifest["collection"]["citation"] == collections.SOURCES[name].citation
    if name in STUDENTS:
        training = json.loads((made / "optical-cs.manifest.json").read_text(encoding="utf-8"))["training"]
        student, teacher = TextEncoder(training["checkpoint"]), TextEncoder(small_teacher)
        assert_cosines(made / "optical-cs", collection, *(teacher if side == "en" else student for side in (topics, documents)))
