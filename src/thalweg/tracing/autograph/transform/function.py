"""Converts one function: its jumps, then its statements and expressions."""

from __future__ import annotations

import ast
import copy
from collections.abc import Sequence

from thalweg.tracing.autograph.analysis import names
from thalweg.tracing.autograph.analysis.definedness import fragile_names
from thalweg.tracing.autograph.analysis.liveness import mark_liveness
from thalweg.tracing.autograph.transform import jumps
from thalweg.tracing.autograph.transform.nodes import assign, at, call, load, quoted
from thalweg.tracing.autograph.transform.scope import Scope
from thalweg.tracing.autograph.transform.statements import Statements

__all__ = ["converted_tree", "reason_against"]

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

# They look at the frame that calls them, and bodies become functions of their own.
_FRAME_FUNCTIONS = frozenset({"locals", "eval", "exec", "vars", "dir"})


def reason_against(node: FunctionNode) -> str | None:
    """Why a function is not converted, or None."""
    if isinstance(node, ast.AsyncFunctionDef):
        return "it is async"
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    for inner in _own_nodes(body):
        if isinstance(inner, (ast.Yield, ast.YieldFrom, ast.Await)):
            return "it is a generator or async"
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name):
            frame = inner.func.id in _FRAME_FUNCTIONS and len(inner.args) <= 1
            if frame and not (inner.func.id in ("vars", "dir") and inner.args):
                return f"it calls {inner.func.id}()"
        if isinstance(inner, (ast.Try, ast.TryStar)) and _jumps(inner.finalbody):
            return "a `finally` has a return, break or continue"
    return None


def _own_nodes(body: Sequence[ast.AST]) -> list[ast.AST]:
    """The nodes of a function, without those of functions in it."""
    found = []
    for node in body:
        found.append(node)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            found.extend(_own_nodes(list(ast.iter_child_nodes(node))))
    return found


def _jumps(body: Sequence[ast.stmt]) -> bool:
    return any(isinstance(n, (ast.Return, ast.Break, ast.Continue)) for n in _own_nodes(body))


def converted_tree(node: FunctionNode, owner: str | None, free: Sequence[str]) -> ast.Module:
    """A module with a factory, in which the converted function stands as `ag__function`.

    Args:
        node: the function.
        owner: the class in whose body it stands; private names need it.
        free: the names that it takes from functions around it, which the factory binds.
    """
    node = copy.deepcopy(node)
    if isinstance(node, ast.Lambda):
        returned = at(ast.Return(node.body), node.body)
        function = at(_function("ag__function", node.args, [returned]), node)
        name = "the lambda"
    else:
        function = at(_function("ag__function", node.args, node.body), node)
        name = str(node.name)
    _without_defaults(function.args)
    function = converted_function(function, name, None, owner)
    function.name = "ag__function"
    inner: ast.stmt = function
    if owner is not None:
        inner = at(ast.ClassDef(owner, [], [], [inner], []), node)
        if "type_params" in ast.ClassDef._fields:
            inner.type_params = []  # type: ignore[attr-defined]
    parameters = [ast.arg(n) for n in ("ag__", *free)]
    arguments = ast.arguments([], parameters, None, [], [], None, [])
    factory = at(_function("ag__factory", arguments, [inner]), node)
    return ast.fix_missing_locations(ast.Module([factory], []))


def _function(name: str, args: ast.arguments, body: list[ast.stmt]) -> ast.FunctionDef:
    found = ast.FunctionDef(name, args, body, [], None, None)
    if "type_params" in ast.FunctionDef._fields:
        found.type_params = []  # type: ignore[attr-defined]
    return found


def _without_defaults(args: ast.arguments) -> None:
    """The function object has them; annotations are of no use here."""
    args.defaults = []
    args.kw_defaults = [None for _ in args.kwonlyargs]
    for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg):
        if arg is not None:
            arg.annotation = None


def converted_function(
    node: ast.FunctionDef, name: str, outer: Scope | None, owner: str | None
) -> ast.FunctionDef:
    """A function with its body converted; the node itself is changed."""
    parameters = names.arguments(node.args)
    body = node.body
    outer_names = names.declared(body, ast.Nonlocal), names.declared(body, ast.Global)
    own = (set(parameters) | names.assigned(body)) - outer_names[0] - outer_names[1]
    fragile = fragile_names(parameters, body, own)
    early = jumps.returns_early(body)
    body = jumps.lowered(body, early)
    if early:
        body = [
            assign(jumps.RETURNED, ast.Constant(False), node),
            *body,
            at(
                ast.Return(
                    call(
                        "returned",
                        load(jumps.RETURNED),
                        quoted(load(jumps.RESULT)),
                        ast.Constant(name),
                    )
                ),
                body[-1] if body else node,
            ),
        ]
    own = (own | names.assigned(body)) - outer_names[0] - outer_names[1]
    mark_liveness(body)
    scope = Scope(
        name=name,
        parameters=parameters,
        own=own,
        fragile=fragile,
        globals=outer_names[1],
        nonlocals=outer_names[0],
        outer=outer,
        owner=owner,
    )
    new = Statements(scope, converted_function).block(body)
    node.body = [*_header(node, scope), *new]
    return node


def _header(node: ast.FunctionDef, scope: Scope) -> list[ast.stmt]:
    """What stands before the body: every variable belongs to this function, not to a body of it."""
    found: list[ast.stmt] = []
    for kind, declared in ((ast.Global, scope.globals), (ast.Nonlocal, scope.nonlocals)):
        if declared:
            found.append(kind(sorted(declared)))
    local = sorted(scope.own - set(scope.parameters))
    if local:
        targets: list[ast.expr] = [ast.Name(n, ast.Store()) for n in local]
        found.append(ast.If(ast.Constant(False), [ast.Assign(targets, ast.Constant(None))], []))
    for name in sorted(scope.setters):
        scoping: ast.stmt = (ast.Global if name in scope.globals else ast.Nonlocal)([name])
        value = load("ag__value")
        arguments = ast.arguments([], [ast.arg("ag__value")], None, [], [], None, [])
        body = [
            scoping,
            ast.Assign([ast.Name(name, ast.Store())], value),
            ast.Return(load("ag__value")),
        ]
        found.append(_function(f"ag__set_{name}", arguments, body))
    first = node.body[0] if node.body else node
    return [at(statement, first) for statement in found]
