"""einsum: parsed into labels, contracted two operands at a time."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Any

from thalweg.ops.contraction import (
    Labels,
    as_operands,
    contract_labels,
    diagonal_of,
    product_dtype,
    squeezed,
    sum_to,
)
from thalweg.ops.dispatch import op
from thalweg.primitives import movement
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.tensor import Tensor

__all__ = ["einsum"]


@op
def einsum(subscripts: str, *operands: Any) -> Tensor:
    """Einstein's summation over named axes.

    Args:
        subscripts: a letter per axis, commas between operands, and after `->` the letters of the
            result (by default those that occur once, in alphabetical order). `...` stands for any
            further axes, which broadcast; a letter twice in one operand takes its diagonal.
        operands: as many tensors.

    Several operands are contracted two by two, cheapest first.

    >>> from thalweg import ops
    >>> ops.einsum("ij,jk->ik", [[1.0, 2.0]], [[3.0], [4.0]]).numpy()
    array([[11.]], dtype=float32)
    """
    values = [x if hasattr(x, "dtype") else convert_to_tensor(x) for x in operands]
    terms, result = _parse(subscripts, [x.shape for x in values])
    tensors = as_operands(*values, dtype=product_dtype(*values))
    sizes = _sizes(subscripts, terms, [x.shape for x in tensors])
    pool: list[tuple[Tensor, Labels]] = []
    for x, labels in zip(tensors, terms, strict=True):
        x, labels = _diagonals(x, labels)
        ones = [i for i, n in enumerate(labels) if x.shape[i] == 1 and sizes[n] != 1]
        pool.append((squeezed(x, ones), tuple(n for i, n in enumerate(labels) if i not in ones)))
    while len(pool) > 1:
        (a, labels_a), (b, labels_b) = _cheapest(pool, result, sizes)
        kept = _needed(labels_a, labels_b, [labels for _, labels in pool], result)
        pool.append((contract_labels(a, labels_a, b, labels_b, kept), kept))
    return sum_to(*pool[0], result)


def _parse(subscripts: str, shapes: Sequence[tuple[int, ...]]) -> tuple[list[Labels], Labels]:
    """The labels of each operand and of the result; axes under `...` are numbered from the end."""
    text = subscripts.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes):
        raise ValueError(
            f"einsum: subscripts {subscripts!r} name {len(terms)} operands, got {len(shapes)}."
        )
    labels = [
        _labels(subscripts, term, len(shape)) for term, shape in zip(terms, shapes, strict=True)
    ]
    ellipsis = sorted({n for found in labels for n in found if isinstance(n, int)})
    if arrow:
        if right.count("...") > 1:
            raise ValueError(f"einsum: subscripts {subscripts!r} have '...' twice in the result.")
        before, dots, after = right.partition("...")
        result: Labels = (*before, *(ellipsis if dots else ()), *after)
        known = {n for found in labels for n in found}
        letters = (*before, *after)
        if len(set(letters)) != len(letters) or not set(letters) <= known:
            raise ValueError(
                f"einsum: the result of {subscripts!r} must name letters of the operands, "
                "each once."
            )
    else:
        letters = tuple(c for c in left if c not in ",.")
        result = (*ellipsis, *sorted(c for c in set(letters) if letters.count(c) == 1))
    return labels, result


def _labels(subscripts: str, term: str, rank: int) -> Labels:
    before, dots, after = term.partition("...")
    letters = before + after
    extra = rank - len(letters)
    if (letters and not letters.isalpha()) or (extra != 0 and not dots) or extra < 0:
        raise ValueError(
            f"einsum: {term!r} in subscripts {subscripts!r} does not fit an operand with "
            f"{rank} axes."
        )
    return (*before, *range(-extra, 0), *after)


def _sizes(
    subscripts: str, terms: Sequence[Labels], shapes: Sequence[tuple[int, ...]]
) -> dict[Hashable, int]:
    """The length of each label; only axes under `...` broadcast."""
    sizes: dict[Hashable, int] = {}
    for labels, shape in zip(terms, shapes, strict=True):
        for label, n in zip(labels, shape, strict=True):
            known = sizes.setdefault(label, n)
            if known == n:
                continue
            if not isinstance(label, int) or 1 not in (known, n):
                name = "..." if isinstance(label, int) else label
                raise ValueError(
                    f"einsum: axis {name!r} of {subscripts!r} has the lengths {known} and {n}."
                )
            sizes[label] = n if known == 1 else known
    return sizes


def _diagonals(x: Tensor, labels: Labels) -> tuple[Tensor, Labels]:
    """A label that occurs twice becomes one axis, the diagonal."""
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            places = [i for i, n in enumerate(labels) if n == label][:2]
            rest = tuple(i for i in range(x.ndim) if i not in places)
            x = diagonal_of(movement.transpose(x, axes=(*rest, *places)))
            labels = (*(labels[i] for i in rest), label)
    return x, labels


def _needed(labels_a: Labels, labels_b: Labels, others: Sequence[Labels], result: Labels) -> Labels:
    """What the product of two operands must keep: labels of the result or of another operand."""
    wanted = {*result, *(n for labels in others for n in labels)}
    return tuple(n for n in dict.fromkeys((*labels_a, *labels_b)) if n in wanted)


def _cheapest(
    pool: list[tuple[Tensor, Labels]], result: Labels, sizes: dict[Hashable, int]
) -> tuple[tuple[Tensor, Labels], tuple[Tensor, Labels]]:
    """Take out the pair whose product adds least to what is held, then costs least."""
    best: tuple[int, int, int, int] | None = None
    for i, (a, labels_a) in enumerate(pool):
        for j, (b, labels_b) in enumerate(pool[:i]):
            others = [labels for k, (_, labels) in enumerate(pool) if k not in (i, j)]
            kept = _needed(labels_a, labels_b, others, result)
            grows = math.prod(sizes[n] for n in kept) - a.size - b.size
            work = math.prod(sizes[n] for n in {*labels_a, *labels_b})
            candidate = (grows, work, j, i)
            best = candidate if best is None else min(best, candidate)
    assert best is not None
    _, _, first, second = best
    right, left = pool.pop(second), pool.pop(first)
    return left, right
