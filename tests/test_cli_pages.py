"""`thalweg pages`, and the pages that `thalweg demo` serves."""

from __future__ import annotations

import socket
import threading
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from thalweg.cli import main
from thalweg.demo.pages import MissingDataError
from thalweg.demo.serve import PageServer


def no_mnist() -> None:
    raise FileNotFoundError("mnist.load_data: there is no network.")


def write_title(folder: Path, pages: Sequence[str], *_: Any) -> None:
    """In place of minutes of training."""
    if "digit" in pages:
        raise MissingDataError("there are no digits.")
    (folder / "index.html").write_text(f"<title>{' '.join(pages)}</title>")


def test_pages_are_a_static_site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "a" / "site"
    arguments = ["pages", str(folder), "--without", "digit", "--without", "boston"]
    assert main(arguments) == 0
    assert capsys.readouterr().out.startswith(f"{folder}: line, ")
    for name in ("index.html", "common/style.css", "thalweg.js", "line/mse/program.json"):
        assert (folder / name).stat().st_size
    assert not (folder / "boston").exists()
    # One copy of the runtime for all.
    assert [path.parent for path in folder.rglob("thalweg.js")] == [folder]
    assert "boston" not in (folder / "line" / "index.html").read_text()


def test_missing_digits_are_told_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thalweg.demo.digits.mnist.load_data", no_mnist)
    assert main(["pages", str(tmp_path / "site")]) == 1
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("thalweg pages: mnist.load_data: there is no network.")
    assert error.endswith("--without digit builds the others.")
    assert not (tmp_path / "site").exists()


def test_the_demo_serves_pages_until_it_is_interrupted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[str] = []
    serve_forever = PageServer.serve_forever

    def once(server: PageServer) -> None:
        thread = threading.Thread(target=serve_forever, args=(server, 0.02))
        thread.start()
        with urllib.request.urlopen(server.address) as answer:
            found.append(answer.read().decode())
        server.shutdown()
        thread.join()
        raise KeyboardInterrupt

    monkeypatch.setattr("thalweg.demo.pages.build_pages", write_title)
    monkeypatch.setattr(PageServer, "serve_forever", once)
    assert main(["demo", "--epochs", "1", "--port", "0"]) == 0
    assert found == ["<title>line boston</title>"]
    printed = capsys.readouterr()
    assert "http://localhost:" in printed.out
    assert "there are no digits." in printed.err


def test_a_port_that_is_taken_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert main(["demo", "--epochs", "1", "--port", str(port)]) == 1
    assert f"port {port} cannot be used" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("program.wasm", "application/wasm"),
        ("page.js", "text/javascript; charset=utf-8"),
        ("data.json", "application/json"),
        ("weights.safetensors", "application/octet-stream"),
    ],
)
def test_the_server_says_what_files_are(tmp_path: Path, name: str, kind: str) -> None:
    (tmp_path / name).write_bytes(b"1")
    with PageServer(tmp_path) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            with urllib.request.urlopen(server.address + name) as answer:
                assert answer.headers["Content-Type"] == kind
                # Workers may share memory.
                assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
                assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
        finally:
            server.shutdown()
            thread.join()
