"""Kernels with a generator of their own: each way in which they share and order their work."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compiler.agreement import agree
from tests.compiler.draws import extremes, numbers
from thalweg import devices, ops
from thalweg.compiler.compile import compile_graph
from thalweg.compiler.ir.program import Copy, HostCall, Launch, Scan, Special
from thalweg.primitives import PRIMITIVES as P
from thalweg.primitives import elementwise as e
from thalweg.primitives.graph import trace
from thalweg.tensor import Tensor
from thalweg.tensor.dtypes import DTYPES, DType, float32

Array = np.ndarray[Any, Any]


@pytest.fixture(params=[1, 3])
def _workers(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run on so many workers, however little there is to do."""
    monkeypatch.setattr("thalweg.devices.cpu.executable.workers", lambda *_: request.param)
    monkeypatch.setattr("thalweg.compiler.render.llvm.leaves._SMALL", 0.0)


def launches(function: Any, *arrays: Array, states: int = 0) -> list[Launch]:
    graph = trace(lambda *xs: list(function(*xs)), [Tensor(a) for a in arrays])
    return compile_graph(graph, states).program().launches


# --- scatter --------------------------------------------------------------------------------------

# What lies before the axis is shared, columns, rows; the last one has a single row.
SCATTERED = [((9, 5, 3), 1), ((20, 130), 0), ((2, 40, 3), 1), ((50,), 0), ((1, 70), 0)]


@pytest.mark.parametrize("mode", ["add", "mul", "max", "min", "set"])
@pytest.mark.parametrize(("shape", "axis"), SCATTERED)
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int64"])
@pytest.mark.usefixtures("_workers")
def test_scatter(mode: str, shape: tuple[int, ...], axis: int, dtype: str) -> None:
    random = np.random.default_rng(0)
    # Many updates of each place, some of them outside.
    indices = random.integers(-1, shape[axis] + 1, 100).astype(np.int32)
    wanted = (*shape[:axis], 100, *shape[axis + 1 :])
    x, updates = numbers(DTYPES[dtype], shape, 1), numbers(DTYPES[dtype], wanted, 2)
    if mode == "mul":
        updates = np.sign(updates)
    agree(lambda x, i, u: [P["scatter"](x, i, u, axis=axis, mode=mode)], [x, indices, updates])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_halves_are_added_up_in_float32(dtype: str) -> None:
    indices, ones = np.zeros(3000, np.int32), np.ones(3000, DTYPES[dtype])
    agree(
        lambda x, i, u: [P["scatter"](x, i, u, axis=0, mode="add")],
        [np.zeros(2, DTYPES[dtype]), indices, ones],
    )


def test_what_is_scattered_into_is_made_in_place() -> None:
    indices, updates = np.zeros(4, np.int32), np.ones((4, 8), np.float32)

    def function(i: Any, u: Any) -> list[Any]:
        # Two of the same constant: each is made where the result of its scatter lies.
        zeros = e.splat(0, (9, 8), float32)
        return [P["scatter"](zeros, i, v, axis=0, mode="add") for v in (u, u * 2)]

    found = launches(function, indices, updates)
    scatters = [launch for launch in found if isinstance(launch, Special)]
    assert len(scatters) == 2
    assert all(s.inputs[0][0] is s.outputs[0][0] for s in scatters)
    assert not any(isinstance(launch, Copy) for launch in found)
    agree(function, [indices, updates])


def test_a_state_is_scattered_into_in_place() -> None:
    x, indices, updates = np.ones((9, 8), np.float32), np.zeros(4, np.int32), np.ones((4, 8))

    def function(x: Any, i: Any, u: Any) -> list[Any]:
        return [P["scatter"](x, i, u, axis=0, mode="add"), e.neg(x)]

    # The old value is read before it is replaced.
    arrays = [x, indices, updates.astype(np.float32)]
    kinds = [type(launch).__name__ for launch in launches(function, *arrays, states=1)]
    assert kinds == ["Loops", "Special"]
    agree(function, arrays, states=1)


def test_updates_from_the_old_state_are_not_disturbed() -> None:
    x, indices = np.arange(12, dtype=np.float32).reshape(4, 3), np.array([1, 2, 3, 0], np.int32)
    agree(lambda x, i: [P["scatter"](x, i, x, axis=0, mode="add")], [x, indices], states=1)


# --- dynamic_update_slice -------------------------------------------------------------------------


@given(data=st.data())
@settings(max_examples=15, deadline=None, database=None, derandomize=True)
def test_updates_of_states(data: st.DataObject) -> None:
    shape = tuple(data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=4)))
    size = tuple(data.draw(st.integers(1, n)) for n in shape)
    start = np.array([data.draw(st.integers(-2, n + 1)) for n in shape], np.int32)
    x, update = numbers(float32, shape, 0), numbers(float32, size, 1)

    def function(x: Any, u: Any, s: Any) -> list[Any]:
        y = P["dynamic_update_slice"](x, u, s)
        return [y, P["dynamic_update_slice"](P["dynamic_update_slice"](y, u, s + 1), u * 2, s - 1)]

    agree(function, [x, update, start], states=1)


def test_a_loop_that_writes_a_row_each_turn_copies_nothing() -> None:
    def function(table: Any, rows: Any) -> list[Any]:
        def step(state: Any, row: Any) -> Any:
            table, i = state
            start = ops.stack([i, ops.zeros_like(i)])
            return (P["dynamic_update_slice"](table, row, start), i + 1), ()

        (table, _), _ = ops.scan(step, (table, ops.convert_to_tensor(0)), rows)
        return [table]

    arrays = [np.zeros((7, 3), np.float32), numbers(float32, (5, 1, 3), 0)]
    (scan,) = (x for x in launches(function, *arrays, states=1) if isinstance(x, Scan))
    assert not any(isinstance(launch, Copy) for launch in scan.block)
    agree(function, arrays, states=1)


def test_slices_at_places_from_data_are_views() -> None:
    x, start = numbers(float32, (9, 8), 0), np.array([3, 1], np.int32)
    (kernel,) = launches(lambda x, s: [e.neg(P["dynamic_slice"](x, s, size=(2, 4)))], x, start)
    assert kernel.title == "neg"


# --- order ----------------------------------------------------------------------------------------


def tied(dtype: DType, shape: tuple[int, ...], seed: int) -> Array:
    """Numbers of all sizes, and many that are equal."""
    found = np.where(
        np.random.default_rng(seed).random(shape) < 0.5,
        numbers(dtype, shape, seed),
        extremes(dtype, shape, seed),
    )
    return np.asarray(found, dtype)


@pytest.mark.parametrize("dtype", sorted(n for n in DTYPES if not n.startswith("complex")))
@pytest.mark.usefixtures("_workers")
def test_order(dtype: str) -> None:
    lengths = (1, 7, 8, 9, 16, 17, 100, 257)
    rows = [tied(DTYPES[dtype], (5, n), n) for n in lengths]

    def function(*xs: Any) -> list[Any]:
        found = [P["argsort"](x, axis=1) for x in xs]
        found += [P["argsort"](P["transpose"](x, axes=(1, 0)), axis=0) for x in xs]
        for x, n in zip(xs, lengths, strict=True):
            for k in sorted({1, min(n, 5), min(n, 64), min(n, 65), n}):
                found += P["top_k"](x, k=k)
        return found

    agree(function, rows)


# --- cumulative -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cumsum", "cummax", "cummin", "cumprod"])
@pytest.mark.usefixtures("_workers")
def test_cumulative(name: str) -> None:
    shapes = [(3, 50), (50, 3), (4, 9, 65), (2, 9, 130), (100,), (7, 1)]
    arrays = [numbers(DTYPES[d], s, 0) for d in ("float32", "float16", "int8") for s in shapes]
    if name == "cumprod":
        arrays = [np.sign(a) for a in arrays]

    def function(*xs: Any) -> list[Any]:
        return [
            P[name](x, axis=axis, reverse=reverse)
            for x in xs
            for axis in range(len(x.shape))
            for reverse in (False, True)
        ]

    agree(function, arrays)


def test_zeros_keep_their_sign() -> None:
    x = np.full((2, 40), -0.0, np.float32)
    graph = trace(lambda x: [P["cumsum"](x, axis=1, reverse=False)], [Tensor(x)])
    (found,) = devices.load(compile_graph(graph).program()).run([], [x])
    assert np.signbit(found).all()


# --- what has no kernel ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "params"),
    [("cumprod", {"axis": 0, "reverse": False}), ("scatter", {"axis": 0, "mode": "mul"})],
)
def test_products_of_complex_numbers_are_numpys(name: str, params: dict[str, Any]) -> None:
    x = numbers(DTYPES["complex64"], (5, 3), 0)
    more = [np.array([1, 1], np.int32), x[:2]] if name == "scatter" else []

    def function(*xs: Any) -> list[Any]:
        return [P[name](*xs, **params)]

    (call,) = launches(function, x, *more)
    assert isinstance(call, HostCall)
    agree(function, [x, *more], 4.0)
