"""LiveView: a callback that shows a training in the browser while it runs."""

from __future__ import annotations

import atexit
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from thalweg.saving.atomic import write_file
from thalweg.training.callbacks.callback import Callback, Logs
from thalweg.training.present_data import samples_in_a_step
from thalweg.viz.live.follower import Follower
from thalweg.viz.live.opening import can_open, open_browser, show_address
from thalweg.viz.live.page import saved_page
from thalweg.viz.live.prober import Prober
from thalweg.viz.live.record import Record, Run

if TYPE_CHECKING:
    from thalweg.viz.live.server import LiveServer

__all__ = ["LiveView"]

_LAST_WORD = 0.5
"""Seconds that the end of a training waits for pages to hear of it; the process may end next."""

_FIRST_VISIT = 5.0
"""Seconds that a browser has to open the page, where the process would end before."""


class LiveView(Callback):
    """Show a training in the browser while it runs: curves, speed, weights, gradients; and end it.

    Training stays compiled: it is not stepped for this, and weights and gradients are only looked
    at while somebody watches, in about a hundredth of the time. The page can be opened in several
    tabs and at any time; it always gets all that there was. It stays readable when the training or
    the process has ended. With the same `LiveView` in another `fit` the page goes on, with a line
    between the two.

    The page is for this machine only: the server listens on the loopback interface, and the
    address holds the secrets that it asks for. It is printed once, or shown as a link in a
    notebook, where `iframe` puts the page below a cell. The server ends with `close` or with the
    process. A `LiveView` cannot be pickled; a forked process has no server.

    Args:
        port: of the server; 0 for any that is free.
        open: whether to open the page in a browser, where there is one with windows.
        every: seconds between two updates of the page; after some seconds of a training up to
            three times as many.
        keep: how many values each curve of a `fit` keeps; of more, every second one is left out,
            as often as need be. The metrics of up to so many epochs are those of the `History`.

    Raises:
        ValueError: if an argument is outside of its range.

    >>> import thalweg as tw
    >>> model = tw.Sequential([tw.Input((1,)), tw.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> view = tw.callbacks.LiveView(open=False)
    >>> history = model.fit([[1.0]], [[1.0]], epochs=3, callbacks=[view], verbose=0)
    LiveView: http://127.0.0.1:...
    >>> view.close()
    """

    def __init__(
        self, port: int = 0, open: bool = True, every: float = 1.0, keep: int = 10_000
    ) -> None:
        if not (isinstance(port, int) and 0 <= port <= 65535):
            raise ValueError(f"LiveView: port must be from 0 to 65535, got {port!r}.")
        if not (isinstance(every, (int, float)) and 0.05 <= every <= 60):
            raise ValueError(f"LiveView: every must be from 0.05 to 60 seconds, got {every!r}.")
        if not (isinstance(keep, int) and keep >= 100):
            raise ValueError(f"LiveView: keep must be 100 values or more, got {keep!r}.")
        self.port, self.open, self.every, self.keep = port, open, float(every), keep
        self._record = Record()
        self._server: LiveServer | None = None
        self._announced = False
        self._follower: Follower | None = None
        self._prober = Prober()

    # --- the page ---------------------------------------------------------------------------------

    @property
    def address(self) -> str | None:
        """What to open in a browser, with its secrets; None while there is no server."""
        return None if self._server is None else self._server.access.address

    def start(self) -> str:
        """Start the server, if it does not run; `fit` does that by itself.

        Returns:
            The address of the page.

        Raises:
            OSError: if the port is taken.
        """
        if self._server is None:
            # Here, since whoever wants another callback has no use for a web server.
            from thalweg.viz.live.server import LiveServer

            self._server = LiveServer(self._record, self.port, self.every, self._stop_run)
        return self._server.access.address

    def close(self) -> None:
        """Stop the server. Open pages keep what they show; another `fit` starts a new server."""
        atexit.unregister(self._linger)
        if self._server is not None:
            self._server.close()
            self._server = None
        self._announced = False

    def iframe(self, height: int = 700) -> Any:
        """The page as an element for a notebook whose kernel runs on the machine of the browser.

        Args:
            height: in pixels.

        Returns:
            An `IPython.display.IFrame`.

        Raises:
            ImportError: if IPython is not installed.
        """
        try:
            from IPython.display import IFrame
        except ImportError as missing:
            raise ImportError(
                "LiveView.iframe puts the page into a notebook, and IPython is not installed; "
                "open the address in a browser instead."
            ) from missing
        self.start()
        assert self._server is not None
        self._server.access.framed = self._announced = True
        return IFrame(self._server.access.address, "100%", height)

    def save(self, path: str | Path) -> Path:
        """Write the page with all that was recorded as a file that needs no other one.

        Args:
            path: where; ends in `.html`.

        Returns:
            The path.

        Raises:
            ValueError: for another ending, or if there was no training yet.
        """
        path = Path(path)
        if path.suffix.lower() != ".html":
            raise ValueError(f"LiveView.save: path must end in .html, got '{path.name}'.")
        if not self._record.runs:
            raise ValueError("LiveView.save: there is nothing to save before the first fit.")
        title = f"Training of {self._record.runs[-1].name} · Thalweg"
        write_file(path, saved_page(title, self._record.everything()).encode())
        return path

    def __reduce__(self) -> NoReturn:
        raise TypeError("LiveView holds a server and cannot be pickled; make a new one instead.")

    def _announce(self) -> None:
        self.start()
        if self._announced or self._server is None:
            return
        self._announced = True
        show_address(self._server.access.address)
        if self.open and can_open():
            open_browser(self._server.access.ticket())
            atexit.register(self._linger, time.monotonic() + _FIRST_VISIT)

    def _linger(self, until: float) -> None:
        """A browser that was just started still finds the page of a short training."""
        while not self._record.visited and time.monotonic() < until:
            time.sleep(0.05)

    def _stop_run(self, number: int) -> None:
        """Called by the server: a run shall end."""
        with self._record.writing():
            if number < len(self._record.runs) and self._record.runs[number].state == "running":
                self._record.runs[number].stopping = True
        self._record.tell()

    # --- the training -----------------------------------------------------------------------------

    def wants_batches(self, mode: str) -> bool:
        """No: a look now and then is enough."""
        return False

    def wants_epochs(self) -> bool:
        """No: several short epochs may run in one go."""
        return False

    def on_train_begin(self, logs: Logs = None) -> None:
        self._announce()
        model, params = self.model, self.params or {}
        run = Run(
            name=model.name,
            first=model._position.epoch,
            epochs=params.get("epochs", 1),
            steps=params.get("steps"),
            samples=samples_in_a_step(model),
            keep=self.keep,
        )
        self._follower = Follower(self._record, run, model, self._prober)
        with self._record.writing():
            self._record.runs.append(run)
        self._record.tell()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        if self._follower is not None:
            self._follower.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if self._follower is not None:
            self._follower.batches_done(batch + 1, logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if self._follower is not None:
            self._follower.epoch_done(epoch, logs)

    def on_test_begin(self, logs: Logs = None) -> None:
        if self._follower is not None:
            self._follower.pause()

    def on_test_end(self, logs: Logs = None) -> None:
        if self._follower is not None:
            self._follower.resume()

    def on_train_end(self, logs: Logs = None) -> None:
        self._end(None)

    def _interrupted(self) -> None:
        self._end(sys.exception())

    def _end(self, error: BaseException | None) -> None:
        if self._follower is None:  # an evaluation or a prediction was interrupted
            return
        self._follower.end(error)
        self._follower = None
        # The process may end now, and the server with it.
        self._record.all_told(_LAST_WORD)
