"""What an HDF5 file from outside may hold: plain groups, and arrays of numbers stored in it.

The format can also point into other files (links, external and virtual data), name filters that
load code, and declare arrays of any size that take no room in the file. All of that is refused
before a value is read.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from thalweg.tensor.dtypes import DTYPES

__all__ = ["checked_arrays", "opened"]

_MOST_OBJECTS = 1_000_000
_MOST_LEVELS = 64
# HDF5's numbers of the filters that every library has: deflate and shuffle.
_FILTERS = {1, 2}
# Deflate makes at most about 1030 bytes of one.
_MOST_EXPANSION = 1100
_SMALL = 1 << 26


@contextmanager
def opened(file: BinaryIO, origin: str) -> Iterator[Any]:
    """An HDF5 file for reading; all that is wrong with it becomes a `ValueError`.

    Args:
        file: an open file.
        origin: its name, for messages.
    """
    import h5py

    try:
        stored = h5py.File(file, "r")
    except (OSError, RuntimeError, ValueError) as problem:
        raise ValueError(
            f"'{origin}' is not an HDF5 file, or it is damaged or cut off."
        ) from problem
    try:
        yield stored
    except (OSError, RuntimeError, KeyError, TypeError) as problem:
        # This is how h5py reports data that it cannot read.
        raise ValueError(f"'{origin}' is damaged: {_first_line(problem)}.") from problem
    finally:
        stored.close()


def _first_line(problem: BaseException) -> str:
    text = str(problem.args[0] if problem.args else problem)
    return text.strip().splitlines()[0].rstrip(".") if text.strip() else type(problem).__name__


def checked_arrays(stored: Any, origin: str) -> dict[str, Any]:
    """All arrays of the file by their path (`layers/dense/vars/0`), none of them read yet.

    Args:
        stored: the open `h5py.File`.
        origin: its name, for messages.
    """
    import h5py

    found: dict[str, Any] = {}
    pending: list[tuple[str, Any]] = [("", stored)]
    objects = 0
    while pending:
        path, group = pending.pop()
        if path.count("/") >= _MOST_LEVELS:
            raise ValueError(f"'{origin}' is refused: its groups are nested too deep.")
        for name in group:
            objects += 1
            if objects > _MOST_OBJECTS:
                raise ValueError(f"'{origin}' is refused: it holds too many objects.")
            place = f"{path}/{name}" if path else name
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                kind = {h5py.SoftLink: "a soft", h5py.ExternalLink: "an external"}.get(
                    type(link), "an unknown kind of"
                )
                raise ValueError(f"'{origin}' is refused: '{place}' is {kind} link.")
            child = group[name]
            if isinstance(child, h5py.Group):
                pending.append((place, child))
            elif isinstance(child, h5py.Dataset):
                _check_array(child, place, origin)
                found[place] = child
            else:
                raise ValueError(f"'{origin}' is refused: '{place}' is not an array or a group.")
    return found


def _check_array(array: Any, place: str, origin: str) -> None:
    def refuse(reason: str) -> ValueError:
        return ValueError(f"'{origin}' is refused: '{place}' {reason}.")

    if array.external:
        raise refuse("keeps its data in another file")
    if array.is_virtual:
        raise refuse("is a view of data in other files")
    plan = array.id.get_create_plist()
    filters = [plan.get_filter(i)[0] for i in range(plan.get_nfilters())]
    for number in filters:
        if number not in _FILTERS:
            raise refuse(f"is packed with HDF5 filter {number}, only gzip and shuffle are read")
    try:
        dtype = array.dtype
    except (TypeError, ValueError):
        raise refuse("holds values of a type that is not known") from None
    if not (_is_bfloat16(array) or dtype.name in DTYPES):
        raise refuse(f"holds values of type {dtype}, which are not numbers")
    if array.shape is None:
        raise refuse("has no shape")
    declared = math.prod(array.shape) * dtype.itemsize
    stored = array.id.get_storage_size()
    most = max(_SMALL, _MOST_EXPANSION * stored) if filters else stored
    if declared > most:
        raise refuse(f"declares {declared} bytes, but {stored} are stored")


def _is_bfloat16(array: Any) -> bool:
    """HDF5 has no such type: it is kept as two opaque bytes and an attribute."""
    return array.dtype.str == "|V2" and array.attrs.get("dtype") == "bfloat16"
