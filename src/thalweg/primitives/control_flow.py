"""Control flow inside a graph: `cond`, `while` and `scan`, whose bodies are graphs.

Eager code runs Python's own control flow; these primitives appear when a function is traced, so
that loops stay loops. What a body reads from outside (its captures) is an input of the primitive;
the variables that it assigns are outputs, or carried (see `bodies`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from thalweg.primitives.bodies import assign_outside, branches, loop_bodies, present
from thalweg.primitives.elementwise import zero_like
from thalweg.primitives.graph import Graph, evaluate_graph, inline
from thalweg.primitives.host import silent
from thalweg.primitives.primitive import Call, Primitive
from thalweg.primitives.reverse import Applied, backpropagate
from thalweg.tensor.context import CONTEXT
from thalweg.tensor.dtypes import bool_, differentiable
from thalweg.tensor.tensor import Tensor, TensorSpec

__all__ = ["bind_cond", "bind_scan", "bind_while", "cond", "scan", "while_"]

Array = np.ndarray[Any, Any]
Gradients = tuple[Tensor | None, ...]


class _Recording:
    """A tape of a few steps, for the gradient of a body."""

    def __init__(self) -> None:
        self.entries: list[Applied] = []

    def record(
        self,
        primitive: Primitive,
        inputs: tuple[Tensor, ...],
        params: dict[str, Any],
        outputs: tuple[Tensor, ...],
    ) -> None:
        self.entries.append(Applied(primitive, inputs, params, outputs))

    def variable_read(self, variable: Any, tensor: Tensor) -> None: ...

    def left(self, tensor: Tensor) -> None: ...


def _pull_back(
    graph: Graph,
    inputs: Sequence[Tensor],
    captures: Sequence[Tensor],
    cotangents: Sequence[Tensor],
    sources: Sequence[Tensor],
) -> tuple[Tensor, ...]:
    """Gradients of a body's outputs towards `sources`, zeros where nothing flows."""
    recording = _Recording()
    CONTEXT.recorders.append(recording)
    try:
        outputs = inline(silent(graph), inputs, captures)
    finally:
        CONTEXT.recorders.remove(recording)
    seeds = [(y, g) for y, g in zip(outputs, cotangents, strict=True) if differentiable(y.dtype)]
    gradients = backpropagate(recording.entries, seeds, sources)
    return tuple(gradients.get(id(x), zero_like(x)) for x in sources)


def _or_zeros(g: Gradients, outputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
    return tuple(
        zero_like(y) if gradient is None else gradient
        for gradient, y in zip(g, outputs, strict=True)
    )


def _specs(tensors: Sequence[Any]) -> tuple[TensorSpec, ...]:
    return tuple(TensorSpec(x.shape, x.dtype) for x in tensors)


# --- cond -------------------------------------------------------------------------------------
# Inputs: the predicate, captures of the first branch, captures of the second.


def _cond_rule(*inputs: Any, then: Graph, otherwise: Graph) -> tuple[TensorSpec, ...]:
    if inputs[0].shape != () or inputs[0].dtype != bool_:
        raise ValueError(
            f"cond: pred must be one bool, got shape {inputs[0].shape} of {inputs[0].dtype.name}."
        )
    first, second = _specs(then.outputs), _specs(otherwise.outputs)
    if first != second:
        raise ValueError(
            f"cond: both branches must return the same shapes and dtypes, got {list(first)} from "
            f"true_fn and {list(second)} from false_fn."
        )
    return first


def _cond_evaluate(*inputs: Array, then: Graph, otherwise: Graph) -> tuple[Array, ...]:
    split = 1 + len(then.captures)
    if inputs[0]:
        return evaluate_graph(then, (), inputs[1:split])
    return evaluate_graph(otherwise, (), inputs[split:])


def _cond_gradient(call: Call, g: Gradients) -> Gradients:
    then, otherwise = call.params["then"], call.params["otherwise"]
    split = 1 + len(then.captures)
    first, second = call.inputs[1:split], call.inputs[split:]
    cotangents = _or_zeros(g, call.outputs)

    def of_first() -> tuple[Tensor, ...]:
        found = _pull_back(then, (), first, cotangents, first)
        return (*found, *map(zero_like, second))

    def of_second() -> tuple[Tensor, ...]:
        found = _pull_back(otherwise, (), second, cotangents, second)
        return (*map(zero_like, first), *found)

    return (None, *bind_cond(call.inputs[0], of_first, of_second))


cond = Primitive("cond", _cond_rule, _cond_evaluate, _cond_gradient, "control_flow", multiple=True)


def bind_cond(
    pred: Tensor,
    true_fn: Callable[[], Sequence[Tensor]],
    false_fn: Callable[[], Sequence[Tensor]],
) -> tuple[Tensor, ...]:
    """Trace both branches and apply `cond`; what one assigns to variables is assigned here."""
    (then, otherwise), written = branches([true_fn, false_fn])
    found: tuple[Tensor, ...] = cond(
        pred, *then.captured, *otherwise.captured, then=then, otherwise=otherwise
    )
    count = len(found) - len(written)
    assign_outside(written, found[count:])
    return found[:count]


# --- while ------------------------------------------------------------------------------------
# Inputs: captures of the condition, captures of the body, loop variables.


def _while_split(inputs: Sequence[Any], test: Graph, body: Graph) -> tuple[Any, Any, Any]:
    a = len(test.captures)
    b = a + len(body.captures)
    return inputs[:a], inputs[a:b], inputs[b:]


def _while_rule(*inputs: Any, test: Graph, body: Graph) -> tuple[TensorSpec, ...]:
    variables = _specs(_while_split(inputs, test, body)[2])
    if _specs(test.outputs) != (TensorSpec((), bool_),):
        raise ValueError(f"while_loop: cond must return one bool, got {_specs(test.outputs)}.")
    _check_same("while_loop", variables, _specs(body.outputs))
    return variables


def _check_same(name: str, before: tuple[TensorSpec, ...], after: tuple[TensorSpec, ...]) -> None:
    if len(before) != len(after):
        raise ValueError(
            f"{name}: the body returns {len(after)} loop variables, expected {len(before)}."
        )
    for i, (a, b) in enumerate(zip(before, after, strict=True)):
        if a != b:
            raise ValueError(
                f"{name}: loop variable {i} must keep its shape and dtype, it was {a} and the "
                f"body returns {b}."
            )


def _while_evaluate(*inputs: Array, test: Graph, body: Graph) -> tuple[Array, ...]:
    of_test, of_body, variables = _while_split(inputs, test, body)
    while evaluate_graph(test, variables, of_test)[0]:
        variables = evaluate_graph(body, variables, of_body)
    return tuple(variables)


def _while_gradient(call: Call, g: Gradients) -> Gradients:
    raise ValueError(
        "while_loop: inside a traced function a gradient needs a bound on the number of steps; "
        "pass maximum_iterations."
    )


while_ = Primitive(
    "while", _while_rule, _while_evaluate, _while_gradient, "control_flow", multiple=True
)


def bind_while(
    test: Callable[..., Sequence[Tensor]],
    body: Callable[..., Sequence[Tensor]],
    variables: Sequence[Tensor],
) -> tuple[Tensor, ...]:
    """Trace condition and body and apply `while`; variables assigned in the body are carried."""
    (of_test, of_body), carried = loop_bodies([test, body], variables)
    if of_test.written:
        raise RuntimeError(
            f"while_loop: cond assigns to Variable '{of_test.written[0].name}'; it may only read "
            "variables, assign it in the body."
        )
    test_graph, body_graph = of_test.graph, of_body.graph
    test_graph.outputs = test_graph.outputs[: len(test_graph.outputs) - len(carried)]
    found: tuple[Tensor, ...] = while_(
        *test_graph.captured,
        *body_graph.captured,
        *variables,
        *present(carried),
        test=test_graph,
        body=body_graph,
    )
    assign_outside(carried, found[len(variables) :])
    return found[: len(variables)]


# --- scan -------------------------------------------------------------------------------------
# Inputs: captures of the body, the carry at the start, the sequences (first axis is the step).
# The body takes carry and one element of each sequence, and returns carry and outputs.


def _scan_split(inputs: Sequence[Any], body: Graph, carries: int) -> tuple[Any, Any, Any]:
    a = len(body.captures)
    return inputs[:a], inputs[a : a + carries], inputs[a + carries :]


def _scan_rule(
    *inputs: Any, body: Graph, carries: int, length: int, reverse: bool
) -> tuple[TensorSpec, ...]:
    _, carry, sequences = _scan_split(inputs, body, carries)
    for xs in sequences:
        if not xs.shape or xs.shape[0] != length:
            raise ValueError(
                f"scan: each of xs needs {length} steps on its first axis, got shape {xs.shape}."
            )
    start, results = _specs(carry), _specs(body.outputs)
    _check_same("scan", start, results[:carries])
    return (*start, *(TensorSpec((length, *y.shape), y.dtype) for y in results[carries:]))


def _scan_evaluate(
    *inputs: Array, body: Graph, carries: int, length: int, reverse: bool
) -> tuple[Array, ...]:
    captures, carry, sequences = _scan_split(inputs, body, carries)
    stacked = [np.empty((length, *y.shape), y.dtype) for y in body.outputs[carries:]]
    for step in reversed(range(length)) if reverse else range(length):
        results = evaluate_graph(body, (*carry, *(xs[step] for xs in sequences)), captures)
        carry = results[:carries]
        for ys, y in zip(stacked, results[carries:], strict=True):
            ys[step] = y
    return (*carry, *stacked)


def _scan_gradient(call: Call, g: Gradients) -> Gradients:
    """First the carries before each step are found again, then a scan runs the other way."""
    body: Graph = call.params["body"]
    k: int = call.params["carries"]
    length: int = call.params["length"]
    backward: bool = not call.params["reverse"]
    captures, start, sequences = _scan_split(call.inputs, body, k)

    def saving(*arguments: Tensor) -> tuple[Tensor, ...]:
        results = inline(silent(body), arguments, captures)
        return (*results[:k], *arguments[:k])

    saved = bind_scan(saving, start, sequences, length, reverse=not backward)[k:]

    moving = [i for i in range(k) if differentiable(start[i].dtype)]
    held = [i for i, x in enumerate(captures) if differentiable(x.dtype)]
    read = [i for i, x in enumerate(sequences) if differentiable(x.dtype)]
    cotangents = _or_zeros(g, call.outputs)

    def step(*arguments: Tensor) -> tuple[Tensor, ...]:
        rest = list(arguments)

        def take(count: int) -> list[Tensor]:
            taken, rest[:count] = rest[:count], []
            return taken

        to_carry = take(len(moving))
        to_captures = take(len(held))
        carry, elements = take(k), take(len(sequences))
        by_place = dict(zip(moving, to_carry, strict=True))
        outward = [by_place.get(i, zero_like(y)) for i, y in enumerate(body.outputs[:k])] + take(
            len(rest)
        )
        sources = (
            *(carry[i] for i in moving),
            *(captures[i] for i in held),
            *(elements[i] for i in read),
        )
        found = _pull_back(body, (*carry, *elements), captures, outward, sources)
        sums = [
            known + new
            for known, new in zip(
                to_captures, found[len(moving) : len(moving) + len(held)], strict=True
            )
        ]
        return (*found[: len(moving)], *sums, *found[len(moving) + len(held) :])

    initial = (*(cotangents[i] for i in moving), *(zero_like(captures[i]) for i in held))
    found = bind_scan(
        step, initial, (*saved, *sequences, *cotangents[k:]), length, reverse=backward
    )
    a, b = len(moving), len(moving) + len(held)
    return (
        *_spread(found[a:b], held, len(captures)),
        *_spread(found[:a], moving, k),
        *_spread(found[b:], read, len(sequences)),
    )


def _spread(values: Sequence[Tensor], places: list[int], length: int) -> list[Tensor | None]:
    known = dict(zip(places, values, strict=True))
    return [known.get(i) for i in range(length)]


scan = Primitive("scan", _scan_rule, _scan_evaluate, _scan_gradient, "control_flow", multiple=True)


def bind_scan(
    body: Callable[..., Sequence[Tensor]],
    carry: Sequence[Tensor],
    sequences: Sequence[Tensor],
    length: int,
    reverse: bool = False,
) -> tuple[Tensor, ...]:
    """Trace the body and apply `scan`: the last carry, then the stacked outputs.

    Variables assigned in the body are carried too, and assigned here.
    """
    elements = [TensorSpec(xs.shape[1:], xs.dtype) for xs in sequences]
    (traced,), carried = loop_bodies([body], (*carry, *elements))
    graph, k, more = traced.graph, len(carry), len(carried)
    # The variables stand last; they belong behind the carry.
    graph.inputs = _moved(graph.inputs, k, more)
    graph.outputs = _moved(graph.outputs, k, more)
    found: tuple[Tensor, ...] = scan(
        *graph.captured,
        *carry,
        *present(carried),
        *sequences,
        body=graph,
        carries=k + more,
        length=length,
        reverse=reverse,
    )
    assign_outside(carried, found[k : k + more])
    return (*found[:k], *found[k + more :])


def _moved(symbols: tuple[Any, ...], place: int, count: int) -> tuple[Any, ...]:
    """The last `count` moved to `place`."""
    end = len(symbols) - count
    return (*symbols[:place], *symbols[end:], *symbols[place:end])
