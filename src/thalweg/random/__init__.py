"""Random numbers, the same on every device for the same seed."""

from thalweg.random.draws import (
    categorical,
    dropout,
    normal,
    randint,
    shuffle,
    truncated_normal,
    uniform,
)
from thalweg.random.seed import (
    SeedGenerator,
    draw_key,
    global_seed_generator,
    make_default_seed,
    set_random_seed,
)

# TensorFlow's name for it: `tf.random.set_seed`.
set_seed = set_random_seed

__all__ = [
    "SeedGenerator",
    "categorical",
    "draw_key",
    "dropout",
    "global_seed_generator",
    "make_default_seed",
    "normal",
    "randint",
    "set_random_seed",
    "set_seed",
    "shuffle",
    "truncated_normal",
    "uniform",
]
