"""What happens before the first step: variables are made, and everything is checked by shape."""

from __future__ import annotations

import warnings
from typing import Any

from thalweg.layers.symbolic import KerasTensor, infer
from thalweg.tensor.tree import flatten, map_structure
from thalweg.tracing.traceable import traceable
from thalweg.training.data_adapter import unpack_x_y_sample_weight
from thalweg.training.target_checks import check_labels, check_target_shapes

__all__ = ["build_model", "check_target_values", "make_ready", "prepare"]


def _specs(data: Any, any_batch: bool = False) -> Any:
    """Shapes and dtypes, the batch's length left open (None) if wanted."""

    def spec(x: Any) -> Any:
        if x is None:
            return None
        return KerasTensor((None, *x.shape[1:]) if any_batch else x.shape, x.dtype, name="batch")

    return map_structure(spec, data)


def build_model(model: Any, x: Any) -> None:
    """Make all weights, by calling the model with shapes instead of values.

    Args:
        model: the model.
        x: the first inputs.
    """
    if all(layer.built for layer in [model, *model._flatten_layers()]) or not model._callable():
        return
    try:
        infer(lambda x: model._forward(x, training=False), (_specs(x, any_batch=True),), {})
    except Exception:
        # The same again with the true batch length, for a message with the true shapes.
        infer(lambda x: model._forward(x, training=False), (_specs(x),), {})
        raise


def prepare(model: Any, data: Any, training: bool) -> Any:
    """Make the weights, and check by shape that data, model, loss and metrics fit.

    Args:
        model: a compiled model.
        data: the first batch.
        training: whether training steps will follow.

    Returns:
        The shapes of the outputs for this batch, None where a model has no outputs of its own.
    """
    x, y, sample_weight = unpack_x_y_sample_weight(data)
    build_model(model, x)
    prepared = model._compiled.prepared
    key = _signature(model, data, training)
    if key not in prepared:
        prepared[key] = _check_by_shape(model, x, y, sample_weight, training)
    return prepared[key]


def make_ready(model: Any, data: Any, training: bool) -> None:
    """Make all else that steps need, after the last check: the optimizer's variables.

    Args:
        model: a compiled and prepared model.
        data: the first batch.
        training: whether training steps will follow.
    """
    ready = model._compiled.ready
    key = _signature(model, data, training)
    if key in ready:
        return
    custom = model._custom_step(training)
    if training and model.optimizer is not None:
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        if custom is None and not model.trainable_weights:
            warnings.warn(f"Model '{model.name}' has no weights to train.", stacklevel=4)
    if custom is not None:
        # Made once without values, so that what it makes at its first call exists before.
        try:
            infer(lambda batch: traceable(custom)(batch), (_specs(data),), {})
        except TypeError as error:
            # One that looks at values cannot be run without; it makes what it needs when it runs.
            if "symbolic tensor" not in str(error) or model._compiles() is True:
                raise
        finally:
            model._clear_losses()
    ready.add(key)


def _signature(model: Any, data: Any, training: bool) -> Any:
    """What the checks by shape depend on."""
    return (
        training,
        str(map_structure(lambda _: 0, data)),
        tuple(None if d is None else (d.shape, d.dtype.name) for d in flatten(data)),
        tuple(id(v) for v in model.weights),
        tuple(id(v) for v in model.trainable_weights),
    )


def _check_by_shape(model: Any, x: Any, y: Any, sample_weight: Any, training: bool) -> Any:
    """Trace the forward pass, loss and metrics, which build themselves meanwhile."""
    if training and model.optimizer is not None and model.optimizer.built:
        _check_optimizer(model)
    if not model._callable():
        return None
    custom = model._custom_step(training)
    compiled = model._compiled
    parts = [part for part in (compiled.loss, compiled.metrics) if part is not None]
    unbuilt = [part for part in parts if not part.built]
    found: list[Any] = []

    def check(x: Any, y: Any, sample_weight: Any) -> Any:
        y_pred = model._forward(x, training=False)
        found.append(_specs(y_pred))
        for part in parts:
            if not part.built and (custom is None or y is not None):
                part.build(y, y_pred)
            if custom is None and part is compiled.loss:
                check_target_shapes(compiled.loss, y, y_pred)
        if custom is None:
            model._compute_loss(x, y, y_pred, sample_weight, training=training)
            model.compute_metrics(x, y, y_pred, sample_weight)
        return y_pred

    try:
        infer(check, (_specs(x), _specs(y), _specs(sample_weight)), {})
    except Exception:
        # What the names mean was told from data that do not fit.
        for part in unbuilt:
            part.unbuild()
        raise
    finally:
        model._clear_losses()
    return found[-1]


def _check_optimizer(model: Any) -> None:
    known = model.optimizer._index
    for variable in model.trainable_variables:
        if id(variable) not in known:
            raise ValueError(
                f"Variable '{variable.path}' is not among those that optimizer "
                f"'{model.optimizer.name}' was built with; call compile() again after changing "
                "which layers are trainable."
            )


def check_target_values(model: Any, in_memory: Any, outputs: Any) -> None:
    """Check the labels of data in memory against the classes of the outputs.

    Args:
        model: a compiled and prepared model.
        in_memory: all of x, y and sample_weight, or None.
        outputs: what `prepare` returned.
    """
    loss = model._compiled.loss
    if in_memory is None or outputs is None or loss is None or not loss.built:
        return
    y = in_memory[1]
    if y is not None:
        check_labels(loss, y, outputs)
