"""Loops on tensors: a body is traced until what it carries keeps its kind, then becomes a node."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from thalweg.primitives.control_flow import scan, while_
from thalweg.primitives.graph import Builder, Graph
from thalweg.primitives.host import has_effects
from thalweg.tensor.context import CONTEXT
from thalweg.tensor.dtypes import bool_, float32, float64, int32, int64, result_type
from thalweg.tensor.tensor import Tensor, TensorSpec
from thalweg.tracing.autograph.errors import Again, AutoGraphError
from thalweg.tracing.autograph.runtime import places, plans
from thalweg.tracing.autograph.runtime.bodies import inside, new_builder, raises
from thalweg.tracing.autograph.runtime.branches import if_, one_bool
from thalweg.tracing.autograph.runtime.frames import LoopFrame, Reoptioned
from thalweg.tracing.autograph.runtime.growth import Growth
from thalweg.tracing.autograph.runtime.holders import Assigned, Elsewhere, Holder, Local
from thalweg.tracing.autograph.runtime.session import user_line
from thalweg.tracing.autograph.runtime.state import Maybe, State, Undefined
from thalweg.tracing.autograph.runtime.values import is_number

__all__ = ["run_scan", "run_while", "traced_test"]

# How often a body is traced at most; each time it is known better what the loop carries.
_ATTEMPTS = 40
_USUAL = frozenset({bool_, int32, int64, float32, float64})


class _Loop:
    """A loop while it is traced."""

    def __init__(self, state: State, frame: LoopFrame) -> None:
        self.state = state
        self.frame = frame
        self.plans: dict[int, plans.Plan] = {}
        self.locals: list[Holder] = [Local(state, name) for name in state.live]
        self.elsewhere: dict[int, Holder] = {}
        self.probed = False

    def holders(self) -> list[Holder]:
        """All that is carried, known so far."""
        found = list(self.locals)
        for place in self.frame.places.values():
            if place.key not in self.frame.growths:
                found.append(self.elsewhere.setdefault(id(place), Elsewhere(place)))
        for variable in self.frame.variables.values():
            found.append(self.elsewhere.setdefault(id(variable), Assigned(variable)))
        return found

    def plan(self, holder: Holder) -> plans.Plan:
        found = self.plans.get(id(holder))
        if found is None:
            parts = isinstance(holder, Elsewhere) and holder.is_contents
            found = plans.planned(holder.get(), holder.numbers, parts)
            self.plans[id(holder)] = found
        return found

    def traced(
        self, run: Callable[[Sequence[Tensor]], Any], extra: Sequence[TensorSpec]
    ) -> tuple[Builder, list[Holder], list[Any]]:
        """Trace the body until the plans hold; its graph is left open for the outputs."""
        for _ in range(_ATTEMPTS):
            holders = self.holders()
            start = self.state.get()
            contents = [(holder, holder.get()) for holder in holders]
            self.frame.starts()
            try:
                builder, after = self._attempt(run, extra, holders)
            except Again as again:
                if again.frame is not self.frame or isinstance(again, Reoptioned):
                    raise
                continue
            finally:
                self.state.set(start)
                self.frame.restore()
                for holder, value in contents:
                    if isinstance(holder, Elsewhere):
                        holder.place.set(value)
            if not (self.frame.knows_all() and self._hold(holders, after)):
                continue
            if self.probed or not _has_narrow(builder.graph):
                return builder, holders, after
            self.probed = True
            if not self._narrowed(run, extra, holders, start):
                return builder, holders, after
        filename, line = user_line()
        raise AutoGraphError(
            f"{filename}:{line}: what this loop on tensors changes differs each time that its body "
            "is traced; keep what it changes in local variables."
        )

    def _narrowed(
        self,
        run: Callable[[Sequence[Tensor]], Any],
        extra: Sequence[TensorSpec],
        holders: Sequence[Holder],
        start: dict[str, Any],
    ) -> bool:
        """Find the dtypes of variables that start as Python numbers, which give way to tensors.

        The body runs once with the numbers themselves; where that fails the plans stay.
        """
        known = dict(self.plans)
        weak = [
            (h, plan)
            for h in holders
            if isinstance(plan := self.plan(h), plans.Carried) and is_number(plan.start)
        ]
        self.plans.update({id(h): plans.Fixed(plan.start) for h, plan in weak})
        try:
            after = dict(zip(holders, self._attempt(run, extra, holders)[1], strict=True))
        except (Exception, Again):
            return False
        finally:
            self.plans = known
            self.state.set(start)
            self.frame.restore()
        changed = False
        for holder, plan in weak:
            value = after[holder]
            dtype = value.dtype if isinstance(value, Tensor) else plan.dtype
            if dtype != plan.dtype and result_type(plan.start, dtype) == dtype:
                self.plans[id(holder)] = plans.Carried(dtype, plan.shape, plan.start)
                changed = True
        return changed

    def _attempt(
        self, run: Callable[[Sequence[Tensor]], Any], extra: Sequence[TensorSpec], holders: Any
    ) -> tuple[Builder, list[Any]]:
        specs = [spec for holder in holders for spec in plans.carried(self.plan(holder))]
        builder = new_builder([*specs, *extra])
        inputs = builder.graph.inputs
        with inside(builder, self.frame):
            self.fill(holders, iter(inputs[: len(specs)]))
            growths = list(self.frame.growths.values())
            for growth in growths:
                growth.before()
            try:
                _, raised = raises(self.frame, lambda: run(inputs[len(specs) :]))
                if raised:  # what it leaves behind does not matter
                    self.fill(holders, iter(inputs[: len(specs)]))
                for growth in growths:
                    if raised:
                        growth.nothing()
                    else:
                        growth.after()
                self._find_growth()
                after = [holder.get() for holder in holders]
            finally:
                for growth in growths:
                    growth.restore()
        return builder, after

    def fill(self, holders: Sequence[Holder], tensors: Iterator[Tensor]) -> None:
        for holder in holders:
            value = plans.filled(self.plan(holder), tensors)
            if isinstance(holder, Elsewhere):
                holder.place.set(value)
            else:
                holder.set(value)

    def _find_growth(self) -> None:
        """A list that got longer is not carried: its new elements become rows."""
        for key, place in self.frame.places.items():
            if key in self.frame.growths:
                continue
            if not isinstance(place, places.Contents) or not isinstance(place.container, list):
                continue
            holder = self.elsewhere[id(place)]
            plan = self.plan(holder)
            before = len(plan.plans) if isinstance(plan, plans.Parts) else 0
            if len(place.container) > before:
                self.frame.growths[key] = Growth(place.container)
                raise Again(self.frame)

    def _hold(self, holders: Sequence[Holder], after: Sequence[Any]) -> bool:
        """Whether the plans take in what the body left behind; if not, they are widened."""
        same = True
        for holder, value in zip(holders, after, strict=True):
            plan = self.plan(holder)
            try:
                new = plans.advanced(plan, value, holder.fragile)
            except plans.UnstableError as change:
                change.add_note(holder.label)
                raise
            same = same and new is plan
            self.plans[id(holder)] = new
        return same

    def finish(
        self,
        holders: Sequence[Holder],
        after: Sequence[Any],
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        certain: bool,
    ) -> None:
        """Give all that is carried its value after the loop.

        Args:
            holders: all that is carried.
            after: what the body leaves them with.
            inputs: the symbols that the body was given for them.
            outputs: what the loop gives.
            certain: whether there is a round in any case.
        """
        given, found = iter(inputs), iter(outputs)
        values = [
            plans.finished(self.plan(holder), value, given, found)
            for holder, value in zip(holders, after, strict=True)
        ]
        for holder, old, value in zip(holders, after, values, strict=True):
            if isinstance(value, Maybe):
                if certain and not isinstance(old, (Maybe, Undefined)):
                    value = value.value
                elif isinstance(holder, Elsewhere):
                    raise _without_value(holder)
            holder.set(value)


def _without_value(holder: Elsewhere) -> AutoGraphError:
    filename, line = user_line()
    return AutoGraphError(
        f"{filename}:{line}: {holder.label} gets its value in a loop on tensors, which may have no "
        "round that gives it one; give it a value before the loop."
    )


def _has_narrow(graph: Graph) -> bool:
    """Whether a dtype occurs that Python numbers would not take on by themselves."""
    used = [x for node in graph.nodes for x in node.inputs]
    return any(x.dtype not in _USUAL for x in used)


def _closed(builder: Builder, outputs: Callable[[], list[Tensor]]) -> Graph:
    with builder:
        tensors = outputs()
        builder.graph.outputs = tuple(builder.symbol(y) for y in tensors)
    return builder.graph


def _given_up(loop: _Loop, holders: Sequence[Holder], after: Sequence[Any]) -> list[Tensor]:
    return [
        tensor
        for holder, value in zip(holders, after, strict=True)
        for tensor in plans.given_up(loop.plan(holder), value)
    ]


def run_scan(
    body: Callable[[Sequence[Tensor]], None],
    test: Callable[[], Any] | None,
    state: State,
    sequences: Sequence[Tensor],
    length: int,
    frame: LoopFrame,
) -> None:
    """A loop with a known number of rounds.

    Args:
        body: runs one round, given one element of each sequence.
        test: whether there is a next round, if `break` or `return` or a condition can end it.
        state: what it assigns.
        sequences: their first axis is the round.
        length: the number of rounds.
        frame: notes what it changes elsewhere.
    """
    loop = _Loop(state, frame)

    def run(elements: Sequence[Tensor]) -> None:
        if test is None:
            body(elements)
        else:
            if_(test(), lambda: body(elements), lambda: None, state)

    specs = [TensorSpec(xs.shape[1:], xs.dtype) for xs in sequences]
    builder, holders, after = loop.traced(run, specs)
    growths = list(frame.growths.values())
    carries = sum(len(plans.carried(loop.plan(h))) for h in holders)
    graph = _closed(
        builder,
        lambda: [
            *_given_up(loop, holders, after),
            *(tensor for growth in growths for tensor in growth.outputs()),
        ],
    )
    first = [tensor for holder in holders for tensor in plans.starts(loop.plan(holder))]
    found = scan(
        *graph.captured,
        *first,
        *sequences,
        body=graph,
        carries=carries,
        length=length,
        reverse=False,
    )
    loop.finish(holders, after, graph.inputs, found[:carries], certain=length > 0)
    rest = iter(found[carries:])
    for growth in growths:
        growth.finish(rest)


def run_while(
    body: Callable[[Sequence[Tensor]], None],
    test: Callable[[Sequence[Tensor]], Any],
    state: State,
    counters: Sequence[Tensor],
    frame: LoopFrame,
) -> None:
    """A loop whose number of rounds is known only when the graph runs.

    Args:
        body: runs one round, given the counters.
        test: whether there is another round, given the counters.
        state: what the body assigns.
        counters: the start of whole numbers that go up by one each round.
        frame: notes what it changes elsewhere.
    """
    loop = _Loop(state, frame)
    specs = [TensorSpec(x.shape, x.dtype) for x in counters]
    builder, holders, after = loop.traced(body, specs)
    if frame.growths:
        filename, line = user_line()
        raise AutoGraphError(
            f"{filename}:{line}: a list grows in a loop whose number of rounds depends on a "
            "tensor, so its length would too; loop over a tensor or a range of known length, or "
            "write into a tensor of fixed size with ops.slice_update."
        )
    own = len(builder.graph.inputs) - len(counters)
    body_graph = _closed(
        builder,
        lambda: [
            *_given_up(loop, holders, after),
            *(x + 1 for x in builder.graph.inputs[own:]),
        ],
    )
    tester = new_builder([TensorSpec(x.shape, x.dtype) for x in builder.graph.inputs])
    start = state.get()
    contents = [(h, h.get()) for h in holders if isinstance(h, Elsewhere)]
    try:
        with inside(tester, frame):
            loop.fill(holders, iter(tester.graph.inputs[:own]))
            go = one_bool(test(tester.graph.inputs[own:]))
            tester.graph.outputs = (tester.symbol(go),)
    finally:
        state.set(start)
        for holder, value in contents:
            holder.place.set(value)
    first = [tensor for holder in holders for tensor in plans.starts(loop.plan(holder))]
    test_graph = tester.graph
    found = while_(
        *test_graph.captured,
        *body_graph.captured,
        *first,
        *counters,
        test=test_graph,
        body=body_graph,
    )
    loop.finish(holders, after, body_graph.inputs, found[:own], certain=False)


def traced_test(test: Callable[[], Any]) -> Any:
    """The condition of a loop, without what it does to the machine around if it is symbolic.

    The loop itself computes it again.
    """
    graph = CONTEXT.graph
    before = len(graph.graph.nodes) if isinstance(graph, Builder) else 0
    found = test()
    if not isinstance(found, (bool, np.bool_)) and isinstance(graph, Builder):
        nodes = graph.graph.nodes
        nodes[before:] = [node for node in nodes[before:] if not has_effects(node)]
    return found
