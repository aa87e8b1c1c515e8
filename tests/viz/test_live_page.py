"""The page of the live view, in Chromium: while `fit` runs, afterwards, and against strangers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

import thalweg as tw
from benchmarks.browser import served
from tests.viz.live_client import Client
from tests.viz.test_live_view import X, Y, built
from tests.web.browser import PATIENCE, overflow, visit
from thalweg.viz.live import prober
from thalweg.viz.live.live_view import LiveView

LABEL = "document.querySelector('#curves canvas').ariaLabel"
"""What those hear who do not see the first chart."""


class Gate(tw.callbacks.Callback):
    """Trains as many steps as it is let."""

    def __init__(self) -> None:
        self.free = threading.Semaphore(0)
        self.error: Exception | None = None

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if not self.free.acquire(timeout=60):
            raise TimeoutError
        if self.error is not None:
            raise self.error

    def let(self, steps: int) -> None:
        self.free.release(steps)


class Training:
    """A `fit` in a thread of its own, with a view of it."""

    def __init__(self) -> None:
        self.view = LiveView(open=False, every=0.1)
        self.address = self.view.start()
        self.model = built()
        self.gate = Gate()
        self.threads: list[threading.Thread] = []
        self.history: list[Any] = []

    def start(self, **arguments: Any) -> None:
        given = {"batch_size": 16, "callbacks": [self.view, self.gate], "verbose": 0, **arguments}
        thread = threading.Thread(target=self._fit, args=(given,))
        self.threads.append(thread)
        thread.start()

    def _fit(self, given: dict[str, Any]) -> None:
        try:
            self.history.append(self.model.fit(X, Y, **given).history)
        except (TimeoutError, ValueError) as error:
            self.history.append(error)

    def end(self) -> None:
        self.gate.let(10_000)
        for thread in self.threads:
            thread.join(30)


@pytest.fixture
def training(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Training]:
    monkeypatch.setattr(prober, "_SECONDS", 0.0)
    found = Training()
    yield found
    found.end()
    found.view.close()


def shown(page: Page, name: str, what: str = "training") -> str:
    """The value in the legend of a metric's chart."""
    card = page.locator("#curves .live-chart").filter(has=page.locator(f"h3:text-is('{name}')"))
    return card.locator("li").filter(has_text=what).locator("b").inner_text()


def waits(page: Page, script: str) -> None:
    """Until a condition holds; the page's policy keeps Playwright's own way from it."""
    end = time.monotonic() + PATIENCE / 1000
    while not page.evaluate(script):
        assert time.monotonic() < end, (script, page.locator("main").inner_text())
        page.wait_for_timeout(20)


def test_curves_grow_while_fit_runs_and_the_button_ends_it(
    chromium: Browser, training: Training
) -> None:
    with visit(chromium, training.address) as page:
        waits(page, "document.querySelector('#state').textContent === 'Waiting for fit'")
        assert page.locator("#no-curves").is_visible()
        # The secrets are out of sight, and the tab can be loaded again.
        assert page.url == training.address.partition("#")[0]
        page.reload()
        waits(page, "document.querySelector('#state').textContent === 'Waiting for fit'")

        training.start(epochs=50, validation_data=(X, Y))
        training.gate.let(2)
        waits(page, "document.querySelector('#line').textContent.startsWith('epoch 1 of 50')")
        first = shown(page, "loss", "within epochs")
        training.gate.let(6)
        waits(page, "document.querySelector('#line').textContent.startsWith('epoch 3 of 50')")
        assert shown(page, "loss", "within epochs") != first
        assert page.locator("#state").inner_text() == "Training"
        assert page.title() == "3/50 · tiny"
        waits(page, "document.querySelectorAll('#layers tr').length === 2")
        assert page.locator("#findings li").count() >= 1
        page.locator("#weights canvas").first.scroll_into_view_if_needed()
        waits(page, "document.querySelector('#weights p').textContent.includes('mean')")

        # The button asks whether one is sure; with the keyboard, too.
        page.locator("#stop").focus()
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "yes"
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.id") == "stop"
        assert page.locator("#yes").is_hidden()
        page.click("#stop")
        page.click("#yes")
        waits(page, "document.querySelector('#stop').textContent === 'Stopping…'")
        training.gate.let(8)
        waits(page, "document.querySelector('#state').textContent === 'Training ended'")
        assert "Stopped by the button" in page.locator("#line").inner_text()
        training.end()
        history = training.history[0]
        assert len(history["loss"]) < 50
        assert float(shown(page, "loss")) == pytest.approx(history["loss"][-1], rel=5e-3)
        val = float(shown(page, "loss", "validation"))
        assert val == pytest.approx(history["val_loss"][-1], rel=5e-3)


def test_the_next_fit_goes_on_where_the_page_is(chromium: Browser, training: Training) -> None:
    training.gate.let(10_000)
    with visit(chromium, training.address) as page, visit(chromium, training.address) as other:
        for epochs in (2, 4):
            training.start(epochs=2)
            training.threads[-1].join(30)
            for tab in (page, other):
                waits(tab, f"{LABEL}.includes('at epoch {epochs}.')")
                assert tab.locator("#line").inner_text().startswith("Done, after epoch 2 of 2.")


def test_a_failure_is_told(chromium: Browser, training: Training) -> None:
    with visit(chromium, training.address) as page:
        training.start(epochs=3)
        training.gate.let(5)
        waits(page, "document.querySelector('#line').textContent.startsWith('epoch 2')")
        training.gate.error = ValueError("<b>of all things</b>")
        training.gate.let(1)
        waits(page, "document.querySelector('#state').textContent === 'Training failed'")
        message = page.locator("#message").inner_text()
        assert message == "ValueError after epoch 1.5 of 3: <b>of all things</b>"
        assert page.locator("#stop").is_hidden()


@contextmanager
def forgiving(browser: Browser, address: str) -> Iterator[Page]:
    """A page that may not reach its server: the browser writes of it on the console."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    try:
        page = context.new_page()
        page.goto(address)
        yield page
    finally:
        context.close()


def test_a_lost_connection_is_told_and_what_came_stays(
    chromium: Browser, training: Training
) -> None:
    with forgiving(chromium, training.address) as page:
        training.start(epochs=4)
        training.gate.let(9)
        waits(page, "document.querySelector('#line').textContent.startsWith('epoch 3')")
        training.view.close()
        waits(page, "document.querySelector('#state').textContent === 'Connection lost'")
        assert "What came so far stays here" in page.locator("#message").inner_text()
        assert page.locator("#stop").is_hidden()
        assert float(shown(page, "loss")) > 0


def test_after_the_end_the_page_needs_no_server(chromium: Browser, training: Training) -> None:
    with forgiving(chromium, training.address) as page:
        training.gate.let(10_000)
        training.start(epochs=2)
        training.end()
        waits(page, "document.querySelector('#state').textContent === 'Training ended'")
        training.view.close()
        page.wait_for_timeout(700)
        assert page.locator("#state").inner_text() == "Training ended"
        assert page.locator("#message").is_hidden()
        page.locator("label:has(input[value=steps])").click()
        waits(page, f"{LABEL}.includes('at step 8.')")


def test_an_address_without_its_token_says_so(chromium: Browser, training: Training) -> None:
    with forgiving(chromium, training.address.partition("#")[0]) as page:
        waits(page, "document.querySelector('#state').textContent === 'No access'")
        assert "open the address that Python printed" in page.locator("#message").inner_text()


def test_pages_of_strangers_learn_and_do_nothing(
    chromium: Browser, training: Training, serve: Callable[[Path], str], tmp_path: Path
) -> None:
    """Even one that knows the secrets."""
    (tmp_path / "index.html").write_text("<!doctype html><title>stranger</title>")
    training.start(epochs=50)
    training.gate.let(3)
    place, _, token = training.address.partition("#")
    script = """async ([place, token]) => {
        const tries = {
            events: fetch(`${place}events`, {headers: {Authorization: `Bearer ${token}`}}),
            stop: fetch(`${place}stop`, {
                method: 'POST', body: '0', headers: {Authorization: `Bearer ${token}`},
            }),
            simple: fetch(`${place}stop`, {method: 'POST', body: '0'}),
            page: fetch(place),
        };
        const found = {};
        for (const [name, answer] of Object.entries(tries)) {
            found[name] = await answer.then((a) => a.status, (error) => error.name);
        }
        const blind = await fetch(`${place}stop`, {method: 'POST', body: '0', mode: 'no-cors'})
            .then((a) => a.type, (error) => error.name);
        const frame = document.createElement('iframe');
        frame.src = place;
        const loaded = new Promise((resolve) => frame.addEventListener('load', resolve));
        document.body.append(frame);
        await loaded;
        let inside;
        try { inside = frame.contentDocument?.title ?? 'closed'; } catch (e) { inside = e.name; }
        return {...found, blind, inside};
    }"""
    # The server of the folder calls itself localhost: another site than 127.0.0.1.
    for stranger in (serve(tmp_path), serve(tmp_path).replace("localhost", "127.0.0.1")):
        with forgiving(chromium, stranger) as page:
            found = page.evaluate(script, [place, token])
            assert found == {
                "events": "TypeError",
                "stop": "TypeError",
                "simple": "TypeError",
                "page": "TypeError",
                "blind": "TypeError",
                "inside": "closed",
            }
    assert not training.view._record.visited
    assert not training.view._record.runs[0].stopping


def test_a_notebook_may_show_it_in_a_frame(
    chromium: Browser, training: Training, tmp_path: Path
) -> None:
    frame = training.view.iframe(height=600)
    (tmp_path / "index.html").write_text(
        '<!doctype html><link rel="icon" href="data:,">'
        f'<iframe src="{frame.src}" width="900" height="600"></iframe>'
    )
    training.gate.let(10_000)
    training.start(epochs=2)
    with served(tmp_path, isolated=False) as notebook, visit(chromium, notebook) as page:
        end = time.monotonic() + PATIENCE / 1000
        inside = page.frame_locator("iframe").locator("#state")
        while inside.inner_text() != "Training ended":
            assert time.monotonic() < end
            page.wait_for_timeout(20)


# --- the page as a file --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """A page as a file, and the history that it shows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prober, "_SECONDS", 0.0)
        view = LiveView(open=False)
        model = built()
        with Client(view.start()).events() as events:
            next(events)
            gate = Gate()
            gate.let(1000)
            history = model.fit(
                X,
                Y,
                batch_size=16,
                epochs=20,
                validation_data=(X, Y),
                callbacks=[view, gate],
                verbose=0,
            )
        file = view.save(tmp_path_factory.mktemp("saved") / "run.html")
        view.close()
    return file.as_uri(), history.history


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_a_saved_page_shows_all_and_fits(
    chromium: Browser, saved: tuple[str, dict[str, Any]], width: int
) -> None:
    address, history = saved
    scheme = "dark" if width == 768 else "light"
    with visit(chromium, address, width=width, color_scheme=scheme) as page:
        waits(page, "document.querySelectorAll('#curves canvas').length === 2")
        for name in ("loss", "mae"):
            assert float(shown(page, name)) == pytest.approx(history[name][-1], rel=5e-3)
            val = float(shown(page, name, "validation"))
            assert val == pytest.approx(history[f"val_{name}"][-1], rel=5e-3)
        page.locator("#weights canvas").last.scroll_into_view_if_needed()
        page.wait_for_timeout(100)
        assert not overflow(page)
        assert page.locator("#stop").is_hidden()
        page.evaluate(
            "for (const id of ['stopping', 'sure']) document.getElementById(id).hidden = 0"
        )
        assert not overflow(page)
        assert page.locator("#state").inner_text() == "Training ended"


def test_it_can_be_read_with_the_keyboard(
    chromium: Browser, saved: tuple[str, dict[str, Any]]
) -> None:
    address, history = saved
    with visit(chromium, address) as page:
        page.locator("#curves canvas").first.focus()
        for _ in range(80):
            page.keyboard.press("ArrowLeft")
        waits(page, "document.querySelector('#curves li:nth-child(2) b').textContent !== ''")
        page.wait_for_timeout(100)
        assert float(shown(page, "loss")) == pytest.approx(history["loss"][0], rel=5e-3)
        page.locator("#curves .switch input").first.focus()
        page.keyboard.press("Space")
        page.locator("input[value=epochs]").focus()
        page.keyboard.press("ArrowRight")
        waits(page, f"{LABEL}.includes('at step 80.')")
        canvas = page.locator("#weights canvas").first
        canvas.scroll_into_view_if_needed()
        waits(page, "document.querySelector('#weights p').textContent.includes('4 × 8')")
        canvas.focus()
        page.keyboard.press("PageUp")
        page.keyboard.press("ArrowLeft")
        waits(page, "document.querySelector('#weights p').textContent.startsWith('step ')")


def test_no_peak_is_lost_among_very_many_values(
    chromium: Browser, saved: tuple[str, dict[str, Any]]
) -> None:
    script = """async () => {
        const { LineChart } = await import('chart.js');
        const host = document.createElement('div');
        document.querySelector('main').prepend(host);
        const chart = new LineChart(host, {
            title: '', x: 'step', y: '', free: true,
            series: { loss: { name: 'loss', colour: '--ink' } },
        });
        const x = Array.from({ length: 200_000 }, (_, i) => i);
        const y = x.map((i) => (i === 100_003 ? 10 : 1));
        const begin = performance.now();
        chart.set('loss', x, y);
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        const took = performance.now() - begin;
        const { width, height } = chart.canvas;
        const picture = chart.canvas.getContext('2d').getImageData(0, 0, width, height).data;
        // Half way up, nothing but the peak crosses the plot; grid lines are lighter.
        let found = 0;
        const row = Math.round(height * 0.42);
        for (let i = 60; i < width; i++) found += picture[4 * (row * width + i)] < 90
            && picture[4 * (row * width + i) + 3] > 120 ? 1 : 0;
        return { found, took };
    }"""
    with visit(chromium, saved[0], color_scheme="light") as page:
        found = page.evaluate(script)
        assert 1 <= found["found"] <= 4
        assert found["took"] < 2000


def test_runs_are_joined_and_speeds_leave_pauses_out(
    chromium: Browser, saved: tuple[str, dict[str, Any]]
) -> None:
    script = """async () => {
        const { Runs } = await import('live_runs.js');
        const { duration, line } = await import('live_words.js');
        const none = { epoch: [], step: [], seconds: [], busy: [], rate: [], logs: {} };
        const status = (number, more) => ({
            number, name: 'm', first: 0, epochs: 2, steps: 4, samples: 10, state: 'running',
            note: '', unmeasured: '', stopping: false, done: 2, step: 8, seconds: 120,
            speed: 1234.5, left: 42, points: none, ended: none, measured: [], ...more,
        });
        const runs = new Runs();
        runs.take({ runs: [status(0, { points: {
            epoch: [null, 1], step: [2, 4], seconds: [1, 60], busy: [1, 2], rate: [null, 0.1],
            logs: { loss: [3, 'Infinity'] },
        } })] });
        runs.take({ runs: [status(0, { ended: {
            epoch: [2], step: [8], seconds: [120], busy: [4], rate: [0.1],
            logs: { loss: [1], val_loss: ['NaN'], accuracy: [0.5] },
        } }), status(1, { ended: {
            epoch: [1], step: [4], seconds: [30], busy: [30], rate: [0.1], logs: { loss: [0.5] },
        } })] });
        return {
            metrics: runs.metrics,
            within: runs.curve('epochs', 'points', 'loss'),
            ended: runs.curve('minutes', 'ended', 'loss'),
            steps: runs.curve('steps', 'ended', 'loss').x,
            nan: runs.curve('steps', 'ended', 'val_loss').y.map(String),
            speeds: runs.speeds('steps'),
            marks: runs.marks('epochs'),
            words: [4.2, 42.4, 60, 3725].map(duration),
            line: line(runs.all[0]),
        };
    }"""
    with visit(chromium, saved[0]) as page:
        found = page.evaluate(script)
    assert found["metrics"] == ["loss", "accuracy"]
    assert found["within"] == {"x": [1], "y": [np.inf], "breaks": [0, 1]}
    assert found["ended"] == {"x": [2, 2.5], "y": [1, 0.5], "breaks": [0, 1]}
    assert found["steps"] == [8, 12]
    assert found["nan"] == ["NaN"]
    # Two steps in one busy second; that a minute went by does not count.
    assert found["speeds"] == {"x": [4], "y": [20], "breaks": [0, 1]}
    assert found["marks"] == [{"x": 2, "text": "fit 2"}]
    assert found["words"] == ["4.2 s", "0:42", "1:00", "1:02:05"]
    assert found["line"] == "epoch 2 of 2, 12,345 samples a second, 0:42 left"
