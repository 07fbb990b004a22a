"""The report in a real browser, headless Chromium: sorted, searched, read, in the dark, on a phone, on paper; no script errors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from chromium import DESKTOP, NARROW, PHONE, contrasts, unreachable, watched
from conftest import Done
from test_compare import make

from optical_repro.compare import main

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def report(sample_run: Done) -> Path:
    return (sample_run.runs / "report.html").resolve()


@pytest.fixture(scope="module")
def data(report: Path) -> dict:
    """What the page's topic browser is made of."""
    return json.loads(re.search(r'id="data">(.*?)</script>', report.read_text(encoding="utf-8"), re.DOTALL)[1])


@pytest.fixture
def page(chromium: Browser, report: Path) -> Iterator[Page]:
    """The report of a small run on a desktop, opened anew; whatever a test does to it, no script fails and nothing is fetched."""
    yield from opened_report(chromium, report)


def opened_report(chromium: Browser, path: Path) -> Iterator[Page]:
    with watched(chromium, path.as_uri(), 15_000) as (opened, fetched):
        yield opened
    assert {url.partition("#")[0] for url in fetched} == {path.as_uri()}


def column(page: Page, heading: str) -> list[str]:
    """The cells under a heading of the table of systems, from top to bottom."""
    headings = page.locator("#systems thead th button").all_inner_texts()
    cells = page.locator(f"#systems tbody tr > :nth-child({headings.index(heading) + 1})")
    return [text.split()[0] for text in cells.all_inner_texts()]


def numbers(page: Page, heading: str) -> list[float]:
    return [float(text.rstrip("▲▼")) for text in column(page, heading)]


# Tables


def test_a_heading_sorts_by_mouse(page: Page) -> None:
    assert numbers(page, "MAP") == sorted(numbers(page, "MAP"), reverse=True)
    page.click("#systems thead button:text('R@100')")
    assert numbers(page, "R@100") == sorted(numbers(page, "R@100"), reverse=True) != numbers(page, "MAP")
    page.click("#systems thead button:text('R@100')")
    assert numbers(page, "R@100") == sorted(numbers(page, "R@100"))
    page.click("#systems thead button:text('System')")
    assert column(page, "System") == sorted(column(page, "System"))
    assert page.locator("#systems thead th").evaluate_all("all => all.map(one => one.ariaSort)") == ["ascending", *["none"] * 7]


def test_a_heading_sorts_by_keyboard(page: Page) -> None:
    page.focus("#systems thead button:text('MAP')")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "P@5"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert numbers(page, "P@5") == sorted(numbers(page, "P@5"), reverse=True)
    page.keyboard.press("Space")
    assert numbers(page, "P@5") == sorted(numbers(page, "P@5"))


# The topic browser


def shown(page: Page) -> str:
    return page.inner_text("#topic h3")


def test_a_topic_is_found_and_both_rankings_are_read(page: Page, data: dict) -> None:
    wanted = data["topics"][10]
    page.fill("#find", wanted["human"][:25])
    assert page.locator("#list button").count() == 1
    page.click("#list button")
    assert shown(page) == wanted["text"]
    assert wanted["human"] in page.inner_text("#topic")
    page.select_option("#left", label="optical-cs")
    page.select_option("#right", label="bm25-qt")
    sides = page.locator("#topic .sides > div")
    assert sides.count() == 2
    by_name = {system["name"]: system for system in data["systems"]}
    relevant = dict(wanted["relevant"])
    for place, name in enumerate(("optical-cs", "bm25-qt")):
        assert sides.nth(place).locator("h4").inner_text().startswith(f"{name}: average precision ")
        hits = by_name[name]["hits"][10]
        items = sides.nth(place).locator("ol > li")
        assert items.locator("strong").all_inner_texts() == [data["documents"][document][1] for document in hits]
        told = items.evaluate_all("all => all.map(one => one.className === 'relevant' && one.innerText.includes('relevant'))")
        assert told == [relevant.get(document, 0) > 0 for document in hits]
    boxes = [sides.nth(place).bounding_box() for place in (0, 1)]
    assert boxes[0]["y"] == boxes[1]["y"] and boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]


def test_a_topic_is_found_without_its_accents(page: Page) -> None:
    page.fill("#find", "ọba")
    found = page.locator("#list button").all_inner_texts()
    for typed in ("oba", "o\u0323ba"):
        page.fill("#find", typed)
        assert found and set(found) <= set(page.locator("#list button").all_inner_texts())


def test_words_that_match_are_marked_and_translations_shown(page: Page, data: dict) -> None:
    page.select_option("#right", label="bm25-qt")
    translated = next(system for system in data["systems"] if system["name"] == "bm25-qt")["read"]
    marked = 0
    for number in range(8):
        page.locator("#list button").nth(number).click()
        topic = next(place for place, topic in enumerate(data["topics"]) if topic["text"] == shown(page))
        side = page.locator("#topic .sides > div").nth(1)
        assert translated[topic] and side.locator(".read").inner_text() == f"reads {translated[topic]}"
        asked = set(re.findall(r"\w+", f"{data['topics'][topic]['human']} {translated[topic]}".lower()))
        words = [word.lower() for word in side.locator("mark").all_inner_texts()]
        assert set(words) <= asked
        marked += len(words)
    assert marked > 8


def test_arrow_keys_move_through_the_topics(page: Page) -> None:
    page.locator("#list button").first.focus()
    first = shown(page)
    page.keyboard.press("ArrowDown")
    second = shown(page)
    assert second != first and page.evaluate("document.activeElement.innerText").endswith(second)
    assert page.locator("#list [aria-current=true]").count() == 1
    page.keyboard.press("ArrowUp")
    assert shown(page) == first
    assert page.url.endswith("#topic=" + page.evaluate("encodeURIComponent(data.topics[current].id)"))


def test_a_topic_that_gained_leads_to_its_rankings(page: Page) -> None:
    link = page.locator("#topics details[open] a").nth(1)
    asked = link.inner_text()
    summary = page.locator("#topics details[open] summary").inner_text()
    link.click()
    assert shown(page) == asked
    heads = [text.partition(":")[0] for text in page.locator("#topic h4").all_inner_texts()]
    assert summary.startswith(" against ".join(heads))
    assert page.locator("#topic").evaluate("one => one.getBoundingClientRect().top < innerHeight")
    page.go_back()
    page.go_forward()
    assert shown(page) == asked


def test_the_same_topic_under_another_pair_shows_that_pair(page: Page) -> None:
    pairs = page.locator("#topics details")
    pairs.evaluate_all("all => all.forEach((one) => { one.open = true; })")
    for link in page.locator("#topics details a[data-pair]").all()[:12:3]:
        link.click()
        heads = [text.partition(":")[0] for text in page.locator("#topic h4").all_inner_texts()]
        names = page.evaluate("[left, right].map((one) => one.selectedOptions[0].textContent)")
        assert heads == names and shown(page) == link.inner_text()
    first = page.locator("#topics details a[data-pair]").first
    again = page.locator(f'#topics details a[href="{first.get_attribute("href")}"]').last
    first.click()
    again.click()
    heads = [text.partition(":")[0] for text in page.locator("#topic h4").all_inner_texts()]
    assert again.get_attribute("data-pair") != first.get_attribute("data-pair")
    assert heads == page.evaluate("[left, right].map((one) => one.selectedOptions[0].textContent)")


def test_an_address_opens_its_topic(chromium: Browser, report: Path, data: dict) -> None:
    opened = chromium.new_page()
    opened.goto(f"{report.as_uri()}#topic={data['topics'][33]['id']}")
    assert shown(opened) == data["topics"][33]["text"]
    for name in ("#topic h3", "#list [aria-current=true]"):
        assert opened.locator(name).evaluate(
            "(one) => { const box = one.getBoundingClientRect(); return box.top >= 0 && box.top < innerHeight; }"
        )
    opened.close()


def test_a_search_shows_its_first_hit(page: Page, data: dict) -> None:
    wanted = data["topics"][20]
    page.fill("#find", wanted["id"])
    assert shown(page) == wanted["text"]
    assert page.locator("#list [aria-current=true]").count() == 1
    page.fill("#find", "no topic has these words")
    assert page.locator("#list button").count() == 0 and shown(page) == wanted["text"]


def test_hits_have_the_scores_of_the_run(page: Page, data: dict) -> None:
    names = [system["name"] for system in data["systems"]]
    for place, select in enumerate(("#left", "#right")):
        system = data["systems"][names.index(page.locator(f"{select} option:checked").inner_text())]
        topic = page.evaluate("current")
        told = page.locator("#topic .sides > div").nth(place).locator(".points").all_inner_texts()
        assert [float(text.split()[-1].replace("\u2212", "-")) for text in told] == system["scores"][topic] != []


def test_clicks_in_the_list_leave_the_page_where_it_is(page: Page) -> None:
    page.locator("#list").scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    page.locator("#list button").nth(2).evaluate("one => one.click()")
    assert page.evaluate("scrollY") == before and "#topic=" in page.url
    page.go_back()


def test_all_comparisons_fit_on_a_wide_screen(page: Page) -> None:
    page.set_viewport_size({"width": 1400, "height": 900})
    page.locator("#comparisons summary").click()
    assert page.locator("#comparisons .wide").evaluate("one => one.scrollWidth <= one.clientWidth")


def test_the_first_column_stays_on_a_phone(page: Page) -> None:
    page.set_viewport_size(PHONE)
    table = page.locator("#systems .wide")
    first = page.locator("#systems tbody th").first
    before = first.bounding_box()["x"]
    table.evaluate("one => { one.scrollLeft = 200; }")
    assert first.bounding_box()["x"] == before
    assert page.locator("#systems tbody td").first.bounding_box()["x"] < before + first.bounding_box()["width"]


def test_lines_have_their_names_at_their_ends(page: Page) -> None:
    figure = page.locator("figure", has=page.locator("figcaption:text('precision by recall')"))
    boxes = [one.bounding_box() for one in figure.locator(".curve:not(.off) text").all()]
    assert len(boxes) == figure.locator(".legend input:checked").count() > 3
    right = figure.locator("svg").first.bounding_box()
    assert all(box["x"] + box["width"] <= right["x"] + right["width"] + 1 for box in boxes)
    tops = sorted(box["y"] for box in boxes)
    assert all(below - above > 8 for above, below in pairwise(tops))
    dashes = figure.locator(".curve polyline").evaluate_all("all => all.map((one) => one.getAttribute('stroke-dasharray'))")
    assert len(set(dashes[:6])) == 6


# Figures


def test_legends_show_and_hide_curves(page: Page) -> None:
    figure = page.locator("figure", has=page.locator("figcaption:text('precision by recall')"))
    curves, boxes = figure.locator(".curve"), figure.locator(".legend input")
    assert curves.count() == boxes.count() >= 8
    before = figure.locator(".curve:visible").count()
    boxes.first.focus()
    page.keyboard.press("Space")
    assert figure.locator(".curve:visible").count() == before - 1


def test_every_figure_is_there(page: Page) -> None:
    captions = " | ".join(page.locator("#figures figcaption").all_inner_texts())
    for part in ("MAP with 95 %", "Row against column", "precision by recall", "Training", "Alignment"):
        assert part in captions
    assert all(
        box["height"] > 40
        for box in page.locator("#figures figure > svg").evaluate_all("all => all.map(a => a.getBoundingClientRect().toJSON())")
    )


# Light and dark, wide and narrow, paper


INKS = {"text": "body", "note": ".note", "link": "nav a", "worse": ".worse", "better": ".better"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_can_be_read(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    found = contrasts(page, INKS)
    assert found.pop("ground") < 0.05 if scheme == "dark" else found.pop("ground") == 1
    assert min(found.values()) >= 4.5, found


@pytest.mark.parametrize(("scheme", "viewport"), [("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE)], ids=["light", "dark", "phone"])
def test_axe_finds_nothing_serious(page: Page, scheme: str, viewport: dict[str, int]) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(viewport)
    assert unreachable(page) == []


def test_axe_would_find_what_is_wrong(page: Page) -> None:
    page.evaluate(
        "document.querySelector('.note').style.color = '#aaaaaa'; document.querySelector('#find').parentElement.replaceWith(byId('find'))"
    )
    page.evaluate("byId('find').placeholder = ''")
    assert {finding.split()[0] for finding in unreachable(page)} == {"color-contrast", "label"}


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE, NARROW], ids=["desktop", "phone", "narrow"])
def test_the_page_does_not_scroll_sideways(page: Page, viewport: dict[str, int]) -> None:
    page.set_viewport_size(viewport)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    if viewport is not DESKTOP:
        assert page.locator("#systems .wide").evaluate("one => one.scrollWidth > one.clientWidth")
        assert page.locator("#list").bounding_box()["width"] <= viewport["width"]
    page.locator("#list button").nth(3).click()
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_it_prints(page: Page) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    assert contrasts(page, INKS)["ground"] == 1
    hidden, there = ["nav", ".controls", "#list"], ["#systems table", "#figures svg", "#topics figure", "#topic .sides"]
    assert [page.locator(name).first.is_visible() for name in hidden + there] == [False] * len(hidden) + [True] * len(there)
    printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF") and 3 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 30


def test_paper_shows_what_is_folded(page: Page) -> None:
    closed = page.locator("details:not([open])").count()
    assert closed > 2
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.emulate_media(media="print")
    assert all(page.locator(name).first.is_visible() for name in ("#guide dl", "#comparisons table", "#origin dl"))
    page.emulate_media(media="screen")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open])").count() == closed


# Several folders


def test_several_folders_on_one_page(chromium: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path, "tiny.yo.test", seed=1)
    make(tmp_path, "tiny.sw.test", seed=2)
    assert main(["runs/tiny.yo.test", "runs/tiny.sw.test"]) == 0
    for page in opened_report(chromium, tmp_path / "runs/across.html"):
        assert page.locator("#folders thead th").all_inner_texts()[1:3] == ["tiny.yo.test", "tiny.sw.test"]
        page.click("#folders thead button:text('tiny.sw.test')")
        means = page.locator("#folders tbody td:nth-child(3)").evaluate_all("all => all.map((one) => Number(one.dataset.value))")
        assert means == sorted(means, reverse=True)
        assert page.locator("#differences figure").first.locator("circle").count() == 3
        page.fill("#find", "tiny.sw.test/q7")
        page.locator("#list button").first.click()
        assert shown(page) == "ibéèrè 7 <b>" and "tiny.sw.test/q7" in page.inner_text("#topic")
        assert page.locator("#topic li code, #topic li span").first.inner_text().startswith("tiny.sw.test/d")
        page.set_viewport_size(PHONE)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
