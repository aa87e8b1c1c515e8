"""The weights of an export: safetensors files, in shards, in full or reduced precision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["DTYPES", "contents", "files", "quantized", "shards"]

Array = np.ndarray[Any, Any]

DTYPES = ("float32", "float16", "int8")

_METADATA = {"format": "thalweg-web"}

# What the scales of an 8-bit tensor are called: its own name, and this.
_SCALE = ".scale"


def quantized(values: Array) -> tuple[Array, Array]:
    """Weights as 8-bit integers and a scale for each channel, the last axis.

    A weight is `integer * scale`, with the scale such that the largest weight of a channel in
    absolute value is 127.

    >>> import numpy as np
    >>> whole, scale = quantized(np.array([[1.0, -4.0], [0.5, 2.0]], np.float32))
    >>> whole
    array([[ 127, -127],
           [  64,   64]], dtype=int8)
    >>> (whole * scale)[0]
    array([ 1., -4.], dtype=float32)
    """
    most = np.abs(values).max(axis=tuple(range(values.ndim - 1)), initial=0)
    # A scale of 0, of a channel of zeros or of numbers next to it, would divide by 0.
    scale = np.maximum(most / np.float32(127), np.finfo(np.float32).tiny).astype(np.float32)
    return np.rint(values / scale).astype(np.int8), scale


def contents(named: Mapping[str, tuple[Array, bool]], dtype: str) -> dict[str, Array]:
    """The tensors of the files.

    Args:
        named: arrays, and whether they may lose precision, by name.
        dtype: `'float32'` (as they are), `'float16'` or `'int8'`.
    """
    found: dict[str, Array] = {}
    for name, (values, reducible) in named.items():
        reduces = reducible and values.dtype == np.float32
        if reduces and dtype == "float16":
            found[name] = _half(name, values)
        elif reduces and dtype == "int8" and values.ndim > 1:
            found[name], found[name + _SCALE] = quantized(values)
        else:
            found[name] = values
    return found


def _half(name: str, values: Array) -> Array:
    with np.errstate(over="ignore"):
        half = values.astype(np.float16)
    if np.isinf(half).any() and not np.isinf(values).any():
        raise ValueError(
            f"Weight '{name}' holds {np.abs(values).max():.6g}, which float16 cannot: export it "
            "with dtype='float32'."
        )
    return half


def shards(tensors: Mapping[str, Array], most: int) -> list[dict[str, Array]]:
    """Divide tensors among files of at most so many bytes (a larger tensor gets its own)."""
    found: list[dict[str, Array]] = [{}]
    size = 0
    for name, values in tensors.items():
        if found[-1] and size + values.nbytes > most:
            found.append({})
            size = 0
        found[-1][name] = values
        size += values.nbytes
    return found


def files(tensors: Mapping[str, Array], most: int) -> dict[str, bytes]:
    """The contents of the files, by name.

    Args:
        tensors: what they hold.
        most: how many bytes a file may have, about.
    """
    from safetensors.numpy import save

    parts = shards(tensors, most)
    if len(parts) == 1:
        names = ["weights.safetensors"]
    else:
        digits = len(str(len(parts)))
        names = [
            f"weights-{number:0{digits}}-of-{len(parts)}.safetensors"
            for number in range(1, len(parts) + 1)
        ]
    return {
        name: save({key: np.asarray(x, order="C") for key, x in part.items()}, _METADATA)
        for name, part in zip(names, parts, strict=True)
    }
