"""The examples for Node: a server for predictions, and training that goes on."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import thalweg as tw

EXAMPLES = Path(__file__).parents[2] / "examples" / "web"


def make() -> tw.Model:
    signal, place = tw.Input((4,), name="signal"), tw.Input((2,), name="place")
    both = tw.layers.concatenate([signal, place])
    hidden = tw.layers.Dense(5, activation="tanh", name="hidden")(both)
    kind = tw.layers.Dense(3, activation="softmax", name="kind")(hidden)
    height = tw.layers.Dense(1, name="height")(hidden)
    model = tw.Model([signal, place], [kind, height], name="both")
    model.compile("adam", ["mse", "mse"])
    return model


def samples(rows: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal((rows, n), dtype=np.float32) for n in (4, 2, 3, 1)]


@pytest.fixture(scope="module")
def model() -> tw.Model:
    tw.set_random_seed(0)
    return make()


@pytest.fixture(scope="module")
def site(model: tw.Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model.export_web(tmp_path_factory.mktemp("both"), batch_size=8, webgpu=False)


@pytest.fixture(scope="module")
def server(site: Path) -> Iterator[str]:
    """The address of the example server."""
    command = ["node", EXAMPLES / "node_server.mjs", site, "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None
        yield found[0]
        process.terminate()
        assert process.wait(timeout=10) == 0


def ask(address: str, body: bytes | None = None) -> tuple[int, Any]:
    """The status and the JSON of an answer."""
    try:
        with urllib.request.urlopen(address, body, timeout=20) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_the_server_describes_the_model(server: str) -> None:
    status, found = ask(server)
    assert status == 200
    assert found["name"] == "both"
    assert [(spec["name"], spec["shape"]) for spec in found["inputs"]] == [
        ("signal", [4]),
        ("place", [2]),
    ]


def test_the_server_predicts_as_python(server: str, model: tw.Model) -> None:
    signal, place = samples(11)[:2]
    body = {"x": {"place": place.tolist(), "signal": signal.tolist()}}
    status, found = ask(f"{server}predict", json.dumps(body).encode())
    assert status == 200
    kind, height = model.predict([signal, place], verbose=0)
    np.testing.assert_allclose(found["outputs"]["kind"], kind, rtol=1e-5)
    np.testing.assert_allclose(found["outputs"]["height"], height, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("predict", b"no", 400, "must be JSON"),
        ("predict", b"{}", 400, '"x": samples'),
        ("predict", b'{"x": {"signal": [1, 2, 3, 4]}}', 400, "place"),
        ("predict", b'{"x": {"signal": [1, 2, 3], "place": [1, 2]}}', 400, r"shape \[n, 4\]"),
        ("predict", b'{"x": {"signal": "a", "place": [1, 2]}}', 400, "numbers"),
        ("nothing", None, 404, "GET / and POST /predict"),
    ],
)
def test_the_server_says_what_is_wrong(
    server: str, path: str, body: bytes | None, status: int, words: str
) -> None:
    found, answer = ask(server + path, body)
    assert found == status
    assert re.search(words, answer["error"])


def test_training_goes_on_and_comes_back_to_python(
    site: Path, model: tw.Model, tmp_path: Path
) -> None:
    signal, place, kind, height = samples(20)
    data, weights = tmp_path / "data.json", tmp_path / "weights.safetensors"
    x, y = [signal, place], [kind, height]
    data.write_text(json.dumps({"x": [a.tolist() for a in x], "y": [a.tolist() for a in y]}))
    printed = ""
    for _ in range(2):
        command = ["node", EXAMPLES / "node_train.mjs", site, data, weights, "2"]
        printed += subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=60
        ).stdout
    assert "from the weights" in printed
    losses = [float(loss) for loss in re.findall(r"^epoch \d:.*?\bloss ([\d.]+)", printed, re.M)]
    # Here training is in one piece; the random state came with the export.
    expected = model.fit(x, y, batch_size=8, epochs=4, verbose=0).history["loss"]
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
    other = make()
    other.load_weights(weights)
    for found, there in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(found, there, rtol=1e-3, atol=1e-5)
