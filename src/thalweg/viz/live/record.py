"""Record: what is known about the runs of a live view; one thread writes, others read.

Numbers are put into the form in which pages get them where they are asked for, not where they come
from: a training has better things to do.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from thalweg.viz.live.clock import Clock
from thalweg.viz.live.table import Slice, Table

__all__ = ["Cursor", "Record", "Run", "State"]

State = Literal["running", "ended", "failed"]

_MEASUREMENTS = 100
"""How many measurements of weights and gradients a run keeps; each is some kilobytes."""


@dataclass(eq=False)
class Run:
    """One `fit`.

    Attributes:
        name: of the model.
        first: how many epochs were done before.
        epochs: the number of the last epoch.
        steps: of an epoch, None if unknown.
        samples: how many a step takes on average, None if unknown.
        keep: how many rows each table keeps.
        state: whether it goes on.
        stopping: whether the stop button was pressed.
        note: a sentence about how it ended.
        unmeasured: a sentence about why weights and gradients are not measured, if so.
        points: metrics within epochs: means over the epoch so far, as callbacks hear them.
        ended: metrics of whole epochs.
        measured: `found`: a `Measurement` of weights and gradients.
    """

    name: str
    first: int
    epochs: int
    steps: int | None
    samples: float | None
    keep: int
    state: State = "running"
    stopping: bool = False
    note: str = ""
    unmeasured: str = ""
    began: float = field(default_factory=time.time)
    clock: Clock = field(default_factory=Clock)
    points: Table = field(init=False)
    ended: Table = field(init=False)
    measured: Table = field(init=False)

    def __post_init__(self) -> None:
        self.points, self.ended = Table(self.keep), Table(self.keep)
        self.measured = Table(_MEASUREMENTS)

    @property
    def done(self) -> float:
        """How many epochs are done, with the part of the present one that is known."""
        known = [at.epoch for at in (self.points.latest, self.ended.latest) if at]
        return max([float(self.first), *(epoch for epoch in known if epoch is not None)])

    @property
    def place(self) -> str:
        """Where it is, in words."""
        whole = f"{self.done:.2f}".rstrip("0").rstrip(".")
        return f"after epoch {whole} of {self.epochs:,}"

    def status(self) -> dict[str, Any]:
        """What changes all the time."""
        whole = max(1, self.epochs - self.first)
        return {
            "name": self.name,
            "first": self.first,
            "epochs": self.epochs,
            "steps": self.steps,
            "samples": self.samples,
            "state": self.state,
            "stopping": self.stopping,
            "note": self.note,
            "unmeasured": self.unmeasured,
            "began": self.began,
            "done": self.done,
            "step": self.clock.step,
            "seconds": self.clock.seconds,
            "speed": self.clock.speed,
            "left": self.clock.left(
                None if self.steps is None else self.steps * whole, (self.done - self.first) / whole
            )
            if self.state == "running"
            else None,
        }


@dataclass(frozen=True)
class Cursor:
    """Up to where somebody knows a record: the run, and the last row of each of its tables."""

    run: int = 0
    points: int = -1
    ended: int = -1
    measured: int = -1

    def __str__(self) -> str:
        return f"{self.run}.{self.points}.{self.ended}.{self.measured}"

    @staticmethod
    def read(text: str | None) -> Cursor:
        """The cursor of this text; that of somebody who knows nothing if it is none.

        >>> Cursor.read("1.20.3.-1").points, Cursor.read("?").points
        (20, -1)
        """
        try:
            return Cursor(*(max(-1, int(part)) for part in (text or "").split(".")))
        except (TypeError, ValueError):
            return Cursor()


class Record:
    """The runs, and who looks at them.

    Attributes:
        runs: in the order of time.
        visited: whether somebody has ever looked.
    """

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.visited = False
        self._turn = threading.Condition()
        self._moment = 0
        # For each who looks, the last moment that they were told of.
        self._watchers: dict[object, int] = {}

    # --- those who write --------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Inside, runs may be changed."""
        with self._turn:
            yield

    def tell(self) -> None:
        """Let everybody who looks know at once, not at their next look."""
        with self._turn:
            self._moment += 1
            self._turn.notify_all()

    def all_told(self, seconds: float) -> bool:
        """Wait until all who look know of the last `tell`, but not longer than so many seconds."""
        with self._turn:
            return self._turn.wait_for(
                lambda: all(told >= self._moment for told in self._watchers.values()), seconds
            )

    # --- those who read ---------------------------------------------------------------------------

    @property
    def watched(self) -> int:
        """How many look now."""
        return len(self._watchers)

    @contextmanager
    def watching(self) -> Iterator[object]:
        """Inside, somebody looks."""
        watcher = object()
        with self._turn:
            self._watchers[watcher] = -1
        try:
            yield watcher
        finally:
            with self._turn:
                del self._watchers[watcher]
                self._turn.notify_all()

    def told(self, watcher: object, moment: int) -> None:
        """Note that somebody knows all that there was at a moment."""
        with self._turn:
            self.visited = True
            self._watchers[watcher] = moment
            self._turn.notify_all()

    def wait(self, moment: int, seconds: float) -> None:
        """Wait for the next `tell` after a moment, but not longer than so many seconds."""
        with self._turn:
            self._turn.wait_for(lambda: self._moment != moment, seconds)

    @property
    def age(self) -> float:
        """How many seconds ago the latest run began; 0 before the first."""
        return max(0.0, time.time() - self.runs[-1].began) if self.runs else 0.0

    def news(self, known: Cursor) -> tuple[dict[str, Any], Cursor, int]:
        """What there is beyond what somebody knows.

        Returns:
            What JSON can hold: the runs from the last known one on, each with its number, its
            status and its new rows; what is known then; and the moment for `told` and `wait`.
        """
        with self._turn:
            moment = self._moment
            if known.run >= len(self.runs):
                known = Cursor()
            found = []
            for number, run in enumerate(self.runs[known.run :], known.run):
                if number != known.run:
                    known = Cursor(number)
                points = run.points.after(known.points)
                ended = run.ended.after(known.ended)
                measured = run.measured.after(known.measured)
                found.append((number, run.status(), points, ended, measured))
                counts = (table.count - 1 for table in (run.points, run.ended, run.measured))
                known = Cursor(number, *counts)
        # Outside of the lock: the training need not wait for this.
        news = [
            {
                "number": number,
                **status,
                "points": points.as_json(),
                "ended": ended.as_json(),
                "measured": _measurements(measured),
            }
            for number, status, points, ended, measured in found
        ]
        return {"runs": news}, known, moment

    @property
    def running(self) -> bool:
        """Whether a run goes on."""
        return bool(self.runs) and self.runs[-1].state == "running"

    def everything(self) -> dict[str, Any]:
        """All that is kept, as `news` gives it."""
        return self.news(Cursor())[0]


def _measurements(rows: Slice) -> list[dict[str, Any]]:
    """Measurements, each with its moment."""
    moments = zip(*rows.moments.values(), strict=True)
    return [
        {**found.json, **dict(zip(rows.moments, moment, strict=True))}
        for moment, found in zip(moments, rows.logs.get("found", []), strict=True)
    ]
