"""Small exported models for the tests of the runtime, and what Python says of them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser

import thalweg as tw
from benchmarks.browser import served
from tests.web.browser import visit

HERE = Path(__file__).parent

PAGE = """<!doctype html><link rel="icon" href="data:,"><script type="module">
import * as runtime from './plain/thalweg.js';
import * as scenarios from './scenarios.js';
const at = (model) => new URL(`./${model}/`, location.href);
const memory = () => gc() ?? performance.memory.usedJSHeapSize;
window.run = ({ name, data, options }) => scenarios[name](runtime, at, data, options, memory);
</script>"""

rng = np.random.default_rng(0)
X = rng.normal(size=(29, 6)).astype("f4")
Y = (X @ rng.normal(size=(6, 1)) + 1).astype("f4")
A, B = X[:17, :4], X[:17, 4:]
U, V = Y[:17], (Y[:17, 0] > 0).astype("f4")[:, np.newaxis]
WEIGHTS = rng.random(17).astype("f4")

DATA: dict[str, Any] = {"x": X.tolist(), "y": Y.tolist()}
SEVERAL: dict[str, Any] = {
    "a": A.tolist(),
    "b": B.tolist(),
    "u": U.tolist(),
    "v": V.tolist(),
    "weights": WEIGHTS.tolist(),
}


def plain_model() -> Any:
    """A net with state in its optimizer, its metrics and its random generators."""
    tw.set_random_seed(1)
    layers = tw.layers
    model = tw.Sequential(
        [
            tw.Input((6,), name="x"),
            layers.Dense(7, activation="tanh", name="first"),
            layers.Dropout(0.2, name="dropout"),
            layers.Dense(1, name="second"),
        ],
        name="plain",
    )
    model.compile(tw.optimizers.SGD(0.05, momentum=0.9), "mse", metrics=["mae"])
    return model


def several_model() -> Any:
    """Two inputs, two outputs, weights of the samples."""
    tw.set_random_seed(2)
    a, b = tw.Input((4,), name="a"), tw.Input((2,), name="b")
    both = tw.layers.Dense(5, activation="relu", name="hidden")(tw.layers.Concatenate()([a, b]))
    u = tw.layers.Dense(1, name="u")(both)
    v = tw.layers.Dense(1, activation="sigmoid", name="v")(both)
    model = tw.Model([a, b], {"u": u, "v": v}, name="several")
    model.compile("adam", {"u": "mse", "v": "binary_crossentropy"}, weighted_metrics={"u": ["mae"]})
    return model


def build(folder: Path, webgpu: bool) -> None:
    """Export the models."""
    plain_model().export_web(folder / "plain", batch_size=8, webgpu=webgpu)
    targets = {"u": U[:8], "v": V[:8]}
    several_model().export_web(
        folder / "several", batch_size=8, webgpu=webgpu, y=targets, sample_weight=True
    )
    counter = tw.Variable(0.0, name="counter")

    def count() -> Any:
        counter.assign_add(1.0)
        return counter * 1.0

    tw.web.export_functions(
        {"scaled": lambda x: x * 2.0, "both": lambda x, by: (x + by, x * by), "count": count},
        folder / "functions",
        arguments={
            "scaled": [tw.TensorSpec((2, 2))],
            "both": [tw.TensorSpec((2, 2)), tw.TensorSpec((1,))],
        },
        webgpu=webgpu,
    )


def task(name: str, data: dict[str, Any], **options: Any) -> dict[str, Any]:
    """One scenario, with data and the options of `load`."""
    return {"name": name, "data": data, "options": options}


def in_node(sites: Path, tasks: list[dict[str, Any]], folder: Path) -> list[Any]:
    """What the scenarios find in Node."""
    for site in sites.iterdir():
        if site.is_dir():
            (folder / site.name).symlink_to(site)
    (folder / "tasks.json").write_text(json.dumps(tasks))
    command = ["node", "--expose-gc", HERE / "runtime" / "scenarios.mjs", folder]
    run = subprocess.run(
        [*command, sites / "plain" / "thalweg.js"], capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    found: list[Any] = json.loads(run.stdout)
    return found


def in_page(
    browser: Browser, sites: Path, tasks: list[dict[str, Any]], isolated: bool = False
) -> list[Any]:
    """What the scenarios find in a page."""
    (sites / "index.html").write_text(PAGE)
    (sites / "scenarios.js").write_text((HERE / "runtime" / "scenarios.js").read_text())
    with served(sites, isolated) as address, visit(browser, address) as page:
        page.wait_for_function("Boolean(window.run)")
        assert page.evaluate("crossOriginIsolated") == isolated
        return [page.evaluate("(task) => run(task)", one) for one in tasks]
