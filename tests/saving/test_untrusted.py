"""Files made to do harm are refused in one sentence, and nothing in them is run or followed.

One test for each mechanism of the known attacks on Keras's loader; the CVE stands beside it.
"""

from __future__ import annotations

import base64
import io
import json
import marshal
import pickle
import struct
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import thalweg as tw
from tests.saving.archives import members, rewrite, small_model, values, with_config, with_weights


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    small_model().save(tmp_path / "m.keras")
    return tmp_path / "m.keras"


def refusal(path: Path, match: str) -> str:
    """The one sentence with which a file is refused."""
    with pytest.raises(ValueError, match=match) as caught:
        tw.saving.load_model(path, safe_mode=False)  # there is no unsafe mode
    with pytest.raises(ValueError, match=match):
        tw.saving.load_model(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(("'m.keras'", "Cannot load 'm.keras'"))
    assert message.endswith(".")
    return message


def replace_layer(path: Path, layer: Any) -> Path:
    """Put a description in the place of the first Dense."""

    def change(config: Any) -> None:
        config["config"]["layers"][1] = layer

    return with_config(path, change)


# --- code in the configuration --------------------------------------------------------------------


def lambda_layer(function: Any, **config: Any) -> dict[str, Any]:
    return {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {"name": "evil", "function": function, **config},
        "registered_name": None,
    }


CODE = base64.b64encode(marshal.dumps((lambda x: sys.exit(1)).__code__)).decode()


@pytest.mark.parametrize(
    "function",
    [
        {"class_name": "__lambda__", "config": {"code": CODE, "defaults": None, "closure": None}},
        {"class_name": "__lambda__", "config": {"value": [CODE, None, None]}},
        [CODE, None, None],  # as Keras 2 wrote it
        CODE,
    ],
    ids=["code", "value", "keras 2", "string"],
)
def test_lambda_bytecode_is_never_run(saved: Path, function: Any):
    """CVE-2024-3660; CVE-2026-12481 (no safe mode that could be left out)."""
    replace_layer(saved, lambda_layer(function))
    refusal(saved, "lambda|function must be callable|function")


@pytest.mark.parametrize(
    "thing",
    [
        {"module": "os", "class_name": "system", "config": {"command": "true"}},
        {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"},
        {"module": "builtins", "class_name": "function", "config": "exec"},
        {"module": "builtins", "class_name": "eval", "config": {"source": "1"}},
        {"module": "subprocess", "class_name": "Popen", "config": {"args": "true"}},
        {"module": "antigravity", "class_name": "Dense", "config": {"units": 1}},
        {"module": "thalweg.layers.dense", "class_name": "Dense", "config": {"units": 1}},
        {"module": "numpy", "class_name": "ndarray", "config": {"shape": [10**9]}},
    ],
    ids=lambda thing: f"{thing['module']}.{thing['class_name']}",
)
def test_nothing_is_imported_or_called_by_name(saved: Path, thing: Any):
    """CVE-2025-1550: a configuration names any module and function, with arguments."""
    replace_layer(saved, {"registered_name": None, **thing})
    refusal(saved, "is not known")
    assert "antigravity" not in sys.modules


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("keras.utils", "get_file"),
        ("keras.config", "enable_unsafe_deserialization"),
        ("keras.saving", "load_model"),
        ("keras.models", "model_from_json"),
        ("keras.src.utils.file_utils", "get_file"),
        ("keras.src.saving.serialization_lib", "enable_unsafe_deserialization"),
        ("keras.src.utils.python_utils", "func_load"),
        ("keras.layers", "TorchModuleWrapper"),
        ("keras.layers", "TFSMLayer"),
        ("keras.layers", "JaxLayer"),
    ],
)
def test_no_function_of_keras_is_a_tool(saved: Path, module: str, name: str):
    """CVE-2025-8747, CVE-2025-9906, CVE-2025-49655 (unpickles), CVE-2026-1462 (loads a path)."""
    for class_name, config in ((name, {"name": "x", "path": "/x"}), ("function", name)):
        replace_layer(
            saved,
            {
                "module": module,
                "class_name": class_name,
                "config": config,
                "registered_name": name,
            },
        )
        refusal(saved, "is not known")


@pytest.mark.parametrize("name", ["StringLookup", "IntegerLookup", "TextVectorization"])
@pytest.mark.parametrize("vocabulary", ["/etc/passwd", "http://127.0.0.1:9/x"])
def test_no_path_or_address_in_a_configuration_is_opened(
    saved: Path, name: str, vocabulary: str, monkeypatch: pytest.MonkeyPatch
):
    """CVE-2025-12058: a vocabulary that is a path or an address."""
    replace_layer(
        saved,
        {
            "module": "keras.layers",
            "class_name": name,
            "config": {"name": "x", "vocabulary": vocabulary},
            "registered_name": None,
        },
    )
    monkeypatch.setattr("socket.socket.connect", lambda *a: pytest.fail("connects"))
    refusal(saved, name)


def test_operations_come_from_a_table(tmp_path: Path):
    x = tw.Input((3,))
    tw.Model(x, x + 1).save(tmp_path / "m.keras")

    def change(config: Any) -> None:
        config["config"]["layers"][1].update(module="keras.src.ops.core", class_name="Map")

    with_config(tmp_path / "m.keras", change)
    refusal(tmp_path / "m.keras", "The operation 'Map'")


def test_whole_models_in_h5_are_not_read(tmp_path: Path):
    """CVE-2025-9905: the old format ignored the safe mode."""
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["model_config"] = json.dumps(
            {"class_name": "Sequential", "config": [lambda_layer([CODE, None, None])]}
        )
    with pytest.raises(ValueError, match=r"old \.h5 format are not read"):
        tw.saving.load_model(tmp_path / "m.h5")


@pytest.mark.parametrize("depth", [300, 5000])
def test_deep_configurations(saved: Path, depth: int):
    data = members(saved)
    nested = b'{"a":' * depth + b"1" + b"}" * depth
    text = data["config.json"].replace(b'"tanh"', nested)
    rewrite(saved, {**data, "config.json": text})
    refusal(saved, "nested too deep|is not JSON")


def test_models_inside_models_without_end(saved: Path):
    def change(config: Any) -> None:
        inner = json.loads(json.dumps(config))
        for _ in range(100):
            inner = {**config, "config": {"name": "m", "layers": [inner]}}
        config.update(inner)

    with_config(saved, change)
    refusal(saved, "nested too deep")


@pytest.mark.parametrize("units", [1 << 24, 1 << 40, 1 << 70])
def test_layers_without_bounds(saved: Path, units: int):
    """The shape of a weight is believed only if the file has as many values."""

    def change(config: Any) -> None:
        layer = config["config"]["layers"][-1]
        layer["config"]["units"] = units
        del layer["build_config"]

    with_config(saved, change)
    refusal(saved, r"'kernel' of shape .* is larger than all that the file holds")


# --- weights --------------------------------------------------------------------------------------


def put(path: Path, make: Any, name: str = "0") -> Path:
    """Replace an array of the first Dense; `make(group, name)` makes the new one."""

    def change(file: h5py.File) -> None:
        group = file["layers/dense/vars"]
        del group[name]
        make(group, name)

    return with_weights(path, change)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["data"] = np.ones((3, 4), "float32")
    (tmp_path / "secret.bin").write_bytes(np.ones((3, 4), "float32").tobytes())
    return tmp_path


def test_external_links(saved: Path, secret: Path):
    """CVE-2026-1669: weights that are read from another file."""

    def make(group: h5py.Group, name: str) -> None:
        group[name] = h5py.ExternalLink(str(secret / "secret.h5"), "data")

    refusal(put(saved, make), r"'layers/dense/vars/0' is an external link")


def test_soft_links(saved: Path):
    def make(group: h5py.Group, name: str) -> None:
        group[name] = h5py.SoftLink("/layers/dense_1/vars/0")

    refusal(put(saved, make), r"is a soft link")


def test_linked_groups(saved: Path):
    def change(file: h5py.File) -> None:
        del file["layers/dense"]
        file["layers/dense"] = h5py.SoftLink("/layers/dense_1")

    refusal(with_weights(saved, change), r"'layers/dense' is a soft link")


def test_external_arrays(saved: Path, secret: Path):
    """CVE-2026-1669: arrays whose bytes are in another file."""

    def make(group: h5py.Group, name: str) -> None:
        group.create_dataset(
            name, (3, 4), "float32", external=[(str(secret / "secret.bin"), 0, 48)]
        )

    refusal(put(saved, make), "keeps its data in another file")


def test_virtual_arrays(saved: Path, secret: Path):
    """CVE-2026-12480: arrays put together from other files."""

    def make(group: h5py.Group, name: str) -> None:
        layout = h5py.VirtualLayout((3, 4), "float32")
        layout[:] = h5py.VirtualSource(str(secret / "secret.h5"), "data", (3, 4))
        group.create_virtual_dataset(name, layout)

    refusal(put(saved, make), "is a view of data in other files")


@pytest.mark.parametrize("packed", [True, False])
def test_shape_bombs(saved: Path, packed: bool):
    """CVE-2026-0897: an array of terabytes that takes no room in the file."""

    def make(group: h5py.Group, name: str) -> None:
        options: dict[str, Any] = {"compression": "gzip", "chunks": (1024, 1024)} if packed else {}
        group.create_dataset(name, (1 << 20, 1 << 20), "float32", fillvalue=0, **options)

    refusal(put(saved, make), r"declares \d+ bytes, but \d+ are stored")


def test_bombs_beside_the_weights(saved: Path):
    def change(file: h5py.File) -> None:
        file.create_dataset("elsewhere/x", (1 << 20, 1 << 20), "float32")

    refusal(with_weights(saved, change), "'elsewhere/x' declares")


def test_filters_that_load_code(saved: Path):
    def make(group: h5py.Group, name: str) -> None:
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk((3, 4))
        # Not in this library: a reader would look for it in a folder of plugins.
        plan.set_filter(32001, h5py.h5z.FLAG_OPTIONAL, ())
        space = h5py.h5s.create_simple((3, 4))
        h5py.h5d.create(group.id, name.encode(), h5py.h5t.IEEE_F32LE, space, plan)

    refusal(put(saved, make), "packed with HDF5 filter 32001")


@pytest.mark.parametrize("kind", ["words", "references", "records", "opaque"])
def test_arrays_that_are_not_numbers(saved: Path, kind: str):
    def make(group: h5py.Group, name: str) -> None:
        if kind == "words":
            group[name] = ["a"] * 4
        elif kind == "references":
            group.create_dataset(name, (4,), h5py.ref_dtype)
        elif kind == "records":
            group[name] = np.zeros(4, [("a", "f4"), ("b", "i4")])
        else:
            group[name] = np.zeros(4, "V2")

    refusal(put(saved, make), "which are not numbers")


def test_groups_without_end(saved: Path):
    def change(file: h5py.File) -> None:
        file["layers/dense/self"] = file["layers/dense"]

    refusal(with_weights(saved, change), "nested too deep")


def test_pickled_weights(saved: Path):
    """Pickles in npz files are code."""

    class Evil:
        def __reduce__(self) -> Any:
            return pytest.fail, ("a pickle was read",)

    data = members(saved)
    del data["model.weights.h5"]
    file = io.BytesIO()
    np.savez(file, allow_pickle=True, **{"layers/dense": np.array(pickle.dumps(Evil()))})
    rewrite(saved, {**data, "model.weights.npz": file.getvalue()})
    refusal(saved, "pickled objects and never read")


def test_refused_weights_change_nothing(saved: Path):
    model = small_model()
    before = values(model)

    def make(group: h5py.Group, name: str) -> None:
        group[name] = h5py.SoftLink("/layers/dense_1/vars/0")

    put(saved, make)
    with pytest.raises(ValueError, match="is a soft link"):
        model.load_weights(saved)
    assert all(np.array_equal(a, b) for a, b in zip(before, values(model), strict=True))


# --- the archive ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../evil.txt",
        "assets/../../evil.txt",
        "assets/layers/..",
        "/tmp/evil.txt",
        "assets//evil.txt",
        "assets\\..\\evil.txt",
        "C:evil.txt",
        "./evil.txt",
    ],
)
def test_names_that_lead_elsewhere(saved: Path, name: str):
    """CVE-2026-12479, GHSA-hqp4-2352-xf5r: members written outside of their folder."""
    data = members(saved)
    with zipfile.ZipFile(saved, "w") as archive:
        for known, content in data.items():
            archive.writestr(known, content)
        info = zipfile.ZipInfo("x")
        info.filename = name
        archive.writestr(info, b"evil")
    refusal(saved, "leads out of its folder")
    assert not list(saved.parent.glob("**/evil.txt"))


def test_linked_members(saved: Path):
    data = members(saved)
    with zipfile.ZipFile(saved, "w") as archive:
        for known, content in data.items():
            archive.writestr(known, content)
        info = zipfile.ZipInfo("assets/link")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    refusal(saved, "'assets/link' is a link")


class Asset(tw.layers.Layer):
    loaded: str | None = None

    def call(self, inputs: Any) -> Any:
        return inputs

    def save_assets(self, folder: str) -> None:
        Path(folder, "word.txt").write_text("word")

    def load_assets(self, folder: str) -> None:
        self.loaded = Path(folder, "word.txt").read_text()


def test_a_layer_s_name_is_no_path(tmp_path: Path):
    """CVE-2026-12479: a layer called '..' wrote outside of the folder of assets."""
    model = tw.Sequential([tw.Input((2,)), Asset(name=".."), Asset(name="/etc")])
    model.save(tmp_path / "m.keras")
    names = [n for n in members(tmp_path / "m.keras") if n.startswith("assets")]
    assert names == ["assets/layers/asset/word.txt", "assets/layers/asset_1/word.txt"]
    loaded = tw.saving.load_model(tmp_path / "m.keras", {"Asset": Asset})
    assert [layer.loaded for layer in loaded.layers] == ["word", "word"]


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5", "assets/x"])
def test_members_that_swell(saved: Path, name: str):
    data = members(saved)
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as archive:
        for known, content in {**data, name: b" " * (1 << 27)}.items():
            archive.writestr(known, content)
    refusal(saved, f"'{name}' declares {1 << 27} bytes")


def test_members_that_share_their_bytes(saved: Path):
    """Each looks honest, together they are a bomb."""
    data = members(saved)
    with zipfile.ZipFile(saved, "w") as archive:
        for known, content in data.items():
            archive.writestr(known, content)
        archive.writestr("assets/0", b"x" * (1 << 20))
        first = archive.getinfo("assets/0")
        for i in range(1, 200):
            info = zipfile.ZipInfo(f"assets/{i}")
            for key in ("header_offset", "file_size", "compress_size", "CRC"):
                setattr(info, key, getattr(first, key))
            archive.filelist.append(info)
            archive.NameToInfo[info.filename] = info
    refusal(saved, r"it declares \d+ bytes, but has only \d+")


def test_two_members_of_one_name(saved: Path):
    with zipfile.ZipFile(saved, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("config.json", "{}")
    refusal(saved, "'config.json' is there twice")


def test_encrypted_members(saved: Path):
    data = bytearray(saved.read_bytes())
    place = data.rindex(b"PK\x01\x02")  # the last entry of the directory
    (flags,) = struct.unpack_from("<H", data, place + 8)
    struct.pack_into("<H", data, place + 8, flags | 1)
    saved.write_bytes(data)
    refusal(saved, "is encrypted")


def test_other_packings(saved: Path):
    rewrite(saved, members(saved), compression=zipfile.ZIP_BZIP2)
    refusal(saved, "packed by a method other than deflate")
