"""Gradients of functions, as in TensorFlow.js: `grad`, `grads`, `value_and_grad` and friends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from thalweg.autodiff.tape import GradientTape
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable

__all__ = ["grad", "grads", "value_and_grad", "value_and_grads", "variable_grads"]


def _run(
    f: Callable[..., Any], args: Sequence[Any], dy: Any, name: str
) -> tuple[Any, list[Tensor]]:
    tensors = [convert_to_tensor(x) for x in args]
    # Distinct objects: f(x, x) has two arguments with a gradient each.
    tensors = [
        x + 0 if any(x is other for other in tensors[:i]) else x for i, x in enumerate(tensors)
    ]
    with GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(tensors)
        value = f(*tensors)
    found = tape.gradient(value, tensors, output_gradients=dy)
    for i, (x, g) in enumerate(zip(tensors, found, strict=True)):
        if g is None:
            raise ValueError(
                f"{name}: the function's result has no gradient towards argument {i}. "
                f"{tape.explain(x)}"
            )
    return value, found


def grad(f: Callable[[Any], Any]) -> Callable[..., Tensor]:
    """A function that gives the derivative of `f` at `x`: `grad(f)(x, dy=None)`.

    >>> import thalweg as tw
    >>> tw.grad(lambda x: x * x)(tw.constant(3.0)).numpy()
    np.float32(6.0)
    """
    return lambda x, dy=None: _run(f, (x,), dy, "grad")[1][0]


def grads(f: Callable[..., Any]) -> Callable[..., list[Tensor]]:
    """As `grad` for several arguments, given as a list: `grads(f)([a, b], dy=None)`."""
    return lambda args, dy=None: _run(f, args, dy, "grads")[1]


def value_and_grad(f: Callable[[Any], Any]) -> Callable[..., tuple[Any, Tensor]]:
    """A function that gives `(f(x), derivative at x)`.

    >>> import thalweg as tw
    >>> value, slope = tw.value_and_grad(lambda x: x * x)(tw.constant(3.0))
    >>> float(value), float(slope)
    (9.0, 6.0)
    """

    def wrapped(x: Any, dy: Any = None) -> tuple[Any, Tensor]:
        value, found = _run(f, (x,), dy, "value_and_grad")
        return value, found[0]

    return wrapped


def value_and_grads(f: Callable[..., Any]) -> Callable[..., tuple[Any, list[Tensor]]]:
    """As `value_and_grad` for several arguments, given as a list."""
    return lambda args, dy=None: _run(f, args, dy, "value_and_grads")


def variable_grads(
    f: Callable[[], Any], var_list: Sequence[Variable] | None = None
) -> tuple[Any, dict[str, Tensor]]:
    """The value of `f()` and its gradient towards the trainable variables it reads, by name.

    Args:
        f: a function without arguments that returns a scalar.
        var_list: the variables; by default all trainable ones that `f` reads.
    """
    with GradientTape() as tape:
        value = f()
    variables = list(tape.watched_variables() if var_list is None else var_list)
    if not variables:
        raise ValueError("variable_grads: the function reads no trainable variable.")
    found = tape.gradient(value, variables)
    return value, {v.path: g for v, g in zip(variables, found, strict=True) if g is not None}
