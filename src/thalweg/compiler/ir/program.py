"""Program: kernels in the order of their launch, over buffers.

A kernel is everything that a renderer needs to write one function. Structure (`Scan`, `While`,
`Cond`) holds blocks of launches, so loops stay loops.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from thalweg.compiler.dims import ONE, Dim
from thalweg.compiler.ir.expression import Buffer, Expression
from thalweg.compiler.ir.index import Index, Var
from thalweg.compiler.ir.statement import Statement
from thalweg.tensor.dtypes import DType

__all__ = [
    "Cond",
    "Contract",
    "Copy",
    "HostCall",
    "Launch",
    "Loops",
    "Piece",
    "Program",
    "Scan",
    "Special",
    "While",
    "Window",
]


@dataclass(slots=True, eq=False)
class Loops:
    """A nest of loops; the outermost ones that are `parallel` are shared among the workers."""

    body: tuple[Statement, ...]
    title: str = ""
    # Primitives that were fused into it, for people who look inside.
    fused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """That the left operand of a contraction is an image seen through a window that slides.

    The variables of `kind` "image" are m = (batch, *places), k = (*offsets, channels); of
    "filter", m = (*offsets, channels), k = (batch, *places). Along spatial axis i the image is read
    at `place * strides[i] + offset * dilation[i]`, shifted by a constant.
    """

    kind: str
    strides: tuple[int, ...]
    dilation: tuple[int, ...]


@dataclass(slots=True, eq=False)
class Contract:
    """`sum over k of left * right` for every batch, m and n, then the epilogue at each place.

    All loop variables are in logical order, the last one running fastest; a group of variables may
    be empty (extent 1). `left` is in terms of batch, m and k; `right` of batch, k and n; the
    epilogue's statements (Stores, with `Product` for the sum) of batch, m and n. Operands that are
    plain Loads with unit stride along m, k or n can be used in place; others are packed. A
    convolution is one of these with several variables in m and k, and says so in `window`.
    """

    batch: tuple[Var, ...]
    m: tuple[Var, ...]
    n: tuple[Var, ...]
    k: tuple[Var, ...]
    left: Expression
    right: Expression
    epilogue: tuple[Statement, ...]
    dtype: DType
    title: str = ""
    fused: tuple[str, ...] = ()
    window: Window | None = None


@dataclass(slots=True, eq=False)
class Special:
    """A kernel with a generator of its own (scatter, sort, cumulative, attention ...).

    `family` names the generator; every input and output is a dense row-major buffer with a shape.
    """

    family: str
    params: dict[str, Any]
    inputs: tuple[tuple[Buffer, tuple[Dim, ...]], ...]
    outputs: tuple[tuple[Buffer, tuple[Dim, ...]], ...]
    title: str = ""
    fused: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class HostCall:
    """Something that native code has no kernel for, computed by NumPy (LAPACK, FFT, complex).

    `evaluate` takes the batch size and the arrays, and returns an array or a tuple of them.
    """

    evaluate: Callable[..., Any]
    inputs: tuple[tuple[Buffer, tuple[Dim, ...]], ...]
    outputs: tuple[tuple[Buffer, tuple[Dim, ...]], ...]
    title: str = ""
    fused: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Copy:
    """`length` elements from one buffer to another of the same dtype (offsets in elements)."""

    source: Buffer
    target: Buffer
    length: Dim
    source_offset: Index = field(default_factory=Index)
    target_offset: Index = field(default_factory=Index)
    title: str = "copy"
    fused: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Piece:
    """One slice of a buffer, seen as a buffer by the launches inside a scan: step `s` of it."""

    inside: Buffer
    whole: Buffer


@dataclass(slots=True, eq=False)
class Scan:
    """`length` turns of a block.

    The buffers inside `pieces` are, in turn s, elements [s * size, (s + 1) * size) of the whole (of
    kind `piece`; from the end where `reverse`). Carries live in buffers that the block updates.
    """

    block: tuple[Launch, ...]
    length: Dim
    reverse: bool
    pieces: tuple[Piece, ...]
    title: str = "scan"


@dataclass(slots=True, eq=False)
class While:
    """Turns of `block` as long as `test`, run before each, leaves true in `flag` (one bool)."""

    test: tuple[Launch, ...]
    flag: Buffer
    block: tuple[Launch, ...]
    title: str = "while"


@dataclass(slots=True, eq=False)
class Cond:
    """One block or the other, by a flag (one bool)."""

    flag: Buffer
    then: tuple[Launch, ...]
    otherwise: tuple[Launch, ...]
    title: str = "cond"


Launch = Loops | Contract | Special | HostCall | Copy | Scan | While | Cond


@dataclass(slots=True, eq=False)
class Program:
    """What a device runs.

    Attributes:
        capacity: the largest batch that the arena has room for; 0 where no length depends on it.
        states: updated in place.
        inputs: read only.
        outputs: written.
        constants: buffers with the arrays that they hold.
        temporaries: the buffers in the arena.
        launches: in order.
        arena: bytes of the arena, once planned.
    """

    capacity: int
    states: list[Buffer]
    inputs: list[Buffer]
    outputs: list[Buffer]
    constants: list[tuple[Buffer, Any]]
    temporaries: list[Buffer]
    launches: list[Launch]
    arena: int = 0

    # Lengths of the outputs' axes, for the arrays that are handed out.
    output_shapes: list[tuple[Dim, ...]] = field(default_factory=list)
    batch: Dim = ONE
