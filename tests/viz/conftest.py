"""The browser and the server that the tests of pages use."""

from tests.web.conftest import chromium, playwright, serve

__all__ = ["chromium", "playwright", "serve"]
