"""Loss, the base class, and the loss that a function makes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from thalweg import config as settings
from thalweg import ops
from thalweg.losses.reduction import (
    check_reduction,
    reduce_weighted_values,
    squeeze_or_expand_to_same_rank,
)
from thalweg.naming import auto_name
from thalweg.registry import (
    deserialize_keras_object,
    serializable,
    serialize_keras_object,
)
from thalweg.tensor.dtypes import as_dtype
from thalweg.tensor.tensor import Tensor
from thalweg.tracing.traceable import traceable

__all__ = ["MODULE", "Loss", "LossFunctionWrapper"]

# Where Keras exports losses; the registry files them under this name.
MODULE = "keras.losses"


@serializable(MODULE)
class Loss:
    """Base class: override `call(y_true, y_pred)`, which returns the loss of each element.

    Args:
        name: the loss's name; by default made from the class's.
        reduction: how the losses of the elements become one: `'sum_over_batch_size'` or `'mean'`
            (the mean over the elements; a mask's False ones do not count), `'sum'`,
            `'mean_with_sample_weight'` (divides by the sum of the weights), `'none'` or None.
        dtype: the dtype to compute in; by default the default float type.

    >>> import thalweg as tw
    >>> class Quartic(tw.losses.Loss):
    ...     def call(self, y_true, y_pred):
    ...         return tw.ops.mean((y_true - y_pred) ** 4, axis=-1)
    >>> Quartic()([[1.0], [2.0]], [[1.0], [4.0]]).numpy()
    np.float32(8.0)
    """

    def __init__(
        self,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        self.name = name or auto_name(type(self).__name__)
        self.reduction = check_reduction(self.name, reduction)
        self.dtype: str = as_dtype(dtype or settings.floatx()).name

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """The loss, reduced.

        Args:
            y_true: the true values.
            y_pred: the predictions; their mask, if a layer gave them one, is respected.
            sample_weight: a scalar, one weight for each sample, or one for each element.
        """
        mask = getattr(y_pred, "_keras_mask", None)
        losses = self.call(self._converted(y_true), self._converted(y_pred))
        own_mask = getattr(losses, "_keras_mask", None)
        if own_mask is not None:
            mask = own_mask if mask is None else ops.logical_and(mask, own_mask)
        return reduce_weighted_values(
            losses, sample_weight, mask, self.reduction, self.dtype, self.name
        )

    def _converted(self, y: Any) -> Any:
        """Tensors of the loss's dtype; a list of plain numbers is one tensor, not a structure."""
        if isinstance(y, dict):
            return {key: self._converted(value) for key, value in y.items()}
        if isinstance(y, (list, tuple)) and any(hasattr(item, "dtype") for item in y):
            return [self._converted(item) for item in y]
        return ops.convert_to_tensor(y, dtype=self.dtype)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each element, before the reduction."""
        raise NotImplementedError(f"{type(self).__name__} does not define call(y_true, y_pred).")

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor, as plain values."""
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A loss with the arguments that `get_config` gave."""
        return cls(**config)


@serializable(MODULE)
class LossFunctionWrapper(Loss):
    """The loss that a function `fn(y_true, y_pred, **kwargs)` of tensors makes.

    Args:
        fn: returns the loss of each element, usually the mean over the last axis.
        reduction: as in `Loss`.
        name: the loss's name; by default the function's.
        dtype: as in `Loss`.
        kwargs: further arguments for the function.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name or getattr(fn, "__name__", None), reduction, dtype)
        self.fn = fn
        self._fn_kwargs = kwargs

    def call(self, y_true: Any, y_pred: Any) -> Any:
        if isinstance(y_true, Tensor) and isinstance(y_pred, Tensor):
            y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
        return traceable(self.fn)(y_true, y_pred, **self._fn_kwargs)

    def get_config(self) -> dict[str, Any]:
        config = {**super().get_config(), **serialize_keras_object(self._fn_kwargs)}
        # The subclasses here each know their function.
        if type(self) is LossFunctionWrapper:
            config["fn"] = serialize_keras_object(self.fn)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        if "fn" in config:
            config = {**config, "fn": deserialize_keras_object(config["fn"])}
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} {self._fn_kwargs}>"
