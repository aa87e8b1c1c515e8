"""The disk cache of what was compiled: object code (`jit`), and Programs (`stored`).

A file is named after what its content was made from, and begins with a checksum of it, so a
half-written or damaged file is found out and made anew. Writing goes through a temporary file, so
processes do not disturb one another. It holds native code: only files and folders that belong to
this user, and that nobody else may write, are trusted.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import warnings
from pathlib import Path

__all__ = ["fetch", "key", "keep"]

_MAGIC = b"thalweg object 1\n"
_LIMIT = 512 * 1024 * 1024
_complained = False


def key(*parts: str) -> str:
    """The name of what is made from these parts."""
    digest = hashlib.sha256()
    for part in parts:
        text = part.encode()
        # With its length, so that parts cannot run into each other.
        digest.update(len(text).to_bytes(8, "little") + text)
    return digest.hexdigest()


def fetch(name: str) -> bytes | None:
    """The code kept under a name; None if there is none that can be trusted."""
    folder = _folder()
    if folder is None:
        return None
    try:
        if not _trusted(os.stat(folder)):
            return None
        descriptor = os.open(folder / name, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return None
    with open(descriptor, "rb") as file:
        if not _trusted(os.fstat(descriptor)):
            return None
        content = file.read()
    start = len(_MAGIC)
    code = content[start + 32 :]
    if content[: start + 32] != _MAGIC + hashlib.sha256(code).digest():
        return None
    with contextlib.suppress(OSError):
        os.utime(folder / name)  # the oldest are thrown out first
    return code


def keep(name: str, code: bytes) -> None:
    """Keep code under a name; a folder that cannot be written is complained about once."""
    folder = _folder()
    if folder is None:
        return
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _trusted(os.stat(folder)):
            raise PermissionError(f"others may write to {folder}")
        descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".new-")
        try:
            with open(descriptor, "wb") as file:
                file.write(_MAGIC + hashlib.sha256(code).digest() + code)
            os.replace(temporary, folder / name)
        except BaseException:
            os.unlink(temporary)
            raise
        _trim(folder)
    except OSError as error:
        _complain(folder, error)


def _folder() -> Path | None:
    """Where the cache is; None where there shall be none (THALWEG_CACHE_DIR is empty)."""
    wanted = os.environ.get("THALWEG_CACHE_DIR")
    if wanted is not None:
        return Path(wanted) if wanted else None
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "thalweg"
    except RuntimeError:  # there is no home
        return None


def _trusted(status: os.stat_result) -> bool:
    if not hasattr(os, "geteuid"):
        return True  # Windows keeps a user's folders to the user
    return status.st_uid == os.geteuid() and not status.st_mode & 0o022


def _trim(folder: Path) -> None:
    """Throw out the files that were not used for longest, down to the limit."""
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(OSError):  # another process may have thrown it out
                status = entry.stat(follow_symlinks=False)
                found.append((status.st_mtime, status.st_size, entry.path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= _LIMIT:
            break
        with contextlib.suppress(OSError):
            os.unlink(path)
        total -= size


def _complain(folder: Path, error: OSError) -> None:
    global _complained
    if not _complained:
        _complained = True
        warnings.warn(
            f"Compiled code cannot be kept in {folder} ({error}); set THALWEG_CACHE_DIR to a "
            "folder of your own, or to '' for no cache.",
            RuntimeWarning,
            stacklevel=2,
        )
