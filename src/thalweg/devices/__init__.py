"""Where a Program runs: `load` makes a compiled Program ready for this machine's processor."""

from thalweg.devices.cpu.executable import Executable, load

__all__ = ["Executable", "load"]
