"""What workers meet at: waiting for a word to change, announcing a change, and the barrier.

A word is an i32 that changes by one at each event, followed by the number of threads that sleep
until it changes. Who waits spins for a while, since the others are mostly as good as there, then
sleeps in the kernel, so that a machine with more threads than cores gets on.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from thalweg.compiler.target import Target

__all__ = ["ERROR", "SYNC_BYTES", "barrier", "words"]

# The memory that the workers of one run share: offsets in bytes, each in a cache line of its own.
_ARRIVED, ERROR = 64, 128  # at 0: the word that changes when all have arrived
SYNC_BYTES = 192

# About 20 microseconds: longer than most kernels of a small Program, shorter than a time slice.
# WebAssembly has no instruction that pauses, so that it goes round more often.
_SPINS, _SPINS_WITHOUT_PAUSE = 1000, 20000

# Calls of the futex in Linux, private to the process. Other systems have one worker only, so that
# nobody sleeps there.
_WAIT, _WAKE = 128, 129


def words(target: Target) -> str:
    """The functions `wait(word, old, spins)` and `post(word)`, and what they need."""
    system = _system(target)
    index = target.index
    return f"""
{system.declarations}

; Return once the word is not `old` any more.
define internal void @thalweg_wait(ptr %word, i32 %old, {index} %spins) nounwind noinline {{
entry:
  br label %spin
spin:
  %turn = phi {index} [0, %entry], [%next, %more]
  %seen = load atomic i32, ptr %word acquire, align 4
  %changed = icmp ne i32 %seen, %old
  br i1 %changed, label %done, label %more
more:
  {system.pause}
  %next = add {index} %turn, 1
  %patient = icmp ult {index} %next, %spins
  br i1 %patient, label %spin, label %tired
tired:
  %sleepers = getelementptr inbounds i8, ptr %word, {index} 4
  %was = atomicrmw add ptr %sleepers, i32 1 seq_cst
  br label %sleep
sleep:
  %now = load atomic i32, ptr %word seq_cst, align 4
  %awake = icmp ne i32 %now, %old
  br i1 %awake, label %leave, label %down
down:
  {system.sleep}
  br label %sleep
leave:
  %then = atomicrmw sub ptr %sleepers, i32 1 seq_cst
  br label %done
done:
  ret void
}}

; Change the word, and wake those who sleep.
define internal void @thalweg_post(ptr %word) nounwind {{
entry:
  %old = atomicrmw add ptr %word, i32 1 seq_cst
  %sleepers = getelementptr inbounds i8, ptr %word, {index} 4
  %count = load atomic i32, ptr %sleepers seq_cst, align 4
  %some = icmp ne i32 %count, 0
  br i1 %some, label %wake, label %done
wake:
  {system.wake}
  br label %done
done:
  ret void
}}
"""


@dataclass(frozen=True, slots=True)
class _System:
    """How threads pause, sleep and wake others; `sleep` and `wake` are about `%word`."""

    declarations: str
    pause: str
    sleep: str
    wake: str


def _system(target: Target) -> _System:
    if target.wasm:
        name = "llvm.wasm.memory.atomic"
        return _System(
            f"declare i32 @{name}.wait32(ptr, i32, i64)\ndeclare i32 @{name}.notify(ptr, i32)",
            "",
            f"%code = call i32 @{name}.wait32(ptr %word, i32 %old, i64 -1)",
            f"%code = call i32 @{name}.notify(ptr %word, i32 -1)",
        )
    x86 = target.name in ("avx512", "avx2", "sse")
    declarations, pause = "", 'call void asm sideeffect "yield", ""()'
    if x86:
        declarations = "declare void @llvm.x86.sse2.pause()"
        pause = "call void @llvm.x86.sse2.pause()"
    if sys.platform != "linux":
        return _System(declarations, pause, pause, "")
    # The number of the call on x86-64, and the one that all newer architectures share.
    futex = 202 if x86 else 98
    call = f"%code = call i64 (i64, ...) @syscall(i64 {futex}, ptr %word,"
    rest = "ptr null, ptr null, i32 0)"
    return _System(
        f"declare i64 @syscall(i64, ...)\n{declarations}",
        pause,
        f"{call} i32 {_WAIT}, i32 %old, {rest}",
        f"{call} i32 {_WAKE}, i32 2147483647, {rest}",
    )


def barrier(target: Target) -> str:
    """The function `barrier(sync, workers)`: nobody leaves before all have come."""
    index = target.index
    workers = "trunc i64 %workers to i32" if index == "i64" else "add i32 %workers, 0"
    spins = _SPINS_WITHOUT_PAUSE if target.wasm else _SPINS
    return f"""
define internal void @thalweg_barrier(ptr %sync, {index} %workers) nounwind noinline {{
entry:
  %alone = icmp eq {index} %workers, 1
  br i1 %alone, label %done, label %meet
meet:
  ; The phase is read before arriving: afterwards it may change at any time.
  %phase = load atomic i32, ptr %sync monotonic, align 4
  %counter = getelementptr inbounds i8, ptr %sync, {index} {_ARRIVED}
  %before = atomicrmw add ptr %counter, i32 1 acq_rel
  %all = {workers}
  %mine = add i32 %before, 1
  %last = icmp eq i32 %mine, %all
  br i1 %last, label %open, label %wait
open:
  store atomic i32 0, ptr %counter monotonic, align 4
  call void @thalweg_post(ptr %sync)
  br label %done
wait:
  call void @thalweg_wait(ptr %sync, i32 %phase, {index} {spins})
  br label %done
done:
  ret void
}}
"""
