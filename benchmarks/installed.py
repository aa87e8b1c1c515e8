"""The versions of installed packages, and how much room they take with all that they need."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parent.parent
# Packages whose distributions have another name.
_DISTRIBUTIONS = {"tensorflow": ("tensorflow", "tensorflow-cpu")}


def version(package: str) -> str:
    """A package's version; Thalweg's is that of this checkout."""
    if package == "thalweg":
        return _project()["version"]
    found = _distribution(package)
    return found.version if found else "?"


def megabytes(packages: tuple[str, ...]) -> float:
    """10^6 bytes on disk of some packages and all that they need, without `__pycache__`.

    Of Thalweg, the sources of this checkout count.
    """
    wanted, seen, total = list(packages), set(), 0
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        if name == "thalweg":
            total += _size([p for p in (ROOT / "src" / "thalweg").rglob("*") if p.is_file()])
            wanted += [_name(text) for text in _project()["dependencies"]]
        elif found := _distribution(name):
            total += _size([Path(str(found.locate_file(p))) for p in found.files or []])
            # What an extra asks for is not needed.
            wanted += [_name(text) for text in found.requires or [] if "extra ==" not in text]
    return total / 1e6


def _project() -> dict[str, str]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def _distribution(package: str) -> metadata.Distribution | None:
    for name in _DISTRIBUTIONS.get(package, (package,)):
        try:
            return metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
    return None


def _name(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else requirement


def _size(files: list[Path]) -> int:
    return sum(p.stat().st_size for p in files if "__pycache__" not in p.parts and p.exists())
