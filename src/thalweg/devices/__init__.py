"""Where a Program runs: `load` makes a compiled Program ready for this machine's processor or GPU.

`restore` finds one that was compiled before.
"""

from thalweg.devices.executable import Executable
from thalweg.devices.explain import explain
from thalweg.devices.explanation import Explanation, KernelRow
from thalweg.devices.load import load, restore
from thalweg.devices.watch import Watched, watching

__all__ = [
    "Executable",
    "Explanation",
    "KernelRow",
    "Watched",
    "explain",
    "load",
    "restore",
    "watching",
]
