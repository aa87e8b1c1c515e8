"""A small web server for a folder of pages, on this machine only."""

from __future__ import annotations

import functools
import http.server
from pathlib import Path

__all__ = ["PageServer"]


# Not what the system has on record for an ending, which may be wrong: browsers refuse modules and
# WebAssembly of another type.
_TYPES = {
    "": "application/octet-stream",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
}


class _Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = _TYPES
    server: PageServer

    def end_headers(self) -> None:
        if self.server.isolated:
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        # The next demonstration may be another one, under the same address.
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


class PageServer(http.server.ThreadingHTTPServer):
    """Serves a folder to browsers on this machine.

    Args:
        folder: what is served.
        port: where; 0 for any that is free.
        isolated: whether pages are cross-origin isolated: then several workers may share memory.

    Raises:
        OSError: if the port is taken.

    >>> import tempfile
    >>> with PageServer(Path(tempfile.mkdtemp())) as server:
    ...     print(server.address)
    http://localhost:.../
    """

    daemon_threads = True

    def __init__(self, folder: Path, port: int = 0, *, isolated: bool = True) -> None:
        self.isolated = isolated
        handler = functools.partial(_Handler, directory=str(folder))
        super().__init__(("127.0.0.1", port), handler)

    @property
    def address(self) -> str:
        """What to open in a browser."""
        return f"http://localhost:{self.server_port}/"
