"""The threads' own code: what each of them waits in, and how a job is given to them.

    define void @thalweg_launch(ptr %pool, ptr %job)     run a job, on this thread and others
    define ptr @thalweg_thread(ptr %slot)                what a thread of the pool does, for ever

In the pool's memory each thread has a slot: the word that it waits for, its job, its number and the
pool. Only those that take part in a job are woken.
"""

from __future__ import annotations

from thalweg.compiler.render.llvm.synchronize import words
from thalweg.compiler.render.llvm.table import Job
from thalweg.compiler.target import Target

__all__ = ["LAUNCH", "SLOT", "SLOT_JOB", "SLOT_NUMBER", "SLOT_POOL", "THREAD", "threads"]

LAUNCH, THREAD = "thalweg_launch", "thalweg_thread"

# The pool's memory, in bytes: whether a job runs (at 0), how many threads still work on it, the
# word that says that all are done, then the slots; each in a cache line of its own.
_PENDING, _DONE, SLOT = 64, 128, 192
# In a slot: the word that its thread waits for is at 0.
SLOT_JOB, SLOT_NUMBER, SLOT_POOL = 8, 16, 24

# How long a thread looks for a next job before it sleeps: to be woken takes longer than a small
# Program runs, and the next batch mostly comes soon. About 100 microseconds.
_SPINS = 4000


def threads(target: Target) -> str:
    """The module of the pool."""
    return f"""
{words(target)}

define void @thalweg_launch(ptr %pool, ptr %job) nounwind {{
entry:
  %wanted.p = getelementptr i64, ptr %job, i64 {Job.WORKERS}
  %workers = load i64, ptr %wanted.p
  %function.p = getelementptr i64, ptr %job, i64 {Job.FUNCTION}
  %function = load ptr, ptr %function.p
  %sync.p = getelementptr i64, ptr %job, i64 {Job.SYNC}
  %sync = load ptr, ptr %sync.p
  %several = icmp ugt i64 %workers, 1
  br i1 %several, label %try, label %alone
try:
  ; Who finds the others busy (with a job of another thread) does all of it himself.
  %pair = cmpxchg ptr %pool, i32 0, i32 1 acquire monotonic
  %mine = extractvalue {{ i32, i1 }} %pair, 1
  br i1 %mine, label %together, label %alone
alone:
  call void %function(ptr %job, i64 0, i64 1, ptr %sync)
  br label %leave
together:
  %pending = getelementptr i8, ptr %pool, i64 {_PENDING}
  %count = trunc i64 %workers to i32
  %others = sub i32 %count, 1
  store atomic i32 %others, ptr %pending monotonic, align 4
  %done = getelementptr i8, ptr %pool, i64 {_DONE}
  %before = load atomic i32, ptr %done monotonic, align 4
  br label %wake
wake:
  %number = phi i64 [1, %together], [%next, %wake]
  %place = mul i64 %number, 64
  %offset = add i64 %place, {SLOT - 64}
  %slot = getelementptr i8, ptr %pool, i64 %offset
  %job.p = getelementptr i8, ptr %slot, i64 {SLOT_JOB}
  store ptr %job, ptr %job.p
  call void @thalweg_post(ptr %slot)
  %next = add i64 %number, 1
  %more = icmp ult i64 %next, %workers
  br i1 %more, label %wake, label %work
work:
  call void %function(ptr %job, i64 0, i64 %workers, ptr %sync)
  call void @thalweg_wait(ptr %done, i32 %before, i64 {_SPINS})
  store atomic i32 0, ptr %pool release, align 4
  br label %leave
leave:
  ret void
}}

define ptr @thalweg_thread(ptr %slot) nounwind {{
entry:
  %number.p = getelementptr i8, ptr %slot, i64 {SLOT_NUMBER}
  %number = load i64, ptr %number.p
  %pool.p = getelementptr i8, ptr %slot, i64 {SLOT_POOL}
  %pool = load ptr, ptr %pool.p
  %pending = getelementptr i8, ptr %pool, i64 {_PENDING}
  %done = getelementptr i8, ptr %pool, i64 {_DONE}
  br label %wait
wait:
  %old = phi i32 [0, %entry], [%next, %work], [%next, %last]
  call void @thalweg_wait(ptr %slot, i32 %old, i64 {_SPINS})
  br label %work
work:
  %next = add i32 %old, 1
  %job.p = getelementptr i8, ptr %slot, i64 {SLOT_JOB}
  %job = load ptr, ptr %job.p
  %workers.p = getelementptr i64, ptr %job, i64 {Job.WORKERS}
  %workers = load i64, ptr %workers.p
  %function.p = getelementptr i64, ptr %job, i64 {Job.FUNCTION}
  %function = load ptr, ptr %function.p
  %sync.p = getelementptr i64, ptr %job, i64 {Job.SYNC}
  %sync = load ptr, ptr %sync.p
  call void %function(ptr %job, i64 %number, i64 %workers, ptr %sync)
  %left = atomicrmw sub ptr %pending, i32 1 acq_rel
  %final = icmp eq i32 %left, 1
  br i1 %final, label %last, label %wait
last:
  call void @thalweg_post(ptr %done)
  br label %wait
}}
"""
