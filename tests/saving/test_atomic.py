"""Files appear whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from thalweg.saving.atomic import atomic_file, replace_folder


def test_a_new_file(tmp_path: Path):
    with atomic_file(tmp_path / "a") as file:
        file.write(b"new")
        assert not (tmp_path / "a").exists()
    assert (tmp_path / "a").read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_a_failure_leaves_the_old_file(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"old")

    def stop() -> None:
        with atomic_file(tmp_path / "a") as file:
            file.write(b"half")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        stop()
    assert (tmp_path / "a").read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


@pytest.mark.skipif(os.name == "nt", reason="permissions and links of POSIX")
def test_permissions_and_links_stay(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "a").chmod(0o640)
    (tmp_path / "link").symlink_to("a")
    with atomic_file(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "a").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_places_that_cannot_be_written(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        atomic_file(tmp_path / "no" / "a").__enter__()
    with pytest.raises(IsADirectoryError, match="there is a folder of that name"):
        atomic_file(tmp_path).__enter__()


def test_folders_change_places(tmp_path: Path):
    for name in ("new", "old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    (tmp_path / "old" / "extra").write_text("x")
    replace_folder(tmp_path / "new", tmp_path / "old")
    assert [p.name for p in tmp_path.iterdir()] == ["old"]
    assert [p.name for p in (tmp_path / "old").iterdir()] == ["file"]
    assert (tmp_path / "old" / "file").read_text() == "new"


def test_a_failed_change_brings_the_old_folder_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("new", "old"):
        (tmp_path / name).mkdir()
    (tmp_path / "old" / "file").write_text("old")
    rename = os.rename

    def fail(source: Path, target: Path) -> None:
        if Path(source).name == "new":
            raise OSError("no")
        rename(source, target)

    monkeypatch.setattr(os, "rename", fail)
    with pytest.raises(OSError, match="no"):
        replace_folder(tmp_path / "new", tmp_path / "old")
    assert (tmp_path / "old" / "file").read_text() == "old"
