"""What a graph asks of the machine around it while it runs: `print_` and `check`.

These primitives have no outputs, so nothing depends on them: passes that remove dead nodes keep the
family "host", and every node that holds one in a body (`has_effects` tells), in their order. The
gradient rules compute bodies again; they do so without the effects (`silent`).

A text is a tuple of parts: a string stands for itself, and `Field(i, conversion, spec)` for the
value of input i, formatted as an f-string would.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from thalweg.primitives.graph import Graph, Node
from thalweg.primitives.primitive import Primitive
from thalweg.tensor.dtypes import bool_
from thalweg.tensor.tensor import Tensor

__all__ = ["Field", "check", "has_effects", "print_", "rendered", "silent"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """The place of an input in a text.

    Attributes:
        place: which input.
        conversion: 'r', 's' or 'a' as in f-strings, '%' for a directive of the % operator, or ''.
        spec: the format specification, or the directive.
    """

    place: int
    conversion: str = ""
    spec: str = ""


Text = tuple[str | Field, ...]

_CONVERSIONS: dict[str, Callable[[Tensor], str]] = {"r": repr, "s": str, "a": ascii}


def rendered(parts: Text, values: tuple[Array, ...]) -> str:
    """A text with the values in it."""
    return "".join(p if isinstance(p, str) else _field(p, values[p.place]) for p in parts)


def _field(field: Field, value: Array) -> str:
    tensor = Tensor(np.asarray(value))
    if field.conversion == "%":
        return field.spec % (tensor.item() if tensor.size == 1 else tensor)
    shown = _CONVERSIONS[field.conversion](tensor) if field.conversion else tensor
    return format(shown, field.spec)


# --- print ------------------------------------------------------------------------------------
# Inputs: the values in the text.


def _print_rule(*inputs: Any, parts: Text, end: str, file: Any, flush: bool) -> tuple[()]:
    return ()


def _print_evaluate(*inputs: Array, parts: Text, end: str, file: Any, flush: bool) -> tuple[()]:
    # By name, since whoever captures a program's output replaces sys.stdout.
    stream = getattr(sys, file) if isinstance(file, str) else file
    print(rendered(parts, inputs), end=end, file=stream, flush=flush)
    return ()


print_ = Primitive("print", _print_rule, _print_evaluate, None, "host", multiple=True)


# --- check ------------------------------------------------------------------------------------
# Inputs: the condition, then the values in the text.


def _check_rule(condition: Any, *inputs: Any, parts: Text, error: Any, where: str) -> tuple[()]:
    if condition.shape != () or condition.dtype != bool_:
        raise ValueError(
            f"check: the condition must be one bool, got shape {condition.shape} of "
            f"{condition.dtype.name}."
        )
    return ()


def _check_evaluate(
    condition: Array, *inputs: Array, parts: Text, error: Any, where: str
) -> tuple[()]:
    if not condition:
        raise _raised(error, rendered(parts, inputs), where)
    return ()


def _raised(error: Any, text: str, where: str) -> BaseException:
    """The exception to raise: of a class, made with the text; else this one, which has its own."""
    if isinstance(error, type):
        found = error(text) if text else error()
    else:
        found = error.with_traceback(None)
        found.__notes__ = []
    if where:
        found.add_note(f"raised at {where}")
    return found


check = Primitive("check", _check_rule, _check_evaluate, None, "host", multiple=True)


# --- effects in graphs ------------------------------------------------------------------------


def _bodies(node: Node) -> list[Graph]:
    return [value for value in node.params.values() if isinstance(value, Graph)]


def has_effects(node: Node) -> bool:
    """Whether a node, or one in a body of it, acts on the machine around."""
    return node.primitive.family == "host" or any(
        has_effects(inner) for body in _bodies(node) for inner in body.nodes
    )


def silent(graph: Graph) -> Graph:
    """The graph without its effects; itself if it has none."""
    if not any(map(has_effects, graph.nodes)):
        return graph
    nodes = []
    for node in graph.nodes:
        if node.primitive.family == "host":
            continue
        if has_effects(node):
            params = {k: silent(v) if isinstance(v, Graph) else v for k, v in node.params.items()}
            node = replace(node, params=params)
        nodes.append(node)
    return Graph(graph.inputs, graph.captures, nodes, graph.outputs)
