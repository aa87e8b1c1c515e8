"""States: variables as compiled Programs take them, on whichever device these run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thalweg.tensor.storage import Holder
from thalweg.tensor.variable import Variable

__all__ = ["States"]


class States:
    """The present values of some variables, as the states of Programs.

    Args:
        variables: in the order of the states.
    """

    def __init__(self, variables: Sequence[Variable]) -> None:
        self._variables = tuple(variables)
        self._arrays: tuple[Any, ...] | None = None
        self._storages: tuple[Any, ...] | None = None

    def present(self, holder: Holder | None) -> tuple[Any, ...]:
        """The states with what was assigned since the last run; the same tuple each time.

        Args:
            holder: where a Program keeps states; None: in arrays of this machine.
        """
        if holder is None:
            if self._arrays is None:
                self._arrays = tuple([v.resident() for v in self._variables])
            for variable in self._variables:
                if variable._stale:
                    variable.resident()
            return self._arrays
        if self._storages is None:
            self._storages = tuple([v.storage() for v in self._variables])
        for variable in self._variables:
            if variable._stale:
                variable.storage()
        return self._storages
