"""PyTorch: the loop that its tutorials teach, as it is or under `torch.compile`."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from benchmarks.training import Training, loop
from benchmarks.workloads import BLOCKS, HEADS, LENGTH, TOKENS, WIDTH, Workload

ACTIVATIONS = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU}
OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
LOSSES: dict[str, Callable[..., Any]] = {
    "mae": functional.l1_loss,
    "mse": functional.mse_loss,
    "cross-entropy": lambda logits, y: functional.cross_entropy(
        logits.reshape(-1, logits.shape[-1]), y.reshape(-1)
    ),
}


class Block(nn.Module):
    """A layer of the transformer."""

    def __init__(self) -> None:
        super().__init__()
        self.before_attention, self.before_dense = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.inputs, self.output = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.wide, self.narrow = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x: Any) -> Any:
        rows, length, _ = x.shape
        parts = self.inputs(self.before_attention(x)).view(rows, length, 3, HEADS, WIDTH // HEADS)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.output(seen.transpose(1, 2).reshape(rows, length, WIDTH))
        inner = functional.gelu(self.wide(self.before_dense(x)), approximate="tanh")
        return x + self.narrow(inner)


class Transformer(nn.Module):
    """The model of gpt."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.positions = nn.Embedding(TOKENS, WIDTH), nn.Embedding(LENGTH, WIDTH)
        self.blocks = nn.Sequential(*[Block() for _ in range(BLOCKS)])
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, TOKENS)

    def forward(self, tokens: Any) -> Any:
        x = self.tokens(tokens) + self.positions(torch.arange(tokens.shape[1]))
        return self.head(self.norm(self.blocks(x)))


class Recurrent(nn.Module):
    """The model of lstm."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.head = nn.LSTM(64, 128, batch_first=True), nn.Linear(128, 10)

    def forward(self, x: Any) -> Any:
        return self.head(self.lstm(x)[0][:, -1])


def dense(workload: Workload) -> nn.Module:
    """Dense layers, with an activation between any two."""
    layers: list[nn.Module] = []
    for n, m in pairwise(workload.units):
        if layers and workload.activation is not None:
            layers.append(ACTIVATIONS[workload.activation]())
        layers.append(nn.Linear(n, m))
    return nn.Sequential(*layers)


def convolutional() -> nn.Module:
    """The model of cnn."""
    first = [nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2)]
    second = [nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*first, *second, nn.Flatten(), nn.Linear(1600, 10))


def prepare(workload: Workload, compiled: bool) -> Training:
    models = {"cnn": convolutional, "gpt": Transformer, "lstm": Recurrent}
    model = models[workload.name]() if workload.name in models else dense(workload)
    optimizer = OPTIMIZERS[workload.optimizer](model.parameters(), workload.learning_rate)
    loss_of = LOSSES[workload.loss]

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.detach()

    batches = []
    for x, y in workload.batches():
        inputs, targets = torch.from_numpy(x), torch.from_numpy(y)
        if workload.name == "cnn":
            inputs = inputs.permute(0, 3, 1, 2).contiguous()
        batches.append((inputs, targets.long() if workload.classes else targets))
    return loop(workload, batches, torch.compile(step) if compiled else step, first=3)
