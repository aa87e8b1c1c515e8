"""Where a Program runs: `load` makes a compiled Program ready for this machine's processor."""

from thalweg.devices.cpu.executable import Executable, load
from thalweg.devices.explain import Explanation, KernelRow, explain

__all__ = ["Executable", "Explanation", "KernelRow", "explain", "load"]
