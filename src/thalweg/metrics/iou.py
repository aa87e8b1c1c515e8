"""Intersection over union, from a confusion matrix: the metric of segmentation."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from thalweg import config as settings
from thalweg import ops
from thalweg.metrics.metric import MODULE, Metric
from thalweg.registry import serializable
from thalweg.tensor.dtypes import as_dtype, is_floating
from thalweg.tensor.tensor import Tensor

__all__ = ["BinaryIoU", "IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"]


@serializable(MODULE)
class IoU(Metric):
    """`tp / (tp + fp + fn)` of each target class, averaged over those that occur.

    Args:
        num_classes: how many classes there are.
        target_class_ids: the classes whose values are averaged.
        name: the metric's name.
        dtype: the dtype of the counts, int32 by default; float32 for weights that are not integers.
        ignore_class: a label whose elements do not count.
        sparse_y_true: whether labels are indices; otherwise the index of the largest along `axis`.
        sparse_y_pred: the same for predictions.
        axis: the axis of the classes.

    >>> from thalweg import metrics
    >>> metrics.IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1]).numpy()
    np.float32(0.3333333)
    """

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(dtype or "int32", name)
        if any(not 0 <= i < num_classes for i in target_class_ids):
            raise ValueError(
                f"{type(self).__name__}: target_class_ids must be from 0 to {num_classes - 1}, got "
                f"{list(target_class_ids)}."
            )
        self.num_classes = num_classes
        self.target_class_ids = [int(i) for i in target_class_ids]
        self.ignore_class = ignore_class
        self.sparse_y_true = sparse_y_true
        self.sparse_y_pred = sparse_y_pred
        self.axis = axis
        self.total_cm = self.add_variable(
            (num_classes, num_classes), dtype=self.dtype, name="total_confusion_matrix"
        )

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take a batch into account.

        Args:
            y_true: labels; those outside of `[0, num_classes)` do not count.
            y_pred: predicted classes.
            sample_weight: a scalar or one weight for each element.
        """
        if not self.sparse_y_true:
            y_true = ops.argmax(y_true, axis=self.axis)
        if not self.sparse_y_pred:
            y_pred = ops.argmax(y_pred, axis=self.axis)
        y_true = ops.reshape(ops.cast(y_true, "int32"), (-1,))
        y_pred = ops.reshape(ops.cast(y_pred, "int32"), (-1,))
        if y_true.shape != y_pred.shape:
            raise ValueError(
                f"Metric '{self.name}': y_true and y_pred must have as many elements, got "
                f"{y_true.size} and {y_pred.size}."
            )
        weights = ops.convert_to_tensor(1 if sample_weight is None else sample_weight)
        if is_floating(weights.dtype) and not is_floating(as_dtype(self.dtype)):
            warnings.warn(
                f"Metric '{self.name}': sample_weight of {weights.dtype.name} is cut to "
                f"{self.dtype}; make the metric with dtype='float32'.",
                stacklevel=2,
            )
        weights = ops.cast(weights, self.dtype)
        weights = weights if weights.ndim == 0 else ops.reshape(weights, (-1,))
        weights = ops.broadcast_to(weights, y_true.shape)
        valid = ops.logical_and(
            ops.logical_and(y_true >= 0, y_true < self.num_classes),
            ops.logical_and(y_pred >= 0, y_pred < self.num_classes),
        )
        if self.ignore_class is not None:
            valid = ops.logical_and(valid, ops.not_equal(y_true, self.ignore_class))
        cell = ops.where(valid, y_true * self.num_classes + y_pred, 0)
        counts = ops.segment_sum(ops.where(valid, weights, 0), cell, self.num_classes**2)
        self.total_cm.assign_add(ops.reshape(counts, (self.num_classes, self.num_classes)))

    def result(self) -> Tensor:
        both = ops.diag(self.total_cm)
        either = ops.sum(self.total_cm, axis=0) + ops.sum(self.total_cm, axis=1) - both
        both = ops.cast(ops.take(both, self.target_class_ids, axis=0), "float32")
        either = ops.cast(ops.take(either, self.target_class_ids, axis=0), "float32")
        occurs = either > 1e-9
        ratios = ops.where(occurs, both / (either + settings.epsilon()), 0.0)
        count = ops.sum(ops.cast(occurs, "float32"))
        return ops.sum(ratios) / (count + settings.epsilon())

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "target_class_ids": self.target_class_ids,
            "ignore_class": self.ignore_class,
            "sparse_y_true": self.sparse_y_true,
            "sparse_y_pred": self.sparse_y_pred,
            "axis": self.axis,
        }


def _without(config: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key not in keys}


@serializable(MODULE)
class BinaryIoU(IoU):
    """Intersection over union for labels 0 and 1 and scores.

    Args:
        target_class_ids: `(0, 1)` for the mean of both classes, `(0,)` or `(1,)` for one.
        threshold: scores from it on are class 1.
        name: the metric's name.
        dtype: as in `IoU`.
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        called = ops.cast(y_pred, "float32") >= self.threshold
        super().update_state(y_true, called, sample_weight)

    def get_config(self) -> dict[str, Any]:
        unused = ("num_classes", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")
        return {**_without(super().get_config(), *unused), "threshold": self.threshold}


@serializable(MODULE)
class MeanIoU(IoU):
    """Intersection over union, the mean of all classes; arguments as in `IoU`."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes,
            range(num_classes),
            name,
            dtype,
            ignore_class,
            sparse_y_true,
            sparse_y_pred,
            axis,
        )

    def get_config(self) -> dict[str, Any]:
        return _without(super().get_config(), "target_class_ids")


@serializable(MODULE)
class OneHotIoU(IoU):
    """Intersection over union for one-hot labels; arguments as in `IoU`."""

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis
        )

    def get_config(self) -> dict[str, Any]:
        return _without(super().get_config(), "sparse_y_true")


@serializable(MODULE)
class OneHotMeanIoU(MeanIoU):
    """Intersection over union for one-hot labels, the mean of all classes; see `IoU`."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return _without(super().get_config(), "sparse_y_true")
