"""Whether targets fit the outputs and losses of a model: shapes, and the range of labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg import losses
from thalweg.losses.loss import Loss, LossFunctionWrapper
from thalweg.tensor.tree import flatten
from thalweg.training.compile_loss import CompileLoss

__all__ = ["check_labels", "check_target_shapes"]

# Losses that compare each element of the target with that of the output.
ELEMENTWISE = frozenset(
    {
        losses.binary_crossentropy,
        losses.binary_focal_crossentropy,
        losses.categorical_crossentropy,
        losses.categorical_focal_crossentropy,
        losses.categorical_hinge,
        losses.cosine_similarity,
        losses.hinge,
        losses.huber,
        losses.kl_divergence,
        losses.log_cosh,
        losses.mean_absolute_error,
        losses.mean_absolute_percentage_error,
        losses.mean_squared_error,
        losses.mean_squared_logarithmic_error,
        losses.poisson,
        losses.squared_hinge,
    }
)
PROBABILITIES = frozenset({losses.binary_crossentropy, losses.binary_focal_crossentropy})
INDICES = frozenset(
    {losses.sparse_categorical_crossentropy, losses.categorical_generalized_cross_entropy}
)


def _function_of(loss: Loss) -> Any:
    return loss.fn if isinstance(loss, LossFunctionWrapper) else None


def _pairs(compiled: CompileLoss, y: Any, y_pred: Any) -> list[tuple[str, str, Loss, Any, Any]]:
    """For each output with a loss: what to call target and output, the loss, and the two."""
    assert compiled.outputs is not None
    wanted = [p is not None for p in compiled.per_output]
    targets = compiled.outputs.match(y, "y", wanted)
    several = compiled.outputs.count > 1
    found = []
    for i, (part, target, output) in enumerate(
        zip(compiled.per_output, targets, flatten(y_pred), strict=True)
    ):
        if part is not None and target is not None:
            name = compiled.outputs.names[i]
            which = f"output {name!r}" if name else f"output {i}" if several else "the output"
            found.append((f"y for {which}" if several else "y", which, part.loss, target, output))
    return found


def check_target_shapes(compiled: CompileLoss, y: Any, y_pred: Any) -> None:
    """Raise `ValueError` where a target's shape does not suit its output and loss.

    Args:
        compiled: the losses.
        y: the targets of a batch; anything with shapes will do.
        y_pred: the outputs for it.
    """
    for label, which, loss, target, output in _pairs(compiled, y, y_pred):
        function = _function_of(loss)
        got, made = tuple(target.shape), tuple(output.shape)
        if function in INDICES:
            axis = loss._fn_kwargs.get("axis", -1) if isinstance(loss, LossFunctionWrapper) else -1
            rest = tuple(n for i, n in enumerate(made) if i != axis % len(made))
            one = tuple(1 if i == axis % len(made) else n for i, n in enumerate(made))
            if got not in (rest, one):
                hint = " (one-hot rows need 'categorical_crossentropy')" if got == made else ""
                raise ValueError(
                    f"{label} has shape {_open(got)}, but {which} has shape {_open(made)} and the "
                    f"loss '{loss.name}' needs the number of a class for each sample, shape "
                    f"{_open(rest)}{hint}."
                )
        elif function in ELEMENTWISE:
            fits = got == made or (*got, 1) == made or got == (*made, 1)
            if not fits:
                classes = function is losses.categorical_crossentropy and got[1:] in ((), (1,))
                hint = " (class numbers need 'sparse_categorical_crossentropy')" if classes else ""
                raise ValueError(
                    f"{label} has shape {_open(got)}, but {which} has shape {_open(made)} and the "
                    f"loss '{loss.name}' needs targets of the same shape{hint}."
                )


def _open(shape: tuple[int, ...]) -> str:
    """A shape with its batch length left open."""
    return str((None, *shape[1:]))


def check_labels(compiled: CompileLoss, y: Any, y_pred: Any) -> None:
    """Raise `ValueError` for labels that are no class of the output, or no probability.

    Args:
        compiled: the losses.
        y: all targets, as arrays.
        y_pred: the outputs of a batch; anything with shapes will do.
    """
    for label, which, loss, target, output in _pairs(compiled, y, y_pred):
        function = _function_of(loss)
        options = loss._fn_kwargs if isinstance(loss, LossFunctionWrapper) else {}
        if function in INDICES:
            classes = output.shape[options.get("axis", -1)]
            wrong = (target < 0) | (target >= classes)
            if options.get("ignore_class") is not None:
                wrong &= target != options["ignore_class"]
            wanted = f"{which} has {classes} classes (0 to {classes - 1})"
        elif function in PROBABILITIES:
            wrong = (target < 0) | (target > 1)
            wanted = f"the loss '{loss.name}' needs values from 0 to 1"
        else:
            continue
        if wrong.any():
            place = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
            raise ValueError(
                f"{label} contains the label {target[place].item()!r} at sample {int(place[0])}, "
                f"but {wanted}."
            )
