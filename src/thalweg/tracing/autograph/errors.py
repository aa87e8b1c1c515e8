"""What converted code raises and warns with."""

from __future__ import annotations

from typing import Any

__all__ = ["Again", "AutoGraphError", "TracingWarning"]


class AutoGraphError(RuntimeError):
    """Something in traced code cannot become part of a graph; the message says how to write it."""


class TracingWarning(UserWarning):
    """Something in traced code happens once for each trace, not at every call."""


class Again(BaseException):
    """Tells a loop that its body must be traced again, now knowing one thing more.

    No `except` of the user sees it: converted handlers let it pass.
    """

    def __init__(self, frame: Any) -> None:
        super().__init__()
        self.frame = frame
