"""The `for` and `while` statements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg import ops
from thalweg.tracing.autograph.errors import AutoGraphError
from thalweg.tracing.autograph.runtime import loops
from thalweg.tracing.autograph.runtime.branches import if_
from thalweg.tracing.autograph.runtime.frames import LoopFrame, PythonLoop, Reoptioned
from thalweg.tracing.autograph.runtime.logic import and_
from thalweg.tracing.autograph.runtime.plans import UnstableError
from thalweg.tracing.autograph.runtime.sequences import Sequence, as_sequence
from thalweg.tracing.autograph.runtime.session import SESSION, is_symbolic, user_line
from thalweg.tracing.autograph.runtime.state import State

__all__ = ["for_", "set_loop_options", "while_"]

# A loop that Python runs but a tensor ends: every round is part of the graph.
_MOST_ROUNDS = 10_000
_MOST_ROUNDS_WITHOUT_END = 1_000


def set_loop_options(maximum_iterations: int | None = None) -> None:
    """Options for the innermost loop around, if it becomes a loop in the graph.

    Called as the first thing in the body of a `for` or `while` statement; in a loop that Python
    runs it does nothing.

    Args:
        maximum_iterations: after how many rounds to stop in any case. A `while` loop, or a `for`
            loop over a range of unknown length, has a gradient only with it.

    >>> import thalweg as tw
    >>> from thalweg.tracing import autograph
    >>> @tw.function
    ... def halve(x):
    ...     while x > 1.0:
    ...         autograph.set_loop_options(maximum_iterations=10)
    ...         x = x / 2
    ...     return x
    >>> float(halve(tw.constant(12.0)))
    0.75
    """
    if maximum_iterations is not None:
        if isinstance(maximum_iterations, bool) or not isinstance(
            maximum_iterations, (int, np.integer)
        ):
            raise TypeError(
                "set_loop_options: maximum_iterations must be a whole number, got "
                f"{maximum_iterations!r}."
            )
        if maximum_iterations < 0:
            raise ValueError(
                f"set_loop_options: maximum_iterations must not be negative, got "
                f"{maximum_iterations}."
            )
    for frame in reversed(SESSION.frames):
        if isinstance(frame, PythonLoop):
            frame.options = {"maximum_iterations": maximum_iterations}
            return
        if isinstance(frame, LoopFrame):
            frame.set_options({"maximum_iterations": maximum_iterations})
            return


def _limit(frame: LoopFrame) -> int | None:
    found = frame.options.get("maximum_iterations")
    return None if found is None else int(found)


def _unstable(change: UnstableError) -> AutoGraphError:
    filename, line = user_line()
    label = change.__notes__[-1] if hasattr(change, "__notes__") else "a variable"
    hint = "give it its kind and shape before the loop"
    if change.before is None:
        hint = "give it a tensor as its first value instead of None"
    return AutoGraphError(
        f"{filename}:{line}: {label} must keep its structure and shape in a loop on tensors, but "
        f"{change}; {hint}, or use a name of its own inside."
    )


# --- while ------------------------------------------------------------------------------------


def while_(test: Callable[[], Any], body: Callable[[], None], state: State) -> None:
    """The `while` statement. Python runs it as long as the condition is no symbolic tensor."""
    rounds = 0
    frame = PythonLoop()
    while True:
        go = loops.traced_test(test)
        if is_symbolic(go):
            break
        if not go:
            return
        SESSION.frames.append(frame)
        try:
            body()
        finally:
            SESSION.frames.pop()
        rounds += 1
    try:
        _traced_while(test, body, state, rounds)
    except UnstableError as change:
        raise _unstable(change) from None


def _traced_while(
    test: Callable[[], Any], body: Callable[[], None], state: State, rounds: int
) -> None:
    frame = LoopFrame(state)

    def attempt() -> None:
        limit = _limit(frame)
        if limit is None:
            loops.run_while(lambda _: body(), lambda _: test(), state, (), frame)
        else:
            left = max(limit - rounds, 0)
            loops.run_scan(lambda _: body(), test, state, (), left, frame)

    _with_options(frame, attempt)


def _with_options(frame: LoopFrame, attempt: Callable[[], None]) -> None:
    """The body tells the options; a loop with other options is another loop."""
    try:
        attempt()
    except Reoptioned as again:
        if again.frame is not frame:
            raise
        attempt()


# --- for --------------------------------------------------------------------------------------


def for_(
    iterable: Any,
    body: Callable[[Any], None],
    state: State,
    test: Callable[[], Any] | None = None,
) -> None:
    """The `for` statement.

    Args:
        iterable: what it runs over.
        body: runs one round with an element.
        state: what it assigns.
        test: whether it goes on, if the body may `break` or `return`.
    """
    sequence = as_sequence(iterable)
    if sequence is None:
        _python_for(iterable, body, state, test)
        return
    if test is not None and test() is False:
        return
    try:
        if sequence.known:
            _known_for(sequence, body, state, test)
        else:
            _unknown_for(sequence, body, state, test)
    except UnstableError as change:
        raise _unstable(change) from None


def _python_for(
    iterable: Any,
    body: Callable[[Any], None],
    state: State,
    test: Callable[[], Any] | None,
) -> None:
    frame = PythonLoop()
    most = _MOST_ROUNDS if hasattr(iterable, "__len__") else _MOST_ROUNDS_WITHOUT_END
    for rounds, item in enumerate(iterable):
        go = True if test is None else test()
        if go is False:
            return
        if is_symbolic(go):
            if rounds > most:
                filename, line = user_line()
                raise AutoGraphError(
                    f"{filename}:{line}: a tensor decides when this loop over Python values ends, "
                    f"and after {most} rounds there are more; loop over a tensor or a "
                    "range of tensors, or use `while`."
                )
            if_(go, lambda item=item: body(item), lambda: None, state)  # type: ignore[misc]
        else:
            SESSION.frames.append(frame)
            try:
                body(item)
            finally:
                SESSION.frames.pop()
        if test is not None and test() is False:
            return


def _known_for(
    sequence: Sequence, body: Callable[[Any], None], state: State, test: Callable[[], Any] | None
) -> None:
    """A loop with a known number of rounds.

    If a variable changes its kind in the first round (from None to a tensor, say) and keeps it
    afterwards, the first round is taken out of the loop.
    """
    leaves = sequence.leaves()
    length = int(sequence.length)
    for first in (0, 1):
        if length - first < 1:
            return
        frame = LoopFrame(state)

        def round_(elements: Any) -> None:
            body(sequence.built(iter(elements)))

        def attempt(first: int = first, frame: LoopFrame = frame) -> None:
            limit = _limit(frame)
            rounds = length if limit is None else min(length, limit)
            rest = [xs[first:rounds] if first or rounds < length else xs for xs in leaves]
            loops.run_scan(round_, test, state, rest, max(rounds - first, 0), frame)

        try:
            if length == 1:
                round_([xs[0] for xs in leaves])
            else:
                _with_options(frame, attempt)
            return
        except UnstableError:
            if first:
                raise
            go = True if test is None else test()
            if_(go, lambda: round_([xs[0] for xs in leaves]), _nothing, state)


def _nothing() -> None:
    pass


def _unknown_for(
    sequence: Sequence, body: Callable[[Any], None], state: State, test: Callable[[], Any] | None
) -> None:
    frame = LoopFrame(state)
    length = sequence.length

    def inside(index: Any) -> Any:
        more = index < length
        return more if test is None else and_(more, test)

    def attempt() -> None:
        limit = _limit(frame)
        if limit is None:
            loops.run_while(
                lambda counters: body(sequence.at(counters[0])),
                lambda counters: inside(counters[0]),
                state,
                (ops.convert_to_tensor(0),),
                frame,
            )
            return
        numbers = ops.arange(limit, dtype="int32")

        def bounded(elements: Any) -> None:
            if_(inside(elements[0]), lambda: body(sequence.at(elements[0])), _nothing, state)

        loops.run_scan(bounded, None, state, (numbers,), limit, frame)

    _with_options(frame, attempt)
