"""The question about the loss of a model on a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from thalweg.tensor.tensor import Tensor
from thalweg.tensor.tree import flatten, map_structure, pack
from thalweg.training.data_arrays import arrays_of, check_lengths
from thalweg.training.model import Model
from thalweg.training.preparation import prepare
from thalweg.viz.backprop.parts import Key, by_call, by_layer, by_primitive, inside
from thalweg.viz.backprop.question import Question
from thalweg.viz.backprop.record import Call, Step
from thalweg.viz.checks import check_model

__all__ = ["about_model"]


def about_model(
    model: Model,
    args: Sequence[Any],
    layer: str | None,
    sources: Sequence[str] | None,
    grouped: bool,
    expand_nested: bool,
    training: bool,
) -> Question:
    """The question about the loss of a model.

    Args:
        model: built and compiled.
        args: x, y and perhaps weights of the samples.
        layer: the name of a layer to look into.
        sources: names of variables, or the ends of their paths, whose gradients are wanted; None:
            all that are trainable.
        grouped: whether an operation that is made of others is one box, within a layer.
        expand_nested: whether models inside of the model are shown as their layers.
        training: whether layers behave as in training.
    """
    _check_batch(model, args)
    x, y, *rest = [arrays_of(a, n) for a, n in zip(args, ("x", "y", "sample_weight"), strict=False)]
    check_lengths(x, y, rest[0] if rest else None)
    x = _in_dtypes_of(model, x)
    data = map_structure(lambda a: None if a is None else Tensor(a), (x, y, *rest))
    prepare(model, data, training=False)
    leaves = flatten(data)
    used = [i for i, leaf in enumerate(leaves) if leaf is not None]

    def run(given: Sequence[Tensor]) -> Any:
        filled: list[Any] = list(leaves)
        for i, tensor in zip(used, given, strict=True):
            filled[i] = tensor
        x, y, *rest = pack(data, filled)
        try:
            y_pred = model._forward(x, training=training)
            weights = rest[0] if rest else None
            return model._compute_loss(x, y, y_pred, weights, training=training)
        finally:
            model._clear_losses()

    loss = Call(_loss_name(model))
    question = Question(
        f"model '{model.name}'",
        run,
        dict(zip(_data_names(model, data), (leaves[i] for i in used), strict=True)),
        {},
        None if sources is None else frozenset(sources),
        lambda steps: by_layer(expand_nested, loss, steps),
        model=model,
        by_layer=True,
    )
    if layer is None:
        return question

    def within(steps: Sequence[Step]) -> Key:
        known = list(dict.fromkeys(c.name for step in steps for c in step.layers[1:]))
        if layer not in known:
            raise ValueError(
                f"backward_pass: model '{model.name}' calls no layer '{layer}' that computes "
                f"anything; it has {known}."
            )
        return inside(layer, question.key(steps), by_call if grouped else by_primitive)

    return replace(question, key=within, layer=layer, by_layer=False)


def _check_batch(model: Model, args: Sequence[Any]) -> None:
    if not 2 <= len(args) <= 3:
        raise TypeError(
            f"backward_pass: a model is followed by x, y and perhaps sample_weight, got "
            f"{len(args)} arguments."
        )
    check_model("backward_pass", model)
    if model._compiled is None:  # without a loss it may have those of its layers
        raise ValueError(
            f"backward_pass: model '{model.name}' has no loss; call compile(loss=...) first, or "
            "pass a function that returns the loss."
        )


def _in_dtypes_of(model: Model, x: Any) -> Any:
    """Whole numbers in the dtype that the model takes, so that it need not cast them."""
    try:
        symbols = model.inputs
    except (AttributeError, ValueError):
        return x
    leaves = flatten(x)
    if len(symbols) != len(leaves):
        return x
    return pack(
        x,
        [
            leaf.astype(symbol.dtype) if leaf is not None and leaf.dtype.kind == "i" else leaf
            for leaf, symbol in zip(leaves, symbols, strict=True)
        ],
    )


def _data_names(model: Model, data: Any) -> list[str]:
    x, y, *rest = data
    count = len([leaf for leaf in flatten(x) if leaf is not None])
    inputs = ["x"] if count == 1 else _inputs_of(model, x, count)
    count = len([leaf for leaf in flatten(y) if leaf is not None])
    keys = sorted(y) if isinstance(y, dict) and len(y) == count else range(count)
    targets = ["y"] if count == 1 else [f"y_{key}" for key in keys]
    weights = len([leaf for leaf in flatten(rest) if leaf is not None])
    return [
        *inputs,
        *targets,
        *(["sample_weight"] if weights == 1 else [f"sample_weight_{i}" for i in range(weights)]),
    ]


def _inputs_of(model: Model, x: Any, count: int) -> list[str]:
    if isinstance(x, dict) and len(x) == count:
        return sorted(x)
    try:
        names = model.input_names
    except AttributeError:
        names = []
    return names if len(names) == count else [f"x_{i}" for i in range(count)]


def _loss_name(model: Model) -> str:
    losses = flatten(model.loss)
    if len(losses) != 1:
        return "loss"
    (loss,) = losses
    return loss if isinstance(loss, str) else str(getattr(loss, "name", "loss"))
