"""Passes: each takes a Flow and gives a Flow that computes the same, better.

`optimize` runs them all. `THALWEG_VERIFY=1` checks the Flow after each of them.
"""

from __future__ import annotations

from collections.abc import Callable

from thalweg.compiler.bodies import bodies
from thalweg.compiler.graph import Flow, Operation
from thalweg.compiler.passes import arithmetic, movement, numbers, reductions
from thalweg.compiler.passes.accumulations import (
    join_sums,
    lift_accumulations,
    lift_contractions,
)
from thalweg.compiler.passes.alignment import align_invariants
from thalweg.compiler.passes.cropping import crop
from thalweg.compiler.passes.inlining import inline_decided
from thalweg.compiler.passes.invariants import hoist_invariants, numbers_inside
from thalweg.compiler.passes.merging import join_carries, merge_scans, reuse_forward
from thalweg.compiler.passes.unused import remove_unused
from thalweg.compiler.passes.writer import Rules, live, rewrite
from thalweg.compiler.verify import VerificationError, verify, wanted

__all__ = [
    "LOOP_PASSES",
    "PASSES",
    "fold_constants",
    "optimize",
    "remove_dead",
    "remove_duplicates",
    "simplify",
]


def _together(*tables: Rules) -> Rules:
    found: Rules = {}
    for table in tables:
        for name, rules in table.items():
            found.setdefault(name, []).extend(rules)
    return found


_ALL = _together(numbers.RULES, arithmetic.RULES, movement.RULES, reductions.RULES)


def fold_constants(flow: Flow) -> Flow:
    """What depends on constants only is computed now."""
    return rewrite(flow, numbers.RULES)


def remove_duplicates(flow: Flow) -> Flow:
    """What is computed twice is computed once."""
    return rewrite(flow, {})


def remove_dead(flow: Flow) -> Flow:
    """What nothing needs is not computed."""
    return live(flow)


def simplify(flow: Flow) -> Flow:
    """All rules in one walk: constants, identities, movement, reductions, duplicates, the dead."""
    return rewrite(flow, _ALL)


def _everywhere(transform: Callable[[Flow], Flow]) -> Callable[[Flow], Flow]:
    """A pass over control flow, done in the bodies first, then in the Flow around them."""

    def run(flow: Flow) -> Flow:
        if not any(o.family == "control_flow" for o in flow.operations):
            return flow
        operations = []
        for operation in flow.operations:
            inner = bodies(operation)
            if inner:
                params = operation.params | {name: run(body) for name, body in inner.items()}
                operation = Operation(operation.kind, operation.inputs, operation.outputs, params)
            operations.append(operation)
        return transform(Flow(flow.inputs, operations, flow.outputs))

    return run


# In the order in which `optimize` runs them; the second list only where there is control flow.
PASSES: list[tuple[str, Callable[[Flow], Flow]]] = [("simplify", simplify), ("crop", crop)]
LOOP_PASSES: list[tuple[str, Callable[[Flow], Flow]]] = [
    ("inline_decided", _everywhere(inline_decided)),
    ("merge_scans", _everywhere(merge_scans)),
    ("numbers_inside", _everywhere(numbers_inside)),
    ("simplify", simplify),
    ("join_carries", _everywhere(join_carries)),
    ("hoist_invariants", _everywhere(hoist_invariants)),
    ("numbers_inside again", _everywhere(numbers_inside)),
    ("remove_unused", remove_unused),
    ("simplify again", simplify),
    ("reuse_forward", _everywhere(reuse_forward)),
    ("join_sums", _everywhere(join_sums)),
    ("lift_accumulations", _everywhere(lift_accumulations)),
    ("lift_contractions", _everywhere(lift_contractions)),
    ("numbers_inside at last", _everywhere(numbers_inside)),
    ("remove_unused again", remove_unused),
    ("simplify at last", simplify),
    ("align_invariants", _everywhere(align_invariants)),
]


def optimize(flow: Flow) -> Flow:
    """The Flow after all passes."""
    checked = wanted()
    if checked:
        verify(flow)
    loops = any(o.family == "control_flow" for o in flow.operations)
    for name, transform in [*PASSES, *(LOOP_PASSES if loops else ())]:
        flow = transform(flow)
        if checked:
            try:
                verify(flow)
            except VerificationError as error:
                raise VerificationError(f"After the pass '{name}': {error}") from error
    return flow
