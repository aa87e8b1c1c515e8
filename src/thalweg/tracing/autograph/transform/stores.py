"""Converts assignments to attributes and elements; those of tensors make new tensors."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from thalweg.tracing.autograph.transform.expressions import Expressions
from thalweg.tracing.autograph.transform.nodes import assign, at, call, load
from thalweg.tracing.autograph.transform.scope import Scope

__all__ = ["Stores", "is_plain"]


def is_plain(target: ast.expr) -> bool:
    """Whether a target is made of variables only."""
    if isinstance(target, ast.Starred):
        return is_plain(target.value)
    if isinstance(target, (ast.Tuple, ast.List)):
        return all(map(is_plain, target.elts))
    return isinstance(target, ast.Name)


@dataclass(slots=True)
class _Target:
    """A place that is read and assigned, with the parts that it takes computed once.

    Attributes:
        before: the statements that compute these.
        read: the expression that reads it.
        store: from an expression to the statements that assign it.
    """

    before: list[ast.stmt]
    read: ast.expr
    store: Callable[[ast.expr], list[ast.stmt]]


class Stores:
    """Converts the assignments of one function."""

    def __init__(self, scope: Scope, expressions: Expressions) -> None:
        self.scope = scope
        self.expressions = expressions

    def _kept(self, what: str, value: ast.expr, place: ast.AST) -> tuple[ast.stmt, str]:
        """A variable for the value of an expression."""
        name = self.scope.fresh(what)
        return assign(name, value, place), name

    def assignment(self, targets: list[ast.expr], value: ast.expr) -> list[ast.stmt]:
        """`targets = value`, the value an expression that is converted already."""
        first, name = self._kept("new", value, value)
        found = [first]
        for target in targets:
            found.extend(self.store(target, load(name)))
        return found

    def store(self, target: ast.expr, value: ast.expr) -> list[ast.stmt]:
        """Give a target a value, which is a variable or constant."""
        if is_plain(target):
            return [at(ast.Assign([target], value), target)]
        if isinstance(target, (ast.Tuple, ast.List)):
            return self._unpacked(target, value)
        place = self._target(target)
        return [*place.before, *place.store(value)]

    def _unpacked(self, target: ast.Tuple | ast.List, value: ast.expr) -> list[ast.stmt]:
        kept: list[ast.expr] = []
        after: list[ast.stmt] = []
        for part in target.elts:
            name = self.scope.fresh("part")
            variable: ast.expr = ast.Name(name, ast.Store())
            inner = part.value if isinstance(part, ast.Starred) else part
            kept.append(ast.Starred(variable, ast.Store()) if inner is not part else variable)
            after.extend(self.store(inner, load(name)))
        unpack = ast.Assign([ast.Tuple(kept, ast.Store())], value)
        return [at(unpack, target), *after]

    def augmented(self, node: ast.AugAssign) -> list[ast.stmt]:
        """`target op= value` for an attribute or element."""
        place = self._target(node.target)
        first, old = self._kept("old", place.read, node.target)
        change = at(ast.Expr(call("changing", load(old))), node)
        value = self.expressions.expression(node.value)
        update = at(ast.AugAssign(ast.Name(old, ast.Store()), node.op, value), node)
        return [*place.before, first, change, update, *place.store(load(old))]

    def _target(self, node: ast.expr) -> _Target:
        """What is needed to read and assign an expression that stands on the left."""
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Subscript):
            return self._element(node)
        before, name = self._kept("object", self.expressions.expression(node), node)
        return _Target([before], load(name), lambda value: [])

    def _name(self, node: ast.Name) -> _Target:
        read = self.expressions.expression(at(load(node.id), node))
        return _Target([], read, lambda value: [assign(node.id, value, node)])

    def _attribute(self, node: ast.Attribute) -> _Target:
        outside = self.expressions.outside(node.value)
        owner = self.expressions.expression(node.value)
        before, name = self._kept("owner", owner, node)
        attribute = ast.Constant(self.scope.mangled(node.attr))
        read = at(ast.Attribute(load(name), node.attr, ast.Load()), node)

        def store(value: ast.expr) -> list[ast.stmt]:
            setting = call("set_attribute", value, load(name), attribute, outside)
            return [at(ast.Expr(setting), node)]

        return _Target([before], read, store)

    def _element(self, node: ast.Subscript) -> _Target:
        outside = self.expressions.outside(node.value)
        owner = self._target(node.value)
        kept, name = self._kept("owner", owner.read, node)
        index, key = self._kept("key", self._key(node.slice), node)
        read = at(call("get_item", load(name), load(key)), node)
        # A variable of another function or module is not given a new tensor in passing.
        rebinds = not isinstance(node.value, ast.Name) or node.value.id in self.scope.own

        def store(value: ast.expr) -> list[ast.stmt]:
            setting = call("set_item", value, load(name), load(key), outside, ast.Constant(rebinds))
            first, new = self._kept("item", setting, node)
            if not rebinds:
                return [first]
            differs = ast.Compare(load(new), [ast.IsNot()], [load(name)])
            return [first, at(ast.If(differs, owner.store(load(new)) or [ast.Pass()], []), node)]

        return _Target([*owner.before, kept, index], read, store)

    def _key(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.Slice):
            ends = (node.lower, node.upper, node.step)
            parts = [
                ast.Constant(None) if e is None else self.expressions.expression(e) for e in ends
            ]
            return at(call("slice", *parts), node)
        if isinstance(node, ast.Tuple):
            elements = [
                ast.Starred(self._key(e.value), ast.Load())
                if isinstance(e, ast.Starred)
                else self._key(e)
                for e in node.elts
            ]
            return at(ast.Tuple(elements, ast.Load()), node)
        return self.expressions.expression(node)
