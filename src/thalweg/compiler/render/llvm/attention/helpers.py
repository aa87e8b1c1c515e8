"""Functions that a kernel consists of, each written once and called from several places."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from thalweg.compiler.render.llvm.builder import Builder, Index, Value
from thalweg.compiler.render.llvm.kernel import NAME
from thalweg.compiler.target import Target

__all__ = ["Helpers"]


class Helpers:
    """Writes functions when they are first called.

    Attributes:
        texts: their definitions by name.
        declarations: what they call from outside.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.texts: dict[str, str] = {}
        self.declarations: dict[str, str] = {}

    def call(
        self,
        b: Builder,
        name: str,
        arguments: Sequence[Index],
        write: Callable[[Builder, list[Value]], None],
    ) -> None:
        """Call a function.

        Args:
            name: the same for what is the same.
            write: writes its body, given its arguments.
        """
        given = [b.index(a) for a in arguments]
        whole = f"{NAME}_{name}"
        if whole not in self.texts:
            inner = Builder(self.target)
            with inner.function(whole, [(v.type, f"a{i}") for i, v in enumerate(given)]) as values:
                write(inner, values)
            self.texts[whole] = inner.text
            self.declarations.update(inner.declarations)
        b.line(f"call void @{whole}({', '.join(map(str, given))})")
