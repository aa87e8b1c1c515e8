"""The state of a model in a .safetensors file: what a page hands back."""

import json

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import thalweg as tw
from thalweg.saving.variable_names import names_of


def network(units=3):
    model = tw.Sequential(
        [
            tw.Input((4,)),
            tw.layers.Dense(units, activation="relu", name="hidden"),
            tw.layers.Dropout(0.5, seed=3),
            tw.layers.BatchNormalization(name="norm"),
            tw.layers.Dense(1, name="last"),
        ],
        name="net",
    )
    model.compile(tw.optimizers.Adam(0.01), "mse")
    return model


def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(24, 4)).astype("f4"), rng.normal(size=(24, 1)).astype("f4")


def test_training_goes_on_where_it_stopped(tmp_path):
    x, y = data()
    tw.set_random_seed(1)
    one = network()
    whole = one.fit(x, y, epochs=6, batch_size=8, verbose=0).history["loss"]
    tw.set_random_seed(1)
    two = network()
    first = two.fit(x, y, epochs=3, batch_size=8, verbose=0).history["loss"]
    two.save_weights(tmp_path / "state.safetensors")
    tw.set_random_seed(99)  # as another process has it
    three = network()
    three.load_weights(tmp_path / "state.safetensors")
    rest = three.fit(x, y, epochs=3, batch_size=8, verbose=0).history["loss"]
    assert first + rest == whole


def test_the_file_says_what_each_tensor_is(tmp_path):
    model = network()
    model.fit(*data(), verbose=0)
    model.save_weights(tmp_path / "state.safetensors")
    with safe_open(tmp_path / "state.safetensors", "np") as file:
        metadata = file.metadata()
    roles = json.loads(metadata["roles"])
    assert metadata["model"] == "net"
    assert roles["hidden/kernel"] == "weight"
    assert roles["norm/moving_mean"] == "statistic"
    assert roles["optimizer/learning_rate"] == "optimizer"
    assert roles["loss/total"] == "metric"
    assert roles["random/global"] == "random"


def test_a_model_that_only_predicts_takes_the_weights(tmp_path):
    model = network()
    model.fit(*data(), verbose=0)
    model.save_weights(tmp_path / "state.safetensors")
    other = tw.Sequential.from_config(network().get_config())
    other.load_weights(tmp_path / "state.safetensors")
    for back, there in zip(other.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(back, there)


def changed(path, **tensors):
    found = load_file(path)
    for name, values in tensors.items():
        name = name.replace("__", "/")
        if values is None:
            del found[name]
        else:
            found[name] = values
    save_file(found, path)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"hidden__kernel": None}, "'hidden/kernel' is missing"),
        (
            {"hidden__kernel": np.zeros((4, 2), "f4")},
            r"is float32 of shape \(4, 2\), expected float32 of shape \(4, 3\)",
        ),
        ({"hidden__bias": np.zeros(3, "f8")}, "is float64 of shape"),
        ({"other": np.zeros(3, "f4")}, "the model has no variable 'other'"),
    ],
)
def test_what_does_not_fit_is_named_and_changes_nothing(tmp_path, tensors, message):
    path = tmp_path / "state.safetensors"
    model = network()
    model.save_weights(path)
    changed(path, **tensors)
    other = network()
    before = other.get_weights()
    with pytest.raises(ValueError, match=message):
        other.load_weights(path)
    for was, is_now in zip(before, other.get_weights(), strict=True):
        np.testing.assert_array_equal(was, is_now)


def test_a_misfit_can_be_left_out(tmp_path):
    path = tmp_path / "state.safetensors"
    model = network()
    model.save_weights(path)
    changed(path, hidden__bias=np.zeros(7, "f4"), last__kernel=np.full((3, 1), 5.0, "f4"))
    other = network()
    other.load_weights(path, skip_mismatch=True)
    np.testing.assert_array_equal(other.get_layer("last").get_weights()[0], np.full((3, 1), 5.0))


@pytest.mark.parametrize("content", [b"", b"\xff" * 40, b"\x10\0\0\0\0\0\0\0{}"])
def test_a_damaged_file(tmp_path, content):
    path = tmp_path / "state.safetensors"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is not a whole safetensors file"):
        network().load_weights(path)


def test_bfloat16_survives(tmp_path):
    model = tw.Sequential([tw.Input((2,)), tw.layers.Dense(2, dtype="bfloat16")])
    path = tmp_path / "state.safetensors"
    model.save_weights(path)
    kernel = np.array(model.get_weights()[0])
    model.set_weights([np.zeros_like(w) for w in model.get_weights()])
    model.load_weights(path)
    np.testing.assert_array_equal(np.array(model.get_weights()[0]), kernel)


def test_names_are_unique():
    variables = [tw.Variable(0.0, name=n) for n in ("a", "a_1", "a", "a")]
    assert names_of(variables, ["weight"] * 4) == ["a", "a_1", "a_2", "a_3"]


def test_overwrite(tmp_path):
    path = tmp_path / "state.safetensors"
    network().save_weights(path)
    with pytest.raises(FileExistsError):
        network().save_weights(path, overwrite=False)
