"""What a zip archive from outside may hold: members with plain names and honest sizes."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO

__all__ = ["extract_under", "opened_archive", "read_member"]

_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
# Deflate makes at most about 1030 bytes of one; genuine weights hardly shrink at all.
_MOST_EXPANSION = 100
_SMALL = 1 << 26
_MOST_MEMBERS = 100_000
# What the zip reader raises for damaged or made-up archives.
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)


def opened_archive(file: BinaryIO, origin: str) -> zipfile.ZipFile:
    """A zip archive for reading, all its members checked."""
    size = file.seek(0, io.SEEK_END)
    try:
        archive = zipfile.ZipFile(file)
    except _UNREADABLE as problem:
        raise ValueError(
            f"'{origin}' is not a .keras file: it is not a zip archive, or it was cut off."
        ) from problem
    _check(archive, size, origin)
    return archive


def _check(archive: zipfile.ZipFile, size: int, origin: str) -> None:
    """Raise `ValueError` for names that lead elsewhere, links, bombs, and what cannot be read."""

    def refuse(name: str, reason: str) -> ValueError:
        return ValueError(f"'{origin}' is refused: its member {name!r} {reason}.")

    infos = archive.infolist()
    if len(infos) > _MOST_MEMBERS:
        raise ValueError(f"'{origin}' is refused: it has too many members.")
    seen: set[str] = set()
    for info in infos:
        name = info.filename
        if not _plain(name):
            raise refuse(name, "has a name that leads out of its folder")
        if name in seen:
            raise refuse(name, "is there twice")
        seen.add(name)
        if stat.S_ISLNK(info.external_attr >> 16):
            raise refuse(name, "is a link")
        if info.flag_bits & 1:
            raise refuse(name, "is encrypted")
        if info.compress_type not in _METHODS:
            raise refuse(name, "is packed by a method other than deflate")
        if info.file_size > max(_SMALL, _MOST_EXPANSION * info.compress_size):
            raise refuse(
                name, f"declares {info.file_size} bytes, but {info.compress_size} are stored"
            )
    total = sum(info.file_size for info in infos)
    # Members that share their bytes would each look honest.
    if total > max(_SMALL, _MOST_EXPANSION * size):
        raise ValueError(f"'{origin}' is refused: it declares {total} bytes, but has only {size}.")


def _plain(name: str) -> bool:
    parts = name.removesuffix("/").split("/")
    return not ("\\" in name or ":" in name or "\0" in name or {"", ".", ".."} & set(parts))


def read_member(archive: zipfile.ZipFile, name: str, origin: str) -> bytes:
    """The bytes of a member."""
    try:
        return archive.read(name)
    except KeyError:
        raise ValueError(f"'{origin}' is not a .keras file: it has no {name!r}.") from None
    except _UNREADABLE as problem:
        raise ValueError(f"'{origin}' is damaged: its member {name!r} cannot be read.") from problem


def extract_under(archive: zipfile.ZipFile, prefix: str, folder: Path, origin: str) -> bool:
    """Write the members below `prefix` into a folder; returns whether there were any."""
    found = False
    for info in archive.infolist():
        if not info.filename.startswith(prefix) or info.is_dir():
            continue
        found = True
        target = folder.joinpath(*PurePosixPath(info.filename.removeprefix(prefix)).parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(read_member(archive, info.filename, origin))
    return found
