"""Optimizer, the base class: from gradients to new values of variables.

A step is made of operations and `assign` alone, with no decisions in Python over values, so that it
can be compiled together with the rest of training.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from numbers import Real
from typing import Any, Self

from thalweg import config as settings
from thalweg import ops
from thalweg.autodiff.reasons import missing_reason
from thalweg.naming import auto_name
from thalweg.optimizers.clipping import clip_by_global_norm, clip_by_norm, clip_by_value
from thalweg.optimizers.options import HyperParameter, check_clips, check_share, check_steps
from thalweg.optimizers.schedules.schedule import LearningRateSchedule
from thalweg.optimizers.state import OptimizerState
from thalweg.registry import deserialize_keras_object, serializable, serialize_keras_object
from thalweg.tensor.scope import StatelessScope
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable

__all__ = ["MODULE", "Optimizer"]

# Where Keras exports optimizers; the registry files them under this name.
MODULE = "keras.optimizers"


@serializable(MODULE)
class Optimizer(OptimizerState):
    """Base class: override `build` (make slots), `update_step` and `get_config`.

    Args:
        learning_rate: a number, a `LearningRateSchedule`, or a function without arguments.
        weight_decay: before each update every variable shrinks by `learning_rate * weight_decay`
            of itself ("decoupled" weight decay); None for no decay.
        clipnorm: the largest norm of the gradient of each variable.
        clipvalue: the largest size of each number of a gradient.
        global_clipnorm: the largest norm of all gradients together. At most one of the three.
        use_ema: whether to keep exponential moving averages of the variables.
        ema_momentum: `average = ema_momentum * average + (1 - ema_momentum) * variable`.
        ema_overwrite_frequency: after each so many steps the variables are set to the averages;
            None: only by `finalize_variable_values`.
        loss_scale_factor: `scale_loss` multiplies by it, gradients are divided by it.
        gradient_accumulation_steps: gradients are summed over so many steps, and the variables
            updated once with their mean.
        name: the optimizer's name; by default made from the class's.

    >>> import thalweg as tw
    >>> class Sign(tw.optimizers.Optimizer):
    ...     def update_step(self, gradient, variable, learning_rate):
    ...         variable.assign_sub(learning_rate * tw.ops.sign(gradient))
    >>> v = tw.Variable([1.0, 2.0])
    >>> Sign(0.5).apply([tw.constant([3.0, -4.0])], [v])
    >>> v.numpy()
    array([0.5, 2.5], dtype=float32)
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule | Callable[[], Any],
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name or auto_name(type(self).__name__))
        check_clips(self.name, clipnorm, clipvalue, global_clipnorm)
        check_steps(self.name, "gradient_accumulation_steps", gradient_accumulation_steps, 2)
        check_steps(self.name, "ema_overwrite_frequency", ema_overwrite_frequency, 1)
        check_share(self.name, "ema_momentum", ema_momentum)
        self.weight_decay = weight_decay
        self.clipnorm = clipnorm
        self.global_clipnorm = global_clipnorm
        self.clipvalue = clipvalue
        self.use_ema = use_ema
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.built = False
        self._trainable_variables: list[Variable] = []
        self._index: dict[int, int] = {}
        self._averages: list[Variable] = []
        self._accumulated_gradients: list[Variable] = []
        self._undecayed: set[int] = set()
        self._undecayed_names: list[str] = []
        self._iterations = self._own(Variable(0, dtype="int32", trainable=False, name="iteration"))
        self._learning_rate: Any = None
        self._set_learning_rate(learning_rate)

    # --- variables -------------------------------------------------------------------------------

    @property
    def iterations(self) -> Any:
        """How many updates there were (steps divided by `gradient_accumulation_steps`)."""
        if self.gradient_accumulation_steps:
            return ops.floor_divide(self._iterations, self.gradient_accumulation_steps)
        return self._iterations

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the state for these variables."""
        variables = list(variables)
        if self.use_ema:
            self._averages = self.add_optimizer_variables(variables, "average")
        if self.gradient_accumulation_steps:
            self._accumulated_gradients = self.add_optimizer_variables(
                variables, "gradient_accumulator"
            )
        self._index = {id(v): i for i, v in enumerate(variables)}
        self._trainable_variables = variables
        self.built = True

    def _get_variable_index(self, variable: Variable) -> int:
        """The place of a variable among those the optimizer was built with."""
        return self._index[id(variable)]

    # --- hyper-parameters ------------------------------------------------------------------------

    @property
    def learning_rate(self) -> Any:
        """The present learning rate: a variable, or the value of the schedule at this step.

        It can be set: `optimizer.learning_rate = 0.01`, or `optimizer.learning_rate.assign(0.01)`.
        """
        if isinstance(self._learning_rate, LearningRateSchedule):
            return self._learning_rate(self._iterations)
        if isinstance(self._learning_rate, Variable):
            return self._learning_rate
        return self._learning_rate()

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        self._set_learning_rate(learning_rate)

    def _set_learning_rate(self, learning_rate: Any) -> None:
        before = self._learning_rate
        if callable(learning_rate):
            self._learning_rate = learning_rate
            if isinstance(before, Variable):
                self._variables = [v for v in self._variables if v is not before]
            return
        if not isinstance(learning_rate, (Real, Tensor, Variable)):
            raise ValueError(
                f"Optimizer '{self.name}': learning_rate must be a number, a LearningRateSchedule "
                f"or a function without arguments, got {learning_rate!r}."
            )
        if before is None:
            value = Variable(
                learning_rate, dtype=settings.floatx(), trainable=False, name="learning_rate"
            )
            self._learning_rate = self._own(value)
        elif isinstance(before, Variable):
            before.assign(ops.cast(learning_rate, before.dtype))
        else:
            raise TypeError(
                f"Optimizer '{self.name}': its learning rate is a schedule and cannot be set to a "
                "number; make the optimizer with a number, or set another schedule."
            )

    def _at_step(self, hyper_parameter: HyperParameter, dtype: Any) -> Any:
        """A hyper-parameter at this step: the number itself, or a scalar from the schedule."""
        if isinstance(hyper_parameter, LearningRateSchedule):
            return ops.cast(hyper_parameter(self._iterations), dtype)
        return hyper_parameter

    # --- a step ----------------------------------------------------------------------------------

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Update one variable.

        Args:
            gradient: its gradient, of its shape and dtype.
            variable: the variable.
            learning_rate: a scalar of its dtype.
        """
        raise NotImplementedError(
            f"{type(self).__name__} does not define update_step(gradient, variable, learning_rate)."
        )

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """Update variables by pairs of gradient and variable. Returns the number of steps so far.

        >>> import thalweg as tw
        >>> v = tw.Variable(3.0)
        >>> with tw.GradientTape() as tape:
        ...     loss = v * v
        >>> optimizer = tw.optimizers.SGD(0.1)
        >>> _ = optimizer.apply_gradients(zip(tape.gradient(loss, [v]), [v]))
        >>> v.numpy()
        np.float32(2.4)
        """
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self._iterations

    def apply(self, grads: Sequence[Any], trainable_variables: Any = None) -> None:
        """Update variables by their gradients.

        Args:
            grads: a gradient for each variable; None leaves a variable as it is, with a warning.
            trainable_variables: the variables; by default those of `build`.
        """
        grads = list(grads)
        if trainable_variables is None and not self.built:
            raise ValueError(
                f"Optimizer '{self.name}': apply() without variables needs build(variables) first."
            )
        if trainable_variables is None:
            variables = self._trainable_variables
        else:
            variables = list(trainable_variables)
        if len(grads) != len(variables):
            raise ValueError(
                f"Optimizer '{self.name}': there must be one gradient for each variable, got "
                f"{len(grads)} gradients and {len(variables)} variables."
            )
        if not grads:
            return
        present = self._present(grads, variables)
        if not self.built:
            self.build(variables)
        self._check_known(variables)
        grads, variables = [g for g, _ in present], [v for _, v in present]
        if self.loss_scale_factor is not None:
            grads = [g / self.loss_scale_factor for g in grads]
        if self.gradient_accumulation_steps:
            self._accumulate(grads, variables, self.gradient_accumulation_steps)
        else:
            self._update(grads, variables)
        if self.use_ema:
            self._update_averages()
        for variable in variables:
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable.value))
        self._iterations.assign_add(1)

    def _present(
        self, grads: Sequence[Any], variables: Sequence[Variable]
    ) -> list[tuple[Tensor, Variable]]:
        """The gradients that are there, in the dtype of their variables, and these variables."""
        pairs = list(zip(grads, variables, strict=True))
        missing = [v for g, v in pairs if g is None]
        if missing:
            # A plain sentence for each: the tape that gave None knows why.
            why = "; ".join(f"'{v.path}' ({missing_reason(v).rstrip('.')})" for v in missing)
            if len(missing) == len(pairs):
                raise ValueError(
                    f"Optimizer '{self.name}': there is no gradient for any variable: {why}."
                )
            warnings.warn(
                f"Optimizer '{self.name}': there is no gradient for these variables, they stay as "
                f"they are: {why}.",
                stacklevel=4,
            )
        present = [(ops.cast(g, v.dtype), v) for g, v in pairs if g is not None]
        for g, v in present:
            if g.shape != v.shape:
                raise ValueError(
                    f"Optimizer '{self.name}': the gradient for Variable '{v.path}' has shape "
                    f"{g.shape}, expected {v.shape}."
                )
        return present

    def _check_known(self, variables: Sequence[Variable]) -> None:
        for v in variables:
            if id(v) not in self._index:
                raise ValueError(
                    f"Optimizer '{self.name}': Variable '{v.path}' is not among those that it was "
                    "built with; make a new optimizer for other variables."
                )

    def _update(self, grads: list[Tensor], variables: list[Variable]) -> None:
        """One update: clip, decay, then `update_step` for each variable."""
        grads = self._clip(grads)
        learning_rate = self.learning_rate
        self._decay(variables, learning_rate)
        self._begin_update()
        for gradient, variable in zip(grads, variables, strict=True):
            self.update_step(gradient, variable, ops.cast(learning_rate, variable.dtype))

    def _begin_update(self) -> None:
        """What an optimizer does once before it updates the variables."""

    def _accumulate(self, grads: list[Tensor], variables: list[Variable], steps: int) -> None:
        """Add the gradients up; on every `steps`-th step update with their mean."""
        sums = [self._accumulated_gradients[self._get_variable_index(v)] for v in variables]
        state = [*variables, *self._variables]

        def update() -> list[Tensor]:
            with StatelessScope() as scope:
                mean = [(g + s) / steps for g, s in zip(grads, sums, strict=True)]
                self._update(mean, variables)
                for s in sums:
                    s.assign(ops.zeros(s.shape, dtype=s.dtype))
            return [scope.get_current_value(v) for v in state]

        def wait() -> list[Tensor]:
            with StatelessScope() as scope:
                for g, s in zip(grads, sums, strict=True):
                    s.assign_add(g)
            return [scope.get_current_value(v) for v in state]

        due = ops.equal((self._iterations + 1) % steps, 0)
        for v, value in zip(state, ops.cond(due, update, wait), strict=True):
            v.assign(value)

    def _clip(self, grads: list[Tensor]) -> list[Tensor]:
        if self.clipnorm is not None:
            return [clip_by_norm(g, self.clipnorm) for g in grads]
        if self.global_clipnorm is not None:
            return clip_by_global_norm(grads, self.global_clipnorm)
        if self.clipvalue is not None:
            return [clip_by_value(g, self.clipvalue) for g in grads]
        return grads

    # --- weight decay ----------------------------------------------------------------------------

    def exclude_from_weight_decay(
        self, var_list: Iterable[Variable] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Name variables that weight decay leaves alone; before the first step.

        Args:
            var_list: the variables.
            var_names: regular expressions; a variable whose name contains a match is left alone.
        """
        if self.built:
            raise ValueError(
                f"Optimizer '{self.name}': exclude_from_weight_decay() must be called before the "
                "optimizer is built."
            )
        self._undecayed = {id(v) for v in var_list or ()}
        self._undecayed_names = list(var_names or ())

    def _decays(self, variable: Variable) -> bool:
        if id(variable) in self._undecayed:
            return False
        return not any(re.search(pattern, variable.name) for pattern in self._undecayed_names)

    def _decay(self, variables: Sequence[Variable], learning_rate: Any) -> None:
        if self.weight_decay is None:
            return
        for variable in variables:
            if self._decays(variable):
                share = self.weight_decay * ops.cast(learning_rate, variable.dtype)
                variable.assign_sub(variable * share)

    # --- moving averages -------------------------------------------------------------------------

    def _update_averages(self) -> None:
        iterations = ops.convert_to_tensor(self.iterations)
        for variable, average in zip(self._trainable_variables, self._averages, strict=True):
            # The first value is the variable itself.
            kept = ops.where(ops.equal(iterations, 0), 0.0, self.ema_momentum)
            kept = ops.cast(kept, variable.dtype)
            average.assign(kept * average + (1.0 - kept) * variable)
            if self.ema_overwrite_frequency:
                due = ops.equal((iterations + 1) % self.ema_overwrite_frequency, 0)
                variable.assign(ops.where(due, average, variable))

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Set the variables to their moving averages, if the optimizer keeps them (`use_ema`)."""
        if not self.use_ema:
            return
        self._check_known(var_list)
        for variable in var_list:
            variable.assign(self._averages[self._get_variable_index(variable)].value)

    # --- loss scale ------------------------------------------------------------------------------

    def scale_loss(self, loss: Any) -> Any:
        """The loss times `loss_scale_factor`, whose gradients `apply` scales back."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    # --- the same as a pure function -------------------------------------------------------------

    def stateless_apply(
        self,
        optimizer_variables: Sequence[Any],
        grads: Sequence[Any],
        trainable_variables: Sequence[Any],
    ) -> tuple[list[Tensor], list[Tensor]]:
        """The values that `apply` would give the variables and the state, which stay as they are.

        Args:
            optimizer_variables: the values of `variables` to start from.
            grads: a gradient for each variable of `build`.
            trainable_variables: their values to start from.

        Returns:
            The new values of the variables, and those of `variables`.
        """
        if not self.built:
            raise ValueError(
                f"Optimizer '{self.name}': stateless_apply() needs build(variables) first."
            )
        state = self.variables
        if len(optimizer_variables) != len(state):
            raise ValueError(
                f"Optimizer '{self.name}': optimizer_variables must have one value for each of its "
                f"{len(state)} variables, got {len(optimizer_variables)}."
            )
        trained = self._trainable_variables
        if len(trainable_variables) != len(trained):
            raise ValueError(
                f"Optimizer '{self.name}': trainable_variables must have one value for each of the "
                f"{len(trained)} variables of build(), got {len(trainable_variables)}."
            )
        given = [*optimizer_variables, *trainable_variables]
        with StatelessScope(zip([*state, *trained], given, strict=True)) as scope:
            self.apply(grads)
        return (
            [scope.get_current_value(v) for v in trained],
            [scope.get_current_value(v) for v in state],
        )

    # --- configuration ---------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor, as plain values."""
        rate = self._learning_rate
        return {
            "name": self.name,
            "learning_rate": (
                float(rate) if isinstance(rate, Variable) else serialize_keras_object(rate)
            ),
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            "use_ema": self.use_ema,
            "ema_momentum": self.ema_momentum,
            "ema_overwrite_frequency": self.ema_overwrite_frequency,
            "loss_scale_factor": self.loss_scale_factor,
            "gradient_accumulation_steps": self.gradient_accumulation_steps,
        }

    def _described(self, *attributes: str) -> dict[str, Any]:
        """Attributes for a configuration, schedules as theirs."""
        return {key: serialize_keras_object(getattr(self, key)) for key in attributes}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> Self:
        """An optimizer with the arguments that `get_config` gave."""
        return cls(**deserialize_keras_object(dict(config), custom_objects))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"
