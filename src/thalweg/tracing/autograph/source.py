"""The syntax tree of a function, from the file in which it was written."""

from __future__ import annotations

import ast
import functools
import linecache
import warnings
from dataclasses import dataclass
from types import CodeType, FunctionType

__all__ = ["Source", "source_of"]

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True, slots=True)
class Source:
    """Where a function was written.

    Attributes:
        node: its syntax tree; shared, so not to be changed.
        owner: the name of the class whose body it stands in, or None.
    """

    node: FunctionNode
    owner: str | None


def source_of(function: FunctionType) -> Source | None:
    """The source of a function; None where there is none (typed at a prompt, made by exec)."""
    code = function.__code__
    lines = linecache.getlines(code.co_filename, function.__globals__)
    if not lines:
        return None
    candidates = [source for source in _functions("".join(lines)) if _fits(source.node, code)]
    # A file that has changed since it was imported may have another function there.
    candidates = [s for s in candidates if _same_arguments(s.node, code)]
    if len(candidates) > 1:
        candidates = [s for s in candidates if _spans(s.node, code)] or candidates
    return candidates[0] if candidates else None


@functools.lru_cache(maxsize=64)
def _functions(text: str) -> list[Source]:
    """All functions of a file."""
    try:
        with warnings.catch_warnings():  # they came when the file was imported
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except SyntaxError:
        return []
    found: list[Source] = []

    def visit(node: ast.AST, owner: str | None) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                found.append(Source(child, owner))
                visit(child, owner)
            else:
                visit(child, child.name if isinstance(child, ast.ClassDef) else owner)

    visit(tree, None)
    return found


def _fits(node: FunctionNode, code: CodeType) -> bool:
    if isinstance(node, ast.Lambda):
        return code.co_name == "<lambda>" and node.lineno == code.co_firstlineno
    first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
    return code.co_name == node.name and code.co_firstlineno == first


def _arguments(node: FunctionNode) -> list[str]:
    a = node.args
    rest = [x.arg for x in (a.vararg, a.kwarg) if x is not None]
    return [x.arg for x in (*a.posonlyargs, *a.args, *a.kwonlyargs)] + rest


def _same_arguments(node: FunctionNode, code: CodeType) -> bool:
    """Whether the parameters are the same; private names are longer in the code of a class."""
    pairs = zip(_arguments(node), _names(code), strict=False)
    return len(_arguments(node)) == len(_names(code)) and all(b.endswith(a) for a, b in pairs)


def _names(code: CodeType) -> list[str]:
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & 0x04) + bool(code.co_flags & 0x08)
    return list(code.co_varnames[:count])


def _spans(node: FunctionNode, code: CodeType) -> bool:
    """Whether the code's columns lie in the node, for several lambdas on one line."""
    body = node.body if isinstance(node, ast.Lambda) else node
    # Beginning and return of a function stand at column 0, without a width.
    columns = [
        (line, column)
        for line, _, column, end in code.co_positions()
        if line is not None and column is not None and column != end
    ]
    first = (body.lineno, body.col_offset)
    last = (body.end_lineno or 0, body.end_col_offset or 0)
    return bool(columns) and all(first <= p < last for p in columns)
