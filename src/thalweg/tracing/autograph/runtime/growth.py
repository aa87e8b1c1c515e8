"""A list to which a loop on tensors appends: what one round appends becomes rows of a tensor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

from thalweg.tensor.tensor import Tensor
from thalweg.tracing.autograph.errors import AutoGraphError
from thalweg.tracing.autograph.runtime.rows import rows_of
from thalweg.tracing.autograph.runtime.values import (
    as_tensor,
    children,
    dtype_of,
    is_container,
    is_tensor_like,
    rebuilt,
)

__all__ = ["Growth"]


class _Hidden:
    """Stands for the elements of a list while the body that appends to it is traced."""

    def _unknown(self, *_: Any, **__: Any) -> NoReturn:
        raise AutoGraphError(
            "An element of a list is read in the loop on tensors that appends to it, where it is "
            "not known yet; keep what the next round needs in a variable of its own."
        )

    __getattr__ = __getitem__ = __iter__ = __len__ = __bool__ = __call__ = _unknown
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = _unknown
    __rtruediv__ = __matmul__ = __rmatmul__ = __neg__ = __abs__ = __pow__ = __rpow__ = _unknown
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _unknown
    __hash__ = _unknown


class Growth:
    """One list.

    Args:
        container: the list, which the loop only appends to.
    """

    def __init__(self, container: list[Any]) -> None:
        self.container = container
        self.new: list[Any] = []

    def before(self) -> None:
        """Called before the body is traced."""
        self.start = list(self.container)
        self.container[:] = [_Hidden() for _ in self.start]
        self.hidden = list(self.container)

    def after(self) -> None:
        """Called after it: what was appended."""
        held = self.container[: len(self.hidden)]
        kept = len(held) == len(self.hidden) and all(
            a is b for a, b in zip(held, self.hidden, strict=True)
        )
        if not kept:
            raise AutoGraphError(
                "A list is appended to and changed otherwise in one loop on tensors; a loop can "
                "only append to it, or only set its elements."
            )
        self.new = self.container[len(self.hidden) :]

    def nothing(self) -> None:
        """Called if the body always ends by raising."""
        self.new = []

    def restore(self) -> None:
        """Put the elements from before the loop back."""
        self.container[:] = self.start

    def outputs(self) -> list[Tensor]:
        """The tensors that one round appends, with the body's graph open."""
        found: list[Tensor] = []
        self.forms = [_with_places(x, found) for x in self.new]
        return found

    def finish(self, stacked: Iterator[Tensor]) -> None:
        """Append what all rounds gave."""
        rows = [_with_rows(form, stacked) for form in self.forms]
        count = max((_rounds(x) for x in rows), default=0)
        for i in range(count):
            self.container.extend(_at(x, i) for x in rows)


class _Rows(list[Any]):
    """All rounds' values of one tensor that is appended."""


class _Here:
    """The place of a tensor in an appended value."""


_HERE = _Here()


def _with_places(x: Any, found: list[Tensor]) -> Any:
    if is_container(x):
        return rebuilt(x, [_with_places(item, found) for item in children(x)])
    if not is_tensor_like(x):
        raise AutoGraphError(
            f"A {type(x).__name__} is appended to a list in a loop on tensors, which can hold only "
            "tensors and numbers; append the numbers that it is made of."
        )
    found.append(as_tensor(x, dtype_of(x)))
    return _HERE


def _with_rows(form: Any, stacked: Iterator[Tensor]) -> Any:
    if form is _HERE:
        return _Rows(rows_of(next(stacked)))
    return rebuilt(form, [_with_rows(item, stacked) for item in children(form)])


def _rounds(x: Any) -> int:
    return len(x) if isinstance(x, _Rows) else max(map(_rounds, children(x)), default=0)


def _at(x: Any, i: int) -> Any:
    if isinstance(x, _Rows):
        return x[i]
    return rebuilt(x, [_at(item, i) for item in children(x)])
