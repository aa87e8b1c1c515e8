"""Primitives in the middle of others: what is fused, moved, updated in place or used twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compiler.agreement import assert_agree, check, compiled, reference
from tests.compiler.cases import CASES, Case, applied
from thalweg.primitives import PRIMITIVES
from thalweg.primitives import elementwise as e
from thalweg.primitives.graph import trace
from thalweg.tensor import Tensor
from thalweg.tensor.dtypes import bool_

Array = np.ndarray[Any, Any]
p = PRIMITIVES

# Ways to give a tensor that has the same elements: each hides the buffer behind something else.
BEFORE: dict[str, Callable[[Any], Any]] = {
    "computed": lambda x: e.not_(e.not_(x)) if x.dtype == bool_ else e.neg(e.neg(x)),
    "reshaped": lambda x: p["reshape"](p["reshape"](x, shape=(x.size,)), shape=x.shape),
    "transposed": lambda x: p["transpose"](
        e.stop_gradient(p["transpose"](x, axes=_backward(x))), axes=_backward(x)
    ),
    "reversed": lambda x: p["reverse"](p["reverse"](x, axes=_all(x)), axes=_all(x)),
    "padded": lambda x: p["slice"](
        p["pad"](x, _zero(x), low=_each(x, 1), high=_each(x, 2), inner=_each(x, 0)),
        start=_each(x, 1),
        stop=tuple(n + 1 for n in x.shape),
        step=_each(x, 1),
    ),
    "spread": lambda x: p["slice"](
        p["pad"](x, _zero(x), low=_each(x, 0), high=_each(x, 0), inner=_each(x, 1)),
        start=_each(x, 0),
        stop=tuple(max(2 * n - 1, 0) for n in x.shape),
        step=_each(x, 2),
    ),
    "joined": lambda x: p["slice"](
        p["concat"](x, x, axis=0),
        start=(x.shape[0], *_each(x, 0)[1:]),
        stop=(2 * x.shape[0], *x.shape[1:]),
        step=_each(x, 1),
    )
    if x.shape
    else x,
    "broadcast": lambda x: p["reduce_max"](p["broadcast_to"](x, shape=(3, *x.shape)), axes=(0,)),
}
