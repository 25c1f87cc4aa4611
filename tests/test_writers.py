"""Writers note what they were told, and nothing else: by a server that is well, ill, mute, or away."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rehearsal.checks.acknowledged import Kept, settle
from rehearsal.guide.recipe import Line
from rehearsal.poll import poll
from rehearsal.writers import Journal, Load, Shape
from rehearsal.writers import journal as journals
from rehearsal.writers.client import Place


class Store(ThreadingHTTPServer):
    """A configuration in memory; `mood` says how writes are answered."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.entries: dict[str, str] = {}
        self.mood = "well"


class Handler(BaseHTTPRequestHandler):
    """Answers as the double does."""

    protocol_version = "HTTP/1.1"
    server: Store

    def do_PUT(self) -> None:
        value = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.server.mood in ("well", "mute"):
            self.server.entries[self.path.rpartition("/")[2]] = value
        if self.server.mood == "mute":
            self.close_connection = True
            return
        self.answer(503 if self.server.mood == "ill" else 200, {})

    def do_GET(self) -> None:
        if self.path == "/api/session":
            self.answer(200, {"node": "ip-x"})
            return
        value = self.server.entries.get(self.path.rpartition("/")[2])
        self.answer(404 if value is None else 200, {"value": value})

    def answer(self, code: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@pytest.fixture
def store() -> Iterator[Store]:
    server = Store()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def load(store: Store, tmp_path: Path) -> Iterator[Load]:
    place = Place("a", lambda: Line(store.server_port))
    made = Load([place], Journal(tmp_path / "h.jsonl"), Shape(writers=2, readers=1, users=1, pause=0.002), place)
    yield made
    made.stop()
    made.journal.close()


def outcomes(load: Load, kind: str = "write") -> set[str]:
    return {each.outcome for each in load.journal.operations() if each.kind == kind}


def settled(load: Load, store: Store) -> tuple[int, int, int]:
    """Return how many writes are acknowledged, lost, and unexpected."""
    account = settle(load.journal.operations(), [Kept("a", dict(store.entries))])
    return account.acknowledged, len(account.lost["a"]), len(account.unexpected["a"])


def test_what_is_acknowledged_is_in_the_store_and_every_key_is_new(load: Load, store: Store) -> None:
    load.start()
    load.wait_for(20)
    load.stop()
    writes = [each for each in load.journal.operations() if each.kind == "write"]
    assert outcomes(load) == {"acknowledged"}
    assert len({each.key for each in writes}) == len(writes) >= 40
    assert settled(load, store) == (len(writes), 0, 0)
    assert all(each.start <= each.end for each in writes)


def test_a_refusal_is_no_acknowledgement(load: Load, store: Store) -> None:
    store.mood = "ill"
    load.start()
    time.sleep(0.3)
    load.stop()
    assert outcomes(load) == {"refused"}
    assert settled(load, store) == (0, 0, 0)


def test_a_write_whose_answer_is_lost_is_indeterminate_and_not_tried_again(load: Load, store: Store) -> None:
    store.mood = "mute"
    load.start()
    time.sleep(0.3)
    load.stop()
    assert outcomes(load) == {"indeterminate"}
    assert settled(load, store) == (0, 0, 0)
    assert len(store.entries) == len({each.key for each in load.journal.operations() if each.kind == "write"})


def test_nobody_there_is_a_refusal(load: Load, store: Store) -> None:
    load.start()
    load.wait_for(3)
    store.shutdown()
    store.server_close()
    store.mood = "mute"  # ends the connections that are open
    poll(lambda: "refused" in outcomes(load), within=5, every=0.02)


def test_a_reader_reads_what_was_acknowledged_and_notes_what_it_found(load: Load, store: Store) -> None:
    load.start()
    load.wait_for(5)
    store.entries.clear()
    load.wait_for(5)
    load.stop()
    reads = [each for each in load.journal.operations() if each.kind == "read"]
    assert any(each.found == each.value for each in reads)
    assert any(each.found is None and each.code == 404 for each in reads)
    assert settle(load.journal.operations(), [Kept("a", store.entries)]).stale


def test_a_visitor_notes_the_host_that_answered(load: Load) -> None:
    load.start()
    load.wait_for(2)
    assert {each.found for each in load.journal.operations() if each.kind == "visit"} == {"ip-x"}


def test_a_client_without_success_is_named(load: Load, store: Store) -> None:
    store.mood = "ill"
    load.start()
    with pytest.raises(TimeoutError, match=r"a-writer0, .*a-writer1.* had fewer than 1 successes"):
        load.wait_for(1, within=0.5)


def test_a_history_read_again_says_the_same(load: Load, tmp_path: Path) -> None:
    load.start()
    load.wait_for(5)
    load.stop()
    load.journal.note("fault", fault="none")
    load.journal.close()
    assert list(journals.read(tmp_path / "h.jsonl")) == list(load.journal.operations())
