"""LearningRateSearch: the numbers of a range test, made from the losses of its steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from thalweg.viz.rate.marks import divergence, find_marks, smooth

__all__ = ["LearningRateSearch", "search_of"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class LearningRateSearch:
    """What `find_learning_rate` saw.

    Attributes:
        rates: the learning rate of each step, float64.
        losses: the loss of each batch before its step, float64.
        smoothed: the losses, smoothed from both sides; what is above the losses of the first rates
            counts as the highest of them.
        steepest: the rate at which the smoothed loss falls fastest over the logarithm of the rate.
        minimum: the rate at which it is lowest.
        suggestion: the rate to train with: halfway between these two, on the scale of logarithms.
        diverged_at: the rate at which the loss diverged and the search ended; None: nowhere.
    """

    rates: Array
    losses: Array
    smoothed: Array
    steepest: float
    minimum: float
    suggestion: float
    diverged_at: float | None


def search_of(
    name: str, rates: Array, losses: Array, reach: float, stop_factor: float
) -> LearningRateSearch:
    """The numbers, from the losses of a trial.

    Args:
        name: the model's.
        rates: those that were asked for.
        losses: of the steps that were taken.
        reach: of the smoothing, in steps.
        stop_factor: as in `find_learning_rate`.
    """
    end = divergence(losses, reach, stop_factor)
    if end is None and len(losses) < len(rates):
        raise ValueError(
            f"find_learning_rate: the data ended after {len(losses)} batches, {len(rates)} steps "
            "were asked for; give data that can be read again, or fewer steps."
        )
    # A native call may have gone on for some steps.
    losses = losses if end is None else losses[: end + 1]
    rates = rates[: len(losses)].astype(np.float64)
    # One number beyond all others must not be seen far before its place.
    ceiling = losses[: max(2, math.ceil(reach))].max()
    held = np.where(np.isfinite(losses), np.minimum(losses, ceiling), ceiling)
    marks = find_marks(held, reach)
    if marks is None:
        level = smooth(held, reach)
        raise ValueError(
            f"find_learning_rate: the loss of model '{name}' does not fall clearly in the "
            f"{len(rates)} steps at learning rates from {rates[0]:.3g} to {rates[-1]:.3g}: "
            f"smoothed, it is {level[0]:.4g} at first and {level.min():.4g} at its lowest; give "
            "larger batches or more steps if it is noisy, a smaller lowest or a larger highest, "
            "and a model that is not trained yet."
        )
    steepest, minimum = float(rates[marks.steepest]), float(rates[marks.minimum])
    return LearningRateSearch(
        rates=rates,
        losses=losses,
        smoothed=smooth(held, reach),
        steepest=steepest,
        minimum=minimum,
        suggestion=math.sqrt(steepest * minimum),
        diverged_at=None if end is None else float(rates[-1]),
    )
