"""From a converted syntax tree to code that stands at the user's own lines."""

from __future__ import annotations
import __future__

import ast
import inspect
import warnings
from types import CodeType

from thalweg.tracing.autograph.runtime.session import CONVERTED

__all__ = ["compiled"]

_FUTURES = 0
for _name in __future__.all_feature_names:
    _FUTURES |= getattr(__future__, _name).compiler_flag


def compiled(tree: ast.Module, original: CodeType) -> CodeType:
    """The code of the one function in the tree, under the names of the original.

    Args:
        tree: a module with a factory, in which the function stands (see `converted_tree`).
        original: the code of the function as the user wrote it.
    """
    flags = original.co_flags & _FUTURES
    with warnings.catch_warnings():  # they came when the file was imported
        warnings.simplefilter("ignore")
        module = compile(tree, original.co_filename, "exec", flags=flags, dont_inherit=True)
    found = _named(module, "ag__function")
    return _renamed(found, original.co_name, original.co_qualname)


def _named(code: CodeType, name: str) -> CodeType:
    """The code object of this name."""
    inner = [c for c in code.co_consts if isinstance(c, CodeType)]
    for c in inner:
        if c.co_name == name:
            return c
    # Module, factory and class hold one another, and nothing else.
    return _named(inner[0], name)


def _renamed(code: CodeType, name: str, qualname: str) -> CodeType:
    """Bodies that the conversion made go by the name of the function that they were part of."""
    consts = []
    for c in code.co_consts:
        # The bodies of classes, and so their methods, are as the user wrote them.
        if isinstance(c, CodeType) and c.co_flags & inspect.CO_OPTIMIZED:
            made = c.co_name.startswith("ag__")
            c = _renamed(c, name if made else c.co_name, qualname if made else c.co_qualname)
        consts.append(c)
    found = code.replace(co_name=name, co_qualname=qualname, co_consts=tuple(consts))
    CONVERTED.add(found)
    return found
