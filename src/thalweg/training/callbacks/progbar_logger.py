"""ProgbarLogger: the progress line of `fit`, `evaluate` and `predict`."""

from __future__ import annotations

from typing import Any

from thalweg.training.callbacks.callback import Callback, Logs
from thalweg.training.progress import ProgressLine, can_be_live

__all__ = ["ProgbarLogger"]


class ProgbarLogger(Callback):
    """Show steps, times and metrics; added by itself unless `verbose=0`.

    With `verbose=1` or `'auto'` there is a live line while an epoch runs, where the output is a
    terminal or notebook, and one line that stays after each epoch. With `verbose=2`, and where the
    output is neither, there is only the latter.
    """

    def __init__(self) -> None:
        self._line: ProgressLine | None = None
        self._verbose: int | str = 1
        self._epochs = 1
        self._steps: int | None = None
        self._in_fit = False

    def wants_batches(self, mode: str) -> bool:
        """No: a line that moves now and then is enough."""
        return False

    def set_params(self, params: dict[str, Any]) -> None:
        super().set_params(params)
        self._verbose = params.get("verbose", 1)
        self._epochs = params.get("epochs", 1)
        self._steps = params.get("steps")

    def _begin(self, title: str) -> None:
        self._drop()
        if self._verbose == 0:
            return
        live = self._verbose in (1, "auto") and can_be_live()
        self._line = ProgressLine(title, self._steps, live)
        self._line.redraw()

    def _update(self, batch: int, logs: Logs) -> None:
        if self._line is not None:
            self._line.update(batch + 1, logs or {})

    def _finish(self, logs: Logs) -> None:
        if self._line is not None:
            self._line.finish(logs)
            self._line = None

    def _interrupted(self) -> None:
        """Take a live line off the screen, whatever was going on."""
        self._in_fit = False
        self._drop()

    def _drop(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    # --- fit ------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Logs = None) -> None:
        self._in_fit = True

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._begin(f"Epoch {epoch + 1:>{len(str(self._epochs))}}/{self._epochs}")

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._update(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if self._line is not None and self._steps is None:
            # The first epoch shows how long the others are.
            self._steps = self._line.target = self._line.step
        self._finish(logs)

    def on_train_end(self, logs: Logs = None) -> None:
        self._in_fit = False

    # --- evaluate, alone or as the validation in fit ----------------------------------------------

    def on_test_begin(self, logs: Logs = None) -> None:
        if not self._in_fit:
            self._begin("Evaluate")

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        if not self._in_fit:
            self._update(batch, logs)
        elif self._line is not None:
            self._line.note = f"validating {batch + 1}"
            self._line.redraw()

    def on_test_end(self, logs: Logs = None) -> None:
        if not self._in_fit:
            self._finish(logs)

    # --- predict ----------------------------------------------------------------------------------

    def on_predict_begin(self, logs: Logs = None) -> None:
        self._begin("Predict")

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._update(batch, None)

    def on_predict_end(self, logs: Logs = None) -> None:
        # Predictions are often one of many in a loop: by default nothing stays on the screen.
        self._finish(None if self._verbose == "auto" else {})
