"""Lines: what kernels are written with, line by line: names, blocks, and values that are known.

Values are `let`s, remembered in the block that they were written in and those inside of it.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from thalweg.compiler.dims import ZERO, Dim
from thalweg.compiler.render.wgsl import elementwise
from thalweg.compiler.render.wgsl.compacting import compacted
from thalweg.compiler.render.wgsl.kernel import Count, KernelShader, entry

__all__ = ["Lines"]

# Names that `fresh` could come upon.
_TYPES = frozenset({"f16", "f32", "f64", "i16", "i32", "i64", "u16", "u32", "u64"})
_NAME = re.compile(r"-?\w+(\.\d+)?")


class Lines:
    """The body of a kernel while it is written.

    Args:
        element: of the memory `m`, which everything is read and written through: `u32` or `f32`.

    Attributes:
        lines: what is written, without what comes before everything else.
        declarations: workgroup variables, a line each.
        helpers: the functions that are called, by name.
        features: what must be enabled.
        builtins: further parameters of the entry point.
        joins: how often lanes have joined their values.
    """

    def __init__(self, element: str = "u32") -> None:
        self.element = element
        self.lines: list[str] = []
        self.declarations: list[str] = []
        self.helpers: dict[str, str] = {}
        self.features: set[str] = set()
        self.builtins = ""
        self.joins = 0
        self._prelude: dict[str, str] = {}  # the text of each value that is known from the start
        self._depth = 1
        self._count = 0
        self._scopes: list[dict[Hashable, str]] = [{}]

    def line(self, text: str) -> None:
        """Write a line."""
        self.lines.append("  " * self._depth + text)

    def fresh(self, prefix: str = "v") -> str:
        """A name that is not in use."""
        self._count += 1
        if (name := f"{prefix}{self._count}") in _TYPES:
            return self.fresh(prefix)
        return name

    def let(self, text: str, prefix: str = "v") -> str:
        """A name for a value; names and numbers stand for themselves."""
        if _NAME.fullmatch(text):
            return text
        name = self.fresh(prefix)
        self.line(f"let {name} = {text};")
        return name

    def var(self, kind: str, start: str, prefix: str = "s") -> str:
        """A variable of a WGSL type, for values that change."""
        name = self.fresh(prefix)
        self.line(f"var {name}: {kind} = {start};")
        return name

    def pure(self, text: str, prefix: str = "i") -> str:
        """A name for a value that the text alone decides on: no memory is read in it."""
        if _NAME.fullmatch(text):
            return text
        found = self.known(text)
        if found is None:
            found = self.let(text, prefix)
            self.remember(text, found)
        return found

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Values computed inside are remembered until the end."""
        self._scopes.append({})
        yield
        self._scopes.pop()

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """A block of lines `header { ... }`, and a scope."""
        self.line(f"{header} {{".lstrip())
        self._depth += 1
        with self.scope():
            yield
        self._depth -= 1
        self.line("}")

    def needs(self, name: str) -> str:
        """Say that a function of the library (`elementwise.HELPERS`) is called; gives its name."""
        if name not in self.helpers:
            self.helpers |= elementwise.helpers(name)
        return name

    def helper(self, name: str, text: str) -> str:
        """Add a function of one's own; kernels that use the name must give the same text."""
        self.helpers[name] = text
        return name

    def declare(self, line: str) -> None:
        """Declare a workgroup variable: `var<workgroup> w: array<f32, 256>;`."""
        if line not in self.declarations:
            self.declarations.append(line)

    def shader(
        self,
        groups: tuple[Count, ...],
        size: int = 64,
        flops: Dim = ZERO,
        bytes: Dim = ZERO,
    ) -> KernelShader:
        """The kernel with the lines as its body.

        The body finds `group` (i32), `lane` (u32) and `thread` (the lane as i32).
        """
        counted = tuple(g for g in groups if not (g.dim.static and g.at(1) == 1))
        number = None
        if counted:
            number = " * ".join(self.groups(g) for g in counted)
        body = [f"  let {name} = {text};" for name, text in self._prelude.items()]
        code = entry(
            body + compacted(self.lines),
            size,
            number,
            self.declarations,
            self.element,
            self.builtins,
        )
        return KernelShader(
            code, dict(sorted(self.helpers.items())), counted, size,
            frozenset(self.features), flops, bytes,
        )  # fmt: skip

    def groups(self, count: Count) -> str:
        """A number of workgroups as an i32."""
        if count.dim.static:
            return str(count.at(1))
        text = f"i32(u[0].x) * {count.dim.scale} + {count.dim.offset + count.per - 1}"
        return f"({text})" if count.per == 1 else f"(({text}) / {count.per})"

    # --- numbers known from the start

    def length(self, dim: Dim) -> str:
        """A length as an i32."""
        if dim.static:
            return str(dim.offset)
        text = "i32(u[0].x)"
        if dim.scale != 1:
            text += f" * {dim.scale}"
        if dim.offset:
            text += f" + {dim.offset}" if dim.offset > 0 else f" - {-dim.offset}"
        return self.first(text, "n")

    def turn(self, depth: int) -> str:
        """The turn of the scan at a depth, as an i32."""
        place = depth + 1
        return self.first(f"i32(u[{place // 4}].{'xyzw'[place % 4]})", "turn")

    def first(self, text: str, prefix: str) -> str:
        """A name for a value of numbers that are known from the start."""
        for name, known in self._prelude.items():
            if known == text:
                return name
        name = self.fresh(prefix)
        self._prelude[name] = text
        return name

    def quotient(self, inner: str, by: str) -> str:
        """`inner / by` of numbers that are not negative."""
        if by.isdigit() and int(by).bit_count() == 1:
            return self.pure(f"{inner} >> {int(by).bit_length() - 1}u")
        return self.pure(f"{inner} / {by}")

    def remainder(self, inner: str, by: str) -> str:
        """`inner % by` of numbers that are not negative."""
        if by.isdigit() and int(by).bit_count() == 1:
            return self.pure(f"{inner} & {int(by) - 1}")
        return self.pure(f"{inner} % {by}")

    def known(self, key: Hashable) -> str | None:
        """What is remembered."""
        for scope in reversed(self._scopes):
            if key in scope:
                return scope[key]
        return None

    def remember(self, key: Hashable, value: str) -> None:
        """Remember a value until the end of the block."""
        self._scopes[-1][key] = value
