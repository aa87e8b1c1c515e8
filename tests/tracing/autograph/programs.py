"""Makes random small programs of conditions, loops and jumps, as source."""

from __future__ import annotations

import random

__all__ = ["program"]

_INTEGERS = ("a", "b", "c")


class _Maker:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.counters = 0
        self.budget = 14

    def value(self) -> str:
        kind = self.random.randrange(8)
        if kind < 3:
            return self.random.choice(_INTEGERS)
        if kind < 5:
            return str(self.random.randint(-3, 5))
        if kind == 5:
            return f"({self.value()} + {self.value()})"
        if kind == 6:
            return f"({self.value()} if {self.condition()} else {self.value()})"
        return f"abs({self.random.choice(_INTEGERS)} - {self.random.randint(0, 4)})"

    def condition(self) -> str:
        kind = self.random.randrange(9)
        if kind < 4:
            return f"{self.random.choice(_INTEGERS)} {self.operator()} {self.value()}"
        if kind == 4:
            return f"{self.random.choice(_INTEGERS)} % 2 == 0"
        if kind == 5:
            return f"not ({self.condition()})"
        if kind == 6:
            return f"({self.condition()} and {self.condition()})"
        if kind == 7:
            return f"({self.condition()} or {self.condition()})"
        return f"{self.random.randint(-2, 2)} < {self.random.choice(_INTEGERS)} <= {self.value()}"

    def operator(self) -> str:
        return self.random.choice(["<", ">", "<=", ">=", "==", "!="])

    def assignment(self) -> str:
        target = self.random.choice(_INTEGERS)
        kind = self.random.randrange(6)
        if kind == 0:
            return f"{target} += {self.value()}"
        if kind == 1:
            return "y = y * 0.5 + a"
        if kind == 2:
            return f"t = {self.value()}"
        if kind == 3:
            return f"{target} = t"
        if kind == 4:
            return f"a, b = b, {self.value()}"
        return f"{target} = {self.value()} % 7"

    def block(self, depth: int, loop: bool) -> list[str]:
        lines: list[str] = []
        for _ in range(self.random.randint(1, 3)):
            lines.extend(self.statement(depth, loop))
        return lines

    def statement(self, depth: int, loop: bool) -> list[str]:
        self.budget -= 1
        kind = self.random.randrange(12)
        if depth == 0 or self.budget < 0 or kind < 4:
            if loop and kind == 0:
                return [self.random.choice(["break", "continue"])]
            if kind == 1 and self.random.random() < 0.3:
                return [f"return {self.random.choice((*_INTEGERS, 'y'))}"]
            return [self.assignment()]
        if kind < 8:
            return self.branches(depth, loop)
        return self.loop(depth, loop)

    def branches(self, depth: int, loop: bool) -> list[str]:
        found = [f"if {self.condition()}:", *_indented(self.block(depth - 1, loop))]
        if self.random.random() < 0.3:
            found += [f"elif {self.condition()}:", *_indented(self.block(depth - 1, loop))]
        if self.random.random() < 0.5:
            found += ["else:", *_indented(self.block(depth - 1, loop))]
        return found

    def loop(self, depth: int, loop: bool) -> list[str]:
        kind = self.random.randrange(5)
        if kind == 0:
            head, first = f"for c in range({self.random.choice(_INTEGERS)} % 4):", []
        elif kind == 1:
            head, first = "for t in xs:", []
        elif kind == 2:
            head, first = "for c in range(3):", []
        elif kind == 3:
            head, first = "for c, b in enumerate(xs):", []
        else:
            self.counters += 1
            k = f"k{self.counters}"
            before = [f"{k} = 0"]
            test = self.random.choice([f"{k} < a % 5", f"{k} < 4 and {self.condition()}"])
            body = [f"{k} += 1", *self.block(depth - 1, True)]
            return [*before, f"while {test}:", *_indented(body), *self.otherwise(depth, loop)]
        body = [*first, *self.block(depth - 1, True)]
        return [head, *_indented(body), *self.otherwise(depth, loop)]

    def otherwise(self, depth: int, loop: bool) -> list[str]:
        if self.random.random() < 0.75:
            return []
        return ["else:", *_indented(self.block(depth - 1, loop))]


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def program(seed: int) -> str:
    """A function `f(a, b, xs)` of two integers and a few more, which returns a number."""
    maker = _Maker(seed)
    lines: list[str] = []
    while len(lines) < 4:
        lines.extend(maker.block(3, False))
    # The third makes t a variable of the function, without a value.
    body = ["c = 1", "y = 0.5", "for t in (): pass", *lines, "return y + a * 2 + b * 3 + c * 5"]
    return "\n".join(["def f(a, b, xs):", *_indented(body), ""])
