"""LiveServer: hands the page and its news to browsers on this machine.

News are sent as server-sent events over a request that stays open. It ends by itself after some
seconds and the page asks again: a browser opens only six connections to a server at a time, and so
every tab has its turn.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import select
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from thalweg.viz.live.access import Access, RefusedError
from thalweg.viz.live.page import policy, served_page
from thalweg.viz.live.record import Cursor, Record

__all__ = ["LiveServer"]

_TURN = 10.0
_PATIENCE = 5.0
"""Seconds that a browser may take to ask, or to receive."""

# News come as often as they should for so many seconds, then less and less often, up to so many
# times the pause.
_LONG, _SLOWEST = 5.0, 3.0

_MOST_BODY = 1000


class _Handler(http.server.BaseHTTPRequestHandler):
    server: LiveServer
    timeout = _PATIENCE

    def version_string(self) -> str:
        return "thalweg"

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self) -> None:
        try:
            name = self.server.access.check(self.command, self.path, self.headers)
            {"": self._page, "events": self._events, "stop": self._stop, "ticket": self._lead}[
                name
            ]()
        except RefusedError as refusal:
            self._head(refusal.status, "text/plain; charset=utf-8")
            if self.command != "HEAD":
                self.wfile.write(f"{refusal.reason}\n".encode())
        except OSError:
            # The page was closed meanwhile.
            self.close_connection = True

    def _head(self, status: HTTPStatus, kind: str, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def _page(self) -> None:
        text, nonce = served_page()
        framed = self.server.access.framed
        kind = "text/html; charset=utf-8"
        self._head(HTTPStatus.OK, kind, Content_Security_Policy=policy(nonce, framed))
        self.wfile.write(text.encode())

    def _lead(self) -> None:
        self._head(HTTPStatus.SEE_OTHER, "text/plain", Location=self.server.access.place)

    def _stop(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > _MOST_BODY:
            raise RefusedError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "This is not the number of a run."
            )
        body = self.rfile.read(int(length))
        if not body.isdigit():
            raise RefusedError(HTTPStatus.BAD_REQUEST, "This is not the number of a run.")
        self.server.stop_run(int(body))
        self._head(HTTPStatus.NO_CONTENT, "text/plain")

    def _events(self) -> None:
        record = self.server.record
        known = Cursor.read(self.headers.get("Last-Event-ID"))
        self._head(HTTPStatus.OK, "text/event-stream; charset=utf-8")
        end = time.monotonic() + _TURN
        told, every = None, self.server.every
        with record.watching() as watcher:
            while True:
                running = record.running
                news, known, moment = record.news(known)
                if running or moment != told:
                    news["every"] = every = self.server.pause
                    text = json.dumps(news, allow_nan=False, separators=(",", ":"))
                    self.wfile.write(f"id: {known}\ndata: {text}\n\n".encode())
                    record.told(watcher, told := moment)
                if self.server.closing or time.monotonic() > end:
                    return
                record.wait(moment, every)
                if self._left():
                    return

    def _left(self) -> bool:
        """Whether the page has been closed: it sends nothing more, so there is only an end."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)


for _method in ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"):
    setattr(_Handler, f"do_{_method}", _Handler._answer)


class LiveServer(socketserver.ThreadingTCPServer):
    """Serves a record on the loopback interface, in threads that keep no process alive.

    Args:
        record: what is shown.
        port: where; 0 for any that is free.
        every: seconds between news.
        stop_run: called, in a thread of the server, with the number of a run to end.

    Raises:
        OSError: if the port is taken.
    """

    daemon_threads = True
    # Elsewhere this lets a port be used again at once; on Windows, by two programs at a time.
    allow_reuse_address = os.name != "nt"
    request_queue_size = 32

    def __init__(
        self, record: Record, port: int, every: float, stop_run: Callable[[int], None]
    ) -> None:
        self.record, self.every, self.stop_run = record, every, stop_run
        self.closing = False
        self._requests: dict[threading.Thread, socket.socket] = {}
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except OSError as error:
            raise OSError(
                f"LiveView: port {port} of this machine cannot be used ({error.strerror}); "
                "choose another one, or 0 for any that is free."
            ) from error
        self.access = Access(self.server_address[1])
        self._thread = threading.Thread(
            target=self.serve_forever, args=(0.1,), name="thalweg-live", daemon=True
        )
        self._thread.start()

    @property
    def pause(self) -> float:
        """Seconds to the next news: more of them in a training that has lasted for long.

        A page that draws takes a processor from the training, and after minutes nobody misses what
        happened in a second.
        """
        return self.every * min(_SLOWEST, max(1.0, self.record.age / _LONG))

    def close(self) -> None:
        """Stop: afterwards there is no thread and no socket of it."""
        self.closing = True
        self.shutdown()
        self._thread.join()
        self.record.tell()
        for thread, connection in list(self._requests.items()):
            thread.join(0.5)
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            thread.join()
        self.server_close()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        with self._known(request):
            super().process_request_thread(request, client_address)

    @contextlib.contextmanager
    def _known(self, request: socket.socket) -> Iterator[None]:
        thread = threading.current_thread()
        self._requests[thread] = request
        try:
            yield
        finally:
            del self._requests[thread]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away in the middle of a request is nothing to write home about."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)
