"""Files that appear whole or not at all: written beside their place, then moved there."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

__all__ = ["atomic_file", "replace_folder", "write_file"]


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """A new file to write and read; it takes the place of `path` when the block ends well.

    Args:
        path: where the file belongs; an existing file stays as it is until then, and for good if
            the block raises.
    """
    path = Path(os.path.realpath(path))  # a link stays a link
    if not path.parent.is_dir():
        raise FileNotFoundError(f"Cannot write '{path.name}': there is no folder '{path.parent}'.")
    if path.is_dir():
        raise IsADirectoryError(f"Cannot write the file '{path}': there is a folder of that name.")
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with part.open("x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, part)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def write_file(path: Path, content: bytes) -> None:
    """Write a whole file; see `atomic_file`."""
    with atomic_file(path) as file:
        file.write(content)


def replace_folder(new: Path, path: Path) -> None:
    """Move a finished folder to its place; one that was there goes when the new one stands."""
    for file in new.rglob("*"):
        if file.is_file():
            with file.open("rb+") as opened:
                os.fsync(opened.fileno())
    if not path.exists():
        os.rename(new, path)
    else:
        old = path.with_name(f".{path.name}.{uuid.uuid4().hex}.old")
        os.rename(path, old)
        try:
            os.rename(new, path)
        except BaseException:
            os.rename(old, path)
            raise
        shutil.rmtree(old)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    # Not every system can do it, and the file itself is safe by then.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
