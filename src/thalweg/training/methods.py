"""What models and histories can do that rooms above this one provide: saving, export, pictures.

The top level fills the tables when `thalweg` is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["HISTORY_METHODS", "MODEL_METHODS"]

MODEL_METHODS: dict[str, Callable[..., Any]] = {}

HISTORY_METHODS: dict[str, Callable[..., Any]] = {}
