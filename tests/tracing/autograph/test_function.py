"""Control flow in `thalweg.function`, in layers and in `fit`, run with NumPy and compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import thalweg as tw
from thalweg import ops
from thalweg.tracing import autograph

XS = np.array([1.0, -2.0, 3.0, 0.5], np.float32)
both = pytest.mark.parametrize("compiled", [False, True])


@both
def test_loops_and_jumps(compiled: bool) -> None:
    @tw.function(jit_compile=compiled)
    def f(xs, limit):
        total, seen = 0.0, []
        for i, x in enumerate(xs):
            if x < 0:
                continue
            if total > limit:
                return total, i
            total += x
        for x in xs:
            seen.append(x if x > 0 else -x)
        while total < 100:
            total = total * 2 + sum(seen)
        return total, -1

    for limit in (0.5, 3.0, 50.0):
        found = f(XS, tw.constant(limit))
        expected = f.python_function(tw.constant(XS), tw.constant(limit))
        np.testing.assert_allclose([float(v) for v in found], [float(v) for v in expected])


@both
def test_print_and_assert(compiled: bool, capsys: pytest.CaptureFixture[str]) -> None:
    @tw.function(jit_compile=compiled)
    def f(xs):
        for x in xs:
            if x > 0:
                print("positive", x)
            assert x < 3, f"{x} is too large"
        print("sum", ops.sum(xs))
        return ops.sum(xs)

    f(XS[:2])
    assert capsys.readouterr().out == "positive 1.0\nsum -1.0\n"
    with pytest.raises(AssertionError, match=r"3\.0 is too large"):
        f(XS[2:])
    assert capsys.readouterr().out.endswith("positive 3.0\n")
    assert float(f(XS[:2])) == -1.0  # the function is usable afterwards


@both
def test_variables(compiled: bool) -> None:
    count, largest = tw.Variable(0), tw.Variable(0.0)

    @tw.function(jit_compile=compiled)
    def f(xs):
        for x in xs:
            if x > largest:
                largest.assign(x)
                count.assign_add(1)

    f(XS)
    assert (int(count), float(largest)) == (2, 3.0)
    f(XS + 1)
    assert (int(count), float(largest)) == (3, 4.0)


@both
def test_gradients(compiled: bool) -> None:
    @tw.function(jit_compile=compiled)
    def f(x):
        with tw.GradientTape() as tape:
            tape.watch(x)
            y = x
            while y < 50:
                autograph.set_loop_options(maximum_iterations=8)
                y = y * x if x > 1 else y + 10 * x
        return tape.gradient(y, x)

    assert float(f(tw.constant(3.0))) == pytest.approx(4 * 27)
    assert float(f(tw.constant(1.0))) == pytest.approx(51)


def test_a_function_in_a_function() -> None:
    @tw.function
    def inner(x):
        return x if x > 0 else -x

    @tw.function
    def outer(xs):
        return [inner(x) for x in xs], [inner(x * 2) if x > 1 else x for x in xs]

    found = outer(XS)
    np.testing.assert_allclose([float(x) for x in found[0]], np.abs(XS))
    np.testing.assert_allclose([float(x) for x in found[1]], np.where(XS > 1, XS * 2, XS))


class Gate(tw.Layer):
    """A layer whose computation depends on its values."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = tw.layers.Dense(3, kernel_initializer="ones")

    def call(self, inputs: Any) -> Any:
        y = self.inner(inputs)
        if ops.sum(y) > 0:
            return y * 2
        for row in inputs:
            if ops.max(row) > 5:
                y = y - 1
                break
        return y


@pytest.mark.parametrize("sign", [1, -1])
def test_layers(sign: int) -> None:
    x = sign * np.ones((2, 4), np.float32)
    layer = Gate()
    expected = layer(x).numpy()
    np.testing.assert_allclose(tw.function(layer)(x), expected)
    np.testing.assert_allclose(tw.function(lambda v: layer(v))(x), expected)
    inputs = tw.Input((4,))
    model = tw.Model(inputs, layer(inputs))
    np.testing.assert_allclose(model.predict(x, verbose=0), expected)


def test_fit() -> None:
    x, y = np.ones((8, 4), np.float32), np.ones((8, 3), np.float32)
    histories = []
    for eagerly in (True, False):
        tw.set_random_seed(0)
        model = tw.Sequential([Gate(), tw.layers.Dense(3)])
        model.compile("sgd", "mse", run_eagerly=eagerly)
        histories.append(model.fit(x, y, epochs=2, batch_size=4, verbose=0).history["loss"])
    np.testing.assert_allclose(*histories, rtol=1e-5)


def test_loops_and_conditions_that_only_act(capsys: pytest.CaptureFixture[str]) -> None:
    @tw.function(jit_compile=True)
    def f(xs, flag):
        for x in xs:
            print("x", x)
            if flag:
                print("again")
        if flag:
            print("flag")
        for x in xs:
            assert x < 3, f"{x} is too large"
        return ops.sum(xs)

    f(XS[:2], tw.constant(True))
    assert capsys.readouterr().out == "x 1.0\nagain\nx -2.0\nagain\nflag\n"
    f(XS[:2], tw.constant(False))
    assert capsys.readouterr().out == "x 1.0\nx -2.0\n"
    with pytest.raises(AssertionError, match=r"3\.0 is too large"):
        f(XS, tw.constant(False))
