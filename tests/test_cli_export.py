"""`thalweg export model.keras folder`."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

import thalweg as tw
from thalweg.cli import main


@pytest.fixture
def saved(tmp_path):
    model = tw.Sequential([tw.Input((3,)), tw.layers.Dense(2, name="last")], name="small")
    model.compile("adam", "mse")
    model.fit(np.ones((8, 3)), np.zeros((8, 2)), verbose=0)
    path = tmp_path / "model.keras"
    model.save(path)
    return model, path


def test_a_saved_model_becomes_a_folder(saved, tmp_path, capsys):
    model, path = saved
    folder = tmp_path / "site"
    arguments = ["export", str(path), str(folder), "--batch-size", "8", "--types", "--page"]
    assert main([*arguments, "--dtype", "float16", "--webgpu"]) == 0
    plain = json.loads((folder / "program.json").read_text())
    assert set(plain["programs"]) == {"predict", "train", "evaluate"}
    assert plain["batch"] == 8
    tensors = load_file(folder / "weights.safetensors")
    np.testing.assert_array_equal(tensors["last/kernel"], model.get_weights()[0].astype(np.float16))
    np.testing.assert_array_equal(
        tensors["optimizer/iteration"], model.optimizer.iterations.numpy()
    )
    for name in ("thalweg.js", "webgpu.js", "thalweg.d.ts", "shaders.gpu.json", "index.html"):
        assert (folder / name).exists()
    printed = capsys.readouterr().out
    assert "program.relaxed.wasm" in printed
    assert "total" in printed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["missing.keras"], "thalweg export: "),
        (["--batch-size", "0"], "batch_size must be an integer from 1, got 0"),
    ],
)
def test_mistakes_are_one_sentence(saved, tmp_path, capsys, change, message):
    _, path = saved
    model = change[0] if change[0].endswith(".keras") else str(path)
    options = [] if change[0].endswith(".keras") else change
    assert main(["export", model, str(tmp_path / "site"), *options]) == 1
    out, err = capsys.readouterr()
    assert not out
    assert message in err
    assert err.count("\n") == 1
