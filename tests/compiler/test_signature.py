from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.compiler.models import CASES, ready, step_graph
from thalweg import ops
from thalweg.compiler.compile import compile_graph
from thalweg.compiler.dims import ONE, Dim
from thalweg.compiler.ir.expression import (
    Accumulator,
    Apply,
    Buffer,
    Constant,
    Expression,
    Load,
    Ordinal,
    Total,
)
from thalweg.compiler.ir.index import Datum, Index, Var
from thalweg.compiler.ir.program import Copy, HostCall, Loops, Special
from thalweg.compiler.ir.signature import signature
from thalweg.compiler.ir.statement import Accumulate, Loop, Reset, Store
from thalweg.compiler.render.llvm import kernels
from thalweg.compiler.render.llvm.leaves import Functions, Leaves
from thalweg.compiler.target import AVX512
from thalweg.primitives.graph import trace
from thalweg.tensor.dtypes import float32, float64, int64

Make = Callable[[Buffer, Buffer, Index], Expression]


def kernel(
    make: Make, n: int = 8, kind: str = "vector", dtype: Any = float32, stride: int = 1
) -> Loops:
    """`z[i * stride] = make(x, y, i)` for n values of i."""
    x, y, z = (Buffer("input", dtype, Dim(0, n), number=k) for k in range(3))
    i = Var("i", Dim(0, n))
    store = Store(z, Index.of(i).times(stride), make(x, y, Index.of(i)))
    return Loops((Loop(i, kind, (store,)),))


def product(x: Buffer, y: Buffer, i: Index) -> Expression:
    return Apply("mul", (Load(x, i), Load(y, i)), x.dtype)


def square(x: Buffer, y: Buffer, i: Index) -> Expression:
    value = Load(x, i)
    return Apply("mul", (value, value), x.dtype)


def twice(x: Buffer, y: Buffer, i: Index) -> Expression:
    """As `square`, though loaded twice."""
    return Apply("mul", (Load(x, i), Load(x, i)), x.dtype)


def constant(value: Any) -> Make:
    return lambda x, y, i: Apply("mul", (Load(x, i), Constant(value, x.dtype)), x.dtype)


def total(operation: str, start: Any = None) -> Loops:
    x, z = Buffer("input", float32, Dim(0, 8)), Buffer("output", float32, ONE)
    i, sums = Var("i", Dim(0, 8)), Accumulator(operation, float32, start)
    loop = Loop(i, "vector", (Accumulate(sums, Load(x, Index.of(i))),))
    return Loops((Reset(sums), loop, Store(z, Index(), Total(sums, float32))))


def gathered(extent: int) -> Loops:
    def value(x: Buffer, y: Buffer, i: Index) -> Expression:
        number = Apply("cast", (Load(y, i),), int64, {"dtype": int64})
        return Load(x, Index.of(Datum(number, Dim(0, extent))))

    return kernel(value)


DIFFERENT: dict[str, Loops | Copy | Special] = {
    "product": kernel(product),
    "longer": kernel(product, 9),
    "serial": kernel(product, kind="serial"),
    "double": kernel(product, dtype=float64),
    "strided": kernel(product, stride=2),
    "square": kernel(square),
    "twice": kernel(twice),
    "one": kernel(constant(1)),
    "true": kernel(constant(True)),
    "one, a float": kernel(constant(1.0)),
    "zero": kernel(constant(0.0)),
    "minus zero": kernel(constant(-0.0)),
    "ordinal": kernel(lambda x, y, i: Ordinal(i, float32)),
    "shifted": kernel(lambda x, y, i: Load(x, i.plus(1))),
    "quotient": kernel(lambda x, y, i: Load(x, i.divided(3))),
    "remainder": kernel(lambda x, y, i: Load(x, i.remainder(3))),
    "cast": kernel(lambda x, y, i: Apply("cast", (Load(x, i),), float64, {"dtype": float64})),
    "gathered": gathered(8),
    "gathered from more": gathered(9),
    "sum": total("sum"),
    "sum from one": total("sum", 1.0),
    "maximum": total("max"),
    "copy": Copy(Buffer("input", float32, ONE), Buffer("output", float32, ONE), ONE),
    "copy of two": Copy(Buffer("input", float32, ONE), Buffer("output", float32, ONE), Dim(0, 2)),
    "special": Special("sort", {"axis": 0}, (), ()),
    "another special": Special("sort", {"axis": 1}, (), ()),
}


def test_different_kernels_have_different_signatures():
    found = {name: signature(k)[0] for name, k in DIFFERENT.items()}
    assert None not in found.values()
    assert len(set(found.values())) == len(found)


@pytest.mark.parametrize(
    "make", [lambda: kernel(product), lambda: gathered(8), lambda: total("sum")]
)
def test_the_same_kernel_over_other_buffers(make):
    a, b = make(), make()
    (one, of_a), (other, of_b) = signature(a), signature(b)
    assert one == other
    assert not set(map(id, of_a)) & set(map(id, of_b))
    assert [x.number for x in of_a] == [x.number for x in of_b]


def test_the_same_buffer_twice_is_another_kernel():
    x, z = Buffer("input", float32, Dim(0, 8)), Buffer("output", float32, Dim(0, 8))

    def over(a: Buffer, b: Buffer) -> Loops:
        i = Var("i", Dim(0, 8))
        value = Apply("add", (Load(a, Index.of(i)), Load(b, Index.of(i))), float32)
        return Loops((Loop(i, "vector", (Store(z, Index.of(i), value),)),))

    y = Buffer("input", float32, Dim(0, 8))
    assert signature(over(x, y))[0] == signature(over(y, x))[0]
    assert signature(over(x, x))[0] != signature(over(x, y))[0]


def test_what_has_no_plain_form_has_none():
    key, buffers = signature(Special("sort", {"axis": np.zeros(2)}, (), ()))
    assert key is None
    assert buffers == []


@pytest.mark.parametrize("name", sorted(CASES))
def test_kernels_rendered_once_are_those_rendered_each(name):
    model, data = ready(name)
    graph, values = step_graph(model, data)
    program = compile_graph(graph, len(values)).program()
    for leaf in Leaves.of(program.launches, program.capacity, Functions(AVX512)).all:
        if isinstance(leaf.launch, HostCall):
            continue
        alone, shared = kernels.render(leaf.launch, AVX512), leaf.kernel
        assert shared is not None
        for name in ("text", "buffers", "writes", "scratch", "turns", "flops", "bytes"):
            assert getattr(shared, name) == getattr(alone, name)


def test_blocks_of_a_network_are_rendered_once(monkeypatch):
    rendered = []
    real = kernels.render

    def render(kernel, target):
        rendered.append(kernel)
        return real(kernel, target)

    monkeypatch.setattr(kernels, "render", render)

    def layers(count: int) -> Any:
        def function(x, *weights):
            for w in weights:
                x = ops.softmax(ops.matmul(ops.tanh(x), w))
            return [x]

        graph = trace(function, [ops.ones((8, 16)), *[ops.ones((16, 16))] * count])
        rendered.clear()
        leaves = Leaves.of(compile_graph(graph).program().launches, 1, Functions(AVX512))
        return len(leaves.all), len(rendered)

    few, many = layers(3), layers(12)
    assert many[0] >= few[0] + 9
    assert many[1] == few[1]
