"""The page of the live view: served, with a strict policy, or as a file with its data."""

from __future__ import annotations

import functools
import re
import secrets
from typing import Any

from thalweg.viz.standalone import common_file, page_file, standalone

__all__ = ["policy", "saved_page", "served_page"]

_COMMON = ("axes.js", "canvas.js", "chart.js", "dom.js")
_OWN = (
    "live.js",
    "live_curves.js",
    "live_health.js",
    "live_link.js",
    "live_runs.js",
    "live_status.js",
    "live_weights.js",
    "live_words.js",
)


def saved_page(title: str, data: dict[str, Any]) -> str:
    """A page that needs no other file and shows what was recorded.

    Args:
        title: of the page.
        data: what `Record.everything` gives.
    """
    return _page(title, data)


@functools.cache
def _empty_page() -> str:
    return _page("Training · Thalweg", None)


def _page(title: str, data: dict[str, Any] | None) -> str:
    return standalone(
        title,
        page_file("live.html"),
        styles=[page_file("live.css")],
        modules={
            **{name: common_file(name) for name in _COMMON},
            **{name: page_file(name) for name in _OWN},
        },
        start="live.js",
        data=data,
    )


def served_page() -> tuple[str, str]:
    """The page without data, and the nonce that its scripts and styles have."""
    nonce = secrets.token_urlsafe(16)
    marked = re.sub(r"<(script|style)(?=[\s>])", rf'<\1 nonce="{nonce}"', _empty_page())
    return marked, nonce


def policy(nonce: str, framed: bool) -> str:
    """What the page may do: run and look like what was sent, and ask its own server.

    Args:
        nonce: that of `served_page`.
        framed: whether notebooks may show it in a frame.
    """
    frames = "http://127.0.0.1:* http://localhost:* vscode-webview:" if framed else "'none'"
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; "
        "img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        f"frame-ancestors {frames}"
    )
