"""The report page: complete in itself, escaped, and with all that its script needs."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from test_compare import STRENGTHS, make

from optical_repro.collections.collection import Passage
from optical_repro.evaluation.report import write_report
from optical_repro.reproduction.page import as_html as tables_as_html
from optical_repro.reproduction.recorded import read_tables

VOID = {"meta", "input", "br", "link", "img"}


class Page(HTMLParser):
    """Collects elements, ids and the text of each kind of element; fails on elements that close out of turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, list[str]] = {}
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        if self.open:
            self.text.setdefault(self.open[-1], []).append(data)

    def having(self, attribute: str) -> list[str]:
        return [attributes[attribute] or "" for _, attributes in self.elements if attribute in attributes]


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    place: Path = tmp_path_factory.mktemp("page")
    make(place, "tiny.yo.test", seed=1)
    folder = place / "runs/tiny.yo.test"
    (folder / "<script>alert(1)&.trec").write_text((folder / "bm25-qt.trec").read_text())
    write_report(
        folder,
        place / "qrels/tiny.yo.test.txt",
        passages=lambda: (Passage(f"d{number}", f"Title {number} </script>", "A passage. " * 60) for number in range(300)),
    )
    return (folder / "report.html").read_text()


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_nothing_is_fetched(text: str, page: Page) -> None:
    assert not [tag for tag, attributes in page.elements if tag == "link" or "src" in attributes or "srcset" in attributes]
    assert all(address.startswith("#") for address in page.having("href"))
    assert set(re.findall(r"https?://[^\"' <]+", text)) == {"http://www.w3.org/2000/svg"}  # a name, not an address
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest", text)


def test_names_and_texts_are_escaped(text: str, page: Page) -> None:
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&amp;" in text
    assert [attributes.get("type") for tag, attributes in page.elements if tag == "script"] == ["application/json", None]


def test_ids_are_unique_and_links_lead_somewhere(page: Page) -> None:
    ids = page.having("id")
    assert len(ids) == len(set(ids))
    topics = {f"#topic=q{number}" for number in range(50)}
    assert set(page.having("href")) <= {f"#{identifier}" for identifier in ids} | topics
    assert any(address in topics for address in page.having("href"))


def test_the_script_finds_every_element_it_asks_for(text: str, page: Page) -> None:
    script = text.rpartition("<script>")[2]
    asked = set(re.findall(r'(?:byId|getElementById)\("([^"]+)"\)', script))
    assert len(asked) >= 7
    assert asked <= set(page.having("id"))


def test_every_picture_tells_what_it_shows(page: Page) -> None:
    pictures = [attributes for tag, attributes in page.elements if tag == "svg" and attributes.get("role") == "img"]
    assert len(pictures) >= 4 + len(STRENGTHS) - 2
    assert all(attributes["aria-label"] for attributes in pictures)
    assert "nan" not in " ".join(page.having("d") + page.having("points") + page.having("width")).lower()


def test_the_topic_browser_has_topics_rankings_and_passages(text: str) -> None:
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])
    assert [topic["id"] for topic in data["topics"]] == [f"q{number}" for number in range(50)]
    assert data["topics"][3]["text"] == "ibéèrè 3 <b>"
    assert data["topics"][3]["human"] == "question q3"
    assert len(data["topics"][3]["relevant"]) == 4
    assert {system["name"] for system in data["systems"]} == {*STRENGTHS, "<script>alert(1)&"}
    for system in data["systems"]:
        assert len(system["ap"]) == len(system["hits"]) == len(system["found"]) == 50
        assert all(len(hits) == 10 for hits in system["hits"])
    identifier, title, passage = data["documents"][data["systems"][0]["hits"][3][0]]
    assert title == f"Title {identifier[1:]} </script>"
    assert passage.endswith("…")
    assert 200 < len(passage) <= 282


def test_training_is_drawn_where_a_manifest_tells_of_it(text: str) -> None:
    assert "Training: loss by step" in text


def test_a_student_of_several_systems_is_drawn_once_under_the_shortest_name(tmp_path: Path) -> None:
    make(tmp_path, "tiny.yo.test", seed=1)
    runs = tmp_path / "runs/tiny.yo.test"
    trec = (runs / "human.trec").read_text().replace(" human\n", " optical-cs-maxsim+bm25\n")  # so that it comes first
    (runs / "optical-cs-maxsim+bm25.trec").write_text(trec)
    (runs / "optical-cs-maxsim+bm25.manifest.json").write_text((runs / "optical-cs.manifest.json").read_text())
    write_report(runs, tmp_path / "qrels/tiny.yo.test.txt")
    drawn = (runs / "report.html").read_text().partition("Training: loss by step")[2].partition("</figure>")[0]
    assert re.findall(r"</svg>([^<]+)</label>", drawn) == ["optical-cs"]


@pytest.mark.parametrize(
    ("loss", "told"), [("held_out", " on held-out pairs"), ("probe", " on a fixed sample of training pairs"), ("other", "")]
)
def test_training_is_drawn_by_the_loss_that_no_order_of_batches_changes(tmp_path: Path, loss: str, told: str) -> None:
    """Which was measured at some steps; the loss of the batches, which goes up and down, is drawn only where there is no other."""
    make(tmp_path, "tiny.yo.test", seed=1)
    runs = tmp_path / "runs/tiny.yo.test"
    path = runs / "optical-cs.manifest.json"
    log = [{"step": step, "loss": 9.0 + step % 2} | ({loss: 0.5 - step / 100} if step in (1, 3) else {}) for step in (1, 2, 3)]
    path.write_text(json.dumps(json.loads(path.read_text()) | {"training": {"log": log}}))
    write_report(runs, tmp_path / "qrels/tiny.yo.test.txt")
    text = (runs / "report.html").read_text()
    picture = text.partition("Training loss by step, a line a student")[2].partition("</svg>")[0]
    [points] = re.findall(r'<polyline points="([^"]*)"', picture)
    assert f"<figcaption>Training: loss by step{told}</figcaption>" in text and f">loss{told}</text>" in picture
    assert len(points.split()) == (3 if loss == "other" else 2)


@pytest.mark.parametrize("which", ["report", "tables"])
def test_the_browser_runs_the_pages_own_style_and_script_and_nothing_else(text: str, which: str) -> None:
    made = text if which == "report" else tables_as_html(read_tables())
    policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', made)[1]
    assert made.index("Content-Security-Policy") < made.index("<style>")
    assert policy.startswith("default-src 'none'; ") and "unsafe-inline" not in policy and "unsafe-eval" not in policy
    inline = re.findall(r"<(style|script)>(.*?)</\1>", made, re.DOTALL)
    inline += [("style", told) for told in set(re.findall(' style="(.*?)"', made))]
    assert len(inline) == (3 if which == "report" else 2)
    for kind, content in inline:
        allowed = next(part for part in policy.split("; ") if part.startswith(f"{kind}-src"))
        assert b64encode(sha256(content.encode()).digest()).decode() in allowed
    assert not re.search(r"<[^>]* on[a-z]+=", made.partition('<script type="application/json"')[0].rpartition("</style>")[2])
