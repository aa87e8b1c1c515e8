"""Chromium for tests of pages, and visits that fail on errors in the page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, Playwright

from benchmarks.browser import QUIET, chromium

PATIENCE = 20_000
"""Milliseconds that a page may take for anything; the machine may be busy."""


def launch(playwright: Playwright, *arguments: str) -> Browser:
    """Start the Chromium of this machine."""
    return playwright.chromium.launch(executable_path=chromium(), args=[*QUIET, *arguments])


@contextmanager
def visit(browser: Browser, address: str, width: int = 1280, **options: Any) -> Iterator[Page]:
    """Open a page; on leaving, fail if anything went wrong in it.

    Args:
        browser: from `launch`.
        address: what is opened.
        width: of the window in CSS pixels.
        options: of the browser's context, such as `color_scheme="dark"`.
    """
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    context.set_default_timeout(PATIENCE)
    errors: list[str] = []
    try:
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        page.goto(address)
        yield page
    finally:
        context.close()
    assert not errors, errors


def overflow(page: Page) -> list[str]:
    """What reaches beyond the right edge of the window, but for what scrolls by itself."""
    found: list[str] = page.evaluate(
        """() => {
            const edge = document.documentElement.clientWidth + 0.5;
            const beyond = (e) => e.getBoundingClientRect().right > edge;
            const scrolls = (e) =>
                e && (getComputedStyle(e).overflowX !== 'visible' || scrolls(e.parentElement));
            return [...document.body.querySelectorAll('*')]
                .filter((e) => beyond(e) && !scrolls(e.parentElement))
                .map((e) => e.outerHTML.slice(0, 80));
        }"""
    )
    return found
