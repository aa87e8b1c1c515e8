"""Finding what belongs to a layer: variables, layers and the like among its attributes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from thalweg.tensor.variable import Variable

__all__ = ["members", "unique"]

# Attributes that refer to others without owning them.
_FOREIGN = frozenset({"_inbound_nodes", "_auto_config", "_graph", "_losses", "_input_tensors"})
# Most attributes are one of these; a training step looks for members often.
_LEAVES = frozenset({type(None), bool, int, float, str, np.ndarray})


def members(owner: Any, kind: type | tuple[type, ...]) -> list[Any]:
    """Attributes of the wanted kind, in the order in which they were set; lists and dicts too."""
    found: list[Any] = []
    for name, value in vars(owner).items():
        if type(value) not in _LEAVES and name not in _FOREIGN:
            _collect(value, kind, found)
    return found


def _collect(value: Any, kind: type | tuple[type, ...], found: list[Any]) -> None:
    if isinstance(value, kind):
        found.append(value)
    elif isinstance(value, (list, tuple, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            if type(item) not in _LEAVES:
                _collect(item, kind, found)


def unique(variables: Iterable[Variable]) -> list[Variable]:
    """Each variable once, at its first place."""
    found: dict[int, Variable] = {}
    for variable in variables:
        found.setdefault(id(variable), variable)
    return list(found.values())
