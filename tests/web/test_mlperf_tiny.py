"""MLPerf Tiny's reference networks predict and train in Node and in Chromium as in Python."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

import thalweg as tw
from tests.examples.scripts import load
from tests.web.browser import visit

NETWORKS = {make.__name__: make for make in load("mlperf_tiny").NETWORKS}
BATCH = 4
HERE = Path(__file__).parent

IN_NODE = """
import { readFileSync } from 'node:fs';
const [steps, site, data] = process.argv.slice(1);
const { twoSteps } = await import(steps), runtime = await import(`${site}/thalweg.js`);
console.log(JSON.stringify(await twoSteps(runtime, site, JSON.parse(readFileSync(data)))));
"""

IN_PAGE = """<!doctype html><link rel="icon" href="data:,"><script type="module">
import * as runtime from './thalweg.js';
import { twoSteps } from './two_steps.js';
window.run = async () => twoSteps(runtime, './', await (await fetch('data.json')).json());
</script>"""


@dataclass
class Exported:
    """A network's folder, with a batch of data beside it, and what Python finds."""

    site: Path
    predicted: np.ndarray
    losses: list[float]


def lively(model: Any, rng: np.random.Generator) -> None:
    """Parameters of normalization layers as after training: at first all predictions are alike."""
    for layer in model.layers:
        if isinstance(layer, tw.layers.BatchNormalization):
            size = layer.get_weights()[0].shape
            parts = [rng.uniform(0.5, 1.5, size), rng.normal(0, 0.3, size)]
            parts += [rng.normal(0, 0.3, size), rng.uniform(0.5, 1.5, size)]
            layer.set_weights([part.astype("f4") for part in parts])


def batch(model: Any, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x = rng.standard_normal((BATCH, *model.input_shape[1:]), dtype=np.float32)
    classes = model.output_shape[-1]
    numbers = rng.integers(0, classes, BATCH).astype("i4")
    if model.name == "ds_cnn":
        return x, numbers
    return x, x if model.name == "autoencoder" else np.eye(classes, dtype="f4")[numbers]


@pytest.fixture(scope="module", params=sorted(NETWORKS))
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    rng = np.random.default_rng(0)
    tw.set_random_seed(1)
    model = NETWORKS[request.param]()
    lively(model, rng)
    # With the reference's rate a step moves MobileNet's loss so far that a change of one in a
    # million before it is one of a hundredth behind it.
    model.optimizer.learning_rate = 1e-5
    site = model.export_web(tmp_path_factory.mktemp(request.param), batch_size=BATCH, webgpu=False)
    x, y = batch(model, rng)
    data = {"x": x.ravel().tolist(), "y": y.ravel().tolist(), "size": x[0].size}
    (site / "data.json").write_text(json.dumps(data))
    (site / "index.html").write_text(IN_PAGE)
    (site / "two_steps.js").write_bytes((HERE / "two_steps.js").read_bytes())
    predicted = model.predict(x[:1], verbose=0)[0]
    losses = [float(model.train_on_batch(x, y, return_dict=True)["loss"]) for _ in range(2)]
    return Exported(site, predicted, losses)


def same(found: dict[str, Any], exported: Exported) -> None:
    np.testing.assert_allclose(found["predicted"], exported.predicted, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found["losses"], exported.losses, rtol=1e-4)
    assert abs(exported.losses[1] / exported.losses[0] - 1) > 3e-4


def test_in_node(exported: Exported) -> None:
    command = ["node", "--input-type=module", "--eval", IN_NODE]
    arguments = [HERE / "two_steps.js", exported.site, exported.site / "data.json"]
    run = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    same(json.loads(run.stdout), exported)


def test_in_chromium(exported: Exported, chromium: Browser, serve: Callable[[Path], str]) -> None:
    with visit(chromium, serve(exported.site)) as page:
        same(page.evaluate("run()"), exported)


def test_the_networks_have_as_many_parameters_as_the_references() -> None:
    counts = {name: make().count_params() for name, make in NETWORKS.items()}
    assert counts == {
        "ds_cnn": 24_908,
        "mobilenet": 221_794,
        "resnet": 78_666,
        "autoencoder": 269_992,
    }
