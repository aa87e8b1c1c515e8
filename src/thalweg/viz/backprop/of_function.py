"""The question about a function: its arguments as tensors, and what it calls things."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from thalweg import config
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import DTYPES
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable
from thalweg.tracing.traceable import traceable
from thalweg.viz.backprop.parts import by_call, by_primitive
from thalweg.viz.backprop.question import Question

__all__ = ["about_function"]


def about_function(
    function: Callable[..., Any],
    args: Sequence[Any],
    names: Sequence[str] | None,
    sources: Sequence[str] | None,
    grouped: bool,
) -> Question:
    """The question about a function of numbers, arrays, tensors and variables.

    Args:
        function: returns a scalar.
        args: its arguments.
        names: of the arguments; by default those of the function's parameters.
        sources: the names of the arguments and variables whose gradients are wanted.
        grouped: whether an operation that is made of others, such as softmax, is one box.
    """
    called = _names_of(function, len(args)) if names is None else list(names)
    if len(called) != len(args):
        raise ValueError(
            f"backward_pass: names has {len(called)} entries for {len(args)} arguments."
        )
    tensors: dict[str, Tensor] = {}
    known = _closure(function)
    places: list[tuple[int, Variable | None]] = []
    for name, value in zip(called, args, strict=True):
        if isinstance(value, Variable):
            known[id(value)] = name
            places.append((-1, value))
            continue
        if name in tensors:
            raise ValueError(f"backward_pass: two arguments have the name '{name}'.")
        places.append((len(tensors), None))
        tensors[name] = _tensor(name, value)

    def run(given: Sequence[Tensor]) -> Any:
        found = [given[i] if v is None else v for i, v in places]
        return traceable(function)(*found)

    subject = getattr(function, "__name__", type(function).__name__)
    return Question(
        "the function" if subject == "<lambda>" else subject,
        run,
        tensors,
        known,
        None if sources is None else frozenset(sources),
        lambda steps: by_call if grouped else by_primitive,
    )


def _names_of(function: Callable[..., Any], count: int) -> list[str]:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    found: list[str] = []
    for p in parameters:
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD):
            found.append(p.name)
        elif p.kind is p.VAR_POSITIONAL:
            found += [f"{p.name}_{i}" for i in range(count - len(found))]
    return (found + [f"x_{i}" for i in range(len(found), count)])[:count]


def _closure(function: Callable[..., Any]) -> dict[int, str]:
    """What a function calls the variables and tensors that it uses from outside, by their ids."""
    try:
        outside = inspect.getclosurevars(function)
    except TypeError:
        return {}
    return {
        id(value): name
        for space in (outside.globals, outside.nonlocals)
        for name, value in space.items()
        if isinstance(value, (Variable, Tensor))
    }


def _tensor(name: str, value: Any) -> Tensor:
    refusal = TypeError(
        f"backward_pass: argument '{name}' must be a number, an array, a tensor or a variable, "
        f"got {'None' if value is None else f'a {type(value).__name__}'}."
    )
    if value is None or isinstance(value, (str, bytes, dict)):
        raise refusal
    if isinstance(value, Tensor):
        return value
    try:
        array = np.asarray(value)
    except ValueError:
        raise refusal from None
    if array.dtype.name not in DTYPES:
        raise refusal
    if not isinstance(value, (np.ndarray, np.generic)) and array.dtype.kind in "if":
        # Numbers of Python's are there to take gradients of, also where they are whole.
        array = array.astype(config.floatx())
    return convert_to_tensor(array)
