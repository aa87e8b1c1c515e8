"""`if`, conditional expressions, `and`/`or`/`not`, comparisons, `in`: eager against traced."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.tracing.autograph.harness import check, traced
from thalweg import ops
from thalweg.primitives import control_flow
from thalweg.tracing.autograph import AutoGraphError

SIGNS = [np.float32(v) for v in (-2.0, 0.0, 3.0)]


@pytest.mark.parametrize("x", SIGNS)
def test_if_elif_else(x: Any) -> None:
    def f(x):
        if x > 1:
            y = x * 2
        elif x < 0:
            y = -x
        else:
            y = x + 10
        return y

    graph = check(f, x)
    assert any(node.primitive is control_flow.cond for node in graph.nodes)


@pytest.mark.parametrize("x", SIGNS)
def test_if_without_else_changes_what_has_a_value(x: Any) -> None:
    def f(x):
        y = x
        if x > 0:
            y = y * 2
            z = y  # only here
            y += z
        return y

    check(f, x)


def test_a_variable_without_a_value_is_an_error_when_read() -> None:
    def f(x):
        if x > 0:
            y = x
        return y

    check(f, np.float32(1))
    message = "variable 'y' is read here, but a condition .* give 'y' a value before"
    with pytest.raises(UnboundLocalError, match=message):
        traced(f, np.float32(-1))


@pytest.mark.parametrize("x", SIGNS)
def test_a_variable_may_be_read_where_it_has_a_value(x: Any) -> None:
    def f(x):
        if x > 0:
            y = x
        z = x
        if x > 0:
            z = y * 2
        return z

    check(f, x)


@pytest.mark.parametrize("x", SIGNS)
def test_return_in_one_branch_only(x: Any) -> None:
    def f(x):
        if x > 0:
            return x * 2
        y = x - 1
        if y < -2:
            return y
        z = y * 3
        return z

    check(f, x)


@pytest.mark.parametrize("x", SIGNS)
def test_return_in_nested_branches(x: Any) -> None:
    def f(x, n=3):
        if x > -1:
            if x > 1:
                return x
            w = x + 1
        elif n == 3:
            return -x
        else:
            w = x
        return w * n

    check(f, x)


@pytest.mark.parametrize("x", SIGNS)
def test_branches_of_other_types_are_promoted(x: Any) -> None:
    def f(x):
        if x > 0:
            y = 1
        else:
            y = 2.5
        return y

    check(f, x, dtypes=False)


def test_return_of_int_and_float() -> None:
    def f(x):
        if x > 0:
            return 1
        return 0.5

    assert traced(f, np.float32(1)) == 1
    assert traced(f, np.float32(-1)) == 0.5


@pytest.mark.parametrize("x", SIGNS)
def test_structures(x: Any) -> None:
    def f(x):
        if x > 0:
            d = {"a": x, "b": (x, 1)}
        else:
            d = {"a": x * 2, "b": (x, 2)}
        return d

    check(f, x, dtypes=False)


def test_shapes_that_differ() -> None:
    def f(x):
        if x > 0:
            y = ops.zeros(2)
        else:
            y = ops.zeros(3)
        return y

    with pytest.raises(AutoGraphError, match=r"variable 'y' would be .*\(2,\).* or .*\(3,\)"):
        traced(f, np.float32(1))


def test_none_in_one_branch() -> None:
    def f(x):
        if x > 0:
            return x

    with pytest.raises(AutoGraphError, match="f: a condition on a tensor decides whether the func"):
        traced(f, np.float32(1))

    def g(x):
        if x > 0:
            return None
        return x

    with pytest.raises(AutoGraphError, match="decides whether the function returns"):
        traced(g, np.float32(1))


def test_none_in_all_branches() -> None:
    def f(x):
        if x > 0:
            return

    check(f, np.float32(1))


@pytest.mark.parametrize("x", SIGNS)
def test_text_that_is_dead_where_it_differs(x: Any) -> None:
    def f(x):
        y = x
        if x > 0:
            y = "text"
            return len(y) + x
        return y

    check(f, x)


@pytest.mark.parametrize("x", SIGNS)
def test_conditional_expression(x: Any) -> None:
    def f(x):
        y = x * 2 if x > 0 else (-x if x < -1 else x + 5)
        return y + (1 if x > 1 else 0)

    check(f, x)


@pytest.mark.parametrize("x", SIGNS)
@pytest.mark.parametrize("y", SIGNS)
def test_and_or_not(x: Any, y: Any) -> None:
    def f(x, y):
        a = x > 0 and y > 0
        b = x > 0 or not y > 0
        c = not a
        d = x > 0 and True and y < 1
        e = (True and x > 0) or (False or y > 0)
        return a, b, c, d, e

    check(f, x, y)


@pytest.mark.parametrize("x", SIGNS)
def test_and_or_give_operands(x: Any) -> None:
    def f(x):
        return (x and x + 1), (x or x + 7)

    check(f, x)


@pytest.mark.parametrize("x", SIGNS)
def test_chained_comparisons(x: Any) -> None:
    def f(x):
        calls = []

        def middle():
            calls.append(1)
            return x

        y = 1.0 if -3 < middle() < 2 else 0.0
        z = -1 < x <= 3 != 5
        return y, z, 0 < 1 < 2, len(calls)

    check(f, x)


@pytest.mark.parametrize("x", [1, 2, 5])
def test_in(x: int) -> None:
    def f(x):
        return x in [1, 2], x not in (2, 5), x in ops.arange(3), 3 in ops.arange(x.ndim + 4)

    check(f, np.int32(x))


def test_in_a_dict() -> None:
    def f(x):
        return x in {1: 2}

    with pytest.raises(AutoGraphError, match="whether a tensor is in a dict"):
        traced(f, np.int32(1))


@pytest.mark.parametrize("x", SIGNS)
def test_walrus(x: Any) -> None:
    def f(x):
        if (y := x * 2) > 1:
            z = y
        else:
            z = y + 1
        w = (v := x + 1) if x > 0 else (v := x - 1)
        flag = x > -5 and (u := x * x) > 1
        return y, z, w, v, flag, [(t := k) for k in (1, 2)], t

    check(f, x)


@pytest.mark.parametrize("x", SIGNS)
def test_nothing_changes_on_python_values(x: Any) -> None:
    def f(x):
        flag, text = True, ""
        if flag and not text:
            z = [1, 2]
        y = 1 if z else "none"
        found = None or z or y
        return x, len(found), y, 1 < 2 < 3, (0 or 0.0), 2 in z

    check(f, x)


def test_truth_of_several_elements() -> None:
    def f(x):
        if x > 0:
            return x
        return -x

    with pytest.raises(ValueError, match=r"truth value of a tensor with shape \(2,\) is ambiguous"):
        traced(f, np.ones(2, np.float32))


@pytest.mark.parametrize("x", SIGNS)
def test_the_branch_not_taken_does_not_run(x: Any) -> None:
    def f(x):
        if x > 0:
            assert x > 1, "too small"
        if x > 0 and checked(x):
            x = x + 1
        return x

    def checked(x):
        assert x > 0
        return x > 2

    check(f, x)


@pytest.mark.parametrize("x", SIGNS)
def test_attributes_and_elements_in_branches(x: Any) -> None:
    class Holder:
        pass

    def f(x):
        h = Holder()
        h.a = x
        d = {"k": x}
        items = [x, 1]
        if x > 0:
            h.a = h.a + 1
            h.b = x
            d["k"] = x * 2
            items[1] = x * 5
        else:
            h.b = -x
            items[0] += 1
        return h.a, h.b, d["k"], items

    check(f, x, dtypes=False)


@pytest.mark.parametrize("x", SIGNS)
def test_objects_changed_by_functions_that_are_called(x: Any) -> None:
    class Counter:
        def __init__(self):
            self.total = 0.0

        def add(self, y):
            self.total = self.total + y

    def f(x):
        c = Counter()
        n = 0

        def more():
            nonlocal n
            n += 1

        if x > 0:
            c.add(x)
            more()
        return c.total, n

    check(f, x)


def test_attributes_with_a_value_in_one_branch() -> None:
    class Holder:
        pass

    def f(x):
        h = Holder()
        if x > 0:
            h.a = x
        return h.a

    with pytest.raises(AutoGraphError, match="decides whether attribute 'a' of the Holder has a"):
        traced(f, np.float32(1))


def test_lists_of_other_lengths() -> None:
    def f(x):
        items = []
        if x > 0:
            items.append(x)
        return items

    with pytest.raises(AutoGraphError, match="decides how long a list gets"):
        traced(f, np.float32(1))


@pytest.mark.parametrize("x", SIGNS)
def test_lists_of_one_length(x: Any) -> None:
    def f(x):
        items = []
        if x > 0:
            items.append(x)
        else:
            items.append(-x)
        return items

    check(f, x)
