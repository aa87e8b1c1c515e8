"""A browser, and a server for a folder: what the tests of all pages share.

Here, above their folders, since Playwright can be started only once in a process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from benchmarks.browser import served
from tests.web.browser import launch


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """What launches browsers; there can be only one of it."""
    with sync_playwright() as found:
        yield found


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = launch(playwright)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[Path], str]]:
    """Serves folders until the session ends; called with one, it gives the address."""
    with ExitStack() as stack:
        yield lambda folder: stack.enter_context(served(folder))
