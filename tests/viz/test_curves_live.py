"""LiveCurves in a terminal, in a notebook and where there is neither."""

from __future__ import annotations

import re
import sys
import warnings
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

import thalweg as tw
from tests.training.test_progress import a_terminal
from thalweg.callbacks import LiveCurves
from thalweg.viz.curves.live_record import LiveRecord
from thalweg.viz.curves.live_terminal import LiveTerminal

X = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
Y = (X @ np.array([[1.0], [-2.0], [0.5]], "float32")).astype("float32")


def model(**arguments):
    tw.set_random_seed(1)
    found = tw.Sequential([tw.Input((3,)), tw.layers.Dense(1)])
    found.compile(tw.optimizers.SGD(0.05), "mse", **arguments)
    return found


@pytest.fixture
def seconds(monkeypatch):
    """A clock that stands still until the test moves it; the callback reads it."""
    now = [0.0]
    clock = SimpleNamespace(perf_counter=lambda: now[0])
    monkeypatch.setattr(sys.modules[LiveCurves.__module__], "time", clock)
    return now


# --- a terminal -----------------------------------------------------------------------------------


def test_a_terminal_keeps_the_curves_and_a_sentence():
    with a_terminal(80, LINES="40") as terminal:
        history = model(metrics=["mae"]).fit(
            X, Y, epochs=6, batch_size=8, validation_split=0.25, callbacks=[LiveCurves()]
        )
    lines = terminal.lines()
    assert lines[0].startswith("loss (log scale)")
    best = min(history.history["val_loss"])
    assert lines[0].endswith(f"best: {best:.3g} at epoch 6")
    assert any(line.startswith("MAE") for line in lines)
    assert "Loss falls from" in lines[-2] + lines[-1]
    assert not any(line.startswith("Epoch") for line in lines)  # no line an epoch
    drawn = terminal.getvalue()
    assert "Epoch 1/6" in drawn  # while it ran
    assert "\x1b[36m" in drawn  # in the terminal's cyan


@pytest.mark.parametrize("width", [24, 30, 40, 80, 200])
@pytest.mark.parametrize("height", [8, 12, 24, 60])
def test_it_fits_any_terminal(width, height):
    with a_terminal(width, LINES=str(height)) as terminal:
        model(metrics=["mae", "mape", "mse"]).fit(
            X, Y, epochs=3, validation_split=0.25, callbacks=[LiveCurves()]
        )
    lines = terminal.lines()
    assert max(map(len, lines)) <= width
    assert len(lines) <= height


def test_a_terminal_that_changes_its_size():
    live = LiveCurves()

    def shrink(epoch, logs):
        if epoch == 2:
            live._screen.console.width = 50

    with a_terminal(120, LINES="30") as terminal:
        change = tw.callbacks.LambdaCallback(on_epoch_end=shrink)
        model().fit(X, Y, epochs=5, callbacks=[change, live])
    last = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.getvalue().rsplit("\x1b[2K", 1)[1])
    assert max(map(len, last.splitlines())) < 50


def test_without_colours():
    with a_terminal(80, NO_COLOR="1") as terminal:
        model().fit(X, Y, epochs=3, callbacks=[LiveCurves()])
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", terminal.getvalue())
    assert "⠉" in terminal.getvalue()


def test_a_terminal_of_ascii():
    with a_terminal(80) as terminal:
        terminal.encoding = "ascii"
        model().fit(X, Y, epochs=3, callbacks=[LiveCurves()])
    assert terminal.getvalue().isascii()
    assert any("* training" in line or "training" in line for line in terminal.lines())


def test_what_is_printed_stays_above():
    note = tw.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print("note", epoch))
    with a_terminal(80) as terminal:
        model().fit(X, Y, epochs=3, callbacks=[note, LiveCurves()])
    assert terminal.lines()[:4] == ["note 0", "note 1", "note 2", terminal.lines()[3]]
    assert terminal.lines()[3].startswith("loss")


def test_an_exception_leaves_the_curves():
    def fail(epoch, logs):
        if epoch == 2:
            raise RuntimeError("enough")

    with a_terminal(80) as terminal, pytest.raises(RuntimeError, match="enough"):
        model().fit(
            X, Y, epochs=5, callbacks=[LiveCurves(), tw.callbacks.LambdaCallback(on_epoch_end=fail)]
        )
    assert any("training" in line for line in terminal.lines())
    assert terminal.getvalue().endswith("\x1b[?25h") or "\x1b[?25h" in terminal.getvalue()


def test_evaluate_and_predict_have_their_line():
    live = LiveCurves()
    with a_terminal(80) as terminal:
        found = model()
        found.fit(X, Y, epochs=1, callbacks=[live], verbose=0)
        found.evaluate(X, Y, callbacks=[live])
    assert terminal.lines()[-1].startswith("Evaluate")


def test_silent_fit_draws_curves_without_the_line():
    with a_terminal(80) as terminal:
        model().fit(X, Y, epochs=2, callbacks=[LiveCurves()], verbose=0)
    assert "Epoch" not in terminal.getvalue()
    assert any("training" in line for line in terminal.lines())


def test_it_is_drawn_ten_times_a_second_at_most(seconds):
    drawn = []
    live = LiveCurves()
    with a_terminal(80):
        live.on_train_begin()
        live._screen.draw = lambda curves, line: drawn.append(seconds[0])
        for epoch in range(100):
            live.on_epoch_end(epoch, {"loss": 1.0})
            seconds[0] += 0.03
        live.on_train_end()
    assert len(drawn) == 25  # 3 seconds, at the first multiple of 0.03 after each 0.1
    assert np.diff(drawn).min() >= 0.1


def test_slow_drawing_takes_a_small_share_of_the_time(seconds):
    drawn = []
    live = LiveCurves()

    def slowly(curves, line):
        drawn.append(seconds[0])
        seconds[0] += 0.015

    with a_terminal(80):
        live.on_train_begin()
        live._screen.draw = slowly
        while seconds[0] < 30:
            live.on_epoch_end(0, {"loss": 1.0})
            seconds[0] += 0.01
        live.on_train_end()
    assert 0.005 < 0.015 * len(drawn) / seconds[0] <= 0.011


# --- neither --------------------------------------------------------------------------------------


def test_elsewhere_one_chart_at_the_end(capsys):
    history = model().fit(X, Y, epochs=4, callbacks=[LiveCurves(height=4)])
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "Epoch" not in said
    assert len(said.splitlines()) == 4 + 3 + 1
    text = tw.viz.text_curves(history, height=4).splitlines()
    assert said.splitlines()[:7] == text[:7]
    assert said.splitlines()[7].startswith("Loss falls")


def test_the_same_weights_and_bursts_as_without():
    with a_terminal(80):
        first, second = model(), model()
        histories = []
        for one, callbacks in ((first, []), (second, [LiveCurves()])):
            tw.set_random_seed(2)  # of the orders of the samples
            histories.append(one.fit(X, Y, epochs=40, callbacks=callbacks).history)
    assert histories[0] == histories[1]
    np.testing.assert_array_equal(first.get_weights()[0], second.get_weights()[0])
    assert not LiveCurves().wants_epochs()
    assert not any(LiveCurves().wants_batches(mode) for mode in ("train", "test", "predict"))


def test_chosen_metrics(capsys):
    live = LiveCurves("mae")
    model(metrics=["mae"]).fit(X, Y, epochs=2, validation_split=0.5, callbacks=[live])
    said = capsys.readouterr().out
    assert "MAE" in said
    assert "loss" not in said.lower()


def test_a_metric_that_does_not_come():
    with (
        warnings.catch_warnings(record=True) as caught,
        pytest.MonkeyPatch.context() as patch,
        open("/dev/null", "w") as nowhere,
    ):
        warnings.simplefilter("always")
        patch.setattr(sys, "stdout", nowhere)
        model().fit(X, Y, epochs=2, callbacks=[LiveCurves(["loss", "acc"])])
    assert [str(w.message) for w in caught] == [
        "LiveCurves: the metric 'acc' was not recorded; there is loss."
    ]


def test_bad_input():
    with pytest.raises(ValueError, match=r"^LiveCurves: smoothing must be .* got 1\.5"):
        LiveCurves(smoothing=1.5)
    with pytest.raises(ValueError, match=r"^LiveCurves: height must be at least 3 lines, got 2"):
        LiveCurves(height=2)


def test_the_record_keeps_a_trail_of_the_first_epoch():
    record = LiveRecord(None, 0.0)
    assert not record
    for batch in range(1000):
        record.add_batch((batch + 1) / 1000, {"loss": 2.0 - batch / 1000, "name": "x"})
    loss = record.curves()["loss"]
    assert 50 < len(loss.epochs) <= 201
    assert (np.diff(loss.epochs) > 0).all()
    assert (loss.epochs[0], loss.epochs[-1]) == (0.001, 1.0)
    with a_terminal(80, LINES="30") as terminal:
        screen = LiveTerminal(8)
        screen.draw(record.curves(), None)
        screen.live.stop()
    assert "best" not in terminal.getvalue()
    record.add_epoch(0, {"loss": 1.5})
    record.add_batch(1.5, {"loss": 0.1})
    record.add_epoch(1, {"loss": 1.0, "val_loss": 2.0})
    assert record.curves()["loss"].values.tolist() == [1.5, 1.0]
    assert record.curves()["val_loss"].epochs.tolist() == [2.0]


# --- a notebook -----------------------------------------------------------------------------------

CELL = """
import numpy as np
import thalweg as tw
x = np.linspace(-1, 1, 64, dtype="float32")[:, None]
model = tw.Sequential([tw.Input((1,)), tw.layers.Dense(1)])
model.compile("sgd", "mse")
live = tw.callbacks.LiveCurves()
history = model.fit(x, 2 * x, epochs=30, validation_split=0.25, callbacks=[live])
"""


def test_a_notebook_keeps_the_figure_and_a_sentence():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    figure, sentence = notebook.cells[0].outputs
    assert figure.output_type == sentence.output_type == "display_data"
    assert figure.data["image/png"].startswith("iVBOR")
    assert "Loss falls from" in figure.data["text/plain"]
    assert sentence.data["text/plain"].startswith("Loss falls from")
