"""A primitive's NumPy reference as what a HostCall computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from thalweg.compiler.evaluate import bound
from thalweg.primitives.primitive import Primitive

__all__ = ["Reference"]


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A function of the batch size and of arrays; lengths in the parameters may be Dims."""

    primitive: Primitive
    params: dict[str, Any]

    def __call__(self, n: int, *arrays: Any) -> tuple[Any, ...]:
        found = self.primitive.evaluate(*arrays, **bound(self.params, n))
        return tuple(found) if self.primitive.multiple else (found,)
