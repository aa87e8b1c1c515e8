"""Normalisation of each sample by itself: LayerNormalization and GroupNormalization.

Both have a trained scale and offset, `gamma` and `beta`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import ops
from thalweg.layers.arguments import error, known_length, refuse
from thalweg.layers.input_spec import InputSpec
from thalweg.layers.layer import Layer
from thalweg.layers.weights import set_weight_options, weight_config, weight_options
from thalweg.registry import serializable
from thalweg.tensor.dtypes import result_type
from thalweg.tensor.variable import Variable

__all__ = ["GroupNormalization", "LayerNormalization"]


class _Scaled(Layer):
    """What both share: scale and offset."""

    gamma: Variable | None
    beta: Variable | None

    def __init__(
        self,
        axis: Any,
        epsilon: float,
        center: bool,
        scale: bool,
        beta: tuple[Any, Any, Any],
        gamma: tuple[Any, Any, Any],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        set_weight_options(self, beta=beta, gamma=gamma)
        self.supports_masking = True

    def _add_weights(self, shape: tuple[int, ...]) -> None:
        def weight(name: str) -> Variable:
            return self.add_weight(shape, name=name, autocast=False, **weight_options(self, name))

        self.gamma = weight("gamma") if self.scale else None
        self.beta = weight("beta") if self.center else None

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            **weight_config(self, "beta", "gamma"),
        }


@serializable("keras.layers")
class LayerNormalization(_Scaled):
    """`gamma * (inputs - mean) / sqrt(variance + epsilon) + beta` for each sample.

    Mean and variance are over `axis` (Ba et al., arXiv:1607.06450).

    Args:
        axis: the axis, or a list of axes, over which values are normalised.
        epsilon: keeps the root from zero.
        center: whether to add `beta`.
        scale: whether to multiply by `gamma`.
        beta_initializer: how `beta`, of the lengths of `axis`, starts.
        gamma_initializer: how `gamma`, of the same shape, starts.
        beta_regularizer: a penalty on `beta`.
        gamma_regularizer: a penalty on `gamma`.
        beta_constraint: applied to `beta` after each update.
        gamma_constraint: applied to `gamma` after each update.

    >>> import thalweg as tw
    >>> tw.layers.LayerNormalization(epsilon=0.0)(tw.constant([[1.0, 3.0]])).numpy()
    array([[-1.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        *,
        rms_scaling: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            list(axis) if isinstance(axis, (list, tuple)) else axis,
            epsilon,
            center,
            scale,
            (beta_initializer, beta_regularizer, beta_constraint),
            (gamma_initializer, gamma_regularizer, gamma_constraint),
            **kwargs,
        )
        refuse(self, rms_scaling=rms_scaling)

    def _axes(self, rank: int) -> list[int]:
        axes = self.axis if isinstance(self.axis, list) else [self.axis]
        if any(not -rank <= a < rank for a in axes):
            raise error(self, f"axis {self.axis} is out of range for an input with {rank} axes.")
        return sorted(a % rank for a in axes)

    def build(self, input_shape: Any) -> None:
        axes = self._axes(len(input_shape))
        self._add_weights(tuple(known_length(self, input_shape, a) for a in axes))

    def call(self, inputs: Any) -> Any:
        axes = self._axes(len(inputs.shape))
        y = ops.layer_normalization(inputs, self.gamma, self.beta, axes, self.epsilon)
        return ops.cast(y, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rms_scaling": False}


@serializable("keras.layers")
class GroupNormalization(_Scaled):
    """As `LayerNormalization`, for each group of channels (Wu and He, arXiv:1803.08494).

    Args:
        groups: into how many groups the channels are split; -1 for one for each channel.
        axis: the axis of the channels.
        epsilon: keeps the root from zero.
        center: whether to add `beta`.
        scale: whether to multiply by `gamma`.
        beta_initializer: how `beta`, of shape (channels,), starts.
        gamma_initializer: how `gamma`, of shape (channels,), starts.
        beta_regularizer: a penalty on `beta`.
        gamma_regularizer: a penalty on `gamma`.
        beta_constraint: applied to `beta` after each update.
        gamma_constraint: applied to `gamma` after each update.
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            axis,
            epsilon,
            center,
            scale,
            (beta_initializer, beta_regularizer, beta_constraint),
            (gamma_initializer, gamma_regularizer, gamma_constraint),
            **kwargs,
        )
        if isinstance(groups, bool) or not isinstance(groups, int) or groups < -1 or groups == 0:
            raise error(self, f"groups must be a positive integer or -1, got {groups!r}.")
        self.groups = groups

    def build(self, input_shape: Any) -> None:
        rank = len(input_shape)
        if not -rank <= self.axis < rank or self.axis % rank == 0:
            raise error(
                self, f"axis {self.axis} is out of range for an input of shape {input_shape}."
            )
        channels = known_length(self, input_shape, self.axis)
        if self.groups == -1:
            self.groups = channels
        if channels % self.groups:
            raise error(
                self,
                f"the number of channels must be a multiple of groups={self.groups}, got "
                f"{channels} channels.",
            )
        self._add_weights((channels,))
        self.input_spec = InputSpec(ndim=rank, axes={self.axis: channels})

    def call(self, inputs: Any) -> Any:
        axis = self.axis % len(inputs.shape)
        before, channels, after = (
            inputs.shape[:axis],
            inputs.shape[axis],
            inputs.shape[axis + 1 :],
        )
        x = ops.cast(inputs, result_type(inputs.dtype, "float32"))
        x = ops.reshape(x, (*before, self.groups, channels // self.groups, *after))
        over = [a for a in range(1, len(x.shape)) if a != axis]
        mean, variance = ops.moments(x, over, keepdims=True)
        x = (x - mean) * ops.rsqrt(variance + self.epsilon)
        x = ops.reshape(x, inputs.shape)
        along = (channels, *[1] * len(after))
        if self.gamma is not None:
            x = x * ops.reshape(self.gamma, along)
        if self.beta is not None:
            x = x + ops.reshape(self.beta, along)
        return ops.cast(x, self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "groups": self.groups}
