"""Hooks of MkDocs: pages from files outside docs/, the page of the tables, and links that lead to pages where there are any."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

from optical_repro.reproduction.page import as_html
from optical_repro.reproduction.recorded import read_tables

ROOT = Path(__file__).parents[1]

PAGES = {
    "index.md": "README.md",
    "tables.md": "REPRODUCE.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "benchmarks.md": "benchmarks/README.md",
}
"""Page to the file that it is made of."""

TABLES = "scores.html"
"""The tables with a command behind each score; what `reproduce --html` writes."""

LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)|(!\[[^\]]*\])\(([^()\s]+)\)")


def on_files(files: Files, config: Any) -> Files:
    """Adds the pages."""
    for page, source in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        if page == "tables.md":
            text = text.replace("\n\n", f"\n\n[The same tables with a command behind each score]({TABLES}), to copy.\n\n", 1)
        files.append(File.generated(config, page, content=text))
    files.append(File.generated(config, TABLES, content=as_html(read_tables())))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links between files of the repository as links between pages; what is no page of the site keeps its text alone."""
    folder = posixpath.dirname(PAGES.get(page.file.src_uri, f"docs/{page.file.src_uri}"))
    names = {source: name for name, source in PAGES.items()} | {"benchmarks": "benchmarks.md"}

    def moved(match: re.Match[str]) -> str:
        text, target = (match[1], match[2]) if match[2] else (match[3], match[4])
        path, mark, anchor = target.partition("#")
        if ":" in path or not path or path == TABLES:
            return match[0]
        place = posixpath.normpath(posixpath.join(folder, path))
        if place not in names and not (place.startswith("docs/") and (ROOT / place).is_file()):
            return text
        return f"{text if match[3] else f'[{text}]'}({names.get(place, place.removeprefix('docs/'))}{mark}{anchor})"

    return LINK.sub(moved, markdown)
