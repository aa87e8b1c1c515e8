"""Converts expressions: calls, conditions, comparisons, comprehensions, texts."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from thalweg.tracing.autograph.analysis import names
from thalweg.tracing.autograph.transform.nodes import at, call, constants, load, quoted
from thalweg.tracing.autograph.transform.scope import Scope

__all__ = ["Expressions", "root"]

_MUTATORS = frozenset(
    ("append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse")
    + ("update", "setdefault", "popitem", "add", "discard")
)


def root(node: ast.expr) -> str | None:
    """The name from which a chain of attributes and indices starts."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


class Expressions(ast.NodeTransformer):
    """Converts the expressions of one function."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        # How many functions that the conversion makes stand around the present expression.
        self.lazy = 0
        # How many lambdas of the user.
        self.lambdas = 0

    def expression(self, node: ast.expr) -> ast.expr:
        """The converted expression."""
        found = self.visit(node)
        assert isinstance(found, ast.expr)
        return at(found, node)

    def later(self, node: ast.expr) -> ast.expr:
        """A function that gives the converted expression."""
        self.lazy += 1
        try:
            return at(quoted(self.expression(node)), node)
        finally:
            self.lazy -= 1

    def outside(self, node: ast.expr) -> ast.expr:
        """An expression for whether what another one starts from is from outside."""
        name = root(node)
        if name is None or self.scope.is_hidden(name) or not self.scope.from_outside(name):
            return ast.Constant(False)
        return at(call("foreign", load(name)), node)

    # --- names --------------------------------------------------------------------------------

    def visit_Name(self, node: ast.Name) -> ast.expr:
        scope = self.scope
        if not isinstance(node.ctx, ast.Load) or scope.is_hidden(node.id):
            return node
        if node.id in scope.own:
            if node.id not in scope.fragile:
                return node
            if not getattr(node, "unsure", False):
                return at(call("value", node), node)
        elif not scope.outer_fragile(node.id):
            return node
        return at(call("defined", quoted(node), ast.Constant(node.id)), node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.expr:
        value = self.expression(node.value)
        if not self.lazy or self.lambdas:
            return at(ast.NamedExpr(node.target, value), node)
        self.scope.setters.add(node.target.id)
        return at(ast.Call(load(f"ag__set_{node.target.id}"), [value], []), node)

    def state(self, operands: Sequence[ast.expr]) -> list[ast.expr]:
        """The variables that operands assign, as an argument for the runtime."""
        found = sorted(names.walrus_names(operands) & self.scope.own)
        if not found:
            return []
        variables = quoted(ast.Tuple([load(n) for n in found], ast.Load()))
        live = constants([self.scope.mangled(n) for n in found])
        return [call("State", variables, live)]

    def assigns_in_lambda(self, operands: Sequence[ast.expr]) -> bool:
        """Whether `:=` binds a variable of a lambda, which no other function can assign."""
        return bool(self.lambdas and names.walrus_names(operands))

    # --- conditions ---------------------------------------------------------------------------

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        if self.assigns_in_lambda(node.values):
            return self.generic(node)
        first, rest = node.values[0], node.values[1:]
        name = "and_" if isinstance(node.op, ast.And) else "or_"
        second = rest[0] if len(rest) == 1 else at(ast.BoolOp(node.op, rest), rest[0])
        return at(call(name, self.expression(first), self.later(second), *self.state(rest)), node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        if isinstance(node.op, ast.Not):
            return at(call("not_", self.expression(node.operand)), node)
        return self.generic(node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        sides = [node.body, node.orelse]
        if self.assigns_in_lambda(sides):
            return self.generic(node)
        test = self.expression(node.test)
        return at(call("if_exp", test, *map(self.later, sides), *self.state(sides)), node)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        plain = len(node.ops) == 1 and not isinstance(node.ops[0], (ast.In, ast.NotIn))
        if plain or self.assigns_in_lambda(node.comparators[1:]):
            return self.generic(node)
        if len(node.ops) == 1:
            found = call("in_", self.expression(node.left), self.expression(node.comparators[0]))
            return at(found if isinstance(node.ops[0], ast.In) else call("not_", found), node)
        kinds = constants([type(op).__name__ for op in node.ops])
        operands = map(self.later, node.comparators)
        return at(call("chain", self.expression(node.left), kinds, *operands), node)

    # --- calls --------------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> ast.expr:
        function = node.func
        if isinstance(function, ast.Attribute) and root(function) == "ag__":
            return self.generic(node)
        if isinstance(function, ast.Name) and function.id == "super":
            return self.super(node)
        found = call("callee", self.expression(function))
        if isinstance(function, ast.Attribute) and function.attr in _MUTATORS:
            found.args.append(self.outside(function.value))
        new = ast.Call(found, [], [])
        new.args = [self.expression(x) for x in node.args]
        new.keywords = [
            at(ast.keyword(k.arg, self.expression(k.value)), node) for k in node.keywords
        ]
        return at(new, node)

    def super(self, node: ast.Call) -> ast.expr:
        """Without arguments it looks at the frame; bodies have frames of their own."""
        if not node.args and not node.keywords:
            scope = self.scope
            if scope.parameters:
                node.args = [load("__class__"), load(scope.parameters[0])]
        return at(self.generic(node), node)

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        node.args.defaults = [self.expression(d) for d in node.args.defaults]
        node.args.kw_defaults = [d and self.expression(d) for d in node.args.kw_defaults]
        bound = set(names.arguments(node.args)) | names.walrus_names([node.body])
        self.scope.hidden.append(bound)
        self.lambdas += 1
        node.body = self.expression(node.body)
        self.lambdas -= 1
        self.scope.hidden.pop()
        return node

    # --- texts --------------------------------------------------------------------------------

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        parts: list[ast.expr] = []
        for part in node.values:
            if not isinstance(part, ast.FormattedValue):
                parts.append(part)
                continue
            conversion = "" if part.conversion < 0 else chr(part.conversion)
            spec = ast.Constant("") if part.format_spec is None else self.visit(part.format_spec)
            value = self.expression(part.value)
            parts.append(ast.Tuple([value, ast.Constant(conversion), spec], ast.Load()))
        return at(call("text", *parts), node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left = node.left
        text = isinstance(left, ast.JoinedStr) or (
            isinstance(left, ast.Constant) and isinstance(left.value, str)
        )
        if isinstance(node.op, ast.Mod) and text:
            return at(call("percent", self.expression(left), self.expression(node.right)), node)
        return self.generic(node)

    # --- elements and containers --------------------------------------------------------------

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        fixed = isinstance(node.slice, (ast.Slice, ast.Constant, ast.Tuple))
        if fixed or not isinstance(node.ctx, ast.Load):
            return self.generic(node)
        return at(call("get_item", self.expression(node.value), self.expression(node.slice)), node)

    def visit_List(self, node: ast.List) -> ast.expr:
        found = self.generic(node)
        return at(call("born", found), node) if isinstance(node.ctx, ast.Load) else found

    def visit_Dict(self, node: ast.Dict) -> ast.expr:
        return at(call("born", self.generic(node)), node)

    def visit_Set(self, node: ast.Set) -> ast.expr:
        return at(call("born", self.generic(node)), node)

    def visit_ListComp(self, node: ast.ListComp) -> ast.expr:
        if any(part.is_async for part in node.generators):
            return self.generic(node)
        return at(call("born", self._comprehension("comprehension", node)), node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> ast.expr:
        if len(node.generators) > 1 or node.generators[0].is_async:
            return self.generic(node)
        return self._comprehension("generator", node)

    def _comprehension(self, kind: str, node: ast.ListComp | ast.GeneratorExp) -> ast.expr:
        """`kind(iterable, lambda item: [element for target in (item,) if condition])`."""
        # In Python the first iterable is computed outside of the comprehension.
        first = self.expression(node.generators[0].iter)
        self.lazy += 1
        inner = self._level(node, 0)
        self.lazy -= 1
        return at(call(kind, first, inner), node)

    def _level(self, node: ast.ListComp | ast.GeneratorExp, level: int) -> ast.expr:
        part = node.generators[level]
        item = f"ag__item_{level}"
        only = ast.Tuple([load(item)], ast.Load())
        conditions: list[ast.expr] = [call("keeps", self.expression(c)) for c in part.ifs]
        target = self.visit(part.target)
        parts = [ast.comprehension(target, only, conditions, 0)]
        if level + 1 == len(node.generators):
            element = self.expression(node.elt)
        else:
            rest = self.expression(node.generators[level + 1].iter)
            more = call("comprehension", rest, self._level(node, level + 1))
            parts.append(ast.comprehension(ast.Name("ag__x", ast.Store()), more, [], 0))
            element = load("ag__x")
        return at(quoted(ast.ListComp(element, parts), item), node)

    def generic(self, node: ast.expr) -> ast.expr:
        """The expression with its parts converted."""
        found = self.generic_visit(node)
        assert isinstance(found, ast.expr)
        return found
