"""`muster audit` asks about every pin, and what is accepted is accepted for a reason and for a time."""

import gzip
import json
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from operations import ROOT, audit
from operations.accepted import ACCEPTED, LONGEST, acceptances
from operations.audit import Advisory, audit_command, of_npm, of_pip
from operations.errors import Failure
from operations.sbom_pins import pins

TODAY = date(2026, 12, 1)
REASON = "nobody here opens files of strangers with it, on any way"


def entry(**changed: object) -> str:
    fields = {"id": "GHSA-1", "package": "six", "reason": REASON, "until": TODAY} | changed
    lines = (f"{name} = {value if isinstance(value, date) else json.dumps(value)}\n" for name, value in fields.items())
    return f"[[accepted]]\n{''.join(lines)}"


def test_what_is_accepted_today_has_a_reason_and_has_not_ended() -> None:
    acceptances(ACCEPTED.read_text(), datetime.now(UTC).date())


def test_an_acceptance_holds_until_the_end_of_its_last_day() -> None:
    assert [each.id for each in acceptances(entry(), TODAY)] == ["GHSA-1"]


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"until": TODAY - timedelta(days=1)}, "was accepted until 2026-11-30, which is past"),
        ({"until": TODAY + LONGEST + timedelta(days=1)}, "more than six months ahead"),
        ({"until": "2026-12-01"}, "want a day such as"),
        ({"reason": "not reachable"}, "its reason has 13 characters"),
    ],
)
def test_an_acceptance_that_is_wrong_or_past_is_refused(changed: dict[str, object], fault: str) -> None:
    with pytest.raises(Failure, match=f"GHSA-1: .*{fault}") as failed:
        acceptances(entry(**changed), TODAY)
    assert failed.value.code == 2


@pytest.mark.parametrize("text", ["[[accepted]]\nid = 1\n", "accepted", "[[accepted]]\nidd = 1\n"])
def test_a_file_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(Failure, match="want id, package, reason and until"):
        acceptances(text, TODAY)


def test_a_package_that_pip_audit_left_out_fails() -> None:
    with pytest.raises(Failure, match="did not look at six: not found"):
        list(of_pip({"dependencies": [{"name": "six", "skip_reason": "not found"}]}))
    with pytest.raises(Failure, match="did not look at anything"):
        list(of_pip({}))


def test_an_answer_of_npm_that_is_no_report_fails() -> None:
    with pytest.raises(Failure, match=r"npm audit got no answer .405 not here.; it needs the network"):
        list(of_npm({"message": "405 not here", "error": {}}))


def test_a_module_through_which_another_is_concerned_is_told_once() -> None:
    via = {"name": "b", "range": "<2", "url": "https://x/GHSA-2", "title": "bad"}
    report = {"vulnerabilities": {"a": {"via": ["b"]}, "b": {"via": [via]}}}
    assert list(of_npm(report)) == [Advisory("b", "<2", ("GHSA-2",), "bad")]


class Database(BaseHTTPRequestHandler):
    """Stands for OSV and for npm's registry: it knows one fault of each of some packages."""

    asked: list[tuple[str, str]]
    known: dict[str, str]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        question = json.loads(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
        self._answer(self._npm(question) if self.path.endswith("/advisories/bulk") else self._osv(question))

    def do_GET(self) -> None:
        self.send_error(404)

    def _osv(self, question: dict[str, Any]) -> dict[str, Any]:
        name = question["package"]["name"]
        self.asked.append((name, question["version"]))
        if name not in self.known:
            return {}
        affected = [{"package": {"name": name, "ecosystem": "PyPI"}, "ranges": []}]
        found = {"id": "PYSEC-1", "aliases": [self.known[name]], "summary": "it is bad", "affected": affected}
        return {"vulns": [found]}

    def _npm(self, question: dict[str, list[str]]) -> dict[str, Any]:
        self.asked += [(name, version) for name, versions in question.items() for version in versions]
        about = {"id": 1, "severity": "high", "vulnerable_versions": "<99", "cwe": [], "title": "it is bad"}
        return {
            name: [
                about | {"url": f"https://advisories/{self.known[name]}", "cvss": {"score": 1, "vectorString": None}}
            ]
            for name in question.keys() & self.known.keys()
        }

    def _answer(self, content: dict[str, Any]) -> None:
        data = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class World:
    """The databases, and the command that asks them."""

    def __init__(self, url: str, handler: type[Database], accepted: Path) -> None:
        self.url, self.handler, self.accepted = url, handler, accepted

    def audit(self) -> int:
        # npm keeps what it knows of an advisory by its number in its cache
        cache = self.accepted.with_name("npm")
        return audit_command(["--osv-url", f"{self.url}/query"], ["--registry", self.url, "--cache", str(cache)])


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    accepted = tmp_path_factory.mktemp("accepted") / "accepted-advisories.toml"
    accepted.touch()
    monkeypatch.setattr(audit, "ACCEPTED", accepted)
    handler = type("Known", (Database,), {"asked": [], "known": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield World(f"http://127.0.0.1:{server.server_port}", handler, accepted)
    server.shutdown()
    server.server_close()


def test_the_databases_are_asked_about_every_pin(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert world.audit() == 0
    wanted = {(pin.name, pin.version) for file in audit.LISTS for pin in pins((ROOT / file).read_text())}
    here = {(name, version) for name, version in world.handler.asked if name != "aws-cdk"}
    assert here <= wanted
    assert {name for name, _ in wanted} - {name for name, _ in here} <= {"colorama", "pywin32"}, "of another system"
    assert set(audit.LISTS) == {path.name for path in ROOT.glob("requirements*.txt")}
    assert capsys.readouterr().out.endswith("0 known vulnerabilities, 0 accepted\n")


def test_a_known_vulnerability_fails_until_it_is_accepted(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.handler.known |= {"six": "GHSA-1", "aws-cdk": "GHSA-2"}
    assert world.audit() == 1
    said = capsys.readouterr().out
    assert "six 1.17.0: PYSEC-1, GHSA-1: it is bad\n" in said
    assert "aws-cdk <99: GHSA-2: it is bad\n" in said
    until = datetime.now(UTC).date()
    world.accepted.write_text(entry(until=until) + entry(id="GHSA-2", package="aws-cdk", until=until))
    assert world.audit() == 0
    assert capsys.readouterr().out.endswith("0 known vulnerabilities, 2 accepted\n")


def test_an_acceptance_that_nothing_asks_for_fails(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.accepted.write_text(entry(until=datetime.now(UTC).date()))
    assert world.audit() == 1
    assert "accepts GHSA-1 of six, which is no longer found: remove it there" in capsys.readouterr().out


def test_a_database_that_does_not_answer_fails_in_one_sentence(world: World) -> None:
    with pytest.raises(Failure, match=r"requirements\.txt: no answer \(.*\); it needs the network$"):
        audit_command(["--osv-url", "http://127.0.0.1:1/query"], ["--registry", world.url])
