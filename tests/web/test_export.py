"""Exports: what the folder holds, and what is refused."""

import hashlib
import json

import numpy as np
import pytest
from safetensors.numpy import load_file

import thalweg as tw


def small(loss="mse", units=1, **options):
    model = tw.Sequential(
        [tw.Input((4,), name="x"), tw.layers.Dense(3, activation="relu"), tw.layers.Dense(units)],
        name="small",
    )
    model.compile(tw.optimizers.Adam(), loss, **options)
    return model


def manifest(folder):
    return json.loads((folder / "program.json").read_text())


def test_a_compiled_model_brings_all_its_programs_and_state(tmp_path):
    model = small(metrics=["mae"])
    folder = model.export_web(tmp_path / "new" / "site", batch_size=8)
    plain = manifest(folder)
    assert set(plain["programs"]) == {"predict", "train", "evaluate"}
    assert [p["name"] for p in plain["programs"]["train"]["inputs"]] == ["x", "y"]
    assert {p["name"] for p in plain["programs"]["train"]["outputs"]} == {"loss", "mae"}
    assert plain["inputs"] == [{"name": "x", "shape": [4], "dtype": "float32"}]
    assert plain["targets"] == [{"name": "y", "shape": [1], "dtype": "float32"}]
    roles = {state["name"]: state["role"] for state in plain["states"]}
    assert roles[f"{model.layers[0].name}/kernel"] == "weight"
    assert roles["optimizer/learning_rate"] == "optimizer"
    assert roles["random/global"] == "random"
    assert plain["states"][plain["globalSeed"]]["name"] == "random/global"
    saved = load_file(folder / "weights.safetensors")
    for state, variable in zip(plain["states"], model._state_variables(), strict=True):
        np.testing.assert_array_equal(saved[state["name"]], variable.numpy())


def test_checksums_and_sizes_are_those_of_the_files(tmp_path):
    folder = small().export_web(tmp_path, webgpu=True)
    plain = manifest(folder)
    assert set(plain["checksums"]) == {
        "program.simd128.wasm",
        "program.relaxed.wasm",
        "shaders.gpu.json",
        "shaders.software.json",
        "shaders.subgroups.json",
        "weights.safetensors",
    }
    for name, checksum in plain["checksums"].items():
        content = (folder / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == checksum
        assert len(content) == plain["bytes"][name]


def test_a_model_without_a_loss_predicts_only(tmp_path):
    model = tw.Sequential([tw.Input((4,)), tw.layers.Dense(2)])
    assert set(manifest(model.export_web(tmp_path))["programs"]) == {"predict"}


def test_class_numbers_are_told_from_the_loss(tmp_path):
    plain = manifest(small("sparse_categorical_crossentropy", 5).export_web(tmp_path))
    assert plain["targets"] == [{"name": "y", "shape": [], "dtype": "int32"}]


def test_a_subclass_needs_an_example(tmp_path):
    class Own(tw.Model):
        def __init__(self):
            super().__init__()
            self.dense = tw.layers.Dense(2)

        def call(self, x):
            return self.dense(x)

    with pytest.raises(ValueError, match="give export_web\\(\\) a batch of them as x"):
        Own().export_web(tmp_path)
    plain = manifest(Own().export_web(tmp_path, x=np.zeros((1, 3), "f4")))
    assert plain["inputs"][0]["shape"] == [3]


def test_unknown_lengths_need_an_example(tmp_path):
    model = tw.Sequential([tw.Input((None, 4)), tw.layers.LSTM(2)])
    with pytest.raises(ValueError, match=r"has the shape \(None, 4\), whose lengths"):
        model.export_web(tmp_path)
    model.export_web(tmp_path, x=np.zeros((1, 5, 4), "f4"))


def test_preprocessing_goes_along(tmp_path):
    layer = tw.layers.Normalization()
    layer.adapt(np.array([[1.0], [3.0]], "f4"))
    model = tw.Sequential([tw.Input((1,)), layer, tw.layers.Dense(1)])
    folder = model.export_web(tmp_path)
    assert any("dense" in name for name in load_file(folder / "weights.safetensors"))
    assert manifest(folder)["programs"]["predict"]["inputs"][0]["shape"] == [[1, 0], [0, 1]]


@pytest.mark.parametrize("dtype", ["float16", "int8"])
def test_weights_of_fewer_bits(tmp_path, dtype):
    model = small()
    folder = model.export_web(tmp_path, dtype=dtype)
    saved = load_file(folder / "weights.safetensors")
    name = next(s["name"] for s in manifest(folder)["states"] if s["name"].endswith("kernel"))
    assert saved[name].dtype == np.dtype(dtype)
    assert manifest(folder)["weights"]["dtype"] == dtype


def test_shards(tmp_path):
    folder = small().export_web(tmp_path, shard_bytes=100)
    files = manifest(folder)["weights"]["files"]
    assert len(files) > 1
    assert all((folder / name).exists() for name in files)


def test_a_folder_is_written_again(tmp_path):
    model = small()
    first = manifest(model.export_web(tmp_path))
    model.set_weights([w + 1 for w in model.get_weights()])
    second = manifest(model.export_web(tmp_path))
    assert first["checksums"]["weights.safetensors"] != second["checksums"]["weights.safetensors"]
    assert not list(tmp_path.glob(".*"))


def test_files_of_the_export_before_go(tmp_path):
    model = small()
    model.export_web(tmp_path, webgpu=True, shard_bytes=100)
    (tmp_path / "own.json").write_text("{}")
    model.export_web(tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert {"weights.safetensors", "own.json"} <= names
    assert not {"shaders.gpu.json", "weights-1-of-2.safetensors"} & names


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size must be an integer from 1, got 0"),
        ({"batch_size": 2.5}, "batch_size must be an integer from 1, got 2.5"),
        ({"dtype": "float8"}, "dtype must be one of"),
        ({"shard_bytes": 0}, "shard_bytes must be positive"),
    ],
)
def test_wrong_arguments(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        small().export_web(tmp_path / "site", **options)
    assert not (tmp_path / "site").exists()


def test_what_no_page_computes_is_named(tmp_path):
    x = tw.Input((3, 3))
    model = tw.Model(x, tw.layers.Lambda(lambda m: tw.ops.linalg.inv(m))(x), name="inverse")
    with pytest.raises(ValueError, match="'inverse' cannot be exported: its program 'predict'"):
        model.export_web(tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_float64_goes_to_wasm_and_says_why_not_to_webgpu(tmp_path):
    model = tw.Sequential([tw.Input((2,), dtype="float64"), tw.layers.Dense(1, dtype="float64")])
    plain = manifest(model.export_web(tmp_path, webgpu=True))
    assert "float64" in plain["webgpuWhy"]


def test_averaged_weights_bring_the_program_that_ends_a_fit(tmp_path):
    model = small()
    model.compile(tw.optimizers.SGD(use_ema=True), "mse")
    plain = manifest(model.export_web(tmp_path))
    assert plain["programs"]["finalize"]["inputs"] == []


def test_functions_share_their_variables(tmp_path):
    w = tw.Variable([1.0, 2.0], name="w")

    @tw.function
    def scaled(x):
        return {"y": x * w, "twice": 2.0 * x}

    @tw.function
    def grown():
        w.assign_add([1.0, 1.0])
        return w.read_value()

    folder = tw.web.export_functions(
        {"scaled": scaled, "grown": grown},
        tmp_path,
        arguments={"scaled": [tw.TensorSpec((3, 2))]},
    )
    plain = manifest(folder)
    assert [s["name"] for s in plain["states"]] == ["w"]
    assert [p["name"] for p in plain["programs"]["scaled"]["outputs"]] == ["twice", "y"]
    assert plain["programs"]["scaled"]["inputs"][0]["shape"] == [[0, 3], [0, 2]]


def test_equal_modules_are_one_file(tmp_path):
    folder = tw.web.export_functions(
        {"more": lambda x: x + 1.0},
        tmp_path,
        arguments={"more": [tw.TensorSpec((2,))]},
    )
    wasm = manifest(folder)["wasm"]
    assert wasm["simd"] == wasm["relaxed"]


def test_a_small_model_gets_no_shaders_unless_asked(tmp_path):
    model = small()
    plain = manifest(model.export_web(tmp_path / "default"))
    assert "before a GPU would have begun" in plain["webgpuWhy"]
    assert not (tmp_path / "default" / "shaders.gpu.json").exists()
    assert manifest(model.export_web(tmp_path / "asked", webgpu=True))["webgpu"]
    large = tw.Sequential([tw.Input((784,)), tw.layers.Dense(512), tw.layers.Dense(512)])
    assert manifest(large.export_web(tmp_path / "large"))["webgpu"]


def test_types_come_on_request(tmp_path):
    model = small()
    model.export_web(tmp_path, types=True)
    assert "export declare function load(" in (tmp_path / "thalweg.d.ts").read_text()
    model.export_web(tmp_path)
    assert not (tmp_path / "thalweg.d.ts").exists()
