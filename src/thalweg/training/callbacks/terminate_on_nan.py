"""TerminateOnNaN: end the training when the loss is no number any more."""

from __future__ import annotations

import math

from thalweg.training.callbacks.callback import Callback, Logs

__all__ = ["TerminateOnNaN"]


class TerminateOnNaN(Callback):
    """Stop the training at the first batch after which the loss is NaN or infinite.

    Args:
        raise_error: whether to raise `RuntimeError` instead of setting `model.stop_training`.

    >>> import thalweg as tw
    >>> guard = tw.callbacks.TerminateOnNaN()
    """

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = raise_error

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(f"The loss is {loss} after batch {batch}; training ends.")
        print(f"Batch {batch}: the loss is {loss}, training ends")
        self.model.stop_training = True
