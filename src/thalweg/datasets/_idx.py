"""Reads idx files, the format of MNIST: a short header, then the values.

The header is two zero bytes, a byte for the dtype, a byte for the number of axes, and the length
of each axis as a big-endian uint32 (http://yann.lecun.com/exdb/mnist, "the idx file format").
"""

from __future__ import annotations

import gzip
import math
import zlib
from io import BufferedIOBase
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["read_idx"]

_UINT8 = 0x08

# Deflate cannot pack more than 1032 bytes into one, so the size of a gzip file bounds what it can
# hold, whatever its header says.
_MOST_UNPACKED = 1032


def read_idx(path: Path, item_shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Read a file of uint8 items, gzip-packed if its name ends in `.gz`.

    The header is checked against `item_shape` and against the size of the file before memory is
    taken for the values.

    Args:
        path: the file.
        item_shape: the shape of one item: `()` for labels, `(28, 28)` for the images of MNIST.

    Returns:
        A uint8 array of shape `(n, *item_shape)`.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is not such a file, ends early or goes on after the last item.
    """
    packed = path.suffix == ".gz"
    most_bytes = path.stat().st_size * (_MOST_UNPACKED if packed else 1)
    try:
        with gzip.open(path) if packed else path.open("rb") as stream:
            return _read(stream, item_shape, most_bytes)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise ValueError(f"{path}: not a whole gzip file ({error}).") from error
    except _IdxError as error:
        raise ValueError(f"{path}: {error}.") from error


class _IdxError(Exception):
    """What is wrong with an idx file, without the file's name."""


def _read(
    stream: BufferedIOBase, item_shape: tuple[int, ...], most_bytes: int
) -> NDArray[np.uint8]:
    magic = bytes((0, 0, _UINT8, 1 + len(item_shape)))
    header = stream.read(4 + 4 * magic[3])
    if header[:4] != magic:
        raise _IdxError(
            f"an idx file of uint8 with {magic[3]} axes begins with the bytes {magic.hex(' ')}, "
            f"got {header[:4].hex(' ') or 'an empty file'}"
        )
    if len(header) < 4 + 4 * magic[3]:
        raise _IdxError(f"the idx header needs {4 + 4 * magic[3]} bytes, got {len(header)}")
    shape = tuple(int(length) for length in np.frombuffer(header, ">u4", offset=4))
    if shape[1:] != item_shape:
        raise _IdxError(f"the items must have shape {item_shape}, got {shape[1:]}")
    size = math.prod(shape)
    if size > most_bytes:
        raise _IdxError(f"the header announces {size} bytes of values, more than the file can hold")

    values = np.empty(size, dtype=np.uint8)
    view = values.data
    filled = 0
    while filled < size and (count := stream.readinto(view[filled:])):
        filled += count
    if filled < size:
        raise _IdxError(f"the header announces {size} bytes of values, got {filled}")
    if stream.read(1):
        raise _IdxError(f"the header announces {size} bytes of values, and more follow")
    return values.reshape(shape)
