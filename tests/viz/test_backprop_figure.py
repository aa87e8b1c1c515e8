"""The figures of a backward pass: how they look, at which sizes, and the pictures of the steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import thalweg as tw
from tests.viz.looks import check_layout, check_look, visible_words
from thalweg.viz.backprop import BackwardPassPlot, backward_pass
from thalweg.viz.backprop.words import in_line, number
from thalweg.viz.figure import blank

L = tw.layers


def chapter(v: Any, x: Any, y: Any) -> Any:
    return tw.square(x * v - y)


def words(plot: BackwardPassPlot) -> list[str]:
    plot.figure.canvas.draw()
    return [text for text, _ in visible_words(plot.figure)]


def residual_model() -> tw.Model:
    """A model without random numbers, so that its picture is always the same."""
    inputs = tw.Input((4,))
    start = {"kernel_initializer": tw.initializers.Constant(0.1), "name": "start"}
    h = L.Dense(4, activation="relu", **start)(inputs)
    h = L.Add(name="join")([h, L.Dense(4, kernel_initializer="identity", name="around")(h)])
    outputs = L.Dense(1, kernel_initializer="ones", name="last")(h)
    model = tw.Model(inputs, outputs, name="residual")
    model.compile("sgd", "mse")
    return model


def data() -> tuple[Any, Any]:
    x = np.linspace(-1, 2, 24).reshape(6, 4)
    return x, x[:, :1]


def test_the_chapter_looks_right() -> None:
    check_look(backward_pass(chapter, 0, 2, 5), "backprop_chapter")
    with tw.viz.theme("dark"):
        check_look(backward_pass(chapter, 0, 2, 5, step=7), "backprop_chapter_step_dark")


def test_a_model_looks_right() -> None:
    model, (x, y) = residual_model(), data()
    check_look(backward_pass(model, x, y), "backprop_model")
    check_look(backward_pass(model, x, y, layer="start"), "backprop_layer")


def test_matrices_and_sums_look_right() -> None:
    w = tw.Variable([[1.0, -2.0], [0.5, 3.0]])

    def function(x: Any, b: Any) -> Any:
        return tw.reduce_sum(tw.nn.sigmoid(x @ w + b)) + tw.reduce_mean(w * w)

    plot = backward_pass(function, [[1.0, 2.0], [3.0, 4.0]], [0.1, -0.2])
    check_look(plot, "backprop_matrices")
    assert plot.rankdir == "TB"


def test_values_and_gradients_stand_beside_the_lines() -> None:
    shown = words(backward_pass(chapter, 0, 2, 5))
    assert {"−10", "−20", "−5", "25", "multiply", "subtract", "square"} <= set(shown)
    assert shown.count("−10") == 2
    assert shown.count("0") == 3  # v, x v, and the gradient of x


def test_the_sum_of_what_comes_back_is_written_out() -> None:
    assert "3 + 3 − 1 = 5" in words(backward_pass(lambda x: x * x - x, 3.0))


def test_steps_show_what_is_known() -> None:
    steps = backward_pass(chapter, 0, 2, 5, sources=["v"]).steps()
    assert len(steps) == 8
    assert steps[0].caption == "Step 0 of 7. Only the inputs are known."
    assert steps[1].caption == "Step 1 of 7. Forward through multiply: 2 × 0 = 0."
    assert steps[7].caption == "Step 7 of 7. Backward through multiply, to v: −10 × 2 = −20."
    assert "25" not in words(steps[2])
    assert "25" in words(steps[3])
    assert "−20" not in words(steps[6])
    assert "−20" in words(steps[7])
    with tw.viz.theme("dark") as dark:
        plot = backward_pass(chapter, 0, 2, 5)
    assert plot.steps()[3]._palette is dark
    sizes = {tuple(step.figure.get_size_inches()) for step in steps}
    assert len(sizes) == 1  # so that one can turn the pages
    for step in steps[::3]:
        check_layout(step.figure)


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
@pytest.mark.parametrize("layer", [None, "start"])
def test_nothing_overlaps(rankdir: str, layer: str | None) -> None:
    model, (x, y) = residual_model(), data()
    plot = backward_pass(model, x, y, layer=layer, rankdir=rankdir)
    assert plot.rankdir == rankdir
    check_layout(plot.figure)
    for step in plot.steps()[2::5]:
        check_layout(step.figure)


@pytest.mark.parametrize("width", [3.2, 6.4, 12.0])
def test_it_fits_into_given_axes(width: float) -> None:
    figure, ax = blank(width, 3.0)
    plot = backward_pass(chapter, 0, 2, 5, ax=ax)
    assert plot.figure is figure
    assert plot.axes is ax
    check_layout(figure)


def test_captions() -> None:
    plot = backward_pass(chapter, 0, 2, 5)
    assert (
        plot.caption == "The value of chapter is 25; its gradient is 0 for x, −20 for v, 10 for y."
    )
    model, (x, y) = residual_model(), data()
    found = backward_pass(model, x, y)
    into, out = (found.numbers.into(name)[-1].gradient for name in ("mse", "join"))
    assert into is not None
    assert out is not None
    loss = number(float(found.numbers.edges[-1].value))
    assert found.caption.startswith(
        f"The loss of model 'residual' is {loss}; its gradient has norm"
    )
    assert "behind last, and" in found.caption
    within = backward_pass(model, x, y, layer="start")
    assert within.caption.startswith("The output of start has norm ")
    assert in_line(within.numbers["bias"].gradient) in within.caption
