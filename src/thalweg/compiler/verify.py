"""The verifier: what must hold of every Flow, between all passes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from thalweg.compiler.bodies import bodies, split_cond, split_scan, split_while
from thalweg.compiler.dims import Dim, NotAffineError
from thalweg.compiler.evaluate import bound
from thalweg.compiler.graph import ArrayConstant, Flow, Number, Operation, Value
from thalweg.primitives.primitive import Primitive
from thalweg.tensor.tensor import TensorSpec

__all__ = ["VerificationError", "check_lengths", "verify", "wanted"]


class VerificationError(AssertionError):
    """A pass made something that is not a Flow; a mistake in the compiler."""


def wanted() -> bool:
    """Whether `THALWEG_VERIFY` asks for checks between the passes."""
    return os.environ.get("THALWEG_VERIFY", "0") not in ("", "0")


def verify(flow: Flow) -> None:
    """Check that every value is defined once and before use, and that every shape follows.

    Raises:
        VerificationError: saying what is wrong with which operation.
    """
    _check_order(flow)
    for operation in flow.operations:
        _check_constant(operation)
        for n in (1, 2, 3, 7):
            _check_rule(operation, n)
        for body in bodies(operation).values():
            verify(body)


def check_lengths(flow: Flow, n: int) -> None:
    """Check that lengths hold for a batch size that was not traced.

    Raises:
        NotAffineError: if an operation would not fit; the batch size must be fixed then.
    """
    for operation in flow.operations:
        for body in bodies(operation).values():
            check_lengths(body, n)
        if not any(_dims(operation)):
            continue
        try:
            _check_rule(operation, n)
        except (ValueError, TypeError, VerificationError) as error:
            raise NotAffineError(f"For a batch of {n}: {error}") from error


def _dims(operation: Operation) -> Iterator[int]:
    """The scales of all lengths of its inputs and outputs."""
    for x in (*operation.inputs, *operation.outputs):
        for d in x.shape:
            yield d.scale


def _check_order(flow: Flow) -> None:
    known = set(flow.inputs)
    if len(known) != len(flow.inputs):
        raise VerificationError("An input of the Flow stands there twice.")
    for operation in flow.operations:
        for x in operation.inputs:
            if x not in known:
                raise VerificationError(f"{_shown(operation)}: input {x} is not defined yet.")
        for y in operation.outputs:
            if y in known:
                raise VerificationError(f"{_shown(operation)}: output {y} is defined twice.")
            known.add(y)
    for y in flow.outputs:
        if y not in known:
            raise VerificationError(f"Output {y} of the Flow is not defined.")


def _check_constant(operation: Operation) -> None:
    kind = operation.kind
    if isinstance(kind, Primitive):
        return
    (y,) = operation.outputs
    if operation.inputs:
        raise VerificationError(f"{_shown(operation)}: a constant has inputs.")
    if isinstance(kind, ArrayConstant):
        there = TensorSpec(kind.array.shape, kind.array.dtype)
        if there != _spec(y, 1) or not all(d.static for d in y.shape):
            raise VerificationError(f"{_shown(operation)}: the array is {there}.")


def _spec(x: Value, n: int) -> TensorSpec:
    shape = bound(x.shape, n)
    if min(shape, default=0) < 0:
        raise VerificationError(f"{x} has a negative length for a batch of {n}.")
    return TensorSpec(shape, x.dtype)


def _specs(values: Any, n: int) -> list[TensorSpec]:
    return [_spec(x, n) for x in values]


def _check_rule(operation: Operation, n: int) -> None:
    kind = operation.kind
    outputs = _specs(operation.outputs, n)
    if isinstance(kind, (Number, ArrayConstant)):
        return
    if kind.family == "control_flow":
        _CONTROL[kind.name](operation, n)
        return
    inputs = _specs(operation.inputs, n)
    expected = list(kind.specs(*inputs, **bound(operation.params, n)))
    if expected != outputs:
        raise VerificationError(
            f"{_shown(operation)}: gives {outputs} for a batch of {n}, the rule says {expected}."
        )


def _match(operation: Operation, what: str, found: Any, expected: Any, n: int) -> None:
    a, b = _specs(found, n), _specs(expected, n)
    if a != b:
        raise VerificationError(f"{_shown(operation)}: {what} are {a}, expected {b} (n = {n}).")


def _check_cond(operation: Operation, n: int) -> None:
    then, otherwise = operation.params["then"], operation.params["otherwise"]
    _, first, second = split_cond(operation.inputs, then)
    _match(operation, "captures of then", first, then.inputs, n)
    _match(operation, "captures of otherwise", second, otherwise.inputs, n)
    _match(operation, "outputs", operation.outputs, then.outputs, n)
    _match(operation, "outputs", operation.outputs, otherwise.outputs, n)


def _check_while(operation: Operation, n: int) -> None:
    test, body = operation.params["test"], operation.params["body"]
    of_test, of_body, variables = split_while(operation.inputs, test, body)
    _match(operation, "inputs of the condition", (*of_test, *variables), test.inputs, n)
    _match(operation, "inputs of the body", (*of_body, *variables), body.inputs, n)
    _match(operation, "outputs", operation.outputs, body.outputs, n)
    _match(operation, "outputs", operation.outputs, variables, n)


def _check_scan(operation: Operation, n: int) -> None:
    body, length = operation.params["body"], Dim.of(operation.params["length"])
    a, k, _ = split_scan(operation)
    captures, start, sequences = (
        operation.inputs[:a],
        operation.inputs[a : a + k],
        operation.inputs[a + k :],
    )
    _match(operation, "captures and carry", (*captures, *start), body.inputs[: a + k], n)
    _match(operation, "sequences", sequences, _stacked(body.inputs[a + k :], length), n)
    _match(operation, "carry", body.outputs[:k], start, n)
    _match(operation, "last carry", operation.outputs[:k], start, n)
    _match(operation, "outputs", operation.outputs[k:], _stacked(body.outputs[k:], length), n)


def _stacked(values: list[Value], length: Dim) -> list[Value]:
    return [Value((length, *x.shape), x.dtype) for x in values]


_CONTROL = {"cond": _check_cond, "while": _check_while, "scan": _check_scan}


def _shown(operation: Operation) -> str:
    inputs = ", ".join(map(repr, operation.inputs))
    return f"{operation.name}({inputs})"
