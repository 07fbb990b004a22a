"""The search server, asked over HTTP as programs and people ask it: answers, errors, many clients at once, and the page in a browser."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

import pytest
from chromium import NARROW, PHONE, contrasts, unreachable, watched
from conftest import Done

from optical_repro import collections, searching
from optical_repro.base.cache import Cache
from optical_repro.records import checkpoints
from optical_repro.search import main
from optical_repro.searching.finder import Finder
from optical_repro.searching.server import listen

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TOPIC = "Òkè wo ló ga jù lọ ní Áfíríkà?"
UNKNOWN = "zzxxqq wwvvkk"
INDEX = "sample.yo.test"
CLIENTS, QUERIES = 8, 1000


@pytest.fixture(scope="module")
def finder(sample_run: Done, cache: Path) -> Finder:
    student = checkpoints.find(str(sample_run.runs / "optical-cs.manifest.json"), Path("runs"))
    return Finder(collections.load("sample", "yo"), student, Cache(cache), "cpu")


@pytest.fixture(scope="module")
def address(sample_run: Done, cache: Path) -> Iterator[str]:
    """Where the command serves, in a process of its own; Ctrl-C ends it without an error."""
    student = str(sample_run.runs / "optical-cs.manifest.json")
    line = [sys.executable, "-m", "optical_repro.search", "--lang", "yo", "--cache-dir", str(cache), "--model", student, "--device", "cpu"]
    process = subprocess.Popen([*line, "--serve", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout and process.stderr
    said = ""
    while not (served := re.search(r"with optical-cs: (http://127\.0\.0\.1:\d+)/\n", said)):
        said += (line_of_it := process.stdout.readline())
        assert line_of_it, process.stderr.read()
    yield served[1]
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=300)
    assert (process.returncode, error) == (0, "") and out.endswith("stopped\n")


def get(address: str, path: str, **parameters: Any) -> Any:
    with urlopen(f"{address}/{path}{'?' if parameters else ''}{urlencode(parameters)}", timeout=120) as answer:
        assert answer.headers["Content-Type"].startswith("application/json")
        return json.load(answer)


def test_answers_are_sent_at_once() -> None:
    """Without this the second part of an answer waits 40 ms for the receipt of the first."""
    with listen(0) as listening, socket.create_connection(listening.getsockname()):
        connection, _ = listening.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_hits_come_by_the_schema_of_pyserini(address: str, finder: Finder) -> None:
    answer = get(address, f"v1/{INDEX}/search", query=TOPIC, hits=3)
    assert (answer["api"], answer["index"], answer["query"]) == ("v1", INDEX, {"text": TOPIC})
    expected = finder.find(TOPIC, 3).hits
    assert [(hit["docid"], hit["rank"]) for hit in answer["candidates"]] == [(hit.passage.id, rank) for rank, hit in enumerate(expected, 1)]
    assert [hit["score"] for hit in answer["candidates"]] == pytest.approx([hit.score for hit in expected], abs=1e-5)
    assert [hit["doc"] for hit in answer["candidates"]] == [{"title": hit.passage.title, "text": hit.passage.text} for hit in expected]
    assert [hit["better_than_chance"] for hit in answer["candidates"]] == [hit.better_than_chance for hit in expected]
    assert answer["known"] is True and answer["system"] == "optical-cs" and answer["read_as"] == TOPIC
    assert answer["chance"] == pytest.approx(finder.chance, abs=1e-5)
    assert len(get(address, f"v1/{INDEX}/search", query=TOPIC)["candidates"]) == 10


def test_what_is_not_known_has_no_hits(address: str) -> None:
    answer = get(address, f"v1/{INDEX}/search", query=UNKNOWN)
    assert answer["known"] is False and answer["candidates"] == []


def test_a_document_and_its_marked_words(address: str, finder: Finder) -> None:
    answer = finder.find(TOPIC, 10)
    hit = next(hit for hit in answer.hits if "Kilimanjaro" in hit.passage.title)
    name = quote(hit.passage.id, safe="")
    assert get(address, f"v1/{INDEX}/doc/{name}")["doc"] == {"title": hit.passage.title, "text": hit.passage.text}
    marked = get(address, f"v1/{INDEX}/marks/{name}", query=TOPIC)
    pieces = {part: [piece if isinstance(piece, str) else piece[0] for piece in marked[part]] for part in ("title", "text")}
    assert "".join(pieces["title"]) == hit.passage.title and "".join(pieces["text"]) == " ".join(hit.passage.text.split())
    words = {piece[0].lower(): piece[1] for part in ("title", "text") for piece in marked[part] if not isinstance(piece, str)}
    assert words.get("africa") == "Áfíríkà"
    assert len(words) <= len(TOPIC.split())


@pytest.mark.parametrize(
    ("path", "parameters", "status", "error"),
    [
        (f"v1/{INDEX}/search", {}, 400, "Parameter 'query' is required"),
        (f"v1/{INDEX}/search", {"query": " "}, 400, "Parameter 'query' is required"),
        (f"v1/{INDEX}/search", {"query": "x", "hits": "0"}, 400, "Parameter 'hits' must be positive, and at most 1000"),
        (f"v1/{INDEX}/search", {"query": "x", "hits": "³"}, 400, "Parameter 'hits' must be a positive integer"),
        (f"v1/{INDEX}/search", {"query": "x", "k1": "1"}, 400, "Parameter 'k1' is not known here; known: hits, query"),
        (f"v1/{INDEX}/search", {"query": "x" * 2001}, 400, "Parameter 'query' must have at most 2000 characters"),
        ("v1/msmarco/search", {"query": "x"}, 400, f"Index not available: msmarco; this server has {INDEX}"),
        (f"v1/{INDEX}/doc/none", {}, 404, "Document not found: none"),
        (f"v1/{INDEX}/marks/none", {"query": "x"}, 404, "Document not found: none"),
        ("v2/anything", {}, 404, "Not Found"),
    ],
)
def test_errors_are_objects_as_pyserini_has_them(address: str, path: str, parameters: dict[str, str], status: int, error: str) -> None:
    with pytest.raises(HTTPError) as refused:
        get(address, path, **parameters)
    assert (refused.value.code, json.load(refused.value)) == (status, {"error": error})


def test_a_name_from_elsewhere_is_refused(address: str) -> None:
    """A page elsewhere whose name is made to lead to this machine cannot read the documents."""
    with pytest.raises(HTTPError) as refused:
        urlopen(Request(f"{address}/v1/{INDEX}/search?query=x", headers={"Host": "elsewhere.example"}), timeout=60)
    assert refused.value.code == 400


def test_many_clients_lose_nothing(address: str, finder: Finder) -> None:
    """Every one of 1,000 queries from 8 clients at once gets its own answer."""
    topics = list(finder.collection.topics.values())
    expected = {topic: [hit.passage.id for hit in finder.find(topic, 3).hits] for topic in topics}
    start = threading.Barrier(CLIENTS)

    def ask(client: int) -> list[tuple[str, list[str]]]:
        start.wait()
        mine = [topics[number % len(topics)] for number in range(client, QUERIES, CLIENTS)]
        answers = [get(address, f"v1/{INDEX}/search", query=topic, hits=3) for topic in mine]
        return [(answer["query"]["text"], [hit["docid"] for hit in answer["candidates"]]) for answer in answers]

    with ThreadPoolExecutor(CLIENTS) as clients:
        answers = [answer for of_client in clients.map(ask, range(CLIENTS)) for answer in of_client]
    assert len(answers) == QUERIES
    assert [topic for topic, hits in answers if hits != expected[topic]] == []


def test_a_port_in_use_is_one_line(address: str, sample_run: Done, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    port = address.rpartition(":")[2]
    student = str(sample_run.runs / "optical-cs.manifest.json")
    assert main(["--lang", "yo", "--cache-dir", str(cache), "--model", student, "--device", "cpu", "--serve", port]) == 2
    assert f"error: --serve {port}: 127.0.0.1:{port} cannot be had (Address already in use); name another port" in capsys.readouterr().err


def test_without_fastapi_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "fastapi", None)
    monkeypatch.delitem(sys.modules, "optical_repro.searching.server", raising=False)
    monkeypatch.delattr(searching, "server", raising=False)
    assert main(["--lang", "yo", "--serve"]) == 2
    assert capsys.readouterr().err == "error: --serve: fastapi is not installed; run: pip install 'optical_repro[serve]'\n"


# The page in a real browser


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    """The page on a desktop; whatever a test does to it, no script fails and nothing is fetched from elsewhere."""
    with watched(chromium, address, 60_000) as (opened, fetched):
        yield opened
    assert [url for url in fetched if not url.startswith((address, "data:"))] == []


def ask(page: Page, topic: str) -> None:
    page.get_by_label("Question in Yorùbá").fill(topic)
    page.keyboard.press("Enter")


def marked(page: Page) -> None:
    page.wait_for_selector("#hits[aria-busy=false] li")


def test_a_question_typed_shows_hits_with_marked_words(page: Page, finder: Finder) -> None:
    ask(page, TOPIC)
    marked(page)
    expected = finder.find(TOPIC, 10)
    assert page.locator("#hits h2").all_text_contents()  # ruby included
    assert page.locator("#hits li").evaluate_all("all => all.map(one => one.dataset.docid)") == [hit.passage.id for hit in expected.hits]
    assert page.locator("#status").inner_text().startswith("10 hits.")
    for item, hit in zip(page.locator("#hits li").all(), expected.hits, strict=True):
        match = finder.match(expected.query, hit.passage)
        words = [match.passage.text[start:end] for start, end in match.marks]
        assert item.locator("mark").all_inner_texts() == words
        assert set(item.locator("rt").all_inner_texts()) == {match.query.words[here].text for here, *_ in match.strong} or not words
        assert ("no better than chance" in item.inner_text()) is not hit.better_than_chance


def test_an_unknown_question_says_so(page: Page) -> None:
    ask(page, UNKNOWN)
    page.wait_for_selector("#status:has-text('No word of it is known')")
    assert page.locator("#hits li").count() == 0


def test_an_address_asks_and_the_back_button_goes_back(page: Page, address: str) -> None:
    page.goto(f"{address}/?{urlencode({'query': TOPIC})}")
    marked(page)
    assert page.get_by_label("Question in Yorùbá").input_value() == TOPIC
    ask(page, UNKNOWN)
    page.wait_for_selector("#status:has-text('No word of it is known')")
    page.go_back()
    marked(page)
    assert page.get_by_label("Question in Yorùbá").input_value() == TOPIC


def test_languages_are_told_to_screen_readers(page: Page) -> None:
    ask(page, TOPIC)
    marked(page)
    langs = {name: page.locator(name).first.get_attribute("lang") for name in ("html", "#query", "#hits", "#hits rt", "#hits .note")}
    assert langs == {"html": "en", "#query": "yo", "#hits": "en", "#hits rt": "yo", "#hits .note": "en"}
    assert page.get_by_role("search").count() == page.get_by_role("status").count() == page.get_by_role("heading", level=1).count() == 1
    assert page.get_by_role("button", name="Search").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_can_be_read(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    ask(page, TOPIC)
    marked(page)
    found = contrasts(page, {"text": "body", "note": ".note", "label": "label", "word": "rt"})
    assert found.pop("ground") < 0.05 if scheme == "dark" else found.pop("ground") == 1
    assert min(found.values()) >= 4.5, found
    assert unreachable(page) == []


@pytest.mark.parametrize("viewport", [PHONE, NARROW], ids=["phone", "narrow"])
def test_a_phone_does_not_scroll_sideways(page: Page, viewport: dict[str, int]) -> None:
    page.set_viewport_size(viewport)
    ask(page, TOPIC)
    marked(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    box = page.get_by_label("Question in Yorùbá").bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= viewport["width"]
