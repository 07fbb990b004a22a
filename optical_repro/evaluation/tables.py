"""Results in words, and as tables for the terminal, Markdown, LaTeX, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import re

from .metrics import METRICS
from .results import HUMAN, Results, question_pairs
from .significance import ALPHA, CORRECTIONS, TESTS, Comparison

HEADINGS = {
    "map": "MAP",
    "precision@5": "P@5",
    "precision@10": "P@10",
    "precision@20": "P@20",
    "ndcg@10": "nDCG@10",
    "recall@100": "R@100",
    "mrr@10": "MRR@10",
}
"""The metrics as the field prints them."""


def value(number: float) -> str:
    """Three digits as papers print them: ``.491``, ``1.000``."""
    return f"{number:.3f}".removeprefix("0")


def signed(number: float) -> str:
    """A difference with its sign: ``+.048``, ``-.120``."""
    return ("-" if number < 0 else "+") + value(abs(number))


def p_value(p: float) -> str:
    """``p = .012``, or ``p < .001``."""
    return "p < .001" if p < 0.001 else f"p = {value(p)}"


def title(results: Results) -> str:
    """What was searched with what: ``sample.yo.test: 62 topics (yo), documents in en, 9 systems``."""
    documents = "" if results.doc_lang == "und" else f", documents in {results.doc_lang}"
    return f"{results.name}: {_count(len(results.qrels), 'topic')} ({results.lang}){documents}, {_count(len(results.systems), 'system')}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def method(results: Results) -> str:
    """How significance was decided: ``Fisher's randomization test, Holm-corrected over 36 pairs, p < .05``."""
    pairs = sum(made.metric == METRICS[0] for made in results.comparisons)
    return f"{TESTS[results.test]}, {CORRECTIONS[results.correction]} over {_count(pairs, 'pair')}, p < {value(ALPHA).rstrip('0')}"


def against_baseline(results: Results) -> dict[str, list[Comparison]]:
    """Every competitor against the baseline by MAP, best first, under "better", "worse" and "not significantly different"."""
    groups: dict[str, list[Comparison]] = {"better": [], "worse": [], "not significantly different": []}
    for name in results.systems:
        made = results.comparison("map", name, results.baseline) if results.baseline and name not in (results.baseline, HUMAN) else None
        if made:
            groups["not significantly different" if not made.significant else "better" if made.delta > 0 else "worse"].append(made)
    return groups


def in_words(made: Comparison) -> str:
    """``optical-cs .491, +.048 (+10.8 %, 95 % interval +.010 to +.085, p = .003)``."""
    relative = "" if made.relative is None else f"{made.relative:+.1%}, ".replace("%", " %")
    return f"{made.a} {value(made.mean_a)}, {signed(made.delta)} ({relative}95 % interval {signed(made.low)} to {signed(made.high)}, {p_value(made.p_adjusted)})"


def question(results: Results) -> list[str]:
    """Code-switched against back-translated training, a sentence for each pair of systems that differ in nothing else."""
    sentences = []
    for a, b in question_pairs(list(results.systems)):
        made = results.comparison("map", a, b)
        if made:
            verdict = "is better than" if made.delta > 0 else "is worse than"
            sentences.append(f"{a} {verdict if made.significant else 'does not differ significantly from'} {b}: {in_words(made).removeprefix(a + ' ')}")
    return sentences


def findings(results: Results) -> list[tuple[str, list[str]]]:
    """Which differences are significant, in plain words: headings, each with its lines."""
    if not results.baseline:
        return []
    told = [
        (f"{verdict.capitalize()} {'from' if verdict.startswith('not') else 'than'} {results.baseline} by MAP:", [in_words(made) for made in group])
        for verdict, group in against_baseline(results).items()
        if group
    ]
    regimes = question(results)
    return told + ([("Code-switched against back-translated training text, by MAP:", regimes)] if regimes else [])


def as_text(results: Results) -> str:
    """The table and the findings, for a terminal; plain ASCII but for the names."""
    notes = {HUMAN: "ceiling: people's translations", results.baseline: "baseline"}
    width = max(len(name) for name in results.systems)
    rows = ["  ".join([" " * width, *(f"{HEADINGS[metric]:>7} " for metric in METRICS)]).rstrip()]
    for system in results.systems.values():
        cells = (f"{value(system.mean(metric)):>7}{' +-'[results.mark(metric, system.name)]}" for metric in METRICS)
        rows.append("  ".join([f"{system.name:<{width}}", *cells, notes.get(system.name, "")]).rstrip())
    if results.baseline:
        rows += ["", f"+ significantly better than {results.baseline}, - significantly worse ({method(results)})"]
    for heading, lines in findings(results):
        rows += ["", heading, *(f"  {line}" for line in lines)]
    return "\n".join([title(results), "", *rows])


def as_markdown(results: Results) -> str:
    """The table, the findings and all comparisons by MAP."""
    marks = {1: " ▲", -1: " ▼", 0: ""}
    out = [f"# {results.name}", "", f"{title(results).partition(': ')[2]}.", ""]
    out += _markdown_row(["system", *HEADINGS.values()]), "|---" + "|---:" * len(HEADINGS) + "|"
    for system in results.systems.values():
        cells = [
            (f"**{value(system.mean(metric))}**" if is_best(results, system.name, metric) else value(system.mean(metric)))
            + marks[results.mark(metric, system.name)]
            for metric in METRICS
        ]
        out.append(_markdown_row([_markdown_name(results, system.name), *cells]))
    out.append("")
    if results.baseline:
        out += [f"▲ significantly better than {_literal(results.baseline)}, ▼ significantly worse ({method(results)}). Best below the ceiling in bold.", ""]
    for heading, lines in findings(results):
        out += [f"**{heading}**", "", *(f"- {line}" for line in lines), ""]
    if results.comparisons:
        out += ["## All comparisons by MAP", ""]
        out += _markdown_row(["a", "b", "a - b", "95 % interval", "relative", "effect size", "wins/ties/losses", "p", "p adjusted"]), "|---|---" + "|---:" * 7 + "|"
        for made in results.comparisons:
            if made.metric == "map":
                relative = "" if made.relative is None else f"{made.relative:+.1%}"
                effect = "" if made.effect is None else f"{made.effect:+.2f}"
                record = f"{made.wins}/{made.ties}/{made.losses}"
                interval = f"{signed(made.low)} to {signed(made.high)}"
                cells = [_literal(made.a), _literal(made.b), signed(made.delta), interval, relative, effect, record]
                out.append(_markdown_row([*cells, f"{made.p:.5f}", f"{made.p_adjusted:.5f}"]))
        out += ["", "Effect size: Cohen's d of the paired differences. Intervals: percentile bootstrap over topics.", ""]
    return "\n".join(out)


def _markdown_row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _literal(name: str) -> str:
    return "`" + name.replace("|", "\\|") + "`"


def _markdown_name(results: Results, name: str) -> str:
    return _literal(name) + {HUMAN: " (ceiling)", results.baseline: " (baseline)"}.get(name, "")


def is_best(results: Results, name: str, metric: str) -> bool:
    """Whether the system's mean, as printed, is the best of all but the ceiling."""
    return name != HUMAN and round(results.systems[name].mean(metric), 3) == results.best(metric)


def as_latex(results: Results) -> str:
    """A booktabs table, best in bold, with arrows for significance; needs the package booktabs and nothing else."""
    marks = {1: r"$^{\uparrow}$", -1: r"$^{\downarrow}$", 0: ""}
    rows = []
    for system in results.systems.values():
        cells = [
            (rf"\textbf{{{value(system.mean(metric))}}}" if is_best(results, system.name, metric) else value(system.mean(metric)))
            + marks[results.mark(metric, system.name)]
            for metric in METRICS
        ]
        note = {HUMAN: " (ceiling)", results.baseline: " (baseline)"}.get(system.name, "")
        rows.append(" & ".join([_latex(system.name) + note, *cells]) + r" \\")
    described = title(results).partition(": ")[2]
    significance = f" Arrows: significantly better or worse than {_latex(results.baseline)} ({_latex(method(results))})." if results.baseline else ""
    return "\n".join(
        [
            r"% Needs \usepackage{booktabs}.",
            r"\begin{table}",
            r"  \centering",
            rf"  \caption{{{_latex(results.name)}: {_latex(described)}. Best below the ceiling in bold.{significance}}}",
            rf"  \label{{tab:{re.sub('[^A-Za-z0-9.-]', '-', results.name)}}}",
            rf"  \begin{{tabular}}{{l{'r' * len(METRICS)}}}",
            r"    \toprule",
            "    " + " & ".join(["System", *HEADINGS.values()]) + r" \\",
            r"    \midrule",
            *(f"    {row}" for row in rows),
            r"    \bottomrule",
            r"  \end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _latex(text: str) -> str:
    """Text with LaTeX's own characters escaped."""
    escapes = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}"}
    return re.sub(r"[\\~^<>&%$#_{}]", lambda found: escapes.get(found[0], "\\" + found[0]), text)


def as_csv(results: Results) -> str:
    """Every comparison with all that is known of it, for a spreadsheet, R or pandas."""
    out = io.StringIO()
    columns = "metric a b mean_a mean_b delta low high relative p p_adjusted effect wins ties losses test correction".split()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(columns)
    table.writerows([getattr(made, column) for column in columns] for made in results.comparisons)
    return out.getvalue()


def as_json(results: Results) -> str:
    """The contract's report.json."""
    columns = "metric a b delta relative p p_adjusted test correction".split()
    return json.dumps(
        {
            "name": results.name,
            "lang": results.lang,
            "doc_lang": results.doc_lang,
            "split": results.split,
            "topics": len(results.qrels),
            "metrics": list(METRICS),
            "systems": {name: {metric: system.mean(metric) for metric in METRICS} for name, system in results.systems.items()},
            "comparisons": [{column: getattr(made, column) for column in columns} for made in results.comparisons],
        },
        indent=1,
        ensure_ascii=False,
    ) + "\n"
