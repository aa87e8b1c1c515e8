"""Under which path the parts of a model are kept in a file: `layers/dense_1`, `optimizer`.

The path is that of Keras 3: a walk over the attributes of the objects, in which members of lists
and dicts are called by their class and number. Names of layers play no part in it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from thalweg.layers.layer import Layer
from thalweg.losses.loss import Loss
from thalweg.metrics.metric import Metric
from thalweg.naming import to_snake_case
from thalweg.optimizers.optimizer import Optimizer
from thalweg.training.model import Model
from thalweg.training.sequential import Sequential

__all__ = ["walk"]

_KINDS = (Layer, Optimizer, Metric, Loss)
# Where models keep what `layers` gives already, or what Keras does not keep at all.
_OF_MODELS = frozenset({"_graph", "_input_layer", "_stack"})


def walk(root: Any) -> Iterator[tuple[str, Any]]:
    """Pairs of path and object, each object once, parents before their parts.

    A part is looked for only after its parent was handed out, so the receiver may still make it.
    """
    yield from _object(root, "", set())


def _object(thing: Any, path: str, visited: set[int]) -> Iterator[tuple[str, Any]]:
    if id(thing) in visited:
        return
    visited.add(id(thing))
    yield path, thing
    for name, child in _attributes(thing):
        yield from _child(child, f"{path}/{name}" if path else name, visited, set())


def _child(
    child: Any, path: str, visited: set[int], containers: set[int]
) -> Iterator[tuple[str, Any]]:
    if isinstance(child, _KINDS):
        yield from _object(child, path, visited)
    elif isinstance(child, (list, tuple, dict)) and id(child) not in containers:
        containers.add(id(child))
        used: dict[str, int] = {}
        for item in list(child.values()) if isinstance(child, dict) else list(child):
            if isinstance(item, _KINDS):
                name = _numbered(to_snake_case(type(item).__name__), used)
            elif isinstance(item, (list, tuple, dict)):
                name = _numbered("container", used)
            else:
                continue
            yield from _child(item, f"{path}/{name}", visited, containers)


def _numbered(name: str, used: dict[str, int]) -> str:
    count = used.get(name, 0)
    used[name] = count + 1
    return f"{name}_{count}" if count else name


def _attributes(thing: Any) -> Iterator[tuple[str, Any]]:
    """Names and values of the attributes that its base class does not have, private ones last."""
    if isinstance(thing, Sequential) or (isinstance(thing, Model) and thing._graph is not None):
        yield "layers", thing.layers
    skipped = _names_of_base(next(kind for kind in _KINDS if isinstance(thing, kind)))
    for name in sorted(dir(thing), key=lambda n: f"~{n}" if n.startswith("_") else n):
        if name.startswith("__") or name in skipped:
            continue
        try:
            value = getattr(thing, name)
        except Exception:  # a property that has no value now
            continue
        yield name, value


@functools.cache
def _names_of_base(kind: type) -> frozenset[str]:
    bases: dict[type, Any] = {
        Layer: lambda: Layer(name="layer"),
        Optimizer: lambda: Optimizer(learning_rate=1.0, name="optimizer"),
        Metric: lambda: Metric(name="metric"),
        Loss: lambda: Loss(name="loss"),
    }
    return frozenset(dir(bases[kind]())) | _OF_MODELS
