"""Seeds, keys and streams: what repeats and what does not, eagerly and in a graph."""

from __future__ import annotations

import random as python_random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.traced import check_traced, run_traced
from thalweg import ops, random
from thalweg.random import SeedGenerator
from thalweg.random.seed import streams_kept
from thalweg.tensor import Tensor, convert_to_tensor

DRAWS: dict[str, Callable[[Any], Tensor]] = {
    "uniform": lambda seed: random.uniform((3, 2), seed=seed),
    "normal": lambda seed: random.normal((3, 2), seed=seed),
    "truncated_normal": lambda seed: random.truncated_normal((3, 2), seed=seed),
    "randint": lambda seed: random.randint((3, 2), 0, 1000, seed=seed),
    "categorical": lambda seed: random.categorical(np.zeros((2, 50)), 4, seed=seed),
    "dropout": lambda seed: random.dropout(ops.ones((8, 8)), 0.5, seed=seed),
    "gamma": lambda seed: random.gamma((3, 2), 0.7, seed=seed),
    "beta": lambda seed: random.beta((3, 2), 0.7, 2.0, seed=seed),
    "binomial": lambda seed: random.binomial((3, 2), [30, 1000], 0.4, seed=seed),
    "shuffle": lambda seed: random.shuffle(np.arange(40), seed=seed),
}


def same(a: Tensor, b: Tensor) -> bool:
    return bool(np.array_equal(a, b))


@pytest.mark.parametrize("name", DRAWS)
def test_seeds(name: str) -> None:
    draw = DRAWS[name]
    assert same(draw(1), draw(1))
    assert not same(draw(1), draw(2))
    assert not same(draw(None), draw(None))
    generator = SeedGenerator(1)
    first = draw(generator)
    assert same(first, draw(1))
    assert not same(first, draw(generator))
    assert same(first, draw(np.array([1, 0], np.uint32)))


@pytest.mark.parametrize("name", DRAWS)
def test_traced(name: str) -> None:
    key = np.array([3, 4], np.uint32)
    check_traced(DRAWS[name], key, rtol=1e-6)


def test_global_seed() -> None:
    random.set_random_seed(5)
    first = [np.asarray(random.normal((2,))), SeedGenerator().seed, np.random.rand()]
    first.append(python_random.random())
    random.set_random_seed(5)
    second = [np.asarray(random.normal((2,))), SeedGenerator().seed, np.random.rand()]
    second.append(python_random.random())
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    random.set_random_seed(6)
    assert not np.array_equal(first[0], random.normal((2,)))
    with pytest.raises(ValueError, match="set_random_seed: seed must be an int"):
        random.set_random_seed(-1)


def test_seed_generator() -> None:
    generator = SeedGenerator(7, name="noise")
    assert generator.state.dtype == np.uint32
    assert not generator.state.trainable
    assert [np.asarray(generator.next()).tolist() for _ in range(3)] == [[7, 0], [7, 1], [7, 2]]
    again = SeedGenerator.from_config(generator.get_config())
    assert np.asarray(again.next()).tolist() == [7, 0]
    assert SeedGenerator().seed != SeedGenerator().seed
    for seed in (-1, 1.5, "a"):
        with pytest.raises(ValueError, match="seed must be an int that is not negative"):
            SeedGenerator(seed)  # type: ignore[arg-type]


def test_keys_from_a_key() -> None:
    parts = random.split_key(convert_to_tensor([1, 2], "uint32"), 3)
    numbers = {tuple(np.asarray(p).tolist()) for p in parts}
    assert len(numbers) == 3
    assert all(p.shape == (2,) and p.dtype == np.uint32 for p in parts)


def test_large_int_seeds_differ() -> None:
    assert not same(random.uniform((3,), seed=1), random.uniform((3,), seed=1 + 2**32))


def test_gradient_through_dropout_and_not_through_gamma() -> None:
    from thalweg.autodiff import GradientTape

    x = convert_to_tensor(np.ones(100))
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = random.dropout(x, 0.5, seed=1)
        z = random.gamma((100,), x, seed=1)
    np.testing.assert_array_equal(tape.gradient(y, x), y)
    assert tape.gradient(z, x) is None

    def run(t: Tensor) -> Any:
        with GradientTape() as inner:
            inner.watch(t)
            noise = ops.cast(random.gamma((3,), t, seed=1), "float64")
            return inner.gradient(t * noise, t), noise

    found, _ = run_traced(run, np.ones(3))
    np.testing.assert_array_equal(found[0], found[1])


def test_errors() -> None:
    for function, message in [
        (lambda: random.normal((2,), dtype="int32"), "normal: dtype must be floating, got int32"),
        (lambda: random.randint((2,), 0, 2, dtype="float32"), "dtype must be an integer"),
        (lambda: random.randint((2,), 2, 2), "maxval must lie 1 to"),
        (lambda: random.dropout(np.ones(2), 1.5), r"rate must lie in \[0, 1\], got 1.5"),
        (lambda: random.categorical(np.ones(3), 2), "logits must have shape"),
        (lambda: random.gamma((2,), np.ones(3)), r"random.gamma: alpha has shape \(3,\)"),
        (lambda: random.beta((2,), 1.0, np.ones(3)), "beta has shape"),
        (lambda: random.binomial((2,), np.ones(3), 0.5), "counts has shape"),
        (lambda: random.uniform((2,), seed="a"), "seed must be None, an int"),
        (lambda: random.uniform((2,), seed=-2), "seed must not be negative"),
    ]:
        with pytest.raises(ValueError, match=message):
            function()


def test_streams_kept():
    def drawn() -> list[Any]:
        return [
            random.normal((2,)).numpy().tolist(),
            SeedGenerator().seed,
            python_random.random(),
            np.random.rand(),
        ]

    def fail_in_the_middle() -> None:
        with streams_kept():
            drawn()
            random.set_random_seed(6)
            drawn()
            raise KeyError

    random.set_random_seed(5)
    expected = drawn()
    random.set_random_seed(5)
    with pytest.raises(KeyError):
        fail_in_the_middle()
    assert drawn() == expected
    # In the middle of the streams too.
    with streams_kept():
        expected = drawn()
    assert drawn() == expected
