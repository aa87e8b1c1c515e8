"""What is written into the boxes and beside the lines of a pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.viz.backprop.result import BackwardPass, Edge, Node
from thalweg.viz.backprop.words import (
    in_brief,
    in_line,
    in_words,
    is_written_out,
    norm,
    number,
    shape_of,
)

__all__ = [
    "Note",
    "edge_texts",
    "flows_to",
    "is_brief",
    "is_plain",
    "notes_of",
    "sum_of_flows",
    "title_of",
]

MOST_WEIGHTS = 4
"""Of more weights the norm of all gradients together is told."""

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Note:
    """A small line in a box.

    Attributes:
        text: the line.
        kind: `'shape'`, `'weight'` (the gradient of a variable), `'weights'` (of all together) or
            `'sum'` (of what comes back).
    """

    text: str
    kind: str


def title_of(node: Node) -> str:
    """The name in a box; a constant is its value."""
    return node.label or in_words(node.value)


def notes_of(found: BackwardPass, node: Node) -> tuple[Note, ...]:
    """The small lines in the box of a node."""
    notes = []
    if node.value.size != 1 and (is_brief(found) or not is_written_out(node.shape)):
        notes.append(Note(shape_of(node.shape), "shape"))
    trained = [(w.name, w.gradient) for w in node.weights if w.gradient is not None]
    if len(trained) > MOST_WEIGHTS:
        together = norm(np.array([norm(gradient) for _, gradient in trained]))
        notes.append(Note(f"∇ of {len(trained)} weights norm {number(together)}", "weights"))
    else:
        notes += [Note(f"∇{name} {in_brief(gradient)}", "weight") for name, gradient in trained]
    total = sum_of_flows(found, node)
    if total:
        notes.append(Note(total, "sum"))
    return tuple(notes)


def sum_of_flows(found: BackwardPass, node: Node) -> str:
    """Where several gradients meet, their sum: `3 + 4 = 7`; else nothing."""
    flows = [g for g in (edge.gradient for edge in flows_to(found, node)) if g is not None]
    if len(flows) < 2 or node.gradient is None:
        return ""
    total = (in_brief if is_brief(found) else in_line)(node.gradient)
    # Within a layer one does not see all that uses what comes from outside.
    if node.gradient.size != 1 or len(flows) > 4 or not np.allclose(sum(flows), node.gradient):
        return f"Σ {total}"
    first, *rest = (in_line(g) for g in flows)
    return (
        first + "".join(f" − {r[1:]}" if r[0] == "−" else f" + {r}" for r in rest) + f" = {total}"
    )


def flows_to(found: BackwardPass, node: Node) -> list[Edge]:
    """The edges along which gradients come back to the value of a node.

    Another output of the same node is another value.
    """
    return [
        edge
        for edge in found.out_of(node.name)
        if edge.gradient is not None and edge.value is node.value
    ]


def edge_texts(found: BackwardPass, edge: Edge) -> tuple[str, str] | None:
    """Value and gradient beside a line; None for a constant, whose box is its value."""
    if is_plain(found, edge):
        return None
    say = in_brief if is_brief(found) else in_words
    return say(edge.value), "" if edge.gradient is None else say(edge.gradient)


def is_plain(found: BackwardPass, edge: Edge) -> bool:
    """Whether nothing stands beside a line: it comes from a constant, whose box is its value."""
    source = found[edge.source]
    return source.kind == "constant" and not source.label and edge.gradient is None


def is_brief(found: BackwardPass) -> bool:
    """Whether arrays are told by their norms.

    Those of layers are batches, of which a few rows say little.
    """
    return any(node.kind == "layer" for node in found)
