"""Weights alone: one `.weights.h5` file, or several with a `.weights.json` that lists them."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from thalweg.saving.atomic import atomic_file
from thalweg.saving.h5_safety import checked_arrays, opened
from thalweg.saving.keras_archive import open_weights
from thalweg.saving.safetensors_file import read_state, write_state
from thalweg.saving.weights_h5 import (
    StoredObject,
    StoredWeights,
    collect,
    read_h5,
    restore,
    write_h5,
)

__all__ = ["load_weights", "save_weights"]

_LONGEST_MAP = 1 << 26


def save_weights(
    model: Any, filepath: Any, overwrite: bool = True, max_shard_size: float | None = None
) -> None:
    """Write the weights of a model, and its optimizer's state, as Keras 3 does.

    Args:
        model: a built model.
        filepath: ends in `.weights.h5`, with `max_shard_size` in `.weights.json`; or in
            `.safetensors`, for the whole state under the variables' paths, as pages have it.
        overwrite: whether an existing file may be replaced; otherwise `FileExistsError`.
        max_shard_size: the most GB (2^30 bytes) in one file; the weights are spread over
            `<name>_00000.weights.h5` and so on.
    """
    path = Path(filepath)
    if path.suffix == ".safetensors" and max_shard_size is None:
        _check_free(path, overwrite)
        _check_built(model)
        write_state(model, path)
        return
    ending = ".weights.h5" if max_shard_size is None else ".weights.json"
    if not path.name.endswith(ending):
        raise ValueError(f"The file must end in {ending}, got '{path}'.")
    _check_free(path, overwrite)
    _check_built(model)
    objects = collect(model)
    if max_shard_size is None:
        with atomic_file(path) as file:
            write_h5(objects, file)
    else:
        _write_shards(objects, path, int(max_shard_size * 2**30))


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False) -> None:
    """Give a model the weights of a file that Thalweg or Keras 3 wrote.

    All of them, or none: what does not fit raises a `ValueError` that lists it, and the model
    stays as it was. Weights in the file that the model has no place for are a misfit too.

    Args:
        model: a built model.
        filepath: a `.weights.h5`, `.weights.json` or `.keras` file; or a `.safetensors` file that
            a page or `save_weights` wrote, which holds the optimizer's and the random state too.
        skip_mismatch: take what fits and warn of the rest.
    """
    path = Path(filepath)
    _check_built(model)
    if not path.exists():
        raise FileNotFoundError(f"There is no file '{path}'.")
    if path.name.endswith(".weights.json"):
        _read_shards(model, path, skip_mismatch)
    elif path.suffix == ".keras":
        read_h5(model, open_weights(path), path.name, skip_mismatch=skip_mismatch)
    elif path.name.endswith(".weights.h5"):
        with path.open("rb") as file:
            read_h5(model, file, path.name, skip_mismatch=skip_mismatch)
    elif path.suffix == ".safetensors":
        read_state(model, path, skip_mismatch)
    else:
        raise ValueError(
            "Weights are read from .weights.h5, .weights.json, .keras and .safetensors files, got "
            f"'{path}'."
        )


def _check_free(path: Path, overwrite: bool) -> None:
    if not overwrite and path.exists():
        raise FileExistsError(f"'{path}' exists already, and overwrite is False.")


def _check_built(model: Any) -> None:
    if not model.built:
        raise ValueError(
            f"Model '{model.name}' has no weights yet: call it on data or build() it first."
        )


# --- several files --------------------------------------------------------------------------------


def _write_shards(objects: list[StoredObject], path: Path, most: int) -> None:
    base = path.name.removesuffix(".weights.json")
    shards: list[list[StoredObject]] = [[]]
    size = total = 0
    places: dict[str, list[str]] = {}
    for thing in objects:
        shards[-1].append(StoredObject(thing.group, thing.name, {}))
        for key, array in thing.arrays.items():
            if array.nbytes > most:
                raise ValueError(
                    f"'{thing.group}/{key}' has {array.nbytes} bytes, more than max_shard_size "
                    f"({most} bytes)."
                )
            if size + array.nbytes > most:
                shards.append([StoredObject(thing.group, thing.name, {})])
                size = 0
            shards[-1][-1].arrays[key] = array
            size += array.nbytes
            total += array.nbytes
            file = f"{base}_{len(shards) - 1:05}.weights.h5"
            files = places.setdefault(f"/{thing.group}", [])
            if file not in files:
                files.append(file)
    for i, shard in enumerate(shards):
        with atomic_file(path.with_name(f"{base}_{i:05}.weights.h5")) as file_of_shard:
            write_h5(shard, file_of_shard)
    table = {
        "metadata": {"total_size": total},
        "weight_map": {k: v[0] if len(v) == 1 else v for k, v in places.items()},
    }
    # Last, so that it never lists a file that is not there.
    with atomic_file(path) as file_of_map:
        file_of_map.write(json.dumps(table, indent=4).encode())


def _read_shards(model: Any, path: Path, skip_mismatch: bool) -> None:
    shards = [path.with_name(name) for name in _shards_of(path)]
    for shard in shards:
        if not shard.is_file():
            raise FileNotFoundError(
                f"'{path.name}' lists '{shard.name}', but there is no such file."
            )
    arrays: dict[str, Any] = {}
    with ExitStack() as stack:
        for shard in shards:
            file = stack.enter_context(shard.open("rb"))
            stored = stack.enter_context(opened(file, shard.name))
            arrays.update(checked_arrays(stored, shard.name))
        restore(model, StoredWeights(arrays, path.name), skip_mismatch=skip_mismatch)


def _shards_of(path: Path) -> list[str]:
    problem = f"'{path.name}' is not a list of weight files."
    if path.stat().st_size > _LONGEST_MAP:
        raise ValueError(problem)
    try:
        places = json.loads(path.read_bytes())["weight_map"].values()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as cause:
        raise ValueError(problem) from cause
    names: dict[str, None] = {}
    for place in places:
        for name in place if isinstance(place, list) else [place]:
            if not isinstance(name, str) or not name.endswith(".weights.h5"):
                raise ValueError(problem)
            if {"/", "\\", ":"} & set(name) or name.startswith("."):
                raise ValueError(f"'{path.name}' is refused: {name!r} is not a file beside it.")
            names[name] = None
    return list(names)
