"""Names of measures: which ranx has, and how the field prints them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..base.errors import InputError, unknown
from .metrics import METRICS

PRINTED = {
    "map": "MAP",
    "precision": "P",
    "ndcg": "nDCG",
    "recall": "R",
    "mrr": "MRR",
    "f1": "F1",
    "hits": "hits",
    "hit_rate": "hit rate",
    "dcg": "DCG",
    "dcg_burges": "DCG (2^grade)",
    "ndcg_burges": "nDCG (2^grade)",
    "r-precision": "R-precision",
    "bpref": "bpref",
    "rbp": "RBP",
}
"""ranx's measures, as papers print them."""
MEANINGS = {
    "map": "Mean average precision: the precision at the rank of each relevant document, averaged over these and over the topics. It is 1 "
    "where all relevant documents come first.",
    "precision": "The share of {hits} that is relevant.",
    "ndcg": "Normalised discounted cumulative gain of {hits}: a relevant document counts by its grade, and less the lower it stands.",
    "recall": "The share of the relevant documents that is among {hits}.",
    "mrr": "Mean reciprocal rank: 1 over the rank of the first relevant document among {hits}, 0 if there is none.",
    "f1": "The harmonic mean of precision and recall of {hits}.",
    "hits": "The number of relevant documents among {hits}.",
    "hit_rate": "The share of the topics that have a relevant document among {hits}.",
    "dcg": "Discounted cumulative gain of {hits}, not normalised.",
    "dcg_burges": "Discounted cumulative gain of {hits}, not normalised; a document's gain is 2^grade - 1.",
    "ndcg_burges": "Normalised discounted cumulative gain of {hits}; a document's gain is 2^grade - 1.",
    "r-precision": "The precision of the first R hits of a topic that has R relevant documents.",
    "bpref": "How rarely judged documents that are not relevant stand above relevant ones; documents that nobody judged do not count.",
    "rbp": "Rank-biased precision: what a reader gains who goes on from each hit to the next with probability {persistence}.",
}
"""What they measure, in plain words."""
WHOLE = ("r-precision", "bpref")
"""Measures that take no cutoff."""
MEASURE = re.compile(r"(?P<name>[a-z_1]+|r-precision)(?P<rest>(?:@[1-9]\d*)?|\.\d+)(?P<level>-l[1-9]\d*)?")
EXPECTED = "expected one of ranx's, such as ndcg@20, recall@1000, rbp.95, precision@10-l2 (relevant from grade 2)"


def parse(text: str | Iterable[str]) -> tuple[str, ...]:
    """The measures of ``ndcg@20,recall@1000``, or of a list, by ranx's names; MAP, which orders the systems, always comes first.

    Raises InputError for one that ranx does not have.

    >>> parse("ndcg@20,recall@1000")
    ('map', 'ndcg@20', 'recall@1000')
    """
    names = [_in_full(name.strip().lower()) for name in (text.split(",") if isinstance(text, str) else text)]
    for name in names:
        _check(name)
    return tuple(dict.fromkeys(["map", *names]))


def _in_full(name: str) -> str:
    """``p@5`` and ``r@100``, as tables have them, by ranx's names."""
    return re.sub(r"^([pr])(?=@)", lambda match: {"p": "precision", "r": "recall"}[match[1]], name)


def _check(name: str) -> None:
    match = MEASURE.fullmatch(name)
    if match is None or match["name"] not in PRINTED:
        cutoff = f"@{number[1]}" if (number := re.search(r"@([1-9]\d*)$", name)) else ""
        known = [each if each in WHOLE else each + cutoff for each in PRINTED if each != "rbp"]
        raise unknown("metric", name, [*dict.fromkeys([*known, *METRICS, "rbp.95"])])
    persistence = match["rest"].startswith(".")
    if persistence != (match["name"] == "rbp") or (match["rest"] and match["name"] in WHOLE):
        raise InputError(f'metric "{name}"; {EXPECTED}')


def heading(metric: str) -> str:
    """A measure as the field prints it.

    >>> [heading(name) for name in ("ndcg@20", "rbp.95", "precision@10-l2")]
    ['nDCG@20', 'RBP.95', 'P@10-l2']
    """
    match = MEASURE.fullmatch(metric)
    return PRINTED[match["name"]] + match["rest"] + (match["level"] or "") if match else metric


def meaning(metric: str) -> str:
    """What a measure measures, in plain words; empty for one that is not known.

    >>> meaning("precision@5")
    'The share of the first 5 hits that is relevant.'
    """
    match = MEASURE.fullmatch(metric)
    if not match or match["name"] not in MEANINGS:
        return ""
    cutoff = match["rest"].removeprefix("@")
    text = MEANINGS[match["name"]].format(hits=f"the first {cutoff} hits" if cutoff else "all hits", persistence=match["rest"])
    return text + (f" Relevant from grade {match['level'].removeprefix('-l')}." if match["level"] else "")
