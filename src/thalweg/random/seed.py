"""Seeds: where random numbers get their keys from.

A key is two uint32. A `SeedGenerator` hands out (seed, 0), (seed, 1), ...; its state is a variable,
so traced code advances it, and files and resumed runs can keep it.
"""

from __future__ import annotations

import os
import random as python_random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from thalweg import ops
from thalweg.naming import auto_name
from thalweg.primitives.random import random_bits, threefry
from thalweg.registry import serializable
from thalweg.tensor.context import outside_trace
from thalweg.tensor.convert import convert_to_tensor
from thalweg.tensor.dtypes import uint32
from thalweg.tensor.tensor import Tensor
from thalweg.tensor.variable import Variable

__all__ = [
    "SeedGenerator",
    "draw_key",
    "global_seed_generator",
    "is_global_seed",
    "make_default_seed",
    "set_random_seed",
    "split_key",
    "streams_kept",
]


@serializable("keras.random")
class SeedGenerator:
    """A stream of keys for random operations.

    Args:
        seed: a non-negative int; None draws one from the stream that `set_random_seed` starts.
        name: the name of its state variable.

    >>> import thalweg as tw
    >>> generator = tw.random.SeedGenerator(7)
    >>> generator.next().numpy(), generator.next().numpy()
    (array([7, 0], dtype=uint32), array([7, 1], dtype=uint32))
    """

    def __init__(self, seed: int | None = None, name: str | None = None) -> None:
        self.name = name or auto_name("seed_generator")
        seed = make_default_seed() if seed is None else seed
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
            raise ValueError(
                f"SeedGenerator '{self.name}': seed must be an int that is not negative, "
                f"got {seed!r}."
            )
        self.seed = int(seed)
        self.state = Variable(
            self.initial_state(), dtype="uint32", trainable=False, name="seed_generator_state"
        )
        self.state.path = f"{self.name}/{self.state.name}"

    def initial_state(self) -> np.ndarray[Any, Any]:
        """The state before the first key was taken."""
        return np.array([self.seed & 0xFFFFFFFF, 0], np.uint32)

    def next(self, ordered: bool = True) -> Tensor:
        """The next key; the state moves on.

        Args:
            ordered: accepted for compatibility; keys always come in order.
        """
        key = self.state.value
        self.state.assign(ops.add(key, np.array([0, 1], np.uint32)))
        return key

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        return cls(**config)


class _Stream:
    """The process's stream of seeds: random at the start, repeatable after `set_random_seed`."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.generator: SeedGenerator | None = None
        self.start(int.from_bytes(os.urandom(8), "little"))

    def start(self, seed: int) -> None:
        self.key = np.array([seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF], np.uint32)
        self.count = 0
        # Whether the generator has taken its seed from the stream since it started.
        self.seeded = False

    def draw(self) -> int:
        with self.lock:
            count = np.array(self.count, np.uint32)
            self.count += 1
        word, _ = threefry(self.key, count, np.zeros_like(count))
        return int(word) >> 1


_STREAM = _Stream()


def make_default_seed() -> int:
    """The next seed (31 bits) of the process's stream."""
    return _STREAM.draw()


def set_random_seed(seed: int) -> None:
    """Start the streams of random numbers anew: Thalweg's, Python's and NumPy's.

    The same seed gives the same initial weights, shuffles and dropout masks, on every device.

    >>> import thalweg as tw
    >>> tw.set_random_seed(1)
    >>> a = tw.random.normal((2,))
    >>> tw.set_random_seed(1)
    >>> bool((a == tw.random.normal((2,))).numpy().all())
    True
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(
            f"set_random_seed: seed must be an int that is not negative, got {seed!r}."
        )
    python_random.seed(int(seed))
    np.random.seed(int(seed) & 0xFFFFFFFF)
    _STREAM.start(int(seed))


def global_seed_generator() -> SeedGenerator:
    """The generator behind random operations that are given no seed.

    It takes its seed from the stream when it is first used after `set_random_seed`. It stays the
    same object, so that traced functions go on with the new seed.
    """
    generator = _STREAM.generator
    if generator is None:
        generator = SeedGenerator(make_default_seed(), name="global_seed_generator")
        _STREAM.generator = generator
    elif not _STREAM.seeded:
        generator.seed = make_default_seed()
        with outside_trace():
            generator.state.assign(generator.initial_state())
    _STREAM.seeded = True
    return generator


def is_global_seed(variable: Variable) -> bool:
    """Whether it is the state of the generator behind operations that are given no seed."""
    return _STREAM.generator is not None and _STREAM.generator.state is variable


@contextmanager
def streams_kept() -> Iterator[None]:
    """After the block all that `set_random_seed` starts is as it was before.

    >>> import thalweg as tw
    >>> tw.set_random_seed(1)
    >>> with streams_kept():
    ...     a = tw.random.normal((2,))
    >>> bool((a == tw.random.normal((2,))).numpy().all())
    True
    """
    of_python, of_numpy = python_random.getstate(), np.random.get_state()
    key, count, seeded = _STREAM.key, _STREAM.count, _STREAM.seeded
    generator = _STREAM.generator
    inside = None if generator is None else (generator.seed, generator.state.value)
    try:
        yield
    finally:
        python_random.setstate(of_python)
        np.random.set_state(of_numpy)
        # A generator that was made in the block stays, and takes its seed again.
        _STREAM.key, _STREAM.count, _STREAM.seeded = key, count, seeded
        if generator is not None and inside is not None:
            generator.seed = inside[0]
            generator.state.assign(inside[1])


def draw_key(seed: Any) -> Tensor:
    """The key for one random operation.

    Args:
        seed: an int (always the same key), a `SeedGenerator`, a key of two uint32, or None for the
            process's own generator.
    """
    if seed is None:
        return global_seed_generator().next()
    if isinstance(seed, SeedGenerator):
        return seed.next()
    if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool):
        if seed < 0:
            raise ValueError(f"random: seed must not be negative, got {seed}.")
        return Tensor(np.array([seed & 0xFFFFFFFF, (int(seed) >> 32) & 0xFFFFFFFF], np.uint32))
    if hasattr(seed, "shape") and tuple(seed.shape) == (2,):
        return convert_to_tensor(seed, uint32)
    raise ValueError(
        "random: seed must be None, an int, a SeedGenerator or a key of two uint32, got "
        f"{type(seed).__name__}."
    )


def split_key(key: Tensor, count: int) -> list[Tensor]:
    """Several keys from one, which should then not be used itself."""
    words: Tensor = random_bits(key, shape=(count, 2))
    return [words[i] for i in range(count)]
