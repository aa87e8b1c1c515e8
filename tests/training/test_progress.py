"""The progress line: what it says, how it fits, and that it leaves one clean line an epoch."""

from __future__ import annotations

import io
import re
import sys
from contextlib import contextmanager

import numpy as np
import pytest

import thalweg as tw
from tests.training.models import linear
from thalweg.training.progress import ProgressLine, can_be_live, format_duration, format_metric

X = np.ones((40, 2), "float32")
Y = np.ones((40, 1), "float32")


class Terminal(io.StringIO):
    """A standard output that says it is a terminal, and shows what would be seen there."""

    encoding = "utf-8"

    def isatty(self):
        return True

    def lines(self):
        """The screen's lines, with cursor movements and erasing carried out."""
        screen, row, column = [""], 0, 0
        for token in re.findall(r"\x1b\[[0-9;?]*[a-zA-Z]|\n|\r|[^\x1b\n\r]+", self.getvalue()):
            if token == "\n":
                row, column = row + 1, 0
                if row == len(screen):
                    screen.append("")
            elif token == "\r":
                column = 0
            elif token.startswith("\x1b"):
                number = int(re.sub(r"\D", "", token) or 1)
                if token.endswith("A"):
                    row = max(row - number, 0)
                elif token.endswith("K"):
                    screen[row] = ""
            else:
                line = screen[row].ljust(column)
                screen[row] = line[:column] + token + line[column + len(token) :]
                column += len(token)
        return [line.rstrip() for line in screen if line.strip()]


@contextmanager
def a_terminal(width=100, **environment):
    """A terminal of this width as the standard output."""
    found = Terminal()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", found)
        for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
            patch.delenv(name, raising=False)
        given = {"TERM": "xterm-256color", "COLUMNS": str(width), **environment}
        for name, value in given.items():
            patch.setenv(name, value)
        yield found


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0000"),
        (0.5, "0.5000"),
        (-0.5, "-0.5000"),
        (12.34567, "12.3457"),
        (1234.5678, "1234.57"),
        (1.5e7, "1.500e+07"),
        (2e-5, "2.000e-05"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        ("text", "text"),
    ],
)
def test_numbers(value, text):
    assert format_metric(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (5e-6, "5µs"),
        (0.0042, "4.2ms"),
        (0.12, "120ms"),
        (0.9999, "1.0s"),
        (59.94, "59.9s"),
        (59.97, "1:00"),
        (3599, "59:59"),
        (3600, "1:00:00"),
    ],
)
def test_durations(seconds, text):
    assert format_duration(seconds) == text


def test_one_clean_line_an_epoch():
    model = linear(metrics=["mae"])
    with a_terminal() as terminal:
        model.fit(X, Y, epochs=3, batch_size=8, validation_split=0.2)
    lines = terminal.lines()
    assert len(lines) == 3
    assert re.fullmatch(
        r"Epoch 2/3  4/4  [\d.µms]+  [\d.µms]+/step  loss [\d.e-]+  mae [\d.e-]+  "
        r"val_loss [\d.e-]+  val_mae [\d.e-]+",
        lines[1],
    )
    assert "━" in terminal.getvalue()  # while it ran


def test_what_callbacks_print_stays_above():
    note = tw.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: print("note", batch) if batch == 1 else None
    )
    with a_terminal() as terminal:
        linear().fit(X, Y, epochs=2, batch_size=8, callbacks=[note])
    lines = terminal.lines()
    assert [line.split("  ")[0] for line in lines] == [
        "note 1",
        "Epoch 1/2",
        "note 1",
        "Epoch 2/2",
    ]


def test_evaluate_leaves_a_line_and_predict_none():
    model = linear()
    with a_terminal() as terminal:
        model.evaluate(X, Y)
        model.predict(X)
        assert [line.split("  ")[0] for line in terminal.lines()] == ["Evaluate"]
        model.predict(X, verbose=1)
        assert terminal.lines()[1].startswith("Predict  2/2  ")


def test_an_exception_takes_the_line_off():
    def fail(batch, logs):
        if batch == 1:
            raise KeyboardInterrupt

    note = tw.callbacks.LambdaCallback(on_train_batch_end=fail)
    with a_terminal() as terminal:
        with pytest.raises(KeyboardInterrupt):
            linear().fit(X, Y, batch_size=8, callbacks=[note])
        print("after")
    assert terminal.lines() == ["after"]


def test_without_colours():
    with a_terminal(NO_COLOR="1") as terminal:
        linear().fit(X, Y, epochs=1, batch_size=8)
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", terminal.getvalue())
    assert {"━", "─"} <= set(terminal.getvalue())


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 200])
def test_the_live_line_fits_any_width(width):
    line = ProgressLine("Epoch 3/10", 1875, live=False)
    line.step = 512
    line._metrics = {"loss": 0.1234, "accuracy": 0.9876, "precision": 0.5, "recall": 0.25}
    text = line.text(width).plain
    assert text.startswith("Epoch 3/10")
    assert " 512/1875" in text
    if width >= 40:
        assert len(text) <= width
        assert "loss 0.1234" in text
    assert ("━" in text) == (width >= 100)
    if width == 200:
        assert "left" in text
        assert "/step" in text


def test_an_unknown_number_of_steps_has_no_bar():
    line = ProgressLine("Epoch 1/2", None, live=False)
    line.step = 7
    text = line.text(100).plain
    assert "7 steps" in text
    assert "━" not in text


def test_a_validation_is_told():
    line = ProgressLine("Epoch 1/2", 8, live=False)
    line.step, line.note = 8, "validating 3"
    assert "validating 3" in line.text(100).plain


def test_a_last_line_that_is_too_long_is_wrapped():
    with a_terminal(50) as terminal:
        linear(metrics=["mae", "mse"]).fit(X, Y, batch_size=8, validation_split=0.2)
    lines = terminal.lines()
    assert all(len(line) <= 50 for line in lines)
    assert lines[0].startswith("Epoch 1/1  4/4")
    assert all(line.startswith("           ") for line in lines[1:])
    assert "val_mse" in lines[-1]


def test_where_a_line_can_be_live():
    with a_terminal():
        assert can_be_live()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdout", io.StringIO())
            assert not can_be_live()
            # Programs that run notebooks import some of it, and are none.
            patch.setitem(sys.modules, "ipykernel", io)
            assert not can_be_live()
    with a_terminal(TERM="dumb"):
        assert not can_be_live()


def test_in_a_notebook(monkeypatch):
    shown = []

    class Handle:
        def update(self, line):
            shown.append(line.plain)

    class Display:
        @staticmethod
        def display(line, display_id):
            shown.append(line.plain)
            return Handle()

    monkeypatch.setitem(sys.modules, "ipykernel.kernelapp", Display)
    monkeypatch.setitem(sys.modules, "IPython", Display)
    monkeypatch.setitem(sys.modules, "IPython.display", Display)
    linear().fit(X, Y, batch_size=8)
    assert shown[0].startswith("Epoch 1/1  ─")
    assert re.fullmatch(r"Epoch 1/1  5/5  \S+  \S+/step  loss \S+", shown[-1])
