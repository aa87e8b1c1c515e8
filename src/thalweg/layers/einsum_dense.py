"""EinsumDense: a dense layer whose sums of products are written as an einsum equation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from thalweg import activations, ops, regularizers
from thalweg.initializers import VarianceScaling
from thalweg.layers.arguments import error, refuse
from thalweg.layers.input_spec import InputSpec
from thalweg.layers.layer import Layer
from thalweg.layers.weights import set_weight_options, weight_config, weight_options
from thalweg.registry import serializable
from thalweg.tensor.variable import Variable

__all__ = ["EinsumDense"]

_EQUATION = re.compile(r"(\.\.\.)?([a-zA-Z]+)(\.\.\.)?,([a-zA-Z]+)->(\.\.\.)?([a-zA-Z]+)(\.\.\.)?")


@serializable("keras.layers")
class EinsumDense(Layer):
    """`activation(einsum(equation, inputs, kernel) + bias)`.

    Args:
        equation: for example `'abc,cd->abd'`; `...` on the left or on the right of inputs and
            output stands for further axes.
        output_shape: the output's lengths without the batch and without `...`; None for lengths
            that the input has too.
        activation: a name or function; None for none.
        bias_axes: the output's letters that the bias has; None for no bias.
        kernel_initializer: how the kernel starts; its shape follows from the equation.
        bias_initializer: how the bias starts.
        kernel_regularizer: a penalty on the kernel.
        bias_regularizer: a penalty on the bias.
        kernel_constraint: applied to the kernel after each update.
        bias_constraint: applied to the bias after each update.
        lora_rank: not supported, nor are `lora_alpha`, `gptq_unpacked_column_size` and
            `quantization_config`.

    >>> import thalweg as tw
    >>> layer = tw.layers.EinsumDense("abc,cd->abd", output_shape=(None, 64), bias_axes="d")
    >>> layer(tw.ops.ones((2, 3, 5))).shape
    (2, 3, 64)
    """

    kernel: Variable
    bias: Variable | None

    def __init__(
        self,
        equation: str,
        output_shape: int | Sequence[int | None],
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        gptq_unpacked_column_size: int | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        refuse(
            self,
            lora_rank=lora_rank,
            lora_alpha=lora_alpha,
            gptq_unpacked_column_size=gptq_unpacked_column_size,
            quantization_config=quantization_config,
        )
        found = _EQUATION.fullmatch(equation.replace(" ", ""))
        if (
            found is None
            or (found[1], found[3]) != (found[5], found[7])
            or None not in (found[1], found[3])
        ):
            raise error(
                self,
                "equation must be like 'ab,bc->ac', '...ab,bc->...ac' or 'ab...,bc->ac...', got "
                f"{equation!r}.",
            )
        self.equation = equation
        self._elided = "left" if found[1] else "right" if found[3] else None
        self._labels = found[2], found[4], found[6]
        shape = [output_shape] if isinstance(output_shape, int) else output_shape
        self.partial_output_shape = tuple(shape)
        self.activation = activations.get(activation)
        self.bias_axes = bias_axes
        set_weight_options(
            self,
            kernel=(kernel_initializer, kernel_regularizer, kernel_constraint),
            bias=(bias_initializer, bias_regularizer, bias_constraint),
        )

    def _lengths(self, input_shape: Sequence[int | None]) -> dict[str, int | None]:
        """The length of each letter, from the input and from `output_shape`."""
        inputs, _, outputs = self._labels
        if len(input_shape) < len(inputs) or (
            self._elided is None and len(input_shape) != len(inputs)
        ):
            raise error(
                self,
                f"an input of shape {tuple(input_shape)} does not fit the equation "
                f"{self.equation!r}.",
            )
        near = input_shape[-len(inputs) :] if self._elided == "left" else input_shape
        lengths = dict(zip(inputs, near, strict=False))
        # The first letter is the batch, unless `...` stands before it.
        given = outputs if self._elided == "left" else outputs[1:]
        if len(given) != len(self.partial_output_shape):
            raise error(
                self,
                f"output_shape {self.partial_output_shape} must have a length (or None) for each "
                f"of {given!r} in the equation {self.equation!r}.",
            )
        for letter, n in zip(given, self.partial_output_shape, strict=True):
            known = lengths.get(letter)
            if None not in (n, known) and n != known:
                raise error(
                    self,
                    f"output_shape has length {n} for {letter!r} in {self.equation!r}, the input "
                    f"of shape {tuple(input_shape)} has {known}.",
                )
            lengths[letter] = known if n is None else n
        return lengths

    def build(self, input_shape: Any) -> None:
        inputs, weights, outputs = self._labels
        lengths = self._lengths(input_shape)
        unknown = [letter for letter in weights if lengths.get(letter) is None]
        if unknown or not set(outputs) <= {*inputs, *weights}:
            raise error(
                self,
                f"the equation {self.equation!r} with output_shape {self.partial_output_shape} "
                f"and an input of shape {tuple(input_shape)} leaves lengths open.",
            )
        options = weight_options(self, "kernel")
        start = options["initializer"]
        if isinstance(start, VarianceScaling) and None in (start.input_axes, start.output_axes):
            # The fans of a kernel with more than two axes depend on the equation.
            options["initializer"] = start.with_axes(
                [i for i, letter in enumerate(weights) if letter not in outputs],
                [i for i, letter in enumerate(weights) if letter in outputs],
            )
        shape = [n for n in map(lengths.get, weights) if n is not None]
        self.kernel = self.add_weight(shape, name="kernel", **options)
        self.bias = None
        if self.bias_axes:
            extra = len(input_shape) - len(inputs) if self._elided == "right" else 0
            self.bias = self.add_weight(
                (*self._bias_shape(lengths), *[1] * extra),
                name="bias",
                **weight_options(self, "bias"),
            )
        self.input_spec = InputSpec(ndim=len(input_shape))

    def _bias_shape(self, lengths: dict[str, int | None]) -> list[int]:
        """The bias has 1 for the letters behind its first that it does not have."""
        outputs, axes = self._labels[2], self.bias_axes or ""
        missing = set(axes) - set(outputs)
        if missing or any(lengths[a] is None for a in axes):
            raise error(
                self,
                f"bias_axes {axes!r} must be letters of the output {outputs!r} with a known "
                "length.",
            )
        behind = outputs[min(map(outputs.index, axes)) :]
        return [lengths[letter] or 1 if letter in axes else 1 for letter in behind]

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        x = ops.einsum(self.equation, inputs, self.kernel)
        if self.bias is not None:
            x = ops.add(x, self.bias)
        return self.activation(x)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "output_shape": self.partial_output_shape,
            "equation": self.equation,
            "activation": activations.serialize(self.activation),
            "bias_axes": self.bias_axes,
            **weight_config(self, "kernel", "bias"),
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
            "quantization_config": None,
        }
