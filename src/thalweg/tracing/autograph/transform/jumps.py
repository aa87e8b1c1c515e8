"""Lowers `break`, `continue`, `return`, loop `else` and `match` to conditions on flags.

Afterwards a function has only structured statements. An `if` that guards what follows a possible
jump has the attribute `guard`, the flags that must not be set; a loop has `flags`, those that end
it.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from thalweg.tracing.autograph.analysis import names
from thalweg.tracing.autograph.transform import patterns
from thalweg.tracing.autograph.transform.nodes import assign, at, load

__all__ = ["RESULT", "RETURNED", "lowered", "returns_early"]

RETURNED, RESULT = "ag__returned", "ag__result"

_LOOPS = (ast.For, ast.While, ast.AsyncFor)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def lowered(body: Sequence[ast.stmt], early: bool) -> list[ast.stmt]:
    """The statements of a function without jumps.

    Args:
        body: the statements.
        early: whether a `return` stands anywhere but at the end (see `returns_early`).
    """
    found, _ = _Lowering(early).block(body)
    return found


def returns_early(body: Sequence[ast.stmt]) -> bool:
    """Whether a function returns from inside of another statement."""
    return any(_has(ast.Return, node) for node in body if not isinstance(node, ast.Return))


def _has(kind: type[ast.AST] | tuple[type[ast.AST], ...], node: ast.AST) -> bool:
    """Whether a statement has one of a kind in its own scope."""
    if isinstance(node, _SCOPES):
        return False
    return isinstance(node, kind) or any(_has(kind, n) for n in ast.iter_child_nodes(node))


def _jumps_of(kind: type[ast.stmt], body: Sequence[ast.stmt]) -> bool:
    """Whether a loop's body has a `break` or `continue` of its own."""
    for node in body:
        if isinstance(node, kind):
            return True
        if isinstance(node, _SCOPES):
            continue
        if isinstance(node, _LOOPS):
            if _jumps_of(kind, node.orelse):
                return True
            continue
        for field in ("body", "orelse", "finalbody"):
            if _jumps_of(kind, getattr(node, field, [])):
                return True
        for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            if _jumps_of(kind, part.body):
                return True
    return False


class _Lowering:
    def __init__(self, early: bool) -> None:
        self.early = early
        self.count = 0
        # Of the loop around: the flags for its `break` and `continue`.
        self.breaks = ""
        self.continues = ""

    def name(self, what: str) -> str:
        self.count += 1
        return f"ag__{what}_{self.count}"

    def block(self, body: Sequence[ast.stmt]) -> tuple[list[ast.stmt], set[str]]:
        """The statements, and the flags that they may set."""
        found: list[ast.stmt] = []
        for i, node in enumerate(body):
            new, exits = self.statement(node)
            found.extend(new)
            if not exits:
                continue
            if isinstance(node, (ast.Return, ast.Break, ast.Continue)):
                return found, exits  # what follows is never reached
            rest, more = self.block(body[i + 1 :])
            if rest:
                found.append(_guarded(exits, rest))
            return found, exits | more
        return found, set()

    def statement(self, node: ast.stmt) -> tuple[list[ast.stmt], set[str]]:
        if isinstance(node, ast.Return) and self.early:
            value = node.value or at(ast.Constant(None), node)
            return [assign(RESULT, value, node), _flag(RETURNED, True, node)], {RETURNED}
        if isinstance(node, ast.Break):
            return [_flag(self.breaks, True, node)], {self.breaks}
        if isinstance(node, ast.Continue):
            return [_flag(self.continues, True, node)], {self.continues}
        if isinstance(node, ast.If):
            node.body, first = self.block(node.body)
            node.orelse, second = self.block(node.orelse)
            return [node], first | second
        if isinstance(node, ast.While):
            return self.while_(node)
        if isinstance(node, ast.For):
            return self.loop(node)
        if isinstance(node, ast.With):
            node.body, exits = self.block(node.body)
            return [node], exits
        if isinstance(node, (ast.Try, ast.TryStar)):
            return self.attempt(node)
        if isinstance(node, ast.Match):
            return self.match(node)
        return [node], set()

    def while_(self, node: ast.While) -> tuple[list[ast.stmt], set[str]]:
        if not names.walrus_names([node.test]):
            return self.loop(node)
        # The condition assigns, so it becomes a part of the body.
        done = self.name("done")
        stop = at(ast.If(ast.UnaryOp(ast.Not(), node.test), [_flag(done, True, node)], []), node)
        node.test = at(ast.Constant(True), node)
        return self.loop(node, done, [stop])

    def loop(
        self, node: ast.For | ast.While, done: str = "", first: Sequence[ast.stmt] = ()
    ) -> tuple[list[ast.stmt], set[str]]:
        """A loop.

        Args:
            node: the loop.
            done: a flag that ends it as its condition would.
            first: the statements that set this flag.
        """
        before: list[ast.stmt] = []
        outer = self.breaks, self.continues
        self.breaks = self.name("break") if _jumps_of(ast.Break, node.body) else ""
        self.continues = self.name("continue") if _jumps_of(ast.Continue, node.body) else ""
        own = [flag for flag in (self.breaks, done) if flag]
        before.extend(_flag(flag, False, node) for flag in own)
        starts = [_flag(self.continues, False, node)] if self.continues else []
        broken, continued = self.breaks, self.continues
        body, exits = self.block(node.body)
        self.breaks, self.continues = outer
        if done and body:
            body = [_guarded({done}, body)]
        node.body = [*starts, *first, *body]
        exits -= {broken, continued}
        orelse, node.orelse = node.orelse, []
        node.flags = (*own, *sorted(exits))  # type: ignore[union-attr]
        after, more = self.block(orelse)
        if _is_endless(node) and exits == {RETURNED} and not own:
            # Only a return ends it.
            return [*before, node, _flag(RETURNED, True, node)], exits
        if after and (broken or exits):
            after = [_guarded({f for f in (broken, *exits) if f}, after)]
        return [*before, node, *after], exits | more

    def attempt(self, node: ast.Try | ast.TryStar) -> tuple[list[ast.stmt], set[str]]:
        node.body, exits = self.block(node.body)
        node.orelse, more = self.block(node.orelse)
        if exits and node.orelse:
            node.orelse = [_guarded(exits, node.orelse)]
        for handler in node.handlers:
            handler.body, found = self.block(handler.body)
            more |= found
        node.finalbody, _ = self.block(node.finalbody)
        return [node], exits | more

    def match(self, node: ast.Match) -> tuple[list[ast.stmt], set[str]]:
        subject = self.name("subject")
        first = assign(subject, node.subject, node)
        chain, exits = self.cases(subject, node.cases)
        return [first, *chain], exits

    def cases(
        self, subject: str, cases: Sequence[ast.match_case]
    ) -> tuple[list[ast.stmt], set[str]]:
        """Each case is an `if` whose `else` holds the cases after it."""
        if not cases:
            return [], set()
        case = cases[0]
        match = self.name("match")
        found: list[ast.stmt] = [patterns.matching(match, subject, case.pattern)]
        matched: ast.expr = at(ast.Attribute(load(match), "matched", ast.Load()), case.pattern)
        binding = patterns.binding(match, case.pattern)
        if binding:
            found.append(at(ast.If(matched, binding, []), case.pattern))
        test = matched
        if case.guard is not None:
            test = at(ast.BoolOp(ast.And(), [matched, case.guard]), case.guard)
        body, first = self.block(case.body)
        rest, second = self.cases(subject, cases[1:])
        return [*found, at(ast.If(test, body, rest), case.pattern)], first | second


def _is_endless(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.While)
        and isinstance(node.test, ast.Constant)
        and bool(node.test.value)
    )


def _flag(name: str, value: bool, node: ast.AST) -> ast.stmt:
    return assign(name, ast.Constant(value), node)


def _guarded(flags: set[str], body: list[ast.stmt]) -> ast.stmt:
    found = at(ast.If(ast.Constant(True), body, []), body[0])
    found.guard = tuple(sorted(flags))  # type: ignore[attr-defined]
    return found
