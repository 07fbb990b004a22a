"""All options of the commands, each defined once: its name, help, default, and keywords for argparse.

The command line, grids and the tables of REPRODUCE.md use them. `Settings` and `Recipe` check the values, so that notebooks get the
same errors.
"""

from __future__ import annotations

import argparse
import os
import reprlib
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, NoReturn

from .base import languages
from .base.errors import InputError, unknown
from .base.option import Option
from .base.places import default_folder
from .base.terminal import Parser
from .base.yaml_files import read_mapping
from .bitext import filters
from .bitext.beside import parse as parse_beside
from .distill import ways
from .distill.objectives import OBJECTIVES
from .distill.recipe import LEARNING, Recipe
from .encoders.convention import POOLING
from .encoders.models import EMBEDDED
from .encoders.precision import PRECISIONS
from .experiment.settings import DEVICES, IN_DOMAIN_BY, SWITCHING, Settings
from .experiment.systems import parse, parse_regimes
from .training_text.pretraining import PRETRAINING
from .translate.engines import ENGINES
from .translate.translator import LEXICAL, MODEL, PHRASE, TRANSLATOR_HELP

SETTINGS = Settings()
OTHERS = "".join(f"; {engine.name}: {engine.meaning}" for engine in ENGINES.values() if engine.name not in (LEXICAL, PHRASE, MODEL))
"""Engines that TRANSLATOR_HELP does not name."""
RECIPE = SETTINGS.recipe


def _meanings(values: dict[str, Any]) -> str:
    return "; ".join(f"{name}: {getattr(value, 'meaning', value)}" for name, value in values.items() if name != "none")


ALL = (
    Option("lang", "the low-resource language (ISO 639: yo, sw, ha ...)", takes={"required": True, "metavar": "CODE"}),
    Option(
        "collection",
        "sample, a folder, a name that `python -m optical_repro.collections` lists, or an ir_datasets id (default: sample)",
        "sample",
        {"metavar": "NAME"},
    ),
    Option("split", "split of the topics: train, dev, test (default: the collection's usual one)", takes={"metavar": "NAME"}),
    Option("regime", "one or more of the regimes below, or `all` but bt-en and bt-phrase (default: cs)", "cs", {"metavar": "R[,R...]"}),
    Option(
        "bitext",
        "parallel text: TSV (language TAB English), Moses pairs, TMX, JSONL, gzip accepted; or the name of a corpus listed below "
        "(default: the collection's own)",
        [],
        {"nargs": "+", "type": Path, "metavar": "FILE"},
    ),
    Option(
        "with",
        "other languages that the same student learns, each with its parallel text and English: ha:FILE,sw:FILE,FILE; the pairs read "
        "in training are split evenly between the languages (default: none)",
        [],
        {"nargs": "*", "metavar": "LANG:FILE"},
    ),
    Option(
        "bitext-filter",
        "filters to apply, from the list below, or `all`; each prints how many pairs it dropped (default: none)",
        "",
        {"metavar": "F[,F...]"},
    ),
    Option(
        "lexicon",
        "bilingual lexicons: MUSE (word translation), TSV with a weight, PanLex's TSV, or Wiktionary JSONL (kaikki.org); "
        "added to the lexicon from the parallel text and CLDR",
        [],
        {"nargs": "+", "type": Path, "metavar": "FILE"},
    ),
    Option("translator", TRANSLATOR_HELP + OTHERS, LEXICAL, {"metavar": "NAME"}),
    Option("switch", "probability that a word is code-switched (default: %(default)s)", SETTINGS.switch, {"type": float, "metavar": "P"}),
    Option(
        "monolingual",
        "share of the training pairs that are English on both sides, so that batches are hybrid (Elmahdy et al. 2024); drawn from the "
        "regime's own (default: %(default)s)",
        SETTINGS.monolingual,
        {"type": float, "metavar": "SHARE"},
    ),
    Option(
        "switching",
        f"with --with, which languages the words of code-switched text are from: {_meanings(SWITCHING)} (default: %(default)s)",
        SETTINGS.switching,
        {"choices": SWITCHING},
    ),
    Option(
        "in-domain",
        "share of the training pairs that are excerpts from the collection's English documents; 0: sentences of the bitext alone, in "
        "every regime (default: %(default)s)",
        SETTINGS.in_domain,
        {"type": float, "metavar": "SHARE"},
    ),
    Option(
        "in-domain-by",
        f"how these excerpts become training pairs: {_meanings(IN_DOMAIN_BY)} (default: %(default)s)",
        SETTINGS.in_domain_by,
        {"choices": IN_DOMAIN_BY},
    ),
    Option(
        "teacher",
        "English encoder: Hugging Face name, NAME@REVISION or folder (default: all-MiniLM-L6-v2, included)",
        EMBEDDED,
        {"metavar": "NAME"},
    ),
    Option("pooling", "how the teacher pools its token states (default: as its folder says, else mean)", takes={"choices": POOLING}),
    Option(
        "prefixes",
        'text put before each query and passage, "query: " "passage: " for E5 (default: as its folder or name says)',
        takes={"nargs": 2, "metavar": ("QUERY", "PASSAGE")},
    ),
    Option(
        "student",
        "encoder that the student starts from, of any width and tokenizer: Hugging Face name or folder (default: the teacher)",
        takes={"metavar": "NAME"},
    ),
    Option("objective", f"training objectives (default: %(default)s). {_meanings(OBJECTIVES)}", RECIPE.objective, {"metavar": "A+B"}),
    Option(
        "transport",
        f"other ways to make the plan of the objective ot, joined by + (default: none, as published). {_meanings(ways.WAYS)}",
        "",
        {"metavar": "A+B"},
    ),
    Option(
        "pretrain",
        f"pre-training before distillation; doubles the training steps (default: none). {_meanings(PRETRAINING)}. "
        "The systems get names like optical-cs-after-mlm; --systems takes these names too, to compare with and without",
        "none",
        {"choices": PRETRAINING},
    ),
    Option(
        "learns",
        f"which of the student's weights are trained: {_meanings(LEARNING)} (default: %(default)s)",
        RECIPE.learns,
        {"choices": LEARNING},
    ),
    Option(
        "no-lexical-init",
        "keep the teacher's vocabulary; by default the language's words are added, with embeddings computed from their translations'",
        False,
        {"action": "store_true"},
    ),
    Option(
        "no-respelling",
        "turn spelling correction off; by default, topic words that neither lexicon nor documents have become the closest known word",
        False,
        {"action": "store_true"},
    ),
    Option("steps", "maximum training steps; small bitext uses fewer (default: %(default)s)", RECIPE.steps, {"type": int, "metavar": "N"}),
    Option(
        "systems",
        "systems to run, such as bm25,dense-qt,optical-cs,optical-cs-maxsim; -maxsim scores the 1,000 best hits token by token, -plaid "
        "all documents (in PLAID's steps, by FAISS); bm25-psq (searches all translations of each word at "
        "once); dense-nbest (the mean vector of many translations of a topic); dense-nbest-phrase (the same with a phrase-based "
        "translation among them); dense-dt (documents translated into English); "
        "human-lexicon (people's translations, keeping only words that the lexicon can translate); or Pyserini's own systems, "
        "with its prebuilt indexes: on MIRACL bm25-prebuilt, mdpr, mdpr-ft-all, mcontriever, bm25+mdpr, on CIRAL "
        "bm25-dt-prebuilt, mdpr, afriberta-dpr, bm25-dt+afriberta-dpr (default: those of bm25, bm25-qt, dense-zs, dense-qt, human and "
        "optical-<regime> that fit the collection, and fusions with BM25)",
        takes={"metavar": "A,B"},
    ),
    Option(
        "bm25",
        f"BM25's parameters; tune them on train or dev topics (default: Anserini's, {' '.join(map(str, SETTINGS.bm25))})",
        SETTINGS.bm25,
        {"nargs": 2, "type": float, "metavar": ("K1", "B")},
    ),
    Option("seed", "random seed (default: %(default)s)", RECIPE.seed, {"type": int, "metavar": "N"}),
    Option(
        "index",
        "dense index: flat (exact), or a FAISS factory string, such as SQfp16, HNSW32 or IVF4096,PQ64, smaller or faster and "
        "approximate; search parameters may follow it: IVF4096,PQ64,nprobe=128 (default: %(default)s)",
        SETTINGS.index,
        {"metavar": "SPEC"},
    ),
    Option(
        "precision",
        "numbers in which documents are encoded: bfloat16 is faster on GPUs and on processors with AMX (default: %(default)s)",
        SETTINGS.precision,
        {"choices": PRECISIONS},
    ),
    Option(
        "device", "device of the encoders; cuda:1 is the second GPU (default: auto, a GPU if any)", SETTINGS.device, {"choices": DEVICES}
    ),
    Option(
        "devices",
        "GPUs of this machine that train a student together, each on its part of every batch; with --device cpu, processes (default: 1)",
        RECIPE.devices,
        {"type": int, "metavar": "N"},
    ),
    Option(
        "engine",
        "what encodes, translates, indexes and searches documents: this process (local), or the machines of a Ray cluster (ray, "
        "ray:ADDRESS); results are the same, see docs/cluster.md (default: %(default)s)",
        SETTINGS.engine,
        {"metavar": "NAME"},
    ),
    Option("runs-dir", "folder for run files and reports (default: runs)", Path("runs"), {"type": Path, "metavar": "DIR"}),
    Option("qrels-dir", "folder for judgements (default: qrels)", Path("qrels"), {"type": Path, "metavar": "DIR"}),
    Option(
        "cache-dir",
        "folder for finished stages: indexes, students, runs (default: $OPTICAL_CACHE or ~/.cache/optical_repro)",
        default_folder,
        {"type": Path, "metavar": "DIR"},
    ),
)

OPTIONS = {option.name: option for option in ALL}
"""Name to option."""


def add(add_argument: Callable[..., argparse.Action], *names: str, **help: str) -> None:
    """Adds options to a parser or an argument group; ``help`` has other help texts, by dest, for a command that needs them."""
    for name in names:
        option = OPTIONS[name]
        default = option.default() if callable(option.default) else option.default
        add_argument(f"--{name}", help=help.get(option.dest, option.help), default=default, **option.takes)


GROUPS = {
    "collection": "lang collection split",
    "training text": "regime bitext with bitext-filter lexicon translator switch switching in-domain in-domain-by monolingual",
    "models, training and systems": "teacher pooling prefixes student objective transport pretrain learns no-lexical-init no-respelling "
    "steps systems bm25 index precision seed device devices engine",
    "folders": "runs-dir qrels-dir cache-dir",
}


def of_run(description: str = "", epilog: str = "") -> Parser:
    """The command line of run."""
    parser = Parser(prog="python -m optical_repro.run", description=description, epilog=epilog)
    for title, names in GROUPS.items():
        add(parser.add_argument_group(title).add_argument, *names.split())
    return parser


Words = dict[str, list[str]]
"""Options with their values, as words of a command line."""


def words(mapping: Any, where: str, refused: Collection[str] = ()) -> Words:
    """Options of a YAML file as words; ``$NAME`` in a value stands for an environment variable.

    ``where``: for errors. Raises InputError for an unknown option or one that is ``refused`` (dests), and for a value of no use.
    """
    if not isinstance(mapping or {}, dict):
        raise InputError(f"{where}: {reprlib.repr(mapping)}; expected a mapping, such as collection: sample")
    known = {name: option for name, option in OPTIONS.items() if option.dest not in refused}
    words: Words = {}
    for name, value in (mapping or {}).items():
        if name not in known:
            raise unknown("argument", str(name), known, f"({where})")
        flag = known[name].is_flag
        if flag and not isinstance(value, bool):
            raise InputError(f"{where}: {name} is {reprlib.repr(value)}; expected true or false")
        if not flag or value:
            values = [] if flag else value if isinstance(value, list) else [value]
            may_be_empty = flag or known[name].takes.get("nargs") == "*"
            if any(isinstance(part, dict | list) or part is None for part in values) or not (values or may_be_empty):
                raise InputError(f"{where}: {name} is {reprlib.repr(value)}; expected a value, or a list of values")
            if any(isinstance(part, bool) for part in values):
                raise InputError(
                    f"{where}: {name} is {reprlib.repr(value)}; YAML reads no and yes as false and true, so write it in quotes"
                )
            if known[name].is_list:
                values = [",".join(map(str, values))]
            words[name] = [os.path.expandvars(str(part)) for part in values]
    return words


def of_file(path: Path) -> list[str]:
    """The command line that a file of options stands for. Raises InputError with file and key for an option that is wrong."""
    line = []
    for name, values in words(read_mapping(path, "options of run and their values, such as lang: yo"), str(path)).items():
        parser = Parser(prog="", description=None)
        add(parser.add_argument, name)

        def refuse(message: str, name: str = name) -> NoReturn:
            reason = message.removeprefix(f"argument --{name}: ")
            raise InputError(f"{path}: {name}: {reason}; python -m optical_repro.run --help tells what it takes")

        parser.error = refuse  # type: ignore[method-assign]
        if any(value.startswith("-") for value in values):
            refuse(f"a value that starts with a dash: {' '.join(values)}")
        parser.parse_args([f"--{name}", *values])
        line += [f"--{name}", *values]
    return line


def as_yaml(arguments: argparse.Namespace) -> str:
    """All options of parsed arguments that have a value, as a file for ``of_file``."""
    import yaml

    values = {name: getattr(arguments, option.dest) for name, option in OPTIONS.items() if hasattr(arguments, option.dest)}
    plain = {name: [*map(_plain, value)] if isinstance(value, list | tuple) else _plain(value) for name, value in values.items()}
    given = {name: value for name, value in plain.items() if value not in (None, [], "")}
    return str(yaml.safe_dump(given, sort_keys=False, allow_unicode=True))


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def settings(arguments: argparse.Namespace) -> Settings:
    """The settings from parsed arguments; options that a command does not have get their defaults.

    Raises InputError for invalid values.
    """
    options = vars(arguments)
    recipe: dict[str, Any] = {name: options[name] for name in ("objective", "steps", "learns", "seed", "devices") if name in options}
    if options.get("transport"):
        recipe["transport"] = ways.parse(options["transport"])
    same = (
        "teacher pooling prefixes student bitext lexicon translator switch switching monolingual in_domain in_domain_by "
        "bm25 index precision device engine"
    )
    values = {name: options[name] for name in same.split() if name in options}
    if options.get("with"):
        values["beside"] = parse_beside(options["with"])
    if options.get("bitext_filter"):
        values["bitext_filter"] = filters.parse(options["bitext_filter"])
    return Settings(
        **values,
        recipe=Recipe(**recipe),
        spelling=not options.get("no_respelling"),
        lexical_init=not options.get("no_lexical_init"),
    )


def read(arguments: argparse.Namespace) -> tuple[Settings, list[str], list[str] | None]:
    """The arguments of run as settings, regimes and systems' names. Raises InputError, before any work, for invalid values."""
    languages.check(arguments.lang)
    regimes = parse_regimes(arguments.regime)
    systems = arguments.systems.split(",") if arguments.systems else None
    for system in systems or []:
        parse(system)
    return settings(arguments), regimes, systems
