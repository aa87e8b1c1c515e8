"""The page about Boston housing, in Chromium."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page

import thalweg as tw
from tests.web.browser import visit
from tests.web.conftest import EPOCHS
from thalweg.datasets import boston_housing
from thalweg.demo.boston import TRAIN_ROWS, divided_rows


def ready(page: Page) -> None:
    page.wait_for_selector("#train:enabled")


def epoch(page: Page) -> int:
    return int(page.inner_text("#progress").split(" ")[0].replace(",", ""))


def train_past(page: Page, wanted: int) -> int:
    """Train until an epoch has been reached, and pause; how many there are then."""
    page.click("#train")
    page.wait_for_function(
        f"parseInt(document.querySelector('#progress').textContent.replace(',', '')) >= {wanted}"
    )
    page.click("#train")
    page.wait_for_selector("#many:enabled")
    return epoch(page)


def errors(page: Page, row: int) -> list[float]:
    cells = page.locator(f"#errors tr:nth-child({row}) td").all_inner_texts()
    return [float(cell.replace("$", "").replace(",", "")) for cell in cells]


def test_it_goes_on_where_python_stopped_and_python_where_it_stopped(
    chromium: Browser, address: str, site: Path, tmp_path: Path
) -> None:
    with visit(chromium, f"{address}boston/") as page:
        ready(page)
        assert epoch(page) == EPOCHS
        assert errors(page, 2) == errors(page, 3)
        epochs = train_past(page, EPOCHS + 5)
        assert errors(page, 3)[0] < errors(page, 2)[0]
        with page.expect_download() as download:
            page.click("#download")
        download.value.save_as(tmp_path / "trained.safetensors")
        training = errors(page, 3)[0]

    x, y = divided_rows(0)
    folder = site / "boston" / "hidden-2"
    model = tw.models.load_model(folder / "model.keras")
    model.load_weights(tmp_path / "trained.safetensors")
    fitted = int(TRAIN_ROWS * 0.8)
    loss = model.evaluate(x[:fitted], y[:fitted], verbose=0)
    np.testing.assert_allclose(loss, training, rtol=6e-3)
    # The same network trained in Python alone, by as many epochs.
    alone = tw.models.load_model(folder / "model.keras")
    alone.load_weights(folder / "untrained.safetensors")
    alone.fit(
        x[:TRAIN_ROWS],
        y[:TRAIN_ROWS],
        batch_size=40,
        epochs=epochs,
        validation_split=0.2,
        verbose=0,
    )
    for here, there in zip(model.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_allclose(here, there, rtol=2e-3, atol=2e-4)


def test_what_was_learned_is_kept_over_a_reload(chromium: Browser, address: str) -> None:
    with visit(chromium, f"{address}boston/") as page:
        ready(page)
        page.check("input[value=linear]")
        page.click("#untrained")
        page.wait_for_function("document.querySelector('#progress').textContent.startsWith('0 ')")
        assert errors(page, 3)[0] > 100
        epochs = train_past(page, 8)
        learned = errors(page, 3)
        page.click("#save")
        page.wait_for_selector("#restore:enabled")
        page.reload()
        ready(page)
        page.check("input[value=linear]")
        page.wait_for_selector("#restore:enabled")
        assert errors(page, 3) == errors(page, 2)
        page.click("#restore")
        page.wait_for_function(
            f"document.querySelector('#progress').textContent.startsWith('{epochs} ')"
        )
        assert errors(page, 3) == learned
        page.click("#python")
        assert epoch(page) == EPOCHS


def test_the_linear_table_shows_its_weights(chromium: Browser, address: str, site: Path) -> None:
    model = tw.models.load_model(site / "boston" / "linear" / "model.keras")
    kernel = model.layers[-1].get_weights()[0][:, 0]
    order = np.argsort(-np.abs(kernel))
    names = boston_housing.feature_names()
    with visit(chromium, f"{address}boston/", width=360) as page:
        ready(page)
        page.check("input[value=linear]")
        page.wait_for_function("document.querySelector('#keras').href.includes('linear')")
        rows = page.locator("#weights tr")
        shown = rows.evaluate_all("rows => rows.map((row) => row.dataset.feature)")
        assert shown == [names[i] for i in order]
        changes = rows.locator("td:nth-of-type(1)").all_inner_texts()
        values = [float(c.replace("−", "-").replace("$", "").replace(",", "")) for c in changes]
        np.testing.assert_allclose(values, 1000 * kernel[order], atol=0.51)


def test_a_district_gets_a_price(chromium: Browser, address: str, site: Path) -> None:
    data = json.loads((site / "boston" / "data.json").read_text())
    model = tw.models.load_model(site / "boston" / "hidden-2" / "model.keras")
    average = [0 if f["yes"] else f["mean"] for f in data["features"]]
    with visit(chromium, f"{address}boston/") as page:
        ready(page)
        expected = 1000 * model.predict(np.array([average]), verbose=0).item()
        price = float(page.inner_text("#price").replace("$", "").replace(",", ""))
        np.testing.assert_allclose(price, expected, atol=0.6)
        page.focus("#feature-RM")
        page.keyboard.press("End")
        assert page.inner_text("#price") != f"${price:,.0f}"
        page.click("#real")
        assert "real district" in page.inner_text("#truth")


def test_many_epochs_at_once(chromium: Browser, address: str) -> None:
    with visit(chromium, f"{address}boston/") as page:
        ready(page)
        page.check("input[value=linear]")
        page.wait_for_function("document.querySelector('#keras').href.includes('linear')")
        page.click("#many")
        page.wait_for_function("document.querySelector('#progress').textContent.includes(' took ')")
        assert epoch(page) == EPOCHS + 1000
        # What least squares gives on these rows is about 21.6.
        assert errors(page, 3)[0] < 22.5
