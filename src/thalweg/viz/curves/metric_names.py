"""Names of metrics as they are read in pictures and captions."""

from __future__ import annotations

__all__ = ["in_words"]

_INITIALS = ("auc", "iou", "kld", "mae", "mape", "mse", "msle", "rmse")


def in_words(name: str) -> str:
    """The name of a metric as it is read.

    >>> in_words("sparse_categorical_accuracy"), in_words("mae"), in_words("val_loss")
    ('sparse categorical accuracy', 'MAE', 'validation loss')
    """
    words = name.removeprefix("val_").split("_")
    read = " ".join(word.upper() if word in _INITIALS else word for word in words)
    return f"validation {read}" if name.startswith("val_") else read
