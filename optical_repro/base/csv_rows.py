"""Tables as spreadsheets save them: CSV with commas, semicolons or TABs, cells in quotes, in UTF-8 or UTF-16."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from .errors import InputError, bad_line
from .files import LONGEST, text_lines

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "TABs"}

LOOKED_AT = 200
"""Rows by which the delimiter of a file without a heading is found."""

WORKBOOKS = (".xlsx", ".xls", ".ods")


def is_csv(path: Path) -> bool:
    """Whether a file is CSV by its name."""
    return path.name.lower().removesuffix(".gz").endswith(".csv")


def workbook(path: Path) -> InputError:
    """The error for a workbook in place of a table."""
    name = path.with_suffix(".csv").name
    return InputError(f"{path}: is a workbook; save it in the spreadsheet program as CSV UTF-8 with the name {name}")


def rows(
    path: Path, columns: Sequence[frozenset[str]], expected: str, *, headed: bool = False, needed: int
) -> Iterator[tuple[int, list[str]]]:
    """Yields (line, cells in the order of ``columns``) of a table, gzip accepted; a column that the file lacks gives an empty cell.

    ``columns``: for each column the names that it may have in a heading, folded; the first ``needed`` must be there. A file that must
    be ``headed`` may have other columns too. Without a heading, a row has ``needed`` cells. Raises InputError with the line for a row
    of another length and for broken quotes, and where it is not certain what separates the cells.
    """
    firsts = {delimiter: cells for delimiter in DELIMITERS if (cells := _first(path, delimiter))}
    headings = ((delimiter, _places(cells, columns, needed, headed)) for delimiter, cells in firsts.items())
    delimiter, places = next(((delimiter, places) for delimiter, places in headings if places), ("", None))
    if places:
        start, width = 1, len(firsts[delimiter])
    elif next(_records(path, next(iter(firsts), ","), expected), None) is None:
        return
    elif headed:
        names = ", ".join(" or ".join(sorted(names)) for names in columns[:needed])
        raise bad_line(path, 1, "no heading that names the columns", f"{names} in the first row, and {expected}")
    else:
        delimiter, start, width, places = _delimiter(path, needed, expected), 0, needed, [*range(needed)]
    places = [*places, *[None] * (len(columns) - len(places))]
    for line, cells in islice(_records(path, delimiter, expected), start, None):
        if len(cells) != width:
            wrong = f"{len(cells)} {'cell' if len(cells) == 1 else 'cells'} between {DELIMITERS[delimiter]}"
            raise bad_line(path, line, wrong, f"{width}: {expected}, a cell with {DELIMITERS[delimiter]} in it in quotes")
        yield line, [cells[place] if place is not None else "" for place in places]


def _first(path: Path, delimiter: str) -> list[str]:
    """The cells of the first row; none of a file that is empty, or broken where this separates the cells."""
    try:
        return next((cells for _, cells in _records(path, delimiter, "")), [])
    except _Broken:
        return []


def _places(cells: Sequence[str], columns: Sequence[frozenset[str]], needed: int, others: bool) -> list[int | None] | None:
    """The place of each column in a heading; None if it lacks a needed one, names one twice, or, unless allowed, names ``others``."""
    names = [cell.strip().casefold() for cell in cells]
    places = [[place for place, name in enumerate(names) if name in known] for known in columns]
    count = sum(map(len, places))
    if not all(places[:needed]) or max(map(len, places)) > 1 or (count < len(names) and not others):
        return None
    return [place[0] if place else None for place in places]


def _delimiter(path: Path, width: int, expected: str) -> str:
    """What separates the cells of a file without a heading: that which parts each of its first rows into ``width`` cells."""
    fit = [delimiter for delimiter in DELIMITERS if _fits(path, delimiter, lambda cells: len(cells) == width)]
    if len(fit) == 1:
        return fit[0]
    if fit:
        both = " as well as ".join(DELIMITERS[delimiter] for delimiter in fit)
        raise InputError(f"{path}: {both} part its rows into {width} cells; put cells with such a mark into quotes, or save it as TSV")
    parting = [delimiter for delimiter in DELIMITERS if _fits(path, delimiter, lambda cells: len(cells) >= width)]
    if len(parting) == 1:
        return parting[0]  # the row that has too many is named where it is read
    raise bad_line(path, 1, "no mark that parts every row alike", f"{expected}, between commas or semicolons; or save it as TSV")


def _fits(path: Path, delimiter: str, fit: Callable[[list[str]], bool]) -> bool:
    try:
        return all(fit(cells) for _, cells in islice(_records(path, delimiter, ""), LOOKED_AT))
    except _Broken:
        return False


class _Broken(InputError):
    """Broken CSV, which may be whole where something else separates the cells."""


def _records(path: Path, delimiter: str, expected: str) -> Iterator[tuple[int, list[str]]]:
    """(line where it starts, cells) of each row that is not blank; a line ``sep=;``, as Excel writes it, is left out."""
    csv.field_size_limit(LONGEST)
    reader = csv.reader((line for _, line in text_lines(path)), delimiter=delimiter, strict=True, skipinitialspace=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells) and not (line == 1 and re.fullmatch(r"sep=.?", "".join(cells))):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise _Broken(f"{path}:{line}: broken CSV ({error}); expected {expected or 'CSV'}") from None
