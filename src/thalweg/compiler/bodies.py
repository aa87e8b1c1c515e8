"""How the inputs of `cond`, `while` and `scan` divide over the inputs of their bodies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from thalweg.compiler.graph import Flow, Operation

__all__ = ["bodies", "split_cond", "split_scan", "split_while"]

T = TypeVar("T")


def bodies(operation: Operation) -> dict[str, Flow]:
    """The bodies of an operation by the names of their parameters."""
    return {name: p for name, p in operation.params.items() if isinstance(p, Flow)}


def split_cond(inputs: Sequence[T], then: Flow) -> tuple[T, Sequence[T], Sequence[T]]:
    """The predicate, the captures of `then`, the captures of `otherwise`."""
    split = 1 + len(then.inputs)
    return inputs[0], inputs[1:split], inputs[split:]


def split_while(
    inputs: Sequence[T], test: Flow, body: Flow
) -> tuple[Sequence[T], Sequence[T], Sequence[T]]:
    """The captures of the condition, the captures of the body, the loop variables."""
    variables = len(body.outputs)
    a = len(test.inputs) - variables
    b = a + len(body.inputs) - variables
    return inputs[:a], inputs[a:b], inputs[b:]


def split_scan(operation: Operation) -> tuple[int, int, int]:
    """How many captures, carries and sequences a scan has.

    What it slices is known by its rank: outside it has one axis more than in the body.
    """
    body: Flow = operation.params["body"]
    pairs = zip(operation.inputs, body.inputs, strict=True)
    sequences = sum(len(outer.shape) != len(inner.shape) for outer, inner in pairs)
    carries: int = operation.params["carries"]
    return len(operation.inputs) - carries - sequences, carries, sequences
