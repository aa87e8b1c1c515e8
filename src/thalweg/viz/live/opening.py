"""Shows the user where the live view is: a browser, a link below the cell, a printed line."""

from __future__ import annotations

import html
import importlib
import os
import sys
import threading

from thalweg.training.progress import in_notebook

__all__ = ["can_open", "open_browser", "show_address"]


def show_address(address: str) -> None:
    """Say where the page is.

    Args:
        address: the address with its secrets.
    """
    if not in_notebook():
        print(f"LiveView: {address}", flush=True)
        return
    link = html.escape(address, quote=True)
    display = importlib.import_module("IPython.display")
    display.display(
        display.HTML(
            f'<a href="{link}" target="_blank" rel="noopener noreferrer">Live view of the training'
            "</a>"
        )
    )


def can_open() -> bool:
    """Whether there is a browser with windows that this user would see.

    Without a screen `webbrowser` would start one that takes the terminal over.
    """
    if "CI" in os.environ or in_notebook():
        return False
    if sys.platform not in ("darwin", "win32") and not any(
        name in os.environ for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    ):
        return False
    import webbrowser

    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def open_browser(address: str) -> None:
    """Open a page, without waiting for the browser: some of them come back when they are closed."""
    import webbrowser

    threading.Thread(
        target=webbrowser.open, args=(address,), name="thalweg-live-browser", daemon=True
    ).start()
