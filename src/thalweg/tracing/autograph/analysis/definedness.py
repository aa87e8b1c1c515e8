"""Which reads of local variables may find no value.

A forward analysis of the user's code: on every path to most reads stands an assignment; the others
are marked on their `ast.Name` nodes as `unsure`, and the names are returned. Only these need care
when a condition or loop on tensors leaves a variable without a value on some path.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from thalweg.tracing.autograph.analysis import names

__all__ = ["fragile_names"]

# Statements that are looked at like others.
_KINDS: dict[type[ast.stmt], type[ast.stmt]] = {ast.TryStar: ast.Try}

# The names that have a value; None where no path leads.
Defined = frozenset[str] | None


def fragile_names(parameters: Iterable[str], body: Sequence[ast.stmt], own: set[str]) -> set[str]:
    """Mark reads that may find no value, and give their names.

    Args:
        parameters: the function's parameters.
        body: its statements.
        own: its local variables.
    """
    walk = _Walk(own)
    walk.block(body, frozenset(parameters))
    return walk.unsure


def _meet(a: Defined, b: Defined) -> Defined:
    if a is None or b is None:
        return b if a is None else a
    return a & b


class _Walk:
    def __init__(self, own: set[str]) -> None:
        self.own = own
        self.unsure: set[str] = set()
        self.breaks: list[Defined] = []
        self.continues: list[Defined] = []

    # --- expressions --------------------------------------------------------------------------

    def expressions(self, nodes: Iterable[ast.AST | None], state: Defined) -> Defined:
        for node in nodes:
            if node is not None:
                state = self.expression(node, state)
        return state

    def expression(self, node: ast.AST, state: Defined) -> Defined:
        """Look at the reads of an expression; what `:=` binds for sure has a value afterwards."""
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                self.read(node, state)
            return state
        if isinstance(node, ast.NamedExpr):
            return self.bind(self.expression(node.value, state), [node.target.id])
        if isinstance(node, ast.BoolOp):
            first = self.expression(node.values[0], state)
            self.expressions(node.values[1:], first)
            return first
        if isinstance(node, ast.IfExp):
            true, false = self.condition(node.test, state)
            return _meet(self.expression(node.body, true), self.expression(node.orelse, false))
        if isinstance(node, ast.Lambda):
            self.capture(node, state)
            return self.expressions([*node.args.defaults, *node.args.kw_defaults], state)
        if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            return self.comprehension(node, state)
        return self.expressions(ast.iter_child_nodes(node), state)

    def comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp, state: Defined
    ) -> Defined:
        inner = state
        for part in node.generators:
            inner = self.expression(part.iter, inner)
            inner = self.bind(inner, names.assigned([part.target]))
            inner = self.expressions(part.ifs, inner)
        ends = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self.expressions(ends, inner)
        return state

    def condition(self, node: ast.expr, state: Defined) -> tuple[Defined, Defined]:
        """The states where an expression is true and where it is false."""
        if isinstance(node, ast.BoolOp):
            true = false = state
            sides = []
            for value in node.values:
                true, false = self.condition(value, true if isinstance(node.op, ast.And) else false)
                sides.append(false if isinstance(node.op, ast.And) else true)
            met = sides[0]
            for side in sides[1:]:
                met = _meet(met, side)
            return (true, met) if isinstance(node.op, ast.And) else (met, false)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            true, false = self.condition(node.operand, state)
            return false, true
        after = self.expression(node, state)
        if isinstance(node, ast.Constant):
            return (after, None) if node.value else (None, after)
        return after, after

    def read(self, node: ast.Name, state: Defined) -> None:
        if state is not None and node.id in self.own and node.id not in state:
            node.unsure = True  # type: ignore[attr-defined]
            self.unsure.add(node.id)

    def capture(self, node: ast.FunctionDef | ast.Lambda | ast.ClassDef, state: Defined) -> None:
        """A function made before its variables have values may find them without."""
        found = names.reads(node.body) if isinstance(node, ast.ClassDef) else names.captured(node)
        if state is not None:
            self.unsure |= (found & self.own) - state

    def bind(self, state: Defined, found: Iterable[str]) -> Defined:
        return None if state is None else state | frozenset(found)

    # --- statements ---------------------------------------------------------------------------

    def block(self, body: Sequence[ast.stmt], state: Defined) -> Defined:
        for node in body:
            state = self.statement(node, state)
        return state

    def statement(self, node: ast.stmt, state: Defined) -> Defined:
        method = getattr(self, f"on_{_KINDS.get(type(node), type(node)).__name__}", None)
        if method is not None:
            found: Defined = method(node, state)
            return found
        state = self.expressions(ast.iter_child_nodes(node), state)
        return self.bind(state, names.assigned([node]))

    def on_AugAssign(self, node: ast.AugAssign, state: Defined) -> Defined:
        if isinstance(node.target, ast.Name):
            self.read(node.target, state)
        state = self.expressions([node.target, node.value], state)
        return self.bind(state, names.assigned([node.target]))

    def on_AnnAssign(self, node: ast.AnnAssign, state: Defined) -> Defined:
        if node.value is None:
            return state
        state = self.expressions([node.value, node.target], state)
        return self.bind(state, names.assigned([node.target]))

    def on_Delete(self, node: ast.Delete, state: Defined) -> Defined:
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.read(target, state)
        state = self.expressions(node.targets, state)
        return None if state is None else state - names.assigned([node])

    def on_FunctionDef(self, node: ast.FunctionDef, state: Defined) -> Defined:
        defaults = [*node.args.defaults, *node.args.kw_defaults]
        state = self.bind(self.expressions([*node.decorator_list, *defaults], state), [node.name])
        self.capture(node, state)
        return state

    def on_ClassDef(self, node: ast.ClassDef, state: Defined) -> Defined:
        outside = [*node.decorator_list, *node.bases, *[k.value for k in node.keywords]]
        state = self.bind(self.expressions(outside, state), [node.name])
        self.capture(node, state)
        return state

    def on_Return(self, node: ast.Return, state: Defined) -> Defined:
        self.expressions([node.value], state)
        return None

    def on_Raise(self, node: ast.Raise, state: Defined) -> Defined:
        self.expressions([node.exc, node.cause], state)
        return None

    def on_Break(self, node: ast.Break, state: Defined) -> Defined:
        self.breaks[-1] = _meet(self.breaks[-1], state)
        return None

    def on_Continue(self, node: ast.Continue, state: Defined) -> Defined:
        self.continues[-1] = _meet(self.continues[-1], state)
        return None

    def on_If(self, node: ast.If, state: Defined) -> Defined:
        true, false = self.condition(node.test, state)
        return _meet(self.block(node.body, true), self.block(node.orelse, false))

    def loop(self, body: Sequence[ast.stmt], state: Defined) -> tuple[Defined, Defined]:
        """The states at the end of a round, and at a break."""
        self.breaks.append(None)
        self.continues.append(None)
        end = self.block(body, state)
        return _meet(end, self.continues.pop()), self.breaks.pop()

    def on_While(self, node: ast.While, state: Defined) -> Defined:
        true, false = self.condition(node.test, state)
        _, broken = self.loop(node.body, true)
        return _meet(self.block(node.orelse, false), broken)

    def on_For(self, node: ast.For, state: Defined) -> Defined:
        state = self.expression(node.iter, state)
        inner = self.bind(self.expression(node.target, state), names.assigned([node.target]))
        _, broken = self.loop(node.body, inner)
        return _meet(self.block(node.orelse, state), broken)

    def on_With(self, node: ast.With, state: Defined) -> Defined:
        for item in node.items:
            state = self.expression(item.context_expr, state)
            if item.optional_vars is not None:
                state = self.bind(state, names.assigned([item.optional_vars]))
        return self.block(node.body, state)

    def on_Try(self, node: ast.Try, state: Defined) -> Defined:
        deleted = {n for s in node.body for n in names.deleted([s])}
        start = None if state is None else state - deleted
        end = self.block(node.orelse, self.block(node.body, state))
        for handler in node.handlers:
            inner = self.expressions([handler.type], start)
            inner = self.bind(inner, [handler.name] if handler.name else [])
            inner = self.block(handler.body, inner)
            if handler.name and inner is not None:
                inner = inner - {handler.name}
            end = _meet(end, inner)
        if not node.finalbody:
            return end
        self.block(node.finalbody, start)
        return self.block(node.finalbody, end)

    def on_Match(self, node: ast.Match, state: Defined) -> Defined:
        state = self.expression(node.subject, state)
        end: Defined = None
        rest = state
        for case in node.cases:
            inner = self.expression(case.pattern, rest)
            inner = self.bind(inner, names.assigned([case.pattern]))
            catches_all = names.irrefutable(case.pattern)
            if case.guard is not None:
                inner, missed = self.condition(case.guard, inner)
                rest = _meet(rest, missed) if not catches_all else missed
            elif catches_all:
                rest = None
            end = _meet(end, self.block(case.body, inner))
        return _meet(end, rest)
