"""The loss of a model, or one of its metrics, as a pure function of some of its weights."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from thalweg import ops
from thalweg.autodiff import GradientTape
from thalweg.layers.tracking import unique
from thalweg.random.seed import global_seed_generator
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.tree import flatten, pack
from thalweg.tensor.variable import Variable
from thalweg.tracing.state import functionalize
from thalweg.tracing.traceable import traceable
from thalweg.training.data_adapter import unpack_x_y_sample_weight
from thalweg.training.data_adapters import adapter_for
from thalweg.training.model import Model
from thalweg.training.programs import leaves_of
from thalweg.training.steps import Steps
from thalweg.viz.checks import check_compiled
from thalweg.viz.surface.plane import Plane

__all__ = ["ModelLoss", "check_surface_model"]

Array = np.ndarray[Any, Any]


def check_surface_model(caller: str, model: Any) -> None:
    """Fail unless it is a model that is built and compiled; a function belongs elsewhere."""
    if callable(model) and not isinstance(model, Model):
        raise TypeError(
            f"{caller}: model must be a Model, got a function; for a function of one or two "
            "numbers there is function_surface."
        )
    check_compiled(caller, model)


class ModelLoss:
    """What `evaluate` would report for other weights; the model stays as it is.

    Args:
        model: a model that is built and compiled.
        x: inputs in memory, as for `evaluate`, like `y` and `sample_weight`.
        y: targets.
        sample_weight: weights of the samples.
        metric: `'loss'` or the name of a metric of the model.
        training: whether layers work as in training: statistics of the batch, dropout.
        batch_size: rows that are computed at once.
        caller: the function that was called, for messages.

    Attributes:
        arrays: the data, as arrays for the calls.
        is_loss: whether it is the loss itself, which has a gradient.
    """

    def __init__(
        self,
        model: Any,
        x: Any,
        y: Any,
        sample_weight: Any,
        metric: str,
        training: bool,
        batch_size: int,
        caller: str,
    ) -> None:
        held = adapter_for(x, y, sample_weight).in_memory()
        if held is None:
            raise ValueError(
                f"{caller}: x and y must be arrays in memory, got a {type(x).__name__} that yields "
                "batches."
            )
        whole = adapter_for(x, y, sample_weight, batch_size=len(leaves_of(held)[0]))
        self._data = model._one_batch(whole, None, None, None, training=False)
        _check_metric(model, metric, caller)
        own = type(model)
        custom = own.test_step is not Steps.test_step or own.compute_loss is not Steps.compute_loss
        self.is_loss = metric == "loss" and not custom
        if training and not self.is_loss:
            raise ValueError(
                f"{caller}: training=True needs metric='loss' of a model without a test_step or "
                f"compute_loss of its own, got metric={metric!r}."
            )
        self._model, self._metric, self._training = model, metric, training
        self._caller = caller
        metrics = [v for m in model._all_metrics() for v in m.variables]
        self._variables = unique([*model.variables, *metrics, global_seed_generator().state])
        self._pure = functionalize(
            self._of_loss if self.is_loss else self._of_metric, self._variables
        )
        leaves = [np.asarray(leaf) for leaf in leaves_of(self._data)]
        samples = len(leaves[0])
        self._samples, self._size = samples, min(batch_size, samples)
        # All batches but the last are the turns of a loop; that one may be shorter.
        self._turns = (samples - 1) // self._size
        cut = self._turns * self._size
        self.arrays: list[Array] = []
        if self._turns:
            shape = (self._turns, self._size)
            self.arrays += [np.reshape(a[:cut], (*shape, *a.shape[1:])) for a in leaves]
        self.arrays += [a[cut:] for a in leaves]

    def __call__(
        self, moved: Sequence[Variable], values: Sequence[Tensor], arrays: Sequence[Tensor]
    ) -> Tensor:
        """The loss or metric where some weights have other values.

        Args:
            moved: these weights.
            values: what they are.
            arrays: those of the attribute, or what stands for them in a trace.
        """
        given = {id(v): x for v, x in zip(moved, values, strict=True)}
        state = [given[id(v)] if id(v) in given else v._read() for v in self._variables]
        outputs, _ = self._pure(state, arrays)
        found: Tensor = ops.cast(outputs, "float32")
        return found

    def gradient(self, plane: Plane) -> Array | None:
        """The slope at the present weights along each direction of a plane; None for metrics."""
        if not self.is_loss or plane.center is None:
            return None
        place = ops.convert_to_tensor(np.array(plane.center, np.float32))
        with GradientTape() as tape:
            tape.watch(place)
            values = [
                ops.convert_to_tensor(
                    sum((place[i] * d[k] for i, d in enumerate(plane.directions)), start=origin)
                )
                for k, origin in enumerate(plane.origin)
            ]
            loss = self(plane.variables, values, [ops.convert_to_tensor(a) for a in self.arrays])
        found = tape.gradient(loss, place)
        return np.zeros(len(plane.center)) if found is None else np.asarray(found, np.float64)

    # --- inside of the pure function --------------------------------------------------------------

    def _of_loss(self, arrays: Sequence[Tensor]) -> Tensor:
        total, last = self._over_batches(arrays, self._loss_of_batch)
        return (last if total is None else total + last) / float(self._samples)

    def _loss_of_batch(self, data: Any) -> Tensor:
        model = self._model
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        try:
            outputs = model._forward(x, training=self._training)
            loss = model._compute_loss(x, y, outputs, sample_weight, training=self._training)
        finally:
            model._clear_losses()
        rows = float(leaves_of(data)[0].shape[0])
        found: Tensor = ops.cast(loss, "float32") * rows
        return found

    def _of_metric(self, arrays: Sequence[Tensor]) -> Tensor:
        model = self._model
        for metric in model._all_metrics():
            metric.reset_state()

        def step(data: Any) -> Any:
            try:
                return traceable(model.test_step)(data)
            finally:
                model._clear_losses()

        _, logs = self._over_batches(arrays, step, summed=False)
        if self._metric not in logs or tuple(logs[self._metric].shape):
            raise ValueError(
                f"{self._caller}: metric {self._metric!r} is not one number of what the test_step "
                f"of model '{model.name}' returns."
            )
        return logs[self._metric]

    def _over_batches(
        self, arrays: Sequence[Tensor], of_batch: Callable[[Any], Any], summed: bool = True
    ) -> tuple[Tensor | None, Any]:
        """The sum over the turns of the loop, if wanted, and what the last batch gives."""
        total = None
        if self._turns:
            count = len(arrays) // 2

            def turn(carry: Any, leaves: Any) -> Any:
                found = of_batch(self._packed(leaves))
                return (carry + found if summed else carry), None

            total, _ = ops.scan(turn, ops.zeros(()) if summed else None, list(arrays[:count]))
            arrays = arrays[count:]
        return total, of_batch(self._packed(arrays))

    def _packed(self, leaves: Sequence[Tensor]) -> Any:
        rest = iter(leaves)
        return pack(self._data, [None if x is None else next(rest) for x in flatten(self._data)])


def _check_metric(model: Any, metric: Any, caller: str) -> None:
    known = list(model._metrics_by_name())
    if metric in known:
        return
    close = difflib.get_close_matches(str(metric), known, n=1, cutoff=0.5)
    hint = f"did you mean '{close[0]}'?" if close else f"it has {', '.join(map(repr, known))}."
    raise ValueError(
        f"{caller}: model '{model.name}' was not compiled with metric {metric!r}; {hint}"
    )
