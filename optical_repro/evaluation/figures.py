"""Pictures of results as SVG text, for a page of any width, in the page's colours (light or dark) or, without a page, in their own.

Each is 440 units wide with text of size 12, which the page enlarges on a phone; on a wide page it takes one column.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from .findings import aligned_students, p_value, signed, value
from .metrics import RECALL_LEVELS
from .page_parts import typeset
from .questions import is_ceiling, is_student
from .results import Results
from .significance import Comparison

WIDTH = 440
ALONE = 560
"""Width in pixels where no page sets it, as in a notebook."""
INK, MUTED, LINE = "var(--ink, #1d2430)", "var(--muted, #5d6877)", "var(--line, #d6dce4)"
BACKGROUND = "background: var(--paper, #ffffff)"
BETTER, WORSE, LEVEL = "var(--better, #1a66c4)", "var(--worse, #b83c0a)", "var(--level, #eef1f5)"
KINDS = {"ceiling": "var(--ceiling, #7a8594)", "baseline": "var(--hue-5, #876600)", "student": BETTER, "other": "var(--other, #a9b3c1)"}
COLOURS = ("#1a66c4", "#b83c0a", "#0c7a60", "#a3359c", "#876600", "#5b5bd6")
HUES = [f"var(--hue-{number}, {colour})" for number, colour in enumerate(COLOURS, 1)]
DASHES = ("", "7 3", "2 3", "12 3 2 3", "14 4", "5 2 1 2 1 2")
"""Neighbours differ without colour too, for those who do not see it and for prints in grey."""
LABEL = 20
"""Letters of a name at the end of its line."""


def line_style(number: int) -> tuple[str, str]:
    """Colour and dashes of the ``number``-th line of a chart: six in a row differ in both, the first thirty-six in one of them."""
    return HUES[number % len(HUES)], DASHES[(number + number // len(HUES)) % len(DASHES)]


def means(results: Results) -> str:
    """Bars of MAP with 95 % bootstrap intervals, best first."""
    left, row, top = _name_width(results.systems), 26, 6
    height = top + row * len(results.systems) + 24
    longest = max(system.interval[1] for system in results.systems.values())
    ticks = [tick / 10 for tick in range(0, 11, 2 if longest > 0.4 else 1) if tick / 10 <= longest + 0.1]
    right, scale = WIDTH - 48, (WIDTH - 48 - left) / max(longest, ticks[-1], 0.1)
    parts = [_line(left + tick * scale, top, left + tick * scale, height - 20, LINE) for tick in ticks]
    parts += [_text(left + tick * scale, height - 5, f"{tick:g}".removeprefix("0") or "0", "middle", MUTED) for tick in ticks]
    for number, (name, system) in enumerate(results.systems.items()):
        middle, mean, (low, high) = top + row * number + row / 2, system.mean("map"), system.interval
        parts.append(f"<g><title>{escape(name)}: MAP {value(mean)}, 95 % interval {value(low)} to {value(high)}</title>")
        parts.append(_text(left - 8, middle + 4, name, "end", INK))
        parts.append(_rectangle(left, middle - 8, max(mean * scale, 0.5), 16, KINDS[_kind(results, name)]))
        parts.append(_line(left + low * scale, middle, left + high * scale, middle, INK))
        parts += [_line(left + end * scale, middle - 4, left + end * scale, middle + 4, INK) for end in (low, high)]
        parts.append(_text(right + 46, middle + 4, value(mean), "end", INK) + "</g>")
    return _svg(height, "MAP of every system with its 95 % bootstrap interval", parts)


def _kind(results: Results, name: str) -> str:
    if is_ceiling(name) or name == results.baseline:
        return "ceiling" if is_ceiling(name) else "baseline"
    return "student" if is_student(name) else "other"


def forest(columns: list[tuple[str, Comparison]]) -> str:
    """A difference in MAP in several folders, each with its 95 % bootstrap interval; ``columns``: (folder, comparison)."""
    left, row, top = _name_width([name for name, _ in columns]), 26, 6
    height = top + row * len(columns) + 24
    ends = [end for _, comparison in columns for end in (comparison.low, comparison.high)]
    ticks = _ticks(min(0, *ends), max(0, *ends))
    axis = _Axes(height - 20, ticks, ticks, left + 8, WIDTH - 56)
    parts = [_line(axis.x(tick), top, axis.x(tick), height - 20, LINE if tick else INK) for tick in ticks]
    parts += [_text(axis.x(tick), height - 5, f"{tick:+g}".replace("0.", ".") if tick else "0", "middle", MUTED) for tick in ticks]
    for number, (name, comparison) in enumerate(columns):
        middle, colour = top + row * (number + 0.5), {1: BETTER, -1: WORSE, 0: MUTED}[comparison.direction]
        interval = f"95 % interval {signed(comparison.low)} to {signed(comparison.high)}"
        title = f"{name}: {signed(comparison.delta)}, {interval}, {p_value(comparison.p_adjusted)}"
        parts.append(f"<g><title>{escape(typeset(title))}</title>{_text(left - 8, middle + 4, name, 'end', INK)}")
        parts.append(_line(axis.x(comparison.low), middle, axis.x(comparison.high), middle, colour))
        parts.append(f'<circle cx="{axis.x(comparison.delta):.1f}" cy="{middle:g}" r="5" fill="{colour}"/>')
        parts.append(_text(WIDTH - 2, middle + 4, signed(comparison.delta), "end", colour) + "</g>")
    return _svg(height, "The difference in MAP by folder with its 95 % bootstrap interval", parts)


def topic_deltas(results: Results, a: str, b: str) -> str:
    """Each topic's gain (up) or loss (down) in average precision where ``a`` replaces ``b``, sorted."""
    differences = sorted((results.systems[a].scores["map"] - results.systems[b].scores["map"]).tolist(), reverse=True)
    left, top, bottom = 42, 10, 174
    middle, step = (top + bottom) / 2, (WIDTH - left) / len(differences)
    parts = []
    for tick in (1, 0.5, 0, -0.5, -1):
        y = middle - tick * (bottom - top) / 2
        parts += [_line(left, y, WIDTH, y, INK if tick == 0 else LINE), _text(left - 5, y + 4, f"{tick:+g}" if tick else "0", "end", MUTED)]
    for colour, sign in ((BETTER, 1), (WORSE, -1)):
        bars = [(number, difference) for number, difference in enumerate(differences) if difference * sign > 0]
        path = "".join(f"M{left + step * (number + 0.5):.2f} {middle:g}v{difference * (top - middle):.2f}" for number, difference in bars)
        parts.append(f'<path d="{path}" stroke="{colour}" stroke-width="{max(step * 0.8, 0.6):.2f}" fill="none"/>')
    gains, losses = sum(difference > 0 for difference in differences), sum(difference < 0 for difference in differences)
    parts.append(_text(left, bottom + 20, f"{gains} topics gain", "start", BETTER))
    parts.append(_text((left + WIDTH) / 2, bottom + 20, f"{len(differences) - gains - losses} stay level", "middle", MUTED))
    parts.append(_text(WIDTH, bottom + 20, f"{losses} lose", "end", WORSE))
    return _svg(bottom + 28, f"Differences in average precision by topic, {a} less {b}: {gains} topics gain, {losses} lose", parts)


def precision_recall(results: Results, key: bool = True) -> str:
    """Interpolated precision at eleven levels of recall; each line is a group with the class ``curve`` and its system's number.

    ``key``: whether a key below the chart names the lines, for where no page does.
    """
    axes = _Axes(284, [0, 0.2, 0.4, 0.6, 0.8, 1], [0, 0.2, 0.4, 0.6, 0.8, 1], right=_beside_names(results.systems))
    parts = axes.draw("recall", "precision")
    curves = {
        name: [(level / (RECALL_LEVELS - 1), precision) for level, precision in enumerate(system.curve)]
        for name, system in results.systems.items()
    }
    parts += _curves(axes, curves, list(results.systems))
    key_parts, height = _key(list(enumerate(results.systems)) if key else [], axes.bottom + 36)
    return _svg(height, "Interpolated precision against recall, a line a system", parts + key_parts)


LOSSES = {"held_out": " on held-out pairs", "probe": " on a fixed sample of training pairs", "loss": ""}
"""Losses that a training log may hold, the most informative first, and what each is measured on; empty: on the last batches."""


def loss_of(log: Sequence[Mapping[str, float]]) -> str:
    """The one of ``LOSSES`` that is shown for a training log."""
    return next((name for name in LOSSES if any(name in entry for entry in log)), "loss")


def measured_on(results: Results, systems: Iterable[str]) -> str:
    """What the losses of these systems' students are measured on; empty where that is not the same for all."""
    kinds = {LOSSES[loss_of(results.systems[name].log)] for name in systems}
    return kinds.pop() if len(kinds) == 1 else ""


def training(results: Results, key: bool = True) -> str:
    """The loss of every student that was trained for these runs, by step; empty where there is none. ``key``: as in `precision_recall`.

    The loss is on held-out pairs where a log has it, else on a fixed sample of training pairs, else on each batch. A student that several
    systems share has the shortest of their names.
    """
    logs: dict[str, list[tuple[float, float]]] = {}
    for name, system in sorted(results.systems.items(), key=lambda item: len(item[0])):
        loss = loss_of(system.log)
        points = [(entry.get("step", math.nan), entry.get(loss, math.nan)) for entry in system.log]
        points = [point for point in points if math.isfinite(sum(point))]
        if len(points) > 1 and points not in logs.values():
            logs[name] = points
    if not logs:
        return ""
    steps, losses = ([point[axis] for points in logs.values() for point in points] for axis in (0, 1))
    axes = _Axes(284, _ticks(0, max(steps)), _ticks(min(0, *losses), max(losses)), right=_beside_names(logs))
    parts = axes.draw("step", f"loss{measured_on(results, logs)}")
    lines = [(number, name) for number, name in enumerate(results.systems) if name in logs]
    parts += _curves(axes, {name: logs[name] for _, name in lines}, list(results.systems))
    key_parts, height = _key(lines if key else [], axes.bottom + 36)
    return _svg(height, "Training loss by step, a line a student", parts + key_parts)


def alignment(results: Results) -> str:
    """Agreement of each student's plans with a word aligner, before training (ring) and after (disc); empty where it was not measured."""
    students = aligned_students(results)
    if not students:
        return ""
    ends = [end for agreement in students.values() for end in (agreement.before, agreement.after)]
    margin = max(0.0, 0.1 - (max(ends) - min(ends))) / 2  # the scale spans at least a tenth, so that a thousandth looks small
    ticks = _ticks(min(ends) - margin, max(ends) + margin)
    left, row, top = _name_width(students), 30, 6
    height = top + row * len(students) + 24
    axis = _Axes(height - 20, ticks, ticks, left + 8, WIDTH - 92)
    parts = [_line(axis.x(tick), top, axis.x(tick), height - 20, LINE) for tick in ticks]
    parts += [_text(axis.x(tick), height - 5, f"{tick:g}".removeprefix("0") or "0", "middle", MUTED) for tick in ticks]
    for number, (name, agreement) in enumerate(students.items()):
        middle, colour = top + row * (number + 0.5), BETTER if agreement.after >= agreement.before else WORSE
        parts.append(f"<g><title>{escape(name)}: {value(agreement.before)} before training, {value(agreement.after)} after</title>")
        parts.append(_text(left - 8, middle + 4, name, "end", INK))
        parts.append(
            f'<path d="M{axis.x(agreement.before):.1f} {middle:g}H{axis.x(agreement.after):.1f}" stroke="{colour}" stroke-width="3"/>'
        )
        ring = f'fill="var(--paper, #ffffff)" stroke="{colour}" stroke-width="2"'
        parts.append(f'<circle cx="{axis.x(agreement.before):.1f}" cy="{middle:g}" r="5" {ring}/>')
        parts.append(f'<circle cx="{axis.x(agreement.after):.1f}" cy="{middle:g}" r="6" fill="{colour}"/>')
        parts.append(_text(WIDTH - 2, middle + 4, f"{value(agreement.before)} → {value(agreement.after)}", "end", colour) + "</g>")
    return _svg(height, "Agreement with a word aligner before and after training, a line a student", parts)


def significance_matrix(results: Results) -> str:
    """Row against column by MAP: blue where the row is significantly better, orange where it is worse; systems by rank."""
    names = list(results.systems)
    left, top = _name_width(names) + 26, 22
    width = min(30.0, (WIDTH - left) / len(names))
    height = max(width, 17.0)
    parts = []
    for row, a in enumerate(names):
        y = top + height * row
        parts.append(_text(left - 8, y + height / 2 + 4, f"{a}  {row + 1}", "end", INK))
        if width >= 17 or row % 2 == 0:
            parts.append(_text(left + width * (row + 0.5), top - 8, str(row + 1), "middle", MUTED))
        for column, b in enumerate(names):
            comparison = results.comparison("map", a, b) if a != b else None
            if comparison is None:
                continue
            colour = LEVEL if not comparison.significant else BETTER if comparison.delta > 0 else WORSE
            title = f"{a} {signed(comparison.delta)} against {b}, {p_value(comparison.p_adjusted)}"
            parts.append(
                f"<g><title>{escape(typeset(title))}</title>{_rectangle(left + width * column + 1, y + 1, width - 2, height - 2, colour)}"
            )
            if width >= 22:
                ink, points = "var(--paper, #ffffff)" if comparison.significant else MUTED, round(100 * comparison.delta)
                x = left + width * (column + 0.5)
                parts.append(_text(x, y + height / 2 + 4, f"{points:+}" if points else "0", "middle", ink, size=10.5))
            parts.append("</g>")
    return _svg(top + height * len(names) + 4, "Which systems differ significantly by MAP, row against column", parts)


@dataclass(frozen=True)
class _Axes:
    """Two axes with their ticks; each axis ends at its first and its last tick."""

    bottom: float
    x_ticks: list[float]
    y_ticks: list[float]
    left: float = 36
    right: float = WIDTH - 16

    def x(self, number: float) -> float:
        first, last = self.x_ticks[0], self.x_ticks[-1]
        return self.left + (self.right - self.left) * (number - first) / (last - first)

    def y(self, number: float) -> float:
        first, last = self.y_ticks[0], self.y_ticks[-1]
        return self.bottom - (self.bottom - 26) * (number - first) / (last - first)

    def draw(self, x_name: str, y_name: str) -> list[str]:
        """Grid, ticks and the axes' names."""
        parts = [_line(self.x(self.x_ticks[0]), self.y(tick), self.x(self.x_ticks[-1]), self.y(tick), LINE) for tick in self.y_ticks]
        parts += [_text(30, self.y(tick) + 4, f"{tick:g}", "end", MUTED) for tick in self.y_ticks]
        parts += [_text(self.x(tick), self.bottom + 16, f"{tick:g}", "middle", MUTED) for tick in self.x_ticks]
        parts += [_text((self.left + self.right) / 2, self.bottom + 32, x_name, "middle", MUTED), _text(8, 14, y_name, "start", MUTED)]
        return parts


def _ticks(low: float, high: float) -> list[float]:
    """About five round numbers that enclose the range."""
    rough_step = (high - low) / 4 or 1.0
    magnitude = 10.0 ** math.floor(math.log10(rough_step))
    step = next(magnitude * factor for factor in (1, 2, 5, 10) if magnitude * factor >= rough_step)
    first = math.floor(low / step)
    last = max(math.ceil(high / step), first + 1)  # an axis has two ends even where all values are the same
    return [round(step * number, 9) for number in range(first, last + 1)]


def _curves(axes: _Axes, curves: Mapping[str, list[tuple[float, float]]], names: list[str]) -> list[str]:
    """Lines with their names at their ends; ``names``: of all systems, whose place in it decides a line's style."""
    heights = _apart([axes.y(points[-1][1]) for points in curves.values()], axes.bottom)
    return [_curve(axes, points, names.index(name), name, height) for (name, points), height in zip(curves.items(), heights, strict=True)]


def _curve(axes: _Axes, points: list[tuple[float, float]], number: int, name: str, height: float) -> str:
    """A line, a thin one from its end to its name, and the name at that height."""
    colour, dashes = line_style(number)
    path = " ".join(f"{axes.x(x):.1f},{axes.y(y):.1f}" for x, y in points)
    line = f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-linejoin="round" stroke-dasharray="{dashes}"/>'
    end_x, end_y = axes.x(points[-1][0]), axes.y(points[-1][1])
    lead = f'<path d="M{end_x + 2:.1f} {end_y:.1f}L{axes.right + 14:.1f} {height:.1f}" stroke="{colour}" stroke-width="0.75"/>'
    label = _text(axes.right + 17, height + 4, _shortened(name), "start", colour, size=10.5)
    return f'<g class="curve" data-system="{number}"><title>{escape(name)}</title>{line}{lead}{label}</g>'


def _apart(heights: list[float], bottom: float, top: float = 26) -> list[float]:
    """Heights moved apart as far as text of size 10.5 needs, or the space between ``top`` and ``bottom`` allows, in their order."""
    step = min(12.5, (bottom - top) / max(1, len(heights) - 1))
    order = sorted(range(len(heights)), key=heights.__getitem__)
    placed: list[float] = []
    for place, number in enumerate(order):
        placed.append(max(heights[number], placed[-1] + step if place else top))
    for place in range(len(placed) - 1, -1, -1):
        placed[place] = min(placed[place], bottom if place == len(placed) - 1 else placed[place + 1] - step)
    return [placed[order.index(number)] for number in range(len(heights))]


def _shortened(name: str) -> str:
    """A name of LABEL letters at most, the middle left out."""
    return name if len(name) <= LABEL else f"{name[: LABEL // 2]}…{name[-(LABEL // 2 - 1) :]}"


def _beside_names(names: Iterable[str]) -> float:
    """Where an x axis ends, so that names have room beside it."""
    return WIDTH - 20 - 6.6 * max(len(_shortened(name)) for name in names)


def _key(lines: list[tuple[int, str]], top: float) -> tuple[list[str], float]:
    """The names of the lines, two a row, below ``top``; and the height at which the key ends."""
    parts = []
    for place, (number, name) in enumerate(lines):
        x, y = 36 + place % 2 * (WIDTH - 36) / 2, top + 16 + 20 * (place // 2)
        colour, dashes = line_style(number)
        parts.append(f'<path d="M{x:g} {y - 4:g}h24" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/>')
        parts.append(_text(x + 32, y, name, "start", INK))
    return parts, top + 20 * math.ceil(len(lines) / 2)


def _name_width(names: Iterable[str]) -> float:
    """Width of the longest name in text of size 14; at most half the picture."""
    return min(max(map(len, names)) * 7.7 + 12, WIDTH / 2)


def _svg(height: float, label: str, parts: list[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{ALONE}" role="img" aria-label="{escape(label)}" '
        f'font-family="system-ui, sans-serif" font-size="12" style="{BACKGROUND}">{"".join(parts)}</svg>'
    )


def _text(x: float, y: float, text: str, anchor: str, colour: str, size: float = 12) -> str:
    smaller = "" if size == 12 else f' font-size="{size:g}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"{smaller}>{escape(typeset(text))}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def _rectangle(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="2" fill="{colour}"/>'
