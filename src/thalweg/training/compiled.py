"""What `compile` decided, kept in one object beside the model's layers and weights."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from thalweg.metrics.reduction import Mean
from thalweg.registry import deserialize_keras_object, serialize_keras_object
from thalweg.training.compile_loss import CompileLoss
from thalweg.training.compile_metrics import CompileMetrics

__all__ = ["Compiled", "compile_arguments", "described"]


@dataclass
class Compiled:
    """Loss and metrics of a compiled model.

    Attributes:
        arguments: what `compile` was called with.
        loss: the losses of the outputs; None without a loss.
        metrics: the metrics of the outputs; None without metrics.
        jit_compile: whether steps must be compiled (True) or not (False); None: where possible.
        loss_tracker: the mean of the total loss over the samples of an epoch.
        prepared: outputs (shapes only) by the signature of the data they were checked with.
        ready: the signatures of data for which all variables of steps are made.
    """

    arguments: dict[str, Any]
    loss: CompileLoss | None
    metrics: CompileMetrics | None
    jit_compile: bool | None = None
    loss_tracker: Mean = field(default_factory=lambda: Mean(name="loss"))
    prepared: dict[Any, Any] = field(default_factory=dict)
    ready: set[Any] = field(default_factory=set)


def described(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `compile` as plain values for a file."""
    found = {}
    for name, value in arguments.items():
        try:
            found[name] = serialize_keras_object(value)
        except (TypeError, ValueError) as problem:
            raise ValueError(f"compile({name}=...) cannot be saved: {problem}") from problem
    return found


def compile_arguments(config: dict[str, Any]) -> dict[str, Any]:
    """The arguments for `compile` from what `described` wrote, here or in Keras."""
    found: dict[str, Any] = deserialize_keras_object(config)
    return found
