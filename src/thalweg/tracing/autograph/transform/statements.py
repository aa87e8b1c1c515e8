"""Converts statements: each construct becomes a call of the runtime, its bodies functions."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from thalweg.tracing.autograph.analysis import names
from thalweg.tracing.autograph.transform import jumps
from thalweg.tracing.autograph.transform.expressions import Expressions
from thalweg.tracing.autograph.transform.nodes import (
    assign,
    at,
    call,
    constants,
    load,
    quoted,
    runtime,
)
from thalweg.tracing.autograph.transform.scope import Scope
from thalweg.tracing.autograph.transform.stores import Stores, is_plain

__all__ = ["Statements"]

# Statements that are converted like others.
_KINDS: dict[type[ast.stmt], type[ast.stmt]] = {
    ast.TryStar: ast.Try,
    ast.Nonlocal: ast.Global,
    ast.AsyncFunctionDef: ast.ClassDef,
}

Converter = Callable[[ast.FunctionDef, str, Scope | None, str | None], ast.FunctionDef]


class Statements:
    """Converts the statements of one function, its jumps lowered and its liveness marked.

    Args:
        scope: what is known of its names.
        function: converts a function inside of it.
    """

    def __init__(self, scope: Scope, function: Converter) -> None:
        self.scope = scope
        self.function = function
        self.expressions = Expressions(scope)
        self.stores = Stores(scope, self.expressions)

    def block(self, body: Sequence[ast.stmt]) -> list[ast.stmt]:
        """The converted statements."""
        return [new for node in body for new in self.statement(node)]

    def statement(self, node: ast.stmt) -> list[ast.stmt]:
        """One statement, converted."""
        method = getattr(self, f"on_{_KINDS.get(type(node), type(node)).__name__}", None)
        found = self.simple(node) if method is None else method(node)
        return [at(new, node) for new in (*self.announced(node), *found)]

    def announced(self, node: ast.stmt) -> list[ast.stmt]:
        """Statements that tell of assignments to variables of other functions and modules."""
        if isinstance(node, (ast.If, ast.While, ast.For, ast.Try, ast.TryStar)):
            return []  # their bodies tell
        if isinstance(node, ast.With):
            targets = [i.optional_vars for i in node.items if i.optional_vars is not None]
            return self.announcements(names.assigned(targets), node)
        return self.announcements(names.assigned([node]), node)

    def announcements(self, assigned: set[str], node: ast.AST) -> list[ast.stmt]:
        """The same for names that are assigned."""
        found: list[ast.stmt] = []
        for name in sorted(assigned & self.scope.globals):
            telling = call("writing_global", quoted(ast.Constant(None)), ast.Constant(name))
            found.append(at(ast.Expr(telling), node))
        for name in sorted(assigned & self.scope.nonlocals):
            outside = ast.Constant(not self.scope.is_converted_outside(name))
            telling = call("writing_outer", quoted(load(name)), ast.Constant(name), outside)
            found.append(at(ast.Expr(telling), node))
        return found

    def simple(self, node: ast.stmt) -> list[ast.stmt]:
        """A statement of which only the expressions change."""
        return [self.expressions.generic_visit(node)]  # type: ignore[list-item]

    # --- what stays as it is ------------------------------------------------------------------

    def on_Global(self, node: ast.Global) -> list[ast.stmt]:
        return []

    def on_ClassDef(self, node: ast.ClassDef) -> list[ast.stmt]:
        return [node]

    def on_FunctionDef(self, node: ast.FunctionDef) -> list[ast.stmt]:
        left = any(
            getattr(d, "attr", getattr(d, "id", "")) == "do_not_convert"
            for d in node.decorator_list
        )
        if left or any(isinstance(n, (ast.Yield, ast.YieldFrom)) for n in ast.walk(node)):
            return [node]
        node.decorator_list = [self.expressions.expression(d) for d in node.decorator_list]
        args = node.args
        args.defaults = [self.expressions.expression(d) for d in args.defaults]
        args.kw_defaults = [d and self.expressions.expression(d) for d in args.kw_defaults]
        return [self.function(node, node.name, self.scope, self.scope.owner)]

    # --- assignments --------------------------------------------------------------------------

    def on_Assign(self, node: ast.Assign) -> list[ast.stmt]:
        value = self.expressions.expression(node.value)
        if all(map(is_plain, node.targets)):
            return [ast.Assign(node.targets, value)]
        return self.stores.assignment(node.targets, value)

    def on_AnnAssign(self, node: ast.AnnAssign) -> list[ast.stmt]:
        if node.value is None:
            return []
        return self.on_Assign(at(ast.Assign([node.target], node.value), node))

    def on_AugAssign(self, node: ast.AugAssign) -> list[ast.stmt]:
        if not isinstance(node.target, ast.Name):
            return self.stores.augmented(node)
        name = node.target.id
        found: list[ast.stmt] = []
        read = at(load(name), node.target)
        if hasattr(node.target, "unsure"):
            read.unsure = True  # type: ignore[attr-defined]
        value = self.expressions.expression(read)
        if value is not read:  # it may be without a value
            found.append(assign(name, value, node))
        outside = self.expressions.outside(read)
        found.append(ast.Expr(call("changing", load(name), outside)))
        update = ast.AugAssign(node.target, node.op, self.expressions.expression(node.value))
        return [*found, update]

    def on_Delete(self, node: ast.Delete) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                outside = self.expressions.outside(target.value)
                value = self.expressions.expression(target.value)
                found.append(ast.Expr(call("changing", value, outside)))
        return [*found, node]

    # --- conditions and loops -----------------------------------------------------------------

    def body(
        self, what: str, nodes: Sequence[ast.stmt], item: ast.expr | None = None
    ) -> tuple[ast.stmt, str]:
        """A function with these statements.

        Args:
            what: what it is, for its name.
            nodes: the statements, not converted.
            item: the target of a `for` loop, which gets the function's argument.
        """
        name = self.scope.fresh(what)
        inner: list[ast.stmt] = []
        assigned = names.assigned(nodes)
        if item is not None:
            assigned |= names.assigned([item])
            inner.extend(self.announcements(names.assigned([item]), item))
            inner.extend(self.stores.store(item, load("ag__item")))
        roots = names.item_roots([*nodes, *([item] if item is not None else [])])
        assigned |= roots & self.scope.own
        inner.extend(self.block(nodes))
        scoping: list[ast.stmt] = []
        outer = sorted(assigned - self.scope.globals)
        if outer:
            scoping.append(ast.Nonlocal(outer))
        if assigned & self.scope.globals:
            scoping.append(ast.Global(sorted(assigned & self.scope.globals)))
        arguments = [ast.arg("ag__item")] if item is not None else []
        found = ast.FunctionDef(
            name,
            ast.arguments([], arguments, None, [], [], None, []),
            [*scoping, *inner] or [ast.Pass()],
            [],
            None,
            None,
        )
        if "type_params" in ast.FunctionDef._fields:
            found.type_params = []  # type: ignore[attr-defined]
        return found, name

    def state(self, nodes: Sequence[ast.AST], live: set[str], more: Sequence[str] = ()) -> ast.expr:
        """The variables that statements assign, as an argument for the runtime."""
        scope = self.scope
        assigned = names.assigned(nodes) | names.item_roots(nodes) | set(more)
        found = sorted(assigned & scope.own)
        if not found:
            return runtime("EMPTY")

        def mangled(some: set[str]) -> ast.expr:
            return constants([scope.mangled(n) for n in found if n in some])

        variables = quoted(ast.Tuple([load(n) for n in found], ast.Load()))
        return call("State", variables, mangled(live | set(more)), mangled(scope.fragile))

    def on_If(self, node: ast.If) -> list[ast.stmt]:
        guard: tuple[str, ...] = getattr(node, "guard", ())
        if guard:
            test: ast.expr = call("not_exited", *map(load, guard))
        else:
            test = self.expressions.expression(node.test)
        # Where the rest of a function is skipped, it has returned.
        known = jumps.RETURNED if guard == (jumps.RETURNED,) else None
        state = self.state([*node.body, *node.orelse], node.live, [known] if known else [])  # type: ignore[attr-defined]
        then, first = self.body("then", node.body)
        otherwise, second = self.body("else", node.orelse)
        args = [test, load(first), load(second), state]
        if known:
            args.append(ast.Constant(known))
        return [then, otherwise, ast.Expr(call("if_", *args))]

    def on_While(self, node: ast.While) -> list[ast.stmt]:
        live: set[str] = node.live  # type: ignore[attr-defined]
        flags: tuple[str, ...] = node.flags  # type: ignore[attr-defined]
        if flags:
            going = call("not_exited", *map(load, flags))
            test = quoted(call("and_", going, self.expressions.later(node.test)))
        else:
            test = self.expressions.later(node.test)  # type: ignore[assignment]
        body, name = self.body("while", node.body)
        state = self.state(node.body, live)
        return [body, ast.Expr(call("while_", test, load(name), state))]

    def on_For(self, node: ast.For) -> list[ast.stmt]:
        live: set[str] = node.live  # type: ignore[attr-defined]
        flags: tuple[str, ...] = node.flags  # type: ignore[attr-defined]
        iterable = self.expressions.expression(node.iter)
        state = self.state([node.target, *node.body], live)
        body, name = self.body("for", node.body, node.target)
        args = [iterable, load(name), state]
        if flags:
            args.append(quoted(call("not_exited", *map(load, flags))))
        return [body, ast.Expr(call("for_", *args))]

    # --- exceptions and contexts --------------------------------------------------------------

    def on_With(self, node: ast.With) -> list[ast.stmt]:
        for item in node.items:
            item.context_expr = self.expressions.expression(item.context_expr)
        node.body = self.block(node.body)
        return [node]

    def on_Raise(self, node: ast.Raise) -> list[ast.stmt]:
        if node.exc is None:
            return [node]
        error = call("raising", self.expressions.expression(node.exc))
        cause = None if node.cause is None else self.expressions.expression(node.cause)
        return [ast.Raise(error, cause)]

    def on_Assert(self, node: ast.Assert) -> list[ast.stmt]:
        args = [self.expressions.expression(node.test)]
        if node.msg is not None:
            args.append(self.expressions.later(node.msg))
        return [ast.If(load("__debug__"), [ast.Expr(call("assert_", *args))], [])]

    def on_Try(self, node: ast.Try) -> list[ast.stmt]:
        node.body = self.block(node.body)
        if node.handlers:
            types = [
                runtime("BaseException") if h.type is None else self.expressions.expression(h.type)
                for h in node.handlers
            ]
            trying = call("trying", quoted(ast.Tuple(types, ast.Load())))
            node.body = [at(ast.With([ast.withitem(trying, None)], node.body), node)]
        for handler in node.handlers:
            handler.body = self.block(handler.body)
        if isinstance(node, ast.Try) and node.handlers:
            # What the conversion itself raises is no business of the user's handlers.
            passing = ast.Tuple([runtime("Again"), runtime("AutoGraphError")], ast.Load())
            own = at(ast.ExceptHandler(passing, None, [ast.Raise(None, None)]), node)
            node.handlers.insert(0, own)
        node.orelse = self.block(node.orelse)
        node.finalbody = self.block(node.finalbody)
        return [node]
