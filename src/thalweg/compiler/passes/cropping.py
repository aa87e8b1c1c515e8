"""Cropping: rows and columns of images that nothing reads are not computed.

A window whose strides do not divide the image leaves its last rows and columns unread: pooling by 2
over 11 x 11 reads 10 x 10. So the convolution before it need not give the rest, whose gradient is
zero, and by way of it neither must what comes before, nor the gradients. Numbers that are read stay
the same; only what is not finite in an unread place no longer makes gradients NaN by a product
with zero.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from thalweg.compiler.bodies import bodies
from thalweg.compiler.dims import ONE, ZERO, Dim
from thalweg.compiler.graph import Flow, Number, Operation, Value
from thalweg.compiler.passes.writer import Shape, Writer, has_effects

__all__ = ["crop"]

# What spreads numbers over an image.
_SPREAD = ("window_scatter", "window_sum_gradient", "conv_input_gradient")
# What gives one number for each place of the window.
_SEEN = ("conv", "window_max", "window_sum", "window_select")
# What gives zero for zeros in all operands.
_KEEP_ZERO = frozenset({"neg", "abs", "cast", "add", "sub", "sign", "max", "min", "stop_gradient"})


def crop(flow: Flow) -> Flow:
    """The Flow, and the bodies in it, without what windows leave unread."""
    operations = []
    for operation in flow.operations:
        inner = bodies(operation)
        if inner:
            params = operation.params | {name: crop(body) for name, body in inner.items()}
            operation = Operation(operation.kind, operation.inputs, operation.outputs, params)
        operations.append(operation)
    flow = Flow(flow.inputs, operations, flow.outputs)
    if not any(o.family == "window" and _fixed(o) for o in operations):
        return flow
    return _Cropper(flow).run()


def _fixed(operation: Operation) -> bool:
    """Whether everything about a window is known now, and its first place reads the image."""
    lengths = [n for x in (*operation.inputs, *operation.outputs) for n in x.shape[1:]]
    return all(n.static for n in lengths) and all(a.reach(1) >= 1 for a in _axes(operation))


def _axes(operation: Operation) -> list[_Axis]:
    """The spatial axes of a window."""
    return [_Axis(operation, i) for i in range(len(operation.params["strides"]))]


class _Axis:
    """A spatial axis of a window operation."""

    def __init__(self, operation: Operation, axis: int) -> None:
        params = operation.params

        def integer(value: Dim | int) -> int:
            return Dim.of(value).offset

        window = params.get("window") or params.get("kernel") or operation.inputs[1].shape[:-2]
        self.window = integer(window[axis])
        self.stride = integer(params["strides"][axis])
        self.low = integer(params["padding"][axis][0])
        self.dilation = integer(params["dilation"][axis]) if "dilation" in params else 1

    def reach(self, places: int) -> int:
        """The indices of the image, counted from its first, that so many places read."""
        return (places - 1) * self.stride + (self.window - 1) * self.dilation + 1 - self.low


class _Cropper:
    """Shapes are those that are computed: the first lengths along each axis."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.producers = {y: o for o in flow.operations for y in o.outputs}
        # Beyond these lengths there are zeros only.
        self.zeros: dict[Value, Shape] = {}
        # What somebody reads.
        self.read: dict[Value, Shape] = {}
        self.writer = Writer(flow.inputs, {})
        self.new: dict[Value, Value] = {x: x for x in flow.inputs}

    def run(self) -> Flow:
        for operation in self.flow.operations:
            for y in operation.outputs:
                self.zeros[y] = self.zeros_of(operation, y)
        for y in self.flow.outputs:
            self.reads(y, y.shape)
        for operation in reversed(self.flow.operations):
            self.operands(operation)
        changed = any(self.computed(y) != y.shape for o in self.flow.operations for y in o.outputs)
        if not changed:
            return self.flow
        for operation in self.flow.operations:
            self.write(operation)
        outputs = [self.get(y, y.shape) for y in self.flow.outputs]
        return Flow(self.flow.inputs, self.writer.operations, outputs)

    # --- what is there and what is read

    def zero(self, x: Value) -> Shape:
        """Lengths beyond which x is zero."""
        return self.zeros.get(x, x.shape)

    def computed(self, x: Value) -> Shape:
        """Lengths that are computed: those that are read, without what is zero anyway."""
        if x not in self.producers:
            return x.shape
        read = self.read.get(x, x.shape)
        return tuple(_least(a, b) for a, b in zip(read, self.zero(x), strict=True))

    def reads(self, x: Value, shape: Shape) -> None:
        """Note that somebody reads so much of x."""
        before = self.read.get(x)
        self.read[x] = shape if before is None else _longest(before, shape)

    def zeros_of(self, operation: Operation, y: Value) -> Shape:
        name = operation.name
        if name == "select" or (name in _KEEP_ZERO and y.dtype.kind != "b"):
            operands = operation.inputs[name == "select" :]
            shapes = [self.zero(x) for x in operands if not self.is_zero(x)]
            return functools.reduce(_longest, shapes) if shapes else y.shape
        if name in _SPREAD and _fixed(operation):
            g = operation.inputs[1 if name == "window_scatter" else 0]
            return self.image_of(operation, self.zero(g), y.shape)
        return y.shape

    def is_zero(self, x: Value) -> bool:
        """Whether x is zero everywhere."""
        operation = self.producers.get(x)
        if operation is None or not isinstance(operation.kind, Number):
            return False
        number = operation.kind.value
        return isinstance(number, (int, float)) and number == 0

    def image_of(self, operation: Operation, places: Shape, image: Shape) -> Shape:
        """What some places of a window read of an image."""
        found = [
            _least(Dim(0, max(1, axis.reach(p.offset))), n)
            for axis, p, n in zip(_axes(operation), places[1:-1], image[1:-1], strict=True)
        ]
        return (image[0], *found, image[-1])

    def operands(self, operation: Operation) -> None:
        """Note what an operation reads of its inputs."""
        if not any(y in self.read for y in operation.outputs) and not has_effects(operation):
            return
        name, inputs = operation.name, operation.inputs
        if operation.family == "elementwise":
            for x in inputs:
                self.reads(x, self.computed(operation.outputs[0]))
        elif operation.family == "window" and _fixed(operation):
            self.window_operands(operation)
        elif name == "reduce_sum":
            (x,) = inputs
            axes = operation.params["axes"]
            zero = self.zero(x)
            self.reads(x, tuple(zero[i] if i in axes else n for i, n in enumerate(x.shape)))
        else:
            for x in inputs:
                self.reads(x, x.shape)

    def window_operands(self, operation: Operation) -> None:
        name, inputs = operation.name, operation.inputs
        places = self.places(operation)
        if name in ("window_max", "window_sum", "window_select"):
            for x in inputs:
                self.reads(x, self.image_of(operation, places, x.shape))
            return
        first, *others = inputs
        if name in ("conv", "conv_filter_gradient", "window_scatter"):
            self.reads(first, self.image_of(operation, places, first.shape))
        else:
            self.reads(first, (first.shape[0], *places[1:-1], first.shape[-1]))
        for x in others:
            filters = name in ("conv", "conv_input_gradient")
            self.reads(x, x.shape if filters else (x.shape[0], *places[1:-1], x.shape[-1]))

    def places(self, operation: Operation) -> Shape:
        """The places of a window that are computed, or that hold anything but zeros."""
        name = operation.name
        if name in _SEEN:
            return self.computed(operation.outputs[0])
        return self.zero(operation.inputs[0 if _gradient_first(name) else 1])

    # --- writing

    def get(self, x: Value, shape: Shape) -> Value:
        """The first part of x: less than is computed, or more, where that is zero."""
        new, w = self.new[x], self.writer
        smaller = tuple(map(_least, new.shape, shape))
        if smaller != new.shape:
            new = self.part(new, smaller)
        if smaller == shape:
            return new
        zeros = (ZERO,) * len(shape)
        high = tuple(a.minus(b) for a, b in zip(shape, smaller, strict=True))
        around = w.number(0, Value((), x.dtype))
        params = {"low": zeros, "high": high, "inner": zeros}
        return w.apply("pad", (new, around), shape, x.dtype, **params)

    def part(self, x: Value, shape: Shape) -> Value:
        """The first part of a new value."""
        w = self.writer
        number = w.number_of(x)
        if number is not None:
            return w.number(number, Value(shape, x.dtype))
        repeated = w.made(x, "broadcast_to")
        if repeated is not None:
            (source,) = repeated.inputs
            cut = shape[len(shape) - len(source.shape) :]
            inner = tuple(n if n == ONE else m for n, m in zip(source.shape, cut, strict=True))
            return w.broadcast(source if inner == source.shape else self.part(source, inner), shape)
        return w.slice(x, (ZERO,) * len(shape), shape, (1,) * len(shape))

    def write(self, operation: Operation) -> None:
        if not any(y in self.read for y in operation.outputs) and not has_effects(operation):
            return
        inputs: tuple[Value, ...]
        if operation.family == "window" and _fixed(operation):
            self.write_window(operation)
            return
        if operation.family == "elementwise":
            (y,) = operation.outputs
            shape = self.computed(y)
            inputs = tuple(self.get(x, shape) for x in operation.inputs)
            out = y if shape == y.shape else Value(shape, y.dtype)
            self.add(operation, inputs, (out,), operation.params)
            return
        if operation.name == "reduce_sum":
            (x,) = operation.inputs
            zero, axes = self.zero(x), operation.params["axes"]
            shape = tuple(zero[i] if i in axes else n for i, n in enumerate(x.shape))
            inputs = (self.get(x, shape),)
        else:
            inputs = tuple(self.get(x, x.shape) for x in operation.inputs)
        self.add(operation, inputs, operation.outputs, operation.params)

    def write_window(self, operation: Operation) -> None:
        name, (y,) = operation.name, operation.outputs
        places = self.places(operation)
        image = y if name in _SPREAD else operation.inputs[0]
        seen = self.image_of(operation, places, image.shape)
        params = dict(operation.params)
        params["padding"] = tuple(
            (axis.low, max(0, axis.reach(p.offset) - n.offset))
            for axis, p, n in zip(_axes(operation), places[1:-1], seen[1:-1], strict=True)
        )
        if "input_shape" in params:
            params["input_shape"] = seen
        inputs = []
        for i, x in enumerate(operation.inputs):
            shape = x.shape
            if (i == 0 and not _gradient_first(name)) or name == "window_select":
                shape = seen
            elif (i == 0) == _gradient_first(name) and name != "conv":
                shape = (x.shape[0], *places[1:-1], x.shape[-1])
            inputs.append(self.get(x, shape))
        out = y.shape
        if name in _SPREAD:
            out = seen
        elif name in _SEEN:
            out = places
        self.add(operation, tuple(inputs), (y if out == y.shape else Value(out, y.dtype),), params)

    def add(
        self,
        operation: Operation,
        inputs: tuple[Value, ...],
        outputs: Sequence[Value],
        params: dict[str, object],
    ) -> None:
        found = self.writer.add(Operation(operation.kind, inputs, tuple(outputs), params))
        self.new.update(zip(operation.outputs, found, strict=True))


def _gradient_first(name: str) -> bool:
    """Whether the gradient that flows in is the first operand."""
    return name in ("conv_input_gradient", "window_sum_gradient")


def _least(a: Dim, b: Dim) -> Dim:
    """The smaller of two lengths of one axis; only static ones are ever cropped."""
    return a if a == b or not (a.static and b.static) else Dim(0, min(a.offset, b.offset))


def _most(a: Dim, b: Dim) -> Dim:
    return a if a == b or not (a.static and b.static) else Dim(0, max(a.offset, b.offset))


def _longest(one: Shape, other: Shape) -> Shape:
    """The longer of two lengths along each axis."""
    return tuple(map(_most, one, other))
