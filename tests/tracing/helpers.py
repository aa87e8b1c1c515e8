"""What the tests of traced functions share."""

from __future__ import annotations

from typing import Any

import numpy as np

import thalweg as tw

__all__ = ["A", "counting"]

A = np.array([[1.0, 2.0], [3.0, 4.0]], "float32")


def counting(body: Any) -> tuple[Any, list[int]]:
    """A traced function, and a list that grows with each trace."""
    traces: list[int] = []

    def run(*args: Any, **kwargs: Any) -> Any:
        traces.append(1)
        return body(*args, **kwargs)

    return tw.function(run), traces
