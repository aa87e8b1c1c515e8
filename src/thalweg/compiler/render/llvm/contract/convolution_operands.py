"""The operands of a convolution brought into the order in which tiles read them.

Filters are packed in panels: for each offset in the window and channel the filters of a few
vectors. An image that cannot be read in place is copied with its padding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from thalweg.compiler.ir.expression import Expression
from thalweg.compiler.ir.index import Var
from thalweg.compiler.render.llvm.builder import PTR, Builder, Index, Value
from thalweg.compiler.render.llvm.contract.convolution_tiling import Panel
from thalweg.compiler.render.llvm.contract.convolution_view import Axis, View
from thalweg.compiler.render.llvm.contract.operands import describe
from thalweg.compiler.render.llvm.contract.pack import Packer
from thalweg.compiler.render.llvm.contract.tile import Column, split
from thalweg.compiler.render.llvm.expressions import Emitter, Lanes
from thalweg.tensor.dtypes import DType

__all__ = ["Env", "address", "copy_image", "pack_filters", "stepwise"]

Env = dict[Var, Index]


def address(b: Builder, pointer: Value, offset: Index, element: str) -> Value:
    """An address that may lie outside of the buffer, as long as it is not read."""
    if offset == 0:
        return pointer
    return b.result(PTR, f"getelementptr {element}, {pointer}, {b.index(offset)}")


def stepwise(
    em: Emitter, extents: Sequence[Index], body: Callable[[tuple[Index, ...]], None]
) -> None:
    """Nested loops, each of which is a scope."""

    def nest(rest: Sequence[Index], place: tuple[Index, ...]) -> None:
        if not rest:
            body(place)
        elif rest[0] == 1:
            nest(rest[1:], (*place, 0))
        else:
            with em.b.loop(0, rest[0]) as loop, em.scope():
                nest(rest[1:], (*place, loop.index))

    nest(extents, ())


def pack_filters(
    em: Emitter,
    value: Expression,
    variables: tuple[Var, tuple[Var, ...], Var],
    panels: Sequence[Panel],
    to: Value,
    env: Env,
    dtype: DType,
) -> None:
    """Write the panels of the right operand one after the other.

    Args:
        value: the right operand.
        variables: of the filters, of the offsets in the window, of the channels.
        to: where.
        env: the values of the other variables.
        dtype: that of the operand.
    """
    b = em.b
    filters, offsets, channel = variables
    extents = [v.extent.offset for v in offsets]
    channels = channel.extent.offset
    depth = math.prod(extents) * channels
    operand = describe(value, filters, channel, dtype)
    from_rows = operand.along_k and not operand.along_free and channels >= 8
    element = "double" if dtype.itemsize == 8 else "float"
    lanes = em.target.lanes(dtype.itemsize)
    begin = 0
    for panel in panels:

        def one(place: tuple[Index, ...], panel: Panel = panel, begin: int = begin) -> None:
            number, *offset = place
            row: Index = 0
            for k, extent in zip(offset, extents, strict=True):
                row = b.add(b.mul(row, extent), k)
            start = b.add(b.mul(number, depth), b.mul(row, channels))
            where = b.at(to, b.add(b.mul(start, panel.width), begin), element)
            here = {**env, **dict(zip(offsets, offset, strict=True))}
            packer = Packer(em, operand, here, lanes, element)
            first = b.add(b.mul(number, panel.width), panel.first)
            write = packer.transposed if from_rows else packer.panel
            write(where, panel.width, panel.columns, first, (0, channels))

        stepwise(em, [panel.count, *extents], one)
        begin += panel.count * panel.width * depth


def copy_image(em: Emitter, view: View, to: Value, env: Env, element: str, itemsize: int) -> None:
    """Write one padded image, dense.

    Args:
        to: where.
        env: the values of the variables of groups and images.
    """
    b = em.b
    steps = view.image_steps()
    # Few channels: neighbouring lanes hold neighbouring indices of the last axis.
    along_last = view.channels == 1
    last = view.axes[-1]
    count = last.extent if along_last else view.channels
    columns = split(count, em.target, itemsize)
    looped = view.axes[:-1] if along_last else view.axes
    variable = _moving(last) if along_last else view.channel
    whole = [c for c in columns if c == Column(c.offset, columns[0].lanes, columns[0].lanes)]

    def one(place: tuple[Index, ...]) -> None:
        here: Env = dict(env)
        where: Index = 0
        for axis, at, step in zip(looped, place, steps, strict=False):
            here |= _at(axis, at)
            where = b.add(where, b.mul(at, step))
        here[view.channel] = 0
        if along_last:
            here |= _at(last, 0)

        def vector(column: Column, first: Index) -> None:
            lanes = None
            if column.lanes > 1:
                lanes = Lanes(variable, column.lanes, column.mask(b))
            value = em.value(view.value, {**here, variable: first}, lanes)
            pointer = b.at(to, b.add(where, first), element)
            mask = column.mask(b)
            if mask is None:
                b.store(value, pointer)
            else:
                b.masked_store(value, pointer, mask)

        if len(whole) > 2:
            width = whole[0].lanes
            with b.loop(0, len(whole) * width, width) as loop, em.scope():
                vector(whole[0], loop.index)
            rest = columns[len(whole) :]
        else:
            rest = columns
        for column in rest:
            with em.scope():
                vector(column, column.offset)

    stepwise(em, [axis.extent for axis in looped], one)


def _moving(axis: Axis) -> Var:
    """The variable that runs over the padded image with steps of one while the other is 0."""
    return axis.place if axis.stride == 1 else axis.offset


def _at(axis: Axis, index: Index) -> Env:
    """The variables' values for an index of the padded image."""
    other = axis.offset if axis.stride == 1 else axis.place
    return {_moving(axis): index, other: 0}
