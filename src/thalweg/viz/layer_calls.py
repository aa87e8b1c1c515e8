"""Which layers of a model are measured, and what they give while the model is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from thalweg.layers.layer import Layer
from thalweg.tensor.context import CONTEXT
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.tree import flatten
from thalweg.tracing.traceable import traceable

__all__ = ["heard", "named_layers"]

# What is inside of these layers is how they are made, not what the user built.
_OURS = "thalweg.layers."


def named_layers(model: Layer) -> dict[str, Layer]:
    """The innermost layers that the user put into a model, by name: `'encoder/dense'`.

    A layer that stands in the model twice is there once.
    """
    found: dict[str, Layer] = {}
    known: set[int] = set()

    def visit(layer: Layer, path: str) -> None:
        for inner in layer._sublayers():
            if id(inner) in known:
                continue
            known.add(id(inner))
            name = f"{path}{inner.name}"
            if type(inner).__module__.startswith(_OURS) or not inner._sublayers():
                found[_free(name, found)] = inner
            else:
                visit(inner, f"{name}/")

    visit(model, "")
    return found


def _free(name: str, taken: dict[str, Layer]) -> str:
    """Two layers of a subclass's lists may have one name."""
    numbered, number = name, 1
    while numbered in taken:
        numbered, number = f"{name}_{number}", number + 1
    return numbered


@contextmanager
def heard(layers: list[Layer], tell: Callable[[Layer, Tensor], None]) -> Iterator[None]:
    """Inside, `tell(layer, output)` is called after each call of one of the layers.

    An output that only exists inside of a loop of a traced graph is not told. Of several outputs
    it is the first.
    """
    graph, thread_context = CONTEXT.graph, CONTEXT

    def listening(layer: Layer) -> Callable[..., Any]:
        call = layer.call

        def called(*args: Any, **kwargs: Any) -> Any:
            outputs = traceable(call)(*args, **kwargs)
            first = next((y for y in flatten(outputs) if isinstance(y, Tensor)), None)
            if first is not None and thread_context.graph is graph:
                tell(layer, first)
            return outputs

        return called

    own = [vars(layer).get("call") for layer in layers]
    try:
        for layer in layers:
            vars(layer)["call"] = listening(layer)
        yield
    finally:
        for layer, before in zip(layers, own, strict=True):
            if before is None:
                vars(layer).pop("call", None)
            else:
                vars(layer)["call"] = before
