"""Parameters as plain values that JSON can hold, and back: to keep them, and to compare them.

What is not data (a stream that is printed to, an exception) has no plain form.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.compiler.dims import Dim
from thalweg.tensor.dtypes import as_dtype

__all__ = ["NotPlainError", "decode", "encode"]

# Types that JSON tells apart and gives back as they were (floats are written with all digits).
_SIMPLE = frozenset({bool, int, float, str, type(None)})


class NotPlainError(Exception):
    """A value has no plain form."""


def encode(value: Any) -> Any:
    """A value as numbers, strings, lists and dicts; lists of which the first element is a mark.

    Raises:
        NotPlainError: if it is none of: number, string, None, Dim, dtype, NumPy number; tuples,
            lists and dicts of such values.
    """
    kind = type(value)
    if kind in _SIMPLE:
        return value
    if kind is tuple:
        return ["tuple", *map(encode, value)]
    if kind is list:
        return ["list", *map(encode, value)]
    if kind is Dim:
        return ["dim", value.scale, value.offset]
    if kind is dict:
        return ["dict", *([encode(k), encode(v)] for k, v in value.items())]
    if isinstance(value, np.dtype):
        return ["dtype", value.name]
    if isinstance(value, np.generic):
        return ["number", value.dtype.name, value.tobytes().hex()]
    raise NotPlainError(f"a {kind.__name__}")


def decode(plain: Any) -> Any:
    """The value of which this is the plain form."""
    if type(plain) is not list:
        return plain
    kind, *rest = plain
    if kind == "tuple":
        return tuple(map(decode, rest))
    if kind == "list":
        return list(map(decode, rest))
    if kind == "dim":
        return Dim(*rest)
    if kind == "dict":
        return {decode(k): decode(v) for k, v in rest}
    if kind == "dtype":
        return as_dtype(rest[0])
    if kind == "number":
        return np.frombuffer(bytes.fromhex(rest[1]), as_dtype(rest[0]))[0]
    raise ValueError(f"decode: there is no plain form marked {kind!r}.")
