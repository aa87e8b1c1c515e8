"""Every primitive as shaders gives what its NumPy reference gives, or says that it cannot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.compiler.cases import CASES, Case
from tests.compiler.test_primitives_alone import check_together
from tests.compiler.wgsl_agreement import shaded
from thalweg import ops
from thalweg.compiler.compile import compile_graph
from thalweg.compiler.render.wgsl.forms import supported
from thalweg.compiler.render.wgsl.layout import Layout
from thalweg.compiler.render.wgsl.program import render
from thalweg.primitives import PRIMITIVES as P
from thalweg.primitives.graph import trace
from thalweg.tensor.dtypes import DTYPES
from thalweg.tensor.tensor import TensorSpec

# Those whose inputs or outputs are complex numbers in every case.
COMPLEX = ("complex", "conjugate", "eig", "fft", "imag", "real")
# How far results may be off, in units of the last place, where IEEE 754 or WGSL leaves it open.
_ULPS = 64.0


def possible(case: Case) -> bool:
    """Whether WebGPU has all dtypes of a case."""
    outputs = case.primitive.specs(*case.inputs, **case.params)
    return all(supported(x.dtype) for x in (*case.inputs, *outputs))


def loose(case: Case) -> Case:
    return case._replace(ulps=max(case.ulps, _ULPS)) if case.ulps else case


@pytest.mark.parametrize("name", sorted({*CASES} - {*COMPLEX}))
@given(data=st.data())
@settings(
    max_examples=4,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much],
)
def test_alone(name: str, data: st.DataObject) -> None:
    some = st.lists(CASES[name].filter(possible).map(loose), min_size=4, max_size=5)
    check_together(data.draw(some), shaded)


# One primitive for each kind of kernel.
KINDS: dict[str, Callable[[Any], Any]] = {
    "copy": lambda x: P["reshape"](x, shape=(9,)),
    "loops": lambda x: P["neg"](x),
    "contract": lambda x: P["contract"](x, x, axes=((1,), (0,)), batch=((), ())),
    "special": lambda x: P["cumsum"](x, axis=0, reverse=False),
    "host": lambda x: P["inv"](x),
    "loop": lambda x: ops.scan(lambda c, y: (c + y, c), x[0], x)[1],
}


@pytest.mark.parametrize("dtype", ["complex128", "complex64", "float64", "int64", "uint64"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_dtypes_that_webgpu_has_not_are_refused(kind: str, dtype: str) -> None:
    if kind == "host" and dtype.endswith("int64"):
        dtype = "float64"
    graph = trace(lambda x: [KINDS[kind](x)], [TensorSpec((3, 3), DTYPES[dtype])])
    program = compile_graph(graph, 0).program()
    message = rf"^WebGPU has no {dtype}, which [\w, +]+ computes with: run it on the cpu device\.$"
    with pytest.raises(TypeError, match=message):
        render(program, Layout.of(program))
