"""Statements that change objects: attributes, elements, enclosing and global variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thalweg import ops
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import bool_
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.tree import flatten
from thalweg.tracing.autograph.errors import AutoGraphError
from thalweg.tracing.autograph.runtime.places import Attribute, Cell, Contents, Global, writing
from thalweg.tracing.autograph.runtime.session import SESSION, is_symbolic, tracing, user_line
from thalweg.tracing.autograph.runtime.warning import once

__all__ = [
    "changing",
    "foreign",
    "get_item",
    "set_attribute",
    "set_item",
    "writing_global",
    "writing_outer",
]

_CONTAINERS = (list, dict, set)
_INSTEAD = "; keep what changes from call to call in a Variable"


def foreign(owner: Any) -> bool:
    """Whether an object was there before the traced call, as far as one can tell."""
    return tracing() and id(owner) not in SESSION.born


def set_attribute(value: Any, owner: Any, name: str, outside: bool = False) -> None:
    """`owner.name = value`."""
    if outside and foreign(owner):
        once(f"attribute '{name}' of a {type(owner).__name__} is set", _INSTEAD)
    writing(lambda: Attribute(owner, name))
    setattr(owner, name, value)


def changing(container: Any, outside: bool = False) -> None:
    """Called before a container changes in place."""
    if isinstance(container, _CONTAINERS):
        if outside and foreign(container):
            once(f"a {type(container).__name__} from outside is changed", _INSTEAD)
        writing(lambda: Contents(container))


def writing_global(of: Callable[[], Any], name: str) -> None:
    """Called before a global variable is assigned.

    Args:
        of: a function with these globals.
        name: the variable.
    """
    if tracing():
        once(f"global variable '{name}' is assigned", _INSTEAD)
    names = of.__globals__
    writing(lambda: Global(names, name))


def writing_outer(read: Callable[[], Any], name: str, outside: bool = False) -> None:
    """Called before a variable of an enclosing function is assigned.

    Args:
        read: a function with the variable as its only free one.
        name: the variable.
        outside: whether it belongs to a function that is not converted with this one.
    """
    (cell,) = read.__closure__ or ()
    if outside and tracing():
        once(f"nonlocal variable '{name}' is assigned", _INSTEAD)
    writing(lambda: Cell(cell, name))


def get_item(owner: Any, key: Any) -> Any:
    """`owner[key]`: also of a list of tensors at a place that the graph computes."""
    if isinstance(owner, (list, tuple)) and is_symbolic(key) and owner:
        return ops.stack([convert_to_tensor(x) for x in owner])[key]
    return owner[key]


def set_item(value: Any, owner: Any, key: Any, outside: bool = False, rebinds: bool = True) -> Any:
    """What `owner` is after `owner[key] = value`: a new tensor, or the same object, changed.

    Args:
        value: the new value.
        owner: what is indexed.
        key: the index.
        outside: whether it comes from outside of the traced function.
        rebinds: whether the result takes the place of `owner`.
    """
    if isinstance(owner, Tensor) and tracing():
        if not rebinds:
            filename, line = user_line()
            raise AutoGraphError(
                f"{filename}:{line}: elements of a tensor are set by making a new tensor, which "
                "needs a variable of this function to hold it; assign it to a local variable first."
            )
        return _updated(owner, key, value)
    if isinstance(owner, list) and is_symbolic(key):
        changing(owner, outside)
        for i, x in enumerate(owner):
            here = ops.logical_or(key == i, key == i - len(owner))
            owner[i] = ops.where(here, value, x)
        return owner
    changing(owner, outside)
    owner[key] = value
    return owner


def _updated(x: Tensor, key: Any, value: Any) -> Tensor:
    """The tensor with some elements replaced, for any index that NumPy knows."""
    keys = key if isinstance(key, tuple) else (key,)
    if len(keys) == 1 and isinstance(keys[0], Tensor) and keys[0].dtype == bool_:
        mask = keys[0]
        if is_symbolic(mask) or mask.shape == x.shape:
            wide = ops.reshape(mask, (*mask.shape, *(1,) * (x.ndim - mask.ndim)))
            return ops.where(wide, ops.cast(value, x.dtype), x)
    if not x.shape and any(k is not Ellipsis for k in flatten(keys)):
        raise IndexError(f"Too many indices: {len(keys)} for a tensor of shape () with 0 axes.")
    places = ops.reshape(ops.arange(x.size, dtype="int32"), x.shape)[key]
    new = ops.broadcast_to(ops.cast(value, x.dtype), places.shape)
    flat = ops.scatter_update(
        ops.reshape(x, (x.size,)), ops.reshape(places, (-1, 1)), ops.reshape(new, (-1,))
    )
    return ops.reshape(flat, x.shape)
