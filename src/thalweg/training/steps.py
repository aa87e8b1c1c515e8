"""The steps of training, evaluation and prediction, and the metrics and state that they change."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from thalweg import config as settings
from thalweg import ops
from thalweg.autodiff import GradientTape
from thalweg.layers.tracking import members, unique
from thalweg.metrics.metric import Metric
from thalweg.optimizers.optimizer import Optimizer
from thalweg.tensor.dtypes import is_floating
from thalweg.tensor.tree import flatten
from thalweg.tensor.variable import Variable
from thalweg.tracing.traceable import traceable
from thalweg.training.compile_metrics import CompileMetrics
from thalweg.training.compiled import Compiled
from thalweg.training.data_adapter import unpack_x_y_sample_weight
from thalweg.training.feeder import global_seed
from thalweg.training.step import KnownSteps, Step

__all__ = ["Steps"]


class Steps:
    """What happens with one batch. Any of the public methods may be overridden."""

    # What the layer that it is mixed into has.
    name: str
    dtype_policy: Any
    losses: list[Any]
    weights: list[Variable]
    variables: list[Variable]
    trainable_variables: list[Variable]
    trainable_weights: list[Variable]
    built: bool
    call: Callable[..., Any]
    __call__: Callable[..., Any]
    _flatten_layers: Callable[[], list[Any]]
    _clear_losses: Callable[[], None]
    _callable: Callable[[], bool]
    _output_names: Callable[[], list[str] | None]

    optimizer: Any
    run_eagerly: bool
    jit_compile: bool
    _compiled: Compiled | None
    _known_steps: KnownSteps

    # --- metrics ----------------------------------------------------------------------------------

    @property
    def metrics(self) -> list[Metric]:
        """Loss tracker, metrics of `compile`, losses of the outputs, then metrics of layers."""
        return self._own_metrics()

    def _own_metrics(self) -> list[Metric]:
        found: list[Metric] = []
        if self._compiled is not None:
            found.append(self._compiled.loss_tracker)
            if self._compiled.metrics is not None:
                found.append(self._compiled.metrics)
            if self._compiled.loss is not None:
                found.extend(self._compiled.loss.metrics)
        found.extend(members(self, Metric))
        for layer in self._flatten_layers():
            if not isinstance(layer, Steps):
                found.extend(members(layer, Metric))
        return list({id(m): m for m in found}.values())

    def _all_metrics(self) -> list[Metric]:
        """Those of `metrics`, which may be a property of the user's, and those it leaves out."""
        own = self._own_metrics()
        return own if type(self).metrics is Steps.metrics else [*own, *self.metrics]

    @property
    def metrics_names(self) -> list[str]:
        """The names of the numbers that `evaluate` returns as a list, in its order."""
        return self._in_order(dict.fromkeys(self._metrics_by_name()))[0]

    def _metrics_by_name(self) -> dict[str, Metric]:
        found: dict[str, Metric] = {}
        for metric in self.metrics:
            if isinstance(metric, CompileMetrics):
                found.update(metric.named())
            else:
                found[metric.name] = metric
        return found

    def reset_metrics(self) -> None:
        """Set all metrics to their state before the first batch."""
        for metric in self.metrics:
            metric.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """The results of all metrics by name."""
        found: dict[str, Any] = {}
        for metric in self.metrics:
            result = metric.result()
            found.update(result if isinstance(result, dict) else {metric.name: result})
        return found

    def _in_order(self, logs: dict[str, Any]) -> tuple[list[str], list[Any]]:
        """Names and values as `evaluate` lists them: by `metrics`, what is left by name."""
        names: list[str] = []
        for metric in self.metrics:
            inner = metric.metrics if isinstance(metric, CompileMetrics) else [metric]
            names.extend(m.name for m in inner if m.name in logs and m.name not in names)
        names.extend(name for name in sorted(logs) if name not in names)
        return names, [logs[name] for name in names]

    def _returned(self, logs: dict[str, Any], return_dict: bool) -> Any:
        if return_dict:
            return logs
        values = self._in_order(logs)[1]
        return values[0] if len(values) == 1 else values

    # --- one step; may be overridden --------------------------------------------------------------

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The total loss: that of `compile`, plus regularization and what layers added.

        Args:
            x: the inputs.
            y: the targets.
            y_pred: the model's outputs.
            sample_weight: weights of the samples.
            training: whether this is a training step.
        """
        parts = []
        if self._compiled is not None and self._compiled.loss is not None:
            value = self._compiled.loss(y, y_pred, sample_weight)
            if value is not None:
                parts.append(value)
        for loss in self.losses:
            value = ops.convert_to_tensor(loss)
            if not is_floating(value.dtype):
                value = ops.cast(value, settings.floatx())
            parts.append(ops.sum(value))
        if not parts:
            if training:
                raise ValueError(
                    f"Model '{self.name}' has no loss to train with: give compile() a loss, or add "
                    "one with add_loss()."
                )
            return ops.zeros(())
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total

    def _compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
        """`compute_loss`, which users may have written without the argument `training`."""
        if "training" in inspect.signature(self.compute_loss).parameters:
            return self.compute_loss(x, y, y_pred, sample_weight, training=training)
        return self.compute_loss(x, y, y_pred, sample_weight)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Update the metrics of `compile`; the results of all metrics by name.

        Args:
            x: the inputs.
            y: the targets.
            y_pred: the model's outputs.
            sample_weight: weights of the samples.
        """
        if self._compiled is not None and self._compiled.metrics is not None:
            self._compiled.metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def train_step(self, data: Any) -> Any:
        """One step of training; `fit` runs it on each batch.

        Code in it sees tensors only and changes nothing but variables of the model, its metrics
        and optimizers, so that it can be compiled.

        Args:
            data: `x`, `(x, y)` or `(x, y, sample_weight)`; see `unpack_x_y_sample_weight`.

        Returns:
            Results by name, scalars.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with GradientTape() as tape:
            y_pred = self._forward(x, training=True)
            loss = self._compute_loss(x, y, y_pred, sample_weight, training=True)
            scaled = self.optimizer.scale_loss(loss)
        weights = self.trainable_weights
        if weights:
            self.optimizer.apply_gradients(
                zip(tape.gradient(scaled, weights), weights, strict=True)
            )
        self._track_loss(loss, x)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> Any:
        """One step of evaluation; the arguments and results are those of `train_step`."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self._forward(x, training=False)
        loss = self._compute_loss(x, y, y_pred, sample_weight, training=False)
        self._track_loss(loss, x)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Any:
        """The outputs for one batch; `data` as in `train_step`."""
        return self._forward(unpack_x_y_sample_weight(data)[0], training=False)

    def _forward(self, x: Any, training: bool) -> Any:
        return self(x, training=training)

    def _track_loss(self, loss: Any, x: Any) -> None:
        if self._compiled is not None:
            samples = next(leaf for leaf in flatten(x) if leaf is not None).shape[0]
            self._compiled.loss_tracker.update_state(loss, sample_weight=float(samples))

    # --- the state of a step ----------------------------------------------------------------------

    def _state_variables(self) -> list[Variable]:
        """All that a step may change."""
        metrics = self._all_metrics()
        return unique(
            [
                *self.variables,
                *(v for optimizer in members(self, Optimizer) for v in optimizer.variables),
                *(v for metric in metrics for v in metric.variables),
                global_seed(),
            ]
        )

    def _step(self, mode: str) -> Step:
        """The step of `'train'`, `'test'` or `'predict'`; the same one until its state changes."""
        method = getattr(self, f"{mode}_step")
        variables = self._state_variables()
        key = (
            getattr(method, "__func__", method),
            tuple(map(id, variables)),
            tuple(map(id, self.trainable_weights)),
            id(self._compiled),
        )
        return self._known_steps.get(
            mode,
            key,
            lambda: Step(
                lambda data: traceable(method)(data),
                variables,
                self._clear_losses,
                self._compiles(),
                f"{mode} step of model '{self.name}'",
            ),
        )

    def _compiles(self) -> bool | None:
        """Whether steps are compiled; None: where it is possible."""
        if self.run_eagerly or (self._compiled is not None and not self.jit_compile):
            return False
        wish = None if self._compiled is None else self._compiled.jit_compile
        return True if wish is True else None

    def _custom_step(self, training: bool) -> Callable[[Any], Any] | None:
        """The user's own step, if the class has one."""
        if training and type(self).train_step is not Steps.train_step:
            return self.train_step
        if not training and type(self).test_step is not Steps.test_step:
            return self.test_step
        return None
