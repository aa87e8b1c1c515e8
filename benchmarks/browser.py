"""Chromium of this machine and a server for it, for benchmarks and for the tests of pages."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from thalweg.demo.serve import PageServer

__all__ = ["QUIET", "chromium", "served"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

QUIET = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Arguments with which it does nothing of its own accord."""


def chromium() -> str:
    """Where Chromium is.

    Raises:
        RuntimeError: if it is not on the path.
    """
    for path in map(shutil.which, _NAMES):
        if path:
            return path
    raise RuntimeError(f"Chromium is needed, as one of {', '.join(_NAMES)} on the path.")


@contextmanager
def served(folder: Path, isolated: bool = True) -> Iterator[str]:
    """The address of a folder on this machine, which ends in `/`.

    Args:
        folder: what is served.
        isolated: whether pages are cross-origin isolated, so that workers may share memory.
    """
    with PageServer(folder, isolated=isolated) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.address
        finally:
            server.shutdown()
            thread.join()
