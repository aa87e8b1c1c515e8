"""Downloads the files of a dataset once, into a cache folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["RemoteFile", "cache_folder", "fetch"]

_TIMEOUT_SECONDS = 30
_PIECE_BYTES = 1 << 18


class RemoteFile(NamedTuple):
    """A file that mirrors serve as `NAME.gz`, known by what it unpacks to.

    Size and checksum are those of the unpacked bytes, since mirrors pack the same file in
    different ways.
    """

    name: str
    size: int
    sha256: str


def cache_folder() -> Path:
    """The folder for what can be fetched again: `$THALWEG_CACHE_DIR`, else `~/.cache/thalweg`."""
    chosen = os.environ.get("THALWEG_CACHE_DIR")
    return Path(chosen) if chosen else Path.home() / ".cache" / "thalweg"


def fetch(files: Sequence[RemoteFile], folder: Path, mirrors: Sequence[str]) -> None:
    """Download and unpack the files that `folder` does not have yet, with a progress bar.

    A file appears under its name only when it is whole and its checksum is right, so several
    processes may fetch at once and a broken download leaves nothing behind.

    Args:
        files: what `folder` should hold afterwards.
        folder: where the unpacked files go; it is made if needed.
        mirrors: base URLs ending in `/`, tried in this order for each file.

    Raises:
        OSError: if no mirror gave a file, with the reason of each, or `folder` cannot be written.
    """
    missing = [file for file in files if not (folder / file.name).is_file()]
    if not missing:
        return
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress

    folder.mkdir(parents=True, exist_ok=True)
    columns = (*Progress.get_default_columns(), DownloadColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        for file in missing:
            _fetch_one(file, folder, mirrors, progress)


def _fetch_one(file: RemoteFile, folder: Path, mirrors: Sequence[str], progress: Progress) -> None:
    import http.client
    import urllib.error
    import zlib

    # The process number keeps two processes that fetch the same file apart.
    partial = folder / f"{file.name}.{os.getpid()}.part"
    task = progress.add_task(file.name, total=file.size)
    reasons = []
    for mirror in mirrors:
        url = f"{mirror}{file.name}.gz"
        try:
            _download(url, file, partial, lambda done: progress.update(task, completed=done))
            os.replace(partial, folder / file.name)
            return
        except (OSError, EOFError, ValueError, zlib.error, http.client.HTTPException) as error:
            reasons.append(f"{url}: {error}")
            if isinstance(error, urllib.error.HTTPError):
                error.close()
        finally:
            partial.unlink(missing_ok=True)
    raise OSError(f"{file.name} could not be downloaded ({'; '.join(reasons)}).")


def _download(url: str, file: RemoteFile, target: Path, report: Callable[[int], None]) -> None:
    import gzip
    import hashlib
    import urllib.request

    checksum = hashlib.sha256()
    received = 0
    with (
        urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as response,
        gzip.GzipFile(fileobj=response) as unpacked,
        target.open("wb") as output,
    ):
        while piece := unpacked.read(_PIECE_BYTES):
            received += len(piece)
            if received > file.size:
                raise ValueError(f"it unpacks to more than {file.size} bytes")
            checksum.update(piece)
            output.write(piece)
            report(received)
    if checksum.hexdigest() != file.sha256:
        raise ValueError(f"its SHA-256 should be {file.sha256}, got {checksum.hexdigest()}")
