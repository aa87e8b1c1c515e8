"""What a model can do that rooms above this one provide: saving, and the export for pages.

The top level fills the table when `thalweg` is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["MODEL_METHODS"]

MODEL_METHODS: dict[str, Callable[..., Any]] = {}
