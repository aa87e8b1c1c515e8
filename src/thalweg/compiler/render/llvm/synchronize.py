"""What workers meet at: waiting for a word to change, announcing a change, and the barrier.

A word is an i32 that changes by one at each event, followed by the number of threads that sleep
until it changes. Who waits spins for a while, since the others are mostly as good as there, then
sleeps in the kernel, so that a machine with more threads than cores gets on.
"""

from __future__ import annotations

import sys

from thalweg.compiler.target import Target

__all__ = ["ERROR", "SYNC_BYTES", "barrier", "words"]

# The memory that the workers of one run share: offsets in bytes, each in a cache line of its own.
_ARRIVED, ERROR = 64, 128  # at 0: the word that changes when all have arrived
SYNC_BYTES = 192

# About 20 microseconds: longer than most kernels of a small Program, shorter than a time slice.
_SPINS = 1000

# Calls of the futex in Linux, private to the process. Other systems have one worker only, so that
# nobody sleeps there.
_WAIT, _WAKE = 128, 129


def words(target: Target) -> str:
    """The functions `wait(word, old, spins)` and `post(word)`, and what they need."""
    linux = sys.platform == "linux"
    x86 = target.name in ("avx512", "avx2", "sse")
    # The number of the call on x86-64, and the one that all newer architectures share.
    futex = 202 if x86 else 98
    pause = "call void @llvm.x86.sse2.pause()" if x86 else 'call void asm sideeffect "yield", ""()'
    sleep = (
        f"%code = call i64 (i64, ...) @syscall(i64 {futex}, ptr %word, i32 {_WAIT}, i32 %old,"
        " ptr null, ptr null, i32 0)"
    )
    wake = (
        f"%code = call i64 (i64, ...) @syscall(i64 {futex}, ptr %word, i32 {_WAKE}, i32 2147483647,"
        " ptr null, ptr null, i32 0)"
    )
    return f"""
{"declare i64 @syscall(i64, ...)" if linux else ""}
{"declare void @llvm.x86.sse2.pause()" if x86 else ""}

; Return once the word is not `old` any more.
define internal void @thalweg_wait(ptr %word, i32 %old, i64 %spins) nounwind noinline {{
entry:
  br label %spin
spin:
  %turn = phi i64 [0, %entry], [%next, %more]
  %seen = load atomic i32, ptr %word acquire, align 4
  %changed = icmp ne i32 %seen, %old
  br i1 %changed, label %done, label %more
more:
  {pause}
  %next = add i64 %turn, 1
  %patient = icmp ult i64 %next, %spins
  br i1 %patient, label %spin, label %tired
tired:
  %sleepers = getelementptr i8, ptr %word, i64 4
  %was = atomicrmw add ptr %sleepers, i32 1 seq_cst
  br label %sleep
sleep:
  %now = load atomic i32, ptr %word seq_cst, align 4
  %awake = icmp ne i32 %now, %old
  br i1 %awake, label %leave, label %down
down:
  {sleep if linux else pause}
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
  %sleepers = getelementptr i8, ptr %word, i64 4
  %count = load atomic i32, ptr %sleepers seq_cst, align 4
  %some = icmp ne i32 %count, 0
  br i1 %some, label %wake, label %done
wake:
  {wake if linux else ""}
  br label %done
done:
  ret void
}}
"""


def barrier() -> str:
    """The function `barrier(sync, workers)`: nobody leaves before all have come."""
    return f"""
define internal void @thalweg_barrier(ptr %sync, i64 %workers) nounwind noinline {{
entry:
  %alone = icmp eq i64 %workers, 1
  br i1 %alone, label %done, label %meet
meet:
  ; The phase is read before arriving: afterwards it may change at any time.
  %phase = load atomic i32, ptr %sync monotonic, align 4
  %counter = getelementptr i8, ptr %sync, i64 {_ARRIVED}
  %before = atomicrmw add ptr %counter, i32 1 acq_rel
  %all = trunc i64 %workers to i32
  %mine = add i32 %before, 1
  %last = icmp eq i32 %mine, %all
  br i1 %last, label %open, label %wait
open:
  store atomic i32 0, ptr %counter monotonic, align 4
  call void @thalweg_post(ptr %sync)
  br label %done
wait:
  call void @thalweg_wait(ptr %sync, i32 %phase, i64 {_SPINS})
  br label %done
done:
  ret void
}}
"""
