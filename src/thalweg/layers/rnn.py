"""RNN: carries a cell along a sequence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from thalweg import ops, regularizers
from thalweg.layers.arguments import error
from thalweg.layers.cell import StepCell
from thalweg.layers.input_spec import InputSpec
from thalweg.layers.layer import Layer
from thalweg.layers.stacked_rnn_cells import StackedRNNCells
from thalweg.registry import deserialize_keras_object, serializable, serialize_keras_object
from thalweg.tensor.tree import flatten, is_nested, map_structure, pack
from thalweg.tensor.variable import Variable

__all__ = ["RNN", "RecurrentLayer"]

Step = Callable[[Any, Any], tuple[Any, Any]]


class _Memory:
    """The states that a stateful layer keeps from batch to batch; they are not weights."""

    def __init__(self, states: Any) -> None:
        self.states = states


@serializable("keras.layers")
class RNN(Layer):
    """A recurrent layer made of a cell.

    Args:
        cell: a layer with `state_size` whose call takes (inputs, states) of one step and returns
            (output, new states); or a list of them, which are stacked.
        return_sequences: whether to return the output of every step, or of the last only.
        return_state: whether to return the last states as well.
        go_backwards: whether to begin at the end; outputs then come in that order.
        stateful: whether a batch begins with the states in which the last one ended; the batch's
            length must be known.
        unroll: whether to repeat the step's code for every step; a compiled program may be faster
            for few steps, and is larger.
        zero_output_for_mask: whether masked steps give zeros; otherwise they repeat the output
            before them. Either way they leave the states as they are.

    Input (batch, steps, ...); called with `mask=` (batch, steps), true for the steps that count,
    and with `initial_state=`, a list.

    >>> import thalweg as tw
    >>> tw.layers.RNN(tw.layers.GRUCell(3), return_sequences=True)(tw.ops.ones((2, 5, 1))).shape
    (2, 5, 3)
    """

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(cell, (list, tuple)):
            cell = StackedRNNCells(cell, dtype=self.dtype_policy)
        if not hasattr(cell, "call") or not hasattr(cell, "state_size"):
            raise error(self, f"cell must have a call method and a state_size, got {cell!r}.")
        self.cell = cell
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.stateful = stateful
        self.unroll = unroll
        self.zero_output_for_mask = zero_output_for_mask
        self.supports_masking = True
        self._memory = _Memory(None)

    @property
    def state_size(self) -> list[Any]:
        """The lengths of the states, in a list."""
        size = self.cell.state_size
        return list(size) if isinstance(size, (list, tuple)) else [size]

    @property
    def states(self) -> Any:
        """The states that a stateful layer kept, as variables; None before it is built."""
        return self._memory.states

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        if isinstance(self.cell, Layer) and not self.cell.built:
            self.cell.build((sequences_shape[0], *sequences_shape[2:]))
        if self.stateful and self._memory.states is None:
            if sequences_shape[0] is None:
                raise error(
                    self,
                    "stateful=True needs a known batch length, got an input of shape "
                    f"{tuple(sequences_shape)}.",
                )
            self._memory.states = map_structure(
                lambda x: Variable(x, dtype=self.variable_dtype, trainable=False, name="rnn_state"),
                self.get_initial_state(sequences_shape[0]),
            )

    def _kept_variables(self) -> list[Variable]:
        kept = [] if self.states is None else flatten(self.states)
        return [*super()._kept_variables(), *kept]

    def get_initial_state(self, batch_size: int) -> list[Any]:
        """The states with which a sequence begins: zeros, unless the cell says otherwise."""
        if hasattr(self.cell, "get_initial_state"):
            found = self.cell.get_initial_state(batch_size=batch_size)
            return list(found) if is_nested(found) else [found]
        return [ops.zeros((batch_size, n), dtype=self.compute_dtype) for n in self.state_size]

    def reset_state(self) -> None:
        """Set the kept states to zero."""
        for variable in flatten(self._memory.states) if self._memory.states is not None else []:
            variable.assign(ops.zeros_like(variable))

    reset_states = reset_state

    def call(
        self,
        sequences: Any,
        initial_state: Any = None,
        mask: Any = None,
        training: bool | None = None,
    ) -> Any:
        batch, steps = sequences.shape[:2]
        if steps == 0:
            raise error(self, f"its input has no steps, got shape {tuple(sequences.shape)}.")
        start = self._start(initial_state, batch)
        step, x = self._stepping(sequences, batch, training)
        mask = self._column(mask)
        last, outputs, states = self._run(step, x, start, mask)

        cast = self.compute_dtype
        states = map_structure(lambda s: ops.cast(s, cast), states)
        if self.stateful:
            for variable, state in zip(flatten(self.states), flatten(states), strict=True):
                variable.assign(state)
        output = ops.cast(outputs if self.return_sequences else last, cast)
        return (output, *states) if self.return_state else output

    def _start(self, initial_state: Any, batch: int) -> list[Any]:
        if initial_state is None:
            initial_state = self.states if self.stateful else self.get_initial_state(batch)
        listed = list(initial_state) if is_nested(initial_state) else [initial_state]
        if len(listed) != len(self.state_size):
            raise error(
                self,
                f"initial_state must have {len(self.state_size)} tensors, got {len(listed)}.",
            )
        lengths = {s.shape[0] for s in flatten(listed)}
        if lengths != {batch}:
            raise error(
                self,
                f"the batch of its input has length {batch}, that of the states "
                f"{', '.join(map(str, sorted(lengths)))}.",
            )
        dtype = getattr(self.cell, "compute_dtype", self.compute_dtype)
        return pack(listed, [ops.cast(s, dtype) for s in flatten(listed)])

    def _stepping(self, sequences: Any, batch: int, training: bool | None) -> tuple[Step, Any]:
        """The function of one step, and the sequence that it wants, steps first."""
        cell = self.cell
        if isinstance(cell, StepCell):
            masks = cell.draw_masks(batch, training)
            projected = cell.project(sequences, masks)

            def advance(x: Any, states: Any) -> tuple[Any, Any]:
                return cell.advance(x, states, masks)

            return advance, ops.swapaxes(projected, 0, 1)

        def call(x: Any, states: Any) -> tuple[Any, Any]:
            output, new = cell(x, states)
            return output, list(new) if is_nested(new) else [new]

        return call, ops.swapaxes(sequences, 0, 1)

    def _column(self, mask: Any) -> Any:
        """The mask with steps first, as (steps, batch, 1)."""
        if mask is None:
            return None
        mask = flatten(mask)[0]
        if len(mask.shape) == 2:
            mask = ops.expand_dims(mask, axis=-1)
        return ops.swapaxes(ops.cast(mask, "bool"), 0, 1)

    def _run(self, step: Step, x: Any, start: list[Any], mask: Any) -> tuple[Any, Any, list[Any]]:
        """The last output, all outputs (None where they are not wanted) and the last states."""

        def body(carry: Any, element: Any) -> tuple[Any, Any]:
            before, states = carry
            now, counts = element
            output, new = step(now, states)
            if counts is not None:
                skipped = ops.zeros_like(output) if self.zero_output_for_mask else before
                output = ops.where(counts, output, skipped)
                new = map_structure(lambda a, b: ops.where(counts, a, b), new, states)
            new = pack(start, flatten(new))
            return (output, new), (output if self.return_sequences else None)

        carry = (self._first_output(start), start)
        if self.unroll:
            carry, outputs = _unrolled(body, carry, x, mask, self.go_backwards)
        else:
            carry, outputs = ops.scan(body, carry, (x, mask), reverse=self.go_backwards)
            if self.return_sequences and self.go_backwards:
                outputs = ops.flip(outputs, axis=0)
        last, states = carry
        if self.return_sequences:
            outputs = ops.swapaxes(outputs, 0, 1)
        return last, outputs, states

    def _first_output(self, start: list[Any]) -> Any:
        """What masked steps at the beginning repeat: the first state of the last cell."""
        state = start[-1][0] if is_nested(start[0]) else start[0]
        size = getattr(self.cell, "output_size", None)
        size = state.shape[-1] if size is None else size
        if state.shape[-1] == size:
            return state
        return ops.zeros((state.shape[0], size), dtype=state.dtype)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        mask = flatten(previous_mask)[0] if self.return_sequences else None
        return [mask, *(None for _ in self.state_size)] if self.return_state else mask

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            "go_backwards": self.go_backwards,
            "stateful": self.stateful,
            "unroll": self.unroll,
            "zero_output_for_mask": self.zero_output_for_mask,
            "cell": serialize_keras_object(self.cell),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls(**{**config, "cell": deserialize_keras_object(config["cell"])})


def _unrolled(
    body: Callable[[Any, Any], tuple[Any, Any]], carry: Any, x: Any, mask: Any, backwards: bool
) -> tuple[Any, Any]:
    """As `ops.scan`, with the outputs in the order in which they are made."""
    outputs = []
    steps = range(x.shape[0])
    for i in reversed(steps) if backwards else steps:
        carry, output = body(carry, (x[i], None if mask is None else mask[i]))
        outputs.append(output)
    return carry, None if outputs[0] is None else ops.stack(outputs)


def _of_cell(name: str) -> property:
    return property(lambda self: getattr(self.cell, name), doc=f"The cell's `{name}`.")


class RecurrentLayer(RNN):
    """An RNN with one of the cells of this library, whose arguments it takes as its own."""

    units = _of_cell("units")
    activation = _of_cell("activation")
    use_bias = _of_cell("use_bias")
    kernel_initializer = _of_cell("kernel_initializer")
    recurrent_initializer = _of_cell("recurrent_initializer")
    bias_initializer = _of_cell("bias_initializer")
    kernel_regularizer = _of_cell("kernel_regularizer")
    recurrent_regularizer = _of_cell("recurrent_regularizer")
    bias_regularizer = _of_cell("bias_regularizer")
    kernel_constraint = _of_cell("kernel_constraint")
    recurrent_constraint = _of_cell("recurrent_constraint")
    bias_constraint = _of_cell("bias_constraint")
    dropout = _of_cell("dropout")
    recurrent_dropout = _of_cell("recurrent_dropout")

    def __init__(self, cell: Any, **kwargs: Any) -> None:
        super().__init__(cell, **kwargs)
        self.input_spec = InputSpec(ndim=3)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("cell")
        of_cell = self.cell.get_config()
        return {
            **config,
            **{k: v for k, v in of_cell.items() if k not in ("name", "trainable", "dtype")},
            "activity_regularizer": regularizers.serialize(self.activity_regularizer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls(**config)
