"""Control flow on tensors: cond, switch, while_loop, fori_loop, scan, map, associative_scan.

Eager code runs Python's own `if` and `for`, so tapes record straight through. While a graph is
traced the same calls become the primitives of `thalweg.primitives.control_flow`, so that loops stay
loops. Both worlds want the same of the functions given: a branch returns what the other one would,
and a loop keeps the structure, shapes and dtypes of what it carries.
"""

from thalweg.ops.control_flow.associative import associative_scan
from thalweg.ops.control_flow.branches import cond, switch
from thalweg.ops.control_flow.loops import fori_loop, while_loop
from thalweg.ops.control_flow.scans import map, scan, vectorized_map

__all__ = [
    "associative_scan",
    "cond",
    "fori_loop",
    "map",
    "scan",
    "switch",
    "vectorized_map",
    "while_loop",
]
