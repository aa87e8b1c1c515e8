"""History: what `fit` returns."""

from __future__ import annotations

from typing import Any

from thalweg.training.callbacks.callback import Callback, Logs
from thalweg.training.methods import HISTORY_METHODS

__all__ = ["History"]


class History(Callback):
    """The metrics of each epoch; `fit` adds one by itself and returns it.

    Attributes:
        history: from the name of a metric to its values, one for each epoch, as Python floats.
        epoch: the numbers of the epochs, from 0 on.
        params: `verbose`, `epochs` and `steps`.

    >>> import thalweg as tw
    >>> model = tw.Sequential([tw.Input((1,)), tw.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> history = model.fit([[1.0]], [[1.0]], epochs=3, verbose=0)
    >>> history.epoch, len(history.history["loss"])
    ([0, 1, 2], 3)
    """

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []
        self._epochs: dict[str, list[int]] = {}

    def epochs_of(self, name: str) -> list[int]:
        """The numbers of the epochs that a metric has values for.

        With `validation_freq` that is not each epoch for the metrics of the validation.

        Args:
            name: of the metric.

        Returns:
            As many numbers as the metric has values; none for a metric that `fit` did not report.

        >>> import thalweg as tw
        >>> model = tw.Sequential([tw.Input((1,)), tw.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> one = [[1.0]]
        >>> history = model.fit(
        ...     one, one, epochs=4, validation_data=(one, one), validation_freq=2, verbose=0
        ... )
        >>> history.epochs_of("val_loss")
        [1, 3]
        """
        return list(self._epochs.get(name, []))

    def wants_epochs(self) -> bool:
        """No: it only takes notes; a class made of it may do more."""
        return type(self) is not History

    def plot(self, *args: Any, **kwargs: Any) -> Any:
        """Draw the curves; the arguments are those of `thalweg.viz.plot_history`.

        Returns:
            A `thalweg.viz.Plot`.
        """
        return HISTORY_METHODS["plot"](self, *args, **kwargs)

    def on_train_begin(self, logs: Logs = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
            self._epochs.setdefault(name, []).append(epoch)
