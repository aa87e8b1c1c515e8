"""The patterns of `match` as expressions that the runtime reads."""

from __future__ import annotations

import ast

from thalweg.tracing.autograph.analysis import names
from thalweg.tracing.autograph.transform.nodes import assign, at, call, constants, load, quoted

__all__ = ["binding", "matching"]


def matching(target: str, subject: str, pattern: ast.pattern) -> ast.stmt:
    """`target = ag__.match(subject, pattern)`."""
    return assign(target, call("match", load(subject), _expression(pattern)), pattern)


def binding(match: str, pattern: ast.pattern) -> list[ast.stmt]:
    """The assignments of a pattern that has matched."""
    return [
        assign(
            name,
            ast.Subscript(
                ast.Attribute(load(match), "names", ast.Load()), ast.Constant(name), ast.Load()
            ),
            pattern,
        )
        for name in sorted(names.assigned([pattern]))
    ]


def _tuple(kind: str, *parts: ast.expr) -> ast.expr:
    return ast.Tuple([ast.Constant(kind), *parts], ast.Load())


def _list(patterns: list[ast.pattern]) -> ast.expr:
    return ast.Tuple([_expression(p) for p in patterns], ast.Load())


def _expression(pattern: ast.pattern) -> ast.expr:
    return at(_made(pattern), pattern)


def _made(pattern: ast.pattern) -> ast.expr:
    if isinstance(pattern, ast.MatchValue):
        return _tuple("value", quoted(pattern.value))
    if isinstance(pattern, ast.MatchSingleton):
        return _tuple("singleton", ast.Constant(pattern.value))
    if isinstance(pattern, ast.MatchOr):
        return _tuple("or", _list(pattern.patterns))
    if isinstance(pattern, ast.MatchAs):
        inner = ast.Constant(None) if pattern.pattern is None else _expression(pattern.pattern)
        return _tuple("as", inner, ast.Constant(pattern.name))
    if isinstance(pattern, ast.MatchSequence):
        return _sequence(pattern)
    if isinstance(pattern, ast.MatchMapping):
        keys = ast.Tuple([quoted(key) for key in pattern.keys], ast.Load())
        return _tuple("mapping", keys, _list(pattern.patterns), ast.Constant(pattern.rest))
    assert isinstance(pattern, ast.MatchClass)
    return _tuple(
        "class",
        quoted(pattern.cls),
        _list(pattern.patterns),
        constants(pattern.kwd_attrs),
        _list(pattern.kwd_patterns),
    )


def _sequence(pattern: ast.MatchSequence) -> ast.expr:
    star, name = -1, None
    plain: list[ast.pattern] = []
    for i, inner in enumerate(pattern.patterns):
        if isinstance(inner, ast.MatchStar):
            star, name = i, inner.name
        else:
            plain.append(inner)
    return _tuple("sequence", _list(plain), ast.Constant(star), ast.Constant(name))
