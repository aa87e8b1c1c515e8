"""SimpleRNN: the output of a step is its state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg.layers.cell import RecurrentCell
from thalweg.layers.rnn import RecurrentLayer
from thalweg.registry import serializable

__all__ = ["SimpleRNN", "SimpleRNNCell"]


@serializable("keras.layers")
class SimpleRNNCell(RecurrentCell):
    """One step of `SimpleRNN`: `h = activation(x @ kernel + h @ recurrent_kernel + bias)`.

    Args:
        units: the length of the state, which is the output.
        activation: a name or function.
        use_bias: whether there is a bias.
        kernel_initializer: how the kernel (features, units) starts.
        recurrent_initializer: how the recurrent kernel (units, units) starts.
        bias_initializer: how the bias (units,) starts.
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

    gates = 1

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
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

    def advance(self, projected: Any, states: Sequence[Any], masks: Any) -> tuple[Any, list[Any]]:
        (h,) = states
        h = self.activation(projected + self._product(h, self.recurrent_kernel, masks.state))
        return h, [h]


@serializable("keras.layers")
class SimpleRNN(RecurrentLayer):
    """A recurrent layer with `h = activation(x @ kernel + h @ recurrent_kernel + bias)`.

    The first arguments are those of `SimpleRNNCell`, then come those of `RNN`.

    Input (batch, steps, features), output (batch, units), or (batch, steps, units) with
    `return_sequences`.

    >>> import thalweg as tw
    >>> tw.layers.SimpleRNN(4)(tw.ops.ones((2, 10, 3))).shape
    (2, 4)
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        cell = SimpleRNNCell(
            units,
            activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
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
            name="simple_rnn_cell",
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

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("seed")  # Keras does not write it for this layer
        return config
