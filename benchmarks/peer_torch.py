"""PyTorch, eager: the loop that its tutorials teach."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from workloads import Workload, measure

ACTIVATIONS = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU}


def prepare(workload: Workload) -> Callable[[int], None]:
    layers: list[nn.Module] = []
    for n, m in zip(workload.sizes, workload.sizes[1:], strict=False):
        layers += [nn.Linear(n, m)]
        if workload.activation is not None:
            layers += [ACTIVATIONS[workload.activation]()]
    model = nn.Sequential(*(layers[:-1] if workload.activation is not None else layers))
    optimizer = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[workload.optimizer](
        model.parameters(), workload.learning_rate
    )
    loss = {"mae": nn.L1Loss, "mse": nn.MSELoss, "cross-entropy": nn.CrossEntropyLoss}[
        workload.loss
    ]()
    batches = [
        (torch.from_numpy(x), torch.from_numpy(y).long() if y.ndim == 1 else torch.from_numpy(y))
        for x, y in workload.batches()
    ]

    def train(epochs: int) -> None:
        for _ in range(epochs):
            for x, y in batches:
                optimizer.zero_grad()
                loss(model(x), y).backward()
                optimizer.step()

    return train


if __name__ == "__main__":
    measure(f"torch {torch.__version__}, eager", prepare)
