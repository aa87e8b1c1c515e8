"""Event files for TensorBoard, written by the `tensorboard` package itself."""

from thalweg.viz.tensorboard.callback import TensorBoard

__all__ = ["TensorBoard"]
