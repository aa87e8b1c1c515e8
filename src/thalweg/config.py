"""Settings of the whole library: default float type, epsilon, image layout.

They are read when an object is made, so a change holds for what is made afterwards.
"""

from __future__ import annotations

from typing import Literal

__all__ = [
    "epsilon",
    "floatx",
    "image_data_format",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
]

_FLOAT_TYPES = ("bfloat16", "float16", "float32", "float64")
_DATA_FORMATS = ("channels_last", "channels_first")

_floatx: str = "float32"
_epsilon: float = 1e-7
_image_data_format: str = "channels_last"


def floatx() -> str:
    """The default float dtype, as a string.

    >>> import thalweg as tw
    >>> tw.config.floatx()
    'float32'
    """
    return _floatx


def set_floatx(value: str) -> None:
    """Set the default float dtype: `'bfloat16'`, `'float16'`, `'float32'` or `'float64'`."""
    global _floatx
    if value not in _FLOAT_TYPES:
        raise ValueError(f"set_floatx: value must be one of {_FLOAT_TYPES}, got {value!r}.")
    _floatx = value


def epsilon() -> float:
    """The small number that keeps divisions and logarithms finite (1e-7 at the start)."""
    return _epsilon


def set_epsilon(value: float) -> None:
    """Set the number that `epsilon()` returns; it must be positive."""
    global _epsilon
    if not value > 0:
        raise ValueError(f"set_epsilon: value must be positive, got {value!r}.")
    _epsilon = float(value)


def image_data_format() -> Literal["channels_last", "channels_first"]:
    """The default axis order of images: `'channels_last'` (N, H, W, C) at the start."""
    return _image_data_format  # type: ignore[return-value]


def set_image_data_format(data_format: str) -> None:
    """Set the default axis order of images, `'channels_last'` or `'channels_first'`."""
    global _image_data_format
    if data_format not in _DATA_FORMATS:
        raise ValueError(
            f"set_image_data_format: data_format must be one of {_DATA_FORMATS}, "
            f"got {data_format!r}."
        )
    _image_data_format = data_format
