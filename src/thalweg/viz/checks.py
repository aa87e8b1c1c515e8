"""What pictures need of a model: that it is one, built, and compiled."""

from __future__ import annotations

from typing import Any

from thalweg.training.model import Model

__all__ = ["check_compiled", "check_model"]


def check_model(caller: str, model: Any) -> None:
    """Fail unless it is a model that is built; layers that it never calls need not be.

    Args:
        caller: the function that was called, for messages.
        model: what it was given.
    """
    if not isinstance(model, Model):
        raise TypeError(f"{caller}: model must be a Model, got a {type(model).__name__}.")
    if not model.built:
        raise ValueError(
            f"{caller}: model '{model.name}' is not built; begin it with Input(shape), call it on "
            "data or fit it first."
        )


def check_compiled(caller: str, model: Any) -> None:
    """Fail unless it is a model that is built and compiled; arguments as of `check_model`."""
    check_model(caller, model)
    if not model.compiled:
        raise ValueError(
            f"{caller}: model '{model.name}' is not compiled; call compile(optimizer, loss) first."
        )
