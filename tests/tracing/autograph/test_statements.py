"""Elements of tensors, match, comprehensions, built-in functions, deletion."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from tests.tracing.autograph.harness import check, eager, traced
from thalweg import ops
from thalweg.tracing.autograph import AutoGraphError

XS = np.array([1.0, -2.0, 3.0, 0.5], np.float32)
MATRIX = np.arange(12, dtype=np.float32).reshape(3, 4)


# --- elements -----------------------------------------------------------------------------------


def updated(function: Any, x: Any, *rest: Any) -> None:
    """Hold assignments to elements of a tensor against NumPy's."""
    found = traced(function, x, *rest)
    np.testing.assert_allclose(found, function(x.copy(), *rest))


def test_setting_elements() -> None:
    def f(x, i):
        x[0] = 5
        x[1, 2] = 7.5
        x[-1] += 1
        x[:, 1] = x[:, 0] * 2
        x[1:3, ::2] = -1
        x[i] *= 3
        x[i, 1] -= x[0, 0]
        x[..., 3] = 9
        x[[0, 2], [1, 1]] = 4
        x[0][1] = 8
        return x

    updated(f, MATRIX, np.int32(1))


def test_setting_elements_by_a_mask() -> None:
    def f(x):
        x[x > 5] = 0
        return x

    updated(f, MATRIX)


def test_setting_elements_elsewhere() -> None:
    class Holder:
        pass

    def f(x, i):
        h = Holder()
        h.w = x
        h.parts = [x, {"k": x}]
        h.w[0] = 1
        h.w[i, 2] += 5
        h.parts[0][1] = 2
        h.parts[1]["k"][2] = 3
        a, (x[0], h.w[1]), *h.rest = i, (10.0, 20.0), 1, 2
        return h.w, h.parts[0], h.parts[1]["k"], x, a, h.rest

    found = traced(f, MATRIX, np.int32(1))
    x = MATRIX
    np.testing.assert_allclose(found[0], [[1] * 4, [20] * 4, x[2]])
    np.testing.assert_allclose(found[1], [x[0], [2] * 4, x[2]])
    np.testing.assert_allclose(found[2], [x[0], x[1], [3] * 4])
    np.testing.assert_allclose(found[3], [[10] * 4, x[1], x[2]])
    assert found[5] == [1, 2]


def test_setting_elements_in_loops_and_branches() -> None:
    def f(x, n):
        for i in range(n):
            if i % 2 == 0:
                x[i] = i * 10
            else:
                x[i] += 1
        return x

    found = traced(f, XS, np.int32(3))
    np.testing.assert_allclose(found, [0, -1, 20, 0.5])


def test_setting_elements_of_another_functions_tensor() -> None:
    def f(x):
        def change():
            x[0] = 1

        change()
        return x

    with pytest.raises(AutoGraphError, match="assign it to a local variable first"):
        traced(f, XS)


def test_elements_of_lists_at_computed_places() -> None:
    def f(i, x):
        items = [x, x * 2, x * 3]
        y = items[i]
        items[i] = x * 100
        return y, items, (x, -x)[i % 2]

    def g(i, x):
        items = [x, x * 2, x * 3]
        y = items[int(i)]
        items[int(i)] = x * 100
        return y, items, (x, -x)[int(i) % 2]

    for i in range(-3, 3):
        found = traced(f, np.int32(i), np.float32(2))
        expected = eager(g, np.int32(i), np.float32(2))
        np.testing.assert_allclose(found[0], expected[0])
        np.testing.assert_allclose(found[1], [float(v) for v in expected[1]])


def test_augmented_assignment() -> None:
    def f(x):
        items = [1]
        alias = items
        items += [2, 3]
        n = 5
        n -= 1
        n //= 2
        d = {"a": x}
        d["a"] *= 2
        d["b"] = d["a"]
        return len(alias), n, d["a"], d["b"]

    check(f, np.float32(3))


def test_deletion() -> None:
    def f(x):
        y = x
        d = {"a": 1, "b": 2}
        del d["a"]
        del y
        y = x * len(d)
        return y

    check(f, np.float32(3))

    def g(x):
        y = x
        del y
        return y

    with pytest.raises(UnboundLocalError):
        traced(g, np.float32(3))


# --- match ----------------------------------------------------------------------------------------


@dataclass
class Point:
    x: Any
    y: Any


class Numbers:
    ONE = 1


@pytest.mark.parametrize("n", range(-1, 8))
def test_match_on_a_tensor(n: int) -> None:
    def f(n):
        match n:
            case 0:
                y = 10
            case Numbers.ONE:
                y = 11
            case 2 | 3:
                y = 12
            case k if k > 5:
                y = k * 2
            case _:
                y = -1
        return y

    check(f, np.int32(n))


@pytest.mark.parametrize("n", range(4))
def test_match_returns(n: int) -> None:
    def f(n):
        match n:
            case 0:
                return 1.0
            case 1 as m:
                return m + 0.5
        return 7.0

    check(f, np.int32(n), dtypes=False)


@pytest.mark.parametrize("n", range(3))
def test_match_of_structures(n: int) -> None:
    def f(n, x):
        found = []
        for subject in ((n, x), [x, x, x], {"k": n, "z": 1}, Point(n, x), "text", None, 4):
            match subject:
                case (0, y):
                    value = y
                case [a, *_, b] if len(subject) == 3:
                    value = a + b
                case {"k": 1, **rest}:
                    value = float(len(rest))
                case Point(1, y=z):
                    value = z * 5
                case Point(x=q):
                    value = q * 1.0
                case str():
                    value = 20.0
                case None:
                    value = 21.0
                case int(v):
                    value = v * 2.0
                case _:
                    value = 22.0
            found.append(value * 1.0)
        return found

    check(f, np.int32(n), np.float32(3), dtypes=False)


# --- comprehensions -------------------------------------------------------------------------------


def test_comprehensions() -> None:
    def f(xs):
        a = [x * 2 for x in xs]
        b = [x + y for x in xs for y in (1, 2)]
        c = [x * i for i, x in enumerate(xs) for _ in range(2)]
        d = sum(x * x for x in xs)
        e = [i for i in range(5) if i % 2]
        g = {k: x for k, x in zip("abcd", xs)}
        h = [x if x > 0 else 0 * x for x in xs]
        return a, b, c, d, len(e), g, ops.stack(h), sorted({1, 2}), list(i for i in (1, 2))

    check(f, XS)


def test_a_comprehension_is_one_loop() -> None:
    def f(xs):
        return ops.stack([ops.tanh(x) for x in xs])

    graph = check(f, np.ones(30, np.float32))
    assert [n.params["length"] for n in graph.nodes if n.primitive.name == "scan"] == [30]


def test_a_comprehension_with_a_condition() -> None:
    def f(xs):
        return [x for x in xs if x > 0]

    with pytest.raises(AutoGraphError, match="the `if` of a comprehension depends on a tensor"):
        traced(f, XS)


def test_generator_expressions_are_lazy() -> None:
    def f(x):
        seen = []

        def see(i):
            seen.append(i)
            return i

        found = any(see(i) > 1 for i in range(10))
        return x, found, len(seen)

    check(f, np.float32(1))


# --- built-in functions ---------------------------------------------------------------------------


def test_built_in_functions_of_a_tensor() -> None:
    def f(xs, flags):
        return (
            sum(xs),
            sum(xs, 10),
            max(xs),
            min(xs),
            any(flags),
            all(flags),
            len(xs),
            abs(xs),
            sorted(xs),
            sorted(xs, reverse=True),
            sorted(xs, key=lambda x: -x * x),
            list(xs),
            tuple(xs),
            any(x > 2 for x in xs),
            all([x > 2 for x in xs]),
            max(xs, key=lambda x: -x),
            functools.reduce(lambda a, b: a * 2 + b, xs),
        )

    check(f, XS, np.array([True, False, True]))
    check(f, XS.astype(np.int32), np.array([True, True]))


def test_built_in_functions_of_scalars() -> None:
    def f(x, n):
        return (
            max(x, 1.0, n),
            min([x, 2.0]),
            any([x > 0, False]),
            all([x > 0, True]),
            sum([x, n, 1]),
        )

    for x in (-1.0, 0.5, 7.0):
        check(f, np.float32(x), np.int32(2), dtypes=False)


@pytest.mark.parametrize("x", [-2.7, -0.2, 0.0, 3.9])
def test_conversions_of_a_tensor(x: float) -> None:
    def f(x):
        return int(x), float(x), bool(x), float(int(x)), int(bool(x))

    check(f, np.float32(x))
    check(f, np.int32(x))


def test_functions_on_python_values() -> None:
    def f(x):
        a = list(map(lambda v: v + 1, [1, 2]))
        b = list(filter(None, [0, 1]))
        c = list(zip([1, 2], "ab", strict=True))
        d = list(enumerate("ab", 1)) + list(reversed([1]))
        e = max([3, 1], key=lambda v: -v), min("b", "a"), max([], default=4)
        g = sorted([3, 1], reverse=True), int("7"), float("1.5"), bool([]), tuple("ab")
        assert (a, b, c) == ([2, 3], [1], [(1, "a"), (2, "b")])
        assert d == [(1, "a"), (2, "b"), 1]
        assert e == (1, "a", 4)
        assert g == ([3, 1], 7, 1.5, False, ("a", "b"))
        return x

    check(f, np.float32(1))


def test_zip_of_other_lengths() -> None:
    def f(xs, ys):
        return sum([x * y for x, y in zip(xs, ys)])

    check(f, XS, XS[:2])

    def g(xs, ys):
        return [x * y for x, y in zip(xs, ys, strict=True)]

    with pytest.raises(ValueError, match="argument 2 is shorter than argument 1"):
        traced(g, XS, XS[:2])


def test_filter_of_a_tensor() -> None:
    def f(xs):
        return list(filter(lambda x: x > 0, xs))

    with pytest.raises(AutoGraphError, match=r"filter\(\) of a tensor gives a number of elements"):
        traced(f, XS)
