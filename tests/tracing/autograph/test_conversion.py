"""Which functions are converted, and what stays as it was: closures, defaults, methods, errors."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import numpy as np
import pytest

from tests.traced import run_traced
from tests.tracing.autograph.harness import check, defined, eager, traced
from thalweg import ops
from thalweg.primitives import trace
from thalweg.tensor import TensorSpec, Variable, convert_to_tensor
from thalweg.tensor.scope import StatelessScope
from thalweg.tracing import autograph
from thalweg.tracing.autograph import AutoGraphError, TracingWarning

SIGNS = [np.float32(v) for v in (-2.0, 0.0, 3.0)]
OFFSET = 1.0


def double_if_positive(x: Any, by: float = 2.0, *, plus: float = 0.0) -> Any:
    """Documented."""
    if x > 0:
        return x * by + plus
    return x


class Base:
    def __init__(self, w: float) -> None:
        self.__w = w

    def step(self, x: Any) -> Any:
        if x > self.__w:
            return x - self.__w
        return x


class Derived(Base):
    @property
    def one(self) -> float:
        return 1.0

    def step(self, x: Any) -> Any:
        if x > 0:
            return super().step(x) + self.one
        return super().step(-x)

    @staticmethod
    def fixed(x: Any) -> Any:
        return 1.0 if x > 0 else 2.0

    @classmethod
    def made(cls, x: Any) -> Any:
        return cls.fixed(x) * 3

    def __call__(self, x: Any) -> Any:
        while x < 10:
            x = x + self.one
        return x


@pytest.mark.parametrize("x", SIGNS)
def test_functions_called_are_converted(x: Any) -> None:
    def f(x):
        d = Derived(0.5)
        p = functools.partial(double_if_positive, by=3.0)
        pick = lambda v, k=1.0: v if v > k else k
        a = double_if_positive(x), double_if_positive(x, 5.0, plus=OFFSET), p(x)
        b = d.step(x), Derived.fixed(x), d.made(x), d(x)
        return a, b, pick(x), pick(x, k=2.0), double_if_positive(*[x], by=4.0)

    check(f, x)


def test_what_the_converted_function_keeps() -> None:
    found = autograph.convert(double_if_positive)
    assert found.__name__ == "double_if_positive"
    assert found.__doc__ == "Documented."
    assert found.__wrapped__ is double_if_positive  # type: ignore[attr-defined]
    assert float(found(convert_to_tensor(3.0), plus=1.0)) == 7.0
    check(autograph.convert(functools.partial(double_if_positive, by=7.0)), SIGNS[2])
    check(autograph.convert(Derived(1.0).step), SIGNS[2])
    check(autograph.convert(Derived(1.0)), SIGNS[2])
    assert autograph.convert(len) is len
    assert autograph.convert(ops.add) is ops.add
    assert autograph.convert(Base) is Base


def test_closures_stay_live() -> None:
    scale = 1.0

    def f(x):
        if x > 0:
            return x * scale
        return -x

    converted = autograph.convert(f)
    assert run_traced(converted, np.float32(3))[0] == 3
    scale = 5.0
    assert run_traced(converted, np.float32(3))[0] == 15


def test_functions_inside() -> None:
    def f(x):
        def inner(y, n=2):
            nonlocal count
            count += 1
            if y > 0:
                return y * n
            return y

        count = 0
        twice = [inner(x), inner(x, n=3)]
        loop = ops.scan(lambda s, v: (s + v if v > 0 else s, v), x, ops.stack(twice))[0]
        return twice, count, loop, ops.cond(x > 0, lambda: inner(x), lambda: x)

    for x in SIGNS:
        check(f, x)


def outer_step(state: Any, x: Any) -> Any:
    if x > 0:
        state = state + x
    return state, x


def test_functions_given_to_operations() -> None:
    def f(xs):
        return ops.scan(outer_step, 0.0, xs), ops.map(double_if_positive, xs)

    check(f, np.array([1.0, -2.0, 3.0], np.float32))


def test_do_not_convert() -> None:
    @autograph.do_not_convert
    def left(x):
        return x if x > 0 else -x

    def f(x):
        return left(x)

    assert autograph.convert(left) is left
    with pytest.raises(TypeError, match="no values to decide an `if`"):
        traced(f, np.float32(1))


def test_recursion_on_a_tensor() -> None:
    def factorial(n):
        if n <= 1:
            return 1
        return n * factorial(n - 1)

    def fib(n):
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    for function in (factorial, fib):
        with pytest.raises(AutoGraphError, match="calls itself under a condition on a tensor"):
            traced(function, np.int32(4))


def test_recursion_on_python_values() -> None:
    def power(x, n):
        if n == 0:
            return 1.0
        if x > 0:
            return x * power(x, n - 1)
        return -x * power(x, n - 1)

    def f(x):
        return power(x, 4)

    for x in SIGNS:
        check(f, x)


def test_generators() -> None:
    def rows(n):
        for i in range(n):
            yield i * 2

    def f(x):
        s = x
        for i in rows(3):
            s = s + i
        return s

    check(f, np.float32(1))
    with pytest.raises(TypeError, match="A generator or async function cannot be traced"):
        autograph.convert(rows)


def test_functions_without_source() -> None:
    names: dict[str, Any] = {}
    exec("def f(x, flag=True):\n    if flag:\n        return x + 1\n", names)
    converted = autograph.convert(names["f"])
    with pytest.warns(TracingWarning, match="AutoGraph has no source for the function 'f'"):
        assert run_traced(converted, np.float32(1))[0] == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert run_traced(converted, np.float32(1))[0] == 2


def test_functions_that_look_at_their_frame() -> None:
    def f(x):
        y = 3
        if y > 2:
            z = x
        return z, len(locals()), eval("y")

    check(f, np.float32(1))


def test_two_lambdas_on_a_line() -> None:
    a, b = (lambda x: x if x > 0 else -x), (lambda x: x + 1 if x > 0 else -1.0)
    for x in SIGNS:
        check(a, x)
        check(b, x)


def test_decorated_functions() -> None:
    def plus_one(function: Any) -> Any:
        @functools.wraps(function)
        def wrapper(x):
            y = function(x)
            if y > 0:
                y = y + 1
            return y

        return wrapper

    @plus_one
    def f(x):
        return x * 2 if x > 0 else x

    for x in SIGNS:
        check(f, x)


def test_to_code() -> None:
    text = autograph.to_code(double_if_positive)
    assert "ag__.if_(x > 0" in text
    assert autograph.to_code(Derived(1.0).step).count("super(__class__, self)") == 2
    with pytest.raises(ValueError, match="there is no converted form"):
        autograph.to_code(len)


def test_arguments_of_all_kinds() -> None:
    def f(x, /, y=2.0, *rest, z, w=3.0, **more):
        if x > 0:
            y = y + sum(rest) + z + w + sum(more.values())
        return y

    def g(x):
        return f(x, z=1.0), f(x, 1.0, 5.0, 6.0, z=x, w=2.0, q=7.0)

    for x in SIGNS:
        check(g, x)


def test_the_same_errors_as_python() -> None:
    def missing(x):
        if x is not None:
            return undefined_name  # type: ignore[name-defined]

    def unbound(x):
        if x is None:
            y = 1
        return y

    def arguments(x):
        return double_if_positive()

    def index(x):
        for i in range(3):
            [1, 2][i]
        return x

    for function in (missing, unbound, arguments, index):
        with pytest.raises(Exception) as expected:
            eager(function, np.float32(1))
        with pytest.raises(expected.type) as found:
            traced(function, np.float32(1))
        assert type(found.value) is expected.type
        assert str(found.value) == str(expected.value)


def test_functions_with_imports_and_classes_inside() -> None:
    def f(x):
        import math
        from math import pi as p

        class Local:
            k = 2

            def get(self, v):
                return v * self.k if v > 0 else -v

        y: float = 1.0
        z: int
        if x > 0:
            import cmath as c

            y: float = c.pi + x
        z = Local().get(x)
        return y, z, math.floor(p)

    for x in SIGNS:
        check(f, x)


def test_variables_in_branches_and_loops() -> None:
    v, w = Variable(1.0, name="v"), Variable(10.0, name="w")

    def f(xs):
        for x in xs:
            if x > 0:
                v.assign_add(x)
            elif v > 3:
                w.assign(v * 2)
        while v < 100:
            v.assign(v * 2)
        return v + w

    xs = np.array([1.0, -2.0, 3.0, -1.0], np.float32)
    expected = float(eager(f, xs))
    ends = float(v), float(w)
    v.assign(1.0)
    w.assign(10.0)

    def stateless(xs, a, b):
        with StatelessScope([(v, a), (w, b)]) as scope:
            y = autograph.convert(f)(xs)
        return y, scope.get_current_value(v), scope.get_current_value(w)

    found, _ = run_traced(stateless, xs, np.float32(1), np.float32(10))
    assert (float(found[0]), float(found[1]), float(found[2])) == (expected, *ends)


def test_conditions_on_a_variable() -> None:
    v = Variable(True, name="flag")

    def f(x):
        if v:
            x = x + 1
        return x if not v else x * 2

    for flag in (True, False):
        v.assign(flag)
        expected = float(eager(f, np.float32(3)))

        def stateless(x, a):
            with StatelessScope([(v, a)]):
                return autograph.convert(f)(x)

        assert float(run_traced(stateless, np.float32(3), np.bool_(flag))[0]) == expected


def test_source_that_inspect_finds_by_its_lines() -> None:
    f = defined("def f(x):\n    return 1 if x > 0 else 2\n", "f", "<made-up source>")
    check(f, np.float32(1))


def test_threads_convert_at_the_same_time() -> None:
    from concurrent.futures import ThreadPoolExecutor

    def f(x):
        return double_if_positive(x) if x > 0 else -x

    def run(_: int) -> bool:
        graph = trace(lambda x: [autograph.convert(f)(x)], [TensorSpec((), "float32")])
        return len(graph.outputs) == 1

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(run, range(12)))
