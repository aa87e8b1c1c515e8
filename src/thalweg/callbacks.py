"""Callbacks: what can be told of, and take part in, training.

Those that draw are imported when they are first used: they bring much along.
"""

import importlib
from typing import TYPE_CHECKING, Any

from thalweg.training.callbacks import (
    BackupAndRestore,
    Callback,
    CallbackList,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ProgbarLogger,
    ReduceLROnPlateau,
    SwapEMAWeights,
    TerminateOnNaN,
)

if TYPE_CHECKING:
    from thalweg.viz.curves.live_curves import LiveCurves
    from thalweg.viz.health.callback import GradientHealth
    from thalweg.viz.live.live_view import LiveView
    from thalweg.viz.surface.path import PathRecorder
    from thalweg.viz.tensorboard import TensorBoard

_LATER = {
    "GradientHealth": "thalweg.viz.health.callback",
    "LiveCurves": "thalweg.viz.curves.live_curves",
    "LiveView": "thalweg.viz.live.live_view",
    "PathRecorder": "thalweg.viz.surface.path",
    "TensorBoard": "thalweg.viz.tensorboard",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'thalweg.callbacks' has no attribute {name!r}")
    found = globals()[name] = getattr(importlib.import_module(_LATER[name]), name)
    return found


__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "GradientHealth",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "LiveCurves",
    "LiveView",
    "ModelCheckpoint",
    "PathRecorder",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]
