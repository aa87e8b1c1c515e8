"""tinygrad: a step under `TinyJit`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

from tinygrad import Tensor, TinyJit, nn

from benchmarks.training import Training, loop
from benchmarks.workloads import Workload

ACTIVATIONS: dict[str | None, Callable[[Any], Any]] = {
    "sigmoid": Tensor.sigmoid,
    "relu": Tensor.relu,
}
OPTIMIZERS = {"sgd": nn.optim.SGD, "adam": nn.optim.Adam}
LOSSES: dict[str, Callable[..., Any]] = {
    "mae": lambda output, y: (output - y).abs().mean(),
    "mse": lambda output, y: (output - y).square().mean(),
    "cross-entropy": lambda output, y: output.sparse_categorical_crossentropy(y),
}


def layers_of(workload: Workload) -> list[Callable[[Any], Any]]:
    if workload.name == "cnn":
        return [
            *(nn.Conv2d(1, 32, 3), Tensor.relu, Tensor.max_pool2d),
            *(nn.Conv2d(32, 64, 3), Tensor.relu, Tensor.max_pool2d),
            *(lambda x: x.flatten(1), nn.Linear(1600, 10)),
        ]
    layers: list[Callable[[Any], Any]] = []
    for n, m in pairwise(workload.units):
        if layers:
            layers.append(ACTIVATIONS[workload.activation])
        layers.append(nn.Linear(n, m))
    return layers


def prepare(workload: Workload) -> Training:
    layers = layers_of(workload)
    with_weights = [layer for layer in layers if hasattr(layer, "weight")]
    weights = nn.state.get_parameters(with_weights)
    optimizer = OPTIMIZERS[workload.optimizer](weights, workload.learning_rate)
    loss_of = LOSSES[workload.loss]

    @TinyJit
    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        for layer in layers:
            x = layer(x)
        loss = loss_of(x, y).backward()
        optimizer.step()
        return loss.realize()

    channels_first = workload.name == "cnn"
    batches = []
    for x, y in workload.batches():
        inputs = Tensor(x.transpose(0, 3, 1, 2) if channels_first else x)
        batches.append((inputs.contiguous().realize(), Tensor(y).realize()))
    # A step is captured in its second call, and fewer steps tell enough of one that takes longer.
    training = loop(workload, batches, step, first=4, number=Tensor.item)
    return replace(training, block=max(1, workload.steps // 5))
