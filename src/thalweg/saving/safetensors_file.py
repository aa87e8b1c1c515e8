"""The whole state of a model as one `.safetensors` file: what a page that trained it hands back.

Each variable is a tensor under its name, see `names_of`. Besides the weights there are the
variables of the optimizer, the metrics and the random generators, so that training goes on where it
stopped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from thalweg.optimizers.optimizer import Optimizer
from thalweg.saving.atomic import write_file
from thalweg.saving.variable_names import names_of
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable

__all__ = ["read_state", "role_of", "write_state"]

Array = np.ndarray[Any, Any]

_DTYPES: dict[str, Any] = {
    "F64": np.float64,
    "F32": np.float32,
    "F16": np.float16,
    "BF16": ml_dtypes.bfloat16,
    "I64": np.int64,
    "I32": np.int32,
    "I16": np.int16,
    "I8": np.int8,
    "U64": np.uint64,
    "U32": np.uint32,
    "U16": np.uint16,
    "U8": np.uint8,
    "BOOL": np.bool_,
}


def role_of(model: Any) -> dict[int, str]:
    """What each variable of a model is, by the identity of the variable.

    `weight`, `statistic` (a weight that no gradient changes), `optimizer`, `metric`, `random`
    (a generator's state).
    """
    found = {id(v): "random" for v in model._state_variables()}
    found |= {id(v): "metric" for metric in model._all_metrics() for v in metric.variables}
    if isinstance(model.optimizer, Optimizer):
        found |= {id(v): "optimizer" for v in model.optimizer.variables}
    return found | {id(v): "weight" if v.trainable else "statistic" for v in model.weights}


def write_state(model: Any, path: Path) -> None:
    """Write the state of a built model."""
    from safetensors.numpy import save

    named = _named(model)
    roles = role_of(model)
    tensors = {name: np.asarray(v.numpy(), order="C") for name, v in named.items()}
    known = {name: roles[id(v)] for name, v in named.items()}
    metadata = {"format": "thalweg", "model": model.name, "roles": json.dumps(known)}
    write_file(path, save(tensors, metadata))


def read_state(model: Any, path: Path, skip_mismatch: bool = False) -> None:
    """Give a model the state of a file: all of it, or nothing.

    Args:
        model: a built model.
        path: the file.
        skip_mismatch: take what fits and leave the rest as it is.

    Raises:
        ValueError: if the file is damaged, a weight is missing, or a tensor has another shape or
            dtype than its variable; tensors of the optimizer, the metrics and the generators may
            be missing.
    """
    tensors = _without_unneeded(model, _tensors(path), _roles(path))
    if isinstance(model.optimizer, Optimizer) and not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    named = _named(model)
    required = {id(v) for v in model.weights}
    problems = [
        *_misfits(tensors, named),
        *(f"'{n}' is missing" for n, v in named.items() if id(v) in required and n not in tensors),
    ]
    if problems and not skip_mismatch:
        raise ValueError(f"'{path.name}' does not fit model '{model.name}': {'; '.join(problems)}.")
    for name, variable in named.items():
        if name in tensors and not list(_misfits({name: tensors[name]}, named)):
            variable.assign(Tensor(tensors[name]))


def _roles(path: Path) -> dict[str, str]:
    """What the tensors of a file are, as far as it says so."""
    from safetensors import safe_open

    with safe_open(path, "np") as file:
        text = (file.metadata() or {}).get("roles", "{}")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _without_unneeded(
    model: Any, tensors: dict[str, Array], roles: Mapping[str, str]
) -> dict[str, Array]:
    """Leave out what a model does not have yet, or has no use for.

    Metrics make their variables at the first batch, and begin each epoch anew; and a model that
    only predicts has no optimizer.
    """
    unneeded = {"metric"} if model.optimizer is not None else {"metric", "optimizer"}
    known = _named(model)
    return {k: x for k, x in tensors.items() if k in known or roles.get(k) not in unneeded}


def _named(model: Any) -> dict[str, Variable]:
    variables, roles = model._state_variables(), role_of(model)
    names = names_of(variables, [roles[id(v)] for v in variables], model.name)
    return dict(zip(names, variables, strict=True))


def _misfits(tensors: Mapping[str, Array], named: Mapping[str, Variable]) -> list[str]:
    found = []
    for name, values in tensors.items():
        variable = named.get(name)
        if variable is None:
            found.append(f"the model has no variable '{name}'")
        elif (values.shape, values.dtype) != (variable.shape, variable.dtype):
            found.append(
                f"'{name}' is {values.dtype.name} of shape {values.shape}, expected "
                f"{variable.dtype.name} of shape {variable.shape}"
            )
    return found


def _tensors(path: Path) -> dict[str, Array]:
    from safetensors import SafetensorError, deserialize

    try:
        found = deserialize(path.read_bytes())
        return {
            name: np.frombuffer(part["data"], _DTYPES[part["dtype"]]).reshape(part["shape"])
            for name, part in found
        }
    except (SafetensorError, KeyError, ValueError) as cause:
        raise ValueError(f"'{path}' is not a whole safetensors file: {cause}.") from cause
