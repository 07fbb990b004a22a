"""Model cards: what a student learnt from, how, and how well it does, as the Hugging Face Hub reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import languages
from .checkpoints import MANIFEST
from .convention import Convention
from .errors import InputError
from .evaluation.figures import loss_of
from .evaluation.tables import HEADINGS
from .files import sha256, whole
from .models import EMBEDDED, located
from .places import writable
from .regimes import REGIMES
from .systems import optical_name
from .terminal import say

CARD = "README.md"

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


def write_all(folder: Path) -> None:
    """Writes the card of every student that the runs in a folder were made with, beside its weights."""
    for student in sorted({Path(manifest["training"]["checkpoint"]) for _, manifest in _trained(folder)}):
        # Gone, or trained anew elsewhere since a run of before: then there is nothing to say of it.
        if (student / "model.safetensors").is_file() and (found := _evaluations(student, folder.parent)):
            if writable(student):
                _write(student, found)
            else:
                say(f"{student}: not a folder that you may write to, so its model card stays as it is")


def write(student: Path, runs_dir: Path) -> Path:
    """Writes the card of a student, with the scores of all its runs under ``runs_dir``, beside its weights.

    Raises InputError where no run there was made with it.
    """
    found = _evaluations(student, runs_dir)
    if not found:
        raise InputError(f"{student}: no run under {runs_dir} was made with it; give the folder of its runs with --runs-dir")
    return _write(student, found)


def _write(student: Path, evaluations: list[Evaluation]) -> Path:
    with whole(student / CARD) as file:
        file.write(card(student, evaluations))
    return student / CARD


def _evaluations(student: Path, runs_dir: Path) -> list[Evaluation]:
    weights = sha256(student / "model.safetensors")
    return [evaluation for folder in sorted(runs_dir.glob("*/")) if (evaluation := _evaluation(folder, weights))]


def card(student: Path, evaluations: list[Evaluation]) -> str:
    """The text of a student's card."""
    manifest = evaluations[0].manifest
    parts = [_front_matter(evaluations), _summary(manifest), _use(student, manifest), _training(manifest)]
    return "\n\n".join([*parts, *map(_scores, evaluations), _licence(manifest), _citation(evaluations)]) + "\n"


def _evaluation(folder: Path, weights: str) -> Evaluation | None:
    ours = {system: manifest for system, manifest in _trained(folder) if manifest["training"]["checkpoint_sha256"] == weights}
    report = folder / "report.json"
    if not ours or not report.is_file():
        return None
    return Evaluation(json.loads(report.read_text(encoding="utf-8")), list(ours), next(iter(ours.values())))


def _trained(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The systems of a folder that have a student, with their manifests."""
    for path in sorted(folder.glob(f"*{MANIFEST}")):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if manifest.get("training"):
            yield path.name.removesuffix(MANIFEST), manifest


def _names(manifest: Mapping[str, Any]) -> tuple[str, str]:
    """The names of the teacher and of the encoder that the student was made from."""
    teacher = manifest["arguments"].get("teacher") or EMBEDDED
    base = manifest["arguments"].get("student") or teacher
    teacher, base = (_public(name).partition("@")[0] for name in (teacher, base))
    return teacher, base


def _public(name: str) -> str:
    """The name of a model on the Hub as it is, of a folder (there or gone) the last part: its path is nobody else's business."""
    path = Path(name)
    return path.name if path.is_dir() or path.is_absolute() else name


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
    source = manifest["collection"]["source"]
    results = [
        EvalResult(
            task_type="information-retrieval",
            task_name="Information Retrieval",
            dataset_type=HUB_DATA.get(evaluation.manifest["collection"]["source"], evaluation.manifest["collection"]["source"]),
            dataset_name=evaluation.report["name"],
            dataset_config=_target(evaluation.manifest),
            dataset_split=evaluation.report["split"],
            metric_type=metric.replace("@", "_at_"),
            metric_name=f"{HEADINGS.get(metric, metric)} ({system})",
            metric_value=round(evaluation.report["systems"][system][metric], 4),
        )
        for evaluation in evaluations
        for system in evaluation.systems
        if system in evaluation.report["systems"]
        for metric in evaluation.report["metrics"]
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

    folder = located(manifest["arguments"].get("student") or manifest["arguments"].get("teacher") or EMBEDDED)
    if folder is None or not (folder / CARD).is_file():
        return None
    found = ModelCard.load(folder / CARD, ignore_metadata_errors=True).data.get("license")
    return found if isinstance(found, str) else None


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
    return f"[{name}](https://huggingface.co/{name})" if "/" in name else f"`{name}`"


def _use(student: Path, manifest: Mapping[str, Any]) -> str:
    """How to encode with it, by sentence-transformers and by Pyserini."""
    ours, theirs = Convention.of(student), _teacher_convention(manifest)
    teacher, _ = _names(manifest)
    this = "THIS MODEL"
    topics, documents = (this if code != "en" else teacher for code in _languages(manifest))
    asked = "encode_query([...])" if topics == this or not theirs.query_prefix else f'encode([...], prompt="{theirs.query_prefix}")'
    found = (
        "encode_document([...])" if documents == this or not theirs.passage_prefix else f'encode([...], prompt="{theirs.passage_prefix}")'
    )
    prefix = f' --query-prefix "{ours.query_prefix.strip()}"' if ours.query_prefix else ""
    stock = topics == this and not ours.projection
    module = "pyserini.search.faiss" if stock else "optical_repro.pyserini search"
    options = f"auto --pooling {ours.pooling} --l2-norm{prefix}" if stock else "optical"
    note = (
        "\n\nPyserini's own encoder classes pass over its projection to the teacher's width, and cannot read it." if ours.projection else ""
    )
    return f"""## Use

```python
from sentence_transformers import SentenceTransformer

topics = SentenceTransformer("{topics}").{asked}
documents = SentenceTransformer("{documents}").{found}
scores = topics @ documents.T
```

In Pyserini, over an index that `python -m optical_repro.pyserini encode ... --encoder "{documents}" --encoder-class optical` made:

    python -m {module} --index INDEX --topics topics.tsv --output run.trec \\
        --encoder "{topics}" --encoder-class {options}{note}"""


def _teacher_convention(manifest: Mapping[str, Any]) -> Convention:
    """How the teacher read, as far as its folder is on this machine."""
    folder = located(manifest["training"].get("teacher") or EMBEDDED)
    return Convention.of(folder) if folder else Convention()


def _training(manifest: Mapping[str, Any]) -> str:
    """What it read, and how it was trained."""
    training, arguments = manifest["training"], manifest["arguments"]
    regime, recipe = training["regime"], training["recipe"]
    rows = {
        "regime": f"`{regime}`: {REGIMES[regime]}",
        "collection": f"{manifest['collection']['name']}, {manifest['collection']['digest'][:16]}",
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
    rows["the teacher reads with"] = f"{reads.pooling} pooling{prefixes}"
    rows |= {"probability of switching a word": str(arguments["switch"])} if "switch" in arguments else {}
    rows["back-translated by"] = _back_translator(manifest)
    dropped = arguments.get("bitext_filter") or ""
    rows["filters of the parallel text"] = dropped if isinstance(dropped, str) else ", ".join(dropped)
    rows |= {"seed": str(manifest["seed"]), "weights": f"SHA-256 {training['checkpoint_sha256']}"}
    rows |= {f"`{Path(path).name}`": f"SHA-256 {digest}" for path, digest in manifest["inputs"].items()}
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
    """The table of a report, the student's own systems in bold."""
    report = evaluation.report
    head = f"| system | {' | '.join(HEADINGS.get(metric, metric) for metric in report['metrics'])} |"
    lines = [head, "|---|" + "---:|" * len(report["metrics"])]
    for system, scores in report["systems"].items():
        name = f"**{system}**" if system in evaluation.systems else system
        lines.append(f"| {name} | {' | '.join(f'{scores[metric]:.3f}' for metric in report['metrics'])} |")
    topics, documents = map(languages.name, _languages(evaluation.manifest))  # A report's lang is the language learnt.
    return f"## Scores: {report['name']}\n\n{report['topics']} topics in {topics}, documents in {documents}.\n\n" + "\n".join(lines)


def _licence(manifest: Mapping[str, Any]) -> str:
    _, base = _names(manifest)
    model = base_licence(manifest) or "not recorded in their folder"
    collection = manifest["collection"]["license"] or "not stated"
    return f"## Licence\n\nOf the weights that it was made from ({base}): {model}. Of the collection: {collection}."


def _citation(evaluations: list[Evaluation]) -> str:
    collections = list(dict.fromkeys(evaluation.manifest["collection"]["citation"] for evaluation in evaluations))
    return "## Citation\n\n" + "\n\n".join([f"```bibtex\n{CITATIONS}\n```", *(text for text in collections if text)])
