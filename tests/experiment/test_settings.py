"""What the Python API is given: refused where it cannot be, as the command line refuses it, and before any work."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from optical_repro import api
from optical_repro.base.errors import InputError
from optical_repro.bitext.readers import Pair
from optical_repro.distill.objectives import OBJECTIVES
from optical_repro.distill.recipe import LEARNING, Recipe
from optical_repro.experiment.experiment import Experiment
from optical_repro.experiment.settings import Settings
from optical_repro.experiment.systems import System, choose, parse, parse_regimes
from optical_repro.lexicon.lexicon import Lexicon
from optical_repro.training_text import regimes
from optical_repro.training_text.code_switch import code_switched
from optical_repro.training_text.pairs import training_pairs
from optical_repro.training_text.pretraining import PRETRAINING
from optical_repro.training_text.pretraining_objective import PreTrainingText
from optical_repro.training_text.regimes import REGIMES


def refused(make: Callable[[], object], told: str) -> None:
    with pytest.raises(InputError, match=told) as error:
        make()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"learns": "typo"}, 'unknown --learns "typo"; known: all, embeddings, words'),
        ({"learns": "word"}, 'unknown --learns "word"; did you mean words'),
        ({"objective": "ot+poold"}, 'unknown objective "poold"; did you mean pooled'),
        ({"objective": ""}, 'unknown objective ""; known'),
        ({"objective": "none"}, 'unknown objective "none"'),
        ({"objective": "ot+ot"}, r"--objective ot\+ot: ot stands twice"),
        ({"objective": None}, 'unknown objective "None"'),
        ({"steps": 0}, "--steps 0: expected a number from 1"),
        ({"steps": -5}, "--steps -5: expected a number from 1"),
        ({"steps": 2.5}, r"--steps 2\.5: expected a number from 1"),
        ({"steps": True}, "--steps True: expected a number from 1"),
        ({"steps": "800"}, "--steps 800: expected a number"),
        ({"batch_size": 0}, "--batch-size 0: expected a number from 1"),
        ({"warmup": -0.1}, r"warmup -0\.1: expected a share of the steps, from 0 to 1"),
        ({"warmup": 1.5}, r"warmup 1\.5: expected a share"),
        ({"warmup": math.nan}, "warmup nan: expected a share"),
        ({"seed": -1}, "--seed -1: expected a number from 0 to 4294967295"),
        ({"seed": 2**32}, "--seed 4294967296: expected a number from 0"),
        ({"seed": "42"}, "--seed 42: expected a number from 0"),
        ({"seed": None}, "--seed None: expected a number from 0"),
    ],
)
def test_recipes_that_cannot_be(given: dict[str, Any], told: str) -> None:
    refused(lambda: Recipe(**given), told)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"pooling": "max"}, 'unknown --pooling "max"; did you mean mean'),
        ({"device": "gpu"}, 'unknown --device "gpu"; did you mean cpu'),
        ({"device": "tpu9"}, "unknown --device"),
        ({"bm25": (0.9,)}, r"--bm25 0\.9: expected k1, a number from 0, and b, from 0 to 1"),
        ({"bm25": (0.9, 1.5)}, r"--bm25 0\.9 1\.5: expected k1"),
        ({"bm25": (math.inf, 0.4)}, "--bm25 inf 0.4: expected k1"),
        ({"bm25": ("a", "b")}, "--bm25 .*: expected k1 and b, as a tuple"),
        ({"bm25": 0.9}, "--bm25 0.9: expected k1 and b, as a tuple"),
        ({"switch": 1.2}, r"--switch 1\.2: expected a probability from 0 to 1"),
        ({"switch": "0.5"}, r"--switch 0\.5: expected a probability"),
        ({"switch": True}, "--switch True: expected a probability"),
        ({"in_domain": 1}, "--in-domain 1: expected a share from 0 to below 1"),
        ({"in_domain": None}, "--in-domain None: expected a share"),
        ({"monolingual": 1}, "--monolingual 1: expected a share from 0 to below 1"),
        ({"monolingual": "0.5"}, r"--monolingual 0\.5: expected a share"),
        ({"in_domain_by": "owm"}, 'unknown --in-domain-by "owm"; did you mean own'),
        ({"in_domain_by": None}, 'unknown --in-domain-by "None"'),
        ({"lexicon": "x.tsv"}, "--lexicon 'x.tsv': expected files, as a tuple"),
        ({"lexicon": (3,)}, r"--lexicon \(3,\): expected files"),
        ({"bitext": Path("x.tsv")}, "--bitext .*: expected files, as a tuple"),
        ({"bitext": None}, "--bitext None: expected files"),
        ({"bitext_filter": "length"}, "--bitext-filter 'length': expected names, as a tuple"),
        ({"bitext_filter": ("lenght",)}, 'unknown filter of bitext "lenght"; did you mean length'),
        ({"prefixes": ("query: ",)}, "--prefixes .*: expected two texts"),
        ({"prefixes": "ab"}, "--prefixes 'ab': expected two texts, as a tuple"),
        ({"teacher": ""}, "--teacher '': expected a name or a folder"),
        ({"teacher": None}, "--teacher None: expected a name or a folder"),
        ({"student": 3}, "--student 3: expected a name or a folder"),
        ({"translator": None}, "--translator None: expected a name or a folder"),
        ({"recipe": "ot"}, "recipe 'ot': expected a Recipe"),
        ({"recipe": Recipe("mlm")}, 'unknown objective "mlm"'),
        ({"spelling": "no"}, "spelling 'no': expected True or False"),
        ({"lexical_init": 0}, "lexical_init 0: expected True or False"),
    ],
)
def test_settings_that_cannot_be(given: dict[str, Any], told: str) -> None:
    refused(lambda: Settings(**given), told)


def test_all_that_the_command_line_takes_is_taken() -> None:
    for learns in LEARNING:
        assert Recipe(learns=learns, warmup=0, steps=1, batch_size=1, seed=2**32 - 1).learns == learns
    for objective in (*OBJECTIVES, "ot+pooled", "scores+pooled+ot", *(name for name in PRETRAINING if name != "none")):
        assert Recipe(objective).objective == objective
    made = Settings(switch=1, in_domain=0, bm25=[0, 1], prefixes=["", "passage: "], device="cuda", pooling="cls")  # type: ignore[arg-type]
    assert (made.bm25, made.prefixes) == ((0, 1), ("", "passage: "))


def test_files_may_be_given_as_text_and_folders_as_paths() -> None:
    made = Settings(lexicon=("x.tsv",), bitext=["opus:CCAligned"], teacher=Path("a/b"), student=Path("c"))  # type: ignore[arg-type]
    assert made == Settings(lexicon=(Path("x.tsv"),), bitext=(Path("opus:CCAligned"),), teacher="a/b", student="c")


# Regimes, systems, objectives of pre-training


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("cs,all", ["bitext", "cs", "bt", "cs+bt", "none"]),
        ("all,bt", ["bitext", "cs", "bt", "cs+bt", "none"]),
        ("all", ["bitext", "cs", "bt", "cs+bt", "none"]),
        ("bt,cs,bt", ["bt", "cs"]),
        (("bt-en", "all"), ["bitext", "cs", "bt", "bt-en", "cs+bt", "none"]),
    ],
)
def test_all_among_others_means_all(text: Any, found: list[str]) -> None:
    assert parse_regimes(text) == found


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("code-switch", "cs"), ("codeswitch", "cs"), ("code_switching", "cs"), ("Code-Switched", "cs"), ("back-translation", "bt"),
        ("backtranslation", "bt"), ("authentic", "bitext"), ("parallel", "bitext"), ("zero-shot", "none"), ("bt+cs", r"cs\+bt"),
    ],
)  # fmt: skip
def test_what_people_call_a_regime_is_told(name: str, meant: str) -> None:
    for text in (name, f"bitext,{name}", f"all,{name}"):
        refused(lambda text=text: parse_regimes(text), rf'unknown regime "{name.replace("+", ".")}"; did you mean {meant}\?')  # type: ignore[misc]
    assert set(regimes.ALIASES.values()) == set(REGIMES)


@pytest.mark.parametrize("text", ["", "cs,,bt", ",", "cs,"])
def test_an_empty_name_is_no_regime(text: str) -> None:
    refused(lambda: parse_regimes(text), 'unknown regime ""; known: all, bitext, bt, bt-en, bt-phrase, cs, ')


@pytest.mark.parametrize(
    ("name", "retriever", "more"),
    [
        ("bm25-zs", "bm25-zs", {}),
        ("bm25+bm25", "bm25", {"fused": True}),
        ("x", "optical-typo", {}),
        ("bm25-qt-maxsim", "bm25-qt", {"maxsim": True}),
    ],
)
def test_there_is_no_system_of_another_name(name: str, retriever: str, more: dict[str, bool]) -> None:
    refused(lambda: System(name, retriever, **more), 'unknown system "')
    assert System("optical-cs+bm25", "optical-cs", fused=True) == parse("optical-cs+bm25")


def test_every_regime_and_objective_has_its_maker_and_no_other_has_one(small: Path, tmp_path: Path) -> None:
    pairs = [Pair("ọba gbé", "the king lives"), Pair("odò náà", "the river")]
    lexicon = Lexicon({"oba": {"king": 1.0}})
    experiment: Experiment = api.experiment(small, "yo", Settings(bitext=(small / "bitext.tsv",)), cache_dir=tmp_path / "cache")
    made = {name: training_pairs(name, pairs, experiment.text.languages[0]) for name in REGIMES}
    assert all(len(found) == len(pairs) for name, found in made.items() if name != "none") and made["none"] == []
    refused(lambda: training_pairs("typo", pairs, experiment.text.languages[0]), 'unknown regime "typo"')
    text = PreTrainingText(pairs, [], True, lambda texts: [pair[0] for pair in code_switched(texts, lexicon.reversed(), 1.0, 1)])
    for name, objective in PRETRAINING.items():
        assert bool(objective.texts(text)) == (name != "none")
    for name in ("typo", ""):
        refused(lambda name=name: experiment.text.pretraining_texts(name), "unknown --pretrain")  # type: ignore[misc]
    experiment = api.experiment(small, "yo", Settings(bitext=(small / "bitext.tsv",)), cache_dir=tmp_path / "empty")
    for make in (experiment.student, experiment.training_pairs):
        refused(lambda make=make: make("sc"), 'unknown regime "sc"; did you mean cs')  # type: ignore[misc]
    refused(lambda: experiment.student("cs", "mml"), 'unknown --pretrain "mml"; did you mean mlm')
    refused(lambda: experiment.students.pretrained("typo"), 'unknown --pretrain "typo"')
    assert not [path for path in (tmp_path / "empty").rglob("*") if path.is_file()]


def test_a_comparison_refuses_what_the_command_refuses(small: Path, tmp_path: Path) -> None:
    refused(lambda: api.experiment(small, "yo", {"steps": 3}), "expected Settings")  # type: ignore[arg-type]
    missing = Settings(bitext=(small / "bitext.tsv",), lexicon=("x.tsv",))  # type: ignore[arg-type]
    experiment = api.experiment(small, "yo", missing, cache_dir=tmp_path)
    for names, systems, told in (
        (["cs", "sc"], None, 'unknown regime "sc"; did you mean cs'),
        ("code-switch", None, 'unknown regime "code-switch"; did you mean cs'),
        ([""], None, 'unknown regime ""'),
        (["cs"], ["bm52"], 'unknown system "bm52"; did you mean bm25'),
        (["cs"], "bm25,optical-sc", 'unknown system "optical-sc"'),
        (["cs"], None, r"x\.tsv: no such file; check the path"),
    ):
        refused(lambda names=names, systems=systems: api.compare(experiment, names, systems, runs_dir=tmp_path), told)  # type: ignore[misc]
    refused(lambda: choose(None, ["cs"], experiment.collection, "typo"), 'unknown --pretrain "typo"')
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
