"""`.keras` files and folders: what comes back, and what is said when nothing can."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import thalweg as tw
from tests.saving.archives import (
    batch,
    members,
    rewrite,
    same,
    small_model,
    values,
    with_config,
    with_weights,
)


@pytest.fixture
def trained() -> Any:
    model = small_model()
    model.fit(*batch(), epochs=2, verbose=0)
    return model


@pytest.fixture
def saved(trained: Any, tmp_path: Path) -> Path:
    trained.save(tmp_path / "m.keras")
    return tmp_path / "m.keras"


# --- what comes back ------------------------------------------------------------------------------


def test_the_members_are_those_of_keras(saved: Path):
    with zipfile.ZipFile(saved) as archive:
        infos = archive.infolist()
        metadata = json.loads(archive.read("metadata.json"))
    assert [i.filename for i in infos] == ["metadata.json", "config.json", "model.weights.h5"]
    assert all(i.compress_type == zipfile.ZIP_STORED for i in infos)
    assert set(metadata) == {"keras_version", "date_saved"}


def test_everything_comes_back(trained: Any, saved: Path):
    loaded = tw.saving.load_model(saved)
    assert same(values(loaded), values(trained))
    x, _ = batch()
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), trained.predict(x, verbose=0))
    assert loaded.get_config() == trained.get_config()
    assert loaded.get_compile_config() == trained.get_compile_config()


def test_training_goes_on_bit_for_bit(trained: Any, saved: Path):
    loaded = tw.saving.load_model(saved)
    for model in (trained, loaded):
        for _ in range(3):  # dropout draws from the state of its generator
            model.train_on_batch(*batch())
    assert same(values(loaded), values(trained))


def test_without_compiling(saved: Path):
    loaded = tw.saving.load_model(saved, compile=False)
    assert not loaded.compiled
    loaded.predict(batch()[0], verbose=0)


def test_an_optimizer_that_has_not_begun(tmp_path: Path):
    model = small_model()
    model.optimizer.learning_rate = 0.25
    model.save(tmp_path / "m.keras")
    loaded = tw.saving.load_model(tmp_path / "m.keras")
    assert same(values(loaded), values(model))
    for one in (model, loaded):
        one.train_on_batch(*batch())
    assert same(values(loaded), values(model))


def test_not_compiled_stays_not_compiled(tmp_path: Path):
    model = tw.Sequential([tw.Input((2,)), tw.layers.Dense(1)])
    model.save(tmp_path / "m.keras")
    assert json.loads(members(tmp_path / "m.keras")["config.json"])["compile_config"] == {}
    assert not tw.saving.load_model(tmp_path / "m.keras").compiled


def test_folders(trained: Any, tmp_path: Path):
    folder = tmp_path / "model"
    trained.save(folder, zipped=False)
    names = {"metadata.json", "config.json", "model.weights.h5"}
    assert {p.name for p in folder.iterdir()} == names
    assert same(values(tw.saving.load_model(folder)), values(trained))
    # A second time, over the first.
    trained.train_on_batch(*batch())
    trained.save(folder, zipped=False)
    assert same(values(tw.saving.load_model(str(folder))), values(trained))
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_members_in_any_order_and_deflated(trained: Any, saved: Path):
    data = members(saved)
    rewrite(saved, dict(reversed(data.items())), compression=zipfile.ZIP_DEFLATED)
    assert same(values(tw.saving.load_model(saved)), values(trained))
    del data["metadata.json"]
    rewrite(saved, data)
    assert same(values(tw.saving.load_model(saved)), values(trained))


def test_packed_arrays_are_read(trained: Any, saved: Path):
    def pack(file: Any) -> None:
        group = file["layers/dense/vars"]
        value = group["0"][()]
        del group["0"]
        group.create_dataset("0", data=value, chunks=True, compression="gzip", shuffle=True)

    with_weights(saved, pack)
    assert same(values(tw.saving.load_model(saved)), values(trained))


def test_big_endian_arrays_are_read(trained: Any, saved: Path):
    def swap(file: Any) -> None:
        group = file["layers/dense/vars"]
        value = group["0"][()].astype(">f4")
        del group["0"]
        group["0"] = value

    with_weights(saved, swap)
    assert same(values(tw.saving.load_model(saved)), values(trained))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float64", "mixed_bfloat16"])
def test_dtypes(dtype: str, tmp_path: Path):
    model = tw.Sequential([tw.Input((3,)), tw.layers.Dense(2, dtype=dtype)])
    model.save(tmp_path / "m.keras")
    loaded = tw.saving.load_model(tmp_path / "m.keras")
    assert [v.dtype for v in loaded.weights] == [v.dtype for v in model.weights]
    assert same(values(loaded), values(model))


class Scaled(tw.layers.Layer):
    """Writes its state under names of its own, and a file beside it."""

    def __init__(self, word: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.word = word

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight((input_shape[-1],), "ones", name="scale")

    def call(self, inputs: Any) -> Any:
        return inputs * self.scale

    def get_config(self) -> dict[str, Any]:
        return {k: v for k, v in super().get_config().items() if k != "word"}

    def save_own_variables(self, store: Any) -> None:
        super().save_own_variables(store)
        store["twice"] = self.scale * 2

    def load_own_variables(self, store: Any) -> None:
        self.scale.assign(store["twice"] / 2)

    def save_assets(self, folder: str) -> None:
        Path(folder, "word.txt").write_text(self.word)

    def load_assets(self, folder: str) -> None:
        self.word = Path(folder, "word.txt").read_text()


@pytest.mark.parametrize("zipped", [True, False])
def test_layers_with_their_own_way_of_saving(zipped: bool, tmp_path: Path):
    layer = Scaled("hello")
    model = tw.Sequential([tw.Input((2,)), layer])
    layer.scale.assign([3.0, 4.0])
    path = tmp_path / ("m.keras" if zipped else "m")
    model.save(path, zipped=zipped)
    if zipped:
        assert members(path)["assets/layers/scaled/word.txt"] == b"hello"
    loaded = tw.saving.load_model(path, {"Scaled": Scaled})
    assert loaded.layers[0].word == "hello"
    np.testing.assert_array_equal(loaded.layers[0].scale.numpy(), [3.0, 4.0])
    with pytest.raises(ValueError, match=r"Cannot load 'm.*': The class 'Scaled'"):
        tw.saving.load_model(path)


class Net(tw.Model):
    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.first = tw.layers.Dense(units, activation="relu")
        self.heads = [tw.layers.Dense(1), tw.layers.Dense(1)]

    def call(self, inputs: Any, training: Any = None) -> Any:
        x = self.first(inputs)
        return self.heads[0](x) + self.heads[1](x)


def test_subclassed_model(tmp_path: Path):
    model = Net(4)
    model.compile("sgd", "mse")
    model.fit(*batch(), verbose=0)
    model.save(tmp_path / "m.keras")
    loaded = tw.saving.load_model(tmp_path / "m.keras", {"Net": Net})
    assert same(values(loaded), values(model))
    x, _ = batch()
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


def quartic(y_true: Any, y_pred: Any) -> Any:
    return tw.ops.mean((y_true - y_pred) ** 4, axis=-1)


def test_functions_of_the_user(tmp_path: Path):
    model = tw.Sequential([tw.Input((3,)), tw.layers.Dense(1, activation=quartic_root)])
    model.compile("sgd", quartic, metrics=[quartic])
    model.save(tmp_path / "m.keras")
    with pytest.raises(ValueError, match=r"The function 'quartic_root' .* custom_objects"):
        tw.saving.load_model(tmp_path / "m.keras")
    known = {"quartic": quartic, "quartic_root": quartic_root}
    loaded = tw.saving.load_model(tmp_path / "m.keras", known)
    assert loaded.loss is quartic
    x, y = batch()
    assert loaded.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)


def quartic_root(x: Any) -> Any:
    return tw.ops.abs(x) ** 0.25


def test_shared_layer_in_two_models(tmp_path: Path):
    shared = tw.layers.Dense(3)
    a = tw.Input((3,))
    inner = tw.Model(a, shared(a), name="inner")
    x = tw.Input((3,))
    model = tw.Model(x, shared(inner(x)))
    model.save(tmp_path / "m.keras")
    loaded = tw.saving.load_model(tmp_path / "m.keras")
    assert len(loaded.weights) == 2
    data = batch()[0]
    np.testing.assert_array_equal(loaded.predict(data, verbose=0), model.predict(data, verbose=0))


# --- writing --------------------------------------------------------------------------------------


def test_a_failed_save_leaves_the_old_file(saved: Path, monkeypatch: pytest.MonkeyPatch):
    before = saved.read_bytes()
    model = tw.Sequential([tw.Input((2,)), tw.layers.Dense(1)])

    def fail(*arguments: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk is full"):
        model.save(saved)
    assert saved.read_bytes() == before
    assert [p.name for p in saved.parent.iterdir()] == ["m.keras"]


def test_what_cannot_be_saved_is_said_before_writing(tmp_path: Path):
    layer = tw.layers.Lambda(lambda x: x)
    model = tw.Sequential([tw.Input((2,)), layer])
    with pytest.raises(ValueError, match="no code is ever saved"):
        model.save(tmp_path / "m.keras")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "options", "error", "match"),
    [
        ("m.h5", {}, ValueError, "must end in .keras"),
        ("m", {}, ValueError, "must end in .keras"),
        ("m.keras", {"zipped": False}, ValueError, "must not end in .keras"),
        ("no/m.keras", {}, FileNotFoundError, "there is no folder"),
        ("no/m", {"zipped": False}, FileNotFoundError, "there is no folder"),
        ("old.keras", {"overwrite": False}, FileExistsError, "exists already"),
        ("full", {"zipped": False}, FileExistsError, r"holds other things .*keep\.txt"),
        ("file", {"zipped": False}, NotADirectoryError, "there is such a file"),
    ],
)
def test_places_where_nothing_is_written(
    name: str, options: Any, error: type[Exception], match: str, tmp_path: Path
):
    (tmp_path / "old.keras").write_text("old")
    (tmp_path / "file").write_text("old")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "keep.txt").write_text("mine")
    model = tw.Sequential([tw.Input((2,)), tw.layers.Dense(1)])
    with pytest.raises(error, match=match):
        model.save(tmp_path / name, **options)
    assert (tmp_path / "full" / "keep.txt").read_text() == "mine"


def test_saving_an_unbuilt_model_warns(tmp_path: Path):
    model = tw.Sequential([tw.layers.Dense(1)])
    with pytest.warns(UserWarning, match="not built yet"):
        model.save(tmp_path / "m.keras")
    assert not tw.saving.load_model(tmp_path / "m.keras").built


def test_only_models_are_saved(tmp_path: Path):
    with pytest.raises(ValueError, match="expected a model, got Dense"):
        tw.saving.save_model(tw.layers.Dense(1), tmp_path / "m.keras")


# --- reading what is not right --------------------------------------------------------------------


def one_sentence(error: BaseException) -> bool:
    return "\n" not in str(error) and str(error).endswith((".", "?"))


def test_no_file(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=r"There is no file '.*m\.keras'\.") as caught:
        tw.saving.load_model(tmp_path / "m.keras")
    assert one_sentence(caught.value)


def test_not_an_archive(tmp_path: Path):
    (tmp_path / "m.keras").write_text("no zip")
    with pytest.raises(ValueError, match=r"'m\.keras' is not a \.keras file"):
        tw.saving.load_model(tmp_path / "m.keras")
    (tmp_path / "old.h5").write_text("x")
    with pytest.raises(ValueError, match=r"old \.h5 format are not read"):
        tw.saving.load_model(tmp_path / "old.h5")
    with pytest.raises(ValueError, match=r"not a saved model: it has no config\.json"):
        tw.saving.load_model(tmp_path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_cut_off(saved: Path, share: float):
    data = saved.read_bytes()
    saved.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ValueError, match="cut off") as caught:
        tw.saving.load_model(saved)
    assert one_sentence(caught.value)


def test_any_changed_byte_is_found_or_harmless(trained: Any, saved: Path):
    data = saved.read_bytes()
    good = values(trained)
    generator = np.random.default_rng(1)
    for place in generator.integers(0, len(data), 60):
        changed = bytearray(data)
        changed[place] ^= 0xFF
        saved.write_bytes(changed)
        loaded = problem = None
        try:
            loaded = tw.saving.load_model(saved)
        except ValueError as error:
            problem = error
        # A byte of the file's bookkeeping that nobody reads does no harm.
        assert one_sentence(problem) if problem else same(values(loaded), good)


@pytest.mark.parametrize("missing", ["config.json", "model.weights.h5"])
def test_missing_members(saved: Path, missing: str):
    data = members(saved)
    del data[missing]
    rewrite(saved, data)
    with pytest.raises(ValueError, match=f"it has no .*{missing}") as caught:
        tw.saving.load_model(saved)
    assert one_sentence(caught.value)


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[1, 2]", b"null", b"{}", b"\xff\xfe", b"[" * 100_000, b"1" * 5000]
)
def test_damaged_config(saved: Path, text: bytes):
    rewrite(saved, {**members(saved), "config.json": text})
    with pytest.raises(ValueError, match=r"'m\.keras' is damaged: config\.json") as caught:
        tw.saving.load_model(saved)
    assert one_sentence(caught.value)


def test_config_without_layers(saved: Path):
    with_config(saved, lambda config: config["config"].pop("layers") and None)
    with pytest.raises(ValueError, match=r"its configuration lacks 'layers'\."):
        tw.saving.load_model(saved)


def test_unknown_class(saved: Path):
    def change(config: Any) -> None:
        config["config"]["layers"][1]["class_name"] = "Denze"

    with_config(saved, change)
    with pytest.raises(ValueError, match=r"Cannot load 'm\.keras': The class 'Denze'") as caught:
        tw.saving.load_model(saved)
    assert one_sentence(caught.value)


def test_wrong_argument(saved: Path):
    def change(config: Any) -> None:
        config["config"]["layers"][1]["config"]["unites"] = 3

    with_config(saved, change)
    with pytest.raises(ValueError, match=r"Cannot load 'm\.keras': .*'unites'"):
        tw.saving.load_model(saved)


def test_not_a_model(saved: Path):
    with_config(saved, lambda config: config["config"]["layers"][1])
    with pytest.raises(ValueError, match="it describes a Dense, not a model"):
        tw.saving.load_model(saved)


def test_damaged_weights(saved: Path):
    data = members(saved)
    rewrite(saved, {**data, "model.weights.h5": b"nothing"})
    with pytest.raises(ValueError, match="is not an HDF5 file"):
        tw.saving.load_model(saved)


def test_weights_that_do_not_fit(saved: Path):
    def change(config: Any) -> None:
        config["config"]["layers"][-1]["config"]["units"] = 5
        config["config"]["layers"][-1]["build_config"] = None
        config["compile_config"] = None

    with_config(saved, change)
    with pytest.raises(ValueError, match=r"layers/dense_1: .*'kernel' has shape \(4, 5\)"):
        tw.saving.load_model(saved)
