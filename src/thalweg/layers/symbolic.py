"""Symbolic tensors of functional models, and the steps that connect them.

A `KerasTensor` has a shape in which lengths may be unknown (None), a dtype, and a history: the node
that made it. A node is one call of a layer, or of an operation of `thalweg.ops`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from thalweg.naming import auto_name
from thalweg.primitives.graph import trace
from thalweg.tensor.context import CONTEXT
from thalweg.tensor.dtypes import DType, as_dtype
from thalweg.tensor.operators import Operators
from thalweg.tensor.scope import StatelessScope
from thalweg.tensor.tensor import Tensor, TensorSpec
from thalweg.tensor.tree import flatten, is_nested, map_structure, pack

__all__ = ["KerasTensor", "Node", "OperationStep", "infer", "known_shape"]

Shape = tuple[int | None, ...]


class KerasTensor(Operators):
    """A place in a functional model: shape (with None where unknown), dtype, and history.

    Python's operators and every function of `thalweg.ops` work on it and become steps of the model.
    """

    __slots__ = ("_keras_history", "_keras_mask", "dtype", "name", "shape")

    def __init__(self, shape: Any, dtype: Any = "float32", name: str | None = None) -> None:
        self.shape: Shape = tuple(shape)  # type: ignore[assignment]
        self.dtype: DType = as_dtype(dtype)
        self.name = name or auto_name("keras_tensor")
        self._keras_history: tuple[Any, int, int] | None = None
        self._keras_mask: KerasTensor | None = None

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @staticmethod
    def __symbolic_call__(
        function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        return OperationStep(function)(*args, **kwargs)

    def __serialize__(self) -> dict[str, Any]:
        if self._keras_history is None:
            raise ValueError(f"The symbolic tensor '{self.name}' does not come from a layer.")
        operation, node, index = self._keras_history
        return {
            "class_name": "__keras_tensor__",
            "config": {
                "shape": list(self.shape),
                "dtype": self.dtype.name,
                "keras_history": [operation.name, node, index],
            },
        }

    def _no_values(self) -> NoReturn:
        raise TypeError(
            f"The symbolic tensor '{self.name}' (shape {self.shape}) has no values: it stands for "
            "the input of a model. Use layers or thalweg.ops on it, or call the model with data."
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        self._no_values()

    def __bool__(self) -> NoReturn:
        self._no_values()

    def __int__(self) -> NoReturn:
        self._no_values()

    def __float__(self) -> NoReturn:
        self._no_values()

    def __iter__(self) -> Iterator[Any]:
        if not self.shape or self.shape[0] is None:
            raise TypeError(
                f"The symbolic tensor '{self.name}' (shape {self.shape}) cannot be iterated: the "
                "length of its first axis is not known."
            )
        return (self[i] for i in range(self.shape[0]))

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape} dtype={self.dtype.name} name={self.name}>"


class Node:
    """One call: which operation, with which arguments, making which symbolic tensors."""

    def __init__(
        self,
        operation: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        outputs: Any,
    ) -> None:
        self.operation = operation
        self.args = args
        self.kwargs = kwargs
        self.outputs = outputs
        index = len(operation._inbound_nodes)
        operation._inbound_nodes.append(self)
        for i, y in enumerate(flatten(outputs)):
            y._keras_history = (operation, index, i)

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic tensors among the arguments."""
        return [x for x in flatten((self.args, self.kwargs)) if isinstance(x, KerasTensor)]


class OperationStep:
    """A call of a function of `thalweg.ops` as a step of a functional model."""

    def __init__(self, function: Callable[..., Any], name: str | None = None) -> None:
        self.function = function
        self.name = name or auto_name(function.__name__)
        self._inbound_nodes: list[Node] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        leaves = flatten((args, kwargs))
        if not any(isinstance(x, KerasTensor) for x in leaves):
            return self.function(*args, **kwargs)
        outputs = infer(self.function, args, kwargs)
        Node(self, args, kwargs, outputs)
        return outputs


# --- shapes without values ----------------------------------------------------------------------
# An operation's output shape is found by tracing it, which computes nothing. Unknown lengths get
# one number in a first run and another in a second: where the output differs, it is unknown too.

_PRIMES = (499, 503, 509, 521, 523, 541, 547, 557)


class _Unknown(threading.local):
    def __init__(self) -> None:
        self.length: int | None = None


_UNKNOWN = _Unknown()


def known_shape(shape: Any) -> Shape:
    """A shape as layers should see it: None where a run of `infer` put a number for it."""
    return tuple(None if n == _UNKNOWN.length else n for n in shape)


@contextmanager
def _without_values(length: int) -> Iterator[None]:
    """Assignments inside are forgotten; `length` stands for unknown lengths."""
    outer_length, _UNKNOWN.length = _UNKNOWN.length, length
    recorders, CONTEXT.recorders = CONTEXT.recorders, []
    try:
        with StatelessScope():
            yield
    finally:
        CONTEXT.recorders = recorders
        _UNKNOWN.length = outer_length


def _run(
    function: Callable[..., Any], args: Any, kwargs: Any, length: int
) -> tuple[Any, list[TensorSpec | None]]:
    leaves = flatten((args, kwargs))
    specs = [
        TensorSpec(tuple(length if n is None else n for n in x.shape), x.dtype)
        for x in leaves
        if isinstance(x, (KerasTensor, TensorSpec))
    ]
    structure: Any = None

    def traced(*tensors: Tensor) -> list[Tensor]:
        nonlocal structure
        rest = iter(tensors)
        filled = [next(rest) if isinstance(x, (KerasTensor, TensorSpec)) else x for x in leaves]
        given_args, given_kwargs = pack((args, kwargs), filled)
        structure = function(*given_args, **given_kwargs)
        return [y for y in flatten(structure) if isinstance(y, Tensor)]

    with _without_values(length):
        trace(traced, specs)
    found = [
        TensorSpec(y.shape, y.dtype) if isinstance(y, Tensor) else None for y in flatten(structure)
    ]
    return map_structure(lambda _: None, structure), found


def infer(function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """The outputs of a function of symbolic tensors, as KerasTensors.

    Args:
        function: any code on tensors; it is traced once or twice and computes nothing.
        args: arguments, with KerasTensors or TensorSpecs (None lengths allowed) for the tensors.
        kwargs: the same.
    """
    shapes = [x.shape for x in flatten((args, kwargs)) if isinstance(x, (KerasTensor, TensorSpec))]
    taken = {n for shape in shapes for n in shape}
    first, second = [p for p in _PRIMES if p not in taken and p != _UNKNOWN.length][:2]
    structure, specs = _run(function, args, kwargs, first)
    others = specs
    if None in taken:
        _, others = _run(function, args, kwargs, second)
    outputs: list[KerasTensor | None] = []
    for a, b in zip(specs, others, strict=True):
        if a is None or b is None:
            outputs.append(None)
            continue
        shape = tuple(n if n == m else None for n, m in zip(a.shape, b.shape, strict=True))
        outputs.append(KerasTensor(shape, a.dtype))
    return pack(structure, outputs) if is_nested(structure) else outputs[0]
