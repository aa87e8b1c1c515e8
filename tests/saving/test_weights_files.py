"""`.weights.h5`: all weights or none, and messages that list what does not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import ml_dtypes
import numpy as np
import pytest

import thalweg as tw
from tests.saving.archives import batch, same, small_model, values


def trained(units: int = 4) -> Any:
    model = small_model(units)
    model.fit(*batch(), epochs=2, verbose=0)
    return model


def test_weights_and_optimizer_come_back(tmp_path: Path):
    model = trained()
    model.save_weights(tmp_path / "a.weights.h5")
    other = small_model()  # its optimizer has not begun
    other.load_weights(tmp_path / "a.weights.h5")
    assert same(values(other), values(model))
    for one in (model, other):
        one.train_on_batch(*batch())
    assert same(values(other), values(model))


def test_weights_of_an_archive(tmp_path: Path):
    model = trained()
    model.save(tmp_path / "a.keras")
    other = small_model()
    other.load_weights(tmp_path / "a.keras")
    assert same(values(other), values(model))


def test_the_layout_is_that_of_keras(tmp_path: Path):
    model = trained()
    model.save_weights(tmp_path / "a.weights.h5")
    with h5py.File(tmp_path / "a.weights.h5") as file:
        kernel = file["layers/dense/vars/0"]
        assert kernel.shape == (3, 4)
        assert kernel.dtype == "<f4"
        assert kernel.chunks is None
        assert kernel.compression is None
        assert file["layers/dense/vars"].attrs["name"] == model.layers[0].name
        assert file["vars"].attrs["name"] == model.name
        assert len(file["layers/dropout/vars"]) == 0
        assert file["optimizer/vars/0"].shape == ()
        assert file["optimizer/vars/0"][()] == 2
    assert (tmp_path / "a.weights.h5").read_bytes()[8] == 0  # the version of the superblock


def test_bfloat16_is_two_opaque_bytes(tmp_path: Path):
    model = tw.Sequential([tw.Input((3,)), tw.layers.Dense(2, dtype="bfloat16")])
    model.save_weights(tmp_path / "a.weights.h5")
    with h5py.File(tmp_path / "a.weights.h5") as file:
        kernel = file["layers/dense/vars/0"]
        assert kernel.dtype.str == "|V2"
        assert kernel.attrs["dtype"] == "bfloat16"
        np.testing.assert_array_equal(kernel[()].view(ml_dtypes.bfloat16), model.weights[0].numpy())
    before = values(model)
    model.set_weights([np.zeros_like(w) for w in before])
    model.load_weights(tmp_path / "a.weights.h5")
    assert same(values(model), before)


def test_an_unfit_file_changes_nothing_and_all_misfits_are_listed(tmp_path: Path):
    trained(5).save_weights(tmp_path / "a.weights.h5")
    model = trained()
    before = values(model)
    with pytest.raises(ValueError, match="does not fit") as caught:
        model.load_weights(tmp_path / "a.weights.h5")
    message = str(caught.value)
    assert "'a.weights.h5' does not fit model" in message
    assert "layers/dense: layer" in message
    assert "'kernel' has shape (3, 4), in the file (3, 5), 'bias' has shape (4,)" in message
    assert "layers/batch_normalization: " in message
    assert "layers/dense_1: " in message
    assert "optimizer: " in message
    assert message.endswith("no weight was changed.")
    assert "\n" not in message
    assert same(values(model), before)


def test_skip_mismatch_takes_what_fits(tmp_path: Path):
    other = trained()
    other.save_weights(tmp_path / "a.weights.h5")
    model = tw.Sequential(
        [
            tw.Input((3,)),
            tw.layers.Dense(4, activation="tanh"),
            tw.layers.BatchNormalization(),
            tw.layers.Dense(2),
        ]
    )
    before = values(model)
    with pytest.warns(UserWarning, match=r"layers/dense_1: .* keep their weights"):
        model.load_weights(tmp_path / "a.weights.h5", skip_mismatch=True)
    assert same(values(model)[:6], values(other)[:6])
    assert same(values(model)[6:], before[6:])


def test_more_or_fewer_layers(tmp_path: Path):
    small = tw.Sequential([tw.Input((3,)), tw.layers.Dense(3)])
    large = tw.Sequential([tw.Input((3,)), tw.layers.Dense(3), tw.layers.Dense(3)])
    small.save_weights(tmp_path / "s.weights.h5")
    large.save_weights(tmp_path / "l.weights.h5")
    with pytest.raises(
        ValueError, match=r"layers/dense_1: layer '.*' has 2 variables \(kernel, bias\), the file"
    ):
        large.load_weights(tmp_path / "s.weights.h5")
    with pytest.raises(ValueError, match="the model has no place for layers/dense_1"):
        small.load_weights(tmp_path / "l.weights.h5")
    with pytest.warns(UserWarning, match="no place for layers/dense_1"):
        small.load_weights(tmp_path / "l.weights.h5", skip_mismatch=True)
    assert same(values(small), values(large)[:2])


def test_another_optimizer_starts_anew(tmp_path: Path):
    model = trained()
    model.save_weights(tmp_path / "a.weights.h5")
    other = small_model()
    other.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="state was not loaded"):
        other.load_weights(tmp_path / "a.weights.h5")
    assert same([v.numpy() for v in other.weights], [v.numpy() for v in model.weights])
    # Without an optimizer, in the file or in the model, there is nothing to say.
    plain = tw.Sequential.from_config(model.get_config())
    plain.load_weights(tmp_path / "a.weights.h5")
    plain.save_weights(tmp_path / "plain.weights.h5")
    model.load_weights(tmp_path / "plain.weights.h5")


class Mine(tw.layers.Layer):
    def build(self, input_shape: Any) -> None:
        self.a = self.add_weight((2,), "ones", name="a")
        self.b = self.add_weight((2,), "ones", name="b")

    def call(self, inputs: Any) -> Any:
        return inputs * self.a + self.b

    def save_own_variables(self, store: Any) -> None:
        store["a"], store["b"] = self.a, self.b.numpy()

    def load_own_variables(self, store: Any) -> None:
        self.a.assign(store["a"])
        self.b.assign(store["b"])


def test_a_layer_that_fails_halfway_changes_nothing(tmp_path: Path):
    model = tw.Sequential([tw.Input((2,)), Mine()])
    model.save_weights(tmp_path / "a.weights.h5")
    with h5py.File(tmp_path / "a.weights.h5", "a") as file:
        file["layers/mine/vars/a"][...] = 5
        del file["layers/mine/vars/b"]
    with pytest.raises(ValueError, match="layers/mine: b; no weight was changed"):
        model.load_weights(tmp_path / "a.weights.h5")
    assert all((v == 1).all() for v in values(model))
    with pytest.warns(UserWarning, match="layers/mine: b; these parts keep"):
        model.load_weights(tmp_path / "a.weights.h5", skip_mismatch=True)
    assert all((v == 1).all() for v in values(model))


def test_what_is_not_numbers_is_not_saved(tmp_path: Path):
    class Wordy(Mine):
        def save_own_variables(self, store: Any) -> None:
            store["word"] = "hello"

    model = tw.Sequential([tw.Input((2,)), Wordy()])
    with pytest.raises(ValueError, match=r"vars/word'.* holds a str, not numbers"):
        model.save_weights(tmp_path / "a.weights.h5")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "error", "match"),
    [
        ("a.h5", ValueError, "must end in .weights.h5"),
        ("old.weights.h5", FileExistsError, "exists already"),
        ("no/a.weights.h5", FileNotFoundError, "there is no folder"),
    ],
)
def test_places_where_nothing_is_saved(
    name: str, error: type[Exception], match: str, tmp_path: Path
):
    (tmp_path / "old.weights.h5").write_text("old")
    with pytest.raises(error, match=match):
        small_model().save_weights(tmp_path / name, overwrite=False)


def test_files_that_cannot_be_read(tmp_path: Path):
    model = small_model()
    with pytest.raises(FileNotFoundError, match=r"There is no file '.*a\.weights\.h5'"):
        model.load_weights(tmp_path / "a.weights.h5")
    (tmp_path / "a.weights.h5").write_text("nothing")
    with pytest.raises(ValueError, match=r"'a\.weights\.h5' is not an HDF5 file"):
        model.load_weights(tmp_path / "a.weights.h5")
    (tmp_path / "a.ckpt").write_text("nothing")
    with pytest.raises(ValueError, match=r"are read from \.weights\.h5"):
        model.load_weights(tmp_path / "a.ckpt")
    unbuilt = tw.Sequential([tw.layers.Dense(1)])
    with pytest.raises(ValueError, match="has no weights yet"):
        unbuilt.load_weights(tmp_path / "a.weights.h5")
    with pytest.raises(ValueError, match="has no weights yet"):
        unbuilt.save_weights(tmp_path / "b.weights.h5")


def test_cut_off_files(tmp_path: Path):
    model = trained()
    before = values(model)
    path = tmp_path / "a.weights.h5"
    trained().save_weights(path)
    data = path.read_bytes()
    for share in (0.1, 0.5, 0.9, 0.99):
        path.write_bytes(data[: int(len(data) * share)])
        with pytest.raises(ValueError, match="damaged"):
            model.load_weights(path)
        assert same(values(model), before)


# --- several files --------------------------------------------------------------------------------


def test_shards(tmp_path: Path):
    model = trained()
    largest = max(w.nbytes for w in values(model))
    model.save_weights(tmp_path / "a.weights.json", max_shard_size=largest / 2**30)
    table = json.loads((tmp_path / "a.weights.json").read_text())
    files = sorted(p.name for p in tmp_path.glob("*.h5"))
    assert len(files) > 3
    assert files[0] == "a_00000.weights.h5"
    listed = [f for v in table["weight_map"].values() for f in (v if isinstance(v, list) else [v])]
    assert set(listed) == set(files)
    other = small_model()
    other.load_weights(tmp_path / "a.weights.json")
    assert same(values(other), values(model))
    (tmp_path / files[1]).unlink()
    before = values(other)
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        other.load_weights(tmp_path / "a.weights.json")
    assert same(values(other), before)


def test_a_variable_must_fit_a_shard(tmp_path: Path):
    with pytest.raises(ValueError, match=r"more than max_shard_size \(8 bytes\)"):
        small_model().save_weights(tmp_path / "a.weights.json", max_shard_size=8 / 2**30)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"weight_map": 3}',
        '{"weight_map": {"a": 3}}',
        '{"weight_map": {"a": "b.txt"}}',
        '{"weight_map": {"a": "../b.weights.h5"}}',
        '{"weight_map": {"a": "/b.weights.h5"}}',
        '{"weight_map": {"a": ["..\\\\b.weights.h5"]}}',
        '{"weight_map": {"a": "C:b.weights.h5"}}',
    ],
)
def test_lists_of_shards_that_are_refused(text: str, tmp_path: Path):
    (tmp_path / "b.weights.h5").write_bytes(b"")
    (tmp_path / "a.weights.json").write_text(text)
    with pytest.raises(ValueError, match=r"^'a\.weights\.json' is (not a list|refused)"):
        small_model().load_weights(tmp_path / "a.weights.json")
