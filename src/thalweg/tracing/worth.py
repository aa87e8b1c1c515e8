"""Worth: whether a step is compiled, or run operation by operation because it is run too rarely.

The decision depends on what is known of the step and on how often it runs, and on nothing that is
measured: the same program gives the same numbers each time.
"""

from __future__ import annotations

import math
import os
from typing import Protocol

from thalweg.primitives.graph import Graph, Node

__all__ = ["Compilable", "Worth", "seconds_by_operation", "seconds_to_compile"]

# Seconds of Python for one operation, and what NumPy computes in a second.
_OPERATION = 22e-6
_FLOPS = 5e10
_ELEMENTS = 8e8
# Seconds of compilation: once, and for each operation.
_START = 0.15
_EACH = 0.8e-3
# So few steps are not even traced.
_FEW = 4


class Compilable(Protocol):
    """What can be compiled.

    Attributes:
        seconds_by_operation: about how long one run takes operation by operation.
        seconds_to_compile: about how long it takes to compile it.
    """

    seconds_by_operation: float
    seconds_to_compile: float

    def start(self) -> None:
        """Begin to compile in the background."""


class Worth:
    """Counts the steps of one kind.

    `THALWEG_COMPILE` set to `always` compiles every step at once, `never` none.
    """

    def __init__(self) -> None:
        self._taken = 0
        wish = os.environ.get("THALWEG_COMPILE", "")
        self._always, self._never = wish == "always", wish == "never"

    def ran(self) -> None:
        """A step was run operation by operation."""
        self._taken += 1

    def tracing(self, steps: int, whole: bool = False) -> bool:
        """Whether to look at what a step does; the arguments are those of `compiling`."""
        return self._always or (not self._never and self._number(steps, whole) >= _FEW)

    def compiling(self, program: Compilable, steps: int, whole: bool = False) -> bool:
        """Whether to run the Program.

        Where the steps so far come near to what compiling takes, it begins in the background.

        Args:
            program: what could be compiled.
            steps: how many steps are known to come.
            whole: whether these are all that count. So it is in `fit`: a training that was
                interrupted goes on as it would have without that.
        """
        if self._always:
            return True
        spent = self._number(steps, whole) * program.seconds_by_operation
        if spent > program.seconds_to_compile:
            return True
        if 2 * spent > program.seconds_to_compile:
            program.start()
        return False

    def _number(self, steps: int, whole: bool) -> int:
        return steps if whole else self._taken + steps


def seconds_to_compile(graph: Graph) -> float:
    """About how long it takes to compile a graph."""
    return _START + _EACH * _count(graph)


def _count(graph: Graph) -> int:
    return sum(1 + sum(map(_count, _bodies(node))) for node in graph.nodes)


def _bodies(node: Node) -> list[Graph]:
    return [p for p in node.params.values() if isinstance(p, Graph)]


def seconds_by_operation(graph: Graph) -> float:
    """About how long NumPy takes to run a graph."""
    return sum(map(_seconds, graph.nodes))


def _seconds(node: Node) -> float:
    inner = sum(map(seconds_by_operation, _bodies(node)))
    if inner:
        return inner * int(node.params.get("length", 1))
    elements = sum(math.prod(y.shape) for y in node.outputs)
    return _OPERATION + elements / _ELEMENTS + _products(node) / _FLOPS


def _products(node: Node) -> int:
    """Floating-point operations of matrix products and convolutions."""
    if node.primitive.family == "contract":
        summed = math.prod(node.inputs[0].shape[i] for i in node.params["axes"][0])
        return 2 * math.prod(node.outputs[0].shape) * summed
    if node.primitive.name == "conv":
        return 2 * math.prod(node.outputs[0].shape) * math.prod(node.inputs[1].shape[:-1])
    if node.primitive.name == "conv_input_gradient":
        return 2 * math.prod(node.inputs[0].shape) * math.prod(node.inputs[1].shape[:-1])
    if node.primitive.name == "conv_filter_gradient":
        return 2 * math.prod(node.inputs[1].shape) * math.prod(node.outputs[0].shape[:-1])
    return 0
