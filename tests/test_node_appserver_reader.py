"""By which account a node reads the repository while that of the settings changes, with real Subversion on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from musternode import host as host_files
from musternode.appserver import accounts, commits, holding, reader, settings
from musternode.appserver.host import Host
from musternode.aws import Credentials
from musternode.failure import Failure
from musternode.host import Identity
from musternode.paths import Paths
from musternode.servers import host as server_host
from musternode.subversion import accounts as svn_accounts
from musternode.subversion import conf
from tests.appserver_support import DOCUMENT, GIVEN, document
from tests.node_machine import Recorded
from tests.subversion_support import CHECKOUT, COMMIT, HERE, Node, committing, needs_svn

RENAMED, OTHER_PASSWORD = Credentials("checkout-2", "new"), Credentials(CHECKOUT.username, "new")
pytestmark = needs_svn


class Cloud:
    """AWS, which has another account by now."""

    def __init__(self, user: Credentials) -> None:
        self.user = user

    def secret(self, _: str) -> Credentials:
        """Return it."""
        return self.user


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Node]:
    """Yield the committing node, with the accounts of before."""
    with committing(tmp_path / "svn") as made:
        yield made


def worker(folder: Path, port: int, **changes: Any) -> Host:
    """Return node c, which has kept the account of before, and whose product's files name it."""
    value = json.loads(document("acd", mgt="a", ports={**DOCUMENT["ports"], "svn": port}, **changes))
    for member in value["members"]:
        member["address"] = HERE if member["name"] == "a" else member["address"]
    this = Host(Identity("c", "/p"), settings.read(json.dumps(value)), Paths(folder), Recorded())
    this.paths.etc.mkdir(parents=True, exist_ok=True)
    host_files.save_credentials(this.paths, {"checkout": CHECKOUT})
    reader.keep(this, CHECKOUT)
    return this


def told(this: Host, user: Credentials, monkeypatch: pytest.MonkeyPatch) -> Credentials:
    """Let `this` be told of another account; return the one by which it then reads, which its files name."""
    monkeypatch.setattr(server_host.Host, "aws", lambda *_, **__: Cloud(user))
    accounts.bring(this, again=False)
    found = reader.account(this)
    reader.keep(this, found)
    return found


@pytest.mark.parametrize("user", [RENAMED, OTHER_PASSWORD])
def test_a_worker_whose_turn_comes_first_reads_by_the_account_of_before_until_the_server_knows_the_new_one(
    user: Credentials, tmp_path: Path, server: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    this = worker(tmp_path, server.port)
    assert told(this, user, monkeypatch) == CHECKOUT
    assert holding.asked(this)
    assert not reader.outdated(this)
    conf.admit(server.place, svn_accounts.wanted(COMMIT, user))
    assert holding.asked(this)
    assert reader.outdated(this)
    reader.keep(this, reader.account(this))
    assert (reader.account(this), reader.outdated(this)) == (user, False)


def test_one_that_was_told_while_nobody_answered_goes_back_to_the_account_that_gets_in(
    tmp_path: Path, server: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    this = worker(tmp_path, server.port)
    server.stop()
    assert told(this, RENAMED, monkeypatch) == RENAMED
    with pytest.raises(Failure):
        holding.asked(this)
    server.start()
    assert reader.outdated(this)
    assert reader.account(this) == CHECKOUT


def test_where_neither_gets_in_it_is_a_fault(tmp_path: Path, server: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    this = worker(tmp_path, server.port)
    conf.admit(server.place, svn_accounts.wanted(COMMIT, Credentials("someone", "else")))
    conf.retire(server.place)
    assert told(this, RENAMED, monkeypatch) == RENAMED
    with pytest.raises(Failure):
        holding.asked(this)


def test_an_account_that_is_told_again_is_no_account_of_before(
    tmp_path: Path, server: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    this = worker(tmp_path, server.port)
    assert told(this, CHECKOUT, monkeypatch) == CHECKOUT
    assert accounts.former(this) is None
    told(this, RENAMED, monkeypatch)
    told(this, RENAMED, monkeypatch)
    assert accounts.former(this) == CHECKOUT


def test_a_given_repository_is_read_by_the_account_of_the_settings_and_one_that_commits_by_its_own(
    tmp_path: Path, server: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = worker(tmp_path / "1", server.port, product={"artifacts": {"url": GIVEN, "append": True}})
    assert told(given, RENAMED, monkeypatch) == RENAMED
    own = worker(tmp_path / "2", server.port)
    told(own, RENAMED, monkeypatch)
    conf.admit(server.place, svn_accounts.wanted(COMMIT, RENAMED))
    commits.keep(own.paths, commits=True)
    assert not reader.outdated(own)
    commits.keep(own.paths, commits=False)
    assert reader.outdated(own)
