"""SwapEMAWeights: evaluate, and save, with the moving averages of the weights."""

from __future__ import annotations

from typing import Any

from thalweg.training.callbacks.callback import Callback, Logs

__all__ = ["SwapEMAWeights"]


class SwapEMAWeights(Callback):
    """Exchange the model's weights with their moving averages while it is evaluated.

    The optimizer must keep averages: `use_ema=True`.

    Args:
        swap_on_epoch: whether the averages stay in the model from the end of an epoch to the
            beginning of the next, so that callbacks that come after this one (`ModelCheckpoint`)
            see them too.

    >>> import thalweg as tw
    >>> optimizer = tw.optimizers.SGD(0.01, use_ema=True)
    >>> swap = tw.callbacks.SwapEMAWeights()
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        self.swap_on_epoch = swap_on_epoch
        self._swapped = False

    def _pairs(self) -> list[tuple[Any, Any]]:
        optimizer = self.model.optimizer
        if optimizer is None or not optimizer.use_ema:
            raise ValueError("SwapEMAWeights needs an optimizer with use_ema=True.")
        return list(zip(optimizer._trainable_variables, optimizer._averages, strict=True))

    def _swap(self, swapped: bool) -> None:
        if self._swapped == swapped:
            return
        for variable, average in self._pairs():
            value = variable.value
            variable.assign(average.value)
            average.assign(value)
        self._swapped = swapped

    def on_train_begin(self, logs: Logs = None) -> None:
        self._pairs()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        if self.swap_on_epoch:
            self._swap(False)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if not self.swap_on_epoch:
            return
        self._swap(True)
        last = self.params is not None and epoch == self.params["epochs"] - 1
        if last or self.model.stop_training:
            # When fit ends, the optimizer sets the weights to the averages: both are the averages
            # from here on.
            for variable, average in self._pairs():
                average.assign(variable.value)

    def on_test_begin(self, logs: Logs = None) -> None:
        self._swap(True)

    def on_test_end(self, logs: Logs = None) -> None:
        self._swap(False)

    def on_predict_begin(self, logs: Logs = None) -> None:
        self._swap(True)

    def on_predict_end(self, logs: Logs = None) -> None:
        self._swap(False)
