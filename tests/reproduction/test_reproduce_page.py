"""The page of the tables: the answer first, and in a real browser a button at every command."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from chromium import unreachable, watched

from optical_repro.reproduction.page import as_html
from optical_repro.reproduction.recorded import find_table, read_tables

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_page_begins_with_the_answer() -> None:
    tables = read_tables()
    text = as_html(tables)
    answer = text[text.index('<section id="answer">') : text.index('<section id="table-1">')]
    paragraphs = [(table.number, paragraph) for table in tables for paragraph in table.answer]
    assert answer.count("<li>") == len(paragraphs) > 2
    for number, paragraph in paragraphs:
        question = re.match(r"\*\*(.+?)\*\*", paragraph)
        assert question and f"<strong>{question[1]}</strong>" in answer and f'<a href="#table-{number}">' in answer
    assert "**" not in answer and "`" not in answer
    assert 'id="answer"' not in as_html([replace(table, answer=[]) for table in tables])


def test_a_button_copies_the_command_of_a_score(chromium: Browser, tmp_path: Path) -> None:
    """In a real browser: the score opens, its button copies its command; axe-core finds nothing serious."""
    tables = [find_table(read_tables(), 1)]
    (tmp_path / "page.html").write_text(as_html(tables), encoding="utf-8")
    with watched(chromium, (tmp_path / "page.html").as_uri(), 15_000) as (page, fetched):
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        cell = page.locator("details.cell").first
        assert not cell.locator(".copy").is_visible()
        cell.locator("summary").click()
        cell.get_by_role("button", name="Copy").click()
        page.wait_for_selector(".copy:text('Copied')")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == cell.locator(".command").inner_text() and copied.startswith("python -m optical_repro.run ")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert unreachable(page) == []
    assert len(fetched) == 1
