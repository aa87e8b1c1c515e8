"""Copies of rows of query, key, value and their like into scratch memory, in computing form.

There a head's rows lie side by side, as whole vectors with zeros behind their ends, or transposed:
one row for each element of a query, one lane for each time of a block.
"""

from __future__ import annotations

from collections.abc import Sequence

from thalweg.compiler.render.llvm import elementwise
from thalweg.compiler.render.llvm.attention.helpers import Helpers
from thalweg.compiler.render.llvm.attention.setting import Setting, stride
from thalweg.compiler.render.llvm.builder import Builder, Index, Type, Value
from thalweg.compiler.render.llvm.contract.tile import Column
from thalweg.compiler.render.llvm.transpose import transposed
from thalweg.tensor.dtypes import DType, bool_

__all__ = ["clear", "copy", "row_of", "turn", "turn_mask", "write"]


def row_of(b: Builder, source: Value, dtype: DType, column: Column, offset: Index = 0) -> Value:
    """A vector of a row, in computing form; zeros behind the row's end."""
    at = b.at(source, b.add(offset, column.offset), elementwise.memory(dtype).element)
    return elementwise.load(b, at, dtype, column.lanes, column.mask(b))


def _size(columns: Sequence[Column]) -> int:
    """Elements of a row."""
    return columns[-1].offset + columns[-1].active


def copy(
    helpers: Helpers,
    b: Builder,
    s: Setting,
    source: Value,
    step: int,
    count: Index,
    to: Value,
    columns: Sequence[Column],
) -> None:
    """Rows side by side; zeros up to a whole number of tiles."""
    length = stride(columns)

    def body(b: Builder, given: list[Value]) -> None:
        source, count, to = given
        with b.loop(0, count) as loop:
            row = b.at(source, b.mul(loop.index, step), s.held)
            place = b.at(to, b.mul(loop.index, length), s.element)
            for column in columns:
                b.store(row_of(b, row, s.dtype, column), b.at(place, column.offset, s.element))
        whole = b.mul(b.div(b.add(count, s.rows - 1), s.rows), s.rows)
        with b.loop(count, whole) as loop:
            place = b.at(to, b.mul(loop.index, length), s.element)
            for column in columns:
                zero = b.zero(Type(s.element, column.lanes))
                b.store(zero, b.at(place, column.offset, s.element))

    helpers.call(b, f"copy_{step}_{_size(columns)}", [source, count, to], body)


def write(
    helpers: Helpers,
    b: Builder,
    s: Setting,
    source: Value,
    count: Index,
    to: Value,
    step: int,
    columns: Sequence[Column],
    factor: float,
) -> None:
    """Rows of scratch memory, times a number, to rows of a buffer."""
    length = stride(columns)

    def body(b: Builder, given: list[Value]) -> None:
        source, count, to = given
        with b.loop(0, count) as loop:
            row = b.at(source, b.mul(loop.index, length), s.element)
            place = b.at(to, b.mul(loop.index, step), s.held)
            for column in columns:
                type_ = Type(s.element, column.lanes)
                value = b.load(b.at(row, column.offset, s.element), type_)
                if factor != 1:
                    value = b.fmul(value, b.number(type_, factor))
                at = b.at(place, column.offset, s.held)
                elementwise.store(b, value, at, s.dtype, column.mask(b))

    helpers.call(b, f"write_{step}_{_size(columns)}_{factor != 1:d}", [source, count, to], body)


def clear(b: Builder, to: Value, size: Index) -> None:
    """Zeros in a number of bytes."""
    name = f"llvm.memset.p0.{b.target.index}"
    b.declarations[name] = f"declare void @{name}(ptr, i8, {b.target.index}, i1)"
    b.line(f"call void @{name}({to}, i8 0, {b.index(size)}, i1 false)")


def turn(
    helpers: Helpers,
    b: Builder,
    s: Setting,
    source: Value,
    step: int,
    count: Index,
    to: Value,
    size: int,
    factor: float,
) -> None:
    """A block of rows transposed, times a number; missing rows repeat the last one."""

    def body(b: Builder, given: list[Value]) -> None:
        source, count, factor, to = given
        numbers = b.splat(factor, s.block)
        # Where each row begins.
        first = [b.mul(b.min(i, b.sub(count, 1)), step) for i in range(s.block)]

        def square(x: Index, active: int) -> None:
            column = Column(0, s.block, active)
            vectors = [row_of(b, source, s.dtype, column, b.add(at, x)) for at in first]
            vectors = transposed(b, [b.fmul(v, numbers) for v in vectors])
            for i, vector in enumerate(vectors[:active]):
                place = b.mul(b.add(x, i), s.block)
                b.store(vector, b.at(to, place, s.element))

        whole = size // s.block * s.block
        with b.loop(0, whole, s.block) as loop:
            square(loop.index, s.block)
        if b.target.masks:
            if whole < size:
                square(whole, size - whole)
            return
        with b.loop(0, s.block) as outer, b.loop(whole, size) as inner:
            at = b.add(b.mul(b.min(outer.index, b.sub(count, 1)), step), inner.index)
            value = elementwise.load(b, b.at(source, at, s.held), s.dtype)
            place = b.add(b.mul(inner.index, s.block), outer.index)
            b.store(b.fmul(value, factor), b.at(to, place, s.element))

    number = b.number(s.scalar, factor)
    helpers.call(b, f"turn_{step}_{size}", [source, count, number, to], body)


def turn_mask(
    helpers: Helpers,
    b: Builder,
    s: Setting,
    source: Value,
    step: int,
    count: Index,
    sources: Index,
    to: Value,
) -> None:
    """A mask (times, sources) of a block, transposed as bytes; missing times repeat the last."""

    def body(b: Builder, given: list[Value]) -> None:
        source, count, sources, to = given
        held = elementwise.memory(bool_, s.block)

        def row(i: Index) -> Value:
            return b.at(source, b.mul(b.min(i, b.sub(count, 1)), step), "i8")

        first = [row(i) for i in range(s.block)]

        def square(x: Index, mask: Value | None) -> None:
            places = [b.at(at, x, "i8") for at in first]
            vectors = [
                b.load(at, held) if mask is None else b.masked_load(at, mask, held) for at in places
            ]
            for i, vector in enumerate(transposed(b, vectors)):
                b.store(vector, b.at(to, b.mul(b.add(x, i), s.block), "i8"))

        whole = b.mul(b.div(sources, s.block), s.block)
        with b.loop(0, whole, s.block) as loop:
            square(loop.index, None)
        if b.target.masks:
            with b.when(b.less(whole, sources)):
                square(whole, b.mask(b.sub(sources, whole), s.block))
            return
        with b.loop(0, s.block) as outer, b.loop(whole, sources) as inner:
            value = b.load(b.at(row(outer.index), inner.index, "i8"), Type("i8"))
            place = b.add(b.mul(inner.index, s.block), outer.index)
            b.store(value, b.at(to, place, "i8"))

    helpers.call(b, "turn_mask", [source, count, sources, to], body)
