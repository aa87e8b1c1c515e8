"""Initializers: values, statistics, seeds, and every way to name them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import thalweg as tw
from thalweg import initializers
from thalweg.initializers import (
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Identity,
    LecunNormal,
    LecunUniform,
    Ones,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    Zeros,
    compute_fans,
)

RANDOM = [
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    Orthogonal,
]


def test_without_chance():
    assert (Zeros()((2, 3)).numpy() == 0).all()
    assert (Ones()((2, 3), dtype="int32").numpy() == np.ones((2, 3), np.int32)).all()
    assert (Constant(2.5)((2,)).numpy() == 2.5).all()
    np.testing.assert_array_equal(Constant([1, 2])((3, 2)).numpy(), [[1, 2]] * 3)
    np.testing.assert_array_equal(Identity(2.0)((2, 3)).numpy(), 2 * np.eye(2, 3))
    with pytest.raises(ValueError, match="Identity: shape must have two axes"):
        Identity()((2,))


@pytest.mark.parametrize("cls", [Zeros, Ones, Constant, Identity, *RANDOM])
@pytest.mark.parametrize("dtype", [None, "float16", "bfloat16", "float64"])
def test_shape_and_dtype(cls, dtype):
    value = cls()((4, 3), dtype=dtype)
    assert value.shape == (4, 3)
    assert value.dtype.name == (dtype or "float32")
    assert np.isfinite(np.asarray(value).astype(np.float64)).all()


def test_default_dtype_is_the_default_float():
    before = tw.config.floatx()
    tw.config.set_floatx("float64")
    try:
        assert GlorotUniform()((2, 2)).dtype == np.float64
    finally:
        tw.config.set_floatx(before)


# --- seeds --------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", RANDOM)
def test_seeds(cls):
    shape = (5, 4)
    one = cls(seed=3)
    first = one(shape).numpy()
    np.testing.assert_array_equal(one(shape).numpy(), first)
    np.testing.assert_array_equal(cls(seed=3)(shape).numpy(), first)
    assert (cls(seed=4)(shape).numpy() != first).any()
    free = cls()
    np.testing.assert_array_equal(free(shape).numpy(), free(shape).numpy())
    assert (free(shape).numpy() != cls()(shape).numpy()).any()
    assert (free.clone()(shape).numpy() != free(shape).numpy()).any()
    generator = cls(seed=tw.random.SeedGenerator(3))
    assert (generator(shape).numpy() != generator(shape).numpy()).any()


def test_the_global_seed_decides_where_none_is_given():
    tw.set_random_seed(5)
    first = [cls()((3, 3)).numpy() for cls in RANDOM]
    tw.set_random_seed(5)
    for cls, value in zip(RANDOM, first, strict=True):
        np.testing.assert_array_equal(cls()((3, 3)).numpy(), value)


@pytest.mark.parametrize("seed", ["1", 1.5, True])
def test_seed_must_be_an_integer(seed):
    with pytest.raises(ValueError, match="RandomNormal: seed must be an integer"):
        RandomNormal(seed=seed)


# --- statistics -----------------------------------------------------------------------------------

TRUNCATED = 0.87962566103423978


@pytest.mark.parametrize(
    ("initializer", "distribution"),
    [
        (RandomNormal(1.0, 2.0, seed=1), stats.norm(1, 2)),
        (RandomUniform(-1, 3, seed=1), stats.uniform(-1, 4)),
        (TruncatedNormal(1.0, 2.0, seed=1), stats.truncnorm(-2, 2, 1, 2)),
        (GlorotUniform(seed=1), stats.uniform(-0.1, 0.2)),
        (GlorotNormal(seed=1), stats.truncnorm(-2, 2, 0, np.sqrt(1 / 300) / TRUNCATED)),
        (HeUniform(seed=1), stats.uniform(-np.sqrt(0.03), 2 * np.sqrt(0.03))),
        (HeNormal(seed=1), stats.truncnorm(-2, 2, 0, 0.1 / TRUNCATED)),
        (LecunUniform(seed=1), stats.uniform(-np.sqrt(0.015), 2 * np.sqrt(0.015))),
        (LecunNormal(seed=1), stats.truncnorm(-2, 2, 0, np.sqrt(0.005) / TRUNCATED)),
        (VarianceScaling(2.0, "fan_out", "untruncated_normal", 1), stats.norm(0, np.sqrt(0.005))),
    ],
)
def test_distribution(initializer, distribution):
    """Of a weight with 200 inputs and 400 outputs."""
    values = initializer((200, 400)).numpy().ravel().astype(np.float64)
    low, high = distribution.support()
    assert values.min() >= low - 1e-6
    assert values.max() <= high + 1e-6
    np.testing.assert_allclose(values.mean(), distribution.mean(), atol=0.02 * distribution.std())
    np.testing.assert_allclose(values.std(), distribution.std(), rtol=0.01)
    assert stats.kstest(values, distribution.cdf).pvalue > 1e-3


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((), (1, 1)),
        ((5,), (5, 5)),
        ((3, 4), (3, 4)),
        ((3, 3, 16, 32), (144, 288)),
        ((5, 2, 3), (10, 15)),
    ],
)
def test_fans(shape, expected):
    assert compute_fans(shape) == expected


def test_fans_of_given_axes():
    assert compute_fans((4, 2, 3), [0], [1, 2]) == (4, 6)
    wide = HeUniform(seed=1).with_axes([0], [1, 2])((50, 20, 30)).numpy()
    np.testing.assert_allclose(wide.std(), np.sqrt(2 / 50), rtol=0.02)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5), (3, 2, 4)])
def test_orthogonal(shape):
    value = Orthogonal(gain=2.0, seed=1)(shape).numpy().astype(np.float64)
    flat = value.reshape(-1, shape[-1])
    smaller = flat.T @ flat if flat.shape[0] >= flat.shape[1] else flat @ flat.T
    np.testing.assert_allclose(smaller, 4 * np.eye(min(flat.shape)), atol=1e-5)


def test_orthogonal_directions_are_all_as_likely():
    firsts = np.array([Orthogonal(seed=i)((3, 3)).numpy()[:, 0] for i in range(400)])
    np.testing.assert_allclose(firsts.mean(0), 0, atol=0.1)
    np.testing.assert_allclose((firsts**2).mean(0), 1 / 3, atol=0.05)
    with pytest.raises(ValueError, match="Orthogonal: shape must have two axes or more"):
        Orthogonal()((3,))


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("glorot_uniform", GlorotUniform),
        ("GlorotUniform", GlorotUniform),
        ("glorotUniform", GlorotUniform),
        ("uniform", RandomUniform),
        ("random_uniform", RandomUniform),
        ("normal", RandomNormal),
        ("randomNormal", RandomNormal),
        ("truncatedNormal", TruncatedNormal),
        ("zero", Zeros),
        ("zeros", Zeros),
        ("one", Ones),
        ("Ones", Ones),
        ("he_normal", HeNormal),
        ("leCunNormal", LecunNormal),
        ("lecun_uniform", LecunUniform),
        ("orthogonal", Orthogonal),
        ("OrthogonalInitializer", Orthogonal),
        ("identity", Identity),
        ("IdentityInitializer", Identity),
        ("varianceScaling", VarianceScaling),
        ("constant", Constant),
    ],
)
def test_get_takes_every_spelling(name, cls):
    assert type(initializers.get(name)) is cls
    assert type(initializers.get(cls)) is cls
    assert type(initializers.get(cls())) is cls


@pytest.mark.parametrize(
    "initializer",
    [
        Zeros(),
        Constant([1.0, 2.0]),
        Constant(np.array([1.0, 2.0])),
        Identity(3.0),
        RandomUniform(-1, 1, seed=2),
        TruncatedNormal(1.0, 0.5, seed=2),
        VarianceScaling(3.0, "fan_avg", "uniform", seed=2),
        GlorotNormal(seed=2),
        Orthogonal(0.5, seed=2),
    ],
)
def test_there_and_back(initializer):
    again = initializers.deserialize(initializers.serialize(initializer))
    assert type(again) is type(initializer)
    assert repr(again.get_config()) == repr(initializer.get_config())
    np.testing.assert_array_equal(again((2, 2)).numpy(), initializer((2, 2)).numpy())


def test_functions_and_arrays():
    assert initializers.get(None) is None
    start = initializers.get(np.array([1.0, 2.0]))
    np.testing.assert_array_equal(start((2,), dtype="float32").numpy(), [1, 2])
    with pytest.raises(ValueError, match=r"has shape \(2,\), the weight has shape \(3,\)"):
        start((3,))
    layer = tw.layers.Dense(2, bias_initializer=lambda shape, dtype=None: tw.ones(shape, dtype))
    layer.build((None, 1))
    assert (layer.bias.numpy() == 1).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: initializers.get("glorot"), "Unknown initializer 'glorot'; did you mean"),
        (lambda: initializers.get(3), "An initializer must be a name"),
        (lambda: VarianceScaling(0), "VarianceScaling: scale must be positive, got 0"),
        (lambda: VarianceScaling(mode="fan"), "VarianceScaling: mode must be"),
        (lambda: VarianceScaling(distribution="x"), "VarianceScaling: distribution must be"),
    ],
)
def test_errors(make, message):
    with pytest.raises(ValueError, match=message):
        make()
