"""Activation functions as layers: Activation (any), ReLU, LeakyReLU, ELU, Softmax, PReLU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import activations, ops
from thalweg.layers.arguments import known_length, not_negative
from thalweg.layers.input_spec import InputSpec
from thalweg.layers.layer import Layer
from thalweg.layers.weights import set_weight_options, weight_config, weight_options
from thalweg.registry import serializable
from thalweg.tensor.variable import Variable

__all__ = ["ELU", "Activation", "LeakyReLU", "PReLU", "ReLU", "Softmax"]


@serializable("keras.layers")
class Activation(Layer):
    """`activation(inputs)`, element by element.

    Args:
        activation: a name or function of `thalweg.activations`, or any function of a tensor.

    >>> import thalweg as tw
    >>> tw.layers.Activation("relu")(tw.constant([-1.0, 2.0])).numpy()
    array([0., 2.], dtype=float32)
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "activation": activations.serialize(self.activation),
        }


@serializable("keras.layers")
class ReLU(Layer):
    """`max(inputs, 0)`; in general as `activations.relu`.

    Args:
        max_value: the largest output; None for no limit.
        negative_slope: the slope below the threshold.
        threshold: where it begins to return the input.
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else not_negative(self, "max_value", max_value)
        self.negative_slope = not_negative(self, "negative_slope", negative_slope)
        self.threshold = not_negative(self, "threshold", threshold)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return activations.relu(
            inputs,
            negative_slope=self.negative_slope,
            max_value=self.max_value,
            threshold=self.threshold,
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }


@serializable("keras.layers")
class LeakyReLU(Layer):
    """The input where it is positive, else `negative_slope` times the input."""

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.negative_slope = not_negative(self, "negative_slope", negative_slope)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return activations.leaky_relu(inputs, negative_slope=self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "negative_slope": self.negative_slope}


@serializable("keras.layers")
class ELU(Layer):
    """The input where it is positive, else `alpha * (exp(input) - 1)`."""

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return activations.elu(inputs, alpha=self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


@serializable("keras.layers")
class Softmax(Layer):
    """`exp(inputs) / sum(exp(inputs))` along one axis or several.

    Args:
        axis: the axis, or a list of axes that are normalised together.

    Called with `mask=` (true where an input counts), masked places get 0.

    >>> import thalweg as tw
    >>> x = tw.constant([[1.0, 1.0, 1.0]])
    >>> tw.layers.Softmax()(x, mask=tw.constant([[True, True, False]])).numpy()
    array([[0.5, 0.5, 0. ]], dtype=float32)
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = list(axis) if isinstance(axis, (list, tuple)) else axis
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        axis = tuple(self.axis) if isinstance(self.axis, list) else self.axis
        if mask is None:
            return ops.softmax(inputs, axis=axis)
        mask = ops.cast(mask, "bool")
        lowest = -3e4 if inputs.dtype.name == "float16" else -1e9
        # Where everything is masked the softmax is uniform; there, too, masked places get 0.
        return ops.where(mask, ops.softmax(ops.where(mask, inputs, lowest), axis=axis), 0.0)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


@serializable("keras.layers")
class PReLU(Layer):
    """The input where it is positive, else `alpha` times the input, with a trained `alpha`.

    Args:
        alpha_initializer: how `alpha`, of the shape of one sample, starts.
        alpha_regularizer: a penalty on it.
        alpha_constraint: applied to it after each update.
        shared_axes: axes along which `alpha` is the same, for example `[1, 2]` of images.
    """

    alpha: Variable

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        set_weight_options(self, alpha=(alpha_initializer, alpha_regularizer, alpha_constraint))
        if shared_axes is None:
            self.shared_axes = None
        else:
            self.shared_axes = [shared_axes] if isinstance(shared_axes, int) else list(shared_axes)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        shared = self.shared_axes or []
        shape = [
            1 if axis in shared else known_length(self, input_shape, axis)
            for axis in range(1, len(input_shape))
        ]
        self.alpha = self.add_weight(shape, name="alpha", **weight_options(self, "alpha"))
        axes = {axis: n for axis, n in enumerate(input_shape) if axis and axis not in shared}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=axes)

    def call(self, inputs: Any) -> Any:
        return ops.relu(inputs) - self.alpha * ops.relu(-inputs)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            **weight_config(self, "alpha"),
            "shared_axes": self.shared_axes,
        }
