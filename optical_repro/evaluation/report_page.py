"""The report as one HTML page that needs no network and no server; it contains `report_page.css` and `report_page.js`."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from html import escape
from importlib.resources import files
from string import Template
from urllib.parse import quote

from ..base import languages
from ..base.system_names import HUMAN
from . import figures, measures
from .by_topic import changes, hit_names
from .findings import EXPLAINED, counted, effect, findings, method, notes, p_value, signed, translators, value
from .guide import COLUMNS, guide, origins
from .page_parts import described, figure, heading, listed, section, sortable, tooltip, typeset
from .questions import is_ceiling, is_student, telling_pairs
from .results import Results, System
from .significance import Comparison
from .tables import COMPARISON_HEADINGS, Row, comparison_cells, rows

SNIPPET = 280
"""Characters of a passage that the topic browser shows."""
DRAWN = 6
"""Curves shown at first; the legend shows the others."""


def as_html(results: Results) -> str:
    """The whole page."""
    return page(results, results.name, in_names(results), [])


def in_names(results: Results) -> str:
    """The summary with the names of languages: ``62 topics in Yorùbá, documents in English, 9 systems``."""
    topics, documents = (", ".join(languages.name(code) for code in codes.split(", ")) for codes in (results.lang, results.doc_lang))
    parts = [f"{counted(len(results.qrels), 'topic')} in {topics}", "" if results.doc_lang == "und" else f"documents in {documents}"]
    return ", ".join(filter(None, [*parts, counted(len(results.systems), "system")]))


def page(results: Results, name: str, about: str, first: list[str]) -> str:
    """A page with the sections ``first`` before those that every report has."""
    assets = files(__package__)
    makers = (_table, guide, _findings, _figures, _topics_by_pair, _browser, _all_comparisons, origins) if results.systems else ()
    sections = [text for text in (*first, *(maker(results) for maker in makers)) if text]
    links = [
        f'<a href="#{match[1]}">{match[2]}</a>' for text in sections if (match := re.match('<section id="(.*?)"><h2>(.*?)</h2>', text))
    ]
    style, script = ((assets / name).read_text(encoding="utf-8") for name in ("report_page.css", "report_page.js"))
    return Template((assets / "report_page.html").read_text(encoding="utf-8")).substitute(
        policy=policy(style, script),
        name=escape(name),
        described=escape(about),
        contents=" ".join(links),
        style=style,
        script=script,
        sections="\n".join(sections),
        data=_data(results),
    )


def policy(style: str, script: str = "") -> str:
    """The Content-Security-Policy of a page that loads nothing: only its own style and script, by their hashes."""

    def source(text: str) -> str:
        return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    # The page puts a line break before each; a picture's background is in an attribute, which needs unsafe-hashes.
    rules = f"style-src 'unsafe-hashes' {source(chr(10) + style)} {source(figures.BACKGROUND)}"
    if script:
        rules += f"; script-src {source(chr(10) + script)}"
    return f"default-src 'none'; {rules}; base-uri 'none'; form-action 'none'"


def _table(results: Results) -> str:
    """Systems by metrics."""
    heads = heading("System") + "".join(
        heading(measures.heading(metric), "descending" if metric == "map" else "none", measures.meaning(metric))
        for metric in results.metrics
    )
    legend = "Best below the ceiling in bold."
    if results.baseline:
        better, worse = '<span class="better">▲</span>', '<span class="worse">▼</span>'
        legend += f" {better} significantly better than {escape(results.baseline)}, {worse} significantly worse"
        legend += f" ({escape(method(results))})."
    if any(map(is_ceiling, results.systems)):
        legend += " The ceiling reads people's translations of the topics."
    if sentence := translators(results):
        legend += f" {escape(sentence)}"
    body = "".join(_table_row(results, row) for row in rows(results))
    content = f'{sortable(heads, body, "Table of systems")}<p class="note">{legend}</p>'
    for title, lines in notes(results):
        content += f"<h3>{escape(title)}</h3>{listed(lines)}"
    return section("systems", "Systems", content)


def _table_row(results: Results, row: Row) -> str:
    cells = ""
    for metric, cell in zip(results.metrics, row.cells, strict=True):
        mark, comparison = '<span class="mark"></span>', results.against_baseline(metric, row.system)
        if cell.mark and comparison:
            kind, sign = ("better", "▲") if cell.mark > 0 else ("worse", "▼")
            label = escape(
                typeset(f"significantly {kind} than {comparison.b}: {signed(comparison.delta)}, {p_value(comparison.p_adjusted)}")
            )
            mark = f'<span class="mark {kind}" role="img" aria-label="{label}" title="{label}">{sign}</span>'
        text = f"<strong>{cell.text}</strong>" if cell.best else cell.text
        cells += f'<td data-value="{cell.number!r}">{text}{mark}</td>'
    note = f' <span class="tag {row.note}">{row.note}</span>' if row.note else ""
    return f'<tr><th scope="row">{_named(results, row.system)}{note}</th>{cells}</tr>\n'


def _named(results: Results, system: str) -> str:
    """A system's name, with its meaning as a tooltip."""
    meaning = results.systems[system].meaning
    return f"<span{tooltip(meaning)}>{escape(system)}</span>" if meaning else escape(system)


def _findings(results: Results) -> str:
    content = ""
    for title, lines in findings(results):
        content += f"<h3>{escape(typeset(title))}</h3>{listed(lines)}"
    return section("findings", "What differs", content) if content else ""


def _figures(results: Results) -> str:
    pictures = [figure("MAP with 95 % bootstrap intervals", figures.means(results))]
    if results.comparisons:
        caption = "Row against column by MAP, in points: coloured where significant, blue for better, orange for worse"
        pictures.append(figure(caption, figures.significance_matrix(results)))
    students = [name for name in results.systems if is_student(name)]
    names = list(dict.fromkeys([HUMAN, results.baseline, "dense-zs", *students, *results.systems]))
    visible = [name for name in names if name in results.systems][:DRAWN]
    legend = _legend(results, list(results.systems), visible)
    single = all(sum(grade > 0 for grade in grades.values()) == 1 for grades in results.qrels.values())
    caption = "Interpolated precision by recall" + (" (level: every topic has one relevant document)" if single else "")
    losses, alignment = figures.training(results, key=False), figures.alignment(results)
    # The second of the left column where the students' pictures are in the right one, so that both columns are about as long.
    pictures.insert(1 if losses or alignment else len(pictures), figure(caption, figures.precision_recall(results, key=False), legend))
    if losses:
        systems = [name for number, name in enumerate(results.systems) if f'data-system="{number}"' in losses]
        pictures.append(
            figure(f"Training: loss by step{figures.measured_on(results, systems)}", losses, _legend(results, systems, systems))
        )
    if alignment:
        caption = "Alignment: agreement with a word aligner (1 - AER) on held-out pairs, ring before training, disc after"
        pictures.append(figure(caption, alignment))
    return section("figures", "Figures", f'<div class="figures">{"".join(pictures)}</div>')


def _legend(results: Results, names: list[str], visible: list[str]) -> str:
    """A tick box for each curve, with a piece of its line."""
    numbers = {name: number for number, name in enumerate(results.systems)}
    boxes = ""
    for name in names:
        colour, dashes = figures.line_style(numbers[name])
        line = f'<path d="M0 4h24" stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dashes}"/>'
        sample = f'<svg viewBox="0 0 24 8" aria-hidden="true">{line}</svg>'
        ticked = " checked" if name in visible else ""
        boxes += f'<label><input type="checkbox" data-curve="{numbers[name]}"{ticked}>{sample}{escape(name)}</label>'
    return f'<div class="legend">{boxes}</div>'


def _topics_by_pair(results: Results) -> str:
    """For each telling pair the gain or loss of every topic, and the topics at both ends; the first pair is open."""
    attribute = " open"
    out = ""
    for comparison in telling_pairs(results):
        title = f'{escape(comparison.a)} against {escape(comparison.b)} <span class="note">{_numbers(comparison)}</span>'
        picture = f"<figure>{figures.topic_deltas(results, comparison.a, comparison.b)}</figure>"
        content = f"{picture}{_in_numbers(comparison)}{_extremes(results, comparison.a, comparison.b)}"
        out += f'<details{attribute}><summary>{title}</summary><div class="pair">{content}</div></details>\n'
        attribute = ""
    return section("topics", "Topic by topic: average precision", out) if out else ""


def _extremes(results: Results, a: str, b: str) -> str:
    """The topics that gained and lost most, each with a link to the topic browser."""
    names = list(results.systems)
    out = ""
    for title, topic_changes in zip(("Gained most", "Lost most"), changes(results, a, b), strict=True):
        items = ""
        for change in topic_changes:
            text = f'<span lang="{_html_lang(results.lang)}">{escape(change.text or change.topic)}</span>'
            link = f'<a href="#topic={quote(change.topic)}" data-pair="{names.index(a)},{names.index(b)}">{text}</a>'
            translation = f"<br>{escape(change.translation)}" if change.translation else ""
            hits = "".join(
                f'<br><span class="hits">{escape(system)}: {_hits(results, change.topic, documents)}</span>'
                for system, documents in ((a, change.hits_a), (b, change.hits_b))
            )
            items += f'<li>{link} <span class="note">{value(change.ap_a)} from {value(change.ap_b)}</span>{translation}{hits}</li>'
        out += f"<div><h3>{title}</h3><ol>{items}</ol></div>" if items else ""
    return out


def _in_numbers(comparison: Comparison) -> str:
    """All that the table of comparisons says of a pair, beside the picture of its topics."""
    cells = dict(zip(COMPARISON_HEADINGS[2:], comparison_cells(comparison)[2:], strict=True))
    return described(
        {f"<span{tooltip(COLUMNS[name])}>{escape(typeset(name))}</span>": escape(typeset(cell)) for name, cell in cells.items() if cell}
    )


def _hits(results: Results, topic: str, documents: list[str]) -> str:
    """The best hits; a line breaks between them rather than within one."""
    return " · ".join(f"<span>{escape(name)}</span>" for name in hit_names(results, topic, documents))


def _numbers(comparison: Comparison) -> str:
    """``+.048, p = .003, d = +.31``."""
    size = f", d = {effect(comparison)}" if effect(comparison) else ""
    return escape(typeset(f"{signed(comparison.delta)}, {p_value(comparison.p_adjusted)}{size}"))


def _browser(results: Results) -> str:
    """The empty topic browser; the script fills it with the page's data."""
    names = list(results.systems)
    students = [name for name in names if is_student(name)] or names
    left = students[0]
    right = next((name for name in (results.baseline, *names) if name and name != left), left)
    systems = [[(str(number), name, name == side) for number, name in enumerate(names)] for side in (left, right)]
    orders = [("gain", "left gains most", True), ("loss", "left loses most", False), ("id", "topic", False)]
    choices = _choice("Left", "left", systems[0]) + _choice("Right", "right", systems[1]) + _choice("Order", "order", orders)
    note = "" if results.passages else '<p class="note">The documents are not at hand: hits are told by their ids.</p>\n'
    return section(
        "browser",
        "Topic browser",
        f"""{note}<div class="controls">{choices}<label>Find <input id="find" type="search" placeholder="word or topic"></label></div>
<div class="browser"><ul id="list" aria-label="Topics; the arrow keys move through them" lang="{_html_lang(results.lang)}"></ul>
<article id="topic" aria-live="polite" lang="{_html_lang(results.lang)}"></article></div>
<noscript><p>The topic browser needs scripts; all else on this page does without.</p></noscript>""",
    )


def _html_lang(lang: str) -> str:
    """A language for HTML's ``lang``; empty, which means unknown, for several languages or none."""
    return "" if "," in lang or lang == "und" else escape(lang)


def _choice(title: str, identifier: str, options: list[tuple[str, str, bool]]) -> str:
    content = "".join(f'<option value="{key}"{" selected" if selected else ""}>{escape(text)}</option>' for key, text, selected in options)
    return f'<label>{title} <select id="{identifier}">{content}</select></label>'


def _all_comparisons(results: Results) -> str:
    if not results.comparisons:
        return ""
    body = ""
    for comparison in results.comparisons:
        if comparison.metric == "map":
            a, b, *numbers = (escape(cell) for cell in map(typeset, comparison_cells(comparison)))
            cells = "".join(f"<td>{number}</td>" for number in numbers)
            kind = "significant" if comparison.significant else "level"
            body += f'<tr class="{kind}"><th scope="row">{a}</th><th scope="row">{b}</th>{cells}</tr>\n'
    table = sortable(
        "".join(heading(typeset(text), title=COLUMNS.get(text, "")) for text in COMPARISON_HEADINGS), body, "Table of comparisons", "plain"
    )
    note = f"{method(results)}. {EXPLAINED}"
    content = f'{table}<p class="note">{escape(note)} The other metrics stand in report.csv.</p>'
    return section("comparisons", "All comparisons by MAP", f"<details><summary>Show the table</summary>{content}</details>")


def _data(results: Results) -> str:
    """The data of the topic browser, as JSON that is safe inside a script element; documents are numbered."""
    documents = [*(document for grades in results.qrels.values() for document, grade in grades.items() if grade > 0)]
    documents += [document for system in results.systems.values() for hits in system.hits.values() for document in hits]
    numbers = {document: number for number, document in enumerate(dict.fromkeys(documents))}
    data = {
        "docLang": _html_lang(results.doc_lang),
        "systems": [
            {
                "name": name,
                "ap": [round(score, 4) for score in system.scores["map"].tolist()],
                "hits": [[numbers[document] for document in system.hits.get(topic, [])] for topic in results.qrels],
                "scores": [[float(f"{score:.5g}") for score in system.hit_scores.get(topic, [])] for topic in results.qrels],
                "read": [_query_text(results, system, topic) for topic in results.qrels],
                "found": [[[numbers[document], rank] for document, rank in system.ranks.get(topic, {}).items()] for topic in results.qrels],
            }
            for name, system in results.systems.items()
        ],
        "topics": [
            {
                "id": topic,
                "text": results.topics.get(topic, ""),
                "human": results.human_topics.get(topic, ""),
                "relevant": [[numbers[document], grade] for document, grade in grades.items() if grade > 0],
            }
            for topic, grades in results.qrels.items()
        ],
        "documents": [_document(results, document) for document in numbers],
    }
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _query_text(results: Results, system: System, topic: str) -> str:
    """The text that a system searched with; empty where it is the topic itself or its human translation, which the page shows anyway."""
    text = system.queries.get(topic, "")
    return "" if text in (results.topics.get(topic), results.human_topics.get(topic)) else text


def _document(results: Results, document: str) -> list[str]:
    """Id, and where the passage is at hand, its title and the beginning of its text."""
    passage = results.passages.get(document)
    if passage is None:
        return [document]
    text = " ".join(passage.text.split())
    return [document, passage.title, text if len(text) <= SNIPPET else text[:SNIPPET].rsplit(" ", 1)[0] + " …"]
