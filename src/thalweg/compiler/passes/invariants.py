"""What does not change from step to step leaves the loop; numbers enter it as constants."""

from __future__ import annotations

from collections.abc import Sequence

from thalweg.compiler.bodies import split_cond, split_while
from thalweg.compiler.dims import Dim
from thalweg.compiler.graph import Flow, Number, Operation, Value
from thalweg.compiler.passes.scans import Carry, Pair, Scan, alias
from thalweg.compiler.passes.stacking import VIEWS
from thalweg.primitives.control_flow import while_
from thalweg.primitives.movement import broadcast_to, reshape

__all__ = ["hoist_invariants", "numbers_inside"]

Pairs = list[tuple[Value, Value]]


# --- numbers go in ----------------------------------------------------------------------------


def numbers_inside(flow: Flow) -> Flow:
    """Numbers that bodies capture become constants of the bodies; unchanged carries, captures."""
    numbers = {o.outputs[0]: o.kind for o in flow.operations if isinstance(o.kind, Number)}
    found: list[Operation] = []
    for operation in flow.operations:
        if operation.name == "scan":
            found.extend(_into_scan(operation, numbers))
        elif operation.name == "while":
            found.extend(_into_while(operation, numbers))
        elif operation.name == "cond":
            found.append(_into_cond(operation, numbers))
        else:
            found.append(operation)
    return Flow(flow.inputs, found, flow.outputs)


def _sunk(pairs: Pairs, numbers: dict[Value, Number]) -> tuple[Pairs, list[Operation]]:
    """The pairs that are no numbers and not there twice, and the operations for the others."""
    kept: Pairs = []
    first: dict[Value, Value] = {}
    operations = []
    for outer, inner in pairs:
        if outer in numbers:
            operations.append(Operation(numbers[outer], (), (inner,)))
        elif outer in first:
            operations.append(alias(first[outer], inner))
        else:
            first[outer] = inner
            kept.append((outer, inner))
    return kept, operations


def _into_scan(operation: Operation, numbers: dict[Value, Number]) -> list[Operation]:
    parts = Scan.read(operation)
    after = []
    carries: list[Carry] = []
    inside = {o.outputs[0]: o.kind for o in parts.operations if isinstance(o.kind, Number)}
    for carry in parts.carries:
        start, end = numbers.get(carry.start), inside.get(carry.after)
        same = start is not None and end is not None and repr(start.value) == repr(end.value)
        if carry.after is carry.before or same:
            parts.captures.append(Pair(carry.start, carry.before))
            after.append(alias(carry.start, carry.final))
        else:
            carries.append(carry)
    parts.carries = carries
    first = {p.inner for p in parts.captures}
    captures, sunk = _sunk([(p.outer, p.inner) for p in parts.captures], numbers)
    sequences, more = _sunk([(p.outer, p.inner) for p in parts.sequences], numbers)
    parts.captures = [Pair(x, y) for x, y in captures]
    parts.sequences = [Pair(x, y) for x, y in sequences]
    parts.operations = [*sunk, *more, *parts.operations]
    # A result that is a sequence, the same in every step, or there twice needs no stack of its own.
    known = {p.inner: p.outer for p in parts.sequences}
    results = []
    for result in parts.results:
        if result.inner in known:
            after.append(alias(known[result.inner], result.outer))
        elif result.inner in first:
            outer = next((p.outer for p in parts.captures if p.inner is result.inner), None)
            if outer is None:
                results.append(result)
                continue
            after.extend(_repeated(outer, result.outer))
        elif result.inner in inside:
            after.append(Operation(inside[result.inner], (), (result.outer,)))
        else:
            known[result.inner] = result.outer
            results.append(result)
    parts.results = results
    return [parts.operation(), *after]


def _repeated(x: Value, stack: Value) -> list[Operation]:
    row = Value((Dim(0, 1), *x.shape), x.dtype)
    return [
        Operation(reshape, (x,), (row,), {"shape": row.shape}),
        Operation(broadcast_to, (row,), (stack,), {"shape": stack.shape}),
    ]


def _into_while(operation: Operation, numbers: dict[Value, Number]) -> list[Operation]:
    test, body = operation.params["test"], operation.params["body"]
    of_test, of_body, starts = split_while(operation.inputs, test, body)
    a, b = len(of_test), len(of_body)
    pairs_test = list(zip(of_test, test.inputs[:a], strict=True))
    pairs_body = list(zip(of_body, body.inputs[:b], strict=True))
    after, kept = [], []
    for i, start in enumerate(starts):
        if body.outputs[i] is body.inputs[b + i]:
            pairs_test.append((start, test.inputs[a + i]))
            pairs_body.append((start, body.inputs[b + i]))
            after.append(alias(start, operation.outputs[i]))
        else:
            kept.append(i)
    pairs_test, sunk_test = _sunk(pairs_test, numbers)
    pairs_body, sunk_body = _sunk(pairs_body, numbers)
    small_test = Flow(
        [*(y for _, y in pairs_test), *(test.inputs[a + i] for i in kept)],
        [*sunk_test, *test.operations],
        test.outputs,
    )
    small_body = Flow(
        [*(y for _, y in pairs_body), *(body.inputs[b + i] for i in kept)],
        [*sunk_body, *body.operations],
        [body.outputs[i] for i in kept],
    )
    outer = (*(x for x, _ in pairs_test), *(x for x, _ in pairs_body), *(starts[i] for i in kept))
    outputs = tuple(operation.outputs[i] for i in kept)
    params = {"test": small_test, "body": small_body}
    return [Operation(operation.kind, outer, outputs, params), *after]


def _into_cond(operation: Operation, numbers: dict[Value, Number]) -> Operation:
    then, otherwise = operation.params["then"], operation.params["otherwise"]
    flag, first, second = split_cond(operation.inputs, then)
    outer: list[Value] = []
    params = {}
    for name, branch, captured in (("then", then, first), ("otherwise", otherwise, second)):
        pairs, sunk = _sunk(list(zip(captured, branch.inputs, strict=True)), numbers)
        outer.extend(x for x, _ in pairs)
        operations = [*sunk, *branch.operations]
        params[name] = Flow([y for _, y in pairs], operations, branch.outputs)
    return Operation(operation.kind, (flag, *outer), operation.outputs, params)


# --- what is invariant goes out ---------------------------------------------------------------

# They cost nothing where they are, and would be written to memory outside of the loop.
_STAY = VIEWS | {"number", "array", "random_bits", "iota"}


def hoist_invariants(flow: Flow) -> Flow:
    """Computations in loops that depend on captures only are done once, before the loop."""
    found: list[Operation] = []
    for operation in flow.operations:
        if operation.name == "scan":
            parts = Scan.read(operation)
            pairs = [(p.outer, p.inner) for p in parts.captures]
            before, pairs, parts.operations = _hoisted(pairs, parts.operations)
            parts.captures = [Pair(x, y) for x, y in pairs]
            found.extend([*before, parts.operation()] if before else [operation])
        elif operation.name == "while":
            found.extend(_out_of_while(operation))
        else:
            found.append(operation)
    return Flow(flow.inputs, found, flow.outputs)


def _out_of_while(operation: Operation) -> list[Operation]:
    test, body = operation.params["test"], operation.params["body"]
    split = split_while(operation.inputs, test, body)
    before: list[Operation] = []
    outer: list[Value] = []
    params = {}
    for name, flow, captured in (("test", test, split[0]), ("body", body, split[1])):
        pairs = list(zip(captured, flow.inputs, strict=False))
        variables = flow.inputs[len(captured) :]
        more, pairs, operations = _hoisted(pairs, flow.operations)
        before.extend(more)
        outer.extend(x for x, _ in pairs)
        params[name] = Flow([*(y for _, y in pairs), *variables], operations, flow.outputs)
    if not before:
        return [operation]
    return [*before, Operation(while_, (*outer, *split[2]), operation.outputs, params)]


def _hoisted(
    pairs: Pairs, operations: Sequence[Operation]
) -> tuple[list[Operation], Pairs, list[Operation]]:
    """What to do before the loop, the captures with what it gives, and what stays inside."""
    outside = {inner: outer for outer, inner in pairs}
    makers: dict[Value, Operation] = {}
    before: list[Operation] = []
    stay: list[Operation] = []
    copied: dict[Value, Value] = {}

    def out(x: Value) -> Value:
        """The value outside that an invariant value inside has."""
        if x in outside:
            return outside[x]
        if x not in copied:
            copy(makers[x])
        return copied[x]

    def copy(operation: Operation) -> None:
        inputs = tuple(out(x) for x in operation.inputs)
        outputs = tuple(Value(y.shape, y.dtype) for y in operation.outputs)
        before.append(Operation(operation.kind, inputs, outputs, operation.params))
        copied.update(zip(operation.outputs, outputs, strict=True))

    captures = list(pairs)
    fixed = set(outside)
    for operation in operations:
        if operation.family == "host" or not all(x in fixed for x in operation.inputs):
            stay.append(operation)
            continue
        fixed.update(operation.outputs)
        makers.update(dict.fromkeys(operation.outputs, operation))
        if operation.name in _STAY:
            stay.append(operation)
            continue
        for x, y in zip(operation.outputs, map(out, operation.outputs), strict=True):
            outside[x] = y
            captures.append((y, x))
    return before, captures, stay
