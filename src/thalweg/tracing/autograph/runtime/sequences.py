"""What loops on tensors run over: tensors, and range, enumerate, zip, map, reversed of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from thalweg import ops
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import is_integer, result_type
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable
from thalweg.tracing.autograph.errors import AutoGraphError
from thalweg.tracing.autograph.runtime.rows import stacked_rows
from thalweg.tracing.autograph.runtime.session import is_symbolic, tracing

__all__ = [
    "Enumerate",
    "Map",
    "Range",
    "Reversed",
    "Rows",
    "Sequence",
    "Zip",
    "as_sequence",
    "beside",
]


class Sequence:
    """Elements that are tensors, of which one is looked at in each round of a loop.

    Attributes:
        length: how many there are: a number, or a tensor.
    """

    length: Any

    def leaves(self) -> list[Tensor]:
        """For a known length: tensors whose rows make up the elements."""
        raise NotImplementedError

    def built(self, rows: Iterator[Tensor]) -> Any:
        """The element that is made up of these rows."""
        raise NotImplementedError

    def at(self, index: Any) -> Any:
        """The element at a place known when the graph runs."""
        raise NotImplementedError

    @property
    def known(self) -> bool:
        """Whether the length is known while tracing."""
        return isinstance(self.length, int)

    def __iter__(self) -> Iterator[Any]:
        if not self.known:
            raise AutoGraphError(
                "A range whose length depends on a tensor can be looped over only by a `for` "
                "statement or comprehension of the traced function itself."
            )
        leaves = self.leaves()
        return (self.built(iter([xs[i] for xs in leaves])) for i in range(self.length))

    def __len__(self) -> int:
        if not self.known:
            raise AutoGraphError("The length of a range depends on a tensor here.")
        return int(self.length)


class Rows(Sequence):
    """The rows of a tensor."""

    def __init__(self, tensor: Tensor) -> None:
        if not tensor.shape:
            raise TypeError("A tensor without axes (shape ()) cannot be iterated.")
        self.tensor = tensor
        self.length = tensor.shape[0]

    def leaves(self) -> list[Tensor]:
        return [self.tensor]

    def built(self, rows: Iterator[Tensor]) -> Any:
        return next(rows)

    def at(self, index: Any) -> Any:
        return self.tensor[index]


class Range(Sequence):
    """`range` with tensors among its arguments."""

    def __init__(self, *args: Any) -> None:
        for x in args:
            if is_symbolic(x) and (x.shape != () or not is_integer(x.dtype)):
                raise TypeError(
                    f"range: expected integers, got a {x.dtype.name} tensor of shape {x.shape}."
                )
        start, stop, step = {1: (0, args[0], 1), 2: (*args[:2], 1)}.get(len(args), args)
        self.dtype = result_type(*(x.dtype if is_symbolic(x) else x for x in args))
        self.start, self.step = start, step
        if isinstance(step, int) and step in (1, -1):
            count = (stop - start) * step
        else:
            # Rounded up, for steps of either sign.
            count = -((start - stop) // step)
        self.length = ops.cast(ops.maximum(count, 0), "int32")

    def leaves(self) -> list[Tensor]:
        raise AutoGraphError("The length of a range depends on a tensor here.")

    def at(self, index: Any) -> Any:
        return ops.cast(index, self.dtype) * self.step + self.start


class Enumerate(Sequence):
    """`enumerate` of a sequence."""

    def __init__(self, inner: Sequence, start: Any) -> None:
        self.inner = inner
        self.start = start
        self.length = inner.length

    def leaves(self) -> list[Tensor]:
        return [ops.arange(self.length, dtype="int32") + self.start, *self.inner.leaves()]

    def built(self, rows: Iterator[Tensor]) -> Any:
        return next(rows), self.inner.built(rows)

    def at(self, index: Any) -> Any:
        return index + self.start, self.inner.at(index)


class Zip(Sequence):
    """`zip` of sequences."""

    def __init__(self, parts: list[Sequence]) -> None:
        self.parts = parts
        lengths = [part.length for part in parts]
        if all(part.known for part in parts):
            self.length = min(lengths)
        else:
            self.length = ops.min(ops.stack([ops.cast(n, "int32") for n in lengths]))

    def leaves(self) -> list[Tensor]:
        return [xs[: self.length] for part in self.parts for xs in part.leaves()]

    def built(self, rows: Iterator[Tensor]) -> Any:
        return tuple([part.built(rows) for part in self.parts])

    def at(self, index: Any) -> Any:
        return tuple([part.at(index) for part in self.parts])


class Map(Sequence):
    """`map` over sequences."""

    def __init__(self, function: Callable[..., Any], inner: Zip) -> None:
        self.function = function
        self.inner = inner
        self.length = inner.length

    def leaves(self) -> list[Tensor]:
        return self.inner.leaves()

    def built(self, rows: Iterator[Tensor]) -> Any:
        return self.function(*self.inner.built(rows))

    def at(self, index: Any) -> Any:
        return self.function(*self.inner.at(index))


class Reversed(Sequence):
    """`reversed` of a sequence."""

    def __init__(self, inner: Sequence) -> None:
        self.inner = inner
        self.length = inner.length

    def leaves(self) -> list[Tensor]:
        return [ops.flip(xs, axis=0) for xs in self.inner.leaves()]

    def built(self, rows: Iterator[Tensor]) -> Any:
        return self.inner.built(rows)

    def at(self, index: Any) -> Any:
        return self.inner.at(self.length - 1 - index)


def as_sequence(x: Any) -> Sequence | None:
    """A sequence, if a loop over `x` is one on tensors."""
    if isinstance(x, Sequence):
        return x
    if not tracing():
        return None
    if isinstance(x, Variable):
        x = x.value
    if isinstance(x, Tensor):
        return Rows(x)
    stacked = stacked_rows(x)
    return None if stacked is None else Rows(stacked)


def beside(x: Any) -> Sequence | None:
    """A sequence for what stands beside one in `zip`: numbers and ranges too."""
    found = as_sequence(x)
    if found is not None:
        return found
    if isinstance(x, range):
        return Rows(convert_to_tensor(np.arange(x.start, x.stop, x.step, dtype=np.int32)))
    if isinstance(x, np.ndarray) and x.ndim:
        return Rows(convert_to_tensor(x))
    if isinstance(x, (list, tuple)) and x and all(type(i) is type(x[0]) for i in x):
        if isinstance(x[0], (bool, int, float)):
            return Rows(convert_to_tensor(x))
        if isinstance(x[0], Tensor) and all(
            i.shape == x[0].shape and i.dtype == x[0].dtype for i in x
        ):
            return Rows(ops.stack(x))
    return None
