"""GRU: a recurrent layer with two gates (Cho et al., arXiv:1406.1078)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import activations, ops
from thalweg.layers.cell import DropMasks, RecurrentCell
from thalweg.layers.rnn import RecurrentLayer
from thalweg.registry import serializable

__all__ = ["GRU", "GRUCell"]


@serializable("keras.layers")
class GRUCell(RecurrentCell):
    """One step of `GRU`: `h = z * h + (1 - z) * candidate`.

    With the input x, the products with the columns z, r and h of the kernels, and a for
    `recurrent_activation`: `z = a(x_z + h_z)`, `r = a(x_r + h_r)`, and
    `candidate = activation(x_h + r * (h @ U_h + b_h))`, or `activation(x_h + (r * h) @ U_h)` with
    `reset_after=False`.

    Args:
        units: the length of the state, which is the output.
        activation: of the candidate.
        recurrent_activation: of the gates.
        use_bias: whether there is a bias.
        kernel_initializer: how the kernel (features, 3 * units) starts.
        recurrent_initializer: how the recurrent kernel (units, 3 * units) starts.
        bias_initializer: how the bias starts: (2, 3 * units), one for the input and one for the
            state; (3 * units,) with `reset_after=False`.
        kernel_regularizer: a penalty on the kernel.
        recurrent_regularizer: a penalty on the recurrent kernel.
        bias_regularizer: a penalty on the bias.
        kernel_constraint: applied to the kernel after each update.
        recurrent_constraint: applied to the recurrent kernel after each update.
        bias_constraint: applied to the bias after each update.
        dropout: the share of the inputs to drop while training.
        recurrent_dropout: the share of the state to drop while training.
        reset_after: whether the reset gate comes after the product with the state.
        seed: an integer for the same dropout masks each time.
    """

    gates = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
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
        reset_after: bool = True,
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
        self.reset_after = reset_after

    def _bias_shape(self) -> tuple[int, ...]:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def project(self, inputs: Any, masks: DropMasks) -> Any:
        x = self._product(inputs, self.kernel, masks.inputs)
        if self.bias is None:
            return x
        return x + (self.bias[0] if self.reset_after else self.bias)

    def advance(self, projected: Any, states: Sequence[Any], masks: Any) -> tuple[Any, list[Any]]:
        (h,) = states
        x_z, x_r, x_h = ops.split(projected, 3, axis=-1)
        if self.reset_after:
            inner = self._product(h, self.recurrent_kernel, masks.state)
            if self.bias is not None:
                inner = inner + self.bias[1]
            h_z, h_r, h_h = ops.split(inner, 3, axis=-1)
            z = self.recurrent_activation(x_z + h_z)
            r = self.recurrent_activation(x_r + h_r)
            candidate = self.activation(x_h + r * h_h)
        else:
            kernel, last = ops.split(self.recurrent_kernel, [2 * self.units], axis=-1)
            h_z, h_r = ops.split(self._product(h, kernel, masks.state[:2]), 2, axis=-1)
            z = self.recurrent_activation(x_z + h_z)
            r = self.recurrent_activation(x_r + h_r)
            candidate = self.activation(x_h + self._product(r * h, last, masks.state[2:]))
        h = z * h + (1 - z) * candidate
        return h, [h]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "recurrent_activation": activations.serialize(self.recurrent_activation),
            "reset_after": self.reset_after,
        }


@serializable("keras.layers")
class GRU(RecurrentLayer):
    """A recurrent layer with a reset and an update gate.

    The first arguments are those of `GRUCell`, then come those of `RNN`; `use_cudnn` is accepted
    and changes nothing.

    Input (batch, steps, features), output (batch, units), or (batch, steps, units) with
    `return_sequences`.

    >>> import thalweg as tw
    >>> tw.layers.GRU(4, return_sequences=True)(tw.ops.ones((2, 10, 3))).shape
    (2, 10, 4)
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
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        cell = GRUCell(
            units,
            activation,
            recurrent_activation,
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
            reset_after,
            seed,
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            name="gru_cell",
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
    def reset_after(self) -> bool:
        """The cell's `reset_after`."""
        return bool(self.cell.reset_after)
