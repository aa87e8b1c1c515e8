"""The ready pages as a static site: what they are written in, and one copy of the runtime."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from thalweg.saving.atomic import write_file
from thalweg.web.runtime_files import copy_runtime

__all__ = ["PAGES", "write_site"]

PAGES = ("line", "boston", "digit")
"""The pages by the names of their folders."""


def write_site(folder: Path, pages: Sequence[str] = PAGES) -> None:
    """Write the pages, without their models: `index.html`, `common/`, the runtime, a folder each.

    Args:
        folder: of the site; it is made if need be.
        pages: which of `PAGES`; the others are not linked to.
    """
    sources = resources.files("thalweg.web").joinpath("pages")
    absent = [page for page in PAGES if page not in pages]
    _copy(sources.joinpath("index"), folder, absent)
    for name in ("common", *pages):
        _copy(sources.joinpath(name), folder / name, absent)
    copy_runtime(folder)


def _copy(source: Traversable, folder: Path, absent: Sequence[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for item in source.iterdir():
        if item.is_dir():
            _copy(item, folder / item.name, absent)
        elif item.name.endswith(".html"):
            text = item.read_text(encoding="utf-8")
            for page in absent:
                text = _without_links(text, page)
            write_file(folder / item.name, text.encode())
        else:
            write_file(folder / item.name, item.read_bytes())


def _without_links(text: str, page: str) -> str:
    """A page without its card or its place in the bar for another page.

    >>> _without_links('<nav><a href="../line/">Line</a> <a href="./">Me</a></nav>', "line")
    '<nav><a href="./">Me</a></nav>'
    """
    text = re.sub(rf'<a href="(?:\.\./)?{page}/"[^>]*>[^<]*</a>\s*', "", text)
    return re.sub(rf'<li data-page="{page}">.*?</li>\s*', "", text, flags=re.DOTALL)
