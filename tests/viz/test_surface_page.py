"""The page of a surface in Chromium: it turns, is read, and its path is walked; by keyboard too."""

import pytest

import thalweg as tw
from tests.viz.test_surface_exact import X, Y
from tests.viz.test_surface_look import NAMES, network, walked
from tests.web.browser import overflow, visit


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    model, recorder = network()
    plot = tw.viz.loss_surface(model, X, Y, directions="path", path=recorder, points=31)
    return plot.save(tmp_path_factory.mktemp("surface") / "surface.html").as_uri()


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_reaches_beyond_the_window(chromium, address, width, scheme):
    with visit(chromium, address, width=width, color_scheme=scheme) as page:
        page.wait_for_function("document.querySelector('#map').width > 0")
        assert overflow(page) == []
        assert page.locator("h1").inner_text() == "Surface of the loss"


def picture(page, name):
    """What a canvas shows."""
    return page.evaluate(f"document.getElementById('{name}').toDataURL()")


def settled(page):
    """Two frames later."""
    page.evaluate("new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)))")


def test_the_surface_turns_and_comes_back(chromium, address):
    with visit(chromium, address) as page:
        view = page.locator("#view")
        settled(page)
        first = picture(page, "view")
        label = view.get_attribute("aria-label")
        view.focus()
        for key in ("ArrowLeft", "ArrowUp", "+"):
            page.keyboard.press(key)
        settled(page)
        assert picture(page, "view") != first
        assert view.get_attribute("aria-label") != label
        page.keyboard.press("0")
        settled(page)
        assert picture(page, "view") == first
        box = view.bounding_box()
        page.mouse.move(box["x"] + 100, box["y"] + 100)
        page.mouse.down()
        page.mouse.move(box["x"] + 180, box["y"] + 120)
        page.mouse.up()
        settled(page)
        assert picture(page, "view") != first
        page.get_by_role("button", name="Reset view").click()
        settled(page)
        assert picture(page, "view") == first


def test_a_place_is_read_by_keyboard_and_pointer(chromium, tmp_path):
    model, recorder = walked()
    plot = tw.viz.loss_surface(model, X, Y, weights=NAMES, path=recorder)
    lowest = plot.numbers.minimum
    with visit(chromium, plot.save(tmp_path / "bowl.html").as_uri()) as page:
        settled(page)
        page.locator("#map").focus()
        page.keyboard.press("ArrowRight")
        assert page.locator("#reading").inner_text().startswith(f"loss {lowest.value:.4f} at ")
        page.keyboard.press("Shift+ArrowRight")
        higher = float(page.locator("#reading").inner_text().split()[1])
        kernel = lowest.place[0] + 0.1 * (plot.numbers.axes[0][-1] - plot.numbers.axes[0][0])
        weights = {"kernel": kernel, "bias": lowest.place[1]}
        expected = ((weights["kernel"] * X + weights["bias"] - Y) ** 2).mean()
        assert higher == pytest.approx(expected, rel=0.02)
        page.keyboard.press("Escape")
        assert page.locator("#reading").inner_text() == ""
        page.locator("#map").hover(position={"x": 150, "y": 150})
        assert page.locator("#reading").inner_text().startswith("loss ")


def test_the_path_is_walked(chromium, address):
    with visit(chromium, address) as page:
        settled(page)
        step, output = page.locator("#step"), page.locator("#walk output")
        assert output.inner_text() == "40 of 40"
        end = picture(page, "map")
        page.get_by_role("button", name="One step back").click()
        assert output.inner_text() == "39 of 40"
        step.focus()
        page.keyboard.press("Home")
        assert output.inner_text() == "0 of 40"
        settled(page)
        assert picture(page, "map") != end
        loss = float(page.locator("#legend b").inner_text())
        page.keyboard.press("End")
        for _ in range(5):
            page.keyboard.press("ArrowLeft")
        page.get_by_role("button", name="Play").click()
        page.wait_for_function("document.querySelector('#walk output').textContent === '40 of 40'")
        assert page.locator("#play").inner_text() == "Play"
        assert float(page.locator("#legend b").inner_text()) < loss


def test_a_surface_without_a_path_has_no_walk(chromium, tmp_path):
    plot = tw.viz.function_surface(lambda u, v: u * v, (-1, 1), label="product", points=9)
    with visit(chromium, plot.save(tmp_path / "saddle.html").as_uri()) as page:
        assert not page.locator("#walk").is_visible()
        assert page.locator("h1").inner_text() == "Surface of the product"


def test_of_a_flat_surface_no_point_is_the_best(chromium, tmp_path):
    plot = tw.viz.function_surface(lambda u, v: 0.0 * u * v + 3.0, (0, 2), points=5)
    with visit(chromium, plot.save(tmp_path / "flat.html").as_uri()) as page:
        chart = page.locator("#map")
        assert chart.get_attribute("aria-label") == "value over u and v"
        chart.focus()
        page.keyboard.press("ArrowRight")
        assert page.locator("#reading").inner_text() == "value 3.00 at 1.00, 1.00"


def test_a_curve_is_a_picture(tmp_path):
    plot = tw.viz.function_surface(lambda u: u * u, (-1, 1))
    assert 'id="view"' in plot.html()
    assert "surface_view.js" not in plot.html()
