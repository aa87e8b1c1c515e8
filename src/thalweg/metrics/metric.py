"""Metric, the base class: numbers kept in variables while batches go by, and a result from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Self

from thalweg import config as settings
from thalweg import initializers, ops
from thalweg.naming import auto_name
from thalweg.registry import serializable
from thalweg.tensor.dtypes import as_dtype
from thalweg.tensor.scope import StatelessScope
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable

__all__ = ["MODULE", "Metric"]

# Where Keras exports metrics; the registry files them under this name.
MODULE = "keras.metrics"


@serializable(MODULE)
class Metric:
    """Base class: make variables in `__init__`, override `update_state` and `result`.

    Both must be made of operations and `assign`, with no decisions in Python over values, so that
    they can be compiled together with the training step.

    Args:
        dtype: the dtype to compute in; by default the default float type.
        name: the metric's name; by default made from the class's.

    >>> import thalweg as tw
    >>> class Largest(tw.metrics.Metric):
    ...     def __init__(self, name="largest", dtype=None):
    ...         super().__init__(dtype, name)
    ...         self.largest = self.add_weight(name="largest")
    ...
    ...     def update_state(self, values, sample_weight=None):
    ...         self.largest.assign(tw.ops.maximum(self.largest, tw.ops.max(values)))
    ...
    ...     def result(self):
    ...         return self.largest.value
    >>> metric = Largest()
    >>> metric.update_state([1.0, 5.0])
    >>> metric([2.0]).numpy()
    np.float32(5.0)
    """

    # Whether larger ('up') or smaller ('down') values are better, where that is known; callbacks
    # with mode='auto' ask for it.
    _direction: ClassVar[str | None] = None

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = name or auto_name(type(self).__name__)
        self.dtype: str = as_dtype(dtype or settings.floatx()).name
        self._variables: list[Variable] = []

    def add_variable(
        self,
        shape: Sequence[int] = (),
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> Variable:
        """A new variable of the metric.

        Args:
            shape: lengths of its axes.
            initializer: how it starts.
            dtype: by default the default float type.
            aggregation: accepted for compatibility with Keras; there is one replica here.
            name: the variable's name.
        """
        variable = Variable(
            initializers.get(initializer),
            shape=tuple(shape),
            dtype=dtype or settings.floatx(),
            trainable=False,
            name=name,
        )
        variable.path = f"{self.name}/{variable.name}"
        self._variables.append(variable)
        return variable

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = "zeros",
        dtype: Any = None,
        name: str | None = None,
    ) -> Variable:
        """A new variable of the metric; another name for `add_variable`."""
        return self.add_variable(shape, initializer, dtype, name=name)

    @property
    def variables(self) -> list[Variable]:
        """The metric's variables, then those of metrics that are its attributes."""
        found = {id(v): v for v in self._variables}
        for value in vars(self).values():
            for v in _variables_in(value):
                found.setdefault(id(v), v)
        return list(found.values())

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Take one batch into account."""
        raise NotImplementedError(f"{type(self).__name__} does not define update_state().")

    def result(self) -> Any:
        """The metric over all batches since the last reset."""
        raise NotImplementedError(f"{type(self).__name__} does not define result().")

    def reset_state(self) -> None:
        """Set all variables to zero."""
        for v in self.variables:
            v.assign(ops.zeros(v.shape, dtype=v.dtype))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Update, then the result."""
        self.update_state(*args, **kwargs)
        return self.result()

    # --- the same as pure functions of the variables' values -------------------------------------

    def stateless_update_state(
        self, metric_variables: Sequence[Any], *args: Any, **kwargs: Any
    ) -> list[Tensor]:
        """The values that `update_state` would give `variables`, which stay as they are.

        Args:
            metric_variables: the values to start from, one for each of `variables`.
            args: arguments of `update_state`, like `kwargs`.
        """
        with self._scope(metric_variables) as scope:
            self.update_state(*args, **kwargs)
        return [scope.get_current_value(v) for v in self.variables]

    def stateless_result(self, metric_variables: Sequence[Any]) -> Any:
        """The result for these values of `variables`."""
        with self._scope(metric_variables):
            return self.result()

    def stateless_reset_state(self) -> list[Tensor]:
        """The values that `reset_state` would give `variables`."""
        with StatelessScope() as scope:
            self.reset_state()
        return [scope.get_current_value(v) for v in self.variables]

    def _scope(self, values: Sequence[Any]) -> StatelessScope:
        variables = self.variables
        if len(values) != len(variables):
            raise ValueError(
                f"Metric '{self.name}': metric_variables must have one value for each of its "
                f"{len(variables)} variables, got {len(values)}."
            )
        return StatelessScope(zip(variables, values, strict=True))

    # --- configuration ---------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor, as plain values."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A metric with the arguments that `get_config` gave."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _variables_in(value: Any) -> Iterator[Variable]:
    if isinstance(value, Variable):
        yield value
    elif isinstance(value, Metric):
        yield from value.variables
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _variables_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _variables_in(item)
