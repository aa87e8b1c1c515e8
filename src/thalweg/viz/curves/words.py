"""Metrics and numbers in words, as they stand in pictures and captions."""

from __future__ import annotations

__all__ = ["capital", "in_words", "short"]

_INITIALS = ("auc", "iou", "kld", "mae", "mape", "mse", "msle", "rmse")


def in_words(name: str) -> str:
    """The name of a metric as it is read.

    >>> in_words("sparse_categorical_accuracy"), in_words("mae"), in_words("val_loss")
    ('sparse categorical accuracy', 'MAE', 'validation loss')
    """
    words = name.removeprefix("val_").split("_")
    read = " ".join(word.upper() if word in _INITIALS else word for word in words)
    return f"validation {read}" if name.startswith("val_") else read


def capital(text: str) -> str:
    """The text with a capital at its beginning.

    >>> capital("loss falls")
    'Loss falls'
    """
    return text[:1].upper() + text[1:]


def short(value: float) -> str:
    """A number in three digits.

    >>> short(84.123), short(0.000312), short(1234567.0), short(11), short(float("nan"))
    ('84.1', '0.000312', '1.23e+06', '11', 'nan')
    """
    return f"{value:.0f}" if 1e3 <= abs(value) < 1e5 else f"{value:.3g}"
