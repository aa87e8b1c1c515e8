"""Flow: the graph that the passes work on, with lengths that may depend on the batch size.

A traced `Graph` knows static shapes only; `generalize` compares traces of several batch sizes and
makes a Flow of them. Constants are operations without inputs, so passes see one kind of thing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from thalweg.compiler.dims import Dim
from thalweg.primitives.primitive import Primitive
from thalweg.tensor.dtypes import DType

__all__ = ["ArrayConstant", "Flow", "Number", "Operation", "Value"]


@dataclass(slots=True, eq=False)
class Value:
    """What an operation gives: a tensor whose elements exist at run time."""

    shape: tuple[Dim, ...]
    dtype: DType

    def __repr__(self) -> str:
        return f"{self.dtype.name}[{', '.join(map(str, self.shape))}]"


@dataclass(frozen=True, slots=True, eq=False)
class Number:
    """One number in every place of the output; a Dim is a number that the batch size decides."""

    value: Any


@dataclass(frozen=True, slots=True, eq=False)
class ArrayConstant:
    """An array known now (read-only, of the output's shape)."""

    array: Any


@dataclass(slots=True, eq=False)
class Operation:
    """One application of a primitive, or a constant.

    Attributes:
        kind: a Primitive; Number or ArrayConstant for constants (then there are no inputs).
        params: those of the primitive, where integers that are lengths may be Dims, and the bodies
            of control flow are Flows, whose inputs are the body's captures, then its arguments.
    """

    kind: Primitive | Number | ArrayConstant
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The primitive's name; `number` or `array` for constants."""
        if isinstance(self.kind, Primitive):
            return self.kind.name
        return "number" if isinstance(self.kind, Number) else "array"

    @property
    def family(self) -> str:
        """The primitive's family; `constant` for constants."""
        return self.kind.family if isinstance(self.kind, Primitive) else "constant"


@dataclass(slots=True, eq=False)
class Flow:
    """A graph: inputs, operations in an order in which they can run, outputs."""

    inputs: list[Value]
    operations: list[Operation]
    outputs: list[Value]
