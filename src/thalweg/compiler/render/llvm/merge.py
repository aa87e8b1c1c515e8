"""Kernels that differ in lengths only, as one function that is given the lengths.

For modules that travel: layers of a network are alike but for their sizes. Only integers of the
type of indices are taken apart, and no divisor, as to divide by a constant is much faster.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Merged", "merge"]

# So many lengths may differ at most: each is another argument of a call, and another register.
_MOST = 8
_LINES = re.compile(
    r"= (?:(?:add|sub|mul|icmp \w+)(?: nuw| nsw)* i32 |getelementptr inbounds |phi i32 |select )"
    r"|\bcall (?!.*@llvm\.mem)"
)
_NUMBER = re.compile(r"(?:(?<=i32 )|(?<=, )|(?<=\[))-?\d+(?=[,\])]|$)")


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of a text.

    Attributes:
        number: of the text among the new ones.
        lengths: further arguments, integers of 32 bits.
    """

    number: int
    lengths: tuple[int, ...] = ()


def merge(texts: Sequence[str]) -> tuple[list[str], list[Merged]]:
    """New texts of functions, and what became of each of the old ones."""
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    parts = [_parts(text) for text in texts]
    for i, (between, _) in enumerate(parts):
        groups[between].append(i)
    found: list[str] = []
    became = [Merged(0)] * len(texts)
    for between, members in groups.items():
        columns = list(zip(*(parts[i][1] for i in members), strict=True))
        different = {column: None for column in columns if len(set(column)) > 1}
        if len(members) == 1 or len(different) > _MOST:
            for i in members:
                became[i] = Merged(len(found))
                found.append(texts[i])
            continue
        names = {column: f"%length{k}" for k, column in enumerate(different)}
        filled = [names.get(column, str(column[0])) for column in columns]
        text = "".join(x for pair in zip(between, [*filled, ""], strict=True) for x in pair)
        more = "".join(f", i32 {name}" for name in names.values())
        for k, i in enumerate(members):
            became[i] = Merged(len(found), tuple(column[k] for column in different))
        found.append(text.replace("ptr %scratch)", f"ptr %scratch{more})", 1))
    return found, became


def _parts(text: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """What stands between the numbers, and the numbers."""
    between, numbers = [], []
    begin = place = 0
    for line in text.splitlines(keepends=True):
        if _LINES.search(line) and "<" not in line:
            for match in _NUMBER.finditer(line.rstrip("\n")):
                between.append(text[begin : place + match.start()])
                numbers.append(int(match.group()))
                begin = place + match.end()
        place += len(line)
    return (*between, text[begin:]), tuple(numbers)
