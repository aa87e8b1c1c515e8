"""The Programs of a step, by batch size, from disk where they were compiled before.

A step is traced for three batch sizes; where it treats them alike, one Program serves all. Where it
does not (a model with a fixed batch size, an operation between samples), there is a Program for
each batch size.

A Program is found on disk by the trace of one size. For batches of that size nothing else counts,
so the other two are traced only when a batch of another size comes: then they must be those that
the Program was made from.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from thalweg import config, devices
from thalweg.compiler.compile import Compiled, compile_graph, compile_traces
from thalweg.compiler.dims import NotAffineError
from thalweg.compiler.fingerprint import fingerprint
from thalweg.compiler.ir.program import Program
from thalweg.primitives.graph import Graph

__all__ = ["SizedPrograms"]


class SizedPrograms:
    """What runs a step for batches of any size; several threads may ask.

    Args:
        trace: gives the graph of the step for a batch size.
        first: the graph for the size n.
        n: a batch size.
        states: how many of the inputs are states.
        title, names: for people, what the step is and its states are called.

    Attributes:
        flexible: whether one Program serves all batch sizes, as far as is known.
    """

    def __init__(
        self,
        trace: Callable[[int], Graph],
        first: Graph,
        n: int,
        states: int,
        title: str,
        names: Sequence[str],
    ) -> None:
        self._trace, self._first, self._n, self._states = trace, first, n, states
        self._title, self._names = title, names
        self.flexible = n > 0
        base = max(n, 2)  # for one sample, broadcasting would hide the batch
        self._sizes = (base, base + 1, base + 3)
        self._lock = threading.RLock()
        self._programs: dict[tuple[str, int], devices.Executable] = {}
        # The graphs of these sizes until they are compiled, and what tells them from others.
        self._looked = False
        self._graphs: list[Graph] = []
        self._note = ""
        self._compiled: Compiled | None = None

    def __bool__(self) -> bool:
        """Whether there is a Program already."""
        return bool(self._programs)

    def trace_all(self) -> None:
        """Trace what compiling needs, so that it runs none of the user's code any more."""
        with self._lock:
            if self.flexible and not self._looked:
                self._look()

    def executable(self, *sizes: int) -> devices.Executable:
        """What runs batches of these sizes; compiled now if need be."""
        found = self._known(max(sizes))
        if found is None or self._unsure(sizes):
            with self._lock:
                found = self._made(sizes)
        return found

    def program(self, capacity: int) -> Program:
        """The Program alone, for other devices than this machine's processor.

        Args:
            capacity: the largest batch; the only one where the step does not treat sizes alike,
                and then `flexible` is False.
        """
        with self._lock:
            if self.flexible:
                try:
                    return self._flow().program(capacity)
                except NotAffineError:
                    self.flexible = False
            graph = self._first if capacity == self._n else self._trace(capacity)
            return compile_graph(graph, self._states).program(capacity)

    def _known(self, n: int) -> devices.Executable | None:
        found = self._programs.get(self._key(n))
        return None if found is None or n > found.image.capacity else found

    def _key(self, n: int) -> tuple[str, int]:
        """Programs are known by device, and by batch size where that matters."""
        return config.device(), 0 if self.flexible else n

    def _unsure(self, sizes: Sequence[int]) -> bool:
        """Whether a Program from disk may be wrong for one of these sizes."""
        return self.flexible and not self._looked and any(n != self._sizes[0] for n in sizes)

    def _made(self, sizes: Sequence[int]) -> devices.Executable:
        n = max(sizes)
        if self._unsure(sizes):
            self._look()
            self._programs = {k: p for k, p in self._programs.items() if self._is_this(p)}
        found = self._known(n)
        if found is None:
            found = self._for_all(max(n, self._n)) if self.flexible else None
            found = found or self._for_one(n)
            self._programs[self._key(n)] = found
        return found

    def _for_one(self, n: int) -> devices.Executable:
        """A Program for batches of one size only."""
        graph = self._first if n == self._n else self._trace(n)
        key = fingerprint(graph, "one size", self._states)

        def make() -> Program:
            return compile_graph(graph, self._states).program(n)

        found = devices.restore(key, make, self._title, self._names)
        return found or devices.load(make(), self._title, self._names, key)

    def _for_all(self, capacity: int) -> devices.Executable | None:
        """A Program for batches of all sizes up to a capacity; None if there can be none."""
        key = fingerprint(self._first, "all sizes", self._states, self._n, capacity)

        def make() -> Program:
            return self._flow().program(capacity)

        found = devices.restore(key, make, self._title, self._names)
        if found is not None and (not self._looked or self._is_this(found)):
            return found
        try:
            program = make()
        except NotAffineError:
            self.flexible = False
            return None
        return devices.load(program, self._title, self._names, key, self._note)

    def _flow(self) -> Compiled:
        """The step compiled for all batch sizes.

        Raises:
            NotAffineError: if it does not treat them alike.
        """
        if self._compiled is None:
            if not self._graphs:
                self._look()
            graphs, self._graphs = self._graphs, []
            if not graphs:
                raise NotAffineError
            self._compiled = compile_traces(graphs, self._sizes, self._states)
        return self._compiled

    def _look(self) -> None:
        """Trace the step for other sizes."""
        self._looked = True
        try:
            graphs = [self._first if n == self._n else self._trace(n) for n in self._sizes]
        except Exception:
            # Whatever a model of one batch size says of another; with its own it will go well.
            self.flexible, self._note = False, ""
            return
        self._graphs = graphs
        known = [fingerprint(graph) for graph in graphs if graph is not self._first]
        self._note = "" if None in known else " ".join(map(str, known))

    def _is_this(self, found: devices.Executable) -> bool:
        """Whether a Program from disk was made from the traces at hand."""
        return self._note != "" and found.note == self._note
