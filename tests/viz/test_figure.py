"""What all plots share: themes, files, notebooks, axes of the user's own."""

from __future__ import annotations

import re
import subprocess
import sys
import webbrowser
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

import thalweg as tw
from tests.viz.looks import check_look, pixels
from thalweg.viz.figure import axes_for, blank, drawn


@drawn
def parabola(ax: Any = None) -> tw.viz.Plot[Any]:
    figure, axes = axes_for(ax, 4, 3)
    x = np.linspace(-1, 1, 41)
    axes.plot(x, x**2, label="way < 1")
    axes.plot(x, x**2 / 2)
    axes.set(title="Two parabolas", xlabel="time, seconds", ylabel="way, metres")
    return tw.viz.Plot(figure, axes, x**2, 'The way of <both> is least at "0 s".')


@pytest.mark.parametrize("name", ["light", "dark"])
def test_themes(name: str) -> None:
    with tw.viz.theme(name) as colours:
        plot = parabola()
    check_look(plot, f"figure_{name}")
    corner = pixels(plot.figure)[0, 0] / 255
    np.testing.assert_allclose(corner, to_rgb(colours.surface), atol=0.01)
    assert tw.viz.palette().name == "light"


def test_themes_nest_and_end() -> None:
    with tw.viz.theme("dark"):
        with tw.viz.theme("light"):
            assert tw.viz.palette().name == "light"
        assert tw.viz.palette().name == "dark"
    assert tw.viz.palette().name == "light"
    with (
        pytest.raises(ValueError, match="theme: name must be 'light' or 'dark', got 'sepia'"),
        tw.viz.theme("sepia"),
    ):
        pass
    assert tw.viz.palette().name == "light"


def test_settings_of_the_user_are_neither_used_nor_changed() -> None:
    expected, _ = parabola()._repr_png_()
    with matplotlib.rc_context({"lines.linewidth": 9, "font.size": 20}):
        assert parabola()._repr_png_()[0] == expected
        assert matplotlib.rcParams["lines.linewidth"] == 9


@pytest.mark.parametrize("kind", ["png", "svg", "pdf", "html"])
def test_files_are_whole_and_the_same_each_time(kind: str, tmp_path: Path) -> None:
    one = parabola().save(tmp_path / f"one.{kind}")
    other = parabola().save(str(tmp_path / f"other.{kind.upper()}"))
    assert one.read_bytes() == other.read_bytes()
    content = one.read_bytes()
    if kind == "png":
        with Image.open(one) as picture:
            assert picture.size == (600, 450)
    elif kind == "svg":
        root = ET.fromstring(content)
        words = "".join(root.itertext())
        assert "Two parabolas" in words
        assert "time, seconds" in words
    elif kind == "pdf":
        assert content.startswith(b"%PDF")
    else:
        assert b"&lt;both&gt;" in content
        assert b"<both>" not in content
        assert not re.search(rb"""(src|href)=["']?https?:""", content)


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"save: path must end in one of \.png, .* got 'a.jpg'"):
        parabola().save(tmp_path / "a.jpg")


def test_a_notebook_gets_a_fine_picture_of_the_right_size() -> None:
    picture, size = parabola()._repr_png_()
    assert picture.startswith(b"\x89PNG")
    assert size == {"width": 400, "height": 300}


def test_show_opens_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    parabola().show()
    assert opened[0].startswith("file://")
    assert "Two parabolas" in Path(opened[0].removeprefix("file://")).read_text()


def test_in_axes_of_the_user() -> None:
    figure = Figure()
    left, right = figure.subplots(1, 2)
    plot = parabola(ax=right)
    assert plot.axes is right
    assert plot.figure is figure
    assert len(right.lines) == 2
    assert not left.lines
    with pytest.raises(TypeError, match="ax must be a matplotlib Axes, got a str"):
        parabola(ax="right")


def test_grids_of_axes() -> None:
    figure, axes = drawn(lambda: blank(6, 4, 2, 3, sharex=True))()
    assert axes.shape == (2, 3)
    assert figure.get_size_inches().tolist() == [6, 4]


@pytest.mark.parametrize("name", ["matplotlib", "tensorboard"])
def test_the_room_is_imported_without_what_it_draws_with(name: str) -> None:
    code = f"import sys, thalweg.viz, thalweg.callbacks; print('{name}' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"


def test_without_matplotlib_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"not installed: pip install thalweg\[viz\]\."):
        parabola()
