"""print, assert, raise, try, texts, and what traced code warns of."""

from __future__ import annotations

import random
import time
import traceback
import warnings
from typing import Any

import numpy as np
import pytest

from tests.tracing.autograph.harness import check, defined, eager, traced
from thalweg import ops
from thalweg.autodiff import GradientTape
from thalweg.tensor import convert_to_tensor
from thalweg.tracing.autograph import AutoGraphError, TracingWarning

SIGNS = [np.float32(v) for v in (-2.0, 0.0, 3.0)]


def same_output(function: Any, capsys: pytest.CaptureFixture[str], *values: Any) -> None:
    eager(function, *values)
    expected = capsys.readouterr()
    traced(function, *values)
    assert capsys.readouterr() == expected


def test_print_of_tensors(capsys: pytest.CaptureFixture[str]) -> None:
    def f(x, m):
        print(x)
        print("x is", x, [x, (1, m)], {"a": x}, sep=" | ", end="!\n")
        print(f"{x:.3f} {x} {1 + 1:>4} {'a'!r} {x!s:>9}")
        print("{:.1f} and {} and {name}".format(x, 2, name=m))
        print("%.2f%% of %s" % (x, "it"))
        print(str(x) + " " + repr(m))
        return x

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TracingWarning)
        same_output(f, capsys, np.float32(1.5), np.arange(4.0).reshape(2, 2))


def test_print_in_bodies(capsys: pytest.CaptureFixture[str]) -> None:
    def f(xs):
        for i, x in enumerate(xs):
            if x > 0:
                print("positive", i)
            else:
                print(x)
        i = 0
        while i < ops.sum(xs):
            print(i)
            i += 1
        return xs

    same_output(f, capsys, np.array([1, -2, 5], np.int32))


def test_print_runs_once_beside_a_gradient(capsys: pytest.CaptureFixture[str]) -> None:
    def f(xs):
        with GradientTape() as tape:
            tape.watch(xs)
            y = 0.0
            for x in xs:
                print(x)
                y = y + x * x
                if x > 0:
                    print("y", y)
        return tape.gradient(y, xs)

    same_output(f, capsys, np.array([1, -2], np.float32))


def test_texts_elsewhere() -> None:
    def f(x):
        return {f"{x}": x}

    def g(x):
        return len(str(x))

    for function in (f, g):
        with pytest.raises((AutoGraphError, TypeError), match="known only when|unhashable"):
            traced(function, np.float32(1))


def test_texts_of_python_values() -> None:
    def f(x):
        a, b = 3, "z"
        s = f"{a:03d}{b!r:>5}{'%d' % a}" + "{}-{}".format(a, b) + str(a) + format(a, "x")
        return x, len(s), "%s" % b == "z", s == "003  'z'33-z33"

    check(f, np.float32(1))


@pytest.mark.parametrize("x", SIGNS)
def test_assert(x: Any) -> None:
    def f(x):
        assert x > -1, f"x is {x}"
        assert x.shape == ()
        return x

    if x > -1:
        check(f, x)
        return
    with pytest.raises(AssertionError, match="^x is -2.0") as caught:
        traced(f, x)
    assert "test_effects.py" in caught.value.__notes__[0]


@pytest.mark.parametrize("x", SIGNS)
def test_raise(x: Any) -> None:
    def f(x, n):
        if x < 0:
            raise ValueError(f"got {x:.1f}")
        if n == 2:
            raise KeyError("n")
        for i in range(n):
            if x > i + 1:
                raise RuntimeError
        return x * 2

    for n in (0, 1, 2, 5):
        try:
            eager(f, x, np.int32(n))
        except Exception as error:
            with pytest.raises(type(error)) as caught:
                traced(f, x, np.int32(n))
            assert str(caught.value) == str(error)
        else:
            check(f, x, np.int32(n))


def test_raise_in_both_branches() -> None:
    def f(x):
        if x > 1:
            if x > 2:
                raise ValueError("large")
            else:
                raise KeyError("small")
        return x

    check(f, np.float32(0))
    with pytest.raises(KeyError):
        traced(f, np.float32(1.5))
    with pytest.raises(ValueError, match="large"):
        traced(f, np.float32(3))


def test_try_around_a_condition_that_raises() -> None:
    def f(x):
        try:
            if x > 0:
                raise ValueError("positive")
            y = 1.0
        except ValueError:
            y = -1.0
        return y

    with pytest.raises(AutoGraphError, match="a `try` around the condition or loop cannot handle"):
        traced(f, np.float32(1))

    def g(x):
        try:
            assert x > 0
        except Exception:
            return 0.0
        return 1.0

    with pytest.raises(AutoGraphError, match="a `try` around it cannot handle that"):
        traced(g, np.float32(1))

    def h(x):
        try:
            if x > 0:
                x = ops.reshape(x, (7,))
        except:
            x = -x
        return x

    with pytest.raises(AutoGraphError, match="cannot handle"):
        traced(h, np.float32(1))


@pytest.mark.parametrize("x", SIGNS)
def test_try_that_does_not_matter(x: Any) -> None:
    class Closing:
        def __enter__(self):
            return 5

        def __exit__(self, *error):
            return False

    def f(x):
        y = 0
        try:
            if x > 0:
                try:
                    raise ValueError("inside")
                except ValueError as error:
                    y = len(str(error))
            int("no number")
        except (ValueError, TypeError):
            y = y + 10
        except Exception:
            y = 99
        else:
            y = 98
        finally:
            y += 1
        with Closing() as five, Closing():
            if x > 0:
                return y + five
        try:
            if x < -1:
                raise KeyError("later")
        except ZeroDivisionError:
            y = -1
        return y

    if x < -1:
        with pytest.raises(KeyError):
            traced(f, x)
    else:
        check(f, x)


def test_return_inside_try() -> None:
    def f(x):
        try:
            if x > 0:
                return x
        except ValueError:
            return x - 1
        else:
            x = x * 3
        finally:
            pass
        return x

    for x in SIGNS:
        check(f, x)


def test_finally_with_a_return_is_left_to_python() -> None:
    source = "def f(x):\n    try:\n        raise ValueError\n    finally:\n        return x\n"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        check(defined(source, "f", "<finally>"), np.float32(1))


def test_errors_show_the_users_line() -> None:
    def f(x):
        y = x + 1
        if x > 0:
            y = ops.matmul(x, x)  # here
        return y

    try:
        traced(f, np.float32(1))
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == __file__ and frame.name == "f"]
    assert own[-1].line == "y = ops.matmul(x, x)  # here"
    assert not any("autograph/runtime" in frame.filename for frame in frames)


# --- warnings -----------------------------------------------------------------------------------

COUNT = 0
HISTORY: list[Any] = []


class Model:
    def __init__(self) -> None:
        self.steps = 0
        self.log: list[Any] = []
        self.table: dict[str, Any] = {}


def warned(function: Any, *values: Any) -> list[warnings.WarningMessage]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        traced(function, *values)
        traced(function, *values)
    return [w for w in caught if issubclass(w.category, TracingWarning)]


def test_side_effects_are_reported_once_each() -> None:
    model = Model()
    calls = 0

    def f(x):
        global COUNT
        nonlocal calls
        COUNT += 1
        calls += 1
        model.steps += 1
        model.log.append(1)
        model.table["k"] = 1
        HISTORY.append(2)
        print("tracing")
        return x

    found = warned(f, np.float32(1))
    first = f.__code__.co_firstlineno
    assert [w.lineno - first for w in found] == list(range(3, 10))
    assert all(w.filename == __file__ for w in found)
    texts = [str(w.message) for w in found]
    assert "global variable 'COUNT' is assigned" in texts[0]
    assert "nonlocal variable 'calls'" in texts[1]
    assert "attribute 'steps' of a Model is set" in texts[2]
    assert "a list from outside is changed" in texts[3]
    assert "a dict from outside" in texts[4]
    assert "print() of Python values" in texts[6]
    assert all("once for each trace, not at every call" in text for text in texts)


def test_frozen_values_are_reported() -> None:
    generator = np.random.default_rng(0)

    def f(x):
        a = time.time()
        b = random.random()
        c = np.random.rand()
        d = generator.normal()
        e = random.randint(1, 2)
        return x + a * 0 + b * 0 + c * 0 + d * 0 + e * 0

    found = warned(f, np.float32(1))
    assert len(found) == 5
    assert "what it gives is a constant in the graph" in str(found[0].message)


def test_what_traced_code_makes_is_its_own_to_change() -> None:
    def fill(model, items):
        model.steps = 5
        model.log.append(1)
        items.append(model.steps)

    def f(x):
        model, items = Model(), []
        fill(model, items)
        more = [i for i in range(3)]
        more[0] = 7
        counts = dict(a=1)
        counts["b"] = 2
        return x + items[0] + len(more) + len(counts)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(f, np.float32(1))


def test_values_of_side_effects() -> None:
    model = Model()

    def f(x):
        if x > 0:
            model.value = x
        else:
            model.value = -x
        return model.value

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TracingWarning)
        for x in SIGNS:
            assert traced(f, x) == abs(x)
            model.value = convert_to_tensor(0.0)
