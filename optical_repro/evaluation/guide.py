"""What a reader of the report page may not know: its terms and systems in plain words, and how the runs were made."""

from __future__ import annotations

from html import escape

from . import measures
from .origins import Origin
from .page_parts import described, section, typeset
from .questions import is_ceiling
from .results import Results

COLUMNS = {
    "a - b": "The mean of system a less the mean of system b.",
    "95 % interval": "Ranges made this way hold the true mean or difference for 95 of 100 samples of topics of the same kind "
    "(percentile bootstrap over the topics). It is of one system or pair by itself: unlike adjusted p, it is not corrected for the "
    "number of pairs.",
    "relative": "The difference as a share of b's mean.",
    "effect size": "Cohen's d, written d: the mean difference over its standard deviation by topic. About .2 is small, .5 medium, .8 "
    "large.",
    "wins/ties/losses": "On how many topics a scores more than b, the same, or less.",
    "p": "Uncorrected: how often chance alone would give a difference as large as this if the two systems were equally good.",
    "p adjusted": "Corrected: p raised for the number of pairs compared, since of many pairs some differ by chance. Below .05 a "
    "difference is called significant, and marked.",
    "p Tukey HSD": "A second test, of all systems at once (randomized Tukey HSD): how often chance alone would put the best and the "
    "worst system as far apart as these two. It needs no correction, and is far stricter where very different systems, such as BM25 and "
    "a ceiling, are in one report. The marks do not use it, unless it was asked for.",
}
"""The columns of a table of comparisons, under their headings."""

WORDS = {
    "ceiling": "A system that reads people's translations of the topics (human): what better translation could reach, out of competition.",
    "baseline": "The system that the marks compare all others with: the best one that translates first, unless another was asked for.",
    "▲ ▼": "Significantly better or worse than the baseline. No mark means that the topics do not show a difference, not that there "
    "is none.",
    "1 - AER": "One minus the alignment error rate: how far the words that a student's transport plan links agree with the links of a "
    "word aligner, from 0 to 1.",
}
"""Other terms of the page."""


def guide(results: Results) -> str:
    """The fold "How to read this"."""
    systems = {name: system.meaning for name, system in results.systems.items() if system.meaning}
    metrics = {measures.heading(metric): measures.meaning(metric) for metric in results.metrics}
    aligned, ceiling = any(system.alignment for system in results.systems.values()), any(map(is_ceiling, results.systems))
    absent = {"1 - AER": not aligned, "ceiling": not ceiling, "baseline": not results.baseline, "▲ ▼": not results.baseline}
    words = {word: meaning for word, meaning in WORDS.items() if not absent[word]}
    columns = COLUMNS if results.comparisons else {}
    parts = [("The systems", systems), ("The measures", metrics), ("Differences", columns), ("Words", words)]
    content = "".join(f"<h3>{title}</h3>{_described(terms)}" for title, terms in parts if terms)
    fold = f"<details><summary>Systems, measures and tests in plain words</summary>{content}</details>"
    return section("guide", "How to read this", fold)


def _described(terms: dict[str, str]) -> str:
    return described({escape(typeset(term)): escape(typeset(meaning)) for term, meaning in terms.items()})


def origins(results: Results) -> str:
    """How the runs were made: commands, seed, versions, licence and citation; empty where no manifest tells."""
    known = [origin for origin in results.origins if origin]
    several = len(results.origins) > 1
    content = "".join((f"<h3>{escape(origin.name)}</h3>" if several else "") + _origin(origin) for origin in known)
    return section("origin", "How it was made", content) if content else ""


def _origin(origin: Origin) -> str:
    terms = {
        "Collection": escape(origin.source),
        "Its licence": escape(origin.license or ("not stated" if origin.source else "")),
        "To cite": escape(origin.citation),
        "Parallel text": "<br>".join(escape(f"{file}: {terms}") for file, terms in origin.bitext.items()),
        "Seed": ", ".join(map(str, origin.seeds)),
        "Machine": escape("; ".join(origin.machine)),
        "Versions": escape(", ".join(f"{package} {version}" for package, version in origin.versions.items())),
    }
    for number, (command, systems) in enumerate(origin.commands.items(), 1):
        title = "Command" if len(origin.commands) == 1 else f"Command {number}"
        made = f'<br><span class="note">made {escape(", ".join(systems))}</span>' if len(origin.commands) > 1 else ""
        terms[title] = f"<code>{escape(command)}</code>{made}"
    return described({term: value for term, value in terms.items() if value})
