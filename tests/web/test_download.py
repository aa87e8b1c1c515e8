"""A page hands the visitor a file with what it trained, and takes it back."""

from __future__ import annotations

import numpy as np
from playwright.sync_api import Browser

import thalweg as tw
from benchmarks.browser import served
from tests.web.browser import visit

PAGE = """<!doctype html><link rel="icon" href="data:,"><input type="file"><script type="module">
import { load } from './site/thalweg.js';
const model = await load('./site/');
window.model = model;
document.querySelector('input').addEventListener('change', async ({ target }) => {
  window.restored = await model.restore(target.files[0]);
});
window.ready = true;
</script>"""


def test_weights_as_a_file_and_back(tmp_path, chromium: Browser) -> None:
    model = tw.Sequential([tw.Input((2,)), tw.layers.Dense(1, name="last")], name="small")
    model.compile("sgd", "mse")
    model.export_web(tmp_path / "site")
    (tmp_path / "index.html").write_text(PAGE)
    file = tmp_path / "mine.safetensors"
    with served(tmp_path) as address, visit(chromium, f"{address}/index.html") as page:
        page.wait_for_function("window.ready")
        page.evaluate("model.setState('last/kernel', [3, 4])")
        with page.expect_download() as download:
            page.evaluate("model.save('download://mine')")
        assert download.value.suggested_filename == "mine.safetensors"
        download.value.save_as(file)
        page.evaluate("model.reset()")
        page.set_input_files("input", file)
        page.wait_for_function("window.restored === true")
        assert page.evaluate("Array.from(model.getState('last/kernel'))") == [3, 4]
    model.load_weights(file)
    np.testing.assert_array_equal(model.get_weights()[0], [[3.0], [4.0]])
