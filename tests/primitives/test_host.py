"""print and check: what they do when a graph runs, their order, and graphs without them."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from thalweg import ops
from thalweg.autodiff import GradientTape
from thalweg.primitives import evaluate_graph, host, trace
from thalweg.primitives.control_flow import bind_cond, bind_scan
from thalweg.tensor import Tensor, TensorSpec, convert_to_tensor

SPEC = TensorSpec((), "float32")


def say(x: Tensor, *parts: str | host.Field, file: str = "stdout") -> None:
    host.print_(x, parts=parts or (host.Field(0),), end="\n", file=file, flush=False)


def test_print(capsys: pytest.CaptureFixture[str]) -> None:
    x = convert_to_tensor(1.5)
    say(x, "x = ", host.Field(0, "", ".2f"), ", ", host.Field(0, "r"), host.Field(0, "%", " %5.1f"))
    say(x, file="stderr")
    host.print_(x, parts=("to a file",), end="", file=sys.stderr, flush=True)
    out, err = capsys.readouterr()
    assert out == "x = 1.50, <Tensor shape=() dtype=float32 1.5>   1.5\n"
    assert err == "1.5\nto a file"


def test_check() -> None:
    yes, no = convert_to_tensor(True), convert_to_tensor(False)
    options = {"parts": ("x is ", host.Field(0)), "where": "a.py:3"}
    host.check(yes, convert_to_tensor(2), error=ValueError, **options)
    with pytest.raises(ValueError, match="x is 2") as caught:
        host.check(no, convert_to_tensor(2), error=ValueError, **options)
    assert caught.value.__notes__ == ["raised at a.py:3"]
    known = KeyError("k", 1)
    for _ in range(2):
        with pytest.raises(KeyError) as again:
            host.check(no, parts=(), error=known, where="a.py:4")
        assert again.value is known
        assert known.__notes__ == ["raised at a.py:4"]
    with pytest.raises(ValueError, match="check: the condition must be one bool, got shape"):
        host.check(convert_to_tensor(1.0), parts=(), error=ValueError, where="")


def test_order_in_a_graph(capsys: pytest.CaptureFixture[str]) -> None:
    def f(x: Tensor) -> list[Tensor]:
        say(x, "first")
        bind_cond(x > 0, lambda: say(x, "positive") or [], list)
        say(x, "last ", host.Field(0))
        return [x + 1]

    graph = trace(f, [SPEC])
    assert [n.primitive.name for n in graph.nodes if host.has_effects(n)] == [
        "print",
        "cond",
        "print",
    ]
    for value, expected in ((1, "first\npositive\nlast 1.0\n"), (-1, "first\nlast -1.0\n")):
        constants = [np.asarray(x) for x in graph.captured]
        assert evaluate_graph(graph, [np.float32(value)], constants)[0] == value + 1
        assert capsys.readouterr().out == expected


def test_silent_graphs() -> None:
    def loud(x: Tensor) -> list[Tensor]:
        def body(s: Tensor) -> list[Tensor]:
            say(s)
            return [s * 2]

        return list(bind_scan(body, [x], (), 3))

    graph = trace(loud, [SPEC])
    quiet = host.silent(graph)
    assert not any(map(host.has_effects, quiet.nodes))
    assert any(map(host.has_effects, graph.nodes))
    assert host.silent(quiet) is quiet
    constants = [np.asarray(x) for x in quiet.captured]
    assert evaluate_graph(quiet, [np.float32(1)], constants)[0] == 8


def test_gradients_run_bodies_in_silence(capsys: pytest.CaptureFixture[str]) -> None:
    def body(s: Tensor) -> list[Tensor]:
        say(s, "body")
        return [s * s]

    x = convert_to_tensor(2.0)
    with GradientTape() as tape:
        tape.watch(x)
        say(x, "outside")
        y = bind_scan(body, [x], (), 2)[0] + bind_cond(x > 0, lambda: body(x), lambda: [x])[0]
        z = ops.sum(y)
    assert float(tape.gradient(z, x)) == 4 * 8 + 4
    assert capsys.readouterr().out == "outside\nbody\nbody\nbody\n"
