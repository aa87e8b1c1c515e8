"""A traced function for arguments some of whose lengths are open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thalweg.tensor.tensor import Tensor, TensorSpec
from thalweg.tracing.concrete import ConcreteFunction
from thalweg.tracing.signature import Call, Signature, as_leaf

__all__ = ["RelaxedFunction"]


class RelaxedFunction:
    """What `get_concrete_function` gives for specs with `None`: a graph for each set of lengths.

    Args:
        name: the function's name.
        signature: that of the function.
        call: a call with the specs for arguments.
        concrete: gives the concrete function for a call.
    """

    def __init__(
        self,
        name: str,
        signature: Signature,
        call: Call,
        concrete: Callable[[Call], ConcreteFunction],
    ) -> None:
        self.name = name
        self._signature = signature
        self._call = call
        self._concrete = concrete

    @property
    def inputs(self) -> list[TensorSpec]:
        """The specs of its tensor arguments, in order, with `None` for open lengths."""
        return [x for x in self._call.leaves if isinstance(x, TensorSpec)]

    def bound(self, *args: Any, **kwargs: Any) -> ConcreteFunction:
        """The concrete function for arguments of these shapes (tensors or specs)."""
        return self._concrete(self._fitting(args, kwargs))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run it; the arguments are those of the function, or its tensors alone, in order."""
        call = self._fitting(args, kwargs)
        return self._concrete(call).apply(call.tensors)

    def _fitting(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        if not kwargs and len(args) == len(self.inputs):
            tensors = iter([as_leaf(x) for x in args])
            leaves = [next(tensors) if isinstance(x, TensorSpec) else x for x in self._call.leaves]
            args, kwargs = self._call.arguments(leaves)
        call = self._signature.call(args, kwargs)
        same = len(call.leaves) == len(self._call.leaves) and call.key[0] == self._call.key[0]
        places = zip(call.leaves, self._call.leaves, call.key[1:], self._call.key[1:], strict=False)
        if not (same and all(_fits(x, spec) or a == b for x, spec, a, b in places)):
            given = ", ".join(f"{path}: {text}" for path, text in call.named_leaves())
            raise TypeError(f"The concrete function {self!r} was called with ({given}).")
        return call

    def __repr__(self) -> str:
        given = ", ".join(f"{path}: {text}" for path, text in self._call.named_leaves())
        return f"{self.name}({given})"


def _fits(x: Any, spec: Any) -> bool:
    if not isinstance(spec, TensorSpec) or not isinstance(x, (Tensor, TensorSpec)):
        return False
    return (
        x.dtype == spec.dtype
        and len(x.shape) == len(spec.shape)
        and all(b is None or a == b for a, b in zip(x.shape, spec.shape, strict=True))
    )
