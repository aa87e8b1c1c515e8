"""Numbers and arrays in words, as they stand in the figure and in its caption."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from thalweg.viz.backprop.result import Edge, Node

__all__ = [
    "backward_words",
    "forward_words",
    "in_brief",
    "in_line",
    "in_words",
    "norm",
    "is_written_out",
    "number",
    "shape_of",
]

Array = np.ndarray[Any, Any]

MOST_COLUMNS = 4
MOST_ROWS = 3
_SIGNS = {"add": "+", "subtract": "−", "multiply": "×", "divide": "/", "matmul": "@"}


def number(x: float, digits: int = 3) -> str:
    """A number with so many digits that count, and a minus as wide as a plus.

    >>> number(-10.0), number(0.071622), number(-0.0), number(1234.5), number(1e-7)
    ('−10', '0.0716', '0', '1234', '1e−7')
    """
    if math.isnan(x):
        return "nan"
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    if x == 0:
        return "0"
    text = f"{x:.{digits}g}"
    size = abs(float(text))
    if size < 1e5 and (size >= 1000 or x == int(x)):
        text = f"{x:.0f}"
    mantissa, _, power = text.partition("e")
    return (f"{mantissa}e{int(power)}" if power else mantissa).replace("-", "−")


def is_written_out(shape: tuple[int, ...]) -> bool:
    """Whether the elements of an array of this shape are few enough to be shown.

    >>> is_written_out(()), is_written_out((4,)), is_written_out((2, 3)), is_written_out((32, 3))
    (True, True, True, False)
    """
    if math.prod(shape) == 1:
        return True
    rows = shape[0] if len(shape) == 2 else 1
    return 1 <= len(shape) <= 2 and 1 <= rows <= MOST_ROWS and 1 <= shape[-1] <= MOST_COLUMNS


def shape_of(shape: tuple[int, ...]) -> str:
    """A shape as it stands in a figure.

    >>> shape_of((32, 64))
    '32 × 64'
    """
    return " × ".join(map(str, shape))


def in_words(x: Array) -> str:
    r"""An array: its elements where they are few, else its norm.

    >>> in_words(np.array([[1.0, -2.0], [0.5, 0.0]])), in_words(np.ones((4, 4)))
    ('[1, −2]\n[0.5, 0]', 'norm 4')
    """
    x = np.asarray(x)
    if x.dtype.kind not in "biuc":
        x = x.astype(np.float64)
    if not is_written_out(x.shape):
        return f"norm {number(norm(x))}" if x.size else "empty"
    if x.size == 1:
        return _element(x.reshape(())[()])
    rows = x.reshape(-1, x.shape[-1])
    return "\n".join("[" + ", ".join(map(_element, row)) + "]" for row in rows)


def in_brief(x: Array) -> str:
    """A number, or the norm of an array of several.

    >>> in_brief(np.array([3.0, -4.0])), in_brief(np.array([-4.0]))
    ('norm 5', '−4')
    """
    return in_words(x) if x.size == 1 else f"norm {number(norm(x))}"


def norm(x: Array) -> float:
    """The Euclidean norm over all elements."""
    return float(np.sqrt(np.sum(np.abs(x.astype(np.complex128)) ** 2)))


def _element(x: Any) -> str:
    if isinstance(x, (bool, np.bool_)):
        return "true" if x else "false"
    if isinstance(x, (complex, np.complexfloating)):
        sign = "+" if x.imag >= 0 else "−"
        return f"{number(float(x.real))} {sign} {number(abs(float(x.imag)))}i"
    return number(float(x))


def forward_words(node: Node, values: list[Array]) -> str:
    """What a node does on the way forward: `0 × 2 = 0`.

    Args:
        node: an operation or layer.
        values: of its inputs.
    """
    if node.kind == "layer":
        return f"{in_brief(node.value)} comes out, of shape {shape_of(node.shape)}"
    if not all(x.size == 1 for x in [*values, node.value]):
        return f"{in_line(node.value)} comes out, of shape {shape_of(node.shape) or 'scalar'}"
    operands = [_element(x.reshape(())[()]) for x in values]
    sign = _SIGNS.get(node.label)
    if sign and len(operands) == 2:
        first, second = operands
        return f"{first} {sign} {_bracketed(second)} = {in_words(node.value)}"
    return f"{node.label}({', '.join(operands)}) = {in_words(node.value)}"


def backward_words(edge: Edge, outward: Array | None, say: Callable[[Array], str]) -> str:
    """The chain rule on an edge: `−10 × 2 = −20`.

    Args:
        edge: with a gradient.
        outward: the gradient of what its target gives.
        say: how arrays are told: `in_line` or `in_brief`.
    """
    assert edge.gradient is not None
    flow, written = say(edge.gradient), say is in_line and is_written_out(edge.gradient.shape)
    if edge.derivative is None or outward is None or not written:
        return flow
    return f"{in_line(outward)} × {_bracketed(in_line(edge.derivative))} = {flow}"


def in_line(x: Array) -> str:
    """`in_words` on one line."""
    text = in_words(x)
    return f"[{text.replace(chr(10), ', ')}]" if "\n" in text else text


def _bracketed(text: str) -> str:
    return f"({text})" if text.startswith("−") else text
