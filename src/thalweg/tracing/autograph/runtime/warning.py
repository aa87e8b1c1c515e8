"""Reports, once for each line, of what happens while a function is traced and not at each call."""

from __future__ import annotations

import warnings

from thalweg.tracing.autograph.errors import TracingWarning
from thalweg.tracing.autograph.runtime.session import SESSION, user_line

__all__ = ["once"]

_REPORTED: set[tuple[str, int, str]] = set()


def once(what: str, instead: str = "") -> None:
    """Warn at the user's line that runs now, if that line has not been reported for this."""
    if not SESSION.warn:
        return
    filename, line = user_line()
    if (filename, line, what) in _REPORTED:
        return
    _REPORTED.add((filename, line, what))
    message = f"{what}: that happens once for each trace, not at every call{instead}."
    warnings.warn_explicit(message, TracingWarning, filename, line)
