"""Tables as spreadsheets save them: what separates the cells, quotes, headings, encodings, and what is refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from optical_repro.base.csv_rows import rows
from optical_repro.base.errors import InputError

COLUMNS = (frozenset({"id", "qid"}), frozenset({"text"}), frozenset({"title"}))
WANTED = [["q1", "Odò wo?", ""], ["q2", "Ìlú, wo; níbo?", ""]]


def read(path: Path, content: str | bytes, **options: bool) -> list[list[str]]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [cells for _, cells in rows(path, COLUMNS, "topic id and text", needed=2, **options)]


@pytest.mark.parametrize(
    "text",
    [
        'q1,Odò wo?\nq2,"Ìlú, wo; níbo?"\n',
        'q1;Odò wo?\r\nq2;"Ìlú, wo; níbo?"\r\n',
        '"q1";"Odò wo?"\n\n"q2";"Ìlú, wo; níbo?"\n',
        '"q1"\t"Odò wo?"\n"q2"\t"Ìlú, wo; níbo?"',
        'qid,text\nq1,Odò wo?\nq2,"Ìlú, wo; níbo?"\n',
        '"Text";"ID"\n"Odò wo?";q1\n"Ìlú, wo; níbo?";q2\n',
        'sep=;\nid;text\nq1;Odò wo?\nq2;"Ìlú, wo; níbo?"\n',
        "id\ttext\nq1\tOdò wo?\nq2\tÌlú, wo; níbo?\n",
        'q1, Odò wo?\nq2, "Ìlú, wo; níbo?"\n',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_the_same_cells_however_they_are_saved(tmp_path: Path, text: str, encoding: str) -> None:
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    assert read(tmp_path / "topics.csv", mark + text.encode(encoding)) == WANTED
    assert read(tmp_path / "topics.csv.gz", gzip.compress(mark + text.encode(encoding))) == WANTED


def test_quotes_in_quotes_and_line_ends_in_cells(tmp_path: Path) -> None:
    path = tmp_path / "topics.csv"
    path.write_text('q1,"He said ""no"",\nand left"\nq2,"x"\n', encoding="utf-8")
    found = list(rows(path, COLUMNS, "topic id and text", needed=2))
    assert found == [(1, ["q1", 'He said "no",\nand left', ""]), (3, ["q2", "x", ""])]


def test_a_heading_gives_the_order_and_other_columns_where_they_may_be(tmp_path: Path) -> None:
    text = "url,title,id,text\nhttp://a,Nile,d1,A river.\n"
    assert read(tmp_path / "corpus.csv", text, headed=True) == [["d1", "A river.", "Nile"]]
    with pytest.raises(InputError, match=r"corpus\.csv:1: 4 cells between commas; expected 2"):
        read(tmp_path / "corpus.csv", text)


def test_nothing_is_no_row(tmp_path: Path) -> None:
    assert read(tmp_path / "a.csv", "") == read(tmp_path / "a.csv", "\n \n", headed=True) == read(tmp_path / "a.csv", "id,text\n") == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("q1,a\nq2,b, and c\n", "a.csv:2: 3 cells between commas; expected 2: topic id and text, a cell with commas in it in quotes"),
        ("q1;a\nq2\n", "a.csv:1: no mark that parts every row alike"),
        ("q1;a, b\nq2;c, d\n", "a.csv: commas as well as semicolons part its rows into 2 cells; put cells with such a mark into quotes"),
        ('id,text\nq1,"a\nq2,b\n', "a.csv:2: broken CSV (unexpected end of data)"),
        ('id,text\nq1,"a" b\n', "a.csv:2: broken CSV (',' expected after '\"')"),
        (b"q1,caf\xe9\n", "a.csv:1: byte 0xe9 is not UTF-8"),
        ("q1,a\n".encode("utf-16")[:-1], "a.csv: damaged UTF-16 after 10 bytes; save it as UTF-8"),
        ("q1,a\0\n".encode("utf-16"), "a.csv:1: a NUL character"),
        (b"PK\3\4\xff", "or, if it is a workbook, save it as CSV UTF-8"),
    ],
)
def test_what_is_not_certain_is_refused_with_its_line(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(InputError) as refused:
        read(tmp_path / "a.csv", content)
    assert message in str(refused.value)


def test_documents_need_a_heading(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.csv:1: no heading that names the columns; expected id or qid, text in the first row"):
        read(tmp_path / "a.csv", "d1,A river.\n", headed=True)
