"""Results in plain words, and numbers as papers print them."""

from __future__ import annotations

from ..translate.translator import LEXICAL as WORD_BY_WORD
from .metrics import METRICS
from .questions import is_ceiling, question_pairs
from .results import Alignment, Results
from .significance import ALPHA, CORRECTIONS, TESTS, Comparison

EXPLAINED = (
    "Intervals: 95 %, percentile bootstrap over topics. Effect size: Cohen's d of the paired differences. "
    "p Tukey HSD: randomized, over all systems."
)
"""What the columns of a table of comparisons mean."""


def value(number: float) -> str:
    """Three digits: ``.491``, ``1.000``."""
    return f"{number:.3f}".removeprefix("0")


def signed(number: float) -> str:
    """A difference with its sign: ``+.048``, ``-.120``."""
    return ("-" if number < 0 else "+") + value(abs(number))


def p_value(p: float) -> str:
    """``p = .012``, or ``p < .001``."""
    return "p < .001" if p < 0.001 else f"p = {value(p)}"


def effect(made: Comparison) -> str:
    """The effect size with its sign: ``+.31``; empty where there is none."""
    return "" if made.effect is None else ("-" if made.effect < 0 else "+") + f"{abs(made.effect):.2f}".removeprefix("0")


def counted(number: int, noun: str) -> str:
    """``1 topic``, ``1,204 topics``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def described(results: Results) -> str:
    """What was searched with what: ``62 topics (yo), documents in en, 9 systems``."""
    documents = "" if results.doc_lang == "und" else f", documents in {results.doc_lang}"
    return f"{counted(len(results.qrels), 'topic')} ({results.lang}){documents}, {counted(len(results.systems), 'system')}"


def method(results: Results) -> str:
    """How significance was decided: ``Fisher's randomization test, Holm-corrected over 36 pairs, p < .05``."""
    if results.test == "tukey":
        return f"{TESTS['tukey']} over {counted(len(results.systems), 'system')}, p < {value(ALPHA).rstrip('0')}"
    pairs = sum(made.metric == METRICS[0] for made in results.comparisons)
    return f"{TESTS[results.test]}, {CORRECTIONS[results.correction]} over {counted(pairs, 'pair')}, p < {value(ALPHA).rstrip('0')}"


def translators(results: Results) -> str:
    """Which systems a translation model translated for: ``Translated by facebook/m2m100_418M: bm25-qt, dense-qt.``

    Empty where all was translated word by word, which is what the names of the systems mean by themselves.
    """
    named: dict[str, list[str]] = {}
    for name, system in results.systems.items():
        if system.translator:
            named.setdefault(system.translator, []).append(name)
    if set(named) <= {WORD_BY_WORD}:
        return ""
    return " ".join(f"Translated by {translator}: {', '.join(systems)}." for translator, systems in sorted(named.items()))


def noted(results: Results) -> list[tuple[str, list[str]]]:
    """What a reader must know before the numbers: a heading with a line each; empty where there is nothing."""
    return [("What to know of these runs:", results.notes)] if results.notes else []


def findings(results: Results) -> list[tuple[str, list[str]]]:
    """Which differences by MAP are significant, and what training did to alignment: headings, each with its lines."""
    if not results.baseline:
        return aligning(results) + unanswered(results)
    told = []
    for heading, group in _against_baseline(results).items():
        if group:
            lines = [f"{made.a} {value(made.mean_a)}, {_difference(made)}" for made in group]
            told.append((f"{heading} {results.baseline} by MAP:", lines))
    for question, pairs in question_pairs(list(results.systems)).items():
        compared = [made for made in (results.comparison("map", *pair) for pair in pairs if results.baseline not in pair) if made]
        if compared:
            told.append((f"{question}, by MAP:", [f"{made.a} {verdict(made)} {made.b}: {_difference(made)}" for made in compared]))
    return told + aligning(results) + unanswered(results)


def verdict(made: Comparison) -> str:
    """``is better than``, ``is worse than`` or ``does not differ significantly from``."""
    if not made.significant:
        return "does not differ significantly from"
    return "is better than" if made.delta > 0 else "is worse than"


def unanswered(results: Results) -> list[tuple[str, list[str]]]:
    """Which runs lack topics: a heading with a line each; empty where none does."""
    lacking = {name: len(results.qrels) - len(system.hits) for name, system in results.systems.items()}
    lines = [f"{name}: {number:,} of {counted(len(results.qrels), 'topic')}" for name, number in lacking.items() if number]
    return [("Topics without hits, which score 0:", lines)] if lines else []


def aligned_students(results: Results) -> dict[str, Alignment]:
    """Systems whose student's alignment was measured, each student once, by the shortest name."""
    measured: dict[Alignment, str] = {}
    for name, system in results.systems.items():
        if system.alignment and len(name) < len(measured.get(system.alignment, name + "?")):
            measured[system.alignment] = name
    return {name: alignment for alignment, name in measured.items()}


def aligning(results: Results) -> list[tuple[str, list[str]]]:
    """Whether the students' word alignment got better with training: a heading with its lines; empty where it was not measured."""
    lines = []
    for name, made in aligned_students(results).items():
        verb = "rises" if made.after > made.before else "falls" if made.after < made.before else "stays"
        lines.append(f"{name} {verb} from {value(made.before)} to {value(made.after)}: {counted(made.pairs, 'pair')}, {made.of}")
    return [("Agreement of the students' transport plans with a word aligner (1 - AER) in training:", lines)] if lines else []


def _against_baseline(results: Results) -> dict[str, list[Comparison]]:
    """Every competitor against the baseline by MAP, best first, under the verdict on it."""
    groups: dict[str, list[Comparison]] = {"Better than": [], "Worse than": [], "Not significantly different from": []}
    for name in results.systems:
        made = results.against_baseline("map", name)
        if made and not is_ceiling(name):
            verdict = "Better than" if made.delta > 0 else "Worse than"
            groups[verdict if made.significant else "Not significantly different from"].append(made)
    return groups


def _difference(made: Comparison) -> str:
    """``+.048 (+10.8 %, 95 % interval +.010 to +.085, d = +.31, p = .003)``."""
    relative = "" if made.relative is None else f"{100 * made.relative:+.1f} %, "
    interval = f"95 % interval {signed(made.low)} to {signed(made.high)}"
    size = f"d = {effect(made)}, " if effect(made) else ""
    return f"{signed(made.delta)} ({relative}{interval}, {size}{p_value(made.p_adjusted)})"
