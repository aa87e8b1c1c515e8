"""Follower: turns what a callback hears of a training into the rows of a run.

It is called for every epoch, of which a small model does ten thousand in a second. So it takes
notes, and looks at them when some time has passed.
"""

from __future__ import annotations

import time
from itertools import accumulate
from typing import Any

from thalweg.training.callbacks.callback import Logs
from thalweg.viz.live.allowance import Allowance
from thalweg.viz.live.prober import Prober
from thalweg.viz.live.record import Record, Run, State
from thalweg.viz.live.table import Moment

__all__ = ["Follower"]

# Seconds between two looks at the notes, and at whether the button was pressed.
_LOOK = 0.05

# A schedule has to compute the learning rate. It is read at most once in so many seconds, and that
# may take this share of the time.
_RATE, _RATE_SHARE = 0.02, 0.003


class Follower:
    """Follows one run.

    Args:
        record: where the run is.
        run: what is followed.
        model: what is trained.
        prober: what measures its weights and gradients.
    """

    def __init__(self, record: Record, run: Run, model: Any, prober: Prober) -> None:
        self._record, self._run, self._model, self._prober = record, run, model, prober
        self.epoch = run.first
        self._batch = 0
        self._steps_before = 0
        # Epochs that ended: the number, how many batches were told of, the logs.
        self._notes: list[tuple[int, int, Logs]] = []
        self._due = 0.0
        self._rate_allowance = Allowance(_RATE_SHARE, _RATE)
        prober.begin()

    def batches_done(self, batches: int, logs: Logs) -> None:
        """So many batches of the present epoch are done."""
        self._take()
        run = self._run
        if not run.points.count and not run.ended.count:
            run.first = self.epoch  # another one than asked for, where a backup was restored
        self._batch = batches
        epoch = None if run.steps is None else self.epoch + batches / run.steps
        with self._record.writing():
            moment = self._now(epoch, self._steps_before + batches)
            run.points.append(moment, logs or {})
        self._look(moment)

    def epoch_done(self, epoch: int, logs: Logs) -> None:
        """An epoch has ended, its validation included."""
        self._notes.append((epoch, self._batch, logs))
        self._batch = 0
        if time.perf_counter() >= self._due:
            self._take()

    def _take(self) -> None:
        """Turn the notes into rows."""
        notes, self._notes = self._notes, []
        if not notes:
            return
        run, table = self._run, self._run.ended
        with self._record.writing():
            if not run.points.count and not table.count:
                run.first = notes[0][0]
            if run.steps is None:
                run.steps = max(1, notes[0][1])
            # In a burst of epochs there is no word of batches.
            counts = [batches or run.steps for _, batches, _ in notes]
            steps = list(accumulate(counts, initial=self._steps_before))[1:]
            self._steps_before = steps[-1]
            epochs = [note[0] + n / run.steps for note, n in zip(notes, counts, strict=True)]
            moment = self._now(epochs[-1], steps[-1])
            table.extend(epochs, steps, moment, [logs or {} for _, _, logs in notes])
        self._due = time.perf_counter() + _LOOK
        self._look(moment)

    def _now(self, epoch: float | None, step: int) -> Moment:
        run = self._run
        seconds, busy = run.clock.advance(step)
        optimizer, rate = self._model.optimizer, None
        first = not run.points.count and not run.ended.count
        if optimizer is not None and (first or self._rate_allowance.due):
            with self._rate_allowance.used():
                rate = float(optimizer.learning_rate)
        # Milliseconds will do, and are fewer digits to send.
        return Moment(epoch, step, round(seconds, 3), round(busy, 3), rate)

    def _look(self, moment: Moment) -> None:
        """Do what was asked for on a page, and measure for it."""
        run, prober = self._run, self._prober
        if run.stopping:
            self._model.stop_training = True
        elif self._record.watched and prober.due:
            self.pause()
            found = prober.measure(self._model)
            self.resume()
            with self._record.writing():
                run.unmeasured = prober.failure
                if found is not None:
                    run.measured.append(moment, {"found": found})

    def pause(self) -> None:
        """Something else begins: a validation, a measurement."""
        self._run.clock.pause()

    def resume(self) -> None:
        """It has ended."""
        self._run.clock.resume()

    def end(self, error: BaseException | None) -> None:
        """The run has ended, by an error or not."""
        self._take()
        run = self._run
        state: State = "ended" if error is None else "failed"
        with self._record.writing():
            run.state, run.note = state, _farewell(run, error)
            run.clock.end()
        self._record.tell()


def _farewell(run: Run, error: BaseException | None) -> str:
    """A sentence about how a run has ended."""
    if isinstance(error, KeyboardInterrupt):
        return f"Interrupted from the keyboard, {run.place}."
    if error is not None:
        return f"{type(error).__name__} {run.place}: {error}"
    if run.stopping:
        return f"Stopped by the button, {run.place}."
    return f"{'Ended early' if run.done < run.epochs else 'Done'}, {run.place}."
