"""Programs kept on disk: by what they were compiled from, so that nothing is compiled again.

What counts besides the traced graph is what compiling depends on: the compiler's own source files,
the processor, LLVM and NumPy. Code lies in a file of its own, named as `jit` names it.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thalweg.compiler import verify
from thalweg.compiler.plain import NotPlainError
from thalweg.devices.cpu import cache, jit
from thalweg.devices.cpu.host import Host
from thalweg.devices.cpu.image import Image

__all__ = ["Stored", "fetch", "keep"]

# What is compiled depends on these rooms; a trace tells all that those above them do.
_ROOMS = ("config.py", "tensor", "primitives", "compiler", "devices")
_PACKAGE = Path(__file__).parents[2]
# When the sources were read, or a moment later; clocks of file systems are coarse.
_READ, _COARSE = time.time(), 2.0
# Larger ones would throw all others out of the cache.
_LARGEST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """A Program as it was kept.

    Attributes:
        image: what is needed to run it.
        code: its code, loaded.
        note: what whoever kept it wanted to know.
    """

    image: Image
    code: jit.Code
    note: str


def fetch(fingerprint: str, exports: tuple[str, ...], host: Host) -> Stored | None:
    """The Program that was compiled from this; None if there is none that can be trusted.

    Args:
        fingerprint: of what it was compiled from.
        exports: the functions whose addresses are wanted.
        host: the processor it is for.
    """
    name = _name(fingerprint, host)
    content = None if name is None else cache.fetch(name)
    if content is None:
        return None
    begin = 8 + int.from_bytes(content[:8], "little")
    head = json.loads(content[8:begin])
    code = jit.fetch(head["code"], exports)
    return None if code is None else Stored(Image.unpacked(content[begin:]), code, head["note"])


def keep(fingerprint: str, image: Image, text: str, note: str, host: Host) -> None:
    """Keep a Program whose code is kept, if it is small and made of plain data.

    Args:
        fingerprint: of what it was compiled from.
        image: what is needed to run it.
        text: the module that its code was made of.
        note: what to tell who fetches it.
        host: the processor it is for.
    """
    name = _name(fingerprint, host)
    if name is None or sum(b.size.offset * b.dtype.itemsize for b, _ in image.constants) > _LARGEST:
        return
    with contextlib.suppress(NotPlainError):
        head = json.dumps({"code": jit.name(text, host), "note": note}).encode()
        cache.keep(name, len(head).to_bytes(8, "little") + head + image.packed())


def _name(fingerprint: str, host: Host) -> str | None:
    sources = _sources()
    if sources is None or verify.wanted():
        return None
    processor = (host.cpu, host.features, repr(host.target))
    return cache.key("program", fingerprint, sources, *processor, jit.version(), np.__version__)


@functools.cache
def _sources() -> str | None:
    """The compiler's source files, by size and time of writing.

    None where they were written after they were read: nobody knows what this process has in memory.
    """
    digest = hashlib.sha256()
    for room in _ROOMS:
        place = _PACKAGE / room
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            try:
                status = path.stat()
            except OSError:  # there are no source files here, or one is just being written
                return None
            if status.st_mtime > _READ - _COARSE:
                return None
            digest.update(f"{path}\n{status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
