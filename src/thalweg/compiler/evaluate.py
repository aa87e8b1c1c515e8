"""The reference run of a Flow with NumPy, for one batch size.

Every pass is tested against it: the results before and after must agree at every batch size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from thalweg.compiler.bodies import split_cond, split_scan, split_while
from thalweg.compiler.dims import Dim
from thalweg.compiler.graph import ArrayConstant, Flow, Number, Operation, Value
from thalweg.primitives.primitive import Primitive
from thalweg.tensor.dtypes import DType

__all__ = ["bound", "evaluate_flow", "number_array"]

Array = np.ndarray[Any, Any]


def bound(param: Any, n: int) -> Any:
    """A parameter with numbers in the place of Dims (bodies stay Flows)."""
    if isinstance(param, Dim):
        return param.at(n)
    if type(param) in (tuple, list):
        return tuple(bound(p, n) for p in param)
    if isinstance(param, dict):
        return {name: bound(p, n) for name, p in param.items()}
    return param


def number_array(value: Any, shape: tuple[int, ...], dtype: DType, n: int) -> Array:
    """A Number as an array that costs the memory of one element."""
    one = np.asarray(value.at(n) if isinstance(value, Dim) else value).astype(dtype)
    return np.broadcast_to(one, shape)


def evaluate_flow(flow: Flow, inputs: Sequence[Array], n: int) -> tuple[Array, ...]:
    """The outputs for a batch of n."""
    values: dict[Value, Array] = dict(zip(flow.inputs, inputs, strict=True))
    with np.errstate(all="ignore"):
        for operation in flow.operations:
            arguments = [values[x] for x in operation.inputs]
            found = _evaluate(operation, arguments, n)
            for y, array in zip(operation.outputs, found, strict=True):
                values[y] = np.asarray(array)
    return tuple(values[y] for y in flow.outputs)


def _evaluate(operation: Operation, inputs: list[Array], n: int) -> Sequence[Array]:
    kind, params = operation.kind, operation.params
    if isinstance(kind, ArrayConstant):
        return (kind.array,)
    if isinstance(kind, Number):
        (y,) = operation.outputs
        return (number_array(kind.value, bound(y.shape, n), y.dtype, n),)
    assert isinstance(kind, Primitive)
    if kind.name == "cond":
        return _cond(inputs, n, **params)
    if kind.name == "while":
        return _while(inputs, n, **params)
    if kind.name == "scan":
        return _scan(operation, inputs, n)
    found = kind.evaluate(*inputs, **bound(params, n))
    return found if kind.multiple else (found,)


def _cond(inputs: list[Array], n: int, then: Flow, otherwise: Flow) -> Sequence[Array]:
    flag, first, second = split_cond(inputs, then)
    return evaluate_flow(then, first, n) if flag else evaluate_flow(otherwise, second, n)


def _while(inputs: list[Array], n: int, test: Flow, body: Flow) -> Sequence[Array]:
    of_test, of_body, variables = split_while(inputs, test, body)
    while evaluate_flow(test, (*of_test, *variables), n)[0]:
        variables = evaluate_flow(body, (*of_body, *variables), n)
    return variables


def _scan(operation: Operation, inputs: list[Array], n: int) -> Sequence[Array]:
    params = operation.params
    body, steps = params["body"], bound(params["length"], n)
    a, k, _ = split_scan(operation)
    captures, carry, sequences = inputs[:a], inputs[a : a + k], inputs[a + k :]
    stacked = [np.empty((steps, *bound(y.shape, n)), y.dtype) for y in body.outputs[k:]]
    for step in reversed(range(steps)) if params["reverse"] else range(steps):
        results = evaluate_flow(body, (*captures, *carry, *(xs[step] for xs in sequences)), n)
        carry = list(results[:k])
        for ys, y in zip(stacked, results[k:], strict=True):
            ys[step] = y
    return (*carry, *stacked)
