"""Trainer: the part of a model that is compiled, fitted, evaluated and asked for predictions."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np

from thalweg import optimizers
from thalweg.devices import Explanation
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.tree import map_structure
from thalweg.tensor.variable import Variable
from thalweg.training.callbacks.callback_list import CallbackList, python_logs
from thalweg.training.callbacks.history import History
from thalweg.training.class_weight import check_class_weight, check_known_classes
from thalweg.training.compile_loss import CompileLoss
from thalweg.training.compile_metrics import CompileMetrics
from thalweg.training.compiled import Compiled, compile_arguments, described
from thalweg.training.data_adapter import DataAdapter, unpack_x_y_sample_weight
from thalweg.training.data_adapters import (
    adapter_for,
    in_validation_data,
    split_validation,
    validation_adapter,
)
from thalweg.training.feeder import Feeder
from thalweg.training.fit_arguments import (
    check_epochs,
    check_steps,
    check_validation_freq,
    check_validation_split,
    check_verbose,
)
from thalweg.training.loops import evaluate_loop, fit_loop, predict_loop
from thalweg.training.position import Position
from thalweg.training.preparation import (
    build_model,
    check_target_values,
    make_ready,
    prepare,
)
from thalweg.training.step import KnownSteps
from thalweg.training.steps import Steps

__all__ = ["Trainer"]


class Trainer(Steps):
    """What a model gets for its training; mixed into `Model`.

    Attributes:
        optimizer: what `compile` was given or made.
        stop_training: setting it ends `fit` after the present batch.
        history: the `History` of the last `fit`.
    """

    def __init__(self) -> None:
        self.optimizer: Any = None
        self.loss: Any = None
        self.run_eagerly = False
        self.jit_compile = True
        self.steps_per_execution = 1
        self.stop_training = False
        self.stop_evaluating = False
        self.stop_predicting = False
        self.history: History | None = None
        self._compiled: Compiled | None = None
        self._known_steps = KnownSteps()
        self._position = Position()
        self._present_data: DataAdapter | None = None
        self._resumed: tuple[Position, list[Variable], list[Tensor]] | None = None

    # --- compile ----------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Say how the model is trained.

        Args:
            optimizer: an optimizer or its name.
            loss: what training makes small: a name, a function of `(y_true, y_pred)` or a `Loss`;
                for several outputs a list, or a dict by the outputs' names. None where the loss
                comes from `add_loss` alone.
            loss_weights: how much the loss of each output counts, in the same form.
            metrics: what is reported: names, functions or `Metric` objects; for several outputs
                a list with an entry for each output, or a dict by name.
            weighted_metrics: the same, taking sample weights into account.
            run_eagerly: whether steps always run operation by operation.
            steps_per_execution: after how many batches callbacks are called.
            jit_compile: whether steps are compiled; `'auto'`: where that is possible and there are
                enough steps for it to be worth the time.
            auto_scale_loss: whether to be warned of gradients that may vanish where the model
                computes in float16 and the optimizer has no `loss_scale_factor`.

        Raises:
            ValueError: for a name that is not known, with the closest that are.

        >>> import thalweg as tw
        >>> model = tw.Sequential([tw.Input((2,)), tw.layers.Dense(1)])
        >>> model.compile("sgd", "mse", metrics=["mae"])
        """
        names = self._output_names()
        found = optimizers.get(optimizer)
        unscaled = found is not None and found.loss_scale_factor is None
        if auto_scale_loss and unscaled and self.dtype_policy.compute_dtype == "float16":
            warnings.warn(
                f"Model '{self.name}' computes in float16, where small gradients become 0: give "
                "its optimizer a loss_scale_factor, for example 1024.",
                stacklevel=2,
            )
        compiled = Compiled(
            arguments={
                "optimizer": found,
                "loss": loss,
                "loss_weights": loss_weights,
                "metrics": metrics,
                "weighted_metrics": weighted_metrics,
                "run_eagerly": bool(run_eagerly),
                "steps_per_execution": check_steps(steps_per_execution, "steps_per_execution") or 1,
                "jit_compile": not run_eagerly if jit_compile == "auto" else bool(jit_compile),
            },
            loss=None if loss is None else CompileLoss(loss, loss_weights, names),
            metrics=None
            if metrics is None and weighted_metrics is None
            else CompileMetrics(metrics, weighted_metrics, names),
            jit_compile=None if jit_compile == "auto" else bool(jit_compile),
        )
        self._compiled = compiled
        self._known_steps = KnownSteps()
        self.optimizer = found
        self.loss = loss
        self.run_eagerly = compiled.arguments["run_eagerly"]
        self.jit_compile = compiled.arguments["jit_compile"]
        self.steps_per_execution = compiled.arguments["steps_per_execution"]
        self.stop_training = False

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._compiled is not None

    def _require_compiled(self, method: str) -> Compiled:
        if self._compiled is None:
            raise ValueError(
                f"Model '{self.name}' is not compiled: call compile(optimizer, loss) before "
                f"{method}()."
            )
        return self._compiled

    def get_compile_config(self) -> dict[str, Any]:
        """The arguments of `compile` as plain values; empty if the model is not compiled."""
        return {} if self._compiled is None else described(self._compiled.arguments)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile as `get_compile_config` described it."""
        if type(self).compile is not Trainer.compile:
            warnings.warn(
                f"Model '{self.name}' has a compile() of its own, so it is not compiled by "
                "loading; call it, or define compile_from_config() too.",
                stacklevel=2,
            )
            return
        arguments = compile_arguments(config)
        if arguments.get("jit_compile") is True:
            arguments["jit_compile"] = "auto"  # which is what files call True, here and in Keras
        self.compile(**arguments)

    def _resume(self, position: Position, variables: list[Variable], values: list[Tensor]) -> None:
        """Called by a callback when training begins: go on from there instead."""
        self._resumed = position, variables, values

    # --- fit --------------------------------------------------------------------------------------

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
    ) -> History:
        """Train the model.

        All arguments and all data in memory are checked before anything changes. A step that fails
        leaves the model as it was before the step.

        Args:
            x: inputs: an array (first axis: samples), a list or dict of arrays for several inputs,
                or something that yields batches `(x, y)` or `(x, y, sample_weight)`.
            y: targets: an array, or a list or dict of arrays for several outputs.
            batch_size: samples in a batch, 32 by default; the last batch may have fewer.
            epochs: the number of the last epoch.
            verbose: 0 silent, 1 a live line, 2 one line an epoch; `'auto'` is 1 in a terminal or
                notebook, else 2.
            callbacks: `Callback` objects.
            validation_split: the share of the samples, the last ones before shuffling, that
                validate instead of training.
            validation_data: `(x, y)`, `(x, y, sample_weight)`, or something that yields batches.
            shuffle: whether data in memory have a new random order in each epoch.
            class_weight: a weight for each class (a dict; 1 for classes that it leaves out).
            sample_weight: a weight for each sample, or a list or dict with weights for each output.
            initial_epoch: how many epochs were done before.
            steps_per_epoch: batches in an epoch; by default all of the data.
            validation_steps: batches in a validation; by default all of the data.
            validation_batch_size: samples in a batch of the validation; by default `batch_size`.
            validation_freq: after every how many epochs to validate, or a list of epochs.

        Returns:
            A `History`: `.history` has a list of Python floats for each metric.

        >>> import thalweg as tw
        >>> model = tw.Sequential([tw.Input((1,)), tw.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> history = model.fit([[1.0], [2.0]], [[2.0], [4.0]], epochs=50, verbose=0)
        >>> history.history["loss"][-1] < history.history["loss"][0]
        True
        """
        self._require_compiled("fit")
        if self.optimizer is None:
            raise ValueError(f"Model '{self.name}' was compiled without an optimizer.")
        epochs, initial_epoch = check_epochs(epochs, initial_epoch)
        verbose = check_verbose(verbose)
        share = check_validation_split(validation_split)
        validation_freq = check_validation_freq(validation_freq)
        check_class_weight(class_weight)
        batch_size = check_steps(batch_size, "batch_size")
        steps_per_epoch = check_steps(steps_per_epoch, "steps_per_epoch")
        validation_steps = check_steps(validation_steps, "validation_steps")
        validation_batch_size = check_steps(validation_batch_size, "validation_batch_size")
        told = self._callback_list(callbacks, verbose, add_history=True)

        if share and validation_data is None:
            (x, y, sample_weight), validation_data = split_validation(x, y, sample_weight, share)
        adapter = adapter_for(
            x, y, sample_weight, batch_size, steps_per_epoch, bool(shuffle), class_weight
        )
        validation = None
        if validation_data is not None:
            validation = validation_adapter(
                validation_data, validation_batch_size or batch_size, validation_steps
            )
        self._check(adapter, training=True, class_weight=class_weight)
        if validation is not None:
            with in_validation_data():
                self._check(validation, training=False)
            make_ready(self, validation.peek(), training=False)
        make_ready(self, adapter.peek(), training=True)

        feeder = Feeder(adapter, steps_per_epoch, "steps_per_epoch")
        self._introduce(told, verbose, epochs, feeder)
        checks = None
        if validation is not None:
            checks = Feeder(validation, validation_steps, "validation_steps")
        self._present_data = adapter
        try:
            fit_loop(self, feeder, told, epochs, initial_epoch, checks, validation_freq)
        finally:
            self._present_data = None
        assert self.history is not None
        return self.history

    def _check(
        self, adapter: DataAdapter, training: bool, class_weight: dict[int, float] | None = None
    ) -> None:
        outputs = prepare(self, adapter.peek(), training)
        if self._custom_step(training) is None:
            check_target_values(self, adapter.in_memory(), outputs)
        if class_weight:
            check_known_classes(class_weight, outputs)

    def _callback_list(
        self, callbacks: Any, verbose: int | str, add_history: bool = False
    ) -> CallbackList:
        if isinstance(callbacks, CallbackList):
            callbacks.add_defaults(add_history)
            return callbacks
        return CallbackList(callbacks, add_history=add_history, add_progbar=verbose != 0)

    def _introduce(
        self, callbacks: CallbackList, verbose: int | str, epochs: int, feeder: Feeder
    ) -> None:
        callbacks.set_model(self)
        callbacks.set_params({"verbose": verbose, "epochs": epochs, "steps": feeder.num_batches})

    # --- evaluate and predict ---------------------------------------------------------------------

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """The loss and metrics over data, each sample counted once.

        Args:
            x: as in `fit`, like `y`, `batch_size`, `verbose`, `sample_weight` and `callbacks`.
            y: targets.
            batch_size: samples in a batch.
            verbose: 0, 1, 2 or `'auto'`.
            sample_weight: weights of the samples.
            steps: how many batches to take; by default all.
            callbacks: `Callback` objects.
            return_dict: whether to return a dict by name.

        Returns:
            A Python float, or a list of them in the order of `metrics_names`, or a dict.
        """
        self._require_compiled("evaluate")
        verbose = check_verbose(verbose)
        batch_size, steps = check_steps(batch_size, "batch_size"), check_steps(steps, "steps")
        told = self._callback_list(callbacks, verbose)
        adapter = adapter_for(x, y, sample_weight, batch_size, steps)
        self._check(adapter, training=False)
        make_ready(self, adapter.peek(), training=False)
        feeder = Feeder(adapter, steps, "steps")
        self._introduce(told, verbose, 1, feeder)
        try:
            logs = evaluate_loop(self, feeder, told)
        except BaseException:
            told.close()
            raise
        return self._returned(logs, return_dict)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """The outputs for data, as NumPy arrays in the structure of the model's outputs.

        Args:
            x: as in `fit`, like `batch_size`, `verbose` and `callbacks`.
            batch_size: samples in a batch.
            verbose: 0, 1, 2 or `'auto'`.
            steps: how many batches to take; by default all.
            callbacks: `Callback` objects.

        >>> import thalweg as tw
        >>> model = tw.Sequential([tw.Input((2,)), tw.layers.Dense(3)])
        >>> model.predict([[1.0, 2.0]], verbose=0).shape
        (1, 3)
        """
        verbose = check_verbose(verbose)
        batch_size, steps = check_steps(batch_size, "batch_size"), check_steps(steps, "steps")
        told = self._callback_list(callbacks, verbose)
        adapter = adapter_for(x, None, None, batch_size, steps, finite=False)
        build_model(self, unpack_x_y_sample_weight(adapter.peek())[0])
        feeder = Feeder(adapter, steps, "steps")
        self._introduce(told, verbose, 1, feeder)
        try:
            return predict_loop(self, feeder, told)
        except BaseException:
            told.close()
            raise

    # --- looking inside ---------------------------------------------------------------------------

    def explain(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        batch_size: int | None = None,
        mode: str | None = None,
    ) -> Explanation:
        """The kernels that one step compiles to, with measured times; print it to see a table.

        The step is run a few times on a copy of the model's state, so nothing changes.

        Args:
            x: inputs, as in `fit`, like `y`, `sample_weight` and `batch_size`; the first batch is
                what is measured.
            y: targets.
            sample_weight: weights of the samples.
            batch_size: samples in the batch.
            mode: `'train'`, `'test'` or `'predict'`; by default `'train'` for a compiled model that
                is given targets, else `'predict'`.

        >>> import thalweg as tw
        >>> model = tw.Sequential([tw.Input((2,)), tw.layers.Dense(3, activation="relu")])
        >>> [row.name for row in model.explain(tw.ops.ones((4, 2))).rows]
        ['matmul']
        """
        if mode is None:
            mode = "train" if self._compiled is not None and y is not None else "predict"
        if mode not in ("train", "test", "predict"):
            raise ValueError(f"explain: mode must be 'train', 'test' or 'predict', got {mode!r}.")
        adapter = adapter_for(x, y, sample_weight, batch_size)
        data = adapter.peek()
        if mode == "predict":
            data = unpack_x_y_sample_weight(data)[0]
            build_model(self, data)
            data = (data,) if isinstance(data, (tuple, list)) else data
        else:
            self._require_compiled("explain")
            self._check(adapter, training=mode == "train")
            make_ready(self, data, training=mode == "train")
        return self._step(mode).compiled(data).explain(data)

    # --- single batches ---------------------------------------------------------------------------

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: dict[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One training step on one batch.

        Args:
            x: as in `fit`, like `y`, `sample_weight` and `class_weight`.
            y: targets.
            sample_weight: weights of the samples.
            class_weight: a weight for each class.
            return_dict: whether to return a dict by name.

        Returns:
            The loss and metrics of this batch, in the form of `evaluate`.
        """
        self._require_compiled("train_on_batch")
        if self.optimizer is None:
            raise ValueError(f"Model '{self.name}' was compiled without an optimizer.")
        check_class_weight(class_weight)
        data = self._one_batch(x, y, sample_weight, class_weight, training=True)
        self.reset_metrics()
        return self._returned(python_logs(self._step("train").run(data)), return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """The loss and metrics of one batch; arguments and result as in `train_on_batch`."""
        self._require_compiled("test_on_batch")
        data = self._one_batch(x, y, sample_weight, None, training=False)
        self.reset_metrics()
        return self._returned(python_logs(self._step("test").run(data)), return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for one batch, as NumPy arrays."""
        adapter = adapter_for(x, batch_size=sys.maxsize, finite=False)
        data = adapter.peek()
        build_model(self, unpack_x_y_sample_weight(data)[0])
        return map_structure(np.array, self._step("predict").run(data))

    def _one_batch(
        self,
        x: Any,
        y: Any,
        sample_weight: Any,
        class_weight: dict[int, float] | None,
        training: bool,
    ) -> Any:
        adapter = adapter_for(
            x, y, sample_weight, batch_size=sys.maxsize, class_weight=class_weight
        )
        self._check(adapter, training, class_weight)
        data = adapter.peek()
        make_ready(self, data, training)
        return data
