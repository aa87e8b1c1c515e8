"""Ten steps of every optimizer against the formulas of its paper in float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.optimizers import definitions as by_definition
from thalweg import Variable, optimizers
from thalweg.ops import convert_to_tensor
from thalweg.primitives.graph import evaluate_graph, trace

random = np.random.default_rng(3)
START = random.normal(size=(3, 4))
GRADIENTS = random.normal(size=(10, 3, 4))

CASES: list[tuple[Any, Callable[..., list[Any]], tuple[Any, ...]]] = [
    (lambda: optimizers.SGD(0.1), by_definition.sgd, (0.1,)),
    (lambda: optimizers.SGD(0.1, 0.9), by_definition.sgd, (0.1, 0.9)),
    (lambda: optimizers.SGD(0.1, 0.9, True), by_definition.sgd, (0.1, 0.9, True)),
    (
        lambda: optimizers.RMSprop(0.1, 0.8, epsilon=1e-3),
        by_definition.rmsprop,
        (0.1, 0.8, 0.0, 1e-3, False),
    ),
    (
        lambda: optimizers.RMSprop(0.1, 0.8, 0.5, 1e-3, True),
        by_definition.rmsprop,
        (0.1, 0.8, 0.5, 1e-3, True),
    ),
    (lambda: optimizers.Adam(0.1), by_definition.adam, (0.1, 0.9, 0.999, 1e-7)),
    (
        lambda: optimizers.Adam(0.1, 0.7, 0.8, 1e-3, True),
        by_definition.adam,
        (0.1, 0.7, 0.8, 1e-3, True),
    ),
    (
        lambda: optimizers.AdamW(0.1, 0.2),
        by_definition.adam,
        (0.1, 0.9, 0.999, 1e-7, False, 0.2),
    ),
    (lambda: optimizers.Adagrad(0.1, 0.3, 1e-3), by_definition.adagrad, (0.1, 0.3, 1e-3)),
    (lambda: optimizers.Adadelta(1.0, 0.9, 1e-3), by_definition.adadelta, (1.0, 0.9, 1e-3)),
    (lambda: optimizers.Adamax(0.1, 0.8, 0.9), by_definition.adamax, (0.1, 0.8, 0.9, 1e-7)),
    (lambda: optimizers.Nadam(0.1, 0.8, 0.9), by_definition.nadam, (0.1, 0.8, 0.9, 1e-7)),
    (
        lambda: optimizers.Ftrl(0.1, -0.4, 0.2, 0.3, 0.4, beta=0.5),
        by_definition.ftrl,
        (0.1, -0.4, 0.2, 0.3, 0.4, 0.5),
    ),
    (lambda: optimizers.Lion(0.1, 0.7, 0.8), by_definition.lion, (0.1, 0.7, 0.8)),
    (lambda: optimizers.Lamb(0.1, 0.8, 0.9), by_definition.lamb, (0.1, 0.8, 0.9, 1e-7)),
    (
        lambda: optimizers.Adafactor(0.1, clip_threshold=0.7),
        by_definition.adafactor,
        (0.1, -0.8, 1e-30, 1e-3, 0.7),
    ),
]
IDS = [make().__class__.__name__ for make, _, _ in CASES]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_ten_steps(case: Any, dtype: str) -> None:
    make, definition, arguments = case
    optimizer, v = make(), Variable(START, dtype=dtype)
    expected = definition(START, GRADIENTS, *arguments)
    for g, after in zip(GRADIENTS, expected, strict=True):
        optimizer.apply([convert_to_tensor(g)], [v])
        # The learning rate is kept in float32 either way.
        np.testing.assert_allclose(v.numpy(), after, rtol=1e-5, atol=1e-5)
    assert v.dtype.name == dtype
    assert int(optimizer.iterations) == 10


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"clipnorm": 0.5, "weight_decay": 0.1, "use_ema": True, "ema_overwrite_frequency": 2},
        {"global_clipnorm": 0.5, "gradient_accumulation_steps": 3},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", sorted(set(IDS)))
def test_a_traced_step_is_the_same(name: str, options: dict[str, Any]) -> None:
    """The whole step is a pure function of values: a graph of it gives the same numbers."""
    eager, traced = (getattr(optimizers, name)(0.1, **options) for _ in range(2))
    v = [Variable(START, dtype="float32"), Variable(START[0], dtype="float32")]
    w = [Variable(x.numpy()) for x in v]
    traced.build(w)
    gradients = [x.astype("float32") for x in (GRADIENTS[0], GRADIENTS[0, 0])]
    before = [*w, *traced.variables]

    def step(*values: Any) -> list[Any]:
        given, trained, state = values[:2], values[2:4], values[4:]
        new_trained, new_state = traced.stateless_apply(state, given, trained)
        return [*new_trained, *new_state]

    graph = trace(step, [*map(convert_to_tensor, gradients), *before])
    values = [x.numpy() for x in before]
    for t in range(4):
        gradients = [x.astype("float32") for x in (GRADIENTS[t], GRADIENTS[t, 0])]
        eager.apply(gradients, v)
        captured = [np.asarray(outer) for outer, _ in graph.captures]
        values = list(evaluate_graph(graph, [*gradients, *values], captured))
    for a, b in zip([*v, *eager.variables], values, strict=True):
        np.testing.assert_allclose(a.numpy(), b, rtol=1e-6, atol=1e-7)
    for a, b in zip(before, [*w, *traced.variables], strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
