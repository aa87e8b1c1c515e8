"""What the tests of pages share: a browser, and a server for a folder."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.web.browser import launch
from thalweg.demo.pages import build_pages
from thalweg.demo.serve import PageServer

EPOCHS = 3
"""How long "Python" trained the models of Boston housing in `site`."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[Path], str]]:
    """Serves folders until the session ends; called with one, it gives the address."""
    servers: list[PageServer] = []

    def start(folder: Path) -> str:
        server = PageServer(folder)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return server.address

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages about download times and Boston housing, hardly trained."""
    folder = tmp_path_factory.mktemp("site")
    build_pages(folder, ("line", "boston"), epochs=EPOCHS)
    return folder


@pytest.fixture(scope="session")
def address(site: Path, serve: Callable[[Path], str]) -> str:
    """Where `site` is."""
    return serve(site)
