"""LambdaCallback: a callback made of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from thalweg.training.callbacks.callback import Callback

__all__ = ["LambdaCallback"]

Hook = Callable[..., Any]


class LambdaCallback(Callback):
    """Call functions at moments of the training.

    Args:
        on_epoch_begin: called with `(epoch, logs)`.
        on_epoch_end: called with `(epoch, logs)`.
        on_train_begin: called with `(logs)`.
        on_train_end: called with `(logs)`.
        on_train_batch_begin: called with `(batch, logs=logs)`.
        on_train_batch_end: called with `(batch, logs=logs)`.
        kwargs: functions for other methods of `Callback`, by their names.

    >>> import thalweg as tw
    >>> model = tw.Sequential([tw.Input((1,)), tw.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> note = tw.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch))
    >>> history = model.fit([[1.0]], [[1.0]], epochs=2, callbacks=[note], verbose=0)
    0
    1
    """

    def __init__(
        self,
        on_epoch_begin: Hook | None = None,
        on_epoch_end: Hook | None = None,
        on_train_begin: Hook | None = None,
        on_train_end: Hook | None = None,
        on_train_batch_begin: Hook | None = None,
        on_train_batch_end: Hook | None = None,
        **kwargs: Hook,
    ) -> None:
        given: dict[str, Hook | None] = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        for name, function in given.items():
            if not name.startswith("on_") or not hasattr(Callback, name):
                raise ValueError(f"LambdaCallback: a callback has no method {name!r}.")
            if function is None:
                continue
            if not callable(function):
                raise ValueError(
                    f"LambdaCallback: {name} must be a function, got {type(function).__name__}."
                )
            setattr(self, name, function)
