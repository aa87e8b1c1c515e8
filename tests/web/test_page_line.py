"""The page about download times, in Chromium."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

import thalweg as tw
from tests.web.browser import visit
from thalweg.datasets import download_times


def number(page: Page, place: str) -> float:
    return float(page.inner_text(place).replace("−", "-").replace(",", ""))


def weights(page: Page) -> tuple[float, float]:
    labels = ("label:has(#kernel) output", "label:has(#bias) output")
    return (number(page, labels[0]), number(page, labels[1]))


def ready(page: Page) -> None:
    page.wait_for_selector("#train:enabled")


def after_epochs(loss: str, epochs: int) -> Any:
    """Kernel and bias of a line that Python trains on all files at once."""
    (x, y), _ = download_times.load_data()
    model = tw.Sequential([tw.Input((1,)), tw.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(optimizer=tw.optimizers.SGD(0.01), loss=loss)
    model.fit(x, y, batch_size=20, epochs=epochs, verbose=0)
    return [w.item() for w in model.get_weights()]


def test_it_steps_as_python_does(chromium: Browser, address: str) -> None:
    with visit(chromium, f"{address}line/") as page:
        ready(page)
        assert weights(page) == (0, 0)
        for step in range(1, 4):
            page.click("#one-batch" if step % 2 else "#one-epoch")
            page.wait_for_function(f"document.querySelector('#epochs').textContent === '{step}'")
        np.testing.assert_allclose(weights(page), after_epochs("mse", 3), atol=6e-5)
        page.check("input[value=mae]")
        page.click("#reset")
        page.click("#one-epoch")
        page.wait_for_function("document.querySelector('#epochs').textContent === '1'")
        np.testing.assert_allclose(weights(page), after_epochs("mae", 1), atol=6e-5)


def test_it_walks_to_the_bottom_and_can_be_changed_meanwhile(
    chromium: Browser, address: str
) -> None:
    with visit(chromium, f"{address}line/") as page:
        ready(page)
        first = number(page, "#loss")
        page.focus("#speed")
        page.keyboard.press("End")
        page.click("#train")
        page.wait_for_function("Number(document.querySelector('#epochs').textContent) > 20")
        assert page.inner_text("#train") == "Pause"
        # One file at a time: many batches in an epoch.
        page.focus("#batch")
        page.keyboard.press("Home")
        page.wait_for_function(
            """() => {
                const text = (id) => document.getElementById(id).textContent;
                const count = (id) => Number(text(id).replace(',', ''));
                return count('batches') > count('epochs') + 100;
            }"""
        )
        page.click("#train")
        assert page.inner_text("#train") == "Train"
        assert number(page, "#loss") < first / 10


def test_a_rate_too_large_diverges_and_is_explained(chromium: Browser, address: str) -> None:
    with visit(chromium, f"{address}line/", width=360) as page:
        ready(page)
        page.focus("#rate")
        page.keyboard.press("End")
        page.focus("#speed")
        page.keyboard.press("End")
        page.click("#train")
        page.wait_for_selector("#verdict.warning:not([hidden])")
        # The walk ends by itself before the numbers lose their meaning.
        page.wait_for_function("document.querySelector('#train').textContent === 'Train'")
        assert "rate" in page.inner_text("#verdict")
        page.click("#reset")
        assert page.is_hidden("#verdict")
        assert weights(page) == (0, 0)


@pytest.mark.parametrize(("key", "moves"), [("ArrowRight", (1, 0)), ("ArrowDown", (0, -1))])
def test_keys_move_the_point_on_the_map(
    chromium: Browser, address: str, key: str, moves: tuple[int, int]
) -> None:
    with visit(chromium, f"{address}line/") as page:
        ready(page)
        page.focus("#surface")
        page.keyboard.press(key)
        assert tuple(np.sign(weights(page))) == moves
        near = page.get_attribute("#surface", "aria-label")
        page.keyboard.press(f"Shift+{key}")
        assert page.get_attribute("#surface", "aria-label") != near


def test_the_point_is_dragged_and_sliders_move_the_line(chromium: Browser, address: str) -> None:
    with visit(chromium, f"{address}line/") as page:
        ready(page)
        box = page.locator("#surface").bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        here = weights(page)
        page.mouse.move(x + 40, y)
        page.mouse.up()
        there = weights(page)
        assert there[0] > here[0] > 0
        assert there[1] == here[1]
        page.mouse.move(x, y)
        assert weights(page) == there
        page.focus("#bias")
        page.keyboard.press("Home")
        assert weights(page) == (there[0], -0.35)
        # The exported program predicts with these weights: 100 megabytes.
        seconds = 100 * there[0] - 0.35
        assert f"{seconds:.1f}"[:3] == page.inner_text("#answer")[:3]


def test_a_tap_moves_the_point_and_a_swipe_does_not(chromium: Browser, address: str) -> None:
    with visit(chromium, f"{address}line/", width=360, has_touch=True) as page:
        ready(page)
        page.locator("#surface").scroll_into_view_if_needed()
        swipe = """(canvas) => canvas.dispatchEvent(
            new PointerEvent('pointerdown', {pointerType: 'touch', clientX: 9, clientY: 9}))"""
        page.locator("#surface").evaluate(swipe)
        assert weights(page) == (0, 0)
        page.locator("#surface").tap()
        assert weights(page)[0] > 0.04


def test_the_best_lines_are_the_best(chromium: Browser, address: str, site: Path) -> None:
    data = json.loads((site / "line" / "data.json").read_text())
    x, y = np.array(data["train"]["x"]), np.array(data["train"]["y"])
    rng = np.random.default_rng(0)
    with visit(chromium, f"{address}line/") as page:
        ready(page)
        for name in ("mae", "mse"):
            best = page.evaluate(
                "([name, files]) => import('./losses.js').then((m) => m.bestLine(name, files))",
                [name, data["train"]],
            )
            around = rng.normal(0, 0.01, (500, 2)) + [best["kernel"], best["bias"]]
            errors = np.abs(around @ np.stack([x, np.ones_like(x)]) - y)
            losses = (errors if name == "mae" else errors**2).mean(axis=1)
            assert best["loss"] <= losses.min()
