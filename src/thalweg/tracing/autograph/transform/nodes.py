"""Making pieces of syntax trees that stand at the user's lines."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TypeVar

__all__ = ["assign", "at", "call", "constants", "load", "quoted", "runtime"]

N = TypeVar("N", bound=ast.AST)


def at(node: N, place: ast.AST) -> N:
    """The node, and all in it that has no place, at the place of another."""
    for inner in ast.walk(node):
        if "lineno" in inner._attributes and not hasattr(inner, "lineno"):
            ast.copy_location(inner, place)
    return node


def load(name: str) -> ast.Name:
    """A variable that is read."""
    return ast.Name(name, ast.Load())


def assign(name: str, value: ast.expr, place: ast.AST) -> ast.Assign:
    """`name = value`."""
    return at(ast.Assign([ast.Name(name, ast.Store())], value), place)


def runtime(name: str) -> ast.Attribute:
    """`ag__.name`."""
    return ast.Attribute(load("ag__"), name, ast.Load())


def call(name: str, *args: ast.expr) -> ast.Call:
    """`ag__.name(...)`."""
    return ast.Call(runtime(name), list(args), [])


def quoted(body: ast.expr, *parameters: str) -> ast.Lambda:
    """`lambda parameters: body`."""
    args = [ast.arg(name) for name in parameters]
    return ast.Lambda(ast.arguments([], args, None, [], [], None, []), body)


def constants(values: Sequence[str]) -> ast.expr:
    """A tuple of strings."""
    return ast.Tuple([ast.Constant(v) for v in values], ast.Load())
