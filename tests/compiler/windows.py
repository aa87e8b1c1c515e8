"""Operations of the window family made, lowered and run, for the tests of their kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thalweg.compiler.dims import Dim, product
from thalweg.compiler.graph import Operation, Value
from thalweg.compiler.ir.expression import Apply, Buffer, Expression, Load, Product
from thalweg.compiler.ir.program import Contract, Loops
from thalweg.compiler.ir.statement import Statement, Store
from thalweg.compiler.lower.geometry import linear
from thalweg.compiler.lower.window import Lowered, Place, loop_nest, lower_window
from thalweg.primitives.primitive import PRIMITIVES
from thalweg.tensor.dtypes import DType, bfloat16, float16, float32
from thalweg.tensor.tensor import TensorSpec

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]
Epilogue = Callable[[Expression, Place], Expression]


@dataclass
class Lowering:
    """Kernels of one operation, the first axes of some of its inputs being the batch."""

    kernels: list[Loops | Contract]
    inputs: list[Buffer]
    output: Buffer
    temporaries: list[Buffer] = field(default_factory=list)
    shapes: list[tuple[Dim, ...]] = field(default_factory=list)

    def memory(self, arrays: Sequence[Array], n: int) -> dict[Buffer, Array]:
        """Flat memory for a run."""
        held = {b: a.reshape(-1) for b, a in zip(self.inputs, arrays, strict=True)}
        for b in (self.output, *self.temporaries):
            # Anything that is not written shows.
            held[b] = np.full(b.size.at(n), 77, b.dtype)
        return held


def specs_of(name: str, n: int, inputs: Sequence[tuple[Any, ...]], dtypes: Sequence[DType]) -> Any:
    """Specs for a batch of n; "n" in a shape stands for it."""
    return [
        TensorSpec(tuple(n if d == "n" else d for d in shape), dtype)
        for shape, dtype in zip(inputs, dtypes, strict=True)
    ]


def lowered(
    name: str,
    inputs: Sequence[tuple[Any, ...]],
    dtypes: Sequence[DType],
    params: dict[str, Any],
    epilogue: Epilogue = lambda value, place: value,
    prologue: Callable[[Expression], Expression] = lambda value: value,
) -> Lowering:
    """The kernels of a primitive; "n" in a shape stands for the batch."""
    primitive = PRIMITIVES[name]
    values = [
        Value(tuple(Dim(1, 0) if d == "n" else Dim(0, d) for d in shape), dtype)
        for shape, dtype in zip(inputs, dtypes, strict=True)
    ]
    dims = {key: _bind(value, Dim(1, 0)) for key, value in params.items()}
    # The shape of the output for two batch sizes decides what depends on the batch.
    shapes = []
    for n in (5, 6):
        bound = {key: _bind(value, n) for key, value in params.items()}
        (spec,) = primitive.specs(*specs_of(name, n, inputs, dtypes), **bound)
        shapes.append(spec.shape)
    shape = tuple(
        Dim(1, 0) if a != b else Dim(0, a) for a, b in zip(shapes[0], shapes[1], strict=True)
    )
    output = Value(shape, spec.dtype)
    operation = Operation(primitive, tuple(values), (output,), dims)
    buffers = {
        v: Buffer("input", v.dtype, product(v.shape), i, f"x{i}") for i, v in enumerate(values)
    }
    target = Buffer("output", output.dtype, product(shape), 0, "y")
    temporaries: list[Buffer] = []

    def read(value: Value, place: Place) -> Expression:
        return prologue(Load(buffers[value], linear(place, value.shape)))

    def temporary(dtype: DType, size: Dim) -> Buffer:
        temporaries.append(Buffer("temporary", dtype, size, len(temporaries)))
        return temporaries[-1]

    def store(place: Place, value: Expression) -> tuple[Statement, ...]:
        return (Store(target, linear(place, shape), epilogue(value, place)),)

    parts = lower_window(operation, read, temporary)
    kernels = _kernels(parts, output.dtype, store, name)
    return Lowering(kernels, list(buffers.values()), target, temporaries, [v.shape for v in values])


def _kernels(
    parts: Lowered,
    dtype: DType,
    store: Callable[[Place, Expression], tuple[Statement, ...]],
    title: str,
) -> list[Loops | Contract]:
    kernels: list[Loops | Contract] = [*parts.setup]
    for c in parts.contractions:
        value: Expression = Product(float32 if dtype in (float16, bfloat16) else dtype)
        if value.dtype != dtype:
            value = Apply("cast", (value,), dtype, {"dtype": dtype})
        epilogue = store(c.place, value)
        kernels.append(
            Contract(
                c.batch, c.m, c.n, c.k, c.left, c.right, epilogue, dtype, title, window=c.window
            )
        )
    if parts.nests:
        kernels.append(loop_nest(parts.nests, store, title))
    return kernels


def _bind(param: Any, n: Any) -> Any:
    if isinstance(param, tuple):
        return tuple(_bind(p, n) for p in param)
    return n if param == "n" else param


def reference(name: str, arrays: Sequence[Array], params: dict[str, Any], n: int) -> Array:
    """What NumPy gives."""
    bound = {key: _bind(value, n) for key, value in params.items()}
    with np.errstate(all="ignore"):
        return np.asarray(PRIMITIVES[name].evaluate(*arrays, **bound))
