"""Callbacks: what a training tells about its progress, and what can be done then."""

from thalweg.training.callbacks.backup_and_restore import BackupAndRestore
from thalweg.training.callbacks.callback import Callback
from thalweg.training.callbacks.callback_list import CallbackList
from thalweg.training.callbacks.csv_logger import CSVLogger
from thalweg.training.callbacks.early_stopping import EarlyStopping
from thalweg.training.callbacks.history import History
from thalweg.training.callbacks.lambda_callback import LambdaCallback
from thalweg.training.callbacks.learning_rate_scheduler import LearningRateScheduler
from thalweg.training.callbacks.model_checkpoint import ModelCheckpoint
from thalweg.training.callbacks.progbar_logger import ProgbarLogger
from thalweg.training.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau
from thalweg.training.callbacks.swap_ema_weights import SwapEMAWeights
from thalweg.training.callbacks.terminate_on_nan import TerminateOnNaN

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "SwapEMAWeights",
    "TerminateOnNaN",
]
