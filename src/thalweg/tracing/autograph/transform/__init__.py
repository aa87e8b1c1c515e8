"""From the syntax tree of a function to that of its converted form."""

from thalweg.tracing.autograph.transform.function import converted_tree, reason_against

__all__ = ["converted_tree", "reason_against"]
