"""`for` and `while` on tensors: eager against traced."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.tracing.autograph.harness import check, traced
from thalweg import ops
from thalweg.autodiff import GradientTape
from thalweg.primitives import Graph, control_flow
from thalweg.tensor import convert_to_tensor
from thalweg.tracing import autograph
from thalweg.tracing.autograph import AutoGraphError

XS = np.array([1.0, -2.0, 3.0, 0.5], np.float32)


def kinds(graph: Graph) -> set[str]:
    return {node.primitive.name for node in graph.nodes}


def test_for_over_a_tensor() -> None:
    def f(xs):
        s, n = 0.0, 0
        for x in xs:
            s = s + x
            n += 1
        return s, n, x

    assert "scan" in kinds(check(f, XS))
    check(f, np.arange(6, dtype=np.int32).reshape(3, 2))


def test_for_over_a_range_of_a_tensor() -> None:
    def f(n, start):
        s = 0
        for i in range(start, n, 2):
            s += i
        for i in range(n):
            s += 10 * i
        for i in range(n, start, -1):
            s -= i
        return s

    assert "while" in kinds(check(f, np.int32(7), np.int32(1)))
    check(f, np.int32(0), np.int32(3))


def test_a_loop_over_python_values_is_unrolled() -> None:
    def f(x):
        seen = []
        for i in range(3):
            seen.append(i)
            x = x + i
        for name in ["a", "b"]:
            seen.append(name)
        return x, len(seen)

    assert not kinds(check(f, np.float32(1))) & {"scan", "while"}


def test_while() -> None:
    def f(x, n):
        i = 0
        while i < n and x < 100:
            x = x * 2
            i += 1
        return x, i

    for n in (0, 3, 50):
        check(f, np.float32(1), np.int32(n))


def test_break_and_continue() -> None:
    def f(xs, limit):
        s = 0.0
        for x in xs:
            if x < 0:
                continue
            if x > limit:
                break
            s += x
        return s

    for limit in (0.0, 2.0, 9.0):
        check(f, XS, np.float32(limit))


def test_break_and_continue_in_while() -> None:
    def f(n):
        i = s = 0
        while True:
            i += 1
            if i % 2 == 0:
                continue
            if i > n:
                break
            s += i
        return i, s

    for n in (0, 1, 8):
        check(f, np.int32(n))


def test_return_in_a_loop() -> None:
    def f(xs, y):
        for i in ops.arange(xs.shape[0]):
            if xs[i] == y:
                return i
        return -1

    for y in (1.0, 0.5, 7.0):
        check(f, XS, np.float32(y))


def test_return_in_while_true() -> None:
    def f(x):
        while True:
            x = x * 2
            if x > 20:
                return x

    check(f, np.float32(3))
    check(f, np.float32(30))


def test_return_in_nested_loops() -> None:
    def f(xs, n):
        total = 0.0
        for x in xs:
            i = 0
            while i < n:
                total = total + x
                if total > 3:
                    return total, i
                i += 1
        return total, -1

    for n in (0, 1, 4):
        check(f, XS, np.int32(n))


def test_for_else() -> None:
    def f(xs, y):
        for x in xs:
            if x == y:
                found = 1
                break
        else:
            found = 0
        return found

    for y in (3.0, 4.0):
        check(f, XS, np.float32(y))


def test_while_else() -> None:
    def f(x, limit):
        while x < 10:
            x = x * 2
            if x == limit:
                break
        else:
            x = -x
        return x

    for limit in (4.0, 5.0):
        check(f, np.float32(1), np.float32(limit))


def test_a_python_loop_that_a_tensor_ends() -> None:
    def f(x):
        for i in range(5):
            if x > 10:
                break
            x = x * 2
        else:
            x = -x
        return x, i

    for x in (1.0, 0.1):
        check(f, np.float32(x))


def test_walrus_in_a_condition() -> None:
    def f(n):
        s = 0
        while (n := n - 1) > 0:
            s += n
        else:
            s += 100
        return s, n

    for n in (0, 1, 5):
        check(f, np.int32(n))


def test_dtypes_are_promoted() -> None:
    def f(xs):
        s, w, h = 0, 1, 0.0
        for x in xs:
            s = s + x
            w = w * 0.5
            h = h + 1
        return s, w, h

    for dtype in (np.float32, np.float64, np.int32, np.int64, np.float16, np.int8, np.uint32):
        check(f, XS.astype(dtype))


def test_shapes_that_change() -> None:
    def f(xs):
        y = ops.zeros(1)
        for _ in xs:
            y = ops.concatenate([y, y])
        return y

    with pytest.raises(AutoGraphError, match="variable 'y' must keep its structure and shape"):
        traced(f, XS)


def test_the_first_round_may_differ() -> None:
    def f(xs):
        best = None
        for x in xs:
            if best is None or x > best:
                best = x
        return best

    check(f, XS)
    check(f, XS[:1])

    def g(xs):
        y = 0.0
        for x in xs:
            y = y * ops.ones(3) + x
        return y

    check(g, XS)


def test_variables_of_the_loop_after_it() -> None:
    def f(xs, n):
        for x in xs:
            y = x * 2
        for i in range(n):
            z = i
        return y, z, x, i

    check(f, XS, np.int32(3))
    with pytest.raises(UnboundLocalError, match="variable 'z' is read here"):
        traced(f, XS, np.int32(0))


def test_variables_that_the_loop_gives_a_value() -> None:
    def f(xs):
        for x in xs:
            if x > 2:
                last = x
            if x < 0:
                y = "ignored"
                y = x
        return last, y

    check(f, XS)


def test_structures_are_carried() -> None:
    def f(xs):
        state = {"h": xs[0], "c": (0, [xs[1]])}
        for x in xs:
            c = state["c"]
            state = {"h": x, "c": (c[0] + 1, [c[1][0] + x])}
        return state

    check(f, XS)


def test_lists_that_grow() -> None:
    def f(xs):
        out, both = [xs[0]], []
        for x in xs:
            out.append(x * 2)
            both.append((x, x + 1))
            out.append(x)
        return out, both, ops.stack(out), len(out)

    check(f, XS)


def test_a_list_of_rows_is_one_tensor() -> None:
    def f(xs):
        out = []
        for x in xs:
            out.append(x * 2)
        again = []
        for y in out:
            again.append(y + 1)
        return ops.stack(again), ops.convert_to_tensor(out)

    graph = check(f, XS)
    assert sum(node.primitive.name == "scan" for node in graph.nodes) == 2
    used = {id(x) for node in graph.nodes for x in node.inputs}
    wide = [n for n in graph.nodes if n.primitive.name == "concat" and id(n.outputs[0]) in used]
    assert not wide


def test_a_list_that_grows_is_not_read() -> None:
    def f(xs):
        out = [xs[0]]
        for x in xs:
            out.append(out[-1] + x)
        return out

    with pytest.raises(AutoGraphError, match="An element of a list is read in the loop"):
        traced(f, XS)


def test_a_list_does_not_grow_by_an_unknown_length() -> None:
    def f(n):
        out = []
        for i in range(n):
            out.append(i)
        return out

    with pytest.raises(AutoGraphError, match="a list grows in a loop whose number of rounds"):
        traced(f, np.int32(3))


def test_elements_of_a_list_are_carried() -> None:
    def f(xs):
        items = [xs[0], 7, 2.0]
        for x in xs:
            items[0] = items[0] + x
            items[2] += 1
        return items

    check(f, XS)


def test_objects_are_carried() -> None:
    class Total:
        def __init__(self):
            self.value = 0
            self.name = "total"

        def add(self, x):
            self.value += x

    def f(xs):
        t = Total()
        for x in xs:
            inner = Total()
            inner.add(x)
            inner.value *= 2
            t.add(inner.value)
        return t.value

    check(f, XS)


def test_attributes_that_get_a_value_in_the_loop() -> None:
    class Holder:
        pass

    def f(xs):
        h = Holder()
        for x in xs:
            h.last = x
        return h.last

    graph = check(f, XS)
    assert "check" not in kinds(graph)

    def g(n):
        h = Holder()
        for i in range(n):
            h.last = i
        return h.last

    with pytest.raises(AutoGraphError, match="attribute 'last' of the Holder gets its value in a"):
        traced(g, np.int32(3))


def test_nonlocal_variables_are_carried() -> None:
    def f(xs):
        n = 0.0

        def add(x):
            nonlocal n
            n = n + x

        for x in xs:
            add(x)
        return n

    check(f, XS)


def test_nested_loops() -> None:
    def f(m, n):
        s = 0.0
        for row in m:
            t = 0.0
            for x in row:
                if x < 0:
                    continue
                t += x
            for j in range(n):
                if j > 1:
                    break
                s = s + t
        return s

    check(f, np.arange(-3, 3, dtype=np.float32).reshape(2, 3), np.int32(4))


def test_enumerate_zip_map_reversed() -> None:
    def f(xs, ys):
        s = 0.0
        for i, x in enumerate(xs, 1):
            s = s + i * x
        for x, (y, k) in zip(xs, zip(ys, range(10))):
            s = s + x * y - k
        for y in map(lambda x: x * x, xs):
            s = s * 0.5 + y
        for x in reversed(xs):
            s = s * 0.5 + x
        for i, (x, w) in enumerate(zip(xs, [1.0, 2.0, 3.0])):
            s = s + x * w * i
        for x, name in zip(xs, ["a", "bb"]):
            s = s + x * len(name)
        return s

    check(f, XS, XS[::-1].copy())


def test_enumerate_and_zip_of_ranges() -> None:
    def f(xs, n):
        s = 0.0
        for i, j in enumerate(range(n)):
            s = s + i * j
        for x, i in zip(xs, range(n)):
            s = s + x * i
        return s, sum(range(n)), len(range(n))

    for n in (0, 2, 9):
        check(f, XS, np.int32(n), dtypes=False)


def test_loops_without_rounds() -> None:
    def f(xs):
        s = 0.0
        for x in xs:
            s = s + x
        else:
            s = s + 1
        return s, [x * 2 for x in xs]

    assert traced(f, np.zeros(0, np.float32)) == (1.0, [])


def test_gradients() -> None:
    def f(xs):
        s = 1.0
        for x in xs:
            if x < 0:
                continue
            s = s * x
        return s

    def g(x):
        while x < 10:
            autograph.set_loop_options(maximum_iterations=20)
            x = x * x
        return x

    def gradient(function: Any) -> Any:
        def run(x):
            with GradientTape() as tape:
                tape.watch(x)
                y = function(x)
            return tape.gradient(y, x)

        return run

    check(gradient(f), XS)
    check(gradient(g), np.float32(1.5))


def test_gradient_of_a_loop_without_bound() -> None:
    def f(x):
        with GradientTape() as tape:
            tape.watch(x)
            y = x
            while y < 10:
                y = y * 2
        return tape.gradient(y, x)

    with pytest.raises(ValueError, match="maximum_iterations"):
        traced(f, np.float32(1))


def test_loop_options() -> None:
    def f(n):
        i = 0
        while i < n:
            autograph.set_loop_options(maximum_iterations=3)
            i += 1
        s = 0
        for k in range(n):
            autograph.set_loop_options(maximum_iterations=2)
            s += k
        return i, s

    assert traced(f, np.int32(2)) == (2, 1)
    assert traced(f, np.int32(9)) == (3, 1)
    graph = check(f, np.int32(1))
    assert kinds(graph).isdisjoint({"while"})
    with pytest.raises(TypeError, match="maximum_iterations must be a whole number"):
        autograph.set_loop_options(maximum_iterations=1.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="must not be negative"):
        autograph.set_loop_options(maximum_iterations=-1)


def test_a_long_loop_stays_a_loop() -> None:
    def f(xs):
        h = ops.zeros(2)
        out = []
        for x in xs:
            h = ops.tanh(h + x)
            out.append(h)
        return ops.stack(out), h

    graph = check(f, np.ones((50, 2), np.float32))
    (scan,) = [node for node in graph.nodes if node.primitive is control_flow.scan]
    assert scan.params["length"] == 50


def test_a_scalar_is_not_iterated() -> None:
    def f(x):
        for _ in x:
            pass
        return x

    with pytest.raises(TypeError, match="cannot be iterated"):
        traced(f, np.float32(1))


def test_an_endless_python_loop() -> None:
    def f(x):
        i = 0
        for i in iter(lambda: 1, 2):
            if x > i:
                break
        return x

    with pytest.raises(AutoGraphError, match="a tensor decides when this loop over Python values"):
        traced(f, convert_to_tensor(np.float32(1)))
