"""What the losses of a trial at rising rates tell: where it diverges, and the rates to choose from.

Smoothing counts a loss e^(-d / reach) at a distance of d steps; dividing by the sum of the weights
is the usual correction for the few losses at the ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Marks", "divergence", "find_marks", "smooth"]

Array = np.ndarray[Any, Any]

# A fall of the loss counts from so many standard deviations of the smoothed noise on.
_DEVIATIONS = 4.0
# The fall has begun where this part of it is over for good; it is steepest later.
_BEGUN = 0.2
# To have diverged, the loss must also have regained a part of its fall: this times `factor - 1`.
_REGAINED = 0.1


@dataclass(frozen=True)
class Marks:
    """Numbers of steps.

    Attributes:
        steepest: where the smoothed loss falls fastest over the logarithm of the rate.
        minimum: where it is lowest.
    """

    steepest: int
    minimum: int


def _before(values: Array, reach: float) -> Array:
    """The weighted sum of each value and those before it."""
    kept = np.exp(-1.0 / reach)
    found = np.empty(len(values))
    total = 0.0
    for i, value in enumerate(values):
        total = kept * total + value
        found[i] = total
    return found


def _after(values: Array, reach: float) -> Array:
    return _before(values[::-1], reach)[::-1]


def smooth(losses: Array, reach: float) -> Array:
    """Smoothed from both sides, so that nothing moves to later steps.

    Args:
        losses: float64.
        reach: in steps.

    >>> smooth(np.array([1.0, 1.0, 1.0]), 10.0)
    array([1., 1., 1.])
    """
    ones = np.ones(len(losses))
    sums = _before(losses, reach) + _after(losses, reach) - losses
    return np.asarray(sums / (_before(ones, reach) + _after(ones, reach) - 1.0))


def divergence(losses: Array, reach: float, factor: float) -> int | None:
    """The step at which the loss has diverged, smoothed from one side only, else None.

    That is where it is not finite, or above `factor` times its lowest value so far, and has
    regained a part of what it fell (so a loss near 0 does not diverge by its noise).

    >>> divergence(np.array([2.0, 1.0, 0.5, 9.0, 90.0]), reach=0.5, factor=4.0)
    3
    """
    with np.errstate(invalid="ignore", over="ignore"):
        smoothed = _before(losses, reach) / _before(np.ones(len(losses)), reach)
        lowest = np.minimum.accumulate(smoothed)
        scale = np.maximum(np.abs(lowest), _REGAINED * (smoothed[:1] - lowest))
        far = ~np.isfinite(losses) | (smoothed > lowest + (factor - 1.0) * scale)
    return int(far.argmax()) if far.any() else None


def find_marks(losses: Array, reach: float) -> Marks | None:
    """The marks; None where the loss does not fall by more than its noise.

    Args:
        losses: float64, finite, up to where they diverge.
        reach: of the smoothing, in steps.
    """
    smoothed = smooth(losses, reach)
    minimum = int(smoothed.argmin())
    first = int(np.ceil(reach))
    if minimum <= first:
        return None
    # Differences of neighbours have the noise twice; 0.6745 makes their median a deviation.
    noise = np.median(np.abs(np.diff(losses[: minimum + 1]))) / (0.6745 * np.sqrt(2.0))
    # As the weights are, so many losses are averaged in effect.
    if smoothed[0] - smoothed[minimum] <= _DEVIATIONS * noise / np.sqrt(4.0 * reach):
        return None
    # Before the fall there is nothing but noise, which may be steep too; and at the first few steps
    # a slope has too few losses before it.
    level = smoothed[0] - _BEGUN * (smoothed[0] - smoothed[minimum])
    begin = max(first, int(np.flatnonzero(smoothed[:minimum] > level)[-1]))
    slopes = _slopes(losses, reach)[begin : minimum + 1]
    return Marks(begin + int(slopes.argmin()), minimum)


def _slopes(losses: Array, reach: float) -> Array:
    """From the mean of the losses before each step to that of those after it; 0 at the ends."""
    places = np.arange(len(losses), dtype=np.float64)
    weights = np.ones(len(losses))

    def rise(values: Array) -> Array:
        after = (_after(values, reach) - values)[1:-1] / (_after(weights, reach) - 1.0)[1:-1]
        before = (_before(values, reach) - values)[1:-1] / (_before(weights, reach) - 1.0)[1:-1]
        return np.asarray(after - before)

    found = np.zeros(len(losses))
    found[1:-1] = rise(losses) / rise(places)
    return found
