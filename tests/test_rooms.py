"""A room imports only from rooms below it, wherever in a file the import stands."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "thalweg"

# From the ground up; the rooms of one line may use each other.
FLOORS: list[set[str]] = [
    {"config", "naming"},
    {"tensor"},
    {"registry"},
    {"primitives"},
    {"compiler"},
    {"devices"},
    {"ops"},
    {"random"},
    {"autodiff"},
    {"tf_names"},
    {"math"},
    {"nn", "linalg"},
    {"tracing"},
    {"activations", "initializers", "regularizers", "constraints", "losses", "metrics"}
    | {"layers", "optimizers"},
    {"training"},
    {"datasets"},
    {"saving"},
    {"models", "web"},
    {"viz"},
    {"callbacks", "utils"},
    {"demo"},
    {"cli"},
]
TOP = {"__init__", "__main__"}
HEIGHT = {room: i for i, floor in enumerate(FLOORS) for room in floor}


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module]
            if node.module == "thalweg":
                names = [f"thalweg.{alias.name}" for alias in node.names]
        found |= {n.split(".")[1] for n in names if n.startswith("thalweg.")}
    return found


FILES = sorted(SOURCE.rglob("*.py"))


def test_every_room_has_a_floor():
    rooms = {room_of(path) for path in FILES} - TOP
    assert rooms <= set(HEIGHT)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_go_down(path: Path):
    room = room_of(path)
    if room in TOP:
        return
    for other in imported_rooms(path):
        assert other not in TOP, f"{path} imports the top level name {other}"
        assert HEIGHT[other] <= HEIGHT[room], f"{room} is below {other}, but {path} imports it"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_no_relative_imports(path: Path):
    for node in ast.walk(ast.parse(path.read_text())):
        assert not (isinstance(node, ast.ImportFrom) and node.level), path
