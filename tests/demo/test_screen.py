import io

import pytest
from rich.console import Console

from thalweg.demo import Demo, Errors, FeatureWeight, Rows
from thalweg.demo.screen import live_progress, quiet_progress, report

NAMES = ["LSTAT", "DIS", "RM", "PTRATIO", "RAD", "NOX", "TAX", "ZN", "CRIM", "CHAS", "INDUS", "AGE"]

DEMO = Demo(
    seed=0,
    epochs=4,
    rows=Rows(266, 67, 173),
    baseline=Errors(82.1, 79.7, 94.66, 6834.4),
    linear=Errors(21.3, 22.9, 24.1, 3470),
    network=Errors(7.9, 12.12, 11.93, 2380),
    weights=tuple(
        FeatureWeight(name, (4 - i / 3) * (-1) ** i, 10.0 ** (i % 4 - 1))
        for i, name in enumerate(NAMES)
    ),
    validation_curve=(200.0, 40.0, 20.0, 12.12),
)


def screen(demo: Demo = DEMO, *, encoding: str = "utf-8", width: int = 80, **options: bool) -> str:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
    Console(file=file, width=width, **options).print(report(demo))
    file.seek(0)
    return file.read()


def test_it_fits_80_columns_and_cuts_nothing() -> None:
    text = screen()
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text


def test_it_fits_a_terminal_of_24_and_more_lines() -> None:
    assert len(screen().splitlines()) <= 30


def test_signs_are_told_without_colour() -> None:
    text = screen(no_color=True)
    assert "\x1b[3" not in text
    line = next(line for line in text.splitlines() if "LSTAT" in line)
    assert "+$4,000" in line
    assert "│━━━━━━━━━" in line
    line = next(line for line in text.splitlines() if "DIS" in line)
    assert "-$3,667" in line
    assert "━━━━━━━━│" in line


def test_the_best_model_stands_out() -> None:
    text = screen(force_terminal=True)
    assert "\x1b[1mnetwork 50-50-1" in text


def test_a_terminal_without_unicode_gets_ascii() -> None:
    text = screen(encoding="ascii")
    assert "-$3,667" in text
    assert "========|" in text


@pytest.mark.parametrize("curve", [(5.0,), (5.0, 5.0), (float("nan"), float("nan")), ()])
def test_odd_curves_do_no_harm(curve: tuple[float, ...]) -> None:
    assert "LSTAT" in screen(DEMO._replace(validation_curve=curve))


@pytest.mark.parametrize("width", [30, 60, 200])
def test_other_widths_do_no_harm(width: int) -> None:
    assert max(map(len, screen(width=width).splitlines())) <= width


def test_quiet_progress_is_a_line_a_model() -> None:
    console = Console(file=io.StringIO(), width=80)
    with quiet_progress(console, 2) as update:
        update("linear", 1, 9.0, 10.0)
        update("linear", 2, 3.25, 4.0)
    assert console.file.getvalue() == "linear model: 2 epochs, MSE 3.2, validation 4.0\n"


def test_live_progress_vanishes() -> None:
    console = Console(file=io.StringIO(), width=80, force_terminal=True)
    with live_progress(console, 2) as update:
        update("linear", 1, 9.0, 10.0)
        update("network", 1, 9.0, 10.0)
    shown = console.file.getvalue()
    assert "linear model" in shown
    assert "MSE 9.0, validation 10.0" in shown
    assert shown.endswith("\x1b[2K")
