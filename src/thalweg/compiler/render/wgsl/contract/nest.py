"""The loops over k: the innermost written out, one shared by the invocations that share sums."""

from __future__ import annotations

from collections.abc import Callable

from thalweg.compiler.dims import ONE
from thalweg.compiler.ir.index import Var
from thalweg.compiler.render.wgsl.contract.problem import Axis
from thalweg.compiler.render.wgsl.expressions import Emitter

__all__ = ["Nest"]

Body = Callable[[dict[Var, str]], None]


class Nest:
    """Loops over the variables of an axis.

    Args:
        e: writes the lines.
        axis: the axis.
        depth: how many places may be written out one after the other.
        share: which of the sharers this invocation is.
        sharers: how many share the places among them, each taking its turn.
        typical: the batch size that lengths are compared at.
    """

    def __init__(
        self, e: Emitter, axis: Axis, depth: int, share: str, sharers: int, typical: int
    ) -> None:
        self.e, self.share, self.sharers = e, share, sharers
        self.variables = axis.variables
        self.shared: Var | None = None
        if sharers > 1:
            self.shared = max(self.variables, key=lambda v: v.extent.at(typical))
        self.steps = self._steps(depth)

    def _steps(self, depth: int) -> dict[Var, int]:
        """How many places of each variable are written out; a divisor of its extent."""
        steps = dict.fromkeys(self.variables, 1)
        for v in reversed(self.variables):
            if not v.extent.static or v.extent.offset < 1:
                break
            extent = v.extent.offset
            steps[v] = max(d for d in range(1, min(depth, extent) + 1) if extent % d == 0)
            if steps[v] < extent:
                break
            depth //= extent
        return steps

    def write(self, body: Body) -> None:
        """The loops; `body` writes what is done, given the variables' values."""
        self._level(0, {}, body)

    def _level(self, level: int, env: dict[Var, str], body: Body) -> None:
        if level == len(self.variables):
            with self.e.scope():
                body(env)
            return
        v = self.variables[level]
        step = self.steps[v]
        if v is not self.shared and (v.extent == ONE or step == v.extent.offset):
            for i in range(step):
                self._level(level + 1, {**env, v: str(i)}, body)
            return
        start, stride = "0", step
        if v is self.shared:
            start = self.share if step == 1 else self.e.pure(f"{self.share} * {step}")
            stride *= self.sharers
        name = self.e.fresh("k")
        head = f"var {name} = {start}; {name} < {self.e.length(v.extent)}; {name} += {stride}"
        with self.e.block(f"for ({head})"):
            for i in range(step):
                at = self.e.pure(f"{name} + {i}") if i else name
                self._level(level + 1, {**env, v: at}, body)
