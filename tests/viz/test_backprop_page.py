"""The page of a backward pass, in Chromium: it steps, and computes what Python computes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

import thalweg as tw
from tests.web.browser import overflow, visit
from thalweg.viz.backprop import BackwardPassPlot, backward_pass
from thalweg.viz.backprop.words import in_brief, in_line

L = tw.layers


def chapter(v: Any, x: Any, y: Any) -> Any:
    return tw.square(x * v - y)


@contextmanager
def opened(
    browser: Browser, plot: BackwardPassPlot, folder: Path, width: int = 1280, **options: Any
) -> Iterator[Page]:
    """The page as a file from the disk."""
    file = plot.save(folder / "pass.html")
    with visit(browser, file.as_uri(), width, **options) as page:
        page.wait_for_function("document.querySelector('#table').children.length > 0")
        yield page


def table(page: Page) -> dict[str, tuple[str, str]]:
    """Value and gradient of each node, as the page tells them."""
    rows = page.eval_on_selector_all(
        "#table tr", "rows => rows.map(row => [...row.children].map(cell => cell.textContent))"
    )
    return {label: (value, gradient) for label, value, gradient in rows}


def by_python(plot: BackwardPassPlot) -> dict[str, tuple[str, str]]:
    say = in_brief if any(n.kind == "layer" for n in plot.numbers) else in_line
    return {
        n.label or say(n.value): (say(n.value), "–" if n.gradient is None else say(n.gradient))
        for n in plot.numbers
    }


def field(page: Page, name: str, value: str) -> None:
    page.fill(f"input[aria-label='{name}, as a number']", value)


def test_it_computes_what_python_computes(chromium: Browser, tmp_path: Path) -> None:
    plot = backward_pass(chapter, 0, 2, 5)
    with opened(chromium, plot, tmp_path) as page:
        assert page.inner_text("#words") == (
            "The result is 25; its gradient is 0 for x, −20 for v, 10 for y."
        )
        assert table(page) == by_python(plot)
        field(page, "v", "1.5")
        field(page, "y", "-4")
        assert table(page) == by_python(backward_pass(chapter, 1.5, 2, -4))
        page.focus("#knob-1-0")
        page.keyboard.press("End")  # the slider of x
        assert table(page) == by_python(backward_pass(chapter, 1.5, 5, -4))
        page.click("#reset")
        assert table(page) == by_python(plot)


def test_it_steps_by_buttons_and_keys(chromium: Browser, tmp_path: Path) -> None:
    plot = backward_pass(chapter, 0, 2, 5, sources=["v"])
    with opened(chromium, plot, tmp_path) as page:
        assert page.inner_text("#count") == "7 of 7"
        page.click("#back")
        assert page.inner_text("#words-title") == "Backward through multiply"
        assert page.inner_text("#words") == "to v: −10 × 2 = −20"
        assert page.locator(".wire.backward").count() == 1
        assert page.locator(".node.backward .name").text_content() == "multiply"
        field(page, "x", "3")
        assert page.inner_text("#words") == "to v: −10 × 3 = −30"
        field(page, "x", "2")
        page.click("#first")
        assert page.inner_text("#words") == "Only the inputs are known."
        assert "25" not in page.locator("#stage svg").text_content().split()
        page.locator("#stage").focus()
        said = []
        for _ in range(7):
            page.keyboard.press("ArrowRight")
            said.append(page.inner_text("#words"))
        assert said == [
            "2 × 0 = 0",
            "0 − 5 = −5",
            "square(−5) = 25",
            "1",
            "to subtract: 1 × (−10) = −10",
            "to multiply: −10 × 1 = −10",
            "to v: −10 × 2 = −20",
        ]
        page.keyboard.press("ArrowRight")
        assert page.inner_text("#words-title") == "All steps"
        page.keyboard.press("Home")
        assert page.inner_text("#count") == "0 of 7"
        page.click("#play")
        page.wait_for_function("document.querySelector('#count').textContent === '1 of 7'")
        page.keyboard.press("End")
        assert page.inner_text("#play") == "Play"
        assert page.get_attribute("#step", "aria-valuetext") == "7 of 7"


def test_matrices_and_variables(chromium: Browser, tmp_path: Path) -> None:
    w = tw.Variable([[1.0, -2.0], [0.5, 3.0]])

    def function(x: Any) -> Any:
        return tw.reduce_sum(tw.nn.sigmoid(x @ w)) + tw.reduce_mean(w * w)

    x = [[1.0, 2.0], [0.3, -0.5]]
    plot = backward_pass(function, x)
    with opened(chromium, plot, tmp_path, width=360) as page:
        assert page.locator(".knob").count() == 8
        assert table(page) == by_python(plot)
        field(page, "w[0, 1]", "0.25")
        w.assign([[1.0, 0.25], [0.5, 3.0]])
        assert table(page) == by_python(backward_pass(function, x))
        assert page.inner_text("#value-side") == "left of a line: the value"


def test_the_weights_of_a_network_are_scaled(chromium: Browser, tmp_path: Path) -> None:
    tw.utils.set_random_seed(5)
    model = tw.Sequential(
        [tw.Input((4,)), L.Dense(6, activation="tanh", name="one"), L.Dense(1, name="two")]
    )
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(8, 4))
    with opened(chromium, backward_pass(model, x, x[:, :1]), tmp_path) as page:
        before = table(page)
        assert page.inner_text("#inputs-title") == "Scale the weights"
        field(page, "two/kernel", "0.01")
        kernel = model.get_layer("two").kernel
        kernel.assign(0.01 * kernel)
        plot = backward_pass(model, x, x[:, :1])
        assert table(page) == by_python(plot) != before
        weight = plot.numbers["one"].weights[0]
        assert weight.gradient is not None
        assert f"∇kernel {in_brief(weight.gradient)}" in page.inner_text("#stage")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_it_fits_every_window(chromium: Browser, tmp_path: Path, width: int, scheme: str) -> None:
    plot = backward_pass(chapter, 0, 2, 5)
    with opened(chromium, plot, tmp_path, width, color_scheme=scheme) as page:
        assert not overflow(page)
        room, picture = (page.locator(s).bounding_box() for s in ("#stage", "#stage svg"))
        assert room is not None
        assert picture is not None
        assert picture["width"] <= room["width"]


def test_what_no_page_can_compute_is_refused(tmp_path: Path) -> None:
    plot = backward_pass(lambda x: tw.linalg.det(x), [[2.0, 1.0], [1.0, 3.0]])
    with pytest.raises(ValueError, match="det"):
        plot.save(tmp_path / "pass.html")
    assert not (tmp_path / "pass.html").exists()
