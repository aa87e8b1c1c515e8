"""The page in which one looks closer at a figure: it can be enlarged and moved."""

from __future__ import annotations

import html
import re

from thalweg.viz.standalone import page_file, standalone

__all__ = ["picture_page"]


def picture_page(svg: str, caption: str) -> str:
    """A page that needs no other file.

    Args:
        svg: the picture, as a file of its own.
        caption: one sentence about it.
    """
    picture = re.sub(r"^.*?(?=<svg)", "", svg, count=1, flags=re.DOTALL)
    words = html.escape(caption, quote=True)
    note = f'<figcaption class="note">{words}</figcaption>' if caption else ""
    body = (
        f'<figure class="card picture">\n'
        f'<div class="view" id="view" tabindex="0" role="img" aria-label="{words or "A figure"}">\n'
        f"{picture}\n</div>\n{note}\n"
        '<p class="note">Wheel, pinch or + and −: closer. Drag or arrows: move. 0: all of it.</p>\n'
        "</figure>"
    )
    return standalone(
        caption or "A figure",
        body,
        styles=[page_file("picture.css")],
        modules={"picture.js": page_file("picture.js")},
        start="picture.js",
    )
