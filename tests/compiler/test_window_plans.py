"""How convolutions are cut up: every sum is in one tile, and tiles fit the registers."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from thalweg.compiler.dims import Dim
from thalweg.compiler.ir.index import Var
from thalweg.compiler.render.llvm.contract.convolution_image_plan import _apart
from thalweg.compiler.render.llvm.contract.convolution_tiling import blocks, tiling
from thalweg.compiler.render.llvm.contract.convolution_view import Axis
from thalweg.compiler.target import AVX2, AVX512, SSE

targets = st.sampled_from([AVX512, AVX2, SSE])
lengths = st.integers(1, 70)


def covered(parts):
    return [p.first + i * p.size + j for p in parts for i in range(p.count) for j in range(p.size)]


@given(st.integers(1, 300), st.integers(1, 30))
def test_blocks(extent, most):
    found = blocks(extent, most)
    assert covered(found) == list(range(extent))
    assert max(x.size for x in found) <= most


@given(targets, lengths, lengths, st.integers(1, 140), st.sampled_from([4, 8]))
def test_tiles(target, outer, inner, columns, itemsize):
    found = tiling(target, outer, inner, columns, 100, itemsize)
    assert covered(found.outer) == list(range(outer))
    assert covered(found.inner) == list(range(inner))
    lanes = [
        p.first + i * p.width + c.offset + j
        for p in found.panels
        for i in range(p.count)
        for c in p.columns
        for j in range(c.active)
    ]
    assert lanes == list(range(columns))
    rows = max(x.size for x in found.outer) * max(x.size for x in found.inner)
    count = max(len(p.columns) for p in found.panels)
    assert rows * count + count <= target.registers or rows * count == 1


@given(lengths, st.integers(1, 5), st.integers(1, 3), st.integers(0, 4), st.integers(0, 4))
def test_what_reads_padding(length, window, stride, low, high):
    places = (length + low + high - window) // stride + 1
    assume(places >= 1)
    axis = Axis(
        Var("o", Dim(0, places)), Var("k", Dim(0, window)), stride, 1, low, length, guarded=True
    )
    valid = [axis.valid(o) for o in range(places)]
    assert axis.pairs == sum(map(len, valid))
    whole = [o for o in range(places) if len(valid[o]) == window]
    begin, end = axis.inside
    assert list(range(begin, end)) == whole
    parts = _apart(axis, blocks(places, 7))
    assert covered(parts) == list(range(places))[: len(covered(parts))]
    for part in parts:
        if part.count > 1:
            assert set(covered([part])) <= set(whole)
