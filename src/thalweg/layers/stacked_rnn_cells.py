"""StackedRNNCells: several cells, one on top of the other, as one cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from thalweg import ops
from thalweg.layers.arguments import error
from thalweg.layers.cell import StepCell
from thalweg.layers.layer import Layer
from thalweg.registry import deserialize_keras_object, serializable, serialize_keras_object

__all__ = ["StackedRNNCells"]


@serializable("keras.layers")
class StackedRNNCells(StepCell):
    """Each step goes through all cells; the output is that of the last.

    Args:
        cells: the cells, from the input on.

    >>> import thalweg as tw
    >>> cells = [tw.layers.LSTMCell(4), tw.layers.LSTMCell(3)]
    >>> tw.layers.RNN(tw.layers.StackedRNNCells(cells))(tw.ops.ones((2, 5, 1))).shape
    (2, 3)
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for cell in cells:
            if not hasattr(cell, "call") or not hasattr(cell, "state_size"):
                raise error(self, f"cells must have a call method and a state_size, got {cell!r}.")
        if not cells:
            raise error(self, "cells must not be empty.")
        self.cells = list(cells)
        self.state_size = [cell.state_size for cell in cells]
        self.output_size = _output_size(cells[-1])

    def get_initial_state(self, batch_size: int) -> list[Any]:
        """A list of states for each cell."""
        found = []
        for cell in self.cells:
            if hasattr(cell, "get_initial_state"):
                found.append(cell.get_initial_state(batch_size=batch_size))
            else:
                lengths = _listed(cell.state_size)
                found.append([ops.zeros((batch_size, n), self.compute_dtype) for n in lengths])
        return found

    def build(self, input_shape: Any) -> None:
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell.build(input_shape)
            input_shape = (input_shape[0], _output_size(cell))

    def draw_masks(self, batch: int, training: bool | None) -> list[Any]:
        return [
            cell.draw_masks(batch, training) if isinstance(cell, StepCell) else None
            for cell in self.cells
        ]

    def project(self, inputs: Any, masks: Any) -> Any:
        first = self.cells[0]
        return first.project(inputs, masks[0]) if isinstance(first, StepCell) else inputs

    def advance(self, projected: Any, states: Sequence[Any], masks: Any) -> tuple[Any, list[Any]]:
        x, found = projected, []
        for i, (cell, state, mask) in enumerate(zip(self.cells, states, masks, strict=True)):
            if isinstance(cell, StepCell):
                x, new = cell.advance(cell.project(x, mask) if i else x, state, mask)
            else:
                x, new = cell(x, state)
                new = list(new) if isinstance(new, (list, tuple)) else [new]
            found.append(new)
        return x, found

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "cells": [serialize_keras_object(cell) for cell in self.cells],
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls(**{**config, "cells": deserialize_keras_object(config["cells"])})


def _listed(size: Any) -> list[int]:
    return list(size) if isinstance(size, (list, tuple)) else [size]


def _output_size(cell: Any) -> int:
    """The cell's output size; without one, the length of its first state."""
    found = getattr(cell, "output_size", None)
    return int(_listed(cell.state_size)[0] if found is None else found)
