"""The `.weights.h5` file of Keras 3: one HDF5 group `<object path>/vars` for each part of a model.

Beside what Keras keeps, the states of random generators are written under `_thalweg/seeds`, which
Keras passes over: a training run that goes on from the file draws the very same numbers.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import ml_dtypes
import numpy as np

from thalweg.layers.layer import Layer
from thalweg.layers.tracking import members
from thalweg.optimizers.optimizer import Optimizer
from thalweg.random import SeedGenerator
from thalweg.saving.h5_safety import checked_arrays, opened
from thalweg.saving.object_paths import walk
from thalweg.tensor.context import outside_trace
from thalweg.tensor.dtypes import DTYPES
from thalweg.tensor.scope import StatelessScope

__all__ = ["StoredObject", "StoredWeights", "collect", "read_h5", "restore", "write_h5"]

_SEEDS = "_thalweg/seeds"
# The name of `layers` in files of Keras 2.13.
_OLD_LAYERS = "_layer_checkpoint_dependencies"


# --- writing --------------------------------------------------------------------------------------


class StoredObject:
    """The arrays of one part of a model.

    Attributes:
        group: the HDF5 group: `layers/dense/vars`.
        name: the object's name, kept as information.
        arrays: key -> array.
    """

    def __init__(self, group: str, name: str | None, arrays: dict[str, Any]) -> None:
        self.group = group
        self.name = name
        self.arrays = {key: _stored_form(value, group, key) for key, value in arrays.items()}


def _stored_form(value: Any, group: str, key: str) -> np.ndarray[Any, Any]:
    array = np.asarray(value)
    if not isinstance(key, str) or not key or "/" in key:
        raise ValueError(f"Cannot save '{group}': {key!r} is not a name for an array.")
    if array.dtype.name not in DTYPES:
        raise ValueError(
            f"Cannot save '{group}/{key}': it holds a {type(value).__name__}, not numbers."
        )
    return array


def collect(model: Any) -> list[StoredObject]:
    """What a model keeps in a file, in the order of its parts."""
    found = []
    seeds = []
    for path, thing in walk(model):
        save = getattr(thing, "save_own_variables", None)
        if save is not None:
            store: dict[str, Any] = {}
            save(store)
            name = getattr(thing, "name", None)
            found.append(StoredObject(f"{path}/vars" if path else "vars", name, store))
        states = {str(i): g.state.numpy() for i, g in enumerate(_generators(thing))}
        if states:
            seeds.append(StoredObject(f"{_SEEDS}/{path}" if path else _SEEDS, None, states))
    return found + seeds


def _generators(thing: Any) -> list[SeedGenerator]:
    return list(members(thing, SeedGenerator)) if isinstance(thing, Layer) else []


def write_h5(objects: Sequence[StoredObject], file: BinaryIO | Any) -> None:
    """Write an HDF5 file as Keras 3 does: contiguous arrays, no filters."""
    import h5py

    with h5py.File(file, "w") as target:
        for thing in objects:
            group = target.create_group(thing.group)
            if isinstance(thing.name, str):
                group.attrs["name"] = thing.name
            for key, array in thing.arrays.items():
                if array.dtype == ml_dtypes.bfloat16:
                    group.create_dataset(key, data=array.view("V2")).attrs["dtype"] = "bfloat16"
                else:
                    group.create_dataset(key, data=array)


# --- reading --------------------------------------------------------------------------------------


class StoredGroup(Mapping[str, Any]):
    """The arrays of one group: read when they are asked for, their shapes known before."""

    def __init__(self, arrays: dict[str, Any]) -> None:
        self._arrays = arrays

    def shape(self, key: str) -> tuple[int, ...]:
        """The shape of an array, without its values."""
        return tuple(self._arrays[key].shape)

    def __getitem__(self, key: str) -> np.ndarray[Any, Any]:
        array = np.asarray(self._arrays[key][()])
        if array.dtype.str == "|V2":
            return array.view(ml_dtypes.bfloat16)
        return array.astype(array.dtype.newbyteorder("="), copy=False)

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


class StoredWeights:
    """The arrays of a file, or of several that belong together, by group.

    Args:
        arrays: path -> array, as `checked_arrays` gives them.
        origin: the file's name, for messages.
    """

    def __init__(self, arrays: Mapping[str, Any], origin: str) -> None:
        self.origin = origin
        self.groups: dict[str, dict[str, Any]] = {}
        old = any(path.startswith(_OLD_LAYERS) for path in arrays)
        for path, array in arrays.items():
            group, _, key = path.rpartition("/")
            if old:
                group = group.replace(_OLD_LAYERS, "layers")
            self.groups.setdefault(group, {})[key] = array

    def of(self, path: str) -> StoredGroup:
        """What is kept for the object at a path."""
        return StoredGroup(self.groups.get(f"{path}/vars" if path else "vars", {}))

    def seeds_of(self, path: str) -> StoredGroup:
        """The states of the random generators of the object at a path."""
        return StoredGroup(self.groups.get(f"{_SEEDS}/{path}" if path else _SEEDS, {}))

    def paths(self) -> set[str]:
        """The paths of all objects of which something is kept."""
        groups = [g for g in self.groups if g == "vars" or g.endswith("/vars")]
        return {g.removesuffix("vars").removesuffix("/") for g in groups if self.groups[g]}


def read_h5(model: Any, file: BinaryIO, origin: str, *, skip_mismatch: bool = False) -> None:
    """Give a model the weights of an HDF5 file; see `restore`."""
    with opened(file, origin) as stored:
        weights = StoredWeights(checked_arrays(stored, origin), origin)
        restore(model, weights, skip_mismatch=skip_mismatch)


def restore(model: Any, weights: StoredWeights, *, skip_mismatch: bool = False) -> None:
    """Give a model the stored weights: all of them, or none and a `ValueError`.

    Args:
        model: a model with all its variables.
        weights: what a file holds.
        skip_mismatch: parts that do not fit keep their values, and one warning lists them.
    """
    # What is assigned stays in the scope until all of it is known to fit.
    with StatelessScope() as staged:
        problems = _assign_all(model, weights)
    if problems:
        what = f"'{weights.origin}' does not fit model '{model.name}': {'; '.join(problems)}"
        if not skip_mismatch:
            raise ValueError(f"{what}; no weight was changed.")
        warnings.warn(f"{what}; these parts keep their weights.", stacklevel=4)
    for variable, value in staged.items():
        variable.assign(value)


def _assign_all(model: Any, weights: StoredWeights) -> list[str]:
    """Assign what fits; returns a clause for each part that does not."""
    problems = []
    left = weights.paths()
    for path, thing in walk(model):
        left.discard(path)
        store = weights.of(path)
        load = getattr(thing, "load_own_variables", None)
        if load is None or (isinstance(thing, Optimizer) and not _ready(thing, model, store)):
            continue
        try:
            with StatelessScope() as part:
                load(store)
        except (ValueError, TypeError, KeyError) as problem:
            problems.append(f"{path or 'the model itself'}: {_clause(problem)}")
            continue
        for variable, value in part.items():
            variable.assign(value)
        _assign_seeds(thing, weights.seeds_of(path))
    # An optimizer that this model does not have is no mistake.
    left = {path for path in left if path.split("/")[0] != "optimizer"}
    if left:
        problems.append(f"the model has no place for {', '.join(sorted(left))}")
    return problems


def _clause(problem: Exception) -> str:
    text = str(problem.args[0]) if problem.args else type(problem).__name__
    return text.rstrip(".")


def _ready(optimizer: Optimizer, model: Any, store: StoredGroup) -> bool:
    """Whether there is state for an optimizer; one that has not begun is built to take it."""
    if not optimizer.built and len(store) > len(optimizer.variables):
        with outside_trace():
            optimizer.build(model.trainable_variables)
    return len(store) > 0


def _assign_seeds(thing: Any, store: StoredGroup) -> None:
    for i, generator in enumerate(_generators(thing)):
        key = str(i)
        if key in store and store.shape(key) == generator.state.shape:
            generator.state.assign(store[key])
