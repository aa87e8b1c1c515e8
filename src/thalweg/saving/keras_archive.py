"""The `.keras` file of Keras 3: a zip of metadata, configuration, weights and assets."""

from __future__ import annotations

import datetime
import io
import json
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from thalweg.registry import deserialize_keras_object, serialize_shared, sharing_objects
from thalweg.saving.atomic import atomic_file, replace_folder
from thalweg.saving.h5_safety import checked_arrays, opened
from thalweg.saving.object_paths import walk
from thalweg.saving.weights_h5 import StoredWeights, collect, restore, write_h5
from thalweg.saving.zip_safety import extract_under, opened_archive, read_member
from thalweg.tensor.context import limited_room
from thalweg.training.model import Model

__all__ = ["load_model", "open_weights", "save_model"]

_METADATA = "metadata.json"
_CONFIG = "config.json"
_WEIGHTS = "model.weights.h5"
_PICKLED_WEIGHTS = "model.weights.npz"
_ASSETS = "assets"
# The version of Keras whose format this is.
_KERAS_VERSION = "3.15.1"

_LONGEST_CONFIG = 1 << 28
_DEEPEST_CONFIG = 200
_MORE_ROOM = 1 << 24


# --- writing --------------------------------------------------------------------------------------


def save_model(
    model: Any, filepath: Any, overwrite: bool = True, zipped: bool | None = None
) -> None:
    """Write a model as Keras 3 does: architecture, weights, optimizer, compile arguments.

    The file appears whole or not at all; one that was there stays until then.

    Args:
        model: the model.
        filepath: ends in `.keras`; with `zipped=False` the name of a folder, without `.keras`.
        overwrite: whether an existing file may be replaced; otherwise `FileExistsError`.
        zipped: False writes a folder instead of one file.

    >>> import tempfile
    >>> import thalweg as tw
    >>> model = tw.Sequential([tw.Input((3,)), tw.layers.Dense(2)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model.save(f"{folder}/m.keras")
    ...     tw.saving.load_model(f"{folder}/m.keras").count_params()
    8
    """
    path = Path(filepath)
    zipped = True if zipped is None else zipped
    if not isinstance(model, Model):
        raise ValueError(f"save_model: expected a model, got {type(model).__name__}.")
    if zipped and path.suffix != ".keras":
        raise ValueError(f"The file must end in .keras, got '{path}'.")
    if not zipped and path.suffix == ".keras":
        raise ValueError(f"With zipped=False the folder must not end in .keras, got '{path}'.")
    if not overwrite and path.exists():
        raise FileExistsError(f"'{path}' exists already, and overwrite is False.")
    if not model.built:
        warnings.warn(
            f"Model '{model.name}' is not built yet, so it is saved without weights; call it on "
            "data or build() it first.",
            stacklevel=3,
        )
    config = json.dumps(serialize_shared(model)).encode()
    metadata = {
        "keras_version": _KERAS_VERSION,
        "date_saved": datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S"),
    }
    weights = io.BytesIO()
    write_h5(collect(model), weights)
    with tempfile.TemporaryDirectory() as assets:
        _save_assets(model, Path(assets))
        members = {
            _METADATA: json.dumps(metadata).encode(),
            _CONFIG: config,
            _WEIGHTS: weights.getvalue(),
            **_files_of(Path(assets)),
        }
    if zipped:
        with atomic_file(path) as file, zipfile.ZipFile(file, "w") as archive:
            for name, data in members.items():
                with archive.open(name, "w", force_zip64=len(data) > zipfile.ZIP64_LIMIT) as member:
                    member.write(data)
    else:
        _write_folder(members, path)


def _save_assets(model: Any, folder: Path) -> None:
    for path, thing in walk(model):
        save = getattr(thing, "save_assets", None)
        if save is not None:
            place = folder.joinpath(*path.split("/")) if path else folder
            place.mkdir(parents=True, exist_ok=True)
            save(str(place))


def _files_of(folder: Path) -> dict[str, bytes]:
    return {
        f"{_ASSETS}/{file.relative_to(folder).as_posix()}": file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def _write_folder(members: dict[str, bytes], path: Path) -> None:
    if not path.parent.is_dir():
        raise FileNotFoundError(f"Cannot write '{path}': there is no folder '{path.parent}'.")
    if path.exists():
        if not path.is_dir():
            raise NotADirectoryError(f"Cannot write the folder '{path}': there is such a file.")
        ours = {_METADATA, _CONFIG, _WEIGHTS, _PICKLED_WEIGHTS, _ASSETS}
        others = sorted(file.name for file in path.iterdir() if file.name not in ours)
        if others:
            raise FileExistsError(
                f"The folder '{path}' holds other things than a model ({', '.join(others[:3])}), "
                "so it is not replaced; choose a new name."
            )
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as work:
        new = Path(work) / "model"
        for name, data in members.items():
            file = new.joinpath(*name.split("/"))
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        replace_folder(new, path)


# --- reading --------------------------------------------------------------------------------------


class _Archive:
    """The members of a `.keras` file."""

    def __init__(self, archive: zipfile.ZipFile, origin: str) -> None:
        self.archive = archive
        self.origin = origin

    def names(self) -> list[str]:
        return self.archive.namelist()

    def read(self, name: str) -> bytes:
        return read_member(self.archive, name, self.origin)

    @contextmanager
    def assets(self) -> Iterator[Path | None]:
        with tempfile.TemporaryDirectory() as folder:
            found = extract_under(self.archive, f"{_ASSETS}/", Path(folder), self.origin)
            yield Path(folder) if found else None


class _Folder:
    """The same members as files of a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.origin = path.name

    def names(self) -> list[str]:
        return [file.name for file in self.path.iterdir()]

    def read(self, name: str) -> bytes:
        return (self.path / name).read_bytes()

    @contextmanager
    def assets(self) -> Iterator[Path | None]:
        folder = self.path / _ASSETS
        yield folder if folder.is_dir() else None


@contextmanager
def _opened(path: Path) -> Iterator[_Archive | _Folder]:
    if path.is_dir():
        if not (path / _CONFIG).is_file():
            raise ValueError(f"The folder '{path}' is not a saved model: it has no {_CONFIG}.")
        yield _Folder(path)
        return
    if not path.exists():
        raise FileNotFoundError(f"There is no file '{path}'.")
    with path.open("rb") as file, opened_archive(file, path.name) as archive:
        yield _Archive(archive, path.name)


def load_model(
    filepath: Any,
    custom_objects: dict[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Any:
    """The model of a `.keras` file or folder, with its weights and the optimizer's state.

    The file is not trusted: its classes come from a closed table and from what you name here,
    and no code in it is ever run. What cannot be loaded raises an error of one sentence.

    Args:
        filepath: what `save_model` or Keras wrote.
        custom_objects: name -> class or function of your own that the model uses.
        compile: whether the model is compiled as it was when it was saved.
        safe_mode: accepted for compatibility; there is no unsafe mode.
    """
    path = Path(filepath)
    if path.suffix in (".h5", ".hdf5"):
        raise ValueError(
            f"Cannot load '{path}': whole models in the old .h5 format are not read; save it as "
            ".keras first."
        )
    with _opened(path) as source:
        config = _read_config(source)
        with opened(io.BytesIO(_weights_of(source)), source.origin) as stored:
            arrays = checked_arrays(stored, source.origin)
            size = sum(array.nbytes for array in arrays.values())
            # What is stored in half the width, and states that are not stored, have room too.
            with limited_room(4 * size + _MORE_ROOM):
                model = _model_of(config, source.origin, custom_objects, compile)
            restore(model, StoredWeights(arrays, source.origin))
        with source.assets() as folder:
            if folder is not None:
                _load_assets(model, folder)
    return model


def open_weights(path: Path) -> io.BytesIO:
    """The HDF5 file inside a `.keras` file or folder."""
    with _opened(path) as source:
        return io.BytesIO(_weights_of(source))


def _weights_of(source: _Archive | _Folder) -> bytes:
    names = source.names()
    if _WEIGHTS in names:
        return source.read(_WEIGHTS)
    if _PICKLED_WEIGHTS in names:
        raise ValueError(
            f"'{source.origin}' keeps its weights in {_PICKLED_WEIGHTS}, which are pickled objects "
            "and never read; save it with weights in HDF5."
        )
    raise ValueError(f"'{source.origin}' is not a saved model: it has no {_WEIGHTS}.")


def _model_of(
    config: dict[str, Any], origin: str, custom_objects: dict[str, Any] | None, compile: bool
) -> Any:
    if not compile:
        config["compile_config"] = None
    try:
        with sharing_objects():
            model = deserialize_keras_object(config, custom_objects)
    except KeyError as problem:
        raise ValueError(f"Cannot load '{origin}': its configuration lacks {problem}.") from problem
    except Exception as problem:
        # Whatever a made-up configuration sets off, the user gets one sentence.
        text = str(problem).strip() or type(problem).__name__
        end = "" if text.endswith((".", "?")) else "."
        raise ValueError(f"Cannot load '{origin}': {text}{end}") from problem
    if not isinstance(model, Model):
        raise ValueError(
            f"Cannot load '{origin}': it describes a {type(model).__name__}, not a model."
        )
    return model


def _read_config(source: _Archive | _Folder) -> dict[str, Any]:
    text = source.read(_CONFIG)
    if len(text) > _LONGEST_CONFIG:
        raise ValueError(f"'{source.origin}' is refused: its {_CONFIG} has {len(text)} bytes.")
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise ValueError(f"'{source.origin}' is damaged: {_CONFIG} is not JSON.") from problem
    if not isinstance(config, dict) or "class_name" not in config:
        raise ValueError(f"'{source.origin}' is damaged: {_CONFIG} does not describe a model.")
    if _depth(config) > _DEEPEST_CONFIG:
        raise ValueError(f"'{source.origin}' is refused: its {_CONFIG} is nested too deep.")
    return config


def _depth(config: Any) -> int:
    deepest = 0
    pending = [(config, 1)]
    while pending:
        value, depth = pending.pop()
        deepest = max(deepest, depth)
        if isinstance(value, (dict, list)):
            inner = value.values() if isinstance(value, dict) else value
            pending.extend((item, depth + 1) for item in inner)
    return deepest


def _load_assets(model: Any, folder: Path) -> None:
    for path, thing in walk(model):
        load = getattr(thing, "load_assets", None)
        place = folder.joinpath(*path.split("/")) if path else folder
        if load is not None and place.is_dir():
            load(str(place))
