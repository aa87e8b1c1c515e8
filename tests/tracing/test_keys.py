"""What counts as the same call of a traced function, and what is traced anew."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import thalweg as tw
from tests.tracing.helpers import A, counting

# Lists that grow show when something is traced.
pytestmark = pytest.mark.filterwarnings("ignore::thalweg.tracing.autograph.TracingWarning")


def test_one_trace_for_each_shape_and_dtype():
    double, traces = counting(lambda x: x * 2)
    for x in (A, A + 1, tw.constant(A), tw.Variable(A).value):
        np.testing.assert_array_equal(double(x), np.asarray(x) * 2)
    assert len(traces) == 1
    double(A[0])
    double(A.astype("int32"))
    assert len(traces) == 3
    assert double.experimental_get_tracing_count() == 3
    double(A[1])
    assert len(traces) == 3


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (1, 2),
        (1, 1.0),
        (1, True),
        (0.0, -0.0),
        ("a", "b"),
        (None, 0),
        ((1, 2), [1, 2]),
        ({"a": 1}, {"b": 1}),
        ((1, (2, 3)), ((1, 2), 3)),
        (slice(0, 1), slice(0, 2)),
        (range(2), range(3)),
        (int, float),
        (np.dtype("int8"), np.dtype("int16")),
        (frozenset({1}), frozenset({1.0})),
    ],
    ids=str,
)
def test_python_values_are_part_of_the_key(first, second):
    seen = []

    @tw.function
    def f(x, option):
        seen.append(option)
        return x + 1

    for option in (first, second, copy.deepcopy(first), copy.deepcopy(second)):
        f(A, option)
    assert [repr(s) for s in seen] == [repr(first), repr(second)]


def test_nan_is_one_value():
    f, traces = counting(lambda x: tw.constant(1.0) * x)
    f(float("nan"))
    f(float("nan"))
    assert len(traces) == 1


def test_numpy_scalars_and_arrays_are_tensors():
    f, traces = counting(lambda x: x + 1)
    assert [float(f(np.float32(n))) for n in range(3)] == [1.0, 2.0, 3.0]
    assert len(traces) == 1


def test_arguments_by_position_name_and_default_are_the_same():
    traces = []

    @tw.function
    def f(x, y=2.0, *, scale=1.0):
        traces.append(1)
        return x * y * scale

    found = [f(A), f(A, 2.0), f(x=A), f(y=2.0, x=A), f(A, scale=1.0)]
    assert len(traces) == 1
    for y in found:
        np.testing.assert_array_equal(y, A * 2)
    np.testing.assert_array_equal(f(A, scale=3.0), A * 6)
    with pytest.raises(TypeError, match=r"function 'f': missing a required argument: 'x'\."):
        f()
    with pytest.raises(TypeError, match="function 'f': got an unexpected keyword argument 'z'"):
        f(A, z=1)


def test_variadic_arguments():
    @tw.function
    def f(first, *rest, **named):
        return first + sum(rest) + named.get("extra", 0.0)

    assert float(f(np.float32(1), np.float32(2), np.float32(3))) == 6.0
    assert float(f(np.float32(1), extra=np.float32(5))) == 6.0


def test_arrays_of_any_layout_and_byte_order():
    f, traces = counting(lambda x: x * 2)
    wide = np.arange(24, dtype="float32").reshape(4, 6)
    unaligned = np.frombuffer(b"\0" + wide[:2, :3].tobytes(), np.uint8)[1:].view("float32")
    for x in (wide[:2, :3], wide[::2, ::2], wide.T[:2, :3], wide[:2, :3].astype(">f4")):
        for _ in range(2):
            np.testing.assert_array_equal(f(x), x * 2)
    assert len(traces) == 1
    for _ in range(2):
        np.testing.assert_array_equal(f(unaligned), unaligned * 2)
    for _ in range(2):
        np.testing.assert_array_equal(f(np.asfortranarray(wide)), wide * 2)


def test_arguments_that_the_first_look_up_does_and_does_not_know():
    class Thing:
        factor = 2.0

    class Other(Thing):
        factor = 3.0

    f, traces = counting(lambda thing, x, *more: x * thing.factor + sum(more))
    thing, other = Thing(), Other()
    for _ in range(3):
        assert float(f(thing, np.float32(1))) == 2.0
        assert float(f(other, tw.constant(1.0))) == 3.0
        assert float(f(thing, tw.constant(1.0), 0.5)) == 2.5
        assert float(f(other, tw.constant(1.0), -0.0)) == 3.0
    assert len(traces) == 4
    g, traces = counting(lambda thing, x: x * (thing[0] if isinstance(thing, list) else 1.0))
    for _ in range(3):
        assert float(g(thing, tw.constant(1.0))) == 1.0
        assert float(g([2.0], tw.constant(1.0))) == 2.0
        assert float(g([3.0], tw.constant(1.0))) == 3.0
    assert len(traces) == 3
    with pytest.raises(TypeError, match="an argument has no values, it is TensorSpec"):
        f(thing, tw.TensorSpec(()))
