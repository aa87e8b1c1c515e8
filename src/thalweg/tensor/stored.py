"""Variables to and from a store with numbered entries, as layers and optimizers keep them."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from thalweg.tensor.variable import Variable

__all__ = ["assign_stored", "store_variables"]


def store_variables(variables: Sequence[Variable], store: MutableMapping[str, Any]) -> None:
    """Put the values into a store, under `'0'`, `'1'`, ..."""
    for i, variable in enumerate(variables):
        store[str(i)] = variable.numpy()


def assign_stored(owner: str, variables: Sequence[Variable], store: Mapping[str, Any]) -> None:
    """Give variables the values of a store; all of them, or none and a `ValueError`.

    Args:
        owner: what the variables belong to, for messages: `"Layer 'dense'"`.
        variables: in the order in which `store_variables` got them.
        store: `'0'`, `'1'`, ... to arrays. One that has a method `shape(key)` is asked for the
            shapes before any value is read.
    """
    if len(store) != len(variables):
        names = f" ({', '.join(v.name for v in variables)})" if variables else ""
        raise ValueError(
            f"{owner} has {len(variables)} variables{names}, the file has {len(store)} for it"
        )
    shape = getattr(store, "shape", None) or (lambda key: np.shape(store[key]))
    wrong = []
    for i, variable in enumerate(variables):
        key = str(i)
        if key not in store:
            wrong.append(f"'{variable.name}' is missing")
        elif tuple(shape(key)) != variable.shape:
            wrong.append(
                f"'{variable.name}' has shape {variable.shape}, in the file {tuple(shape(key))}"
            )
    if wrong:
        raise ValueError(f"{owner}: {', '.join(wrong)}")
    for i, variable in enumerate(variables):
        variable.assign(store[str(i)])
