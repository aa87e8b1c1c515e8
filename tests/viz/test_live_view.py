"""LiveView as a callback: what it records, what it leaves alone, how it ends."""

from __future__ import annotations

import json
import pickle
import re
import socket
import sys
import threading
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import thalweg as tw
from tests.viz.live_client import Client
from thalweg.viz.live import follower, live_view, opening, prober
from thalweg.viz.live.live_view import LiveView

X = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
Y = X @ np.ones((4, 1), "float32")


def built(seed: int = 0, units: int = 8) -> tw.Sequential:
    tw.random.set_seed(seed)
    model = tw.Sequential(
        [
            tw.Input((4,)),
            tw.layers.Dense(units, "relu", name="hidden"),
            tw.layers.Dense(1, name="out"),
        ],
        name="tiny",
    )
    model.compile(tw.optimizers.SGD(0.01), "mse", metrics=["mae"])
    return model


@pytest.fixture
def view(capsys: pytest.CaptureFixture[str]) -> Iterator[LiveView]:
    found = LiveView(open=False)
    yield found
    found.close()


def recorded(view: LiveView, run: int = -1) -> dict[str, Any]:
    """What a page would get of a run, as JSON."""
    text = json.dumps(view._record.everything(), allow_nan=False)
    found: dict[str, Any] = json.loads(text)["runs"][run]
    return found


@contextmanager
def watched(view: LiveView) -> Iterator[list[dict[str, Any]]]:
    """Somebody looks all the time; gives the news."""
    news: list[dict[str, Any]] = []
    with Client(view.start()).events() as events:
        news.append(next(events)[1])
        listener = threading.Thread(target=lambda: news.extend(n for _, n in events))
        listener.start()
        yield news
        view.close()
        listener.join()


class Stepping(tw.callbacks.Callback):
    """Must hear of each batch."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        pass


def test_what_is_recorded_is_the_history(view: LiveView) -> None:
    history = built().fit(
        X,
        Y,
        batch_size=16,
        epochs=6,
        validation_data=(X, Y),
        validation_freq=2,
        callbacks=[view, Stepping()],
        verbose=0,
    )
    run = recorded(view)
    logs = run["ended"]["logs"]
    assert set(logs) == set(history.history)
    for name, values in history.history.items():
        assert [v for v in logs[name] if v is not None] == values
    assert [v is None for v in logs["val_loss"]] == [True, False] * 3
    assert run["ended"]["epoch"] == [1, 2, 3, 4, 5, 6]
    assert run["ended"]["step"] == [4, 8, 12, 16, 20, 24]
    # Batch by batch, the last of an epoch has what the epoch has.
    assert run["points"]["step"] == list(range(1, 25))
    assert run["points"]["epoch"][:5] == [0.25, 0.5, 0.75, 1.0, 1.25]
    assert run["points"]["logs"]["loss"][3::4] == history.history["loss"]
    # The rate is read now and then.
    assert run["points"]["rate"][0] == pytest.approx(0.01)
    assert {rate for rate in run["points"]["rate"] if rate is not None} == {
        run["points"]["rate"][0]
    }
    assert (run["state"], run["samples"], run["steps"]) == ("ended", 16, 4)
    assert run["note"] == "Done, after epoch 6 of 6."


def test_bursts_stay_bursts_and_weights_the_same(view: LiveView) -> None:
    plain, seen = built(), built()
    fitting: dict[str, Any] = {"batch_size": 16, "epochs": 300, "verbose": 0}
    tw.random.set_seed(1)
    expected = plain.fit(X, Y, **fitting)
    tw.random.set_seed(1)
    with watched(view) as news:
        history = seen.fit(X, Y, callbacks=[view], **fitting)
    assert history.history == expected.history
    for one, other in zip(plain.get_weights(), seen.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    run = recorded(view)
    # Nobody was told of a batch: all epochs but the last one ran many at a time.
    assert len(run["points"]["step"]) <= 4
    assert run["ended"]["logs"]["loss"] == history.history["loss"]
    assert run["ended"]["step"] == [4 * n for n in range(1, 301)]
    # All of it was told to who looked.
    told = [loss for n in news for r in n["runs"] for loss in r["ended"]["logs"].get("loss", [])]
    assert told == history.history["loss"]
    assert news[-1]["runs"][-1]["state"] == "ended"


def test_of_very_many_epochs_some_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    view = LiveView(open=False, keep=100)
    history = built().fit(X, Y, batch_size=16, epochs=250, callbacks=[view], verbose=0)
    ended = recorded(view)["ended"]
    assert ended["epoch"] == [*range(1, 250, 4), 250]
    assert ended["logs"]["loss"] == [history.history["loss"][int(e) - 1] for e in ended["epoch"]]
    view.close()


def test_weights_and_gradients_are_measured_while_somebody_looks(
    view: LiveView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prober, "_SECONDS", 0.0)
    plain, seen = built(), built()
    fitting: dict[str, Any] = {"batch_size": 16, "epochs": 3, "verbose": 0}
    before = seen.get_weights()
    unwatched = built()
    unwatched.fit(X, Y, callbacks=[view, Stepping()], **fitting)
    assert recorded(view)["measured"] == []
    tw.random.set_seed(1)
    plain.fit(X, Y, **fitting)
    tw.random.set_seed(1)
    with watched(view):
        seen.fit(X, Y, callbacks=[view, Stepping()], **fitting)
    for one, other in zip(plain.get_weights(), seen.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    first = recorded(view)["measured"][0]
    assert (first["step"], first["epoch"], first["samples"]) == (1, 0.25, 16)
    assert [layer["name"] for layer in first["layers"]] == ["hidden", "out"]
    kernel = first["weights"][0]
    assert kernel["shape"] == [4, 8]
    assert sum(kernel["counts"]) == 32
    # After the first step: near where it began.
    assert kernel["mean"] == pytest.approx(before[0].mean(), abs=0.05)
    assert first["findings"][0]["sentence"]


def test_what_cannot_be_measured_does_not_end_the_training(
    view: LiveView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prober, "_SECONDS", 0.0)

    def fails(*_: Any) -> None:
        raise ValueError("no gradients here")

    monkeypatch.setattr(prober.Probe, "__call__", fails)
    with watched(view):
        history = built().fit(X, Y, epochs=3, callbacks=[view, Stepping()], verbose=0)
    assert len(history.history["loss"]) == 3
    assert recorded(view)["unmeasured"] == "ValueError: no gradients here"


def test_the_button_ends_the_training_and_keeps_the_history(view: LiveView) -> None:
    class Press(tw.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.epoch = epoch

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if client and (self.epoch, batch) == (1, 2):
                assert client.ask("stop", "POST", body="0")[0] == 204

    client = Client(view.start())
    model = built()
    history = model.fit(X, Y, batch_size=16, epochs=50, callbacks=[Press(), view], verbose=0)
    assert len(history.history["loss"]) == 2
    run = recorded(view)
    assert run["state"] == "ended"
    assert run["note"] == "Stopped by the button, after epoch 1.75 of 50."
    assert run["step"] == 7
    # The button of an old page does not end the next training.
    model.fit(X, Y, epochs=2, callbacks=[Press(), view], verbose=0)
    assert recorded(view)["note"] == "Done, after epoch 2 of 2."


def test_the_button_ends_bursts(view: LiveView, monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(view.start())

    def press() -> None:
        while client.ask("stop", "POST", body="0")[0] == 204 and not pressed.is_set():
            pressed.wait(0.01)

    pressed = threading.Event()
    presser = threading.Thread(target=press)
    presser.start()
    history = built().fit(X, Y, epochs=3_000_000, callbacks=[view], verbose=0)
    pressed.set()
    presser.join()
    assert len(history.history["loss"]) < 3_000_000
    assert "Stopped by the button" in recorded(view)["note"]


def test_it_says_how_a_training_ended(view: LiveView) -> None:
    class Fail(tw.callbacks.Callback):
        error: BaseException = ValueError("too bad")

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                raise self.error

    fail = Fail()
    with pytest.raises(ValueError, match="too bad"):
        built().fit(X, Y, epochs=3, callbacks=[view, fail], verbose=0)
    assert recorded(view)["state"] == "failed"
    assert recorded(view)["note"] == "ValueError after epoch 2 of 3: too bad"
    fail.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        built().fit(X, Y, epochs=3, callbacks=[view, fail], verbose=0)
    assert recorded(view)["note"] == "Interrupted from the keyboard, after epoch 2 of 3."
    early = tw.callbacks.EarlyStopping("loss", min_delta=1e9, patience=1)
    built().fit(X, Y, epochs=9, callbacks=[view, early], verbose=0)
    assert recorded(view)["note"] == "Ended early, after epoch 2 of 9."
    assert [run["number"] for run in view._record.everything()["runs"]] == [0, 1, 2]


def test_data_of_unknown_length_get_their_place_later(view: LiveView) -> None:
    def batches() -> Iterator[Any]:
        yield from ((X[i : i + 16], Y[i : i + 16]) for i in range(0, 64, 16))

    class Again:
        def __iter__(self) -> Iterator[Any]:
            return batches()

    built().fit(Again(), epochs=2, callbacks=[view, Stepping()], verbose=0)
    run = recorded(view)
    assert run["points"]["epoch"] == [None] * 4 + [1.25, 1.5, 1.75, 2.0]
    assert (run["steps"], run["samples"]) == (4, 16)


def test_a_training_loop_of_ones_own_is_shown(view: LiveView) -> None:
    model = built()
    told = tw.callbacks.CallbackList([view], model=model, epochs=2, steps=None)
    told.on_train_begin()
    for epoch in range(2):
        told.on_epoch_begin(epoch)
        for batch in range(4 * (1 - epoch)):
            told.on_train_batch_end(batch, {"loss": 1.0})
        told.on_epoch_end(epoch, {"loss": 2.0 - epoch})
    told.on_train_end()
    run = recorded(view)
    assert run["ended"]["logs"] == {"loss": [2.0, 1.0]}
    assert (run["steps"], run["samples"], run["state"]) == (4, None, "ended")


def test_a_schedule_and_an_eager_training_are_followed(
    view: LiveView, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "_RATE", 0.0)
    monkeypatch.setattr(follower, "_RATE_SHARE", 1e9)
    rate = tw.optimizers.schedules.ExponentialDecay(0.1, 4, 0.5)
    model = built()
    model.compile(tw.optimizers.SGD(rate), "mse", run_eagerly=True)
    model.fit(X, Y, batch_size=16, epochs=1, callbacks=[view, Stepping()], verbose=0)
    expected = [float(rate(step)) for step in range(1, 5)]
    assert recorded(view)["points"]["rate"] == pytest.approx(expected)


def test_evaluate_and_predict_are_none_of_its_business(view: LiveView) -> None:
    model = built()
    model.evaluate(X, Y, callbacks=[view], verbose=0)
    model.predict(X, callbacks=[view], verbose=0)
    assert view.address is None
    assert view._record.runs == []


def test_a_file_of_the_page_holds_everything(view: LiveView, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nothing to save before the first fit"):
        view.save(tmp_path / "run.html")
    built().fit(X, Y, epochs=3, callbacks=[view], verbose=0)
    with pytest.raises(ValueError, match=r"must end in \.html, got 'run\.png'"):
        view.save(tmp_path / "run.png")
    address = view.address
    text = view.save(tmp_path / "run.html").read_text()
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text)
    assert data
    assert json.loads(data[1])["runs"][0]["ended"] == recorded(view)["ended"]
    assert address is not None
    assert Client(address).token not in text


def test_arguments_are_checked() -> None:
    for arguments, message in (
        ({"port": -1}, "port must be from 0 to 65535, got -1"),
        ({"port": "80"}, "port must be from 0 to 65535, got '80'"),
        ({"every": 0}, "every must be from 0.05 to 60 seconds, got 0"),
        ({"keep": 10}, "keep must be 100 values or more, got 10"),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            LiveView(**arguments)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(LiveView())


def test_a_taken_port_is_said_before_any_training(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        view = LiveView(port=taken.getsockname()[1])
        model = built()
        before = model.get_weights()
        with pytest.raises(OSError, match="choose another one, or 0 for any that is free"):
            model.fit(X, Y, callbacks=[view], verbose=0)
        for one, other in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)


def test_the_address_is_printed_once_and_nothing_is_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    threads = set(threading.enumerate())
    view = LiveView(open=False)
    for _ in range(2):
        built().fit(X, Y, callbacks=[view], verbose=0)
    address = view.address
    assert address is not None
    assert capsys.readouterr().out == f"LiveView: {address}\n"
    assert Client(address).ask()[0] == 200
    view.close()
    view.close()
    assert view.address is None
    assert {t for t in threading.enumerate() if t.name.startswith("thalweg-live")} <= threads
    with pytest.raises(ConnectionRefusedError):
        Client(address).ask()


# --- where the page is shown ---------------------------------------------------------------------


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A computer with a screen and a browser, whatever this one has."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delenv("BROWSER", raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delitem(sys.modules, "ipykernel.kernelapp", raising=False)
    monkeypatch.setattr("webbrowser.get", lambda: object())
    return monkeypatch


def test_a_browser_is_opened_with_a_ticket(
    screen: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []
    came = threading.Event()

    def browser(address: str) -> bool:
        opened.append(address)
        came.set()
        return True

    screen.setattr("webbrowser.open", browser)
    view = LiveView()
    built().fit(X, Y, callbacks=[view], verbose=0)
    assert came.wait(5)
    address = view.address
    assert address is not None
    client = Client(address)
    assert client.token not in opened[0]
    assert client.ask(place="/" + opened[0].rsplit("/", 1)[1], headers={})[0] == 303
    # The process could end now, and the browser would find nothing: it waits, but not for ever.
    screen.setattr(live_view, "_FIRST_VISIT", 0.1)
    view._linger(0.0)
    view.close()


def test_without_a_screen_no_browser_is_started(screen: pytest.MonkeyPatch) -> None:
    assert opening.can_open()
    with screen.context() as without:
        without.delenv("DISPLAY")
        assert not opening.can_open()
        without.setenv("WAYLAND_DISPLAY", "wayland-0")
        assert opening.can_open()
        without.setenv("CI", "true")
        assert not opening.can_open()
    with screen.context() as notebook:
        notebook.setitem(sys.modules, "ipykernel.kernelapp", types.ModuleType("kernelapp"))
        assert not opening.can_open()

    def none() -> None:
        import webbrowser

        raise webbrowser.Error

    screen.setattr("webbrowser.get", none)
    assert not opening.can_open()


def test_a_notebook_shows_a_link_or_a_frame(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[Any] = []
    monkeypatch.setitem(sys.modules, "ipykernel.kernelapp", types.ModuleType("kernelapp"))
    monkeypatch.setattr("IPython.display.display", shown.append)
    view = LiveView()
    built().fit(X, Y, callbacks=[view], verbose=0)
    assert view.address is not None
    assert f'href="{view.address}"' in shown[0].data
    assert 'rel="noopener noreferrer"' in shown[0].data
    assert capsys.readouterr().out == ""
    assert view._server is not None
    assert not view._server.access.framed
    frame = view.iframe(height=500)
    assert (frame.src, frame.height) == (view.address, 500)
    assert view._server.access.framed
    view.close()
    # Who has the page in a frame needs no link.
    view.iframe()
    built().fit(X, Y, callbacks=[view], verbose=0)
    assert len(shown) == 1
    view.close()
    monkeypatch.setitem(sys.modules, "IPython.display", None)
    with pytest.raises(ImportError, match="IPython is not installed; open the address"):
        view.iframe()
