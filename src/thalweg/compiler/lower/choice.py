"""Which values are stored in memory, and which are computed where they are used.

What is cheap is computed again in each kernel that uses it; what is dear, used by something that
needs a buffer, or would be computed once for every element of a larger tensor, is stored.
"""

from __future__ import annotations

from dataclasses import dataclass

from thalweg.compiler.dims import Dim, product
from thalweg.compiler.graph import Flow, Number, Operation, Value
from thalweg.compiler.ir.expression import Buffer, Expression, Load
from thalweg.compiler.ir.index import Index, Var
from thalweg.compiler.lower.elements import VIEWS, VIRTUAL, Elements, Place, linear
from thalweg.compiler.render.llvm.elementwise import supported

__all__ = ["SPECIAL", "Choice", "choose", "is_special", "is_virtual"]

# Arithmetic that costs about one cycle a vector counts 1.
_COSTS = {"div": 3, "sqrt": 3, "rsqrt": 3, "floor_div": 6, "mod": 6, "stop_gradient": 0, "cast": 1}
_CHEAP = frozenset(
    {"neg", "abs", "sign", "floor", "ceil", "trunc", "round", "not", "add", "sub", "mul", "max"}
    | {"min", "and", "or", "xor", "shift_left", "shift_right", "eq", "ne", "lt", "le", "gt", "ge"}
    | {"select", "bitcast", "isfinite"}
)
_TRANSCENDENTAL = 10
_RANDOM = 30
# Up to this much is computed again rather than stored.
_RECOMPUTED = 2
# What one expression may grow to (it is a tree, seen from its root).
_LARGEST = 48
# A typical batch, for deciding what is large.
TYPICAL = 32


# Families whose operations, most of them, have kernels of their own.
SPECIAL = frozenset(
    {"attention", "cumulative", "control_flow", "fft", "gather", "host", "linalg", "order"}
    | {"scatter", "special"}
)


def is_virtual(operation: Operation) -> bool:
    """Whether elements of the output can be computed one by one from elements of the inputs."""
    if operation.name in VIRTUAL:
        return True
    if operation.family != "elementwise":
        return False
    return supported(operation.name, operation.inputs[0].dtype, operation.params)


def is_special(operation: Operation) -> bool:
    """Whether an operation has a kernel of its own that nothing joins."""
    if operation.family == "elementwise":
        return not is_virtual(operation)
    if operation.family == "reduce":
        return operation.inputs[0].dtype.kind == "c"
    if operation.family == "contract":
        return operation.outputs[0].dtype.kind == "c"
    return operation.family in SPECIAL and operation.name not in VIRTUAL


def _own_cost(operation: Operation) -> int:
    name = operation.name
    if name == "random_bits":
        return _RANDOM
    if name in VIEWS or name == "iota":
        return 0
    if name in ("pad", "concat", "gather", "dynamic_slice"):
        return 1
    return _COSTS.get(name, 1 if name in _CHEAP else _TRANSCENDENTAL)


@dataclass(slots=True)
class Choice:
    """The result of `choose`.

    Attributes:
        producers: which operation gives each value (inputs of the flow have none).
        users: the operations that use each value, seen through views; an output counts as one.
        roots: values that operations of this flow compute and store, in order.
    """

    producers: dict[Value, Operation]
    users: dict[Value, int]
    roots: dict[Value, None]

    def dense(self, value: Value) -> Value:
        """The value whose buffer holds this one: reshapes are seen through."""
        while value not in self.roots:
            operation = self.producers.get(value)
            if operation is None or operation.name != "reshape":
                return value
            value = operation.inputs[0]
        return value


def choose(flow: Flow) -> Choice:
    """Decide for each value of a flow."""
    producers = {y: op for op in flow.operations for y in op.outputs}
    choice = Choice(producers, _users(flow), {})
    wanted = _wanted_dense(flow, choice)
    weights: dict[Value, int] = {}

    def weight(value: Value) -> int:
        return weights.get(value, 1)

    for op in flow.operations:
        if op.family == "constant":
            for y in op.outputs:
                if isinstance(op.kind, Number):
                    weights[y] = 0
                    if y in wanted:
                        choice.roots[y] = None
            continue
        if not is_virtual(op):
            choice.roots.update(dict.fromkeys(op.outputs))
            continue
        (y,) = op.outputs
        cost = _own_cost(op) + sum(map(weight, op.inputs))
        if op.name == "broadcast_to":
            _store_repeated(op, choice, weights)
            cost = weight(op.inputs[0])
        stored = y in wanted or cost > _LARGEST
        if not stored and op.name not in VIEWS and choice.users[y] > 1:
            loads = sum(weight(x) == 1 and _large(x) for x in op.inputs)
            stored = _work(cost, op, weights) > _RECOMPUTED or loads > 2
            # Rather than the product itself, what the epilogue makes of it.
            stored = stored or any(_only_here(x, choice) for x in op.inputs)
        if stored:
            choice.roots[y] = None
        else:
            weights[y] = cost
    _store_operands(flow, choice)
    order = {y: i for i, op in enumerate(flow.operations) for y in op.outputs}
    choice.roots = dict.fromkeys(sorted(choice.roots, key=order.__getitem__))
    return choice


def _only_here(value: Value, choice: Choice) -> bool:
    """Whether it is a product that one operation alone needs."""
    op = choice.producers.get(value)
    return op is not None and op.family in ("contract", "window") and choice.users[value] == 1


def _work(cost: int, op: Operation, weights: dict[Value, int]) -> int:
    """The arithmetic in a cost, without the loads."""
    return cost - sum(weights.get(x, 1) == 1 for x in op.inputs)


def _large(value: Value) -> bool:
    return product(value.shape).at(TYPICAL) > 1


def _store_repeated(op: Operation, choice: Choice, weights: dict[Value, int]) -> None:
    """What is dear is not computed once for each of the elements that it is repeated for."""
    source = op.inputs[0]
    if weights.get(source, 1) <= _RECOMPUTED or source not in choice.producers:
        return
    if product(source.shape) == product(op.outputs[0].shape):
        return
    base = source
    while base in choice.producers and choice.producers[base].name in VIEWS:
        base = choice.producers[base].inputs[0]
    inner = choice.producers.get(base)
    if inner is not None and inner.family != "constant" and base not in choice.roots:
        choice.roots[base] = None
        weights[base] = 1
        weights[source] = 1


def _users(flow: Flow) -> dict[Value, int]:
    """How many operations use a value, views counted as what uses them."""
    users: dict[Value, int] = {}
    for op in flow.operations:
        for y in op.outputs:
            users.setdefault(y, 0)
    for y in flow.outputs:
        users[y] = users.get(y, 0) + 1
    for op in reversed(flow.operations):
        for x in dict.fromkeys(op.inputs):
            number = users[op.outputs[0]] if op.name in VIEWS else 1
            users[x] = users.get(x, 0) + number
    return users


# Families whose kernels compute their operands' elements themselves.
_READS_ELEMENTS = frozenset({"elementwise", "movement", "reduce", "random", "contract", "constant"})


def _wanted_dense(flow: Flow, choice: Choice) -> set[Value]:
    """Values that something needs in a buffer, reshapes seen through."""
    wanted: set[Value] = set()
    for value in flow.outputs:
        wanted.add(_base(value, choice))
    for op in flow.operations:
        if op.name == "gather":
            wanted.add(_base(op.inputs[0], choice))
        elif op.name == "dynamic_slice":
            continue
        elif is_special(op) or op.family not in _READS_ELEMENTS:
            wanted |= {_base(x, choice) for x in op.inputs}
    return wanted


def _base(value: Value, choice: Choice) -> Value:
    while (op := choice.producers.get(value)) is not None and op.name == "reshape":
        value = op.inputs[0]
    return value


def _store_operands(flow: Flow, choice: Choice) -> None:
    """Operands of products are loads at places that grow evenly, seen through views at most."""

    def stored(value: Value, place: Place) -> Expression | None:
        op = choice.producers.get(value)
        if value in choice.roots or op is None or op.name == "array":
            buffer = Buffer("temporary", value.dtype, product(value.shape))
            return Load(buffer, linear(place, value.shape))
        return None

    elements = Elements(choice.producers, stored)
    for op in flow.operations:
        if op.family != "contract":
            continue
        for x in op.inputs:
            place = tuple(Index.of(Var("i", n) if n != Dim(0, 1) else 0) for n in x.shape)
            found = elements.at(x, place)
            even = isinstance(found, Load) and all(
                isinstance(atom, Var) for atom, _ in found.index.terms
            )
            if not even:
                base = x
                while base in choice.producers and choice.producers[base].name in VIEWS:
                    base = choice.producers[base].inputs[0]
                again = None
                inner = choice.producers.get(base)
                if inner is not None and inner.family != "constant" and base not in choice.roots:
                    choice.roots[base] = None
                    again = Elements(choice.producers, stored).at(x, place)
                if not (
                    isinstance(again, Load)
                    and all(isinstance(atom, Var) for atom, _ in again.index.terms)
                ):
                    choice.roots[x] = None
                elements = Elements(choice.producers, stored)
