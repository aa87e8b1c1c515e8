"""Trains an exported model in Node or in Chromium, for comparison with Python."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser

from benchmarks.browser import served
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
        with served(folder, isolated) as address, visit(browser, address) as page:
            page.wait_for_function("window.found", timeout=120_000)
            found = dict(page.evaluate("window.found"))
    assert "error" not in found, found["error"]
    return found
