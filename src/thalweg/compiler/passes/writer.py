"""Writer: builds a Flow operation by operation; rules simplify each one before it is written.

A Flow is rewritten in one walk: each operation is offered, with its inputs already rewritten, to
the rules of its primitive; a rule answers with a value that is as good, or None. Operations that
were written before are not written twice. What nothing needs in the end is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from thalweg.compiler.bodies import bodies
from thalweg.compiler.constants import one_number
from thalweg.compiler.dims import Dim, NotAffineError, product
from thalweg.compiler.graph import ArrayConstant, Flow, Number, Operation, Value
from thalweg.primitives.primitive import PRIMITIVES, Primitive
from thalweg.tensor.dtypes import DType

__all__ = [
    "Call",
    "Rule",
    "Rules",
    "Writer",
    "has_effects",
    "live",
    "number_of_elements",
    "on",
    "rewrite",
]

Shape = tuple[Dim, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A primitive about to be applied; of primitives with one output only."""

    name: str
    inputs: tuple[Value, ...]
    params: dict[str, Any]
    shape: Shape
    dtype: DType


# From an application to a value that is as good, or None if the rule does not fit.
Rule = Callable[["Writer", Call], Value | None]
Rules = dict[str, list[Rule]]


def on(rules: Rules, *names: str) -> Callable[[Rule], Rule]:
    """A decorator that enters a rule in a table, for the primitives with these names."""

    def enter(rule: Rule) -> Rule:
        for name in names:
            rules.setdefault(name, []).append(rule)
        return rule

    return enter


_COMMUTATIVE = frozenset({"add", "mul", "max", "min", "and", "or", "xor", "eq", "ne"})


class Writer:
    """The Flow that is being written.

    Args:
        inputs: its inputs.
        rules: what to try before an operation is written, by the name of the primitive.
    """

    def __init__(self, inputs: Iterable[Value], rules: Rules) -> None:
        self.rules = rules
        self.operations: list[Operation] = []
        self._made: dict[Value, Operation] = {}
        self._known: dict[Any, tuple[Value, ...]] = {}
        self._places: dict[Value, int] = {}
        self._uses: Counter[Value] = Counter()
        for x in inputs:
            self._places[x] = len(self._places)

    # --- looking at what is there

    def made(self, x: Value, name: str) -> Operation | None:
        """The operation that gives x, if it is of this name."""
        operation = self._made.get(x)
        return operation if operation is not None and operation.name == name else None

    def source(self, x: Value) -> Operation | None:
        """The operation that gives x; None for an input."""
        return self._made.get(x)

    def number_of(self, x: Value) -> Any:
        """The number that stands in every place of x (a Dim where the batch decides), or None."""
        operation = self._made.get(x)
        if operation is not None and isinstance(operation.kind, Number):
            return operation.kind.value
        return None

    def array_of(self, x: Value) -> Any:
        """The array that x is known to be, or None."""
        operation = self._made.get(x)
        if operation is not None and isinstance(operation.kind, ArrayConstant):
            return operation.kind.array
        return None

    def rows(self, x: Value) -> tuple[Value, Shape] | None:
        """For a tensor repeated along axes: what is repeated, and the shape in which it is.

        A reshape that only adds axes of length 1, as after a reduction, is looked through.
        """
        repeated = self.made(x, "broadcast_to")
        if repeated is None:
            return None
        (source,) = repeated.inputs
        shaped = self.made(source, "reshape")
        return (source if shaped is None else shaped.inputs[0]), source.shape

    def used_once(self, x: Value) -> bool:
        """Whether only one operation needs x, so that x can change with it.

        What rules made on the way is needed by what they made it for.
        """
        return self._uses[x] <= 1

    def note_uses(self, x: Value, count: int) -> None:
        """So many operations of the old Flow need x."""
        self._uses[x] += count

    def written(self, name: str, *inputs: Value, **params: Any) -> Value | None:
        """What an application was written as before, if it was."""
        kind = PRIMITIVES[name]
        found = self._known.get(self._key(Operation(kind, inputs, (), params)))
        return None if found is None else found[0]

    def same(self, operation: Operation) -> tuple[Value, ...] | None:
        """The outputs of an operation written before that gives the same."""
        key = self._key(operation)
        return None if key is None else self._known.get(key)

    # --- writing

    def add(self, operation: Operation) -> tuple[Value, ...]:
        """Write an operation, or find the one that gives the same; its outputs."""
        key = self._key(operation)
        if key is not None:
            known = self._known.get(key)
            if known is not None:
                return known
            self._known[key] = operation.outputs
        self.operations.append(operation)
        for y in operation.outputs:
            self._made[y] = operation
            self._places[y] = len(self._places)
        return operation.outputs

    def apply(
        self, name: str, inputs: Sequence[Value], shape: Shape, dtype: DType, /, **params: Any
    ) -> Value:
        """Apply a primitive with one output, or what its rules say is as good."""
        call = Call(name, tuple(inputs), params, shape, dtype)
        for rule in self.rules.get(name, ()):
            found = rule(self, call)
            if found is not None:
                return found
        outputs = (Value(shape, dtype),)
        return self.add(Operation(PRIMITIVES[name], call.inputs, outputs, params))[0]

    def rewritten(self, operation: Operation, inputs: tuple[Value, ...]) -> tuple[Value, ...]:
        """Write an operation of the old Flow with its new inputs."""
        if isinstance(operation.kind, Primitive) and not operation.kind.multiple:
            (y,) = operation.outputs
            call = Call(operation.name, inputs, operation.params, y.shape, y.dtype)
            for rule in self.rules.get(operation.name, ()):
                found = rule(self, call)
                if found is not None:
                    return (found,)
        if inputs != operation.inputs:
            outputs = tuple(Value(y.shape, y.dtype) for y in operation.outputs)
            operation = Operation(operation.kind, inputs, outputs, operation.params)
        return self.add(operation)

    def _key(self, operation: Operation) -> Any:
        """Equal for operations that give the same; None for those that must all run."""
        kind = operation.kind
        y = operation.outputs[0] if operation.outputs else None
        if isinstance(kind, Number):
            # repr tells 0.0 from -0.0 and 1 from True, and NaN from nothing.
            assert y is not None
            return ("number", repr(kind.value), y.shape, y.dtype)
        if isinstance(kind, ArrayConstant):
            array = kind.array
            place = array.__array_interface__["data"][0]
            content = array.tobytes() if array.size <= 4096 else (place, array.strides)
            return ("array", array.shape, array.dtype, content)
        if kind.family in ("host", "control_flow"):
            return None
        inputs = [self._places[x] for x in operation.inputs]
        if kind.name in _COMMUTATIVE:
            inputs.sort()
        return (kind.name, *inputs, _frozen(operation.params))

    # --- short forms

    def constant(self, kind: Number | ArrayConstant, shape: Shape, dtype: DType) -> Value:
        """A constant; an array with one number everywhere becomes a Number."""
        if isinstance(kind, ArrayConstant):
            number = one_number(kind.array)
            if number is not None:
                kind = Number(number)
        return self.add(Operation(kind, (), (Value(shape, dtype),)))[0]

    def number(self, value: Any, like: Value | Call) -> Value:
        """One number everywhere, with the shape and dtype of something."""
        if like.dtype.kind == "f" and isinstance(value, int):
            value = float(value)
        return self.constant(Number(value), like.shape, like.dtype)

    def elementwise(self, name: str, *inputs: Value) -> Value:
        """An elementwise primitive; the dtype follows from its rule."""
        (spec,) = PRIMITIVES[name].specs(*inputs)
        return self.apply(name, inputs, inputs[0].shape, spec.dtype)

    def reshape(self, x: Value, shape: Shape) -> Value:
        """The same elements in another shape."""
        return self.apply("reshape", (x,), shape, x.dtype, shape=shape)

    def transpose(self, x: Value, axes: Sequence[int]) -> Value:
        """Axes in another order."""
        shape = tuple(x.shape[a] for a in axes)
        return self.apply("transpose", (x,), shape, x.dtype, axes=tuple(axes))

    def broadcast(self, x: Value, shape: Shape) -> Value:
        """Repeated to a shape."""
        return self.apply("broadcast_to", (x,), shape, x.dtype, shape=shape)

    def reduce(self, name: str, x: Value, axes: Sequence[int]) -> Value:
        """A reduction over axes."""
        shape = tuple(d for i, d in enumerate(x.shape) if i not in axes)
        return self.apply(name, (x,), shape, x.dtype, axes=tuple(axes))

    def contract(self, a: Value, b: Value, axes: Any, batch: Any) -> Value:
        """A contraction."""
        (spec,) = PRIMITIVES["contract"].specs(a, b, axes=axes, batch=batch)
        # The rule takes Dims as it takes integers.
        shape: Any = spec.shape
        return self.apply("contract", (a, b), shape, spec.dtype, axes=axes, batch=batch)

    def slice(self, x: Value, start: Shape, stop: Shape, step: tuple[int, ...]) -> Value:
        """A slice whose steps other than 1 are over static lengths."""
        shape: list[Dim] = []
        for a, b, s in zip(start, stop, step, strict=True):
            length = b.minus(a)
            shape.append(length if s == 1 else Dim(0, -(-length.offset // s)))
        return self.apply("slice", (x,), tuple(shape), x.dtype, start=start, stop=stop, step=step)

    def concat(self, xs: Sequence[Value], axis: int) -> Value:
        """Tensors one after another."""
        length = Dim(0, 0)
        for x in xs:
            length = length.plus(x.shape[axis])
        shape = (*xs[0].shape[:axis], length, *xs[0].shape[axis + 1 :])
        return self.apply("concat", xs, shape, xs[0].dtype, axis=axis)


def _frozen(param: Any) -> Any:
    if isinstance(param, Dim):
        return param
    if isinstance(param, dict):
        return tuple((k, _frozen(v)) for k, v in sorted(param.items()))
    if isinstance(param, (tuple, list)):
        return tuple(map(_frozen, param))
    if isinstance(param, (bool, float)):
        return repr(param)
    return Dim(0, param) if isinstance(param, int) else param


def number_of_elements(shape: Shape) -> Dim | None:
    """The number of elements, None where it is not affine in the batch size."""
    try:
        return product(shape)
    except NotAffineError:
        return None


def rewrite(flow: Flow, rules: Rules) -> Flow:
    """The Flow, and the bodies inside it, with the rules applied and nothing written twice."""
    writer = Writer(flow.inputs, rules)
    new: dict[Value, Value] = {x: x for x in flow.inputs}
    uses = Counter(x for operation in flow.operations for x in operation.inputs)
    uses.update(flow.outputs)
    for operation in flow.operations:
        inner = bodies(operation)
        if inner:
            params = operation.params | {k: rewrite(body, rules) for k, body in inner.items()}
            operation = Operation(operation.kind, operation.inputs, operation.outputs, params)
        found = writer.rewritten(operation, tuple(new[x] for x in operation.inputs))
        for old, y in zip(operation.outputs, found, strict=True):
            new[old] = y
            writer.note_uses(y, uses[old])
    return live(Flow(flow.inputs, writer.operations, [new[y] for y in flow.outputs]))


def live(flow: Flow) -> Flow:
    """Without the operations that neither an output nor the host needs."""
    needed = set(flow.outputs)
    kept = []
    for operation in reversed(flow.operations):
        if any(y in needed for y in operation.outputs) or has_effects(operation):
            kept.append(operation)
            needed.update(operation.inputs)
    return Flow(flow.inputs, kept[::-1], flow.outputs)


def has_effects(operation: Operation) -> bool:
    """Whether it does something besides giving values, so that it must run and stay in order."""
    if operation.family == "host":
        return True
    return any(has_effects(o) for body in bodies(operation).values() for o in body.operations)
