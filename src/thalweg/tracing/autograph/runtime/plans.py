"""What a loop on tensors carries from round to round, for each variable.

A plan is a tree like the value itself. It starts from the value before the loop; each time the body
is traced, what it leaves behind is compared, and the plan is widened (a dtype is promoted, a value
defined in the body joins) until it stays the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from thalweg.ops.arguments import splat
from thalweg.tensor.dtypes import DType, bool_, result_type
from thalweg.tensor.tensor import Tensor, TensorSpec
from thalweg.tracing.autograph.runtime.session import bear
from thalweg.tracing.autograph.runtime.state import UNDEFINED, Maybe, Undefined
from thalweg.tracing.autograph.runtime.values import (
    as_tensor,
    children,
    described,
    dtype_of,
    is_container,
    is_number,
    is_tensor_like,
    rebuilt,
    same_form,
    same_value,
    shape_of,
)

__all__ = [
    "Carried",
    "Fixed",
    "Plan",
    "UnstableError",
    "advanced",
    "carried",
    "filled",
    "finished",
    "given_up",
    "planned",
    "starts",
]


class UnstableError(Exception):
    """A value that does not keep its kind or shape from round to round."""

    def __init__(self, before: Any, after: Any) -> None:
        super().__init__()
        self.before = before
        self.after = after

    def __str__(self) -> str:
        return f"it was {described(self.before)} and becomes {described(self.after)}"


@dataclass(frozen=True, slots=True, eq=False)
class Fixed:
    """A value that is the same in every round."""

    value: Any


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """A tensor that the loop carries.

    Attributes:
        dtype: its dtype.
        shape: its shape.
        start: the value before the loop; None if it gets its first value in the loop.
    """

    dtype: DType
    shape: tuple[int, ...]
    start: Any


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """A container of which each element has a plan."""

    like: Any
    plans: tuple[Plan, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Perhaps:
    """A variable that has a value only from some round on."""

    value: Plan
    defined: Plan


@dataclass(frozen=True, slots=True, eq=False)
class Nothing:
    """A variable without a value."""


Plan = Fixed | Carried | Parts | Perhaps | Nothing


def planned(value: Any, numbers: bool = True, parts: bool = False) -> Plan:
    """The plan before the body was seen.

    Args:
        value: the value before the loop.
        numbers: whether Python numbers are expected to change.
        parts: whether a container is expected to be replaced. What changes inside of a container
            that is not replaced is carried as its contents.
    """
    if value is UNDEFINED:
        return Nothing()
    if isinstance(value, Maybe):
        return Perhaps(planned(value.value), Carried(bool_, (), value.defined))
    if is_container(value) and (parts or isinstance(value, tuple)):
        return Parts(value, tuple(planned(x, False, parts) for x in children(value)))
    if is_tensor_like(value) and (numbers or not is_number(value)):
        return Carried(dtype_of(value), shape_of(value), value)
    return Fixed(value)


def _late(value: Any) -> Plan:
    """The plan for a value that comes to be in the loop."""
    if is_container(value):
        return Parts(value, tuple(map(_late, children(value))))
    if is_tensor_like(value) and not is_number(value):
        return Carried(dtype_of(value), shape_of(value), None)
    return Fixed(value)


def advanced(plan: Plan, after: Any, fragile: bool = False) -> Plan:
    """The plan, wide enough for what the body left behind; the same object if it was.

    Raises `UnstableError` where no plan is.
    """
    if isinstance(plan, Nothing):
        return _from_nothing(plan, after, fragile)
    if isinstance(plan, Perhaps):
        value, defined = (after.value, after.defined) if isinstance(after, Maybe) else (after, True)
        if after is UNDEFINED:
            return _with_parts(plan, plan.value, advanced(plan.defined, False))
        return _with_parts(plan, advanced(plan.value, value), advanced(plan.defined, defined))
    if isinstance(after, (Undefined, Maybe)):
        return _perhaps_lost(plan, after, fragile)
    if isinstance(plan, Parts):
        if not same_form(plan.like, after):
            raise UnstableError(plan.like, after)
        plans = tuple(map(advanced, plan.plans, children(after)))
        same = all(a is b for a, b in zip(plans, plan.plans, strict=True))
        return plan if same else Parts(plan.like, plans)
    if isinstance(plan, Fixed):
        if same_value(plan.value, after):
            return plan
        if is_container(plan.value) and is_container(after):
            return advanced(planned(plan.value, parts=True), after)
        if not (is_number(plan.value) and is_tensor_like(after)):
            raise UnstableError(plan.value, after)
        plan = Carried(dtype_of(plan.value), (), plan.value)
        return _wider(plan, after) or plan
    return _wider(plan, after) or plan


def _from_nothing(plan: Plan, after: Any, fragile: bool) -> Plan:
    if after is UNDEFINED:
        return plan
    value = after.value if isinstance(after, Maybe) else after
    if fragile or isinstance(after, Maybe):
        return Perhaps(_late(value), Carried(bool_, (), False))
    return _late(value)


def _perhaps_lost(plan: Plan, after: Any, fragile: bool) -> Plan:
    """A variable with a value that may lose it in the loop (`del`)."""
    if not fragile:
        return plan
    value = plan if after is UNDEFINED else advanced(plan, after.value)
    return Perhaps(value, Carried(bool_, (), True))


def _with_parts(plan: Perhaps, value: Plan, defined: Plan) -> Plan:
    return plan if value is plan.value and defined is plan.defined else Perhaps(value, defined)


def _wider(plan: Carried, after: Any) -> Carried | None:
    """A carried tensor with a dtype that takes in another value; None if it does already."""
    if not is_tensor_like(after) or shape_of(after) != plan.shape:
        raise UnstableError(
            splat(0, plan.shape, plan.dtype) if plan.start is None else plan.start, after
        )
    dtype = result_type(plan.dtype, after if is_number(after) else after.dtype)
    return None if dtype == plan.dtype else Carried(dtype, plan.shape, plan.start)


# --- from plans to tensors and back -----------------------------------------------------------


def _leaves(plan: Plan) -> Iterator[Carried]:
    if isinstance(plan, Carried):
        yield plan
    elif isinstance(plan, Parts):
        for part in plan.plans:
            yield from _leaves(part)
    elif isinstance(plan, Perhaps):
        yield from _leaves(plan.value)
        yield from _leaves(plan.defined)


def carried(plan: Plan) -> list[TensorSpec]:
    """The specs of the tensors that a plan carries."""
    return [TensorSpec(leaf.shape, leaf.dtype) for leaf in _leaves(plan)]


def starts(plan: Plan) -> list[Tensor]:
    """What these are before the loop."""
    return [
        splat(0, leaf.shape, leaf.dtype)
        if leaf.start is None
        else as_tensor(leaf.start, leaf.dtype)
        for leaf in _leaves(plan)
    ]


def filled(plan: Plan, tensors: Iterator[Tensor]) -> Any:
    """A value by this plan."""
    if isinstance(plan, Fixed):
        return plan.value
    if isinstance(plan, Nothing):
        return UNDEFINED
    if isinstance(plan, Carried):
        return next(tensors)
    if isinstance(plan, Perhaps):
        value = filled(plan.value, tensors)
        defined = filled(plan.defined, tensors)
        return Maybe(value, defined)
    return bear(rebuilt(plan.like, [filled(part, tensors) for part in plan.plans]))


def finished(plan: Plan, value: Any, inputs: Iterator[Tensor], outputs: Iterator[Tensor]) -> Any:
    """The value after the loop: what the body leaves as it was is what it was before.

    Args:
        plan: the plan.
        value: what the body left behind.
        inputs: the symbols that the body was given.
        outputs: what the loop gives for them.
    """
    if isinstance(plan, Carried):
        given, found = next(inputs), next(outputs)
        return plan.start if value is given and plan.start is not None else found
    if isinstance(plan, Parts) and is_container(value):
        pairs = zip(plan.plans, children(value), strict=True)
        return bear(rebuilt(plan.like, [finished(p, x, inputs, outputs) for p, x in pairs]))
    for _ in carried(plan):
        next(inputs)
    return filled(plan, outputs)


def given_up(plan: Plan, value: Any) -> list[Tensor]:
    """The tensors of a value by this plan: what a body returns for it."""
    if isinstance(plan, Carried):
        if value is UNDEFINED:
            return [splat(0, plan.shape, plan.dtype)]
        return [as_tensor(value, plan.dtype)]
    if isinstance(plan, Perhaps):
        if value is UNDEFINED:
            nothing = [splat(0, s.shape, s.dtype) for s in carried(plan.value)]
            return [*nothing, *given_up(plan.defined, False)]
        if isinstance(value, Maybe):
            return [*given_up(plan.value, value.value), *given_up(plan.defined, value.defined)]
        return [*given_up(plan.value, value), *given_up(plan.defined, True)]
    if isinstance(plan, Parts):
        if isinstance(value, (Undefined, Maybe)):
            return [splat(0, s.shape, s.dtype) for s in carried(plan)]
        found = []
        for part, x in zip(plan.plans, children(value), strict=True):
            found.extend(given_up(part, x))
        return found
    return []
