"""Why a gradient is None: TensorFlow stays silent here, a tape of ours can tell."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from thalweg.primitives.reverse import Entry
from thalweg.tensor.dtypes import differentiable
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable

__all__ = ["Reasons", "missing_reason"]


class _Latest(threading.local):
    """The reasons of the latest `gradient` call of this thread, for the optimizer's warning."""

    def __init__(self) -> None:
        self.reasons: dict[int, tuple[Any, str]] = {}


_LATEST = _Latest()


def missing_reason(source: Any) -> str:
    """Why the latest gradient of this source was None, as far as a tape knows."""
    known = _LATEST.reasons.get(id(source))
    return (
        known[1]
        if known is not None and known[0] is source
        else ("No tape has computed a gradient for it.")
    )


class Reasons:
    """Collects what a tape sees, and turns it into a sentence for each missing gradient."""

    def __init__(self) -> None:
        self._left: dict[int, Tensor] = {}
        self._found: dict[int, tuple[Any, str]] = {}
        _LATEST.reasons = self._found

    def left(self, tensor: Tensor) -> None:
        """A watched tensor whose values went to NumPy or Python."""
        self._left[id(tensor)] = tensor

    def explain(self, source: Any) -> str:
        known = self._found.get(id(source))
        if known is None or known[0] is not source:
            return "The latest gradient() of this tape found its gradient, or was not asked for it."
        return known[1]

    def missing(
        self,
        source: Any,
        tensors: Sequence[Tensor],
        watched: dict[int, Tensor],
        entries: Sequence[Entry],
        targets: Sequence[Tensor],
    ) -> None:
        """Note why `source` has no gradient."""
        _LATEST.reasons = self._found
        self._found[id(source)] = (source, self._reason(source, tensors, entries, targets))

    def _reason(
        self,
        source: Any,
        tensors: Sequence[Tensor],
        entries: Sequence[Entry],
        targets: Sequence[Tensor],
    ) -> str:
        if not differentiable(source.dtype):
            return (
                f"Integer: its dtype is {source.dtype.name}, and gradients flow only through "
                "floating (or complex) values; cast it to float32 first."
            )
        if isinstance(source, Variable) and not tensors:
            return f"Not read: Variable '{source.name}' was not read inside this tape" + (
                ", or it is not trainable and was not watched; call tape.watch(v)."
                if not source.trainable
                else ", or the tape was made with watch_accessed_variables=False or reset."
            )
        if not tensors:
            if source._origin is not None:
                return (
                    f"Rebound: it is a tensor computed from Variable '{source._origin}' outside of "
                    "this tape, as after `v = v - step`; change a variable with v.assign_sub(step) "
                    "so that the name keeps meaning the variable."
                )
            return (
                "Not watched: it is a tensor, not a Variable; call tape.watch(x) before using it."
            )
        reached = {id(x) for x in tensors}
        for entry in entries:
            if any(id(x) in reached for x in entry.inputs):
                reached.update(id(y) for y in entry.outputs)
        if any(not differentiable(t.dtype) for t in targets):
            return "Integer target: the target has an integer or bool dtype, which has no gradient."
        if any(id(x) in reached for x in self._left.values()):
            return (
                "Left through NumPy: a value computed from it was turned into a NumPy array or a "
                "Python number (numpy(), float(), np.…) on the way to the target; use operations "
                "of thalweg.ops instead."
            )
        if any(id(t) in reached for t in targets):
            return (
                "Blocked: the target is computed from it only through operations without a "
                "gradient (comparisons, argmax, rounding to integers, stop_gradient)."
            )
        return "Disconnected: the target was not computed from it."
