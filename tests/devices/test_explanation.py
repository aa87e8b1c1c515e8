"""Explanations: what the table says, and how it fits a screen."""

import numpy as np
import pytest
from rich.cells import cell_len

import thalweg as tw
from thalweg import devices
from thalweg.devices.explanation import Explanation, KernelRow
from thalweg.devices.limit import Limit

WIDTHS = [60, 80, 100, 120, 160, 300]


def row(number: int, **changes) -> KernelRow:
    figures = {
        "number": number,
        "name": "matmul",
        "shape": "640 x 128 x 64",
        "flops": 10_485_760,
        "bytes": 400_000,
        "seconds": 1e-4,
        "bound": "matmul",
        "share": 0.5,
        "fused": ("matmul", "add", "3 mul"),
        "reads": ("net/first/kernel", "net/first/bias", "net/second/kernel"),
        "updates": (),
        "inside": (),
        "times": 1,
    }
    return KernelRow(**(figures | changes))


def explanation(*rows: KernelRow) -> Explanation:
    return Explanation("train step", rows, 32, 2, 4096, 8192, Limit(2, 2e11, 5e10))


MANY = explanation(
    row(1),
    row(2, name="sum", bound="memory", share=2.5, seconds=3e-4, updates=("a/b/c", "adam/m")),
    row(3, inside=("20 times:",), times=20),
    row(4, inside=("20 times:", "if:"), fused=tuple(f"operation{k}" for k in range(60))),
    row(5, name="inv (NumPy)", bound="", share=0.0, flops=0, fused=("inv",), reads=()),
)


@pytest.mark.parametrize("width", WIDTHS)
def test_lines_fit_the_screen(width):
    assert max(cell_len(line.plain.rstrip()) for line in MANY.lines(width)) <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_every_width_says_what_matters(width):
    text = " ".join(" ".join(line.plain.split()) for line in MANY.lines(width))
    for part in ("50% matmul", "in cache", "20 times:", "updates b/c and 1 more", "operation59"):
        assert part in text
    assert "reads first/kernel, first/bias and 1 more" in text
    assert "inv (NumPy) inv" not in text


def test_time_is_shared_out():
    text = str(MANY)
    shares = [line.split("%")[0].split()[-1] for line in text.splitlines() if "x 64 " in line]
    assert [int(s) for s in shares] == [14, 43, 14, 14, 14]
    assert "700.0" in text


def test_kernels_in_loops_are_indented():
    lines = [line.plain for line in MANY.lines(120)]
    loop = next(i for i, line in enumerate(lines) if line.strip() == "20 times:")
    assert lines[loop + 1].index("matmul") == lines[loop].index("20 times:") + 2
    branch = next(i for i, line in enumerate(lines) if line.strip() == "if:")
    assert lines[branch + 1].index("matmul") == lines[branch].index("if:") + 2


def test_a_pipe_gets_120_columns_unless_told(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr("sys.__stdout__", None)
    assert str(MANY) == "\n".join(line.plain.rstrip() for line in MANY.lines(120))
    monkeypatch.setenv("COLUMNS", "80")
    assert str(MANY) == "\n".join(line.plain.rstrip() for line in MANY.lines(80))


def test_notebooks_get_html_once(monkeypatch, capsys):
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    html = MANY._repr_html_()
    assert capsys.readouterr().out == ""
    assert html.startswith("<pre")
    assert "matmul" in html
    assert "<link" not in html


def test_a_program_in_words():
    @tw.function
    def turns(x, w):
        def turn(carry, row):
            carry = tw.ops.tanh(tw.ops.matmul(carry, w) + row)
            return carry, None

        return tw.ops.scan(turn, x[0], x)[0]

    found = turns.explain(tw.ops.ones((7, 4, 4)), tw.ops.ones((4, 4)))
    assert found.title == "function 'turns'"
    (product,) = [r for r in found.rows if r.name == "matmul"]
    assert product.inside == ("7 times:",)
    assert product.times == 7
    assert product.shape == "4 x 4 x 4"
    assert product.flops >= 7 * 2 * 4**3


def test_variables_are_named():
    model = tw.Sequential([tw.Input((3,)), tw.layers.Dense(2, name="head")], name="net")
    model.compile(tw.optimizers.SGD(0.1, momentum=0.9), "mse")
    found = model.explain(np.ones((8, 3)), np.ones((8, 2)))
    assert found.title == "train step of model 'net'"
    updates = [name for r in found.rows for name in r.updates]
    assert len(updates) == len(set(updates))
    assert {"net/head/kernel", "net/head/bias"} < set(updates)
    assert any("net/head/kernel" in r.reads for r in found.rows)


def test_what_numpy_computes_is_marked():
    found = tw.function(lambda x: tw.linalg.inv(x) + 1.0).explain(np.eye(3, dtype=np.float32))
    assert found.rows[0].name == "inv (NumPy)"
    assert found.rows[0].bound == ""


def test_softmax_has_its_name():
    found = tw.function(lambda x: tw.nn.softmax(x)).explain(np.ones((4, 5), np.float32))
    assert [r.name for r in found.rows] == ["softmax"]


def test_watching_counts_runs(monkeypatch):
    monkeypatch.setenv("THALWEG_COMPILE", "always")
    model = tw.Sequential([tw.Input((3,)), tw.layers.Dense(2)])
    model.compile("sgd", "mse")
    x, y = np.ones((10, 3)), np.ones((10, 2))
    with devices.watching() as found:
        model.fit(x, y, batch_size=4, epochs=6, verbose=0)
        for n in (2, 5):
            model.train_on_batch(x[:n], y[:n])
    watched = list(found.values())
    assert sum(w.runs for w in watched) == 6 * 3 + 2
    assert watched[-1].n == 5
    assert [len(a) for a in watched[-1].inputs] == [5, 5]
    model.train_on_batch(x, y)
    assert sum(w.runs for w in watched) == 6 * 3 + 2
