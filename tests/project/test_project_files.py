"""Files that speak for the project: the citation, the marker of types, and the forms for issues."""

from __future__ import annotations

import configparser
from pathlib import Path
from typing import Any

import pytest
import yaml

from optical_repro import __version__

ROOT = Path(__file__).parents[2]
FORMS = ROOT / ".github" / "ISSUE_TEMPLATE"


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def config() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def test_the_citation_is_of_this_version_and_names_the_paper() -> None:
    citation = read_yaml(ROOT / "CITATION.cff")
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()  # What the format requires.
    assert citation["version"] == __version__
    assert citation["title"] == config()["metadata"]["name"]
    assert citation["license"] in config()["metadata"]["license_expression"]
    assert citation["authors"] == [{"name": "The optical_repro developers"}]
    [paper] = citation["references"]
    assert {"type", "title", "authors"} <= paper.keys()
    assert [author["family-names"] for author in paper["authors"]] == ["Huang", "Yu", "Allan"]
    assert "2301.12566" in paper["url"] and paper["year"] == 2023


def test_types_come_with_the_package() -> None:
    assert (ROOT / "optical_repro" / "py.typed").read_bytes() == b""
    patterns = config()["options.package_data"]["optical_repro"].replace(",", " ").split()
    assert "py.typed" in patterns


@pytest.mark.parametrize(
    ("name", "required"),
    [
        ("wrong-score", {"command", "manifest", "machine", "version", "expected", "seen"}),
        ("new-collection", {"data", "licence", "languages", "formats"}),
    ],
)
def test_a_form_asks_for_what_is_needed(name: str, required: set[str]) -> None:
    form = read_yaml(FORMS / f"{name}.yml")
    assert all(form[key] for key in ("name", "description", "body"))
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert {field["type"] for field in fields} <= {"input", "textarea", "dropdown", "checkboxes"}
    assert all(field["attributes"]["label"] for field in fields)
    names = [field["id"] for field in fields]
    assert len(set(names)) == len(names)
    assert required <= {field["id"] for field in fields if field.get("validations", {}).get("required")}
    for field in fields:
        if field["type"] == "dropdown":
            assert all(isinstance(option, str) for option in field["attributes"]["options"]), field["id"]


def test_other_issues_may_be_opened() -> None:
    assert read_yaml(FORMS / "config.yml") == {"blank_issues_enabled": True}
