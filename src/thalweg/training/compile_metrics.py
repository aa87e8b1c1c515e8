"""The metrics of a compiled model: a list for each output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg import metrics as metrics_room
from thalweg.metrics.metric import Metric
from thalweg.metrics.reduction import MeanMetricWrapper
from thalweg.tensor.tree import flatten, is_nested
from thalweg.tensor.variable import Variable
from thalweg.training.compile_loss import CROSSENTROPY, kind_of_targets
from thalweg.training.outputs import Outputs

__all__ = ["CompileMetrics"]

_BY_KIND: dict[str, dict[str, Any]] = {
    "accuracy": {
        "binary": metrics_room.BinaryAccuracy,
        "sparse": metrics_room.SparseCategoricalAccuracy,
        "categorical": metrics_room.CategoricalAccuracy,
    },
    "crossentropy": {
        "binary": metrics_room.BinaryCrossentropy,
        "sparse": metrics_room.SparseCategoricalCrossentropy,
        "categorical": metrics_room.CategoricalCrossentropy,
    },
}


def _kinds(identifier: Any) -> dict[str, Any] | None:
    """For names whose meaning depends on the output: the metric of each kind."""
    if not isinstance(identifier, str):
        return None
    if identifier.lower() in ("accuracy", "acc"):
        return _BY_KIND["accuracy"]
    return _BY_KIND["crossentropy"] if identifier.lower() in CROSSENTROPY else None


def _check(given: Any, argument: str) -> None:
    if given is None:
        return
    if not is_nested(given):
        raise ValueError(
            f"compile: {argument} must be a list, tuple or dict, got {type(given).__name__} "
            f"{given!r}; write {argument}=[{given!r}]."
        )
    for identifier in flatten(given):
        if identifier is not None and _kinds(identifier) is None:
            metrics_room.get(identifier)


class CompileMetrics(Metric):
    """What `compile(metrics=..., weighted_metrics=...)` means, as one metric with a dict as result.

    Args:
        metrics: for one output a list of metrics; for several a list with one entry (a metric, a
            list of them or None) for each output, or a dict of such by the outputs' names.
        weighted_metrics: the same, for metrics that take the sample weights into account.
        output_names: the names of the model's outputs, if it has some.

    Raises:
        ValueError: at once, for a name that is no metric.
    """

    def __init__(
        self,
        metrics: Any = None,
        weighted_metrics: Any = None,
        output_names: Sequence[str] | None = None,
    ) -> None:
        super().__init__(name="compile_metrics")
        _check(metrics, "metrics")
        _check(weighted_metrics, "weighted_metrics")
        self._given = metrics
        self._given_weighted = weighted_metrics
        self._output_names = output_names
        self._outputs: Outputs | None = None
        self._plain: list[list[Metric]] = []
        self._weighted: list[list[Metric]] = []

    @property
    def built(self) -> bool:
        """Whether the model's outputs are known."""
        return self._outputs is not None

    @property
    def metrics(self) -> list[Metric]:
        """All metrics: those of each output, then the weighted ones."""
        return [m for metrics in [*self._plain, *self._weighted] for m in metrics]

    @property
    def variables(self) -> list[Variable]:
        found = {id(v): v for m in self.metrics for v in m.variables}
        return list(found.values())

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Resolve names and give each output its metrics; anything with shapes will do."""
        outputs = Outputs(y_pred, self._output_names)
        plain = self._per_output(self._given, "metrics", outputs)
        weighted = self._per_output(self._given_weighted, "weighted_metrics", outputs)
        wanted = [bool(a or b) for a, b in zip(plain, weighted, strict=True)]
        targets = outputs.match(y_true, "y", wanted)
        pairs = list(zip(targets, flatten(y_pred), strict=True))
        for name, needed, (target, _) in zip(outputs.names, wanted, pairs, strict=True):
            if needed and target is None:
                where = f" for output {name!r}" if name else ""
                raise ValueError(f"There are metrics{where} but no target y.")
        self._plain, self._weighted = (
            [
                [_resolved(m, target, output) for m in metrics]
                for metrics, (target, output) in zip(lists, pairs, strict=True)
            ]
            for lists in (plain, weighted)
        )
        self._outputs = outputs

    def unbuild(self) -> None:
        """Forget the outputs."""
        self._outputs = None
        self._plain, self._weighted = [], []

    @staticmethod
    def _per_output(given: Any, argument: str, outputs: Outputs) -> list[list[Any]]:
        if not given:
            return [[] for _ in range(outputs.count)]
        if outputs.count == 1:
            return [[m for m in flatten(given) if m is not None]]
        spread = outputs.spread(given, argument)
        return [[m for m in flatten(entry) if m is not None] for entry in spread]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account: targets, outputs, and weights of the samples."""
        if self._outputs is None:
            self.build(y_true, y_pred)
        assert self._outputs is not None
        wanted = [bool(a or b) for a, b in zip(self._plain, self._weighted, strict=True)]
        targets = self._outputs.match(y_true, "y", wanted)
        if sample_weight is not None and not is_nested(sample_weight):
            weights = [sample_weight] * self._outputs.count
        else:
            weights = self._outputs.match(sample_weight, "sample_weight", wanted)
        for plain, weighted, target, output, weight in zip(
            self._plain, self._weighted, targets, flatten(y_pred), weights, strict=True
        ):
            for metric in plain:
                metric.update_state(target, output)
            for metric in weighted:
                metric.update_state(target, output, sample_weight=weight)

    def named(self) -> dict[str, Metric]:
        """The metrics by the names under which they are reported."""
        found: dict[str, Metric] = {}
        if self._outputs is None:
            return found
        several = self._outputs.count > 1
        for lists, mark in ((self._plain, ""), (self._weighted, "weighted_")):
            for output, metrics in zip(self._outputs.names, lists, strict=True):
                prefix = f"{output}_" if several and output else ""
                for metric in metrics:
                    name = f"{prefix}{metric.name}"
                    if name in found:
                        name = f"{prefix}{mark}{metric.name}"
                    found[_free(name, found)] = metric
        return found

    def result(self) -> dict[str, Any]:
        """The result of each metric by its name."""
        return {name: metric.result() for name, metric in self.named().items()}

    def reset_state(self) -> None:
        for metric in self.metrics:
            metric.reset_state()


def _free(name: str, taken: dict[str, Any]) -> str:
    number = 1
    free = name
    while free in taken:
        free = f"{name}_{number}"
        number += 1
    return free


def _resolved(identifier: Any, target: Any, output: Any) -> Metric:
    kinds = _kinds(identifier)
    if kinds is not None:
        metric = kinds[kind_of_targets(target, output)]()
    else:
        metric = metrics_room.get(identifier)
    if not isinstance(metric, Metric):
        metric = MeanMetricWrapper(metric)
    if isinstance(identifier, str):
        metric.name = identifier  # the user's own spelling is the name in the logs
    found: Metric = metric
    return found
