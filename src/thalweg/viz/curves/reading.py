"""What `fit` recorded, as curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from thalweg.training.callbacks.history import History
from thalweg.viz.curves.curve import Curve, TrainingCurves
from thalweg.viz.curves.smoothing import smooth

__all__ = ["check_smoothing", "metric_names", "read_curves"]

Array = np.ndarray[Any, Any]


def read_curves(
    caller: str, history: Any, metrics: str | Sequence[str] | None = None, smoothing: float = 0.0
) -> TrainingCurves:
    """The curves of one or several runs.

    Args:
        caller: the function that asks; errors name it.
        history: a `History`, a dict of lists, or a dict of these by the name of the run.
        metrics: which ones; `'loss'` means `'val_loss'` too. None: all that are numbers.
        smoothing: the weight of the moving average.

    Raises:
        TypeError: if `history` is something else.
        ValueError: for metrics that were not recorded, no epochs, or a smoothing out of range.
    """
    check_smoothing(caller, smoothing)
    runs = _by_name(caller, history)
    recorded = {run: _columns(caller, what) for run, what in runs.items()}
    there = list(dict.fromkeys(name for columns in recorded.values() for name in columns))
    if not there:
        raise ValueError(f"{caller}: history holds no epochs; pass what fit(...) returned.")
    wanted = _wanted(caller, metrics, there)
    curves = []
    for run, columns in recorded.items():
        for name in wanted:
            if name not in columns:
                continue
            epochs, values = columns[name]
            if values is not None:
                curves.append(Curve(name, run, epochs, values, smooth(values, smoothing)))
            elif metrics is not None:
                raise ValueError(
                    f"{caller}: the values of '{name}' are arrays, and a curve needs numbers."
                )
    if not curves:
        raise ValueError(f"{caller}: no metric in history has numbers.")
    return TrainingCurves(tuple(runs), tuple(curves))


def check_smoothing(caller: str, smoothing: Any) -> None:
    """Raises unless it is the weight of a moving average."""
    if not isinstance(smoothing, (int, float)) or not 0.0 <= smoothing < 1.0:
        raise ValueError(f"{caller}: smoothing must be at least 0 and below 1, got {smoothing!r}.")


def metric_names(caller: str, metrics: Any) -> list[str] | None:
    """Names of metrics from one or several, None for all."""
    if metrics is None or isinstance(metrics, str):
        return None if metrics is None else [metrics]
    if not isinstance(metrics, Iterable):
        raise TypeError(f"{caller}: metrics must be a name or several, got {metrics!r}.")
    found = list(metrics)
    if not found:
        raise ValueError(f"{caller}: metrics is empty; leave it out for all of them.")
    return found


def _by_name(caller: str, history: Any) -> dict[str, Any]:
    if isinstance(history, Mapping) and history:
        if all(_is_run(what) for what in history.values()):
            return {str(name): what for name, what in history.items()}
        if any(_is_run(what) for what in history.values()):
            raise TypeError(
                f"{caller}: history must hold either lists of values or whole runs, got both."
            )
    if _is_run(history):
        return {"": history}
    raise TypeError(
        f"{caller}: history must be what fit(...) returned, a dict of lists, or a dict of these by "
        f"name, got a {type(history).__name__}."
    )


def _is_run(what: Any) -> bool:
    # A History of Keras has the same attribute.
    return isinstance(what, Mapping) or isinstance(getattr(what, "history", None), Mapping)


def _wanted(caller: str, metrics: str | Sequence[str] | None, there: list[str]) -> list[str]:
    names = metric_names(caller, metrics)
    if names is None:
        return there
    found: list[str] = []
    for name in names:
        both = [known for known in (name, f"val_{name}") if known in there]
        if not both:
            raise ValueError(
                f"{caller}: the metric {name!r} was not recorded; there is {', '.join(there)}."
            )
        found += both
    return list(dict.fromkeys(found))


def _columns(caller: str, run: Any) -> dict[str, tuple[Array, Array | None]]:
    """Epochs and values by metric; the values are None where they are no numbers."""
    columns = run if isinstance(run, Mapping) else run.history
    found: dict[str, tuple[Array, Array | None]] = {}
    longest = max((len(_listed(caller, name, v)) for name, v in columns.items()), default=0)
    for name, values in columns.items():
        if not len(values):
            continue
        epochs = _epochs(caller, run, name, len(values), longest)
        found[str(name)] = epochs, _numbers(values)
    return found


def _listed(caller: str, name: str, values: Any) -> Any:
    if isinstance(values, str) or not hasattr(values, "__len__"):
        raise TypeError(
            f"{caller}: history[{name!r}] must be a list with a value for each epoch, got "
            f"{values!r}."
        )
    return values


def _epochs(caller: str, run: Any, name: str, count: int, longest: int) -> Array:
    if isinstance(run, History):
        epochs = np.asarray(run.epochs_of(name), np.int64) + 1
        # One History may have been handed to several calls of fit that each began at 0.
        if len(epochs) == count and (np.diff(epochs) > 0).all():
            return epochs
    known = getattr(run, "epoch", None)
    if isinstance(known, list) and len(known) == count and (np.diff(known) > 0).all():
        return np.asarray(known, np.int64) + 1
    if longest % count:
        raise ValueError(
            f"{caller}: history has {count} values of '{name}' for {longest} epochs; pass the "
            "History itself, or lists of the same length with NaN where there is no value."
        )
    return np.arange(1, count + 1, dtype=np.int64) * (longest // count)


def _numbers(values: Any) -> Array | None:
    try:
        numbers = np.array([np.nan if v is None else v for v in values], np.float64)
    except (TypeError, ValueError):
        return None
    return numbers if numbers.ndim == 1 else None
