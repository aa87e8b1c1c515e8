"""Trains an exported model in Node or in Chromium, for comparison with Python."""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser

from tests.web.browser import visit

HERE = Path(__file__).parent

PAGE = """<!doctype html><link rel="icon" href="data:,"><script type="module">
import * as runtime from './site/thalweg.js';
import { train } from './train.js';
const bytes = async (name) => (await fetch(name)).arrayBuffer();
const options = await (await fetch('options.json')).json();
try {
  const data = [await bytes('x'), await bytes('y')];
  window.found = await train(runtime, new URL('./site/', location.href), data, options);
} catch (error) {
  window.found = { error: String(error) };
}
</script>"""


class _Handler(http.server.SimpleHTTPRequestHandler):
    isolated = False

    def end_headers(self) -> None:
        if self.isolated:
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        pass


class _Isolated(_Handler):
    isolated = True


@contextmanager
def served(folder: Path, isolated: bool = False) -> Iterator[str]:
    """The address of a folder, cross-origin isolated or not."""
    handler = functools.partial(_Isolated if isolated else _Handler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def in_node(site: Path, x: np.ndarray, y: np.ndarray, **options: Any) -> dict[str, Any]:
    """What `train.js` finds in Node."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "x").write_bytes(x.tobytes())
        (folder / "y").write_bytes(y.tobytes())
        command = ["node", HERE / "train.mjs", site, folder / "x", folder / "y"]
        run = subprocess.run(
            [*command, json.dumps(options)], capture_output=True, text=True, timeout=120
        )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def in_chromium(
    browser: Browser,
    site: Path,
    x: np.ndarray,
    y: np.ndarray,
    isolated: bool = False,
    **options: Any,
) -> dict[str, Any]:
    """What `train.js` finds in Chromium."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(site, folder / "site")
        shutil.copy(HERE / "train.js", folder)
        (folder / "index.html").write_text(PAGE)
        (folder / "x").write_bytes(x.tobytes())
        (folder / "y").write_bytes(y.tobytes())
        (folder / "options.json").write_text(json.dumps(options))
        with served(folder, isolated) as address, visit(browser, f"{address}/index.html") as page:
            page.wait_for_function("window.found", timeout=120_000)
            found = dict(page.evaluate("window.found"))
    assert "error" not in found, found["error"]
    return found
