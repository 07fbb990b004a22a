"""Grids: the file, the runs of every cell, going on after a kill, and the report of what matters."""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from optical_repro import options
from optical_repro.base.errors import InputError
from optical_repro.base.files import sha256
from optical_repro.base.trec import read_qrels, read_run, write_qrels, write_run
from optical_repro.distill.recipe import Recipe
from optical_repro.evaluation.metrics import METRICS, evaluate
from optical_repro.evaluation.significance import compare
from optical_repro.grid import main
from optical_repro.grids.factor_tables import write_factors
from optical_repro.grids.factors import ALL, Factors, Trial, read_factors
from optical_repro.grids.file import read_grid
from optical_repro.run import main as run_main

# The report, on runs whose strength depends on one factor alone

STRENGTHS = {"cs": 1.0, "bt": 2.0}
COLLECTIONS = {"tiny.yo.test": 40, "tiny.sw.test": 30}


def write_trial(folder: Path, collection: str, seed: int, text: str, pretrain: str) -> Trial:
    topics, place = COLLECTIONS[collection], folder / f"seed-{seed}" / collection
    systems = {f"{text}-{pretrain}": STRENGTHS[text], "weak": 0.3, "strong": 1.0}
    for system, strength in systems.items():
        random = np.random.default_rng([seed, topics, *system.encode()])
        run = {f"q{topic}": {f"d{topic}.{n}": random.normal() + (n < 3) * strength for n in range(30)} for topic in range(topics)}
        write_run(place / f"{system}.trec", run, system)
    qrels = folder / f"{collection}.txt"
    write_qrels(qrels, {f"q{topic}": {f"d{topic}.{n}": 1 for n in range(3)} for topic in range(topics)})
    levels = {"training text": text, "pre-training": pretrain}
    baselines = {name: place / f"{name}.trec" for name in ("weak", "strong")}
    return Trial(collection, levels, seed, place / f"{text}-{pretrain}.trec", qrels, baselines)


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> list[Trial]:
    folder = tmp_path_factory.mktemp("trials")
    return [write_trial(folder, *cell) for cell in product(COLLECTIONS, (1, 2, 3), STRENGTHS, ("none", "mlm"))]


@pytest.fixture(scope="module")
def factors(trials: list[Trial]) -> Factors:
    return read_factors("tiny", trials)


def by_hand(trials: list[Trial], metric: str, **wanted: str) -> np.ndarray:
    """Mean scores of the trials with these levels or this collection: [topics]."""
    chosen = [t for t in trials if all(v in (t.collection, *t.levels.values()) for v in wanted.values())]
    return np.mean([list(evaluate(read_qrels(t.qrels), read_run(t.run))[metric].values()) for t in chosen], axis=0)


def test_means_and_deviations_are_over_the_seeds(factors: Factors, trials: list[Trial]) -> None:
    assert len(factors.settings) == 8 and {setting.seeds for setting in factors.settings} == {3}
    for setting in factors.settings:
        own = [trial for trial in trials if (trial.collection, trial.levels) == (setting.collection, setting.levels)]
        means = [by_hand([trial], "precision@5").mean() for trial in own]
        assert setting.mean["precision@5"] == pytest.approx(np.mean(means))
        assert setting.deviation["precision@5"] == pytest.approx(np.std(means, ddof=1))


def test_the_best_baseline_of_each_collection_is_compared_with(factors: Factors) -> None:
    assert factors.baselines == dict.fromkeys(COLLECTIONS, "strong")
    for setting in factors.settings:
        made = setting.comparisons["map"]
        assert made.b == "strong" and made.mean_a == pytest.approx(setting.mean["map"])
        assert made.significant == (setting.levels["training text"] == "bt")


def test_the_factor_that_matters_is_found_and_the_other_is_not(factors: Factors, trials: list[Trial]) -> None:
    for scope in (ALL, *COLLECTIONS):
        assert factors.spread(scope, "training text") > 0.1 > factors.spread(scope, "pre-training")
    for effect in factors.effects:
        if effect.comparison.metric == "map":
            assert effect.comparison.significant == (effect.factor == "training text")
    [made] = [e.comparison for e in factors.effects if (e.scope, e.factor, e.comparison.metric) == (ALL, "training text", "map")]
    cs, bt = (np.concatenate([by_hand(trials, "map", where=where, text=text) for where in COLLECTIONS]) for text in ("cs", "bt"))
    [expected] = compare({"cs": {"map": cs}, "bt": {"map": bt}}, [("cs", "bt")], correction="none")
    assert (made.delta, made.p) == (pytest.approx(expected.delta), pytest.approx(expected.p))


def test_p_is_holm_corrected_over_the_whole_grid(factors: Factors) -> None:
    families = [[setting.comparisons[metric] for setting in factors.settings] for metric in METRICS]
    families += [[effect.comparison for effect in factors.effects if effect.comparison.metric == metric] for metric in METRICS]
    for family in families:
        rising = sorted(made.p for made in family)
        adjusted = [min(1.0, max((len(rising) - rank) * rising[rank] for rank in range(place + 1))) for place in range(len(rising))]
        assert sorted(made.p_adjusted for made in family) == pytest.approx(adjusted)
    assert [len(family) for family in families] == [8] * len(METRICS) + [6] * len(METRICS)


def test_the_report_in_every_form(factors: Factors, tmp_path: Path) -> None:
    shown = write_factors(factors, tmp_path)
    text, markdown, whole = ((tmp_path / f"grid.{form}").read_text() for form in ("txt", "md", "json"))
    assert text in shown
    best = max(factors.settings, key=lambda setting: setting.mean["map"])
    number = f"{best.mean['map']:.3f} ± {best.deviation['map']:.3f}".replace("0.", ".")
    assert f"{number}+" in text and f"{number} ▲" in markdown
    assert "training text: bt" in text and "is better than cs" in text and "does not differ significantly from" in text
    data = json.loads(whole)
    assert [setting["mean"]["map"] for setting in data["settings"]] == [setting.mean["map"] for setting in factors.settings]
    assert len(data["factors"]) == 6 * len(METRICS) and data["topics"] == COLLECTIONS
    rows = list(csv.DictReader((tmp_path / "grid.csv").open()))
    assert [row["kind"] for row in rows] == ["setting"] * 8 * len(METRICS) + ["factor"] * 6 * len(METRICS)
    assert {row["training text"] for row in rows if row["kind"] == "setting"} == {"cs", "bt"}
    again = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write_factors(factors, tmp_path)
    assert again == {path.name: path.read_bytes() for path in tmp_path.iterdir()}


def test_a_grid_of_one_setting_and_one_seed(trials: list[Trial], tmp_path: Path) -> None:
    made = read_factors("one", trials[:1])
    assert made.effects == [] and made.settings[0].deviation["map"] == 0
    assert "Which factor" not in write_factors(made, tmp_path) and "±" not in (tmp_path / "grid.md").read_text()


# The file


GRID = """
languages: {{yo: {{collection: {small}, bitext: [{small}/bitext.tsv]}}}}
regimes: [cs]
objectives: [ot+pooled]
pretrain: [none, cs-mlm]
seeds: [42]
arguments: {{steps: 4}}
"""


def test_the_example_is_a_grid() -> None:
    grid = read_grid(Path(__file__).parents[2] / "grids/sample.yaml", Path("runs"), None)
    assert len(grid.cells) == 24 and {cell.lang for cell in grid.cells} == {"yo", "sw"}
    assert {cell.system for cell in grid.cells} == {"optical-cs", "optical-bt", "optical-cs-after-mlm", "optical-bt-after-mlm"}


def test_the_ablation_takes_one_ingredient_away_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPTICAL_DATA", "/data")
    grid = read_grid(Path(__file__).parents[2] / "grids/ablation.yaml", Path("runs"), None)
    variants = list(dict.fromkeys(cell.variant for cell in grid.cells))
    assert len(grid.cells) == 3 * 3 * len(variants) and {cell.lang for cell in grid.cells} == {"yo", "ha", "sw"}
    of_one = {cell.variant: vars(cell.namespace()) for cell in grid.cells if (cell.lang, cell.seed) == ("ha", 1)}
    whole = of_one.pop(variants[0])
    changed = {variant: {name for name in given if given[name] != whole[name]} - {"runs_dir"} for variant, given in of_one.items()}
    assert changed.pop("no-lexical-init") == {"no_lexical_init", "learns"}  # Without new words, something else has to learn.
    assert [len(names) for names in changed.values()] == [1] * (len(variants) - 2)
    assert len({given["runs_dir"] for given in (whole, *of_one.values())}) == len(variants)
    assert whole["objective"] == Recipe().objective
    assert grid.cells[0].levels == {"training text": "bitext", "variant": "whole", "pre-training": "none"}


def test_students_of_several_languages_are_the_same_in_the_runs_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same languages with the same files: one student; without them the variant is bilingual."""
    monkeypatch.setenv("OPTICAL_DATA", "/data")
    cells = read_grid(Path(__file__).parents[2] / "grids/multilingual.yaml", Path("runs"), None).cells
    texts: dict[str, list[dict[str, tuple[Path, ...]]]] = {}
    for cell in cells:
        settings, _, _ = options.read(cell.namespace())
        texts.setdefault(cell.variant, []).append({cell.lang: settings.bitext} | dict(settings.beside))
    assert all(set(text) == {"ha", "sw", "yo"} and text == texts["three-languages"][0] for text in texts["three-languages"])
    assert all(len(text) == 1 for text in texts["bilingual"])


def test_what_is_tried_on_test_topics_is_tried_on_tuning_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same students: only the split differs, and where the runs go."""
    monkeypatch.setenv("OPTICAL_DATA", "/data")
    students = {}
    for name in ("ablation", "variants", "tuning"):
        cells = read_grid(Path(__file__).parents[2] / f"grids/{name}.yaml", Path("runs"), None).cells
        of_one = {cell.variant: vars(cell.namespace()) for cell in cells if (cell.lang, cell.seed) == ("ha", 1)}
        students[name] = {variant: given | {"split": None} for variant, given in of_one.items()}
    assert students["tuning"] == students["ablation"] | students["variants"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("languages: [yo]\nregimes: [cs]\nvariants: [a]\n", "variants is .* expected in place of objectives: names"),
        ("languages: [yo]\nregimes: [cs]\nvariants: {../a: {}}\n", "names being letters, digits"),
        ("languages: [yo]\nregimes: [cs]\nvariants: {a: {seed: 1}}\n", 'unknown argument "seed"'),
        ("languages: [yo]\nregimes: [cs]\nvariants: {a: {}}\nobjectives: [ot]\n", "objectives beside variants"),
        ("languages: [yo]\n", 'no "regimes"; expected where the training text'),
        ("languages: [yo\nregimes: [cs]\n", r"grid\.yaml:2: .*; expected YAML"),
        ("just words\n", "no keys in it; expected languages"),
        ("languages: [yo]\nregime: [cs]\n", 'unknown key "regime"; did you mean regimes'),
        ("languages: [no]\nregimes: [cs]\n", "languages is .False."),
        ("languages: {no: {}}\nregimes: [cs]\n", "YAML reads no as false"),
        ("languages: [yo]\nregimes: cs\n", "regimes is 'cs'; expected a list"),
        ("languages: [yo]\nregimes: [sc]\n", 'unknown regime "sc"'),
        ("languages: [yo]\nregimes: [cs]\npretrain: [lm]\n", 'unknown pre-training "lm"; did you mean'),
        ("languages: [yo]\nregimes: [cs]\nobjectives: [tot]\n", 'unknown objective "tot"'),
        ("languages: [yo]\nregimes: [cs]\nseeds: [one]\n", "seed one: expected a whole number"),
        ("languages: [yo]\nregimes: [cs]\nbaselines: [bm52]\n", 'unknown system "bm52"'),
        ("languages: [yo]\nregimes: [cs]\narguments: {stepz: 1}\n", 'unknown argument "stepz"; did you mean steps'),
        ("languages: [yo]\nregimes: [cs]\narguments: {seed: 1}\n", 'unknown argument "seed"'),
        ("languages: [yo]\nregimes: [cs]\narguments: {steps: many}\n", "argument --steps: invalid int value: 'many'"),
        ("languages: [yo]\nregimes: [cs]\narguments: {no-lexical-init: 1}\n", "expected true or false"),
    ],
)
def test_files_that_are_no_grid(tmp_path: Path, text: str, wrong: str) -> None:
    (tmp_path / "grid.yaml").write_text(text)
    with pytest.raises(InputError, match=wrong) as raised:
        read_grid(tmp_path / "grid.yaml", tmp_path, None)
    assert "\n" not in str(raised.value)


def test_a_missing_file_ends_with_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.yaml")]) == 2
    assert capsys.readouterr().err == f"error: {tmp_path}/none.yaml: no such file; check the path\n"


def test_variables_and_switches_in_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_DATA", "/some/where")
    text = (
        "languages: {yo: {bitext: [$MY_DATA/a.tsv, b.tsv], switch: 0.7}}\nregimes: [cs]\narguments: {no-lexical-init: true, switch: 0.1}\n"
    )
    (tmp_path / "grid.yaml").write_text(text)
    [cell] = read_grid(tmp_path / "grid.yaml", tmp_path, None).cells
    parsed = cell.namespace()
    assert (parsed.bitext, parsed.switch, parsed.no_lexical_init) == ([Path("/some/where/a.tsv"), Path("b.tsv")], 0.7, True)


# From end to end


def test_a_killed_grid_goes_on_and_its_commands_make_its_runs(
    small: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "two.yaml"
    # Steps of its own: another test may have left the students of GRID in this cache.
    file.write_text(GRID.format(small=small).replace("steps: 4", "steps: 3"))
    given = [str(file), "--runs-dir", str(tmp_path / "runs"), "--cache-dir", str(cache)]
    first = tmp_path / "runs/ot+pooled/seed-42/small.yo.test/optical-cs.manifest.json"
    process = subprocess.Popen([sys.executable, "-m", "optical_repro.grid", *given], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    limit = time.monotonic() + 600
    while not first.exists():
        assert process.poll() is None and time.monotonic() < limit
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "runs/grid.json").exists()

    assert main(given) == 0
    out = capsys.readouterr().out.splitlines()
    lines = [line for line in out if not line.endswith("...")]
    assert lines[0].startswith("two: 2 cells") and len(out) - len(lines) == 2  # a line as each cell begins
    assert lines[2].split() == ["1/2", "yo", "optical-cs", "ot+pooled", "seed", "42", "kept", "from", "before"]
    assert lines[3].split()[:3] == ["2/2", "yo", "optical-cs-after-cs-mlm"] and "kept" not in lines[3]
    report = json.loads((tmp_path / "runs/grid.json").read_text())
    assert [setting["levels"]["pre-training"] for setting in report["settings"]].count("cs-mlm") == 1
    assert report["baselines"].keys() == report["topics"].keys() == {"small.yo.test"}

    for system in ("optical-cs", "optical-cs-after-cs-mlm"):
        manifest = json.loads(first.with_name(f"{system}.manifest.json").read_text())
        assert f"**{system}**" in (Path(manifest["training"]["checkpoint"]) / "README.md").read_text()

    assert main([*given, "--dry-run"]) == 0
    command = shlex.split(capsys.readouterr().out.splitlines()[1])
    assert command[:3] == ["python", "-m", "optical_repro.run"]
    elsewhere = [*command[3:], "--runs-dir", str(tmp_path / "again")]
    assert run_main(elsewhere) == 0
    run = "small.yo.test/optical-cs-after-cs-mlm.trec"
    assert sha256(tmp_path / "again" / run) == sha256(tmp_path / "runs/ot+pooled/seed-42" / run)


def test_variants_are_compared_with_each_other(small: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "two.yaml").write_text(
        GRID.format(small=small).replace(
            "objectives: [ot+pooled]\npretrain: [none, cs-mlm]", "variants: {whole: {}, read-as-they-are: {no-respelling: true}}"
        )
    )
    assert main([str(tmp_path / "two.yaml"), "--runs-dir", str(tmp_path / "runs"), "--cache-dir", str(cache)]) == 0
    assert "read-as-they-are" in capsys.readouterr().out
    report = json.loads((tmp_path / "runs/grid.json").read_text())
    assert {setting["levels"]["variant"] for setting in report["settings"]} == {"whole", "read-as-they-are"}
    assert {effect["factor"] for effect in report["factors"]} == {"variant"}
    assert (tmp_path / "runs/read-as-they-are/seed-42/small.yo.test/report.html").exists()


# In parts, and with late interaction


def test_the_grids_of_transport_have_the_same_seeds_in_three_languages_and_the_tuning_grid_no_test_topics(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPTICAL_DATA", "/data")
    folder = Path(__file__).parents[2] / "grids"
    for name in ("transport", "transport-bare"):
        cells = read_grid(folder / f"{name}.yaml", Path("runs"), None).cells
        assert {(cell.lang, cell.seed) for cell in cells} == set(product(("yo", "ha", "sw"), (1, 2, 3)))
        assert {cell.namespace().no_lexical_init for cell in cells} == {name == "transport-bare"}
        assert {"pooled", "ot", "ot+pooled"} < {cell.variant for cell in cells}
    tuning = [cell.namespace() for cell in read_grid(folder / "transport-tuning.yaml", Path("runs"), None).cells]
    assert {(given.lang, given.split) for given in tuning} == {("yo", "train"), ("ha", "dev")}


def test_with_maxsim_students_and_dense_baselines_have_late_interaction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPTICAL_DATA", "/data")
    file = Path(__file__).parents[2] / "grids/transport.yaml"
    one, other = (read_grid(file, Path("runs"), None, maxsim) for maxsim in (False, True))
    assert (one.baselines, other.baselines) == (["bm25-qt", "dense-qt"], ["bm25-qt", "dense-qt-maxsim"])
    assert {cell.system for cell in one.cells} == {"optical-bitext"} and {cell.system for cell in other.cells} == {"optical-bitext-maxsim"}
    assert other.cells[0].namespace().systems == "bm25-qt,dense-qt-maxsim,optical-bitext-maxsim"
    same = [vars(cells.namespace()) | {"systems": None} for grid in (one, other) for cells in grid.cells]
    assert same[: len(one.cells)] == same[len(one.cells) :]


def test_a_grid_in_parts_reports_only_as_a_whole(
    small: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = GRID.format(small=small).replace("pretrain: [none, cs-mlm]", "pretrain: [none]").replace("seeds: [42]", "seeds: [1, 2]")
    (tmp_path / "two.yaml").write_text(text)
    given = ["two.yaml", "--cache-dir", str(cache)]
    for seed in (2, 1):
        assert main([*given, "--lang", "yo", "--seed", str(seed), "--variant", "ot+pooled"]) == 0
        out = capsys.readouterr().out
        assert out.startswith("two: 1 cells") and len(re.findall(r"^   1/1  .*  \.\.\.$", out, re.MULTILINE)) == 1
        assert "no report: the same command without --lang, --seed and --variant writes it" in out
    assert not list(tmp_path.glob("runs/grids/two/grid.*"))
    assert main(given) == 0
    assert capsys.readouterr().out.count("kept from before") == 2
    assert main([*given, "--maxsim"]) == 0
    reports = [json.loads((tmp_path / f"runs/grids/{name}/grid.json").read_text()) for name in ("two", "two-maxsim")]
    assert [report["settings"][0]["seeds"] for report in reports] == [2, 2]
    for seed, suffix in product((1, 2), ("", "-maxsim")):
        assert (tmp_path / f"runs/grids/two{suffix}/ot+pooled/seed-{seed}/small.yo.test/optical-cs{suffix}.trec").exists()


def test_a_part_that_a_grid_does_not_have_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "grid.yaml").write_text("languages: [yo]\nregimes: [cs]\nseeds: [1]\n")
    assert main([str(tmp_path / "grid.yaml"), "--lang", "ha", "--seed", "1"]) == 2
    assert capsys.readouterr().err.startswith("error: --lang ha --seed 1: grid has no such cell; it has yo  optical-cs")
    assert main([str(tmp_path / "grid.yaml"), "--variant", "ot"]) == 2
    assert capsys.readouterr().err.startswith("error: --variant ot: grid has no such cell; it has yo  optical-cs")
