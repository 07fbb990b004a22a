"""The report as one HTML page that needs nothing else: no network, no server; `report_page.css` and `report_page.js` are put into it."""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from html import escape
from importlib.resources import files
from string import Template
from urllib.parse import quote

from ..base.system_names import HUMAN
from . import figures
from .by_topic import changes, hit_names
from .findings import EXPLAINED, described, effect, findings, method, noted, p_value, signed, translators, value
from .metrics import METRICS
from .questions import is_ceiling, is_student, telling_pairs
from .results import Results, System
from .significance import Comparison
from .tables import COMPARISON_HEADINGS, HEADINGS, Row, comparison_cells, rows

SNIPPET = 280
"""Characters of a passage that the topic browser shows."""
DRAWN = 6
"""Curves shown at first; the legend brings in the others."""


def as_html(results: Results) -> str:
    """The whole page."""
    return page(results, results.name, described(results), [])


def page(results: Results, name: str, about: str, first: list[str]) -> str:
    """A page with sections of its own before those that every report has."""
    assets = files(__package__)
    makers = (_table, _findings, _figures, _topics_by_pair, _browser, _all_comparisons) if results.systems else ()
    sections = [made for made in (*first, *(maker(results) for maker in makers)) if made]
    links = [
        f'<a href="#{found[1]}">{found[2]}</a>' for made in sections if (found := re.match('<section id="(.*?)"><h2>(.*?)</h2>', made))
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
    """What a browser lets a page do that needs nothing else: its own style and script, known by their hashes, and nothing of anyone's."""

    def hashed(text: str) -> str:
        return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    # The page puts each on a line of its own; a picture's background stands in an attribute, which takes unsafe-hashes.
    allowed = f"style-src 'unsafe-hashes' {hashed(chr(10) + style)} {hashed(figures.BACKGROUND)}"
    if script:
        allowed += f"; script-src {hashed(chr(10) + script)}"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"


def section(identifier: str, title: str, content: str) -> str:
    """A part of the page that its contents lead to."""
    return f'<section id="{identifier}"><h2>{title}</h2>\n{content}\n</section>'


def sortable(heads: str, body: str, label: str, kind: str = "") -> str:
    """A table whose headings sort it, wider than a phone if it must be."""
    table = f'<table class="sortable {kind}"><thead><tr>{heads}</tr></thead><tbody>\n{body}</tbody></table>'
    return f'<div class="wide" tabindex="0" role="region" aria-label="{label}">{table}</div>'


def heading(text: str, order: str = "none") -> str:
    """A column's heading that sorts it; ``order``: how it is sorted at first."""
    return f'<th scope="col" aria-sort="{order}"><button type="button">{text}</button></th>'


def _table(results: Results) -> str:
    """Systems by metrics."""
    heads = heading("System") + "".join(heading(HEADINGS[metric], "descending" if metric == "map" else "none") for metric in METRICS)
    legend = "Best below the ceiling in bold."
    if results.baseline:
        better, worse = '<span class="better">▲</span>', '<span class="worse">▼</span>'
        legend += f" {better} significantly better than {escape(results.baseline)}, {worse} significantly worse"
        legend += f" ({escape(method(results))})."
    if any(map(is_ceiling, results.systems)):
        legend += " The ceiling reads people's translations of the topics."
    if translated := translators(results):
        legend += f" {escape(translated)}"
    body = "".join(_table_row(results, row) for row in rows(results))
    inside = f'{sortable(heads, body, "Table of systems")}<p class="note">{legend}</p>'
    for title, lines in noted(results):
        inside += f"<h3>{escape(title)}</h3><ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"
    return section("systems", "Systems", inside)


def _table_row(results: Results, row: Row) -> str:
    cells = ""
    for metric, cell in zip(METRICS, row.cells, strict=True):
        mark, made = '<span class="mark"></span>', results.against_baseline(metric, row.system)
        if cell.mark and made:
            kind, sign = ("better", "▲") if cell.mark > 0 else ("worse", "▼")
            told = escape(f"significantly {kind} than {made.b}: {signed(made.delta)}, {p_value(made.p_adjusted)}")
            mark = f'<span class="mark {kind}" role="img" aria-label="{told}" title="{told}">{sign}</span>'
        text = f"<strong>{cell.text}</strong>" if cell.best else cell.text
        cells += f'<td data-value="{cell.number!r}">{text}{mark}</td>'
    note = f' <span class="tag {row.note}">{row.note}</span>' if row.note else ""
    return f'<tr><th scope="row">{escape(row.system)}{note}</th>{cells}</tr>\n'


def _findings(results: Results) -> str:
    told = ""
    for title, lines in findings(results):
        told += f"<h3>{escape(title)}</h3><ul>{''.join(f'<li>{unbroken(escape(line))}</li>' for line in lines)}</ul>"
    return section("findings", "What differs", told) if told else ""


def unbroken(text: str) -> str:
    """HTML whose numbers stay on the line of what they are numbers of."""
    return re.sub(r" (=|&lt;|%) ?", lambda found: found[0].replace(" ", "\u00a0"), text)


def _figures(results: Results) -> str:
    drawn = [figure("MAP with 95 % bootstrap intervals", figures.means(results))]
    if results.comparisons:
        caption = "Row against column by MAP, in points: coloured where significant, blue for better, orange for worse"
        drawn.append(figure(caption, figures.significance_matrix(results)))
    students = [name for name in results.systems if is_student(name)]
    shown = list(dict.fromkeys([HUMAN, results.baseline, "dense-zs", *students, *results.systems]))
    visible = [name for name in shown if name in results.systems][:DRAWN]
    legend = _legend(results, list(results.systems), visible)
    single = all(sum(grade > 0 for grade in grades.values()) == 1 for grades in results.qrels.values())
    caption = "Interpolated precision by recall" + (" (level: every topic has one relevant document)" if single else "")
    drawn.append(figure(caption, figures.precision_recall(results, key=False), legend))
    losses = figures.training(results, key=False)
    if losses:
        trained = [name for number, name in enumerate(results.systems) if f'data-system="{number}"' in losses]
        drawn.append(figure(f"Training: loss by step{figures.measured_on(results, trained)}", losses, _legend(results, trained, trained)))
    aligned = figures.alignment(results)
    if aligned:
        caption = "Alignment: agreement with a word aligner (1 - AER) on held-out pairs, ring before training, disc after"
        drawn.append(figure(caption, aligned))
    return section("figures", "Figures", f'<div class="figures">{"".join(drawn)}</div>')


def figure(caption: str, picture: str, legend: str = "") -> str:
    """A picture with its caption above it."""
    return f"<figure><figcaption>{escape(caption)}</figcaption>{picture}{legend}</figure>"


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
    """For each pair of interest what every topic gained or lost, and the topics at both ends; the first pair is open."""
    opened = " open"
    out = ""
    for made in telling_pairs(results):
        summary = f'{escape(made.a)} against {escape(made.b)} <span class="note">{_told(made)}</span>'
        inside = f"<figure>{figures.topic_deltas(results, made.a, made.b)}</figure>{_extremes(results, made.a, made.b)}"
        out += f'<details{opened}><summary>{summary}</summary><div class="pair">{inside}</div></details>\n'
        opened = ""
    return section("topics", "Topic by topic: average precision", out) if out else ""


def _extremes(results: Results, a: str, b: str) -> str:
    """The topics that gained and lost most, each a link into the topic browser."""
    names = list(results.systems)
    out = ""
    for title, told in zip(("Gained most", "Lost most"), changes(results, a, b), strict=True):
        items = ""
        for change in told:
            text = f'<span lang="{_code(results.lang)}">{escape(change.text or change.topic)}</span>'
            link = f'<a href="#topic={quote(change.topic)}" data-pair="{names.index(a)},{names.index(b)}">{text}</a>'
            translation = f"<br>{escape(change.translation)}" if change.translation else ""
            hits = "".join(
                f'<br><span class="hits">{escape(system)}: {_hits(results, change.topic, found)}</span>'
                for system, found in ((a, change.hits_a), (b, change.hits_b))
            )
            items += f'<li>{link} <span class="note">{value(change.ap_a)} from {value(change.ap_b)}</span>{translation}{hits}</li>'
        out += f"<div><h3>{title}</h3><ol>{items}</ol></div>" if items else ""
    return out


def _hits(results: Results, topic: str, found: list[str]) -> str:
    """The best hits, each of which stays on a line where it can."""
    return " · ".join(f"<span>{escape(name)}</span>" for name in hit_names(results, topic, found))


def _told(made: Comparison) -> str:
    """``+.048, p = .003, d = +.31``."""
    size = f", d = {effect(made)}" if effect(made) else ""
    return escape(f"{signed(made.delta)}, {p_value(made.p_adjusted)}{size}")


def _browser(results: Results) -> str:
    """The frame of the topic browser; the script fills it from the page's data."""
    names = list(results.systems)
    students = [name for name in names if is_student(name)] or names
    left = students[0]
    right = next((name for name in (results.baseline, *names) if name and name != left), left)
    systems = [[(str(number), name, name == side) for number, name in enumerate(names)] for side in (left, right)]
    orders = [("gain", "left gains most", True), ("loss", "left loses most", False), ("id", "topic", False)]
    choices = _choice("Left", "left", systems[0]) + _choice("Right", "right", systems[1]) + _choice("Order", "order", orders)
    lacking = "" if results.passages else '<p class="note">The documents are not at hand: hits are told by their ids.</p>\n'
    return section(
        "browser",
        "Topic browser",
        f"""{lacking}<div class="controls">{choices}<label>Find <input id="find" type="search" placeholder="word or topic"></label></div>
<div class="browser"><ul id="list" aria-label="Topics; the arrow keys move through them" lang="{_code(results.lang)}"></ul>
<article id="topic" aria-live="polite" lang="{_code(results.lang)}"></article></div>
<noscript><p>The topic browser needs scripts; all else on this page does without.</p></noscript>""",
    )


def _code(lang: str) -> str:
    """A language for HTML's ``lang``; empty, unknown there, where topics are in several or nothing tells."""
    return "" if "," in lang or lang == "und" else escape(lang)


def _choice(title: str, identifier: str, options: list[tuple[str, str, bool]]) -> str:
    inside = "".join(f'<option value="{key}"{" selected" if chosen else ""}>{escape(text)}</option>' for key, text, chosen in options)
    return f'<label>{title} <select id="{identifier}">{inside}</select></label>'


def _all_comparisons(results: Results) -> str:
    if not results.comparisons:
        return ""
    body = ""
    for made in results.comparisons:
        if made.metric == "map":
            a, b, *numbers = (escape(cell) for cell in comparison_cells(made))
            cells = "".join(f"<td>{number}</td>" for number in numbers)
            kind = "significant" if made.significant else "level"
            body += f'<tr class="{kind}"><th scope="row">{a}</th><th scope="row">{b}</th>{cells}</tr>\n'
    table = sortable("".join(map(heading, COMPARISON_HEADINGS)), body, "Table of comparisons", "plain")
    note = f"{method(results)}. {EXPLAINED}"
    inside = f'{table}<p class="note">{escape(note)} The other metrics stand in report.csv.</p>'
    return section("comparisons", "All comparisons by MAP", f"<details><summary>Show the table</summary>{inside}</details>")


def _data(results: Results) -> str:
    """What the topic browser shows, as JSON that can stand inside a script element; documents are numbered."""
    wanted = [*(document for grades in results.qrels.values() for document, grade in grades.items() if grade > 0)]
    wanted += [document for system in results.systems.values() for hits in system.hits.values() for document in hits]
    numbers = {document: number for number, document in enumerate(dict.fromkeys(wanted))}
    whole = {
        "docLang": _code(results.doc_lang),
        "systems": [
            {
                "name": name,
                "ap": [round(score, 4) for score in system.scores["map"].tolist()],
                "hits": [[numbers[document] for document in system.hits.get(topic, [])] for topic in results.qrels],
                "read": [_read_as(results, system, topic) for topic in results.qrels],
                "found": [[[numbers[document], rank] for document, rank in system.found.get(topic, {}).items()] for topic in results.qrels],
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
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _read_as(results: Results, system: System, topic: str) -> str:
    """The topic as a system read it; empty where it read the topic itself or its human translation, which stand above both rankings."""
    text = system.queries.get(topic, "")
    return "" if text in (results.topics.get(topic), results.human_topics.get(topic)) else text


def _document(results: Results, document: str) -> list[str]:
    """Id, and where the passage is at hand its title and the beginning of its text."""
    passage = results.passages.get(document)
    if passage is None:
        return [document]
    text = " ".join(passage.text.split())
    return [document, passage.title, text if len(text) <= SNIPPET else text[:SNIPPET].rsplit(" ", 1)[0] + " …"]
