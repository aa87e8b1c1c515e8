"""The loss of a compiled model: one for each output, weighted and summed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from thalweg import losses, ops
from thalweg.losses.loss import Loss, LossFunctionWrapper
from thalweg.metrics.reduction import Mean
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.tree import flatten, is_nested
from thalweg.training.outputs import Outputs

__all__ = ["CompileLoss", "OutputLoss", "kind_of_targets"]

CROSSENTROPY = ("crossentropy", "ce")


@dataclass
class OutputLoss:
    """The loss of one output, its weight, and the metric that reports it."""

    loss: Loss
    weight: float | None
    tracker: Mean | None


def kind_of_targets(y_true: Any, y_pred: Any) -> str:
    """`'binary'`, `'sparse'` or `'categorical'`, told from the shapes.

    >>> import numpy as np
    >>> kind_of_targets(np.zeros(8), np.zeros((8, 10)))
    'sparse'
    """
    if y_pred.shape[-1] == 1:
        return "binary"
    one_column = y_true.shape[-1] == 1 and y_pred.shape[-1] > 1
    return "sparse" if len(y_true.shape) < len(y_pred.shape) or one_column else "categorical"


def _is_crossentropy(identifier: Any) -> bool:
    return isinstance(identifier, str) and identifier.lower() in CROSSENTROPY


class CompileLoss:
    """What `compile(loss=..., loss_weights=...)` means.

    Args:
        loss: a loss for all outputs, or a list or dict with one for each; names, functions and
            `Loss` objects; None for an output without a loss.
        loss_weights: a weight, or a list or dict with one for each loss.
        output_names: the names of the model's outputs, if it has some.

    Raises:
        ValueError: at once, for a name that is no loss.
    """

    def __init__(
        self, loss: Any, loss_weights: Any = None, output_names: Sequence[str] | None = None
    ) -> None:
        for identifier in flatten(loss):
            if not _is_crossentropy(identifier):
                losses.get(identifier)
        for weight in flatten(loss_weights):
            if weight is not None and (
                isinstance(weight, bool) or not isinstance(weight, (int, float))
            ):
                raise ValueError(f"compile: loss_weights must be numbers, got {weight!r}.")
        self._given = loss
        self._given_weights = loss_weights
        self._output_names = output_names
        self.outputs: Outputs | None = None
        self.per_output: list[OutputLoss | None] = []

    @property
    def built(self) -> bool:
        """Whether the model's outputs are known."""
        return self.outputs is not None

    @property
    def metrics(self) -> list[Mean]:
        """What reports the loss of each output, where there are several."""
        return [p.tracker for p in self.per_output if p is not None and p.tracker is not None]

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Resolve names and give each output its loss; anything with shapes will do."""
        outputs = Outputs(y_pred, self._output_names)
        given = outputs.spread(self._given, "loss")
        weights = outputs.spread(self._given_weights, "loss_weights")
        targets = outputs.match(y_true, "y", [g is not None for g in given])
        several = sum(g is not None for g in given) > 1
        used: dict[str, int] = {}
        self.per_output = []
        for identifier, weight, name, target, output in zip(
            given, weights, outputs.names, targets, flatten(y_pred), strict=True
        ):
            if identifier is None:
                self.per_output.append(None)
                continue
            if target is None:
                raise _without_target(name)
            loss = _resolved(identifier, target, output)
            tracker = None
            if several:
                label = f"{name or loss.name}_loss"
                number = used[label] = used.get(label, -1) + 1
                tracker = Mean(name=f"{label}_{number}" if number else label)
            self.per_output.append(OutputLoss(loss, weight, tracker))
        self.outputs = outputs

    def unbuild(self) -> None:
        """Forget the outputs."""
        self.outputs = None
        self.per_output = []

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor | None:
        """The weighted sum of the losses; None if no output has one.

        Args:
            y_true: the targets.
            y_pred: the model's outputs.
            sample_weight: weights of the samples, one for all outputs or one for each.
        """
        if self.outputs is None:
            self.build(y_true, y_pred)
        assert self.outputs is not None
        wanted = [p is not None for p in self.per_output]
        targets = self.outputs.match(y_true, "y", wanted)
        if sample_weight is not None and not is_nested(sample_weight):
            weights = [sample_weight] * self.outputs.count
        else:
            weights = self.outputs.match(sample_weight, "sample_weight", wanted)
        total: Tensor | None = None
        for part, name, target, output, weight in zip(
            self.per_output, self.outputs.names, targets, flatten(y_pred), weights, strict=True
        ):
            if part is None:
                continue
            if target is None:
                raise _without_target(name)
            value = part.loss(target, output, sample_weight=weight)
            if value.shape != ():
                # reduction='none' leaves one loss for each element; training needs one number.
                value = ops.mean(value)
            if part.tracker is not None:
                part.tracker.update_state(
                    ops.stop_gradient(value), sample_weight=float(output.shape[0])
                )
            if part.weight is not None:
                value = value * part.weight
            total = value if total is None else total + value
        return total


def _without_target(name: str | None) -> ValueError:
    where = f" for output {name!r}" if name else ""
    return ValueError(f"There is a loss{where} but no target y.")


def _resolved(identifier: Any, target: Any, output: Any) -> Loss:
    if _is_crossentropy(identifier):
        function: Any = {
            "binary": losses.binary_crossentropy,
            "sparse": losses.sparse_categorical_crossentropy,
            "categorical": losses.categorical_crossentropy,
        }[kind_of_targets(target, output)]
    else:
        function = losses.get(identifier)
    if isinstance(function, Loss):
        return function
    name = identifier if isinstance(identifier, str) else None
    return LossFunctionWrapper(function, name=name)
