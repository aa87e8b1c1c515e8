"""One HTML file that needs nothing else: the look, the scripts and the data are inside of it.

Scripts are ES modules that import each other as `./name.js`. In the page they stand in an import
map as `data:` addresses under the bare name `name.js`, so a browser opens them from a disk too.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Mapping, Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

__all__ = ["common_file", "page_file", "standalone"]

_IMPORT = re.compile(r"""(\b(?:from|import)\s*\(?\s*)(['"])\.{1,2}/(?:[\w.-]+/)*([\w.-]+\.js)\2""")
_BRAND = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M2 5c4 0 5 14 10 14S18 5 22 5"/></svg>'
)
_MOON = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 3a9 9 0 1 0 0 18V3Z"/>'
    '<path d="M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20Zm0 2a8 8 0 1 0 0 16 8 8 0 0 0 0-16Z"/></svg>'
)


def page_file(name: str) -> str:
    """The text of a file of `viz/pages`."""
    return _text(resources.files("thalweg.viz").joinpath("pages", name))


def common_file(name: str) -> str:
    """The text of a file of `web/pages/common`, which all pages share: `style.css`, `chart.js`."""
    return _text(resources.files("thalweg.web").joinpath("pages", "common", name))


def _text(file: Traversable) -> str:
    return file.read_text(encoding="utf-8")


def standalone(
    title: str,
    body: str,
    *,
    styles: Sequence[str] = (),
    modules: Mapping[str, str] | None = None,
    start: str | None = None,
    data: Any = None,
) -> str:
    """The text of a page.

    Args:
        title: of the page; plain text.
        body: HTML, the children of `<main>`.
        styles: more style sheets, after the look that all pages share.
        modules: the texts of ES modules by file name, such as `{"chart.js": ...}`; file names are
            unique, whatever folders the modules come from.
        start: which of the modules the page runs.
        data: what JSON can hold; a module reads it with
            `JSON.parse(document.getElementById('data').textContent)`.

    Raises:
        ValueError: if a module imports a file that is not among them, or `start` is not.
    """
    modules = dict(modules or {})
    if start is not None and start not in modules:
        raise ValueError(f"standalone: start '{start}' is not one of {sorted(modules)}.")
    look = common_file("style.css").replace('@import url("controls.css");', "")
    sheets = "\n".join([look, common_file("controls.css"), *styles])
    parts = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{html.escape(title)}</title>",
        f'<link rel="icon" href="{_address("image/svg+xml", common_file("icon.svg"))}">',
        f"<style>\n{sheets}\n</style>",
        f"<script>\n{common_file('theme.js')}\n</script>",
    ]
    if modules:
        imports = {
            name: _address("text/javascript", _with_bare_imports(name, text, modules))
            for name, text in modules.items()
        }
        parts.append(f'<script type="importmap">{json.dumps({"imports": imports})}</script>')
    parts += [
        "</head>",
        "<body>",
        '<header class="bar">',
        f'<span class="brand">{_BRAND}Thalweg</span>',
        '<button class="theme quiet" type="button" aria-label="Dark colours">',
        f"{_MOON}</button>",
        "</header>",
        f"<main>\n{body}\n</main>",
    ]
    if data is not None:
        # No text in the data can end the element.
        text = json.dumps(data, allow_nan=False).replace("<", "\\u003c")
        parts.append(f'<script type="application/json" id="data">{text}</script>')
    if start is not None:
        parts.append(f"<script type=\"module\">import '{start}';</script>")
    return "\n".join([*parts, "</body>", "</html>", ""])


def _address(kind: str, text: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(text.encode()).decode()}"


def _with_bare_imports(name: str, text: str, modules: Mapping[str, str]) -> str:
    """A module that imports the others by their bare names.

    >>> _with_bare_imports("a.js", "import { f } from '../common/b.js';", {"b.js": ""})
    "import { f } from 'b.js';"
    """

    def bare(match: re.Match[str]) -> str:
        if match[3] not in modules:
            raise ValueError(f"standalone: {name} imports {match[3]}, which is not in modules.")
        return f"{match[1]}{match[2]}{match[3]}{match[2]}"

    return _IMPORT.sub(bare, text)
