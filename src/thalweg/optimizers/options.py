"""The options that all optimizers take beside their own hyper-parameters."""

from __future__ import annotations

from typing import TypedDict

from thalweg.optimizers.schedules.schedule import LearningRateSchedule

__all__ = [
    "HyperParameter",
    "Options",
    "OptionsWithDecay",
    "check_clips",
    "check_share",
    "check_steps",
]

# A number, or a schedule of one.
HyperParameter = float | LearningRateSchedule


class Options(TypedDict, total=False):
    """Keyword arguments of every optimizer; `Optimizer` says what they mean."""

    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    name: str | None


class OptionsWithDecay(Options, total=False):
    """The same, for optimizers whose weight decay is an option and not a parameter of their own."""

    weight_decay: float | None


def check_clips(
    owner: str, clipnorm: float | None, clipvalue: float | None, global_clipnorm: float | None
) -> None:
    """Raise `ValueError` unless at most one of these is set, to a positive number."""
    clips = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
    given = {key: value for key, value in clips.items() if value is not None}
    if len(given) > 1:
        raise ValueError(
            f"Optimizer '{owner}': only one of {', '.join(clips)} can be set, got {given}."
        )
    for key, value in given.items():
        if not value > 0:
            raise ValueError(f"Optimizer '{owner}': {key} must be > 0, got {value!r}.")


def check_steps(owner: str, argument: str, steps: int | None, least: int) -> None:
    """Raise `ValueError` unless this is None or an integer from `least` on."""
    if steps is not None and not (isinstance(steps, int) and steps >= least):
        raise ValueError(
            f"Optimizer '{owner}': {argument} must be an integer >= {least} or None, got {steps!r}."
        )


def check_share(owner: str, argument: str, value: HyperParameter) -> None:
    """Raise `ValueError` unless this is a schedule or a number from 0 to 1."""
    if not isinstance(value, LearningRateSchedule) and not 0 <= value <= 1:
        raise ValueError(f"Optimizer '{owner}': {argument} must be from 0 to 1, got {value!r}.")
