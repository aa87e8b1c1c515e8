"""Settings: float type, epsilon, image layout, device, threads, functions run eagerly.

The first three are read when an object is made, so a change holds for what is made afterwards.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

__all__ = [
    "device",
    "epsilon",
    "floatx",
    "functions_run_eagerly",
    "image_data_format",
    "one_thread",
    "run_functions_eagerly",
    "set_device",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "set_threads",
    "threads",
]

_FLOAT_TYPES = ("bfloat16", "float16", "float32", "float64")
_DATA_FORMATS = ("channels_last", "channels_first")
_DEVICES = ("cpu", "webgpu")

_floatx: str = "float32"
_epsilon: float = 1e-7
_image_data_format: str = "channels_last"
_device: str | None = None
_threads: int | None = None
_one_thread: ContextVar[bool] = ContextVar("one_thread", default=False)
_functions_run_eagerly: bool = False


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


def functions_run_eagerly() -> bool:
    """Whether functions made with `thalweg.function` run as plain Python."""
    return _functions_run_eagerly


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Let functions made with `thalweg.function` run as plain Python, for debugging.

    >>> import thalweg as tw
    >>> tw.config.run_functions_eagerly(True)
    >>> tw.config.functions_run_eagerly()
    True
    >>> tw.config.run_functions_eagerly(False)
    """
    global _functions_run_eagerly
    _functions_run_eagerly = bool(run_eagerly)


def device(value: str | None = None) -> str:
    """The device that compiled Programs run on: `'cpu'` at the start, or what THALWEG_DEVICE says.

    Args:
        value: the device from now on, as for `set_device`; None leaves it as it is.

    >>> import thalweg as tw
    >>> tw.config.device()
    'cpu'
    """
    if value is not None:
        set_device(value)
    if _device is None:
        _set_device(os.environ.get("THALWEG_DEVICE") or "cpu", "THALWEG_DEVICE")
    assert _device is not None
    return _device


def set_device(value: str) -> None:
    """Set the device that compiled Programs run on, from their next run.

    Values of variables move by themselves. What is not compiled is computed by NumPy in any case.

    Args:
        value: `'cpu'`, or `'webgpu'` for any GPU, through the package `wgpu`.

    Raises:
        ValueError: if there is no such device.
        ImportError: if `wgpu` is not installed.

    >>> import thalweg as tw
    >>> tw.config.set_device("cpu")
    """
    _set_device(value, "set_device: value")


def _set_device(value: str, what: str) -> None:
    global _device
    if value not in _DEVICES:
        raise ValueError(f"{what} must be one of {_DEVICES}, got {value!r}.")
    if value == "webgpu" and find_spec("wgpu") is None:
        raise ImportError(
            f"{what} 'webgpu' needs the package wgpu: run `pip install 'thalweg[webgpu]'`."
        )
    _device = value


def threads() -> int:
    """How many threads a compiled Program may use, the calling one included.

    Until `set_threads` says otherwise: the processor cores that this process may run on, and no
    more than its container's quota of processor time.

    >>> import thalweg as tw
    >>> tw.config.threads() >= 1
    True
    """
    global _threads
    if _one_thread.get():
        return 1
    if _threads is None:
        _threads = _cores()
    return _threads


def set_threads(value: int | None) -> None:
    """Set how many threads compiled Programs may use; None: as many as there are cores.

    Args:
        value: 1 or more. Small Programs run on one thread in any case.

    Raises:
        ValueError: if it is less than 1.

    >>> import thalweg as tw
    >>> tw.config.set_threads(1)
    >>> tw.config.threads()
    1
    >>> tw.config.set_threads(None)
    """
    global _threads
    if value is not None and not (isinstance(value, int) and value >= 1):
        raise ValueError(f"set_threads: value must be an integer of at least 1, got {value!r}.")
    _threads = value


@contextmanager
def one_thread() -> Iterator[None]:
    """In the block, compiled Programs that this thread runs use no other threads.

    For work that several threads of Python share: where each has a part of its own to compute,
    none waits for another, whatever else the processor is busy with.

    >>> import thalweg as tw
    >>> with tw.config.one_thread():
    ...     print(tw.config.threads())
    1
    """
    before = _one_thread.set(True)
    try:
        yield
    finally:
        _one_thread.reset(before)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min(cores, _quota()))


def _quota() -> int:
    """The cores' worth of time that the control group grants, rounded up (no limit: many)."""
    groups = Path("/sys/fs/cgroup")
    try:
        limit, period = (groups / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            limit = (groups / "cpu/cpu.cfs_quota_us").read_text().strip()
            period = (groups / "cpu/cpu.cfs_period_us").read_text().strip()
        except OSError:
            return 1 << 20
    if limit in ("max", "-1"):
        return 1 << 20
    return math.ceil(int(limit) / int(period))
