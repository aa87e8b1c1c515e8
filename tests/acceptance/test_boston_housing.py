"""The Boston housing demonstration on four splits."""

import pytest

from thalweg.demo import run_demo


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_each_model_is_better_than_the_one_before(seed: int) -> None:
    demo = run_demo(seed=seed)
    assert demo.rows == (266, 67, 173)
    assert 65 < demo.baseline.test_mse < 95
    assert 17 < demo.linear.test_mse < 27
    assert demo.network.test_mse < 16
    assert demo.network.test_mse < demo.linear.test_mse * 2 / 3


def test_the_same_seed_gives_the_same_numbers() -> None:
    first, again, other = (run_demo(seed=seed, epochs=5) for seed in (7, 7, 8))
    assert first == again
    assert first.network != other.network
