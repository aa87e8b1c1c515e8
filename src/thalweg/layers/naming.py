"""Names of layers: they are counted together with those of metrics and optimizers."""

from __future__ import annotations

from thalweg.naming import auto_name, clear_names, to_snake_case, uniquify

__all__ = ["auto_name", "clear_names", "to_snake_case", "uniquify"]
