"""The graph of a model that is a subclass, found by running its `call` on symbols."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from thalweg.layers.input import Input
from thalweg.layers.shapes import specs_of
from thalweg.naming import names_kept
from thalweg.tensor.tree import map_structure
from thalweg.training.functional import FunctionalGraph
from thalweg.training.model import Model

__all__ = ["followed"]


@contextmanager
def followed(model: Model) -> Iterator[FunctionalGraph | None]:
    """The graph of a built model for the block; None where its `call` needs values.

    A functional model has it. That of a subclass is made by one call with symbolic inputs, of
    which no trace is left afterwards: neither in the layers nor in the names that come next.
    """
    if model._graph is not None:
        yield model._graph
        return
    layers = [model, *model._flatten_layers()]
    before = [(len(layer._inbound_nodes), list(layer._losses)) for layer in layers]
    with names_kept():
        try:
            yield _called(model)
        finally:
            for layer, (calls, losses) in zip(layers, before, strict=True):
                del layer._inbound_nodes[calls:]
                layer._losses[:] = losses


def _called(model: Model) -> FunctionalGraph | None:
    shapes = model._build_shapes
    if not shapes:
        return None
    for dtype in (model.compute_dtype, "int32"):
        try:
            specs = specs_of(next(iter(shapes.values())), dtype)
            inputs = map_structure(
                lambda spec: Input(batch_shape=(None, *spec.shape[1:]), dtype=spec.dtype), specs
            )
            return FunctionalGraph(inputs, model.call(inputs), model.name)
        except Exception:  # whatever the user's code says to symbols, or to this dtype
            continue
    return None
