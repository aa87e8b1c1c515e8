"""Work in scans that can be done for all steps at once leaves them.

- A carry that only adds up (gradients of weights) becomes one sum after the scan; where what it
  adds is a product of matrices, one contraction that sums over the step too.
- A contraction of a sequence with something fixed is done before the scan, one whose result is
  only stacked is done after it.
"""

from __future__ import annotations

from collections import Counter

from thalweg.compiler.graph import Flow, Operation, Value
from thalweg.compiler.passes.scans import Carry, Pair, Scan
from thalweg.compiler.passes.stacking import Stacking, batched_contract
from thalweg.primitives.elementwise import add, sub

__all__ = ["join_sums", "lift_accumulations", "lift_contractions"]


def lift_accumulations(flow: Flow) -> Flow:
    """Carries that only add up become sums after the scan."""
    found: list[Operation] = []
    for operation in flow.operations:
        found.extend(_summed(operation) if operation.name == "scan" else [operation])
    return Flow(flow.inputs, found, flow.outputs)


def _uses(parts: Scan) -> Counter[Value]:
    uses = Counter(x for o in parts.operations for x in o.inputs)
    uses.update(c.after for c in parts.carries)
    uses.update(p.inner for p in parts.results)
    return uses


def _summed(operation: Operation) -> list[Operation]:
    parts = Scan.read(operation)
    uses = _uses(parts)
    makers = {y: o for o in parts.operations for y in o.outputs}
    stacking = Stacking(parts)
    kept: list[Carry] = []
    for carry in parts.carries:
        added = _added(carry, makers, uses)
        total = None if added is None else stacking.total(added)
        if total is None:
            kept.append(carry)
            continue
        kind = sub if makers[carry.after].name == "sub" else add
        stacking.operations.append(Operation(kind, (carry.start, total), (carry.final,), {}))
    if len(kept) == len(parts.carries):
        return [operation]
    gone = {c.before for c in parts.carries} - {c.before for c in kept}
    parts.carries = kept
    parts.operations = [o for o in parts.operations if gone.isdisjoint(o.inputs)]
    return [parts.operation(), *stacking.operations]


def _added(carry: Carry, makers: dict[Value, Operation], uses: Counter[Value]) -> Value | None:
    """What each step adds to a carry (or takes from it) that nothing else looks at."""
    maker = makers.get(carry.after)
    if maker is None or maker.name not in ("add", "sub"):
        return None
    if uses[carry.before] != 1 or uses[carry.after] != 1 or carry.before.dtype.kind != "f":
        return None
    a, b = maker.inputs
    if a is carry.before:
        return b
    return a if b is carry.before and maker.name == "add" else None


def join_sums(flow: Flow) -> Flow:
    """Two carries of which only the sum is used become one (gradients of outputs and states)."""
    needed = {x for o in flow.operations for x in o.inputs} | set(flow.outputs)
    found: list[Operation] = []
    for operation in flow.operations:
        found.extend(_one_sum(operation, needed) if operation.name == "scan" else [operation])
    return Flow(flow.inputs, found, flow.outputs)


def _one_sum(operation: Operation, needed: set[Value]) -> list[Operation]:
    parts = Scan.read(operation)
    uses = _uses(parts)
    free = {c.before: c for c in parts.carries if c.final not in needed and uses[c.before] == 1}
    before: list[Operation] = []
    for inner in list(parts.operations):
        if inner.name != "add" or not all(x in free for x in inner.inputs):
            continue
        a, b = (free[x] for x in inner.inputs)
        (total,) = inner.outputs
        start, after, final = (Value(total.shape, total.dtype) for _ in range(3))
        before.append(Operation(add, (a.start, b.start), (start,), {}))
        parts.operations.remove(inner)
        parts.operations.append(Operation(add, (a.after, b.after), (after,), {}))
        parts.carries = [c for c in parts.carries if c is not a and c is not b]
        parts.carries.append(Carry(start, total, after, final))
    return [*before, parts.operation()] if before else [operation]


def lift_contractions(flow: Flow) -> Flow:
    """Contractions of sequences go before the scan, those of which only the stack is used after."""
    found: list[Operation] = []
    for operation in flow.operations:
        if operation.name == "scan":
            found.extend(_before_and_after(operation))
        else:
            found.append(operation)
    return Flow(flow.inputs, found, flow.outputs)


def _before_and_after(operation: Operation) -> list[Operation]:
    parts = Scan.read(operation)
    before = Stacking(parts, inputs_only=True)
    rest: list[Operation] = []
    for inner in parts.operations:
        stack = _of_sequence(before, inner) if inner.name == "contract" else None
        if stack is None:
            rest.append(inner)
        else:
            (y,) = inner.outputs
            parts.sequences.append(Pair(stack, y))
    parts.operations = rest
    after = Stacking(parts)
    uses = _uses(parts)
    makers = {y: o for o in rest for y in o.outputs}
    for result in list(parts.results):
        maker = makers.get(result.inner)
        if maker is None or maker.name != "contract" or uses[result.inner] != 1:
            continue
        if not any(x in after.fixed for x in maker.inputs):
            continue
        parts.results.remove(result)
        stack = _of_variable(after, maker)
        if stack is None:
            parts.results.append(result)
        else:
            last = after.operations[-1]
            after.operations[-1] = Operation(last.kind, last.inputs, (result.outer,), last.params)
    if not before.operations and not after.operations:
        return [operation]
    return [*before.operations, parts.operation(), *after.operations]


def _of_sequence(stacking: Stacking, maker: Operation) -> Value | None:
    """For all steps: a contraction of a sequence with something that the scan captures."""
    return _with_fixed(stacking, maker, new=False)


def _of_variable(stacking: Stacking, maker: Operation) -> Value | None:
    """For all steps: a contraction of anything with something that the scan captures."""
    return _with_fixed(stacking, maker, new=True)


def _with_fixed(stacking: Stacking, maker: Operation, new: bool) -> Value | None:
    a, b = maker.inputs
    if (a in stacking.fixed) == (b in stacking.fixed):
        return None
    moving, still = (b, a) if a in stacking.fixed else (a, b)
    stack = stacking.stack(moving, new)
    fixed = None if stack is None else stacking.outside(still)
    if stack is None or fixed is None:
        return None
    if moving is a:
        return batched_contract(stacking, maker, stack, fixed, stack_is_left=True)
    return batched_contract(stacking, maker, fixed, stack, stack_is_left=False)
