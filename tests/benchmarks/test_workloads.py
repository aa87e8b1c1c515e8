"""The workloads' data and floating-point work."""

from __future__ import annotations

import numpy as np
import pytest

import thalweg as tw
from benchmarks import keras_api
from benchmarks.implementations import NAMES
from benchmarks.workloads import WORKLOADS


def test_all_are_named() -> None:
    assert list(WORKLOADS) == list(NAMES)


@pytest.mark.parametrize("name", list(WORKLOADS))
def test_batches_are_the_data(name: str) -> None:
    workload = WORKLOADS[name]
    x, y = workload.data()
    batches = workload.batches()
    assert len(batches) == workload.steps_of_epoch
    assert {len(part) for batch in batches for part in batch} == {workload.batch_size}
    np.testing.assert_array_equal(np.concatenate([batch[0] for batch in batches]), x)
    np.testing.assert_array_equal(np.concatenate([batch[1] for batch in batches]), y)
    assert x.shape == (workload.rows, *workload.shape)
    if workload.classes:
        assert (y.min(), y.max()) == (0, workload.classes - 1)


@pytest.mark.parametrize("name", ["boston", "mlp"])
def test_flops_of_dense_layers(name: str) -> None:
    workload = WORKLOADS[name]
    kernels = [kernel for kernel, _ in workload.weights()]
    # Forward, and the gradients of inputs and kernels; not of the data.
    expected = 3 * sum(kernel.size for kernel in kernels) - kernels[0].size
    assert workload.flops == 2 * workload.batch_size * expected


def test_flops_of_convolutions() -> None:
    first, second, last = 26 * 26 * 32 * 9, 11 * 11 * 64 * 9 * 32, 1600 * 10
    assert WORKLOADS["cnn"].flops == 2 * 128 * (2 * first + 3 * second + 3 * last)


def test_flops_of_the_transformer() -> None:
    model = keras_api.model(WORKLOADS["gpt"], tw)
    model(np.zeros((1, 128), np.int32))
    vectors = ("embeddings", "table")
    kernels = [v for v in model.trainable_variables if len(v.shape) > 1 and v.name not in vectors]
    parameters = sum(int(np.prod(v.shape)) for v in kernels)
    # Biases of queries, keys and values are matrices of heads.
    parameters -= sum(int(np.prod(v.shape)) for v in kernels if v.name == "bias")
    attention = 16 * 4 * 4 * 2 * (128 * 129 // 2) * 32
    assert WORKLOADS["gpt"].flops == 6 * 16 * 128 * parameters + 6 * attention


def test_flops_of_the_recurrent_layer() -> None:
    steps = 32 * 50
    assert WORKLOADS["lstm"].flops == 2 * steps * 512 * (2 * 64 + 3 * 128) + 6 * 32 * 128 * 10


@pytest.mark.parametrize("name", list(WORKLOADS))
def test_models_take_the_data(name: str) -> None:
    workload = WORKLOADS[name]
    model = keras_api.model(workload, tw)
    x, y = workload.data()
    output = model(x[:2])
    last = (workload.classes,) if workload.classes else (1,)
    assert tuple(output.shape) == (*y[:2].shape, *last)[: len(output.shape)]
