"""Asks the live view's server, without a browser."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit


class Client:
    """Knows an address that a `LiveView` printed.

    Args:
        address: with its secrets.
    """

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        assert parts.hostname is not None
        assert parts.port is not None
        self.host, self.port, self.place = parts.hostname, parts.port, parts.path
        self.token = parts.fragment
        self.headers = {"Authorization": f"Bearer {self.token}"}

    def ask(
        self,
        name: str = "",
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
        place: str | None = None,
    ) -> tuple[int, dict[str, str], str]:
        """Status, headers and text of an answer that ends by itself."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
        try:
            given = self.headers if headers is None else headers
            connection.request(method, (place or self.place) + name, body=body, headers=dict(given))
            answer = connection.getresponse()
            return answer.status, dict(answer.headers), answer.read().decode()
        finally:
            connection.close()

    @contextmanager
    def events(self, known: str = "") -> Iterator[Iterator[tuple[str, dict[str, Any]]]]:
        """The events of a stream, each with its id."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=20)
        try:
            headers = {**self.headers, "Last-Event-ID": known}
            connection.request("GET", f"{self.place}events", headers=headers)
            answer = connection.getresponse()
            assert answer.status == 200
            yield self._read(answer)
        finally:
            answer.close()
            connection.close()

    @staticmethod
    def _read(answer: http.client.HTTPResponse) -> Iterator[tuple[str, dict[str, Any]]]:
        name = ""
        for line in answer:
            field, _, value = line.decode().rstrip("\n").partition(": ")
            if field == "id":
                name = value
            elif field == "data":
                yield name, json.loads(value)
