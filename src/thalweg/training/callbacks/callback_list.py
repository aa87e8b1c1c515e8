"""CallbackList: calls several callbacks as one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from thalweg.tensor.tensor import Tensor
from thalweg.tensor.tree import is_nested
from thalweg.training.callbacks.callback import Callback, Logs
from thalweg.training.callbacks.history import History
from thalweg.training.callbacks.progbar_logger import ProgbarLogger

__all__ = ["CallbackList", "python_logs"]


def python_logs(logs: Logs) -> dict[str, Any]:
    """Metrics as Python floats; a dict among them is merged in, an array stays a NumPy array."""
    found: dict[str, Any] = {}
    for name, value in (logs or {}).items():
        if isinstance(value, dict):
            found.update(python_logs(value))
        elif isinstance(value, Tensor):
            found[name] = float(value.item()) if value.size == 1 else value.numpy()
        else:
            try:
                found[name] = float(value)
            except (TypeError, ValueError):
                found[name] = value
    return found


def _flat(callbacks: Any, name: str) -> Iterator[tuple[str, Any]]:
    if is_nested(callbacks):
        items = callbacks.values() if isinstance(callbacks, dict) else callbacks
        for i, item in enumerate(items):
            yield from _flat(item, f"{name}[{i}]")
    elif callbacks is not None:
        yield name, callbacks


def _checked(callbacks: Any) -> list[Callback]:
    found = []
    for name, item in _flat(callbacks, "callbacks"):
        if isinstance(item, type) and issubclass(item, Callback):
            raise ValueError(
                f"{name} must be a Callback, got the class {item.__name__}; make an instance: "
                f"{item.__name__}(...)."
            )
        if not isinstance(item, Callback):
            hint = (
                "wrap it as LambdaCallback(on_epoch_end=...)"
                if callable(item)
                else "derive its class from thalweg.callbacks.Callback"
            )
            named = getattr(item, "__name__", None)
            what = f"a {type(item).__name__}" + (f" {named}" if named else "")
            raise ValueError(f"{name} must be a Callback, got {what}; {hint}.")
        found.append(item)
    return found


class CallbackList(Callback):
    """A list of callbacks that is called like one; useful in training loops of your own.

    Args:
        callbacks: callbacks, or a nested list of them.
        add_history: whether a `History` is added where there is none.
        add_progbar: whether a `ProgbarLogger` is added where there is none.
        model: the model to tell them about.
        params: `verbose`, `epochs` and `steps`, to tell them too.

    Raises:
        ValueError: if something in the list is not a callback.
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        self.callbacks = _checked(callbacks)
        self.add_defaults(add_history, add_progbar)
        if model is not None:
            self.set_model(model)
        self.set_params(params)

    def add_defaults(self, add_history: bool = False, add_progbar: bool = False) -> None:
        """Add a `History` and a `ProgbarLogger`, if wanted and not there yet."""
        if add_history and not any(isinstance(c, History) for c in self.callbacks):
            self.callbacks.append(History())
        if add_progbar and not any(isinstance(c, ProgbarLogger) for c in self.callbacks):
            self.callbacks.append(ProgbarLogger())

    def append(self, callback: Callback) -> None:
        """Add a callback at the end."""
        self.callbacks.extend(_checked([callback]))

    def wants_batches(self, mode: str) -> bool:
        """Whether any of them must hear of each batch."""
        return any(c.wants_batches(mode) for c in self.callbacks)

    def wants_epochs(self) -> bool:
        """Whether any of them must hear of each epoch when it begins and ends."""
        return any(c.wants_epochs() for c in self.callbacks)

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params
        if params:
            for callback in self.callbacks:
                callback.set_params(params)

    def set_model(self, model: Any) -> None:
        self.model = model
        for callback in self.callbacks:
            if isinstance(callback, History):
                model.history = callback
            callback.set_model(model)

    def close(self) -> None:
        """Let the callbacks tidy up; called while an exception ends the work."""
        for callback in self.callbacks:
            callback._interrupted()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        logs = python_logs(logs)
        for callback in self.callbacks:
            callback.on_epoch_begin(epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        logs = python_logs(logs)
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, logs)

    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        logs = python_logs(logs)
        for callback in self.callbacks:
            callback.on_batch_begin(batch, logs=logs)

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        logs = python_logs(logs)
        for callback in self.callbacks:
            callback.on_batch_end(batch, logs=logs)

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        logs = python_logs(logs)
        for callback in self.callbacks:
            callback.on_train_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        logs = python_logs(logs)
        for callback in self.callbacks:
            callback.on_train_batch_end(batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        logs = python_logs(logs)
        for callback in self.callbacks:
            callback.on_test_batch_begin(batch, logs=logs)

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        logs = python_logs(logs)
        for callback in self.callbacks:
            callback.on_test_batch_end(batch, logs=logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        logs = dict(logs or {})
        for callback in self.callbacks:
            callback.on_predict_batch_begin(batch, logs=logs)

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        logs = dict(logs or {})
        for callback in self.callbacks:
            callback.on_predict_batch_end(batch, logs=logs)

    def on_train_begin(self, logs: Logs = None) -> None:
        for callback in self.callbacks:
            callback.on_train_begin(python_logs(logs))

    def on_train_end(self, logs: Logs = None) -> None:
        for callback in self.callbacks:
            callback.on_train_end(python_logs(logs))

    def on_test_begin(self, logs: Logs = None) -> None:
        for callback in self.callbacks:
            callback.on_test_begin(python_logs(logs))

    def on_test_end(self, logs: Logs = None) -> None:
        for callback in self.callbacks:
            callback.on_test_end(python_logs(logs))

    def on_predict_begin(self, logs: Logs = None) -> None:
        for callback in self.callbacks:
            callback.on_predict_begin(python_logs(logs))

    def on_predict_end(self, logs: Logs = None) -> None:
        for callback in self.callbacks:
            callback.on_predict_end(python_logs(logs))
