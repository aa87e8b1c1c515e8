"""Input: where a functional model begins."""

from __future__ import annotations

from typing import Any, Self

from thalweg import config
from thalweg.layers.layer import Layer
from thalweg.layers.symbolic import KerasTensor, Node
from thalweg.registry import serializable

__all__ = ["Input", "InputLayer"]


@serializable("keras.layers")
class InputLayer(Layer):
    """The layer behind `Input`; it has no weights and passes its input on.

    Args:
        shape: the shape of one sample.
        batch_size: the batch's length; None if it may vary.
        dtype: the dtype of the input.
        batch_shape: the shape with the batch's length, instead of `shape` and `batch_size`.
        name: the input's name, by which data can be given in a dict.
        optional: whether None may be given.
    """

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Any = None,
        input_tensor: KerasTensor | None = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if sparse or ragged:
            raise ValueError(f"Input '{self.name}': sparse and ragged inputs are not supported.")
        if input_tensor is not None:
            batch_shape, dtype = input_tensor.shape, dtype or input_tensor.dtype
        if (shape is None) == (batch_shape is None):
            raise ValueError(
                f"Input '{self.name}': give either shape or batch_shape, got shape={shape} and "
                f"batch_shape={batch_shape}."
            )
        if batch_shape is None:
            batch_shape = (batch_size, *([shape] if isinstance(shape, int) else shape))
        for n in batch_shape:
            if n is not None and (not isinstance(n, int) or n < 0):
                raise ValueError(
                    f"Input '{self.name}': lengths must be None or not negative, got {batch_shape}."
                )
        self.batch_shape = tuple(batch_shape)
        self.optional = optional
        self._input_dtype = KerasTensor((), dtype or config.floatx(), name="dtype").dtype.name
        self.built = True
        tensor = input_tensor or KerasTensor(self.batch_shape, self._input_dtype, name=self.name)
        Node(self, (), {}, tensor)

    def call(self) -> Any:
        """An input has nothing to compute."""
        raise ValueError(f"Input '{self.name}' is where a model begins; it cannot be called.")

    @property
    def dtype(self) -> str:
        return self._input_dtype

    def get_config(self) -> dict[str, Any]:
        return {
            "batch_shape": list(self.batch_shape),
            "dtype": self._input_dtype,
            "sparse": False,
            "ragged": False,
            "name": self.name,
            "optional": self.optional,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        config = dict(config)
        if "batch_input_shape" in config:  # Keras 2
            config["batch_shape"] = config.pop("batch_input_shape")
        return cls(**config)


def Input(
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Any = None,
    name: str | None = None,
    tensor: KerasTensor | None = None,
    optional: bool = False,
) -> Any:
    """A symbolic tensor from which a functional model is built.

    Args:
        shape: the shape of one sample, for example `(28, 28, 1)`.
        batch_size: the batch's length; None (the default) if it may vary.
        dtype: the dtype, by default float32.
        batch_shape: the shape with the batch's length, instead of `shape` and `batch_size`.
        name: the input's name.
        tensor: a symbolic tensor to use as the input.
        optional: whether None may be given for it.

    >>> import thalweg as tw
    >>> x = tw.Input((3,))
    >>> tw.layers.Dense(2)(x).shape
    (None, 2)
    """
    layer = InputLayer(
        shape=shape,
        batch_size=batch_size,
        dtype=dtype,
        sparse=sparse,
        ragged=ragged,
        batch_shape=batch_shape,
        input_tensor=tensor,
        optional=optional,
        name=name,
    )
    return layer.output
