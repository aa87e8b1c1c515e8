"""The sentence below training curves: what is seen in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.viz.curves.curve import Curve, TrainingCurves, panels
from thalweg.viz.curves.direction import better
from thalweg.viz.curves.metric_names import in_words
from thalweg.viz.curves.scale import asks_for_log
from thalweg.viz.words import capital, joined, number

__all__ = ["describe"]

Array = np.ndarray[Any, Any]

_FLAT = 0.02
"""The share of a curve's whole improvement that may still come while it is called flat."""

_RISE = 0.05
"""By what share of its best value a validation must get worse to be called overfitting."""


def describe(curves: TrainingCurves) -> str:
    """One sentence about the loss, or about the first metric where there is no loss.

    Args:
        curves: of one or several runs.

    >>> def curve(name, *values):
    ...     values = np.array(values)
    ...     return Curve(name, "", np.arange(1, len(values) + 1), values, values)
    >>> train = curve("loss", 8.0, 4.0, 2.0, 1.0, 0.5, 0.25)
    >>> validation = curve("val_loss", 9.0, 5.0, 3.0, 3.5, 4.0, 4.5)
    >>> describe(TrainingCurves(("",), (train, validation)))
    'Loss falls from 8 to 0.25; validation is lowest at epoch 3 (3) and rises after, to 4.5: it \
overfits.'
    """
    panel = panels(curves)[0]
    log = asks_for_log(panel.name, (curve.values for curve in panel.curves))
    if len(curves.runs) > 1:
        return _compared(panel.name, panel.curves)
    train = next((c for c in panel.curves if not c.validation), None)
    validation = next((c for c in panel.curves if c.validation), None)
    first = train or validation
    assert first is not None
    alone = validation is None or train is None
    parts = [f"{in_words(first.metric)} {_course(first, log, alone)}"]
    if train and validation:
        parts.append(f"validation {_validation(train, validation, log)}")
    return capital("; ".join(parts)) + "."


@dataclass(frozen=True)
class _Facts:
    """What can be said of a curve.

    Attributes:
        epochs: of the values that are numbers.
        values: those.
        costs: the same, so that lower is better; on a logarithmic axis their logarithms.
        lost_at: the epoch from which on there is no number to the end; None if the end has one.
        gaps: how many epochs have no number.
        flat_since: the epoch after which hardly anything of the improvement came; None if it came
            until the end, or there was none.
        rise: how far the curve ends above its lowest point, both without its noise; where larger
            values are better, below its highest.
        noise: about how far that may be by chance.
        tail: the mean of the last tenth of the values.
    """

    epochs: Array
    values: Array
    costs: Array
    lost_at: int | None
    gaps: int
    flat_since: int | None
    rise: float
    noise: float
    tail: float


def _facts(curve: Curve, log: bool) -> _Facts:
    """What can be said of a curve; on a logarithmic axis differences are ratios."""
    finite = curve.finite
    values, epochs = curve.values[finite], curve.epochs[finite]
    costs = -values if better(curve.metric) == "up" else values
    if log:
        costs = np.log(costs)
    lost_at = None
    if not finite[-1]:
        after = np.flatnonzero(finite)[-1] + 1 if finite.any() else 0
        lost_at = int(curve.epochs[after])
    n = len(values)
    if n < 4:
        tail = float(values[-1]) if n else np.nan
        return _Facts(epochs, values, costs, lost_at, int((~finite).sum()), None, 0.0, 0.0, tail)
    width = max(1, n // 10)
    even = _moving_mean(costs, width)
    gain = even[0] - even.min()
    # Second differences know nothing of a slope; of white noise their variance is 6 times its own.
    spread = 1.48 * float(np.median(np.abs(np.diff(costs[n // 2 - 1 :], 2)))) / np.sqrt(6.0)
    noise = 3.0 * spread / np.sqrt(width)
    near = int(np.argmax(even - even.min() <= _FLAT * gain + noise)) + width // 2
    flat = gain > 0 and n - 1 - near >= max(3, n // 4)
    return _Facts(
        epochs,
        values,
        costs,
        lost_at,
        gaps=int((~finite).sum()),
        flat_since=int(epochs[near]) if flat else None,
        rise=float(even[-1] - even.min()),
        noise=noise,
        tail=float(values[-width:].mean()),
    )


def _moving_mean(values: Array, width: int) -> Array:
    """The means of all so many neighbours, in time that does not grow with their number."""
    if width == 1:
        return values
    # Around the mean, so that little is lost in the difference of two large sums.
    middle = values.mean()
    sums = np.concatenate([[0.0], np.cumsum(values - middle)])
    return np.asarray(middle + (sums[width:] - sums[:-width]) / width)


def _course(curve: Curve, log: bool, alone: bool) -> str:
    """How a curve goes; more of it where it stands alone."""
    facts = _facts(curve, log)
    if not len(facts.values):
        return "is not a number from the first epoch on: training diverged"
    first, last = facts.values[0], facts.values[-1]
    if len(curve.values) == 1:
        return f"is {number(last)} after one epoch"
    if len(facts.values) == 1:
        said = f"is {number(last)} at epoch {facts.epochs[0]}"
    elif abs(last - first) <= 0.01 * np.abs(facts.values).max():
        low, high = facts.values.min(), facts.values.max()
        still = high - low <= 0.1 * max(abs(low), abs(high))
        said = (
            f"stays near {number(last)}"
            if still
            else f"moves between {number(low)} and {number(high)}"
        )
    else:
        said = f"{'falls' if last < first else 'rises'} from {number(first)} to {number(last)}"
    if facts.lost_at is not None:
        return f"{said} and is not a number from epoch {facts.lost_at} on: training diverged"
    worse = facts.costs[-1] > facts.costs[0]
    if better(curve.metric) == "down" and worse and last > 10 * abs(first):
        said += ": training diverges"
    elif alone and len(facts.values) > 3 and better(curve.metric) is not None:
        said += _end(curve, facts)
    if facts.gaps:
        said += f" (no number in {_count(facts.gaps)})"
    return said


def _end(curve: Curve, facts: _Facts) -> str:
    """What its last part says."""
    if curve.best is None or facts.costs[-1] >= facts.costs[0]:
        return ""
    if facts.flat_since is not None:
        return f", and has been flat since epoch {facts.flat_since}"
    if facts.costs[-1] <= facts.costs.min() + _FLAT * (facts.costs[0] - facts.costs.min()):
        return f", and still {_verb(curve)}"
    return ""


def _verb(curve: Curve, worse: bool = False) -> str:
    return "falls" if (better(curve.metric) == "down") != worse else "rises"


def _count(epochs: int) -> str:
    return "one epoch" if epochs == 1 else f"{epochs} epochs"


def _validation(train: Curve, validation: Curve, log: bool) -> str:
    """How the validation goes beside the training."""
    facts = _facts(validation, log)
    if not len(facts.values) or facts.lost_at is not None or len(facts.values) < 2:
        return _course(validation, log, alone=True).removesuffix(" after one epoch")
    if validation.best is None:
        return f"goes from {number(facts.values[0])} to {number(facts.values[-1])}"
    best, value = validation.best_epoch, float(validation.best_value or 0.0)
    extreme = "lowest" if better(validation.metric) == "down" else "highest"
    said = f"is {extreme} at epoch {best} ({number(value)})"
    later = facts.costs[int(np.argmin(facts.costs)) + 1 :]
    if len(later) >= 2 and facts.rise > max(_RISE if log else _RISE * abs(value), facts.noise):
        said += f" and {_verb(validation, worse=True)} after, to {number(facts.tail)}"
        return f"{said}: it overfits" if _overfits(train, facts, best, log) else said
    if facts.flat_since is not None and len(later) >= 2:
        return f"{said} and has been flat since epoch {facts.flat_since}"
    last_part = max(1, len(facts.values) // 10)
    if len(facts.values) > 3 and len(later) < last_part and facts.costs[-1] < facts.costs[0]:
        return f"still {_verb(validation)}, to {number(value)} at epoch {best}"
    return said


def _overfits(train: Curve, validation: _Facts, epoch: int | None, log: bool) -> bool:
    """Whether training got better after the validation's best epoch, and ends better than it."""
    facts = _facts(train, log)
    after = facts.costs[facts.epochs > (epoch or 0)]
    before = facts.costs[facts.epochs <= (epoch or 0)]
    learns = len(after) and len(before) and after.min() < before.min()
    sign = -1.0 if better(train.metric) == "up" else 1.0
    return bool(learns and sign * facts.tail < sign * validation.tail)


def _compared(name: str, curves: tuple[Curve, ...]) -> str:
    """Which run is best in a metric."""
    validated = [c for c in curves if c.validation]
    chosen = validated or list(curves)
    metric = chosen[0].metric
    if better(name) is None:
        ends = [f"{c.run} {number(c.values[-1])}" for c in chosen]
        return f"{capital(in_words(metric))} ends at {joined(ends)}."
    ranked = sorted(
        (c for c in chosen if c.best_value is not None),
        key=lambda c: float(c.best_value or 0.0) * (1 if better(name) == "down" else -1),
    )
    lost = [c.run for c in chosen if not c.finite[-1]]
    said = ""
    if ranked:
        first, others = ranked[0], ranked[1:]
        extreme = "lowest" if better(name) == "down" else "highest"
        value = number(float(first.best_value or 0.0))
        said = f"{first.run} has the {extreme} {in_words(metric)}, {value} at epoch "
        said += f"{first.best_epoch}"
        rest = [f"{c.run} {number(float(c.best_value or 0.0))}" for c in others[:4]]
        if len(others) > 4:
            rest.append(f"{len(others) - 4} more")
        if rest:
            said += f", then {joined(rest)}"
    if lost:
        said += ("; " if said else "") + f"{joined(lost)} diverged"
    return said + "."
