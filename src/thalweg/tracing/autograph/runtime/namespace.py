"""Fills the namespace that converted code knows as `ag__`."""

from __future__ import annotations

import builtins

from thalweg.tracing.autograph.conversion import RUNTIME
from thalweg.tracing.autograph.errors import Again, AutoGraphError
from thalweg.tracing.autograph.runtime import (
    branches,
    calls,
    comprehensions,
    effects,
    exceptions,
    iteration,
    logic,
    patterns,
    state,
    text,
)
from thalweg.tracing.autograph.runtime.session import bear

__all__: list[str] = []


for module in (
    branches,
    calls,
    comprehensions,
    effects,
    exceptions,
    iteration,
    logic,
    patterns,
    text,
):
    for name in module.__all__:
        setattr(RUNTIME, name, getattr(module, name))

RUNTIME.State = state.State
RUNTIME.EMPTY = state.EMPTY
RUNTIME.Again = Again
RUNTIME.AutoGraphError = AutoGraphError
RUNTIME.BaseException = builtins.BaseException
RUNTIME.slice = builtins.slice
RUNTIME.born = bear
