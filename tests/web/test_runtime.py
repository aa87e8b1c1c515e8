"""The runtime with exported models in Node and in pages: prediction, training, keeping."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.browser import served
from tests.web import runtime_sites as sites
from tests.web.runtime_sites import DATA, SEVERAL, X, Y, in_node, in_page, task


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("sites")
    sites.build(found, webgpu=True)
    return found


PLACES: dict[str, dict[str, Any]] = {
    "node": {},
    "node, on the thread": {"worker": False},
    "node, three threads": {"threads": 3},
    "page": {},
    "page, on the thread": {"worker": False},
    "page, two threads": {"threads": 2},
    "page, WebGPU": {"device": "webgpu"},
}


@pytest.fixture(scope="module", params=sorted(PLACES))
def found(request, folder, tmp_path_factory) -> dict[str, Any]:
    """What each scenario finds at a place."""
    place = request.param
    options = {"device": "wasm", **PLACES[place]}
    kept = ["indexeddb://a b", "cache://a/b"]
    if place.startswith("node"):
        kept = [f"file://{tmp_path_factory.mktemp('kept')}/a.safetensors"]
    tasks = [
        task("predicts", DATA, **options),
        task("trains", DATA, **options),
        task("listens", DATA, **options),
        task("keeps", DATA | {"places": kept}, **options),
        task("several", SEVERAL, **options),
        task("calls", {"x": [[1, 2], [3, 4]]}, **options),
    ]
    if place.startswith("node"):
        results = in_node(folder, tasks, tmp_path_factory.mktemp("node"))
    else:
        browser = request.getfixturevalue("chromium_with_webgpu")
        results = in_page(browser, folder, tasks, isolated="threads" in options)
    return {"tolerance": 1e-3 if "webgpu" in options.values() else 1e-4} | {
        one["name"]: result for one, result in zip(tasks, results, strict=True)
    }


def close(found: Any, expected: Any, tolerance: float) -> None:
    np.testing.assert_allclose(
        np.ravel(found), np.ravel(expected), rtol=tolerance, atol=tolerance / 10
    )


def test_predictions(found):
    here, tolerance = found["predicts"], found["tolerance"]
    expected = sites.plain_model().predict(X, verbose=0)
    for name in ("whole", "batches", "named"):
        close(here[name], expected, tolerance)
    close(here["one"], expected[0], tolerance)
    close(here["typed"], expected[1], tolerance)
    assert here["fractions"][-1] == 1
    assert here["fractions"] == sorted(here["fractions"])
    name, inputs, outputs, programs, trainable, loss = here["described"]
    assert (name, trainable, loss) == ("plain", True, "mse")
    assert inputs == [{"name": "x", "shape": [6], "dtype": "float32"}]
    assert outputs == [{"name": "second", "shape": [1], "dtype": "float32"}]
    assert sorted(programs) == ["evaluate", "predict", "train"]


def test_mistakes_are_told_in_a_sentence(found):
    shape, batch, state, call = found["predicts"]["errors"]
    assert shape == "x takes numbers of shape [n, 6], got shape [2]."
    assert batch.startswith("The export takes batches of 1 to 8 samples, got 1000")
    assert state.startswith('There are several states "kernel" among ')
    assert call.startswith("The export cannot area, only ")


def test_training_is_that_of_python(found):
    here, tolerance = found["trains"], found["tolerance"]

    def same(name: str, **options: Any) -> None:
        model = sites.plain_model()
        fit = {"batch_size": 4, "epochs": 6, "verbose": 0, **options}
        history = model.fit(X, Y, **fit).history
        assert set(here[name]["history"]) == set(history)
        for key, values in history.items():
            close(here[name]["history"][key], values, tolerance)
        close(here[name]["predicted"], model.predict(X, verbose=0), 10 * tolerance)

    same("quick")
    same("split", validation_split=0.3)
    same("strict", validation_split=0.3)
    same("batches", epochs=1)
    same("calm", shuffle=False)
    same("eager", initial_epoch=2)
    assert here["quick"]["epoch"] == [0, 1, 2, 3, 4, 5]
    assert here["eager"]["epoch"] == [2, 3, 4, 5]
    model = sites.plain_model()
    for name, rows in (("one", slice(0, 5)), ("two", slice(5, 9))):
        expected = model.train_on_batch(X[rows], Y[rows], return_dict=True)
        assert set(here[name]) == set(expected)
        close(list(here[name].values()), [expected[key] for key in here[name]], tolerance)
    expected = model.evaluate(X, Y, batch_size=4, verbose=0, return_dict=True)
    close([here["evaluated"][key] for key in expected], list(expected.values()), tolerance)
    assert here["same"]


def test_callbacks_come_in_order(found):
    seen = found["trains"]["seen"]
    assert [one[:2] for one in seen if one[0] != "batch"] == [
        [name, epoch] for epoch in range(6) for name in ("begin", "end")
    ]
    batches = [one[1] for one in seen if one[0] == "batch"]
    assert batches == list(range(8))
    strict = found["trains"]["strict"]["history"]
    logs = [one[2] for one in seen if one[0] == "end"]
    assert [log["val_loss"] for log in logs] == strict["val_loss"]


def test_training_can_be_followed_and_stopped(found):
    here = found["listens"]
    assert here["few"] <= 1
    assert here["heard"][:5] == [
        ["trainbegin", None],
        *(["epochend", epoch] for epoch in range(3)),
        ["trainend", [0, 1, 2]],
    ]
    assert here["stopped"] == [0, 1, 2, 3, 4]
    assert 0 < here["later"] < 1_000_000_000
    assert (here["aborted"], here["thrown"]) == ("enough", "mine")
    assert here["busy"].startswith("The model is being trained")
    assert here["alone"] == 29
    assert not here["training"]
    assert here["wrong"].startswith("All data must have as many samples, but x has 29, y has 28")


def test_states_change_while_training_goes_on(found):
    here = found["listens"]
    np.testing.assert_allclose(here["rates"], [0.05, 0, 0], rtol=1e-6)
    assert here["losses"][0] != here["losses"][1]


def test_what_was_trained_is_kept(found, tmp_path):
    here = found["keeps"]
    for name, values in here["here"].items():
        close(here["there"][name], values, found["tolerance"])
    assert here["restored"]
    assert all(one == ["none, but false", True, True] for one in here["restored"])
    assert here["file"]
    assert here["set"]
    assert here["weights"] == ["first/kernel", "first/bias", "second/kernel", "second/bias"]
    damaged, ambiguous, shape, unknown, place = here["wrong"]
    assert damaged == "The weights are damaged, or no safetensors file."
    assert ambiguous.startswith("There are several states")
    assert shape == "first/kernel takes numbers of shape [n, 6,7], got shape [2]."
    assert unknown.startswith('There is no state "nothing" among ')
    assert place.startswith("A place is indexeddb://name")
    path = tmp_path / "trained.safetensors"
    path.write_bytes(bytes(here["bytes"]))
    model = sites.plain_model()
    model.fit(X, Y, batch_size=4, epochs=3, verbose=0)
    other = sites.plain_model()
    other.load_weights(path)
    for back, expected in zip(other.get_weights(), model.get_weights(), strict=True):
        close(back, expected, 10 * found["tolerance"])


def test_several_inputs_and_outputs(found):
    here, tolerance = found["several"], found["tolerance"]
    x, y = {"a": sites.A, "b": sites.B}, {"u": sites.U, "v": sites.V}
    model = sites.several_model()
    history = model.fit(
        x,
        y,
        batch_size=5,
        epochs=3,
        verbose=0,
        sample_weight=sites.WEIGHTS,
        validation_data=(x, y, sites.WEIGHTS),
    ).history
    assert set(here["history"]) == set(history)
    for name, values in history.items():
        close(here["history"][name], values, tolerance)
    predicted = model.predict(x, verbose=0)
    for name in ("u", "v"):
        close(here["predicted"][name], predicted[name], 10 * tolerance)
    assert "loss" in here["evaluated"]


def test_functions_are_called(found):
    here = found["calls"]
    assert sorted(here["programs"]) == ["both", "count", "scaled"]
    assert here["scaled"] == [2, 4, 6, 8]
    assert list(here["both"].values()) == [[3, 4, 5, 6], [2, 4, 6, 8]]
    assert here["counted"] == [[1], [2]]
    length, missing, fit = here["errors"]
    assert length == "scaled: x takes numbers of shape [n, 2,2], got shape [3]."
    assert missing == "scaled: x takes numbers of shape [n, 2,2], got undefined."
    assert fit.startswith("The export cannot train, only ")


def test_memory_stays_flat_in_node(folder, tmp_path):
    [found] = in_node(folder, [task("lasts", DATA, device="wasm")], tmp_path)
    flat(found["used"])


def test_memory_stays_flat_in_a_page(folder, chromium_with_webgpu):
    [found] = in_page(chromium_with_webgpu, folder, [task("lasts", DATA, device="wasm")])
    flat(found["used"])


def flat(used: list[int]) -> None:
    """Two thousand predictions and ten trainings a round leave nothing behind."""
    assert min(used[2:]) - used[1] < 100_000, used


def test_what_is_not_there_is_named(folder, tmp_path, chromium):
    [found] = in_node(folder, [task("misses", {})], tmp_path)
    assert "nowhere/program.json cannot be read: ENOENT" in found
    with served(folder, isolated=False) as address:
        page = chromium.new_page()
        page.goto(f"{address}plain/program.json")
        found = page.evaluate(
            """() => import('./thalweg.js').then(({ load }) => load('../nowhere')).catch(String)"""
        )
        page.close()
    expected = f"Error: The file {address}nowhere/program.json cannot be read: the server answers"
    assert found == f"{expected} 404."


def test_a_damaged_module_is_refused(folder, tmp_path):
    for site in folder.iterdir():
        if site.name == "plain":
            damaged = tmp_path / "plain"
            damaged.mkdir()
            for file in site.iterdir():
                content = bytearray(file.read_bytes())
                if file.name == "weights.safetensors":
                    content[-1] ^= 1
                (damaged / file.name).write_bytes(content)
    node = tmp_path / "node"
    node.mkdir()
    with pytest.raises(AssertionError, match="safetensors is damaged"):
        in_node(tmp_path, [task("predicts", DATA, device="wasm")], node)
