"""Table: the array of pointers that a run works on, and where each buffer is found in it."""

from __future__ import annotations

from dataclasses import dataclass

from thalweg.compiler.ir.expression import Buffer
from thalweg.compiler.ir.program import Program

__all__ = ["Job", "Table"]


@dataclass(frozen=True, slots=True)
class Table:
    """Slots of the table: states, inputs, outputs and constants in this order, then single ones.

    Attributes:
        states, inputs, outputs, constants: the first slot of each kind.
        arena: where temporaries live.
        scratch: the workers' own memory, one after the other.
        host: the function `i32 host(ptr context, i64 number, i64 n, ptr addresses)` for HostCalls;
            it returns something other than zero to end the run.
        context: its first argument.
        times: nanoseconds by leaf, where a program is rendered with times.
        size: how many slots there are.
    """

    states: int
    inputs: int
    outputs: int
    constants: int
    arena: int
    scratch: int
    host: int
    context: int
    times: int
    size: int

    @staticmethod
    def of(program: Program) -> Table:
        """The layout for a program."""
        inputs = len(program.states)
        outputs = inputs + len(program.inputs)
        constants = outputs + len(program.outputs)
        arena = constants + len(program.constants)
        return Table(0, inputs, outputs, constants, *range(arena, arena + 6))

    def slots(self, program: Program) -> dict[Buffer, int]:
        """The slot of each buffer that has one."""
        buffers = (*program.states, *program.inputs, *program.outputs)
        return {
            buffer: slot
            for slot, buffer in enumerate((*buffers, *(c for c, _ in program.constants)))
        }


class Job:
    """Places of a job, an array of 64-bit words: what a run is asked to do."""

    FUNCTION = 0  # void function(ptr job, i64 worker, i64 workers, ptr sync)
    WORKERS = 1  # how many may take part
    SYNC = 2  # what they meet at
    TABLE = 3
    N = 4  # the batch size, for `run`
    # For `steps`, which takes one batch after the other out of whole arrays:
    WHOLES = 5  # pointers to the whole arrays, in the order of the inputs
    STAGING = 6  # pointers to room for two batches each, in the same order
    ORDER = 7  # which rows, i64 each; null: in order
    ROWS = 8  # how many rows there are
    BATCH = 9
    FIRST = 10  # number of the first step
    STEPS = 11  # how many in an epoch
    EPOCHS = 12  # each with as many rows of the order
    RESETS = 13  # states that each epoch begins with anew
    RESET_LIST = 14  # for each of them: where it is, where its value is, bytes
    SIZE = 15
