"""LearningRateSchedule, the base class: a number that depends on the step of training."""

from __future__ import annotations

from typing import Any, Self

from thalweg import config as settings
from thalweg import ops
from thalweg.registry import deserialize_keras_object, serializable, serialize_keras_object
from thalweg.tensor.tensor import Tensor

__all__ = ["MODULE", "LearningRateSchedule", "as_float", "check_steps", "deserialize", "serialize"]

# Where Keras exports schedules; the registry files them under this name.
MODULE = "keras.optimizers.schedules"


@serializable(MODULE)
class LearningRateSchedule:
    """Base class: override `__call__(step)`, made of operations, and `get_config`.

    An optimizer takes a schedule wherever it takes a learning rate; momenta and the like too.

    >>> import thalweg as tw
    >>> class Halving(tw.optimizers.schedules.LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.1 * 0.5 ** tw.ops.cast(step, "float32")
    >>> optimizer = tw.optimizers.SGD(Halving())
    >>> optimizer.learning_rate.numpy()
    np.float32(0.1)
    """

    def __call__(self, step: Any) -> Any:
        """The value at a step (an integer tensor; the first step is 0)."""
        raise NotImplementedError(f"{type(self).__name__} does not define __call__(step).")

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor, as plain values."""
        raise NotImplementedError(f"{type(self).__name__} does not define get_config().")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A schedule with the arguments that `get_config` gave."""
        return cls(**config)


def as_float(step: Any) -> Tensor:
    """The step as a tensor of the default float type."""
    return ops.cast(step, settings.floatx())


def check_steps(schedule: LearningRateSchedule, argument: str, steps: float) -> None:
    """Raise `ValueError` unless a number of steps is positive."""
    if not steps > 0:
        raise ValueError(f"{type(schedule).__name__}: {argument} must be > 0, got {steps!r}.")


def serialize(learning_rate_schedule: LearningRateSchedule) -> Any:
    """The configuration of a schedule."""
    return serialize_keras_object(learning_rate_schedule)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The schedule that `serialize` wrote down."""
    return deserialize_keras_object(config, custom_objects)
