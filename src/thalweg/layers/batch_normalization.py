"""BatchNormalization: each channel with mean 0 and variance 1 over the batch."""

from __future__ import annotations

from typing import Any

from thalweg import config, ops
from thalweg.layers.arguments import error, known_length, refuse
from thalweg.layers.input_spec import InputSpec
from thalweg.layers.layer import Layer
from thalweg.layers.weights import set_weight_options, weight_config, weight_options
from thalweg.registry import serializable
from thalweg.tensor.dtypes import result_type
from thalweg.tensor.variable import Variable

__all__ = ["BatchNormalization"]


@serializable("keras.layers")
class BatchNormalization(Layer):
    """`gamma * (inputs - mean) / sqrt(variance + epsilon) + beta` (arXiv:1502.03167).

    While training, mean and (biased) variance are those of the batch, for each channel, and the
    moving averages take them up: `moving = moving * momentum + batch * (1 - momentum)`. Otherwise,
    and while `trainable` is False, the moving averages are used. Masked places do not count. All of
    it is computed in float32 at least.

    Args:
        axis: the axis of the channels.
        momentum: of the moving averages.
        epsilon: keeps the root from zero.
        center: whether to add `beta`.
        scale: whether to multiply by `gamma`.
        beta_initializer: how `beta`, of shape (channels,), starts.
        gamma_initializer: how `gamma` starts.
        moving_mean_initializer: how the moving mean starts.
        moving_variance_initializer: how the moving variance starts.
        beta_regularizer: a penalty on `beta`.
        gamma_regularizer: a penalty on `gamma`.
        beta_constraint: applied to `beta` after each update.
        gamma_constraint: applied to `gamma` after each update.
        renorm: not supported, nor is `renorm_clipping`.
        synchronized: not supported.

    >>> import thalweg as tw
    >>> layer = tw.layers.BatchNormalization(epsilon=0.0)
    >>> layer(tw.constant([[1.0], [3.0]]), training=True).numpy()
    array([[-1.],
           [ 1.]], dtype=float32)
    """

    gamma: Variable | None
    beta: Variable | None
    moving_mean: Variable
    moving_variance: Variable

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        refuse(self, renorm=renorm, renorm_clipping=renorm_clipping, synchronized=synchronized)
        if isinstance(axis, bool) or not isinstance(axis, int):
            raise error(self, f"axis must be an integer, got {axis!r}.")
        self.axis = axis
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.renorm_momentum = renorm_momentum
        set_weight_options(
            self,
            beta=(beta_initializer, beta_regularizer, beta_constraint),
            gamma=(gamma_initializer, gamma_regularizer, gamma_constraint),
            moving_mean=(moving_mean_initializer, None, None),
            moving_variance=(moving_variance_initializer, None, None),
        )
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        if not -len(input_shape) <= self.axis < len(input_shape):
            raise error(
                self, f"axis {self.axis} is out of range for an input of shape {input_shape}."
            )
        channels = known_length(self, input_shape, self.axis)

        def weight(name: str, trainable: bool) -> Variable:
            return self.add_weight(
                (channels,),
                name=name,
                trainable=trainable,
                autocast=False,
                **weight_options(self, name),
            )

        self.gamma = weight("gamma", True) if self.scale else None
        self.beta = weight("beta", True) if self.center else None
        self.moving_mean = weight("moving_mean", False)
        self.moving_variance = weight("moving_variance", False)
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: channels})

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        # Sums over a batch overflow half precision.
        x = ops.cast(inputs, result_type(inputs.dtype, "float32"))
        mean = ops.cast(self.moving_mean, x.dtype)
        variance = ops.cast(self.moving_variance, x.dtype)
        if training and self.trainable:
            old_mean, old_variance = mean, variance
            mean, variance = self._moments(x, mask)
            self.moving_mean.assign(self._moved(old_mean, mean))
            self.moving_variance.assign(self._moved(old_variance, variance))
        y = ops.batch_normalization(
            x,
            mean,
            variance,
            axis=self.axis,
            offset=self.beta,
            scale=self.gamma,
            epsilon=self.epsilon,
        )
        return ops.cast(y, self.compute_dtype)

    def _moved(self, average: Any, new: Any) -> Any:
        return average * self.momentum + new * (1.0 - self.momentum)

    def _moments(self, x: Any, mask: Any) -> tuple[Any, Any]:
        channels = self.axis % len(x.shape)
        axes = [a for a in range(len(x.shape)) if a != channels]
        if mask is None:
            mean, variance = ops.moments(x, axes)
            return mean, variance
        if len(mask.shape) != len(x.shape) - 1:
            raise error(
                self,
                f"mask must have one axis less than the input, got shapes {tuple(mask.shape)} and "
                f"{tuple(x.shape)}.",
            )
        kept = ops.broadcast_to(ops.expand_dims(ops.cast(mask, "bool"), axis=-1), x.shape)
        # An empty batch divides by epsilon instead of zero.
        count = ops.sum(ops.cast(kept, x.dtype), axes, keepdims=True) + config.epsilon()
        mean = ops.sum(ops.where(kept, x, 0), axes, keepdims=True) / count
        squares = ops.square(ops.where(kept, x - mean, 0))
        variance = ops.sum(squares, axes, keepdims=True) / count
        shape = (x.shape[channels],)
        return ops.reshape(mean, shape), ops.reshape(variance, shape)

    def get_config(self) -> dict[str, Any]:
        weights = weight_config(self, "beta", "gamma")
        moving = weight_config(self, "moving_mean", "moving_variance")
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            **weights,
            **{k: v for k, v in moving.items() if k.endswith("_initializer")},
            "synchronized": False,
            "renorm": False,
            "renorm_clipping": None,
            "renorm_momentum": self.renorm_momentum,
        }
