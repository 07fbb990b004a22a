"""The compare command and the files it writes, on runs with a known best and a known worst."""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from optical_repro.base.trec import read_qrels, read_run, write_qrels, write_run
from optical_repro.collections import load
from optical_repro.compare import main
from optical_repro.evaluation.metrics import METRICS, order

STRENGTHS = {"human": 4.0, "optical-cs": 2.6, "optical-bt": 2.5, "dense-qt": 1.4, "bm25-qt": 1.35, "dense-zs": 0.2}
FORMATS = {"report.json", "report.csv", "report.topics.csv", "report.md", "report.tex", "report.html"}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the runs and qrels of two collections."""
    monkeypatch.chdir(tmp_path)
    make(tmp_path, "tiny.yo.test", seed=1)
    make(tmp_path, "tiny.v2.sw.dev", seed=2)
    return tmp_path


def make(place: Path, name: str, seed: int) -> None:
    """Runs whose relevant documents score higher the stronger the system is."""
    random = np.random.default_rng(seed)
    topics = {f"q{number}": f"ibéèrè {number} <b>" for number in range(50)}
    qrels = {topic: {f"d{document}": 1 + document % 2 for document in random.choice(200, 4, replace=False)} for topic in topics}
    write_qrels(place / "qrels" / f"{name}.txt", qrels)
    for system, strength in STRENGTHS.items():
        run = {
            topic: {f"d{document}": random.normal() + strength * (f"d{document}" in qrels[topic]) for document in range(200)}
            for topic in topics
        }
        write_run(place / "runs" / name / f"{system}.trec", run, system)
    manifest = {
        "collection": {"doc_lang": "en", "topics": topics, "human_topics": {topic: f"question {topic}" for topic in topics}},
        "training": {"log": [{"step": 10, "loss": 1.5}, {"step": 20, "loss": 0.9}]},
    }
    (place / "runs" / name / "optical-cs.manifest.json").write_text(json.dumps(manifest))


def test_report_json_keeps_the_contract(place: Path) -> None:
    assert main(["runs/tiny.yo.test"]) == 0
    report = json.loads((place / "runs/tiny.yo.test/report.json").read_text())
    assert list(report)[:8] == ["name", "lang", "doc_lang", "split", "topics", "metrics", "systems", "comparisons"]
    assert [report[key] for key in ("name", "lang", "doc_lang", "split", "topics")] == ["tiny.yo.test", "yo", "en", "test", 50]
    assert report["metrics"] == list(METRICS)
    assert set(report["systems"]) == set(STRENGTHS)
    assert all(list(means) == list(METRICS) for means in report["systems"].values())
    by_map = [means["map"] for means in report["systems"].values()]
    assert by_map == sorted(by_map, reverse=True)
    assert len(report["comparisons"]) == 15 * len(METRICS)
    for made in report["comparisons"]:
        assert list(made)[:9] == ["metric", "a", "b", "delta", "relative", "p", "p_adjusted", "test", "correction"]
        a, b = (report["systems"][made[side]][made["metric"]] for side in "ab")
        assert made["delta"] == pytest.approx(a - b)
        assert made["relative"] == pytest.approx((a - b) / b)
        assert 0 < made["p"] <= made["p_adjusted"] <= 1
        assert (made["test"], made["correction"]) == ("fisher", "holm")


def test_the_terminal_tells_the_table_what_is_significant_and_where_the_files_lie(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs/tiny.yo.test"]) == 0
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert lines[0] == "tiny.yo.test: 50 topics (yo), documents in en, 6 systems"
    assert [line.split()[0] for line in lines[3:9]] == list(json.loads(Path("runs/tiny.yo.test/report.json").read_text())["systems"])
    assert next(line for line in lines if line.startswith("human")).endswith("ceiling: people's translations")
    assert next(line for line in lines if line.startswith("dense-qt")).endswith("baseline")
    better = lines[lines.index("Better than dense-qt by MAP:") + 1 :][:2]
    assert [line.split()[0] for line in better] == sorted(["optical-cs", "optical-bt"], key=lambda name: out.index(f"\n{name}"))
    assert "dense-zs" in lines[lines.index("Worse than dense-qt by MAP:") + 1]
    assert "optical-cs does not differ significantly from optical-bt" in out
    assert all(place_ in out for place_ in ("runs/tiny.yo.test/report.html", "runs/tiny.yo.test/*.trec", "qrels/tiny.yo.test.txt"))


def test_a_baseline_makes_the_family_smaller(place: Path) -> None:
    assert main(["runs/tiny.yo.test", "--baseline", "dense-zs", "--test", "student", "--correction", "bonferroni"]) == 0
    comparisons = json.loads((place / "runs/tiny.yo.test/report.json").read_text())["comparisons"]
    by_map = [(made["a"], made["b"]) for made in comparisons if made["metric"] == "map"]
    asked = [("optical-cs", "optical-bt"), ("optical-cs", "dense-qt"), ("optical-bt", "dense-qt")]
    assert sorted(by_map) == sorted([*((name, "dense-zs") for name in STRENGTHS if name != "dense-zs"), *asked])
    for made in comparisons:
        assert made["p_adjusted"] == pytest.approx(min(1, len(by_map) * made["p"]))
        assert (made["test"], made["correction"]) == ("student", "bonferroni")


def test_identical_input_gives_identical_files(place: Path) -> None:
    folder = place / "runs/tiny.yo.test"
    assert main([str(folder)]) == 0
    first = {name: (folder / name).read_bytes() for name in FORMATS}
    assert main([str(folder)]) == 0
    assert {path.name for path in folder.iterdir() if path.name.startswith((".", "report"))} == FORMATS
    assert {name: (folder / name).read_bytes() for name in FORMATS} == first


def test_latex_and_markdown_mark_the_best_and_the_significant(place: Path) -> None:
    assert main(["runs/tiny.yo.test"]) == 0
    means = json.loads((place / "runs/tiny.yo.test/report.json").read_text())["systems"]
    best = max((name for name in means if name != "human"), key=lambda name: means[name]["map"])
    text = f"{means[best]['map']:.3f}".removeprefix("0")
    assert f"{best} & \\textbf{{{text}}}$^{{\\uparrow}}$" in (place / "runs/tiny.yo.test/report.tex").read_text()
    assert f"| `{best}` | **{text}** ▲ |" in (place / "runs/tiny.yo.test/report.md").read_text()
    assert "| `human` (ceiling) | **" not in (place / "runs/tiny.yo.test/report.md").read_text()


def test_what_reads_peoples_translations_is_out_of_competition(place: Path) -> None:
    runs = place / "runs/tiny.yo.test"
    for copy in ("human-maxsim", "human+bm25", "human-lexicon"):
        lines = (runs / "human.trec").read_text().replace(" human\n", f" {copy}\n")
        (runs / f"{copy}.trec").write_text(lines)
    assert main(["runs/tiny.yo.test"]) == 0
    report = (runs / "report.md").read_text()
    for copy in ("human-maxsim", "human+bm25", "human-lexicon"):
        assert f"| `{copy}` (ceiling) |" in report and f"| `{copy}` (ceiling) | **" not in report
        assert f"than {copy} (" not in report


def test_csv_holds_every_comparison(place: Path) -> None:
    assert main(["runs/tiny.yo.test"]) == 0
    with (place / "runs/tiny.yo.test/report.csv").open() as file:
        table = list(csv.DictReader(file))
    assert len(table) == 15 * len(METRICS)
    for row in table:
        assert float(row["low"]) <= float(row["delta"]) <= float(row["high"])
        assert int(row["wins"]) + int(row["ties"]) + int(row["losses"]) == 50


def test_every_format_tells_effect_sizes_and_tukeys_p(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = place / "runs/tiny.yo.test"
    assert main([str(folder)]) == 0
    made = json.loads((folder / "report.json").read_text())["comparisons"]
    found = next(one for one in made if (one["metric"], one["b"]) == ("map", "dense-qt") and one["a"].startswith("optical"))
    assert found["effect"] > 0.3 and 0 < found["tukey"] < 0.05
    size = f"+{found['effect']:.2f}".replace("+0.", "+.")
    assert f"d = {size}" in capsys.readouterr().out
    row = f"{found['wins']}/{found['ties']}/{found['losses']}", f"{found['tukey']:.4f}"
    for name, cells in {
        "md": (size, *row),
        "tex": (size, *row),
        "html": (size, *row),
        "csv": (repr(found["effect"]), repr(found["tukey"])),
    }.items():
        text = (folder / f"report.{name}").read_text()
        assert all(cell in text for cell in cells), name


def test_tukey_decides_where_it_is_asked_to(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs/tiny.yo.test", "--test", "tukey"]) == 0
    comparisons = json.loads((place / "runs/tiny.yo.test/report.json").read_text())["comparisons"]
    assert all(made["p"] == made["p_adjusted"] == made["tukey"] for made in comparisons)
    assert "(the randomized Tukey HSD test over 6 systems, p < .05)" in capsys.readouterr().out


def test_topics_that_make_the_difference_are_told_with_text_translation_and_hits(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = place / "runs/tiny.yo.test"
    assert main([str(folder)]) == 0
    changed = json.loads((folder / "report.json").read_text())["changes"]
    pair = next(one for one in changed if (one["a"], one["b"]) == ("optical-cs", "dense-qt"))
    run, qrels = read_run(folder / "optical-cs.trec"), read_qrels(place / "qrels/tiny.yo.test.txt")
    first = pair["gained"][0]
    number = first["topic"].removeprefix("q")
    assert (first["text"], first["translation"]) == (f"ibéèrè {number} <b>", f"question q{number}")
    assert [hit["id"] for hit in first["hits_a"]] == order(run[first["topic"]])[:10]
    assert all(hit["grade"] == qrels[first["topic"]].get(hit["id"], 0) for hit in first["hits_a"])
    with (folder / "report.topics.csv").open() as file:
        gains = [float(row["optical-cs"]) - float(row["dense-qt"]) for row in csv.DictReader(file) if row["metric"] == "map"]
    assert [one["ap_a"] - one["ap_b"] for one in pair["gained"]] == sorted(gains, reverse=True)[:5]
    assert [one["ap_a"] - one["ap_b"] for one in pair["lost"]] == [gain for gain in sorted(gains)[:5] if gain < 0] != []
    ticked = first["hits_a"][0]["id"] + (" ✓" if first["hits_a"][0]["grade"] else "")
    for text in (capsys.readouterr().out, (folder / "report.md").read_text().replace("\\<", "<").replace("\\>", ">")):
        assert f"ibéèrè {number} <b> (question {first['topic']})" in text and ticked in text


def test_a_foreign_run_is_compared_and_latex_is_escaped(place: Path) -> None:
    (place / "runs/tiny.yo.test/their_run 100%.trec").write_text("q1 Q0 d1 1 3.5 x\nq2 Q0 d2 7 -2e1 x\nunjudged Q0 d2 1 1 x\n")
    assert main(["runs/tiny.yo.test"]) == 0
    assert "their_run 100%" in json.loads((place / "runs/tiny.yo.test/report.json").read_text())["systems"]
    assert r"their\_run 100\% & .0" in (place / "runs/tiny.yo.test/report.tex").read_text()


@pytest.mark.parametrize("name", ["theirs.run", "theirs.trec.gz", "theirs.run.gz"])
def test_a_foreign_run_may_be_packed_and_be_named_as_is_usual(place: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = place / "runs/tiny.yo.test"
    text = (folder / "bm25-qt.trec").read_text()
    some = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("q7 ")).replace(" ", "\t")
    (folder / name).write_bytes(gzip.compress(some.encode()) if name.endswith("gz") else some.encode())
    assert main([str(folder), "--baseline", "theirs"]) == 0
    out = capsys.readouterr().out
    assert "Topics without hits, which score 0:\n  theirs: 1 of 50 topics" in out
    means = json.loads((folder / "report.json").read_text())["systems"]
    assert means["bm25-qt"]["map"] - 0.02 < means["theirs"]["map"] < means["bm25-qt"]["map"]


def test_a_single_run_has_a_table_and_nothing_to_compare(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = place / "runs/tiny.yo.test"
    for system in STRENGTHS.keys() - {"bm25-qt"}:
        (folder / f"{system}.trec").unlink()
    assert main([str(folder)]) == 0
    assert json.loads((folder / "report.json").read_text())["comparisons"] == []
    assert "significant" not in capsys.readouterr().out


def test_several_folders_are_reported_each_and_together(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runs/tiny.yo.test", "runs/tiny.v2.sw.dev"]) == 0
    out = capsys.readouterr().out
    assert "2 folders together: 100 topics (yo, sw), documents in en, 6 systems" in out
    each = [json.loads((place / "runs" / name / "report.json").read_text()) for name in ("tiny.yo.test", "tiny.v2.sw.dev")]
    assert (each[1]["name"], each[1]["lang"], each[1]["split"]) == ("tiny.v2.sw.dev", "sw", "dev")
    means = [report["systems"]["dense-qt"]["map"] for report in each]
    table = out[out.index("MAP by folder") :].splitlines()
    cells = next(line for line in table if line.startswith("dense-qt")).split()[1:]
    assert [float(cell) for cell in cells] == pytest.approx([*means, sum(means) / 2], abs=0.0006)
    assert out.rstrip().endswith("Report  runs/across.html (open it in a browser; also .json, .csv, .md, .tex)")


@pytest.fixture
def third(place: Path) -> Path:
    """One more folder, of the first one's collection, with a system that the others lack and without one that they have."""
    make(place, "tiny.ha.test", seed=3)
    folder = place / "runs/tiny.ha.test"
    (folder / "bm25-qt.trec").rename(folder / "theirs.trec")
    return folder


def test_folders_are_compared_in_every_format(place: Path, third: Path) -> None:
    folders = ["runs/tiny.yo.test", "runs/tiny.ha.test", "runs/tiny.v2.sw.dev"]
    assert main([*folders, "--out", "both"]) == 0
    assert {path.name for path in (place / "both").iterdir()} == {f"across.{suffix}" for suffix in ("json", "csv", "md", "tex", "html")}
    made = json.loads((place / "both/across.json").read_text())
    assert [report["name"] for report in made["folders"]] == ["tiny.yo.test", "tiny.ha.test", "tiny.v2.sw.dev"]
    assert [report["name"] for report in made["groups"]] == ["collection tiny"]
    assert (made["groups"][0]["topics"], made["together"]["topics"]) == (100, 150)
    assert set(made["together"]["systems"]) == set(STRENGTHS) - {"bm25-qt"}
    with (place / "both/across.csv").open() as file:
        lines = list(csv.DictReader(file))
    found = next(
        line
        for line in lines
        if (line["over"], line["metric"], line["b"]) == ("3 folders together", "map", "dense-qt") and "optical" in line["a"]
    )
    assert float(found["p_adjusted"]) < 0.05 and float(found["effect"]) > 0.3
    delta = f"+{float(found['delta']):.3f}".replace("+0.", "+.")
    markdown, latex, page = ((place / f"both/across.{suffix}").read_text() for suffix in ("md", "tex", "html"))
    assert f"| 3 folders together | `{found['a']}` | `dense-qt` | {delta} |" in markdown
    assert f"3 folders together & {found['a']} & dense-qt & {delta}$^{{\\uparrow}}$ &" in latex
    assert "theirs" in markdown and "theirs" in latex
    assert latex.count(r"\begin{table}") == latex.count(r"\end{table}") == latex.count(r"\toprule") == 4
    assert f"{found['a']} against dense-qt" in page and '<th scope="row">theirs</th>' in page
    assert next(line for line in markdown.splitlines() if line.startswith("| `theirs`")).count("|") == 7


def test_folders_without_a_system_in_common_stand_side_by_side(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (place / "runs/tiny.yo.test").glob("*.trec"):
        path.rename(path.with_name(f"other-{path.name}"))
    assert main(["runs/tiny.yo.test", "runs/tiny.v2.sw.dev"]) == 0
    assert "together" not in capsys.readouterr().out
    assert json.loads((place / "runs/across.json").read_text())["together"] is None
    page = (place / "runs/across.html").read_text()
    assert '<section id="folders">' in page and '<section id="browser">' not in page


def test_passages_come_from_the_collection_that_a_manifest_names(place: Path) -> None:
    collection, folder = place / "tiny", place / "runs/tiny.yo.test"
    collection.mkdir()
    passages = [{"id": f"d{number}", "title": f"Title {number}", "text": "words of it"} for number in range(200)]
    (collection / "corpus.jsonl").write_text("".join(json.dumps(passage) + "\n" for passage in passages))
    (collection / "topics.yo.test.tsv").write_text("".join(f"q{number}\tìbéèrè\n" for number in range(50)))
    (collection / "qrels.yo.test.txt").write_text((place / "qrels/tiny.yo.test.txt").read_text())
    manifest = json.loads((folder / "optical-cs.manifest.json").read_text())
    manifest["arguments"] = {"collection": str(collection)}
    manifest["collection"] |= {"source": "tiny", "digest": load(str(collection), "yo").digest}
    (folder / "optical-cs.manifest.json").write_text(json.dumps(manifest))
    assert main([str(folder)]) == 0
    report = (folder / "report.html").read_text()
    assert '"Title 7","words of it"' in report and "not at hand" not in report
    passages[7]["text"] = "words of another collection"
    (collection / "corpus.jsonl").write_text("".join(json.dumps(passage) + "\n" for passage in passages))
    for _ in "changed", "gone":
        assert main([str(folder)]) == 0
        report = (folder / "report.html").read_text()
        assert "Title 7" not in report and "The documents are not at hand" in report
        (collection / "corpus.jsonl").unlink(missing_ok=True)


def spoiled(place: Path, spoil: str) -> list[str]:
    """Breaks something; returns the command's arguments."""
    folder = place / "runs/tiny.yo.test"
    match spoil:
        case "no folder":
            return ["runs/none.yo.test"]
        case "no runs":
            (place / "runs/empty.yo.test").mkdir()
            return ["runs/empty.yo.test"]
        case "name":
            folder.rename(place / "runs/tiny")
            return ["runs/tiny"]
        case "no qrels":
            (place / "qrels/tiny.yo.test.txt").unlink()
        case "run line":
            (folder / "bad.trec").write_text("q1 Q0 d1 1 3.5 x\nq1 Q0 d2 2 high x\n")
        case "other topics":
            (folder / "bad.trec").write_text("z1 Q0 d1 1 3.5 x\n")
        case "twice":
            (folder / "bm25-qt.run").write_text("q1 Q0 d1 1 3.5 x\n")
        case "manifest":
            (folder / "bad.manifest.json").write_text('{\n"collection": }')
        case "list":
            (folder / "bad.manifest.json").write_text("[]")
        case "one name":
            (place / "other/tiny.yo.test").mkdir(parents=True)
            return ["runs/tiny.yo.test", "other/tiny.yo.test"]
        case "baseline":
            return ["runs/tiny.yo.test", "--baseline", "dense-tq"]
    return ["runs/tiny.yo.test"]


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        ("no folder", "runs/none.yo.test: no such folder"),
        ("no runs", "runs/empty.yo.test: no *.trec file in it"),
        ("name", "<collection>.<lang>.<split>"),
        ("no qrels", "qrels/tiny.yo.test.txt: no such file; name the folder that holds it with --qrels-dir"),
        ("run line", 'bad.trec:2: the score "high" is no finite number'),
        ("other topics", "bad.trec: its topics (z1, ...) are not judged in qrels/tiny.yo.test.txt"),
        ("twice", "bm25-qt.trec: bm25-qt.run is a run of bm25-qt too; rename one of them"),
        ("manifest", "bad.manifest.json:2: not JSON"),
        ("list", "bad.manifest.json:1: no object of JSON"),
        ("one name", "runs/tiny.yo.test and other/tiny.yo.test are both runs on tiny.yo.test, the same topics; put the runs"),
        ("baseline", 'unknown baseline "dense-tq"; did you mean dense-qt'),
    ],
)
def test_bad_input_is_told_in_one_line_and_writes_nothing(place: Path, capsys: pytest.CaptureFixture[str], spoil: str, told: str) -> None:
    assert main(spoiled(place, spoil)) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert not list(place.glob("runs/*/report.*"))


def test_help_teaches_at_once() -> None:
    """No library that takes its time to load is loaded for it."""
    command = [sys.executable, "-X", "importtime", "-m", "optical_repro.compare", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "optical_repro" in loaded and not loaded & {"torch", "transformers", "numpy", "scipy", "numba", "ranx", "pyserini", "matplotlib"}
    assert "examples:" in done.stdout


def test_a_linked_folder_of_runs_has_the_links_name(place: Path) -> None:
    """As where runs lie on a scratch disk."""
    (place / "runs/tiny.yo.test").rename(place / "scratch")
    (place / "runs/tiny.yo.test").symlink_to(place / "scratch")
    assert main(["runs/tiny.yo.test"]) == 0
    assert json.loads((place / "scratch/report.json").read_text())["name"] == "tiny.yo.test"
