"""Compiled graphs beside their reference: the same inputs to both, and what may differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from thalweg import devices
from thalweg.compiler.compile import compile_graph
from thalweg.primitives.graph import Graph, evaluate_graph, trace
from thalweg.tensor import Tensor
from thalweg.tensor.dtypes import bfloat16, float16

Array = np.ndarray[Any, Any]
# Runs a graph, of which so many inputs are states, on a device.
Run = Callable[[Graph, Sequence[Array], int], list[Array]]

# Distance of neighbouring numbers relative to the numbers.
EPSILON = {
    "bfloat16": 2.0**-7,
    "float16": 2.0**-10,
    "float32": 2.0**-23,
    "float64": 2.0**-52,
    "complex64": 2.0**-23,
    "complex128": 2.0**-52,
}


def reference(graph: Graph, arrays: Sequence[Array]) -> tuple[Array, ...]:
    """What the graph gives with NumPy."""
    return evaluate_graph(graph, arrays, [np.asarray(x) for x in graph.captured])


def compiled(graph: Graph, arrays: Sequence[Array], states: int = 0) -> list[Array]:
    """What the compiled graph gives; of a graph with states first their new values."""
    executable = devices.load(compile_graph(graph, states).program())
    held = [np.array(a, order="C") for a in arrays[:states]]
    found = executable.run(held, list(arrays[states:]))
    shapes = [y.shape for y in graph.outputs]
    return [a.reshape(s) for a, s in zip([*held, *found], shapes, strict=True)]


def wide(x: Array) -> Array:
    """Halves as float32, in which they can be compared; other numbers as they are."""
    return x.astype(np.float32) if x.dtype in (float16, bfloat16) else x


def assert_agree(found: Array, wanted: Array, ulps: float, note: str = "") -> None:
    """Equal up to so many units in the last place; NaN and infinities exactly so."""
    assert found.shape == wanted.shape, note
    assert found.dtype == wanted.dtype, note
    relative = ulps * EPSILON.get(found.dtype.name, 0.0)
    a, b = wide(found), wide(wanted)
    if relative == 0.0:
        np.testing.assert_array_equal(a, b, note)
        return
    smallest = float(np.finfo(b.dtype).tiny)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(a, b, relative, ulps * smallest, err_msg=note)


def agree(
    function: Callable[..., Any],
    arrays: Sequence[Array],
    ulps: float = 0.0,
    states: int = 0,
    run: Run = compiled,
) -> None:
    """Assert that a function of tensors gives the same compiled as it does with NumPy.

    The first `states` arrays are states; then the function's first results are their new values.
    """
    graph = trace(lambda *xs: list(function(*xs)), [Tensor(np.asarray(a)) for a in arrays])
    wanted = reference(graph, arrays)
    for k, (a, b) in enumerate(zip(run(graph, arrays, states), wanted, strict=True)):
        assert_agree(a, b, ulps, f"output {k}\n{graph}")
