"""Random numbers, the same on every device for the same seed."""

from thalweg.random.binomial import binomial
from thalweg.random.draws import (
    categorical,
    dropout,
    normal,
    randint,
    shuffle,
    truncated_normal,
    uniform,
)
from thalweg.random.gamma import beta, gamma
from thalweg.random.seed import (
    SeedGenerator,
    draw_key,
    global_seed_generator,
    make_default_seed,
    set_random_seed,
    split_key,
)

# TensorFlow's name for it: `tf.random.set_seed`.
set_seed = set_random_seed

__all__ = [
    "SeedGenerator",
    "beta",
    "binomial",
    "categorical",
    "draw_key",
    "dropout",
    "gamma",
    "global_seed_generator",
    "make_default_seed",
    "normal",
    "randint",
    "set_random_seed",
    "set_seed",
    "shuffle",
    "split_key",
    "truncated_normal",
    "uniform",
]
