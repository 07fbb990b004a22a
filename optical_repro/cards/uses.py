"""What a model card says of a student's limits: what it is not for, what it may get wrong, how it is built, how its loss went."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..base.errors import InputError
from ..encoders.convention import Convention, read_model_json
from ..evaluation.figures import loss_of
from ..training_text.regimes import REGIMES
from .evaluation import learnt, learnt_names
from .markdown import escaped

LOGGED = 12
"""Rows of the training log that a card shows at most."""


def out_of_scope(manifest: Mapping[str, Any]) -> str:
    """What the student is not made for."""
    names = f"English{',' if len(learnt(manifest)) > 1 else ' and'} {learnt_names(manifest)}"
    return f"""## Out-of-scope use

- Languages other than {names}, and text that mixes in others: it has no words of them.
- To generate, translate or classify text, or to judge whether a document is true: it ranks documents for a topic, and the best of useless
  documents comes first too.
- Decisions about people, and search where a missed document does harm (medicine, law, safety), without a person who checks the hits.
- Documents of another kind than the collection's below, before you have measured it on topics of your own."""


def limitations(manifest: Mapping[str, Any]) -> str:
    """What the student may get wrong, by how it was trained."""
    regime = REGIMES[manifest["training"]["regime"]]
    settings = manifest.get("settings", {})
    lines = [
        "It was trained on parallel text, not on topics with judgements: what makes a document relevant comes from the teacher alone, with "
        "the teacher's biases.",
        "Parallel text of languages with little text is often religious, official or news, and often translated from English. Words and "
        "subjects that are not in it are matched worse, such as dialects, everyday speech and names.",
    ]
    if regime.translates or regime.translates_english or regime.by_phrases:
        lines.append("Part of its training text was machine-translated, and has the translator's mistakes.")
    if "cs" in regime.name.split("+") or (settings.get("in-domain") and settings.get("in-domain by", "cs") == "cs"):
        lines.append(
            "Part of its training text is English with words replaced by a lexicon's translations: not what anyone writes, in English word "
            "order, and without inflection that the lexicon lacks."
        )
    if settings.get("in-domain"):
        lines.append("Part of its training text are excerpts of the collection's documents, so that it knows them better than others.")
    if not manifest["training"].get("recipe"):
        lines.append("It was not trained: the embeddings of its words are made of their translations'.")
    lines.append(
        "The scores below are of one collection and one seed. Nobody has measured whether it treats groups of people, or varieties of "
        f"{'these languages' if len(learnt(manifest)) > 1 else 'the language'}, alike."
    )
    return "## Limitations and bias\n\n" + "\n".join(f"- {line}" for line in lines)


def architecture(student: Path) -> str:
    """The layers of the student by its configuration, as far as that tells."""
    convention = Convention.of(student)
    try:
        config = read_model_json(student, "config.json") or {}
    except InputError:
        config = {}
    names = {
        "model_type": "encoder",
        "num_hidden_layers": "layers",
        "hidden_size": "hidden size",
        "num_attention_heads": "attention heads",
        "vocab_size": "vocabulary",
    }
    rows = {name: str(config[key]) for key, name in names.items() if key in config}
    rows |= {"pooling": convention.pooling, "projection": "a linear layer" if convention.projection else "none"}
    table = "\n".join(f"| {name} | {escaped(value)} |" for name, value in rows.items())
    return (
        "## Architecture\n\nA Transformer encoder whose token states are pooled into one vector for each text; topics and documents are "
        f"compared by cosine.\n\n| | |\n|---|---|\n{table}"
    )


def training_log(manifest: Mapping[str, Any]) -> str:
    """The losses by step, at most LOGGED of them, evenly spread; empty where nothing was logged."""
    training = manifest["training"]
    entries = training.get("log") or []
    name = loss_of(entries)
    logged = [entry for entry in entries if name in entry and "step" in entry]
    if not logged:
        return ""
    last = len(logged) - 1
    shown = [logged[place] for place in sorted({round(last * part / max(1, LOGGED - 1)) for part in range(LOGGED)})]
    where = training.get("measured_on") if name != "loss" else None
    lines = "\n".join(f"| {entry['step']} | {entry[name]:.4f} |" for entry in shown)
    kept = "" if len(shown) == len(logged) else f" {len(shown)} of {len(logged)} entries; the manifest of the run has all."
    head = f"The loss on {escaped(where)}" if where else "The loss on the batches"
    return f"### Training log\n\n{head}.{kept}\n\n| step | loss |\n|---:|---:|\n{lines}"
