"""What the tests of exported pages share: a browser with WebGPU, and two of the pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright

from tests.web.browser import launch
from thalweg.demo.pages import build_pages

WEBGPU = ("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--ignore-gpu-blocklist")

EPOCHS = 3
"""How long "Python" trained the models of Boston housing in `site`."""


@pytest.fixture(scope="session")
def chromium_with_webgpu(playwright: Playwright) -> Iterator[Browser]:
    """Its WebGPU is software. Pages may call `gc()` and see how much memory they use."""
    browser = launch(playwright, *WEBGPU, "--js-flags=--expose-gc", "--enable-precise-memory-info")
    yield browser
    browser.close()


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
