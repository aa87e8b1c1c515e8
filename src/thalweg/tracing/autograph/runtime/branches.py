"""Conditions on tensors: the `if` statement and the conditional expression."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from thalweg import ops
from thalweg.ops.arguments import cast_to
from thalweg.ops.shaping import reshape
from thalweg.primitives.control_flow import cond
from thalweg.primitives.graph import Builder
from thalweg.primitives.host import check, has_effects
from thalweg.tensor.context import CONTEXT
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import bool_
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable
from thalweg.tracing.autograph.errors import AutoGraphError
from thalweg.tracing.autograph.runtime import places
from thalweg.tracing.autograph.runtime.bodies import inside, new_builder, raises
from thalweg.tracing.autograph.runtime.merging import FILL, ConflictError, Merging, filled
from thalweg.tracing.autograph.runtime.session import (
    SESSION,
    Frame,
    born_since,
    is_symbolic,
    user_line,
)
from thalweg.tracing.autograph.runtime.state import EMPTY, UNDEFINED, State
from thalweg.tracing.autograph.runtime.values import described

__all__ = ["BranchFrame", "choose", "if_", "if_exp", "one_bool"]

# The names that the lowering of `return` uses; what else a branch that has returned leaves behind
# does not matter.
RETURNED, RESULT = "ag__returned", "ag__result"


def one_bool(x: Any) -> Tensor:
    """The truth of a tensor, as one bool."""
    tensor = convert_to_tensor(x)
    if tensor.size != 1:
        raise ValueError(
            f"The truth value of a tensor with shape {tensor.shape} is ambiguous: "
            "use ops.any() or ops.all()."
        )
    return reshape(cast_to(tensor, bool_), ())


class BranchFrame(Frame):
    """Notes what a branch changes outside of local variables."""

    def __init__(self) -> None:
        super().__init__(len(SESSION.tries))
        self.old: dict[tuple[Any, ...], tuple[places.Place, Any]] = {}

    def writing(self, place: places.Place) -> None:
        if place.key not in self.old and not born_since(place.owner, self.births):
            self.old[place.key] = place, place.get()


class _Branch:
    """One branch, traced: its graph, and what it left behind."""

    def __init__(self, run: Callable[[], Any], state: State, start: dict[str, Any]) -> None:
        self.builder: Builder = new_builder(())
        frame = BranchFrame()
        self.written: dict[int, tuple[Variable, Tensor]] = {}
        self.places: dict[tuple[Any, ...], tuple[places.Place, Any]] = {}
        try:
            with inside(self.builder, frame) as scope:
                self.result, self.raised = raises(frame, run)
                self.values = state.get()
                self.written = scope.values
                self.places = {key: (p, p.get()) for key, (p, _) in frame.old.items()}
        finally:
            state.set(start)
            for place, old in frame.old.values():
                place.set(old)

    def value(self, name: str) -> Any:
        """The value of a local variable, where it matters."""
        exited = self.values.get(RETURNED) is True and name not in (RETURNED, RESULT)
        return FILL if self.raised or exited else self.values[name]

    def only_raises(self) -> bool:
        """Whether it does nothing but raise, with nothing computed for that."""
        graph = self.builder.graph
        return self.raised and len(graph.nodes) == 1

    def does_nothing(self) -> bool:
        return not (self.builder.graph.nodes or self.written or self.places or self.raised)


def choose(
    pred: Tensor,
    then: Callable[[], Any],
    otherwise: Callable[[], Any],
    state: State = EMPTY,
    known: str | None = None,
    what: str = "the result",
) -> Any:
    """Trace both branches of a condition; afterwards all that they assign has its value.

    Args:
        pred: one symbolic bool.
        then: the first branch.
        otherwise: the second.
        state: the local variables that they assign.
        known: the name of a flag that is True where the second branch is taken.
        what: the name of what they return, for messages.
    """
    start = state.get()
    first = _Branch(then, state, start)

    def second_run() -> Any:
        if known is not None:
            state.set({known: True})
        return otherwise()

    second = _Branch(second_run, state, start)
    if _only_a_check(pred, first, second):
        other = second if first.raised else first
        state.set({name: other.values[name] for name in state.live})
        return other.result
    merging = Merging(first.builder, second.builder)
    sides = first, second
    values = {}
    for name in state.live:
        pair = [side.value(name) for side in sides]
        if all(value is FILL for value in pair):  # it will not be read
            pair = [start[name], start[name]]
        values[name] = _merged(merging, pair, f"variable '{name}'", name, state)
    changed = _changed(sides, state)
    contents = [_merged_place(merging, place, sides) for place in changed]
    variables = {key: v for side in sides for key, (v, _) in side.written.items()}
    assigned = [_merged_variable(merging, v, sides) for v in variables.values()]
    results = [FILL if side.raised else side.result for side in sides]
    result = _merged(merging, results, what, None, state)

    outputs = _bound(pred, merging, sides)
    if first.raised and second.raised:
        raise SESSION.raised[-1]
    state.set({name: filled(template, outputs) for name, template in values.items()})
    for place, template in zip(changed, contents, strict=True):
        places.writing(functools.partial(_itself, place))
        place.set(filled(template, outputs))
    for variable, template in zip(variables.values(), assigned, strict=True):
        _write(variable, filled(template, outputs))
    return filled(result, outputs)


def _itself(place: places.Place) -> places.Place:
    return place


def _changed(sides: Sequence[_Branch], state: State) -> list[places.Place]:
    """The places that a branch changes, without the cells of local variables."""
    found = {key: place for side in sides for key, (place, _) in side.places.items()}
    own = {("cell", id(cell)) for cell in state.cells.values()}
    return [place for key, place in found.items() if key not in own]


def _write(variable: Variable, value: Tensor) -> None:
    if CONTEXT.variables is None:
        variable.assign(value)
    else:
        CONTEXT.variables.write(variable, value)


def _merged(
    merging: Merging, pair: Sequence[Any], label: str, name: str | None, state: State
) -> Any:
    a, b = pair
    try:
        return merging.merge(a, b, name in state.fragile)
    except ConflictError as conflict:
        filename, line = user_line()
        if name == RESULT:
            raise AutoGraphError(
                f"{filename}:{line}: a condition on a tensor decides whether the function returns "
                f"{described(a)} or {described(b)}; both must have the same structure and shape, "
                "so return values of one kind (None is none)."
            ) from conflict
        raise AutoGraphError(
            f"{filename}:{line}: after a condition on a tensor {label} would be {described(a)} or "
            f"{described(b)}; give it the same structure and shape in both branches, or a name of "
            "its own in each."
        ) from conflict


def _merged_place(merging: Merging, place: places.Place, sides: Any) -> Any:
    old = place.get()
    a, b = (
        FILL if s.raised else s.places[place.key][1] if place.key in s.places else old
        for s in sides
    )
    if isinstance(a, list) and isinstance(b, list) and len(a) != len(b):
        filename, line = user_line()
        raise AutoGraphError(
            f"{filename}:{line}: a condition on a tensor decides how long a list gets ({len(a)} or "
            f"{len(b)}); append in both branches, for example ops.where(condition, x, 0), and keep "
            "a count of those that matter."
        )
    if (a is UNDEFINED) != (b is UNDEFINED) and not (a is FILL or b is FILL):
        filename, line = user_line()
        raise AutoGraphError(
            f"{filename}:{line}: a condition on a tensor decides whether {place.label} has a "
            "value; give it one before the condition."
        )
    return _merged(merging, [a, b], place.label, None, EMPTY)


def _merged_variable(merging: Merging, variable: Variable, sides: Any) -> Any:
    present = variable._read()
    a, b = (
        FILL if s.raised else s.written[id(variable)][1] if id(variable) in s.written else present
        for s in sides
    )
    return merging.merge(a, b)


def _bound(pred: Tensor, merging: Merging, sides: tuple[_Branch, _Branch]) -> tuple[Tensor, ...]:
    graphs = []
    for i, side in enumerate(sides):
        with side.builder as builder:
            tensors = merging.outputs(i)
            builder.graph.outputs = tuple(builder.symbol(y) for y in tensors)
        graphs.append(builder.graph)
    then, otherwise = graphs
    if not merging.pairs and not any(has_effects(n) for g in graphs for n in g.nodes):
        return ()
    found: tuple[Tensor, ...] = cond(
        pred, *then.captured, *otherwise.captured, then=then, otherwise=otherwise
    )
    return found


def _only_a_check(pred: Tensor, first: _Branch, second: _Branch) -> bool:
    """`if wrong: raise ...` with nothing else needs no branches."""
    side, other = (first, second) if first.raised else (second, first)
    if not side.only_raises() or not other.does_nothing() or side.written or side.places:
        return False
    (node,) = side.builder.graph.nodes
    outer = {id(inner): x for x, inner in side.builder.graph.captures}
    condition = ops.logical_not(pred) if side is first else pred
    check(condition, *(outer[id(x)] for x in node.inputs[1:]), **node.params)
    return True


def if_(
    test: Any,
    then: Callable[[], Any],
    otherwise: Callable[[], Any],
    state: State = EMPTY,
    known: str | None = None,
) -> None:
    """The `if` statement."""
    if is_symbolic(test):
        choose(one_bool(test), then, otherwise, state, known)
    elif test:
        then()
    else:
        otherwise()


def if_exp(
    test: Any, then: Callable[[], Any], otherwise: Callable[[], Any], state: State = EMPTY
) -> Any:
    """`then if test else otherwise`."""
    if not is_symbolic(test):
        return then() if test else otherwise()
    return choose(one_bool(test), then, otherwise, state, None, "the conditional expression")
