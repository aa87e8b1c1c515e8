"""The page that reads digits: drawing, learning from a correction, remembering, offline."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.web.browser import PATIENCE, overflow, visit
from thalweg.demo.digits import export_digits, train_digits
from thalweg.demo.serve import PageServer
from thalweg.web.site import write_site

SQUARE = [(0.3, 0.3), (0.7, 0.3), (0.7, 0.7), (0.3, 0.7), (0.3, 0.3)]
ONE = [(0.5, 0.15), (0.5, 0.85)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site with this page; its network saw MNIST once."""
    site = tmp_path_factory.mktemp("digits")
    write_site(site, ("digit",))
    export_digits(train_digits(epochs=1), site / "digit")
    return site


@pytest.fixture(scope="module")
def address(folder: Path, serve: Callable[[Path], str]) -> str:
    return f"{serve(folder)}digit/"


@contextmanager
def opened(browser: Browser, address: str, **options: object) -> Iterator[Page]:
    with visit(browser, address, **options) as page:
        ready(page)
        yield page


def ready(page: Page) -> None:
    page.wait_for_selector("html[data-ready]", state="attached")


def draw(page: Page, points: list[tuple[float, float]]) -> None:
    page.locator("#pad").scroll_into_view_if_needed()
    box = page.locator("#pad").bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=5)
    page.mouse.up()


def correct(page: Page, digit: int) -> None:
    """Tell it what was drawn, and wait until it has learned."""
    count = int(page.inner_text("#count"))
    page.click(f"#answers button:nth-child({digit + 1})")
    page.wait_for_function(f"document.querySelector('#count').textContent === '{count + 1}'")


def shares(page: Page) -> list[float]:
    """The probabilities that the bars show."""
    found: list[float] = page.locator("#bars li").evaluate_all(
        "all => all.map((row) => Number(row.style.getPropertyValue('--share')))"
    )
    return found


def pixels(page: Page) -> list[list[int]]:
    """What the network sees."""
    found: list[list[int]] = page.evaluate(
        """() => {
            const context = document.querySelector('#seen').getContext('2d');
            const { data } = context.getImageData(0, 0, 28, 28);
            const row = (y) => Array.from({ length: 28 }, (_, x) => data[4 * (28 * y + x)]);
            return Array.from({ length: 28 }, (_, y) => row(y));
        }"""
    )
    return found


def test_a_drawing_is_scaled_and_centred_as_in_mnist(chromium: Browser, address: str) -> None:
    with opened(chromium, address) as page:
        # Small and in a corner; what is seen is as high as MNIST's digits, and in the middle.
        draw(page, [(0.1, 0.1), (0.25, 0.1), (0.18, 0.3)])
        seen = pixels(page)
        rows = [y for y in range(28) if any(seen[y])]
        assert 19 <= len(rows) <= 21
        ink = sum(map(sum, seen))
        assert sum(y * value for y in range(28) for value in seen[y]) / ink == pytest.approx(
            14, abs=0.3
        )
        assert sum(x * row[x] for row in seen for x in range(28)) / ink == pytest.approx(
            14, abs=0.3
        )
        assert sum(shares(page)) == pytest.approx(1, abs=0.01)
        assert re.fullmatch(r"read in \d+ µs", page.inner_text("#latency"))


def test_it_is_drawn_and_corrected_by_keyboard(chromium: Browser, address: str) -> None:
    with opened(chromium, address) as page:
        page.focus("#pad")
        for _ in range(5):
            page.keyboard.press("ArrowUp")
        page.keyboard.press("Space")
        for _ in range(10):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Space")
        seen = pixels(page)
        assert 19 <= sum(any(row) for row in seen) <= 21
        assert sum(any(seen[y][x] for y in range(28)) for x in range(28)) <= 6
        page.keyboard.press("1")
        page.wait_for_function("document.querySelector('#count').textContent === '1'")
        page.keyboard.press("Delete")
        assert not any(map(any, pixels(page)))
        assert page.is_disabled("#clear")


def test_it_learns_from_a_correction_at_once_and_can_forget(
    chromium: Browser, address: str
) -> None:
    with opened(chromium, address) as page:
        draw(page, SQUARE)
        before = shares(page)
        digit = before.index(min(before))
        correct(page, digit)
        after = shares(page)
        assert after[digit] > before[digit] + 0.1
        assert re.search(r"\d+ steps of training in \d+ ms", page.inner_text("#lesson"))
        assert page.locator("#thumbnails li").count() == 1
        # The next stroke begins a new drawing.
        draw(page, ONE)
        assert page.locator("#pad path").count() == 1
        page.click("#forget")
        page.wait_for_function("document.querySelector('#count').textContent === '0'")
        page.click("#clear")
        draw(page, SQUARE)
        assert shares(page) == pytest.approx(before, abs=1e-3)
        assert page.inner_text("#after") == page.inner_text("#before")


def test_it_keeps_what_it_learned_and_works_offline(chromium: Browser, folder: Path) -> None:
    server = PageServer(folder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = chromium.new_context()
    context.set_default_timeout(PATIENCE)
    try:
        page = context.new_page()
        page.goto(f"{server.address}digit/")
        ready(page)
        draw(page, SQUARE)
        correct(page, 4)
        learned, passed = shares(page), page.inner_text("#after")
        page.wait_for_selector("html[data-offline]", state="attached")
        context.set_offline(True)
        server.shutdown()
        server.server_close()
        page.reload()
        ready(page)
        assert page.inner_text("#count") == "1"
        assert page.inner_text("#after") == passed
        draw(page, SQUARE)
        assert shares(page) == pytest.approx(learned, abs=1e-3)
        # It goes on learning there.
        correct(page, 4)
        assert page.is_hidden("#problem")
    finally:
        context.close()


def test_it_fits_a_phone(chromium: Browser, address: str) -> None:
    with opened(chromium, address, width=320) as page:
        draw(page, ONE)
        correct(page, 1)
        assert not overflow(page)
