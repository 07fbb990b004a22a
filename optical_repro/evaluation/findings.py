"""Results in plain words, and numbers as papers print them."""

from __future__ import annotations

from ..translate.translator import LEXICAL as WORD_BY_WORD
from .power import WANTED, Power, power
from .provenance import differences
from .questions import is_ceiling, question_pairs
from .results import Alignment, Results
from .significance import ALPHA, CORRECTIONS, TESTS, Comparison

EXPLAINED = (
    "Intervals: 95 %, percentile bootstrap over topics. Effect size: Cohen's d of the paired differences. "
    "p Tukey HSD: randomized, over all systems."
)
"""Explains the columns of a table of comparisons."""


def value(number: float) -> str:
    """Three digits: ``.491``, ``1.000``."""
    return f"{number:.3f}".removeprefix("0")


def signed(number: float) -> str:
    """A difference with its sign: ``+.048``, ``-.120``."""
    return ("-" if number < 0 else "+") + value(abs(number))


def p_value(p: float) -> str:
    """``p = .012``, or ``p < .001``."""
    return "p < .001" if p < 0.001 else f"p = {value(p)}"


def effect(comparison: Comparison) -> str:
    """The effect size with its sign: ``+.31``; empty where there is none."""
    return "" if comparison.effect is None else ("-" if comparison.effect < 0 else "+") + f"{abs(comparison.effect):.2f}".removeprefix("0")


def counted(number: int, noun: str) -> str:
    """``1 topic``, ``1,204 topics``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def summary(results: Results) -> str:
    """Topics, documents and systems: ``62 topics (yo), documents in en, 9 systems``."""
    documents = "" if results.doc_lang == "und" else f", documents in {results.doc_lang}"
    return f"{counted(len(results.qrels), 'topic')} ({results.lang}){documents}, {counted(len(results.systems), 'system')}"


def method(results: Results) -> str:
    """How significance is tested: ``Fisher's randomization test, Holm-corrected over 36 pairs, p < .05``."""
    if results.test == "tukey":
        return f"{TESTS['tukey']} over {counted(len(results.systems), 'system')}, p < {value(ALPHA).rstrip('0')}"
    pairs = sum(comparison.metric == "map" for comparison in results.comparisons)
    return f"{TESTS[results.test]}, {CORRECTIONS[results.correction]} over {counted(pairs, 'pair')}, p < {value(ALPHA).rstrip('0')}"


def translators(results: Results) -> str:
    """The systems whose text a translation model translated: ``Translated by facebook/m2m100_418M: bm25-qt, dense-qt.``

    Empty where all text is translated word by word, as the names of the systems say.
    """
    by_translator: dict[str, list[str]] = {}
    for name, system in results.systems.items():
        if system.translator:
            by_translator.setdefault(system.translator, []).append(name)
    if set(by_translator) <= {WORD_BY_WORD}:
        return ""
    return " ".join(f"Translated by {translator}: {', '.join(systems)}." for translator, systems in sorted(by_translator.items()))


def notes(results: Results) -> list[tuple[str, list[str]]]:
    """What a reader must know before the numbers: a heading and its lines; empty where there is nothing."""
    return [("What to know of these runs:", results.notes)] if results.notes else []


def findings(results: Results) -> list[tuple[str, list[str]]]:
    """Which differences by MAP are significant, and how training changed alignment: headings, each with its lines."""
    if not results.baseline:
        return alignment_findings(results) + unanswered(results)
    sections = []
    for heading, group in _against_baseline(results).items():
        if group:
            lines = [f"{comparison.a} {value(comparison.mean_a)}, {_difference(comparison)}" for comparison in group]
            sections.append((f"{heading} {results.baseline} by MAP:", lines))
    for question, pairs in question_pairs(list(results.systems)).items():
        comparisons = [
            comparison for comparison in (results.comparison("map", *pair) for pair in pairs if results.baseline not in pair) if comparison
        ]
        if comparisons:
            sections.append(
                (
                    f"{question}, by MAP:",
                    [
                        f"{comparison.a} {verdict(comparison)} {comparison.b}: {_difference(comparison)}{_unlike(results, comparison)}"
                        for comparison in comparisons
                    ],
                )
            )
    return sections + powers(results) + alignment_findings(results) + unanswered(results)


def _unlike(results: Results, comparison: Comparison) -> str:
    """The settings in which two compared systems differ, which the question does not ask for; empty where there are none."""
    pair = {name: results.settings_of[name] for name in (comparison.a, comparison.b) if name in results.settings_of}
    differing = differences(pair)
    return f" (but their settings differ: {'; '.join(differing)})" if differing else ""


def powers(results: Results) -> list[tuple[str, list[str]]]:
    """Which differences so many topics can show: a heading and its lines; empty where nothing differs."""
    found = power(results)
    if found is None or (found.deviation is None and found.topics > 1):
        return []
    with_these = f"with {counted(found.topics, 'topic')} and {counted(found.comparisons, 'comparison')}"
    if found.smallest_significant is None or found.detectable is None or found.deviation is None:
        lines = [f"{with_these} no difference can become significant{_why_none(results, found)}"]
    else:
        smallest, detectable = value(found.smallest_significant), value(found.detectable)
        lines = [
            f"{with_these}, and between systems that differ as much from topic to topic as most pairs here (standard deviation "
            f"{value(found.deviation)}), the smallest difference in MAP that would be significant is about {smallest}; "
            f"a true difference of {detectable} would be found four times out of five; systems that agree more need less"
        ]
    if found.topics_for_wanted is not None:
        lines.append(
            f"to find a true difference of {value(WANTED)} four times out of five takes about {_round(found.topics_for_wanted):,} topics"
        )
    return [("What so many topics can show:", lines)]


def _why_none(results: Results, found: Power) -> str:
    limit = ALPHA if results.test == "tukey" else found.level
    return f": the smallest p of {TESTS[results.test]} is {_small(found.smallest_p)}, and it must be below {_small(limit)}"


def _round(topics: int) -> int:
    """Two digits of a number: 430 for 433."""
    return int(float(f"{topics:.2g}"))


def _small(p: float) -> str:
    """Two digits of a small p: ``.0018``."""
    return f"{p:.2g}".removeprefix("0")


def verdict(comparison: Comparison) -> str:
    """``is better than``, ``is worse than`` or ``does not differ significantly from``."""
    if not comparison.significant:
        return "does not differ significantly from"
    return "is better than" if comparison.delta > 0 else "is worse than"


def unanswered(results: Results) -> list[tuple[str, list[str]]]:
    """The runs that lack topics: a heading and a line for each; empty where none does."""
    counts = {name: len(results.qrels) - len(system.hits) for name, system in results.systems.items()}
    lines = [f"{name}: {number:,} of {counted(len(results.qrels), 'topic')}" for name, number in counts.items() if number]
    return [("Topics without hits, which score 0:", lines)] if lines else []


def aligned_students(results: Results) -> dict[str, Alignment]:
    """The alignment of each student, if measured, under the shortest name of its systems."""
    names: dict[Alignment, str] = {}
    for name, system in results.systems.items():
        if system.alignment and len(name) < len(names.get(system.alignment, name + "?")):
            names[system.alignment] = name
    return {name: alignment for alignment, name in names.items()}


def alignment_findings(results: Results) -> list[tuple[str, list[str]]]:
    """Whether training improved the students' word alignment: a heading and its lines; empty where it was not measured."""
    lines = []
    for name, alignment in aligned_students(results).items():
        verb = "rises" if alignment.after > alignment.before else "falls" if alignment.after < alignment.before else "stays"
        lines.append(
            f"{name} {verb} from {value(alignment.before)} to {value(alignment.after)}: {counted(alignment.pairs, 'pair')}, {alignment.of}"
        )
    return [("Agreement of the students' transport plans with a word aligner (1 - AER) in training:", lines)] if lines else []


def _against_baseline(results: Results) -> dict[str, list[Comparison]]:
    """The comparisons of all competitors with the baseline by MAP, best first, by heading."""
    groups: dict[str, list[Comparison]] = {"Better than": [], "Worse than": [], "Not significantly different from": []}
    for name in results.systems:
        comparison = results.against_baseline("map", name)
        if comparison and not is_ceiling(name):
            heading = "Better than" if comparison.delta > 0 else "Worse than"
            groups[heading if comparison.significant else "Not significantly different from"].append(comparison)
    return groups


def _difference(comparison: Comparison) -> str:
    """``+.048 (+10.8 %, 95 % interval +.010 to +.085, d = +.31, p = .003)``."""
    relative = "" if comparison.relative is None else f"{100 * comparison.relative:+.1f} %, "
    interval = f"95 % interval {signed(comparison.low)} to {signed(comparison.high)}"
    size = f"d = {effect(comparison)}, " if effect(comparison) else ""
    return f"{signed(comparison.delta)} ({relative}{interval}, {size}{p_value(comparison.p_adjusted)})"
