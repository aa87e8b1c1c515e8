"""The implementations that are compared, by name: what they need and where they are."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.training import Training
    from benchmarks.workloads import Workload

# The workloads' names, known before anything is imported whose import is timed.
NAMES = ("linreg", "boston", "mlp", "cnn", "gpt", "lstm")
_DENSE = ("linreg", "boston", "mlp")


@dataclass(frozen=True)
class Implementation:
    """One way to train.

    Attributes:
        packages: what it imports, that which is compared first.
        module: where its `prepare` is, among the benchmarks.
        options: of `prepare`.
        environment: variables to set before anything is imported.
        workloads: those that it has; all if empty.
    """

    packages: tuple[str, ...]
    module: str
    options: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    workloads: tuple[str, ...] = ()

    def missing(self) -> list[str]:
        """The packages that are not installed."""
        return [name for name in self.packages if importlib.util.find_spec(name) is None]

    def has(self, workload: str) -> bool:
        """Whether it can train that."""
        return not self.workloads or workload in self.workloads

    def prepare(self, workload: Workload) -> Training:
        """Make a model ready to be trained."""
        return importlib.import_module(f"benchmarks.{self.module}").prepare(
            workload, **self.options
        )


IMPLEMENTATIONS = {
    "thalweg": Implementation(("thalweg",), "fit", {"library": "thalweg"}),
    "thalweg-function": Implementation(("thalweg",), "loop_thalweg"),
    "torch-eager": Implementation(("torch",), "peer_torch", {"compiled": False}),
    "torch-compile": Implementation(("torch",), "peer_torch", {"compiled": True}),
    "jax-jit": Implementation(("jax", "optax"), "peer_jax", {"scan": False}),
    "jax-scan": Implementation(("jax", "optax"), "peer_jax", {"scan": True}),
    "keras-jax": Implementation(
        ("keras", "jax"), "fit", {"library": "keras"}, {"KERAS_BACKEND": "jax"}
    ),
    "keras-tensorflow": Implementation(
        ("keras", "tensorflow"),
        "fit",
        {"library": "keras"},
        {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"},
    ),
    "tinygrad": Implementation(
        ("tinygrad",),
        "peer_tinygrad",
        environment={"DEV": "CPU", "TRAINING": "1"},
        workloads=(*_DENSE, "cnn"),
    ),
    "numpy": Implementation(("numpy",), "peer_numpy", workloads=_DENSE),
}
OURS = tuple(name for name in IMPLEMENTATIONS if name.startswith("thalweg"))
