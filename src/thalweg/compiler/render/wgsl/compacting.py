"""Values that are used once, with nothing done in between, are written where they are used.

Kernels are shipped as text, so their length is a cost; and formulas read better in one piece.
"""

from __future__ import annotations

import re

__all__ = ["compacted"]

_LET = re.compile(r"(\s*)let (\w+) = (.*);")
_WORD = re.compile(r"\w+")
# A call, an element or a formula in parentheses begins like this.
_CALL = re.compile(r"[\w<>]*[(\[]")
# What begins lines of other blocks, or those that are done again and again.
_NOT_ONCE = (" ", "}", "for", "while", "else")
# Formulas longer than this are no easier to read.
_LONGEST = 200


def compacted(lines: list[str]) -> list[str]:
    """The same lines, or fewer."""
    words = [_WORD.findall(line) for line in lines]
    counts: dict[str, int] = {}
    for inside in words:
        for word in inside:
            counts[word] = counts.get(word, 0) + 1
    found: list[str] = []  # from the last line on
    users: dict[str, int] = {}  # the line of `found` that uses a name
    action = -1  # the last line of `found` that is more than a declaration
    for line, inside in zip(reversed(lines), reversed(words), strict=True):
        match = _LET.fullmatch(line)
        place = len(found)
        if match and counts[match[2]] == 2 and action <= users.get(match[2], -1):
            user = users[match[2]]
            joined = _joined(match, found[user])
            if joined is not None:
                found[user] = joined
                users |= dict.fromkeys(inside, user)
                continue
        found.append(line)
        users |= dict.fromkeys(inside, place)
        if not line.lstrip().startswith(("let ", "var ")):
            action = place
    return found[::-1]


def _joined(let: re.Match[str], line: str) -> str | None:
    """A line with a value in the place of its name, if it is a statement that is done once."""
    indent, name, value = let.groups()
    if not line.startswith(indent) or line[len(indent) :].startswith(_NOT_ONCE):
        return None
    joined = re.sub(rf"\b{name}\b", lambda _: _enclosed(value), line)
    return joined if len(joined) <= _LONGEST and line.endswith((";", "{")) else None


def _enclosed(text: str) -> str:
    """A formula as an operand of another."""
    match = _CALL.match(text)
    if _WORD.fullmatch(text) or (match and _closes(text, match.end() - 1) == len(text) - 1):
        return text
    return f"({text})"


def _closes(text: str, start: int) -> int:
    """Where the bracket at a place is closed."""
    depth = 0
    for i in range(start, len(text)):
        depth += (text[i] in "([") - (text[i] in ")]")
        if depth == 0:
            return i
    return -1
