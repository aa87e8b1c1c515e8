"""The names that statements and expressions read and assign, scope by scope."""

from __future__ import annotations

import ast
from collections.abc import Iterable

__all__ = [
    "all_captured",
    "arguments",
    "assigned",
    "captured",
    "declared",
    "deleted",
    "irrefutable",
    "item_roots",
    "reads",
    "walrus_names",
]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def arguments(args: ast.arguments) -> list[str]:
    """The parameters of a function."""
    rest = [x.arg for x in (args.vararg, args.kwarg) if x is not None]
    return [x.arg for x in (*args.posonlyargs, *args.args, *args.kwonlyargs)] + rest


def _scope(nodes: Iterable[ast.AST]) -> Iterable[ast.AST]:
    """All nodes of this scope: not those in the bodies of functions and classes inside."""
    for node in nodes:
        yield node
        if isinstance(node, ast.Lambda):
            inner: list[ast.AST] = [*node.args.defaults, *[d for d in node.args.kw_defaults if d]]
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            defaults = [*node.args.defaults, *[d for d in node.args.kw_defaults if d]]
            inner = [*node.decorator_list, *defaults]
        elif isinstance(node, ast.ClassDef):
            inner = [*node.decorator_list, *node.bases, *[k.value for k in node.keywords]]
        else:
            inner = list(ast.iter_child_nodes(node))
        yield from _scope(inner)


def assigned(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that are bound or deleted in this scope."""
    found: set[str] = set()
    for node in nodes:
        found |= _assigned(node)
    return found


def _assigned(node: ast.AST) -> set[str]:
    found: set[str] = set()
    if isinstance(node, _COMPREHENSIONS):
        # Its targets are its own, a walrus inside is not.
        return walrus_names([node])
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        found.add(node.id)
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        found.add(node.name)
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        found |= {a.asname or a.name.partition(".")[0] for a in node.names}
    elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
        found.add(node.name)
    elif isinstance(node, ast.MatchMapping) and node.rest:
        found.add(node.rest)
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        children = list(_scope([node]))[1:]
        return found | {c.target.id for c in children if isinstance(c, ast.NamedExpr)}
    for child in ast.iter_child_nodes(node):
        found |= _assigned(child)
    return found


def walrus_names(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that `:=` binds in this scope, comprehensions included."""
    return {n.target.id for n in _scope(nodes) if isinstance(n, ast.NamedExpr)}


def item_roots(nodes: Iterable[ast.AST]) -> set[str]:
    """The names x of which elements are set, as in `x[i] = v` or `x[i][j] += v`."""
    found = set()
    for node in _scope(nodes):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            base: ast.expr = node.value
            while isinstance(base, ast.Subscript):
                base = base.value
            if isinstance(base, ast.Name):
                found.add(base.id)
    return found


def declared(nodes: Iterable[ast.AST], kind: type[ast.Global] | type[ast.Nonlocal]) -> set[str]:
    """The names declared `global` or `nonlocal` in this scope."""
    return {name for n in _scope(nodes) if isinstance(n, kind) for name in n.names}


def reads(nodes: Iterable[ast.AST]) -> set[str]:
    """The names read in this scope, those that functions inside capture included."""
    found: set[str] = set()
    for node in nodes:
        found |= _reads(node)
    return found


def _reads(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Load) else set()
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        return {node.target.id} | _reads(node.value)
    if isinstance(node, _COMPREHENSIONS):
        inner = reads(ast.iter_child_nodes(node))
        targets: set[str] = set()
        for part in node.generators:
            targets |= assigned([part.target])
        return (inner - targets) | _reads(node.generators[0].iter)
    if isinstance(node, _FUNCTIONS):
        outside = reads(list(_scope([node]))[1:])
        return outside | captured(node)
    if isinstance(node, ast.ClassDef):
        outside = reads(list(_scope([node]))[1:])
        return outside | reads(node.body)
    return reads(ast.iter_child_nodes(node))


def captured(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> set[str]:
    """The names that a function takes from the scopes around it."""
    body: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
    outer = declared(body, ast.Nonlocal)
    own = (set(arguments(node.args)) | assigned(body)) - outer
    return (reads(body) | outer) - own - declared(body, ast.Global)


def all_captured(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that functions and classes inside a scope take from it."""
    found: set[str] = set()
    for node in _scope(nodes):
        if isinstance(node, _FUNCTIONS):
            found |= captured(node)
        elif isinstance(node, ast.ClassDef):
            found |= reads(node.body)
    return found


def deleted(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that `del` statements of this scope delete."""
    return {n.id for n in _scope(nodes) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Del)}


def irrefutable(pattern: ast.pattern) -> bool:
    """Whether a pattern of `match` fits everything."""
    if isinstance(pattern, ast.MatchOr):
        return irrefutable(pattern.patterns[-1])
    return isinstance(pattern, ast.MatchAs) and (
        pattern.pattern is None or irrefutable(pattern.pattern)
    )
