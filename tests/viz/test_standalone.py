"""Pages in one file: they open from a disk, and what is in them cannot break out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

from tests.viz.test_figure import parabola
from tests.web.browser import overflow, visit
from thalweg.viz.standalone import common_file, standalone

MODULES = {
    "main.js": (
        "import { double } from './parts/double.js';\n"
        "const { text, number } = JSON.parse(document.getElementById('data').textContent);\n"
        "document.getElementById('out').textContent = text + double(number);\n"
    ),
    "double.js": "export const double = (x) => 2 * x;\n",
}


def test_modules_import_each_other_and_data_stays_data(chromium: Browser, tmp_path: Path) -> None:
    text = "</script><script>throw new Error('broken out')</script> ∂ "
    page = standalone(
        "A & B </title><script>throw new Error('out')</script>",
        '<p id="out"></p>',
        modules=MODULES,
        start="main.js",
        data={"text": text, "number": 21},
    )
    file = tmp_path / "page.html"
    file.write_text(page, encoding="utf-8")
    with visit(chromium, file.as_uri()) as opened:
        assert opened.text_content("#out") == text + "42"
        assert opened.title().startswith("A & B </title>")


def test_what_is_missing_is_said() -> None:
    with pytest.raises(ValueError, match=r"main\.js imports double\.js, which is not in modules"):
        standalone("", "", modules={"main.js": MODULES["main.js"]}, start="main.js")
    with pytest.raises(ValueError, match=r"start 'other\.js' is not one of"):
        standalone("", "", modules=MODULES, start="other.js")
    with pytest.raises(ValueError, match="JSON"):
        standalone("", "", data=np.nan)


def test_the_modules_that_pages_share_can_be_inlined(chromium: Browser, tmp_path: Path) -> None:
    names = ("chart.js", "axes.js", "canvas.js", "dom.js")
    start = (
        "import { LineChart } from './chart.js';\n"
        "const chart = new LineChart(document.getElementById('chart'), {\n"
        "  title: 'Loss', x: 'epoch', y: 'loss',\n"
        "  series: { loss: { name: 'training', colour: '--third' } },\n"
        "});\n"
        "chart.set('loss', [1, 2, 3], [3, 2, 1]);\n"
    )
    page = standalone(
        "Chart",
        '<div id="chart"></div>',
        modules={name: common_file(name) for name in names} | {"start.js": start},
        start="start.js",
    )
    file = tmp_path / "page.html"
    file.write_text(page, encoding="utf-8")
    with visit(chromium, file.as_uri()) as opened:
        opened.wait_for_selector("#chart canvas[aria-label*='from 3.00 to 1.00']")


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_of_a_figure_can_be_enlarged_and_moved(
    chromium: Browser, tmp_path: Path, width: int
) -> None:
    file = parabola().save(tmp_path / "figure.html")
    with visit(chromium, file.as_uri(), width) as page:

        def box() -> list[float]:
            return [float(n) for n in (page.get_attribute("#view svg", "viewBox") or "").split()]

        whole = box()
        assert whole[2] / whole[3] == pytest.approx(4 / 3)
        assert not overflow(page)
        page.focus("#view")
        page.keyboard.press("+")
        assert box()[2] == pytest.approx(whole[2] / 1.25)
        assert box()[0] == pytest.approx(whole[2] * 0.1)
        page.keyboard.press("ArrowRight")
        assert box()[0] == pytest.approx(whole[2] * (0.1 + 0.08))
        for _ in range(20):
            page.keyboard.press("ArrowRight")
        assert box()[0] + box()[2] == pytest.approx(whole[2])  # it stops at the edge
        page.keyboard.press("0")
        assert box() == pytest.approx(whole)
        page.hover("#view")
        page.mouse.wheel(0, -300)
        page.wait_for_function("document.querySelector('#view svg').viewBox.baseVal.width < 150")
        before = box()
        page.mouse.down()
        page.mouse.move(100, 300)
        page.mouse.up()
        assert box()[:2] != pytest.approx(before[:2])
