"""What one step of a recurrent layer is: the base classes of cells.

A cell's step has two parts. `project` is what it does with the input alone, so the RNN layer does
it for all steps of a sequence in one product of matrices; `advance` needs the state, and runs step
by step. Dropout masks are drawn once and serve for all steps (Gal, Ghahramani, arXiv:1512.05287).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from thalweg import activations, ops, random
from thalweg.layers.arguments import known_length, positive, rate_of
from thalweg.layers.layer import Layer
from thalweg.layers.weights import set_weight_options, weight_config, weight_options
from thalweg.tensor.variable import Variable

__all__ = ["DropMasks", "RecurrentCell", "StepCell"]


class StepCell(Layer):
    """A cell in two parts.

    `state_size` is the length of its state, or a list of lengths where it has several;
    `output_size` is the length of its output.
    """

    state_size: Any
    output_size: int

    def draw_masks(self, batch: int, training: bool | None) -> Any:
        """The dropout masks of one sequence, in whatever form the other methods want."""
        raise NotImplementedError(f"{type(self).__name__} does not define draw_masks().")

    def project(self, inputs: Any, masks: Any) -> Any:
        """The part without the state, for inputs (batch, features) or (batch, steps, features)."""
        raise NotImplementedError(f"{type(self).__name__} does not define project().")

    def advance(self, projected: Any, states: Sequence[Any], masks: Any) -> tuple[Any, list[Any]]:
        """From one step's projected input and the states to the output and the new states."""
        raise NotImplementedError(f"{type(self).__name__} does not define advance().")

    def call(self, inputs: Any, states: Any, training: bool | None = None) -> tuple[Any, Any]:
        """One step: inputs (batch, features), and the states (a list, or one tensor)."""
        listed = isinstance(states, (list, tuple))
        masks = self.draw_masks(inputs.shape[0], training)
        given = list(states) if listed else [states]
        output, new = self.advance(self.project(inputs, masks), given, masks)
        return output, (new if listed else new[0])


class DropMasks(NamedTuple):
    """Factors for the inputs and for the state: none, one, or one for each gate."""

    inputs: list[Any]
    state: list[Any]


class RecurrentCell(StepCell):
    """A cell whose gates are sums of products of input and state with two kernels."""

    gates: int
    kernel: Variable
    recurrent_kernel: Variable
    bias: Variable | None

    def __init__(
        self,
        units: int,
        activation: Any,
        use_bias: bool,
        kernel: tuple[Any, Any, Any],
        recurrent: tuple[Any, Any, Any],
        bias: tuple[Any, Any, Any],
        dropout: float,
        recurrent_dropout: float,
        seed: int | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = positive(self, "units", units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        set_weight_options(self, kernel=kernel, recurrent=recurrent, bias=bias)
        self.dropout = rate_of(self, "dropout", dropout)
        self.recurrent_dropout = rate_of(self, "recurrent_dropout", recurrent_dropout)
        self.seed = seed
        self.seed_generator = random.SeedGenerator(seed)
        self.state_size = self.units
        self.output_size = self.units

    def _bias_shape(self) -> tuple[int, ...]:
        return (self.gates * self.units,)

    def _bias_initializer(self) -> Any:
        return weight_options(self, "bias")["initializer"]

    def build(self, input_shape: Any) -> None:
        features, width = known_length(self, input_shape), self.gates * self.units
        self.kernel = self.add_weight(
            (features, width), name="kernel", **weight_options(self, "kernel")
        )
        self.recurrent_kernel = self.add_weight(
            (self.units, width), name="recurrent_kernel", **weight_options(self, "recurrent")
        )
        self.bias = None
        if self.use_bias:
            options = {**weight_options(self, "bias"), "initializer": self._bias_initializer()}
            self.bias = self.add_weight(self._bias_shape(), name="bias", **options)

    # --- dropout ------------------------------------------------------------------------------

    def draw_masks(self, batch: int, training: bool | None) -> DropMasks:
        # As in Keras: with recurrent dropout each gate has masks of its own.
        count = self.gates if self.recurrent_dropout > 0 else 1

        def draw(rate: float, length: int) -> list[Any]:
            if not training or rate == 0:
                return []
            ones = ops.ones((batch, length), dtype=self.compute_dtype)
            return [random.dropout(ones, rate, seed=self.seed_generator) for _ in range(count)]

        return DropMasks(
            draw(self.dropout, self.kernel.shape[0]), draw(self.recurrent_dropout, self.units)
        )

    @staticmethod
    def _product(x: Any, kernel: Any, masks: list[Any]) -> Any:
        """`x @ kernel`, where each gate may see another mask of x."""
        if len(x.shape) == 3:
            masks = [ops.expand_dims(mask, axis=1) for mask in masks]
        if len(masks) <= 1:
            return ops.matmul(x * masks[0] if masks else x, kernel)
        parts = ops.split(kernel, len(masks), axis=-1)
        products = [ops.matmul(x * m, part) for m, part in zip(masks, parts, strict=True)]
        return ops.concatenate(products, axis=-1)

    def project(self, inputs: Any, masks: DropMasks) -> Any:
        x = self._product(inputs, self.kernel, masks.inputs)
        return x if self.bias is None else ops.add(x, self.bias)

    # --- state and configuration ----------------------------------------------------------------

    def get_initial_state(self, batch_size: int) -> list[Any]:
        """Zeros: what a sequence begins with."""
        sizes = self.state_size if isinstance(self.state_size, list) else [self.state_size]
        return [ops.zeros((batch_size, n), dtype=self.compute_dtype) for n in sizes]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            **weight_config(self, "kernel", "recurrent", "bias"),
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "seed": self.seed,
        }
