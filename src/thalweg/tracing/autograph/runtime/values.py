"""What kinds of values there are, in what dtype two of them meet, and how they are named."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg import config
from thalweg.ops.arguments import cast_to, splat
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import DTYPES, DType, result_type
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable
from thalweg.tracing.autograph.runtime.state import Maybe, Undefined

__all__ = [
    "as_tensor",
    "children",
    "described",
    "dtype_of",
    "is_container",
    "is_number",
    "is_tensor_like",
    "meeting",
    "rebuilt",
    "same_form",
    "same_value",
    "shape_of",
]


def is_number(x: Any) -> bool:
    """Whether it is a Python number, which takes on the dtype of the tensors it meets."""
    return isinstance(x, (bool, int, float, complex)) and not isinstance(x, np.generic)


def is_tensor_like(x: Any) -> bool:
    """Whether it can become a tensor: a tensor, variable, array or number."""
    if isinstance(x, (np.ndarray, np.generic)):
        return x.dtype.name in DTYPES
    return isinstance(x, (Tensor, Variable)) or is_number(x)


def is_container(x: Any) -> bool:
    """Whether its elements are looked at one by one."""
    return type(x) in (list, dict, tuple) or (isinstance(x, tuple) and hasattr(x, "_fields"))


def children(x: Any) -> list[Any]:
    """The elements of a container, in order."""
    return list(x.values()) if isinstance(x, dict) else list(x)


def rebuilt(x: Any, elements: list[Any]) -> Any:
    """A container like `x` with other elements."""
    if isinstance(x, dict):
        return dict(zip(x, elements, strict=True))
    if hasattr(x, "_fields"):
        return type(x)(*elements)
    return type(x)(elements)


def same_form(a: Any, b: Any) -> bool:
    """Whether two containers have elements in the same places."""
    if type(a) is not type(b) or len(a) != len(b):
        return False
    return list(a) == list(b) if isinstance(a, dict) else True


def same_value(a: Any, b: Any) -> bool:
    """Whether two values that are no tensors are one and the same for what follows."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return repr(a) == repr(b)
    if isinstance(a, (bool, int, complex, str, bytes, range, slice)):
        return bool(a == b)
    if isinstance(a, (frozenset, set)):
        return bool(a == b)
    if isinstance(a, np.dtype):
        return bool(a == b)
    if is_container(a):
        return same_form(a, b) and all(
            same_value(x, y) for x, y in zip(children(a), children(b), strict=True)
        )
    return False


def dtype_of(x: Any) -> DType:
    """The dtype that a value has as a tensor of its own."""
    if isinstance(x, bool):
        return DTYPES["bool"]
    if isinstance(x, int) and not isinstance(x, np.generic):
        return convert_to_tensor(x).dtype
    if is_number(x):
        return DTYPES[config.floatx()] if isinstance(x, float) else DTYPES["complex64"]
    found: DType = x.dtype
    return found


def shape_of(x: Any) -> tuple[int, ...]:
    """The shape of a value as a tensor."""
    return () if is_number(x) else tuple(x.shape)


def meeting(a: Any, b: Any) -> DType:
    """The dtype in which two values meet; Python numbers give way."""
    if is_number(a) and is_number(b):
        return result_type(dtype_of(a), dtype_of(b))
    return result_type(a if is_number(a) else a.dtype, b if is_number(b) else b.dtype)


def as_tensor(x: Any, dtype: DType) -> Tensor:
    """A tensor of this dtype."""
    if is_number(x):
        return splat(x, (), dtype)
    return cast_to(convert_to_tensor(x), dtype)


def described(x: Any) -> str:
    """A value in a few words, for messages."""
    if isinstance(x, (Tensor, Variable)):
        return f"a {x.dtype.name} tensor of shape {x.shape}"
    if x is None or is_number(x) or isinstance(x, str):
        return repr(x)
    if isinstance(x, (list, tuple)):
        return f"a {type(x).__name__} of {len(x)}"
    if isinstance(x, dict):
        return f"a dict with the keys {', '.join(map(repr, x))}"
    if isinstance(x, (Undefined, Maybe)):
        return "no value"
    return f"a {type(x).__name__}"
