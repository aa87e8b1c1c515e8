"""The live view's server: who is answered, who is not, and that nothing stays when it is closed."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.viz.live_client import Client
from thalweg.viz.live import server
from thalweg.viz.live.record import Record, Run
from thalweg.viz.live.server import LiveServer
from thalweg.viz.live.table import Moment


class Served:
    """A server with a run that goes on, and the runs that were to end."""

    def __init__(self) -> None:
        self.record = Record()
        self.record.runs.append(Run("model", 0, 10, 4, 32.0, 100))
        self.stopped: list[int] = []
        self.server = LiveServer(self.record, 0, 0.05, self.stopped.append)
        self.client = Client(self.server.access.address)
        self.origin = f"http://127.0.0.1:{self.client.port}"


@pytest.fixture
def served() -> Iterator[Served]:
    found = Served()
    yield found
    found.server.close()


def test_it_is_bound_to_the_loopback_address_alone(served: Served) -> None:
    assert served.server.server_address[0] == "127.0.0.1"
    # Bound to all addresses, it would answer under this one, too.
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", served.client.port), timeout=5)


def test_the_page_holds_no_secret_and_may_do_little(served: Served) -> None:
    status, headers, text = served.client.ask(headers={})
    assert status == 200
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert not any(name.startswith("Access-Control") for name in headers)
    assert "Python" not in headers["Server"]
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    nonce = re.search(r"script-src 'nonce-([\w-]+)'", policy)
    assert nonce
    for tag in re.findall(r"<(?:script|style)[^>]*>", text):
        assert f'nonce="{nonce[1]}"' in tag or 'type="application/json"' in tag
    assert served.client.token not in text
    assert served.server.access.key not in text
    # Another page has another nonce.
    assert nonce[1] not in served.client.ask(headers={})[1]["Content-Security-Policy"]


def test_each_secret_is_needed(served: Served) -> None:
    client = served.client
    none = {"Authorization": "Bearer "}
    wrong = {
        "Authorization": f"Bearer {client.token[:-1]}{'A' if client.token[-1] != 'A' else 'B'}"
    }
    cookie = {"Cookie": f"token={client.token}"}
    strange = {"Authorization": "Bearer ö"}
    for headers in ({}, none, wrong, cookie, strange):
        assert client.ask("events", headers=headers)[0] == 403
        assert client.ask("stop", "POST", headers, body="0")[0] == 403
    for place in ("/", "/x/", f"/{client.token}/", "//", "//[", "/%2e%2e/", "?", "*"):
        for name, method in (("", "GET"), ("events", "GET"), ("stop", "POST")):
            assert client.ask(name, method, place=place)[0] == 403
    assert client.ask(f"events?token={client.token}", headers={})[0] == 403
    assert served.stopped == []
    assert client.ask("stop", "POST", body="0")[0] == 204
    assert served.stopped == [0]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost", "0.0.0.0:{port}", ""])
def test_another_name_is_refused(served: Served, host: str) -> None:
    headers = {**served.client.headers, "Host": host.format(port=served.client.port)}
    for name, method in (("", "GET"), ("events", "GET"), ("stop", "POST")):
        assert served.client.ask(name, method, headers)[0] == 403


def test_localhost_is_a_name_of_it(served: Served) -> None:
    headers = {"Host": f"localhost:{served.client.port}"}
    assert served.client.ask(headers=headers)[0] == 200


@pytest.mark.parametrize(
    "more",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1:{port}"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost:{port}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
    ],
)
def test_another_origin_is_refused(served: Served, more: dict[str, str]) -> None:
    named = {name: value.format(port=served.client.port) for name, value in more.items()}
    headers = {**served.client.headers, **named}
    for name, method in (("", "GET"), ("events", "GET"), ("stop", "POST")):
        assert served.client.ask(name, method, headers)[0] == 403
    assert served.stopped == []


def test_a_link_may_lead_to_the_page_and_to_nothing_else(served: Served) -> None:
    clicked = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    document = {**served.client.headers, **clicked, "Sec-Fetch-Dest": "document"}
    assert served.client.ask(headers=document)[0] == 200
    assert served.client.ask("events", headers=document)[0] == 403
    frame = {**clicked, "Sec-Fetch-Dest": "iframe"}
    assert served.client.ask(headers=frame)[0] == 403
    served.server.access.framed = True
    status, headers, _ = served.client.ask(headers=frame)
    assert status == 200
    assert "frame-ancestors http://127.0.0.1:*" in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("name", "method"),
    [
        *(("stop", m) for m in ("GET", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH")),
        *(("", m) for m in ("POST", "OPTIONS", "HEAD")),
        ("events", "POST"),
    ],
)
def test_another_method_is_refused(served: Served, name: str, method: str) -> None:
    assert served.client.ask(name, method)[0] == 405
    assert served.stopped == []


def test_what_does_not_exist_is_not_found(served: Served) -> None:
    for name in ("other", "events/", "../", "stop/0"):
        assert served.client.ask(name)[0] == 404
    # Without the slash the page would look for its server in another place.
    assert served.client.ask(place=served.client.place[:-1])[0] == 404


@pytest.mark.parametrize(
    ("body", "status"), [("x", 400), ("", 400), ("-1", 400), ("1" * 2000, 413)]
)
def test_what_is_no_run_cannot_end(served: Served, body: str, status: int) -> None:
    assert served.client.ask("stop", "POST", body=body)[0] == status
    assert served.stopped == []


def test_a_ticket_leads_to_the_page_once(served: Served) -> None:
    access = served.server.access
    ticket = access.ticket().removeprefix(served.origin)
    assert access.token not in ticket
    status, headers, _ = served.client.ask(place=ticket, headers={})
    assert status == 303
    assert headers["Location"] == f"/{access.key}/#{access.token}"
    assert served.client.ask(place=ticket, headers={})[0] == 403


def test_a_stream_tells_everything_and_then_what_is_new(served: Served) -> None:
    run = served.record.runs[0]
    with served.record.writing():
        run.ended.append(Moment(1, 4, 0.1, 0.1, None), {"loss": 2.0})
    with served.client.events() as one, served.client.events() as other:
        name, news = next(one)
        assert news["runs"][0]["ended"]["logs"] == {"loss": [2.0]}
        assert next(other)[1]["runs"][0]["ended"] == news["runs"][0]["ended"]
        assert served.record.watched == 2
        with served.record.writing():
            run.ended.append(Moment(2, 8, 0.2, 0.2, None), {"loss": 1.0})
        later = next(e for e in one if e[1]["runs"][0]["ended"]["step"])
        assert later[1]["runs"][0]["ended"]["logs"] == {"loss": [1.0]}
    # Whoever comes back is told what they missed.
    with served.client.events(name) as again:
        assert next(again)[1]["runs"][0]["ended"]["logs"] == {"loss": [1.0]}
    for _ in range(200):
        if not served.record.watched:
            break
        threading.Event().wait(0.02)
    assert served.record.watched == 0


def test_a_stream_ends_so_that_other_tabs_have_their_turn(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_TURN", 0.2)
    with served.client.events() as events:
        assert len(list(events)) >= 2


def test_nothing_is_sent_while_nothing_happens(served: Served) -> None:
    served.record.runs[0].state = "ended"
    with served.client.events() as events:
        next(events)
        heard = []
        listener = threading.Thread(target=lambda: heard.append(next(events, None)))
        listener.start()
        listener.join(0.3)
        assert heard == []
        served.record.tell()
        listener.join(5)
        assert len(heard) == 1


def test_nothing_stays_when_it_is_closed() -> None:
    before = set(threading.enumerate())
    served = Served()
    with served.client.events() as events:
        next(events)
        idle = socket.create_connection(("127.0.0.1", served.client.port))
        served.server.close()
        assert set(threading.enumerate()) == before
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", served.client.port), timeout=5)
        idle.close()


def test_a_port_that_is_taken_is_named(served: Served) -> None:
    port = served.client.port
    with pytest.raises(OSError, match=f"LiveView: port {port} of this machine cannot be used"):
        LiveServer(Record(), port, 1.0, lambda _: None)


def test_news_of_a_long_training_come_less_often(served: Served) -> None:
    assert served.server.pause == served.server.every
    ages = {2.0: 1.0, 10.0: 2.0, 600.0: 3.0}
    for age, factor in ages.items():
        served.record.runs[-1].began = time.time() - age
        assert served.server.pause == pytest.approx(factor * served.server.every, rel=0.05)
