"""LSTM: a recurrent layer with a state that gates protect (Hochreiter and Schmidhuber, 1997)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import activations, ops
from thalweg.layers.cell import RecurrentCell
from thalweg.layers.rnn import RecurrentLayer
from thalweg.registry import serializable

__all__ = ["LSTM", "LSTMCell"]


@serializable("keras.layers")
class LSTMCell(RecurrentCell):
    """One step of `LSTM`: `c = f * c + i * activation(g)`, `h = o * activation(c)`.

    The columns i, f, g, o are those of `x @ kernel + h @ recurrent_kernel + bias`, and i, f, o go
    through `recurrent_activation`. The states are h, which is the output, and c.

    Args:
        units: the length of h and of c.
        activation: of the candidate g and of the output.
        recurrent_activation: of the gates.
        use_bias: whether there is a bias.
        kernel_initializer: how the kernel (features, 4 * units) starts.
        recurrent_initializer: how the recurrent kernel (units, 4 * units) starts.
        bias_initializer: how the bias (4 * units,) starts.
        unit_forget_bias: whether the bias of the forget gate f starts with ones.
        kernel_regularizer: a penalty on the kernel.
        recurrent_regularizer: a penalty on the recurrent kernel.
        bias_regularizer: a penalty on the bias.
        kernel_constraint: applied to the kernel after each update.
        recurrent_constraint: applied to the recurrent kernel after each update.
        bias_constraint: applied to the bias after each update.
        dropout: the share of the inputs to drop while training.
        recurrent_dropout: the share of the state to drop while training.
        seed: an integer for the same dropout masks each time.
    """

    gates = 4

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            units,
            activation,
            use_bias,
            (kernel_initializer, kernel_regularizer, kernel_constraint),
            (recurrent_initializer, recurrent_regularizer, recurrent_constraint),
            (bias_initializer, bias_regularizer, bias_constraint),
            dropout,
            recurrent_dropout,
            seed,
            **kwargs,
        )
        self.recurrent_activation = activations.get(recurrent_activation)
        self.unit_forget_bias = unit_forget_bias
        self.state_size = [self.units, self.units]

    def _bias_initializer(self) -> Any:
        start = super()._bias_initializer()
        if not self.unit_forget_bias:
            return start

        def with_ones(shape: Any, dtype: Any = None) -> Any:
            n = self.units
            parts = [start((n,), dtype=dtype), ops.ones((n,), dtype), start((2 * n,), dtype=dtype)]
            return ops.concatenate(parts)

        return with_ones

    def advance(self, projected: Any, states: Sequence[Any], masks: Any) -> tuple[Any, list[Any]]:
        h, c = states
        sums = projected + self._product(h, self.recurrent_kernel, masks.state)
        i, f, g, o = ops.split(sums, 4, axis=-1)
        c = self.recurrent_activation(f) * c + self.recurrent_activation(i) * self.activation(g)
        h = self.recurrent_activation(o) * self.activation(c)
        return h, [h, c]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "recurrent_activation": activations.serialize(self.recurrent_activation),
            "unit_forget_bias": self.unit_forget_bias,
        }


@serializable("keras.layers")
class LSTM(RecurrentLayer):
    """A recurrent layer with an input, a forget and an output gate.

    The first arguments are those of `LSTMCell`, then come those of `RNN`; `use_cudnn` is accepted
    and changes nothing.

    Input (batch, steps, features), output (batch, units), or (batch, steps, units) with
    `return_sequences`; with `return_state` also h and c.

    >>> import thalweg as tw
    >>> output, h, c = tw.layers.LSTM(4, return_state=True)(tw.ops.ones((2, 10, 3)))
    >>> output.shape, c.shape
    ((2, 4), (2, 4))
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        cell = LSTMCell(
            units,
            activation,
            recurrent_activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            unit_forget_bias,
            kernel_regularizer,
            recurrent_regularizer,
            bias_regularizer,
            kernel_constraint,
            recurrent_constraint,
            bias_constraint,
            dropout,
            recurrent_dropout,
            seed,
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            name="lstm_cell",
        )
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )

    @property
    def recurrent_activation(self) -> Any:
        """The cell's `recurrent_activation`."""
        return self.cell.recurrent_activation

    @property
    def unit_forget_bias(self) -> bool:
        """The cell's `unit_forget_bias`."""
        return bool(self.cell.unit_forget_bias)
