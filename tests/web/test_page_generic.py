"""The ready page of an export: what it shows of a model, predictions, training on a CSV file."""

from __future__ import annotations

import gzip
import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

import thalweg as tw
from tests.web.browser import overflow, visit

READY = "html[data-ready]"
LAST_EPOCH = "document.querySelector('#progress').textContent.startsWith('epoch {}:')"


def prices() -> tw.Model:
    model = tw.Sequential(
        [tw.Input((3,), name="x"), tw.layers.Dense(1, name="price")], name="prices"
    )
    model.compile(tw.optimizers.SGD(0.1), "mse", metrics=["mae"])
    return model


def pictures() -> tw.Model:
    layers = [tw.layers.Flatten(), tw.layers.Dense(3, activation="softmax", name="kind")]
    model = tw.Sequential([tw.Input((4, 6, 1), name="picture"), *layers], name="pictures")
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tw.Model]:
    model = prices()
    folder = tmp_path_factory.mktemp("prices")
    return model.export_web(folder, batch_size=8, webgpu=False, page=True), model


def picture_file(folder: Path) -> Path:
    """A PNG of 12 x 8 pixels, its left half black, its right half white."""
    rows = b"".join(b"\0" + b"\0" * 6 + b"\xff" * 6 for _ in range(8))
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 12, 8, 8, 0, 0, 0, 0))]
    parts += [(b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    ]
    file = folder / "picture.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))
    return file


def test_it_predicts_what_python_predicts(
    chromium: Browser, serve: Callable[[Path], str], site: tuple[Path, tw.Model]
) -> None:
    folder, model = site
    with visit(chromium, serve(folder)) as page:
        page.wait_for_selector(READY, state="attached")
        assert page.inner_text("h1") == "prices"
        assert "x (3)" in page.inner_text("#facts")
        assert page.inner_text("#why")
        for number, value in enumerate(("0.5", "-1", "2")):
            page.locator("#inputs input").nth(number).fill(value)
        expected = model.predict(np.array([[0.5, -1, 2]], "f4"), verbose=0)[0, 0]
        shown = page.inner_text("#outputs .single").replace("−", "-")
        assert float(shown) == pytest.approx(expected, rel=1e-3, abs=1e-4)
        page.locator("#inputs input").first.fill("")
        assert page.inner_text("#problem") == "x: number 1 is missing."
        page.click("#random")
        assert page.is_hidden("#problem")


def test_it_trains_on_a_file_and_keeps_what_it_learned(
    chromium: Browser,
    serve: Callable[[Path], str],
    site: tuple[Path, tw.Model],
    tmp_path: Path,
) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 3))
    rows = np.column_stack([x, x @ [1, -2, 0.5] + 3])
    table = tmp_path / "table.csv"
    np.savetxt(table, rows, delimiter=",", header="a,b,c,price", comments="")
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("1,2,3,4\n1,2,3\n")
    with visit(chromium, serve(site[0])) as page:
        page.wait_for_selector(READY, state="attached")
        page.set_input_files("#csv", wrong)
        page.wait_for_selector("#problem:visible")
        assert page.inner_text("#problem") == "Line 2 has 3 columns, expected 4."
        assert page.is_disabled("#train")
        page.set_input_files("#csv", table)
        page.wait_for_selector("#train:enabled")
        assert page.inner_text("#data") == "40 samples of table.csv"
        page.click("#train")
        page.wait_for_function(LAST_EPOCH.format(20))
        page.wait_for_function("document.querySelector('#train').textContent === 'Train'")
        page.click("#evaluate")
        page.wait_for_function("document.querySelector('#progress').textContent.startsWith('over')")
        found = re.search(r"loss ([^,]+)", page.inner_text("#progress"))
        assert found is not None
        assert float(found[1].replace("−", "-")) < 0.05
        predicted = page.inner_text("#outputs")
        page.click("#save")
        page.wait_for_function("document.querySelector('#progress').textContent.startsWith('Kept')")
        entered = page.locator("#inputs input").evaluate_all("all => all.map((box) => box.value)")
        page.reload()
        page.wait_for_selector(READY, state="attached")
        for number, value in enumerate(entered):
            page.locator("#inputs input").nth(number).fill(value)
        assert page.inner_text("#outputs") != predicted
        page.click("#restore")
        page.wait_for_function(
            "document.querySelector('#progress').textContent.startsWith('As it')"
        )
        assert page.inner_text("#outputs") == predicted


def test_pictures_go_in_as_pictures(
    chromium: Browser, serve: Callable[[Path], str], tmp_path: Path
) -> None:
    model = pictures()
    site = model.export_web(tmp_path / "site", batch_size=4, webgpu=False, page=True)
    file = picture_file(tmp_path)
    picture = np.repeat([[0.0, 0, 0, 1, 1, 1]], 4, axis=0)[None, ..., None].astype("f4")
    with visit(chromium, serve(site), width=320) as page:
        page.wait_for_selector(READY, state="attached")
        for invert, seen in ((False, picture), (True, 1 - picture)):
            page.set_input_files("#inputs input[type=file]", file)
            page.set_checked("#inputs input[type=checkbox]", invert)
            page.wait_for_timeout(100)
            shown = page.locator("#outputs td.number").all_inner_texts()
            expected = model.predict(seen, verbose=0)[0]
            np.testing.assert_allclose([float(text) for text in shown], expected, rtol=2e-3)
        page.click("#made")
        page.fill("#epochs", "2")
        page.click("#train")
        page.wait_for_function(LAST_EPOCH.format(2))
        assert not overflow(page)


def test_its_own_files_are_small(site: tuple[Path, tw.Model]) -> None:
    files = [site[0] / "index.html", *(site[0] / "page").iterdir()]
    assert sum(len(gzip.compress(file.read_bytes(), 9)) for file in files) < 9 * 1024
