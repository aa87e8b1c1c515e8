"""Holds a converted, traced function against the plain Python function on the same values."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.traced import run_traced
from thalweg.primitives import Graph
from thalweg.tensor import convert_to_tensor
from thalweg.tensor.tree import flatten
from thalweg.tracing import autograph

__all__ = ["check", "defined", "eager", "traced"]


def eager(function: Callable[..., Any], *values: Any) -> Any:
    """What Python gives."""
    return function(*[convert_to_tensor(v) for v in values])


def traced(function: Callable[..., Any], *values: Any) -> Any:
    """What the graph of the converted function gives."""
    return run_traced(autograph.convert(function), *values)[0]


def check(function: Callable[..., Any], *values: Any, dtypes: bool = True) -> Graph:
    """Assert that both give the same structure, shapes, dtypes and numbers; the graph."""
    expected = eager(function, *values)
    found, graph = run_traced(autograph.convert(function), *values)
    there, here = flatten(expected), flatten(found)
    assert len(there) == len(here)
    for a, b in zip(there, here, strict=True):
        if a is None or b is None:
            assert a is b
            continue
        a = np.asarray(convert_to_tensor(a))
        assert b.shape == a.shape
        assert not dtypes or b.dtype == a.dtype
        np.testing.assert_allclose(
            np.asarray(b, np.float64), np.asarray(a, np.float64), rtol=1e-5, atol=1e-6
        )
    return graph


def defined(source: str, name: str, filename: str, **names: Any) -> Callable[..., Any]:
    """A function from source that `inspect` and tracebacks find."""
    linecache.cache[filename] = len(source), None, source.splitlines(keepends=True), filename
    exec(compile(source, filename, "exec"), names)
    return names[name]
