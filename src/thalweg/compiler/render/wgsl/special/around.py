"""What kernels along one axis share: the tensor around it, lines from templates, lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import dedent

from thalweg.compiler.dims import Dim, product
from thalweg.compiler.render.wgsl.expressions import Emitter

__all__ = ["SIZE", "Around", "each", "largest", "write"]

# Invocations of a group where each works for itself.
SIZE = 64


@dataclass(frozen=True, slots=True)
class Around:
    """All axes before one, that one, all behind; an element is `(a * length + i) * trail + c`."""

    lead: Dim
    length: Dim
    trail: Dim

    @staticmethod
    def of(shape: Sequence[Dim], axis: int) -> Around:
        """Around an axis."""
        parts = shape[:axis], shape[axis : axis + 1], shape[axis + 1 :]
        return Around(*(product(tuple(part)) for part in parts))


def largest(dim: Dim, capacity: int) -> int:
    """The largest that a length can be."""
    return max(dim.at(1), dim.at(max(capacity, 1)))


def write(e: Emitter, template: str) -> None:
    """Lines as they stand in a template."""
    for text in dedent(template).strip("\n").split("\n"):
        e.line(text)


def each(e: Emitter, total: Dim) -> None:
    """Name the turn of this invocation `turn`, and leave if there are not so many."""
    write(
        e,
        f"""
        let turn = group * {SIZE} + thread;
        if (turn >= {e.length(total)}) {{ return; }}
        """,
    )
