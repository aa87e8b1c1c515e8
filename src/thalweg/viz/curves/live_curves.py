"""LiveCurves: the callback that draws training curves while `fit` runs."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Sequence

from thalweg.training.callbacks.callback import Logs
from thalweg.training.callbacks.progbar_logger import ProgbarLogger
from thalweg.training.progress import ProgressLine, can_be_live, in_notebook
from thalweg.viz.curves.curve import TrainingCurves
from thalweg.viz.curves.live_notebook import LiveNotebook
from thalweg.viz.curves.live_record import LiveRecord
from thalweg.viz.curves.live_terminal import LiveTerminal
from thalweg.viz.curves.reading import check_smoothing, metric_names
from thalweg.viz.curves.sentence import describe
from thalweg.viz.curves.text_curves import curve_lines
from thalweg.viz.curves.text_series import plain
from thalweg.viz.words import in_ascii

__all__ = ["LiveCurves"]

# Between two pictures: not more often than an eye wants, nor so rarely that it seems to hang.
_LEAST_SECONDS, _MOST_SECONDS = 0.1, 2.0
_FINAL_WIDTH = 80


class LiveCurves(ProgbarLogger):
    """Draw the curves of the metrics while `fit` runs.

    In a notebook a figure below the cell is drawn anew now and then, and stays. In a terminal the
    curves stand above the progress line, which takes the place of one line an epoch; they fill its
    width and stay too. Where the output is neither, the curves are printed once, at the end.

    It is drawn at most ten times a second, and less often where drawing would take more than 1% of
    the time (in notebooks 4%); epochs that run in one go still do so.

    Args:
        metrics: which metrics: a name or several; `'loss'` means `'val_loss'` as well. By default
            all that are numbers.
        smoothing: the weight of an exponential moving average, from 0 (none) to below 1.
        height: of a chart in a terminal, in lines, at most.

    Raises:
        ValueError: for a smoothing or height out of range.

    >>> import thalweg as tw
    >>> model = tw.Sequential([tw.Input((1,)), tw.layers.Dense(1, kernel_initializer="zeros")])
    >>> model.compile(tw.optimizers.SGD(0.1), "mse")
    >>> live = tw.callbacks.LiveCurves(height=4)
    >>> history = model.fit([[1.0]], [[1.0]], epochs=8, callbacks=[live])
    loss (log scale)                                     ○ best: 0.000784 at epoch 8
       1 ┤⠉⠉⠓⠒⠒⠲⠤⠤⠤⣄⣀⣀⣀⡀
         │             ⠉⠉⠉⠙⠒⠒⠒⠲⠤⠤⠤⣄⣀⣀⣀
    0.01 ┤                           ⠈⠉⠉⠉⠙⠒⠒⠒⠦⠤⠤⠤⣄⣀⣀⣀
         │                                          ⠈⠉⠉⠉⠓⠒⠒⠒⠦⠤⠤⢤⣀○ training 0.000784
         └┬───────┬───────────────┬──────────────┬───────────────┬
          1       2               4              6               8 epoch
    Loss falls from 1 to 0.000784, and still falls.
    """

    def __init__(
        self,
        metrics: str | Sequence[str] | None = None,
        smoothing: float = 0.0,
        height: int = 8,
    ) -> None:
        check_smoothing("LiveCurves", smoothing)
        if not isinstance(height, int) or height < 3:
            raise ValueError(f"LiveCurves: height must be at least 3 lines, got {height!r}.")
        super().__init__()
        self.metrics = metric_names("LiveCurves", metrics)
        self.smoothing = smoothing
        self.height = height
        self._record = LiveRecord(self.metrics, smoothing)
        self._screen: LiveTerminal | LiveNotebook | None = None
        self._due = 0.0
        self._epoch = 0
        self._known: set[str] = set()

    def wants_epochs(self) -> bool:
        """No: curves that grow by several points at once are fine."""
        return False

    def on_train_begin(self, logs: Logs = None) -> None:
        super().on_train_begin(logs)
        self._record = LiveRecord(self.metrics, self.smoothing)
        self._known = set()
        self._due = 0.0
        if can_be_live():
            self._screen = LiveNotebook() if in_notebook() else LiveTerminal(self.height)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._epoch = epoch
        if self._screen is None or self._verbose == 0:
            return
        title = f"Epoch {epoch + 1:>{len(str(self._epochs))}}/{self._epochs}"
        self._line = ProgressLine(title, self._steps, live=False)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        super().on_train_batch_end(batch, logs)
        if self._screen is not None:
            if self._steps:
                self._record.add_batch(self._epoch + (batch + 1) / self._steps, logs or {})
            self._draw()

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        super().on_test_batch_end(batch, logs)
        if self._in_fit:
            self._draw()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self._record.add_epoch(epoch, logs or {})
        self._known.update(logs or {})
        if self._line is not None and self._steps is None:
            # The first epoch shows how long the others are.
            self._steps = self._line.step
        self._draw()

    def on_train_end(self, logs: Logs = None) -> None:
        super().on_train_end(logs)
        self._line = None
        self._finish_screen()
        unknown = [name for name in self.metrics or [] if not self._recorded(name)]
        if unknown and self._known:
            warnings.warn(
                f"LiveCurves: the metric {unknown[0]!r} was not recorded; there is "
                f"{', '.join(self._known)}.",
                stacklevel=2,
            )

    def _recorded(self, name: str) -> bool:
        return name in self._known or f"val_{name}" in self._known

    def _interrupted(self) -> None:
        """Leave what was drawn, whatever was going on."""
        in_fit = self._in_fit
        super()._interrupted()
        if in_fit:
            self._finish_screen()

    def _draw(self) -> None:
        now = time.perf_counter()
        if self._screen is None or now < self._due or not self._record:
            return
        self._screen.draw(self._record.curves(), self._line)
        took = time.perf_counter() - now
        self._due = now + min(max(_LEAST_SECONDS, took / self._screen.share), _MOST_SECONDS)

    def _finish_screen(self) -> None:
        curves = self._record.curves()
        screen, self._screen = self._screen, None
        if screen is not None:
            screen.finish(curves)
        elif curves.curves:
            _print(curves, self.height)


def _print(curves: TrainingCurves, height: int) -> None:
    """Once, where nothing that was printed can be changed."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    ascii_only = not encoding.lower().startswith("utf")
    lines = curve_lines(curves, _FINAL_WIDTH, height, ascii_only)
    sentence = in_ascii(describe(curves)) if ascii_only else describe(curves)
    print("\n".join([*(plain(line).rstrip() for line in lines), sentence]), flush=True)
