"""Operations of the window family made, lowered and run, for the tests of their kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

from thalweg.compiler.dims import Dim, product
from thalweg.compiler.graph import Operation, Value
from thalweg.compiler.ir.expression import Apply, Buffer, Expression, Load, Product
from thalweg.compiler.ir.program import Contract, Loops
from thalweg.compiler.ir.statement import Statement, Store
from thalweg.compiler.lower.geometry import linear
from thalweg.compiler.lower.window import Lowered, Place, loop_nest, lower_window
from thalweg.primitives.primitive import PRIMITIVES
from thalweg.primitives.window import output_length
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


# --- cases --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Convolution:
    """A convolution, and with it its gradients."""

    spatial: Shape
    kernel: Shape
    strides: Shape
    padding: tuple[tuple[int, int], ...]
    dilation: Shape
    groups: int
    channels: int
    filters: int

    def operations(self) -> Iterator[tuple[str, list[tuple[Any, ...]], dict[str, Any]]]:
        """The name, the shapes of the inputs and the parameters of each direction."""
        params = {
            "strides": self.strides,
            "padding": self.padding,
            "dilation": self.dilation,
            "groups": self.groups,
        }
        places = map(
            output_length, self.spatial, self.kernel, self.strides, self.padding, self.dilation
        )
        x = ("n", *self.spatial, self.channels * self.groups)
        w = (*self.kernel, self.channels, self.filters * self.groups)
        y = ("n", *places, self.filters * self.groups)
        yield "conv", [x, w], params
        yield "conv_input_gradient", [y, w], {"input_shape": x, **params}
        yield "conv_filter_gradient", [x, y], {"kernel": self.kernel, **params}


@dataclass(frozen=True)
class Pooling:
    """All operations of pooling."""

    spatial: Shape
    window: Shape
    strides: Shape
    padding: tuple[tuple[int, int], ...]
    channels: int

    def operations(self) -> Iterator[tuple[str, list[tuple[Any, ...]], dict[str, Any]]]:
        """The name, the shapes of the inputs and the parameters of each operation."""
        params = {"window": self.window, "strides": self.strides, "padding": self.padding}
        places = map(output_length, self.spatial, self.window, self.strides, self.padding)
        x = ("n", *self.spatial, self.channels)
        y = ("n", *places, self.channels)
        yield "window_max", [x], params
        yield "window_select", [x, x], params
        yield "window_scatter", [x, y], params
        yield "window_sum", [x], params
        yield "window_sum_gradient", [y], {"input_shape": x, **params}


@st.composite
def convolutions(draw: Any, small: bool = False) -> Convolution:
    """Convolutions with one to three spatial axes."""
    rank = draw(st.sampled_from([1, 2, 2, 3]))
    lengths = {1: 9, 2: 5, 3: 2} if small else {1: 60, 2: 19, 3: 6}
    # Each stride multiplies the number of kernels of the gradient.
    steps = st.integers(1, 3) if rank < 3 else st.sampled_from([1, 1, 2])
    spatial, kernel, strides, padding, dilation = [], [], [], [], []
    for _ in range(rank):
        k, s = draw(st.integers(1, 3 if small or rank == 3 else 5)), draw(steps)
        d = draw(st.integers(1, 2)) if small or s == 1 else 1
        low, high = draw(st.integers(0, 2)), draw(st.integers(0, 2))
        reach = d * (k - 1) + 1
        least = max(1, reach - low - high)
        spatial.append(draw(st.integers(least, max(least, lengths[rank]))))
        kernel.append(k)
        strides.append(s)
        padding.append((low, high))
        dilation.append(d)
    most = 2 if small else 17
    return Convolution(
        tuple(spatial),
        tuple(kernel),
        tuple(strides),
        tuple(padding),
        tuple(dilation),
        draw(st.sampled_from([1, 1, 2, 3])),
        draw(st.integers(1, most)),
        draw(st.sampled_from([1, 2] if small else [1, 3, 8, 16, 19, 32, 40])),
    )


@st.composite
def poolings(draw: Any, small: bool = False) -> Pooling:
    """Pooling with one to three spatial axes; windows may overlap, or leave gaps."""
    rank = draw(st.sampled_from([1, 2, 2, 3]))
    longest = {1: 8, 2: 5, 3: 3} if small else {1: 30, 2: 12, 3: 6}
    window = [draw(st.integers(1, 3 if small else 5)) for _ in range(rank)]
    strides = [draw(st.sampled_from([1, 2, 3, k])) for k in window]
    padding = [(draw(st.integers(0, k - 1)), draw(st.integers(0, k - 1))) for k in window]
    spatial = []
    for k, (low, high) in zip(window, padding, strict=True):
        least = max(1, k - low - high)
        spatial.append(draw(st.integers(least, max(least, longest[rank]))))
    channels = draw(st.integers(1, 3 if small else 40))
    return Pooling(tuple(spatial), tuple(window), tuple(strides), tuple(padding), channels)


def arrays_for(
    inputs: Sequence[tuple[Any, ...]], dtype: str, n: int, special: bool = False
) -> list[Array]:
    """Whole numbers, so that sums are exact; with `special` also NaN, infinities and ties."""
    rng = np.random.default_rng(len(inputs))
    found = []
    for shape in inputs:
        array = rng.integers(-3, 4, [n if d == "n" else d for d in shape]).astype(dtype)
        if special and array.dtype.kind == "f":
            flat = array.reshape(-1)
            flat[rng.random(flat.size) < 0.05] = np.nan
            flat[rng.random(flat.size) < 0.2] = -np.inf
        found.append(array)
    return found
