"""A primitive's NumPy reference as what a HostCall computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from thalweg.compiler.dims import Dim
from thalweg.primitives.primitive import Primitive

__all__ = ["Reference"]


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A function of the batch size and of arrays; lengths in the parameters may be Dims."""

    primitive: Primitive
    params: dict[str, Any]

    def __call__(self, n: int, *arrays: Any) -> tuple[Any, ...]:
        found = self.primitive.evaluate(*arrays, **_at(self.params, n))
        return tuple(found) if self.primitive.multiple else (found,)


def _at(value: Any, n: int) -> Any:
    """Parameters with lengths for a batch of n."""
    if isinstance(value, Dim):
        return value.at(n)
    if isinstance(value, dict):
        return {name: _at(inner, n) for name, inner in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(_at(inner, n) for inner in value)
    return value
