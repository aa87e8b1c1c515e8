"""What a model says of a class, as a number that gradients can be taken of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from thalweg import activations, ops
from thalweg.layers.activation import Activation, Softmax
from thalweg.layers.dense import Dense
from thalweg.layers.einsum_dense import EinsumDense
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.tree import flatten

__all__ = ["scores_for", "without_last_activation"]

# They squash the scores of classes into probabilities: where one is sure, gradients vanish.
_SQUASHING = (activations.softmax, activations.sigmoid)
# Their activation is the last thing that they do; that of an LSTM is not.
_ENDS = (Activation, Dense, EinsumDense)


def scores_for(
    caller: str, model: Any, outputs: Any, targets: Tensor, highest: int
) -> tuple[Tensor, Tensor]:
    """Of each row of outputs the one that is asked for, and which one that is.

    Args:
        caller: for messages.
        model: for messages.
        outputs: what the model gave.
        targets: int32 of shape `(n,)`.
        highest: the greatest of them.
    """
    if not isinstance(outputs, Tensor) or outputs.ndim != 2:
        shape = tuple(outputs.shape) if isinstance(outputs, Tensor) else type(outputs).__name__
        raise ValueError(
            f"{caller}: model '{model.name}' must give a row of scores for each input, got {shape}."
        )
    if highest >= outputs.shape[-1]:
        raise ValueError(
            f"{caller}: target {highest} is not one of the {outputs.shape[-1]} outputs of model "
            f"'{model.name}'."
        )
    predicted = ops.cast(ops.argmax(outputs, axis=-1), "int32")
    which = ops.where(targets < 0, predicted, targets)
    chosen = ops.one_hot(which, outputs.shape[-1], dtype=outputs.dtype)
    return ops.sum(outputs * ops.stop_gradient(chosen), axis=-1), which


@contextmanager
def without_last_activation(model: Any) -> Iterator[None]:
    """Inside, the model gives the scores before its last softmax or sigmoid.

    Of probabilities the gradient vanishes where the model is sure, and it says as much of the
    other classes; so Simonyan et al. (2014) and Selvaraju et al. (2017) take the scores before.
    """
    with ExitStack() as undo:
        last = _last_layer(model)
        if isinstance(last, Softmax):
            _replace(undo, last, "call", lambda inputs, mask=None: inputs)
        elif isinstance(last, _ENDS) and last.activation in _SQUASHING:
            _replace(undo, last, "activation", activations.linear)
        yield


def _last_layer(model: Any) -> Any:
    """What makes the output, within nested models too; a subclass itself, as it hides its own."""
    while getattr(model, "_graph", None) is not None:
        model = flatten(model._graph.outputs)[0]._keras_history[0]
    return model


def _replace(undo: ExitStack, layer: Any, name: str, value: Any) -> None:
    own = vars(layer)
    before: tuple[Callable[..., Any], ...] = (own[name],) if name in own else ()

    def restore() -> None:
        own.pop(name, None)
        if before:
            own[name] = before[0]

    undo.callback(restore)
    own[name] = value
