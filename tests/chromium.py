"""A real browser for the tests of pages: the machine's own Chromium, headless."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update", "--disable-sync"]
NAMES = ("chromium", "chromium-browser", "google-chrome")
DESKTOP, PHONE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}, {"width": 320, "height": 640}


def launched() -> Iterator[Browser]:
    """Chromium; where there is none, the tests are skipped, unless OPTICAL_BROWSER=required says that there must be."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        missing(f"no {', '.join(NAMES)} on the PATH (Debian: sudo apt install chromium)")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright is not installed (pip install 'optical_repro[dev]')")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


def missing(what: str) -> NoReturn:
    told = f"{what}: the page was not tried in a browser"
    if os.environ.get("OPTICAL_BROWSER") == "required":
        pytest.fail(told)
    pytest.skip(told)


@contextmanager
def watched(chromium: Browser, address: str, patience: int) -> Iterator[tuple[Page, list[str]]]:
    """A page on a desktop, and the addresses fetched for it; no script may fail. ``patience``: milliseconds to wait for anything."""
    opened = chromium.new_page(viewport=DESKTOP)
    opened.set_default_timeout(patience)
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda message: wrong.append(message.text))
    fetched: list[str] = []
    opened.on("request", lambda request: fetched.append(request.url))
    opened.goto(address)
    yield opened, fetched
    opened.close()
    assert wrong == []


def contrasts(page: Page, inks: Mapping[str, str]) -> dict[str, float]:
    """The contrast of a page's inks (name to selector) on its ground, and the ground's light, as WCAG 2 reckons them."""
    return page.evaluate(
        """(inks) => {
        const linear = (part) => (part /= 255) <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        const parts = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map((part) => linear(Number(part)));
        const light = (colour) => { const [r, g, b] = parts(colour); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
        const ground = light(getComputedStyle(document.body).backgroundColor);
        const ratio = (ink) => (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
        return { ground, ...Object.fromEntries(Object.entries(inks)
          .map(([name, where]) => [name, ratio(light(getComputedStyle(document.querySelector(where)).color))])) };
        }""",
        dict(inks),
    )


def unreachable(page: Page) -> list[str]:
    """What axe-core finds serious or critical in a page, all folds open: ``color-contrast .tag: Elements must ...``.

    The shades at the edges of wide tables go first: axe does not tell contrasts on a gradient.
    """
    from axe_playwright_python.base import AXE_SCRIPT

    page.evaluate("""document.querySelectorAll("details").forEach((one) => { one.removeAttribute("name"); one.open = true; })""")
    page.evaluate("""document.querySelectorAll(".wide").forEach((one) => { one.style.background = "none"; })""")
    page.evaluate(AXE_SCRIPT)
    outcome = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    assert len(outcome["passes"]) > 20, "axe looked at the page"
    return [
        f"{finding['id']} {node['target'][0]}: {finding['help']}"
        for finding in outcome["violations"]
        if finding["impact"] in ("serious", "critical")
        for node in finding["nodes"]
    ]
