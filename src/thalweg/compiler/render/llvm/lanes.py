"""Lanes: neighbouring turns of a loop, computed in the lanes of vectors.

`plan` decides how wide the vectors of a vector loop are and how many stand side by side; `Place`
is everything that the value of an expression depends on besides the expression.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from thalweg.compiler.dims import ONE, ZERO
from thalweg.compiler.ir.expression import Accumulator, Apply, Bits, Expression, Load, Total
from thalweg.compiler.ir.index import Index as Formula
from thalweg.compiler.ir.index import Var
from thalweg.compiler.ir.statement import Loop, Statement, Store
from thalweg.compiler.render import uses
from thalweg.compiler.render.llvm.builder import Index, Value
from thalweg.compiler.render.llvm.elementwise import computing, memory
from thalweg.compiler.target import Target

__all__ = ["Lanes", "Part", "Place", "Plan", "can_mask", "deep", "plan", "tail_parts", "weight"]


@dataclass(slots=True)
class Lanes:
    """Lanes hold `variable`, `variable + 1`, ...; the environment has the first lane's value.

    Attributes:
        variable: what differs from lane to lane.
        count: how many lanes.
        mask: the lanes that count, None for all. The first lane always counts.
        aligned: whether the first lane's value is known to be a multiple of `count`.
    """

    variable: Var
    count: int
    mask: Value | None = None
    aligned: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression is computed.

    Attributes:
        env: the values of the loop variables, outer loops first.
        lanes: None for one value at a time.
        guard: what must hold for memory to be read, the same for all lanes.
        mask: the lanes for which memory may be read.
        partial: whether the mask may leave out all lanes, or the first one.
    """

    env: Mapping[Var, Index]
    lanes: Lanes | None
    guard: Value | None = None
    mask: Value | None = None
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """How a vector loop runs.

    Attributes:
        lanes: of a vector; 1 where vectors are of no use.
        copies: vectors side by side in one turn of the main loop.
        masks: whether the last vector may be masked; else the rest is done one at a time.
        uniform: whether all turns are one masked loop, because the body is long.
    """

    lanes: int
    copies: int
    masks: bool
    uniform: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A vector of a static vector loop: where it begins, its lanes, how many of them count."""

    offset: int
    lanes: int
    active: int


# What the elementwise operations that are not one or two instructions cost, in instructions.
_LONG = {
    **dict.fromkeys(("exp", "exp2", "sigmoid", "rsqrt", "sqrt", "div", "cbrt"), 14),
    **dict.fromkeys(("log", "log2", "log10", "log1p", "expm1", "tanh", "erf"), 24),
    **dict.fromkeys(("sin", "cos", "tan", "sinh", "cosh", "pow", "erfc", "arctan"), 40),
    **dict.fromkeys(("floor_div", "mod", "round", "arctan2"), 20),
    **dict.fromkeys(("sqrt", "div"), 4),
}
# Instructions that one turn of an unrolled loop may have.
_ROOM = 96
# Turns that are so many that what they read does not stay in the cache.
_LONG_LOOP = 100
# Lanes that elementwise operations are written for.
_WIDEST = 32


def weight(expressions: list[Expression], loop: Loop | None = None, lanes: int = 1) -> int:
    """About how many instructions expressions take, and the stores of a vector loop of lanes."""
    total = 0
    for e in expressions:
        if isinstance(e, Apply):
            total += _LONG.get(e.name, 1)
        elif isinstance(e, Load) and loop is not None:
            total += _moves(e.index, loop, lanes)
        else:
            total += 80 if isinstance(e, Bits) else 1
    if loop is not None:
        total += sum(_moves(s.index, loop, lanes) for s in loop.body if isinstance(s, Store))
    return total


def _moves(index: Formula, loop: Loop, lanes: int) -> int:
    """Instructions that bring a vector from or to memory; lanes that lie apart need their own."""
    stride = index.stride(loop.variable)
    return 1 if stride is None or stride in (ZERO, ONE) else 2 * lanes


def can_mask(expressions: list[Expression], loop: Loop, target: Target) -> bool:
    """Whether loads and stores of all elements that the loop touches can be masked."""
    if not target.masks:
        return False
    if target.wasm:
        return True
    # AVX2 masks elements of 4 and 8 bytes only.
    sizes = {memory(b.dtype).bits // 8 for b in uses.buffers(expressions, loop.body)}
    return target.vector_bytes >= 64 or sizes <= {4, 8}


def plan(loop: Loop, target: Target) -> Plan:
    """How a vector loop is best run on a target."""
    expressions = uses.expressions(loop.body)
    widest = max((_bytes(e) for e in expressions), default=4)
    for accumulator in uses.accumulated(loop.body):
        widest = max(widest, _bytes_of(accumulator))
    lanes = target.lanes(max(2, widest))
    masks = can_mask(expressions, loop, target)
    if any(isinstance(e, Bits) for e in expressions):
        # Random bits are one long chain: several registers side by side keep the units busy.
        lanes = min(_WIDEST, lanes * (4 if masks else 2))
    extent = loop.variable.extent
    if target.wasm:
        # One text for all turns, as code travels; the last vector leaves out what is too much.
        whole = extent.scale % lanes == 0 and extent.offset % lanes == 0
        copies = _together(loop) if extent.static else 1
        while copies > 1 and copies * lanes > extent.offset:
            copies //= 2
        return Plan(lanes, copies, True, not whole and copies == 1)
    if extent.static:
        while lanes > 1 and lanes // 2 >= extent.offset:
            lanes //= 2
        if not masks:
            while lanes > 1 and lanes > extent.offset:
                lanes //= 2
    heavy = weight(expressions, loop, lanes)
    most = 4
    if deep(loop):
        # Each turn of the loop inside reads as many bytes next to each other as registers allow.
        most = max(1, min(8, target.registers // (2 * max(1, len(uses.resets(loop.body))))))
    copies = max(1, min(most, _ROOM // max(1, heavy)))
    copies = 1 << (copies.bit_length() - 1)
    if extent.static:
        vectors = -(-extent.offset // lanes)
        if vectors <= 2 * copies and vectors * heavy <= 2 * _ROOM:
            copies = max(1, vectors)
    # Two texts of a long body cost more time to compile than the masks cost at run time.
    return Plan(lanes, copies, masks, masks and copies == 1 and heavy > _ROOM)


def _together(loop: Loop) -> int:
    """Vectors side by side on WebAssembly: several where a loop inside is long.

    Each of its turns should use all of the cache's lines that it reads.
    """
    turns = 1
    inner: Sequence[Statement] = loop.body
    while inner:
        loops = [s for s in inner if isinstance(s, Loop) and s.kind != "unroll"]
        turns *= max((s.variable.extent.at(1) for s in loops), default=1)
        inner = [s for loop in loops for s in loop.body]
    return 8 if turns >= _LONG_LOOP else 1


def deep(loop: Loop) -> bool:
    """Whether a vector loop has loops inside, which then run once for all its copies."""
    return any(isinstance(s, Loop) and s.kind != "unroll" for s in loop.body)


def tail_parts(begin: int, extent: int, plan: Plan, narrow: bool) -> list[Part]:
    """The vectors (and single turns) from `begin` to the end.

    Args:
        begin: the first turn.
        extent: the end.
        plan: that of the loop.
        narrow: whether the last vector may have fewer lanes than the others.
    """
    parts = []
    while extent - begin >= plan.lanes:
        parts.append(Part(begin, plan.lanes, plan.lanes))
        begin += plan.lanes
    rest = extent - begin
    if rest and plan.masks:
        lanes = plan.lanes
        while narrow and lanes > 4 and lanes // 2 >= rest:
            lanes //= 2
        parts.append(Part(begin, lanes, rest))
    elif rest:
        parts.extend(Part(begin + i, 1, 1) for i in range(rest))
    return parts


def _bytes(expression: Expression) -> int:
    if isinstance(expression, Total):
        return 1  # its accumulator counts where it is accumulated
    return max(1, computing(expression.dtype).bits // 8)


def _bytes_of(accumulator: Accumulator) -> int:
    # The places of argmax and argmin are int32.
    least = 4 if accumulator.operation.startswith("arg") else 1
    return max(least, computing(accumulator.dtype).bits // 8)
