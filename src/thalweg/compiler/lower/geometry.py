"""How windows slide: the lengths of one spatial axis, and what convolution and pooling lower to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from thalweg.compiler.dims import ZERO, Dim, NotAffineError
from thalweg.compiler.graph import Operation, Value
from thalweg.compiler.ir.expression import Apply, Buffer, Choose, Constant, Expression, Guard, Load
from thalweg.compiler.ir.index import Index, Var
from thalweg.compiler.ir.program import Loops, Window
from thalweg.compiler.ir.statement import Loop, Statement
from thalweg.compiler.lower.elements import linear
from thalweg.tensor.dtypes import DType, bfloat16, float16, float32

__all__ = [
    "Axis",
    "Contraction",
    "Lowered",
    "Nest",
    "Place",
    "Offset",
    "Read",
    "Temporary",
    "axes_of",
    "element_loader",
    "element_nest",
    "fixed",
    "guarded",
    "image_index",
    "indices",
    "multiplied",
    "image_shape",
    "loop_nest",
    "wide",
    "widened",
]

Place = tuple[Index, ...]
# An offset in the window along one axis: of a loop, or written out.
Offset = Index | int
# An element of an operand.
Read = Callable[[Value, Place], Expression]
# A buffer of the arena, for what is passed from one kernel of an operation to the next.
Temporary = Callable[[DType, Dim], Buffer]


@dataclass(frozen=True, slots=True)
class Axis:
    """One spatial axis, and the window along it.

    Place `o` of the window reads the image at `o * stride + k * dilation - low` for the offsets
    `k` in the window; outside of the image there is padding.
    """

    length: int
    window: int
    places: int
    stride: int
    low: int
    dilation: int = 1

    def read_at(self, place: Index, offset: Offset) -> Index:
        """Where in the image an offset of a place of the window lies."""
        k = Index.of(offset).times(self.dilation)
        return place.times(self.stride).plus(k).plus(-self.low)

    def covers(self, first: int, last: int) -> bool:
        """Whether a range of indices lies inside the image."""
        return first >= 0 and last < self.length

    def guards(self, place: Index, offset: Offset) -> tuple[Guard, ...]:
        """What must hold for the image to have that index; nothing where it always has."""
        if isinstance(offset, int):
            low = high = offset * self.dilation - self.low
        else:
            low, high = -self.low, (self.window - 1) * self.dilation - self.low
        if self.covers(low, (self.places - 1) * self.stride + high):
            return ()
        return (Guard(self.read_at(place, offset), ZERO, Dim.of(self.length)),)


@dataclass(frozen=True, slots=True, eq=False)
class Contraction:
    """A contraction that gives elements of the operation's output.

    Attributes:
        batch, m, n, k: its variables; see `ir.program.Contract`.
        left, right: the operands.
        place: where in the output the sum of a batch, m and n lies.
        window: for the renderer.
    """

    batch: tuple[Var, ...]
    m: tuple[Var, ...]
    n: tuple[Var, ...]
    k: tuple[Var, ...]
    left: Expression
    right: Expression
    place: Place
    window: Window | None


@dataclass(frozen=True, slots=True, eq=False)
class Nest:
    """Loops that give elements of the operation's output.

    Attributes:
        outer: the variables of the loops around, in order.
        lanes: the variable of the innermost loop; neighbouring elements lie in neighbouring lanes.
            None where lanes are of use in `before` only.
        elements: for one turn, the places in the output and the values there.
        before: what to do in each turn before the values can be computed.
    """

    outer: tuple[Var, ...]
    lanes: Var | None
    elements: tuple[tuple[Place, Expression], ...]
    before: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Lowered:
    """What an operation becomes; together the parts give every element of its output once.

    Attributes:
        setup: kernels that run before, and fill buffers that the others read.
        contractions: each a kernel of its own.
        nests: the loops of one kernel.
    """

    setup: tuple[Loops, ...] = ()
    contractions: tuple[Contraction, ...] = ()
    nests: tuple[Nest, ...] = field(default=())


def fixed(length: Dim | int, operation: Operation) -> int:
    """A length that must not depend on the batch.

    Raises:
        NotAffineError: if it does.
    """
    dim = Dim.of(length)
    if dim.scale:
        raise NotAffineError(
            f"{operation.name}: only the first axis may depend on the batch size, not one of "
            f"length {dim}."
        )
    return dim.offset


def image_shape(operation: Operation) -> tuple[Dim, ...]:
    """The shape of the image that the window of an operation slides over."""
    if "input_shape" in operation.params:
        return tuple(map(Dim.of, operation.params["input_shape"]))
    return operation.inputs[0].shape


def axes_of(operation: Operation, window: Sequence[Dim | int]) -> tuple[Axis, ...]:
    """The spatial axes of an operation whose window has these lengths."""
    params = operation.params
    found = []
    for i, size in enumerate(window):
        length, extent = fixed(image_shape(operation)[i + 1], operation), fixed(size, operation)
        stride = fixed(params["strides"][i], operation)
        low, high = (fixed(p, operation) for p in params["padding"][i])
        dilation = fixed(params["dilation"][i], operation) if "dilation" in params else 1
        places = (length + low + high - dilation * (extent - 1) - 1) // stride + 1
        found.append(Axis(length, extent, places, stride, low, dilation))
    return tuple(found)


def guarded(guards: Sequence[Guard], then: Expression, around: float | int) -> Expression:
    """`then` where all guards hold, elsewhere a number."""
    if not guards:
        return then
    return Choose(tuple(guards), then, Constant(around, then.dtype))


def wide(dtype: DType) -> DType:
    """What sums of a dtype are computed in."""
    return float32 if dtype in (float16, bfloat16) else dtype


def widened(value: Expression, dtype: DType) -> Expression:
    """A value converted to a dtype."""
    if value.dtype == dtype:
        return value
    return Apply("cast", (value,), dtype, {"dtype": dtype})


def multiplied(a: Expression, b: Expression, dtype: DType) -> Expression:
    """The product of two values, in a dtype."""
    return Apply("mul", (widened(a, dtype), widened(b, dtype)), dtype)


def element_loader(buffer: Buffer, shape: Sequence[Dim]) -> Callable[[Place], Expression]:
    """Reads a dense buffer by places."""
    return lambda place: Load(buffer, linear(place, shape))


def element_nest(
    shape: Sequence[Dim], element: Callable[[Place], tuple[tuple[Statement, ...], Expression]]
) -> Nest:
    """One element for each place of a shape, channels in the lanes."""
    outer = (Var("b", shape[0]), *(Var(f"o{i}", n) for i, n in enumerate(shape[1:-1])))
    lanes = Var("c", shape[-1])
    place = indices((*outer, lanes))
    before, value = element(place)
    return Nest(outer, lanes, ((place, value),), before)


def loop_nest(
    nests: Sequence[Nest],
    store: Callable[[Place, Expression], Sequence[Statement]],
    title: str = "",
    fused: tuple[str, ...] = (),
) -> Loops:
    """The kernel of some nests.

    Args:
        store: what to do with the value at a place of the output.
        title, fused: see `Loops`.
    """
    body: list[Statement] = []
    for nest in nests:
        inner: tuple[Statement, ...] = (
            *nest.before,
            *(s for place, value in nest.elements for s in store(place, value)),
        )
        if nest.lanes is not None:
            inner = (Loop(nest.lanes, "vector", inner),)
        for variable in reversed(nest.outer):
            inner = (Loop(variable, "parallel", inner),)
        body.extend(inner)
    return Loops(tuple(body), title, fused)


def image_index(
    axes: Sequence[Axis], places: Sequence[Index], offsets: Sequence[Offset]
) -> tuple[Place, tuple[Guard, ...]]:
    """Where the window reads along each axis, and what must hold for the image to have it."""
    triples = list(zip(axes, places, offsets, strict=True))
    index = tuple(axis.read_at(o, k) for axis, o, k in triples)
    return index, tuple(g for axis, o, k in triples for g in axis.guards(o, k))


def indices(variables: Sequence[Var]) -> Place:
    """Loop variables as a place."""
    return tuple(map(Index.of, variables))
