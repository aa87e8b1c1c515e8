"""What the functions of control flow check and share, in eager code and in a trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg.ops.arguments import cast_to
from thalweg.ops.nested import Form, form_of, leaves_of
from thalweg.ops.shaping import reshape
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import bool_
from thalweg.tensor.tensor import Tensor

__all__ = ["checked", "holds", "known", "one_bool", "step_count"]


def known(x: Tensor) -> bool:
    """Whether the tensor has values now: always in eager code, in a trace if it is a constant."""
    return type(x) is Tensor


def one_bool(name: str, argument: str, x: Any) -> Tensor:
    """One bool, from a bool or a number (0 is False)."""
    tensor = convert_to_tensor(x)
    if tensor.size != 1:
        raise ValueError(f"{name}: {argument} must be one bool, got shape {tensor.shape}.")
    return reshape(cast_to(tensor, bool_), ())


def holds(x: Tensor) -> bool:
    """The truth of a tensor with values; no tape needs to hear of it."""
    return bool(x._value)


def _check_kept(name: str, what: str, before: Sequence[Tensor], after: Sequence[Tensor]) -> None:
    for i, (a, b) in enumerate(zip(before, after, strict=True)):
        if a.shape != b.shape or a.dtype != b.dtype:
            raise ValueError(
                f"{name}: {what} {i} must keep its shape and dtype, it was {a.shape} of "
                f"{a.dtype.name} and the body returns {b.shape} of {b.dtype.name}."
            )


def checked(name: str, what: str, form: Form, before: Sequence[Tensor], new: Any) -> list[Tensor]:
    """The leaves of what a body returned, if they fit what it was given."""
    found = leaves_of(new)
    if form_of(new) != form:
        raise ValueError(
            f"{name}: the body must return the {what}s in the structure in which it gets them, "
            f"{form}, got {form_of(new)}."
        )
    _check_kept(name, what, before, found)
    return found


def step_count(name: str, sequences: Sequence[Tensor], length: int | None) -> int:
    """The one length of the first axes."""
    lengths = {x.shape[0] if x.shape else None for x in sequences}
    if length is not None:
        lengths.add(int(length))
    if len(lengths) != 1 or None in lengths:
        raise ValueError(
            f"{name}: the sequences need a first axis of one length (and length, if given, must "
            f"equal it), got shapes {[x.shape for x in sequences]} and length {length}."
        )
    found = lengths.pop()
    assert found is not None
    return found
