"""Which variables are still read after a condition, or in the next round of a loop.

A backward analysis of code whose jumps are lowered already, so that it has only structured
statements. What it finds stands on the nodes as `live`.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from thalweg.tracing.autograph.analysis import names

__all__ = ["mark_liveness"]


def mark_liveness(body: Sequence[ast.stmt]) -> None:
    """Mark the `if`, `while` and `for` statements of a function."""
    walk = _Walk(names.all_captured(body))
    walk.block(body, set())


class _Walk:
    def __init__(self, always: set[str]) -> None:
        # Functions inside may read these at any time.
        self.always = always
        # What the handlers around read: any statement may lead there.
        self.handlers: set[str] = set()

    def block(self, body: Sequence[ast.stmt], live: set[str]) -> set[str]:
        for node in reversed(body):
            live = self.statement(node, live) | self.handlers
        return live

    def statement(self, node: ast.stmt, live: set[str]) -> set[str]:
        if isinstance(node, ast.If):
            node.live = live | self.always  # type: ignore[attr-defined]
            after = self.block(node.body, live) | self.block(node.orelse, live)
            return after | names.reads([node.test]) | set(getattr(node, "guard", ()))
        if isinstance(node, ast.While):
            test = names.reads([node.test]) | set(node.flags)  # type: ignore[attr-defined]
            return self.loop(node, live | test, set())
        if isinstance(node, ast.For):
            flags = set(node.flags)  # type: ignore[attr-defined]
            target = names.assigned([node.target])
            head = self.loop(node, live | flags, target)
            return head | names.reads([node.iter, node.target])
        if isinstance(node, (ast.Try, ast.TryStar)):
            return self.attempt(node, live)
        if isinstance(node, ast.With):
            inside = self.block(node.body, live)
            parts = [i.context_expr for i in node.items]
            targets = [i.optional_vars for i in node.items if i.optional_vars is not None]
            return (inside - names.assigned(targets)) | names.reads([*parts, *targets])
        if isinstance(node, (ast.Return, ast.Raise)):
            return names.reads([node])
        kept = names.item_roots([node])
        return (live - (names.assigned([node]) - kept)) | names.reads([node]) | kept

    def loop(self, node: ast.While | ast.For, live: set[str], target: set[str]) -> set[str]:
        head = set(live)
        while True:
            inside = self.block(node.body, head) - target
            if inside <= head:
                break
            head |= inside
        node.live = head | self.always  # type: ignore[union-attr]
        return head

    def attempt(self, node: ast.Try | ast.TryStar, live: set[str]) -> set[str]:
        outer = self.handlers
        last = self.block(node.finalbody, live)
        self.handlers = outer | (last if node.finalbody else set())
        caught: set[str] = set()
        for handler in node.handlers:
            inside = self.block(handler.body, last)
            inside -= {handler.name} if handler.name else set()
            caught |= inside | names.reads([handler.type] if handler.type else [])
        after = self.block(node.orelse, last)
        self.handlers |= caught
        before = self.block(node.body, after)
        self.handlers = outer
        return before | caught
