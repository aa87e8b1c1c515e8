"""From LLVM text to code in memory, through the disk cache. LLVM is loaded at the first use."""

from __future__ import annotations

import functools
import itertools
import os
import threading
from typing import Any

from thalweg.devices.cpu import cache
from thalweg.devices.cpu.host import Host

__all__ = ["Code", "assembly", "fetch", "load", "name", "version"]

# Part of the cache's keys; count it up when the way from text to code changes.
_RECIPE = "2"

_NUMBERS = itertools.count()

# LLVM works for one thread at a time, and a child process must not inherit it in the middle of its
# work for another thread: so a fork waits for it.
_LOCK = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_LOCK.acquire, after_in_parent=_LOCK.release, after_in_child=_LOCK.release
    )


class Code:
    """Code in memory, for as long as this object lives.

    Attributes:
        addresses: where its functions are, by name.
    """

    def __init__(self, tracker: Any, exports: tuple[str, ...]) -> None:
        self.addresses: dict[str, int] = {name: tracker[name] for name in exports}
        self._tracker = tracker

    def __del__(self) -> None:
        # LLVM frees the code, except when the process ends: the pool's threads are still in theirs.
        with _LOCK:
            del self._tracker


def load(text: str, exports: tuple[str, ...], host: Host) -> Code:
    """Bring a module into memory.

    Args:
        text: the module.
        exports: the functions whose addresses are wanted.
        host: the processor it is for.
    """
    with _LOCK:
        key = name(text, host)
        code = cache.fetch(key)
        if code is None:
            code = _object(text, host)
            cache.keep(key, code)
        return _linked(code, exports)


def fetch(key: str, exports: tuple[str, ...]) -> Code | None:
    """Bring code into memory that is kept under a `name`; None if it is not there.

    Args:
        key: the name.
        exports: the functions whose addresses are wanted.
    """
    with _LOCK:
        code = cache.fetch(key)
        return None if code is None else _linked(code, exports)


def name(text: str, host: Host) -> str:
    """What the code of a module is called in the cache."""
    return cache.key(text, host.cpu, host.features, version())


def version() -> str:
    """What code depends on besides the text and the processor."""
    import llvmlite

    return f"{llvmlite.__version__} {_RECIPE}"


def _linked(code: bytes, exports: tuple[str, ...]) -> Code:
    import llvmlite.binding as llvm

    builder = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
    for export in exports:
        builder.export_symbol(export)
    return Code(builder.link(_engine(), f"thalweg{next(_NUMBERS)}"), exports)


def assembly(text: str, host: Host) -> str:
    """The assembly of a module."""
    with _LOCK:
        return str(_machine(host).emit_assembly(_parsed(text)))


def _object(text: str, host: Host) -> bytes:
    # LLVM's passes over the text are left out: kernels come as vectors, unrolled where it pays, and
    # what the code generator itself simplifies is enough. Measured over the kernels of training
    # steps: the passes make code 1% faster, and compiling takes twice as long.
    return bytes(_machine(host).emit_object(_parsed(text)))


def _parsed(text: str) -> Any:
    import llvmlite.binding as llvm

    _initialize()
    module = llvm.parse_assembly(text)
    module.verify()
    return module


def _machine(host: Host) -> Any:
    import llvmlite.binding as llvm

    _initialize()
    return llvm.Target.from_default_triple().create_target_machine(
        host.cpu, host.features, opt=2, codemodel="default", reloc="pic", jit=True
    )


@functools.cache
def _initialize() -> None:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


@functools.cache
def _engine() -> Any:
    # It is never freed: when the process ends, the pool's threads are still in its code.
    import llvmlite.binding as llvm

    _initialize()
    machine = llvm.Target.from_default_triple().create_target_machine(
        codemodel="default", reloc="pic", jit=True
    )
    # JITLink keeps the parts of a module close together, as code of the small model needs.
    return llvm.create_lljit_compiler(machine, use_jit_link=True)
