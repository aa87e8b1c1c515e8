"""Schedules: learning rates (and momenta) that depend on the step of training."""

from thalweg.optimizers.schedules.cosine import CosineDecay, CosineDecayRestarts
from thalweg.optimizers.schedules.decay import (
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
)
from thalweg.optimizers.schedules.one_cycle import OneCycle, OneCycleMomentum
from thalweg.optimizers.schedules.schedule import LearningRateSchedule, deserialize, serialize

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "OneCycle",
    "OneCycleMomentum",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]
