"""Who may ask the live view's server for what.

The server listens on the loopback interface. That keeps other machines out, but neither the pages
of strangers that are open in the user's browser nor the other users of this machine. So:

- The address has two secrets: `http://127.0.0.1:8123/<key>/#<token>`. Without the key no request
  is answered, so that nobody learns what is here. The key alone gives the page, which is empty.
- All that tells or changes something needs the token too. It stands behind the `#`, which browsers
  send to nobody; the page takes it out of the address bar and sends it as a header. A cookie would
  go to every server on this host, whatever its port, and would not reach a page in a notebook; a
  header that a page of another origin cannot set keeps forged requests out by itself.
- The host has to be the one in the address, so that no name of a stranger's that leads to 127.0.0.1
  (DNS rebinding) makes a stranger's page one of ours; and no page of another origin is answered.
- Browsers are started with a ticket, which is good for one request, since everybody on the machine
  can see the arguments of a command.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus

__all__ = ["Access", "RefusedError"]

_METHODS = {"": "GET", "events": "GET", "stop": "POST"}


class RefusedError(Exception):
    """Why a request is not answered."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


def _same(given: str, secret: str) -> bool:
    return secrets.compare_digest(given.encode(), secret.encode())


@dataclass(eq=False)
class Access:
    """The secrets of one server, and its decisions.

    Attributes:
        port: where the server listens.
        framed: whether the page may stand in a frame of another page: that of a notebook.
    """

    port: int
    framed: bool = False
    key: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    _tickets: set[str] = field(default_factory=set)

    @property
    def address(self) -> str:
        """What the user opens; it holds both secrets."""
        return f"http://127.0.0.1:{self.port}{self.place}"

    @property
    def place(self) -> str:
        """The address without the server."""
        return f"/{self.key}/#{self.token}"

    def ticket(self) -> str:
        """An address that leads to the page once."""
        ticket = secrets.token_urlsafe(24)
        self._tickets.add(ticket)
        return f"http://127.0.0.1:{self.port}/{ticket}"

    def check(self, method: str, path: str, headers: Message) -> str:
        """What is asked for: `''` for the page, `'events'`, `'stop'`, or `'ticket'`.

        Raises:
            RefusedError: if the request may not be answered.
        """
        self._check_origin(headers)
        first, *rest = path.partition("?")[0].removeprefix("/").split("/")
        if not rest and method == "GET" and first in self._tickets:
            self._tickets.discard(first)
            return "ticket"
        if not _same(first, self.key):
            raise RefusedError(HTTPStatus.FORBIDDEN, "This needs the address that Python printed.")
        name = "/".join(rest)
        if name not in _METHODS or not rest:
            raise RefusedError(HTTPStatus.NOT_FOUND, "There is no such page.")
        if method != _METHODS[name]:
            raise RefusedError(
                HTTPStatus.METHOD_NOT_ALLOWED, f"Only {_METHODS[name]} is possible here."
            )
        self._check_site(name, headers)
        if name and not _same(headers.get("Authorization", ""), f"Bearer {self.token}"):
            raise RefusedError(HTTPStatus.FORBIDDEN, "This needs the token that Python printed.")
        return name

    def _check_origin(self, headers: Message) -> None:
        hosts = headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0] not in (f"127.0.0.1:{self.port}", f"localhost:{self.port}"):
            raise RefusedError(HTTPStatus.FORBIDDEN, "This server has another name.")
        if headers.get("Origin", f"http://{hosts[0]}") != f"http://{hosts[0]}":
            raise RefusedError(HTTPStatus.FORBIDDEN, "Pages of other origins are not answered.")

    def _check_site(self, name: str, headers: Message) -> None:
        """Who made the browser ask, as it says itself; other clients need not say it."""
        if headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin"):
            return
        # Who clicks a link in a notebook comes from another site, and may have the empty page.
        shown_as = ("document", "iframe") if self.framed else ("document",)
        opened = headers.get("Sec-Fetch-Mode") == "navigate"
        if name or not opened or headers.get("Sec-Fetch-Dest") not in shown_as:
            raise RefusedError(HTTPStatus.FORBIDDEN, "Pages of other origins are not answered.")
