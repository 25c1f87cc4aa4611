"""A node's word to the wait handle."""

import json
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from musternode import report, web
from musternode.failure import without


class Handle(ThreadingHTTPServer):
    """Stands for the wait handle: refuses the first `refusals` reports."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals, self.refusal = refusals, 503
        self.taken: list[tuple[str | None, dict[str, str]]] = []
        super().__init__(("127.0.0.1", 0), Taker)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where to report."""
        return f"http://127.0.0.1:{self.server_port}/x?Signature=y"


class Taker(BaseHTTPRequestHandler):
    """Takes a report."""

    server: Handle

    def do_PUT(self) -> None:
        """Take or refuse."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = 200
        if self.server.refusals:
            self.server.refusals, status = self.server.refusals - 1, self.server.refusal
        else:
            self.server.taken.append((self.headers["Content-Type"], body))
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_report_has_an_empty_content_type_and_the_keys_of_a_wait_handle() -> None:
    handle = Handle()
    assert report.put(handle.url, report.success("a", 2))
    ((kind, body),) = handle.taken
    assert kind == ""
    assert body == {
        "Status": "SUCCESS",
        "UniqueId": "a",
        "Data": "members=2",
        "Reason": "node a sees all 2 members",
    }


def test_a_report_is_repeated_until_it_is_taken() -> None:
    handle = Handle(refusals=1)
    assert report.put(handle.url, report.failure("a", "no disk"), within=10)
    assert [body["Reason"] for _, body in handle.taken] == ["no disk"]


def test_a_generation_is_reported_once_and_remembered(tmp_path: Path) -> None:
    handle, file = Handle(), tmp_path / "reported"
    report.Reported(file).send(handle.url, "g1", report.failure("a", "no disk"))
    report.Reported(file).send(handle.url, "g1", report.success("a", 2))
    assert [body["Status"] for _, body in handle.taken] == ["FAILURE"]
    assert report.Reported(file).status("g1") == "FAILURE"
    report.Reported(file).send(handle.url, "g2", report.success("a", 2))
    assert [body["Status"] for _, body in handle.taken] == ["FAILURE", "SUCCESS"]


def test_a_report_that_was_not_taken_is_made_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handle, reported = Handle(refusals=1), report.Reported(tmp_path / "reported")
    real = report.put
    monkeypatch.setattr(report, "put", lambda url, body: real(url, body, within=0))
    reported.send(handle.url, "g1", report.success("a", 2))
    assert not reported.has("g1")
    reported.send(handle.url, "g1", report.success("a", 2))
    assert [body["Status"] for _, body in handle.taken] == ["SUCCESS"]
    assert reported.status("g1") == "SUCCESS"


@pytest.mark.parametrize("status", [403, 404])
def test_a_handle_that_is_gone_is_not_asked_again(tmp_path: Path, status: int) -> None:
    handle, reported = Handle(refusals=9), report.Reported(tmp_path / "reported")
    handle.refusal = status
    reported.send(handle.url, "g1", report.success("a", 2))
    assert handle.refusals == 8
    assert reported.has("g1")


def test_a_client_that_hangs_up_prints_no_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    answered = threading.Event()

    def big() -> tuple[int, bytes]:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()  # with a reset
        answered.set()
        return 200, b"x" * (1 << 24)

    server = web.serve("127.0.0.1", 0, {"/x": big})
    client = socket.create_connection(("127.0.0.1", server.server_port))
    client.sendall(b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answered.wait(5)
    server.shutdown()
    server.server_close()
    assert "Traceback" not in capfd.readouterr().err


def test_secrets_are_struck_out_of_what_others_say() -> None:
    assert without("login sa/p;w failed", "p;w", "") == "login sa/*** failed"
