"""The page explains itself: terms, systems, and how its runs were made."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import pytest
from test_compare import make

from optical_repro.bitext.named import DESCRIBED
from optical_repro.collections import load
from optical_repro.compare import main
from optical_repro.evaluation.measures import MEANINGS, PRINTED
from optical_repro.evaluation.origins import parallel_text
from optical_repro.evaluation.tables import COMPARISON_HEADINGS
from optical_repro.experiment.systems import RETRIEVERS, meaning

COMMAND = "python -m optical_repro.run --lang yo --regime 'cs<bt'"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    make(tmp_path, "tiny.yo.test", seed=1)
    runs = tmp_path / "runs/tiny.yo.test"
    path = runs / "optical-cs.manifest.json"
    manifest = json.loads(path.read_text())
    manifest["collection"] |= {"source": "somewhere/tiny", "license": "CC <0>", "citation": "Doe & Roe, 2020"}
    manifest |= {"command": COMMAND, "seed": 7, "versions": {"optical_repro": "0.3.0", "torch": "2.0"}}
    manifest["settings"] = {"seed": 7, "bitext": ["pairs.tsv (1a2b3c4d)"]}
    path.write_text(json.dumps(manifest))
    (runs / "bm25-qt.manifest.json").write_text(json.dumps(manifest | {"versions": {"optical_repro": "0.3.0", "torch": "2.1"}}))
    (runs / "theirs.trec").write_text((runs / "bm25-qt.trec").read_text())
    return runs


def section(text: str, identifier: str) -> str:
    return re.search(rf'<section id="{identifier}">(.*?)</section>', text, re.DOTALL)[1]


def terms(text: str) -> dict[str, str]:
    return {unescape(term): unescape(told) for term, told in re.findall("<dt>(.*?)</dt><dd>(.*?)</dd>", text)}


def test_the_fold_explains_systems_measures_and_columns(folder: Path) -> None:
    assert main([str(folder)]) == 0
    guide = terms(section((folder / "report.html").read_text(), "guide"))
    for system in ("dense-qt", "dense-zs", "human", "optical-cs"):
        assert guide[system] == RETRIEVERS[system].meaning
    assert "theirs" not in guide
    assert {"MAP", "nDCG@10", "95 % interval", "p", "p adjusted", "effect size", "p Tukey HSD", "ceiling", "baseline"} <= set(guide)
    assert set(guide) >= {heading.replace("a - b", "a \u2212 b") for heading in COMPARISON_HEADINGS[2:]}
    assert "first 10 hits" in guide["P@10"]


def test_headings_and_names_have_tooltips(folder: Path) -> None:
    assert main([str(folder)]) == 0
    text = (folder / "report.html").read_text()
    table = section(text, "systems")
    assert all(re.search(rf'<button type="button" title="[^"]+">{name}</button>', table) for name in ("MAP", "P@5", "MRR@10"))
    assert f'<span title="{RETRIEVERS["dense-zs"].meaning}">dense-zs</span>' in table
    assert '<th scope="row">theirs</th>' in table
    assert 'title="Corrected:' in section(text, "comparisons")


def test_terms_that_a_report_has_no_use_for_are_not_explained(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name != "theirs.trec":
            path.unlink()
    assert main([str(folder)]) == 0
    text = (folder / "report.html").read_text()
    assert not {"ceiling", "baseline", "p adjusted", "1 \u2212 AER"} & set(terms(section(text, "guide")))
    assert '<section id="origin">' not in text


def test_the_page_says_how_its_runs_were_made(folder: Path) -> None:
    assert main([str(folder)]) == 0
    text = section((folder / "report.html").read_text(), "origin")
    told = terms(text)
    assert told["Command"] == f"<code>{COMMAND}</code>" and "cs&lt;bt" in text
    assert (told["Collection"], told["Its licence"], told["To cite"], told["Seed"]) == ("somewhere/tiny", "CC <0>", "Doe & Roe, 2020", "7")
    assert told["Parallel text"].startswith("pairs.tsv (1a2b3c4d)")
    assert told["Versions"] == "optical_repro 0.3.0"  # torch differs


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (None, "pairs.tsv (1a2b3c4d): licence not known"),
        ([], "pairs.tsv (1a2b3c4d): comes with the collection"),
        (["my/pairs.tsv"], "pairs.tsv (1a2b3c4d): licence not known: a file of yours"),
        (["lafand:dev"], f"pairs.tsv (1a2b3c4d): {DESCRIBED['lafand[:SPLIT]']}"),
        (["opus:CCAligned"], "pairs.tsv (1a2b3c4d): a corpus of OPUS"),
        (["one.tsv", "menyo20k"], "pairs.tsv (1a2b3c4d): licence not known: a file of yours"),
    ],
)
def test_the_page_says_whose_the_parallel_text_is(folder: Path, asked: list[str], expected: str) -> None:
    for path in folder.glob("*.manifest.json"):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"arguments": {"bitext": asked}}))
    assert main([str(folder)]) == 0
    assert terms(section((folder / "report.html").read_text(), "origin"))["Parallel text"].startswith(expected)


@pytest.mark.parametrize(
    ("asked", "known"),
    [
        (["ha:lafand:dev,mine.tsv", "sw:theirs.tsv"], f"{DESCRIBED['lafand[:SPLIT]']}; licence not known: a file of yours"),
        (["sw:theirs.tsv"], "licence not known"),
        (["odd"], "licence not known"),
        (None, "licence not known"),
    ],
)
def test_parallel_text_of_other_languages_has_its_licence_too(asked: list[str] | None, known: str) -> None:
    manifest = {"arguments": {"with": asked}, "settings": {"with": ["ha: lafand.tsv (1a2b), mine.tsv (3c4d)"]}}
    assert list(parallel_text(manifest)) == [("ha: lafand.tsv (1a2b), mine.tsv (3c4d)", known)]


def test_several_folders_are_told_each(folder: Path, tmp_path: Path) -> None:
    make(tmp_path, "tiny.sw.test", seed=2)
    second = Path("runs/tiny.sw.test/optical-cs.manifest.json")
    second.write_text(json.dumps(json.loads(second.read_text()) | {"command": "python -m optical_repro.run --lang sw"}))
    assert main([str(folder), "runs/tiny.sw.test"]) == 0
    text = section(Path("runs/across.html").read_text(), "origin")
    assert re.findall("<h3>(.*?)</h3>", text) == ["tiny.yo.test", "tiny.sw.test"] and "--lang sw" in text


def test_systems_in_plain_words() -> None:
    assert meaning("dense-qt") == RETRIEVERS["dense-qt"].meaning
    assert meaning("optical-cs-maxsim+bm25").startswith(RETRIEVERS["optical-cs"].meaning + "; MaxSim")
    assert meaning("optical-cs-after-mlm+bm25").endswith("fused with BM25 over the topics and their translations")
    assert meaning("theirs") == ""


def test_every_measure_has_a_meaning() -> None:
    assert set(MEANINGS) == set(PRINTED)


def test_people_read_minus_signs(folder: Path) -> None:
    assert main([str(folder)]) == 0
    text = (folder / "report.html").read_text()
    seen = re.sub(r"<(style|script)[^>]*>.*?</\1>", "", text, flags=re.DOTALL)
    seen = " ".join("".join(pair) for pair in re.findall(r'>([^<]+)<|(?:title|aria-label)="([^"]*)"', seen))
    assert not re.findall(r"(?<![^\s(])-[.\d]\S*", seen)
    assert "\u2212." in seen
    assert "\u2212" not in (folder / "report.md").read_text()


def test_topics_without_a_judgement_are_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in folder.glob("*.manifest.json"):
        manifest = json.loads(path.read_text())
        manifest["collection"]["left_out"] = 3
        path.write_text(json.dumps(manifest))
    assert main([str(folder)]) == 0
    note = "3 topics without a judgement left out"
    assert f"  {note}\n" in capsys.readouterr().out
    assert note in section((folder / "report.html").read_text(), "systems")
    assert note in json.loads((folder / "report.json").read_text())["notes"]


def test_a_collection_counts_its_topics_without_a_judgement(tmp_path: Path) -> None:
    files = {
        "corpus.jsonl": '{"id": "d1", "title": "", "text": "a house"}\n',
        "topics.yo.test.tsv": "q1\tilé ńlá\nq2\tọjà\nq3\tọmọ\n",
        "qrels.yo.test.txt": "q1 0 d1 1\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert load(str(tmp_path), "yo").left_out == 2
