"""The repository on a node as it is put together there, with real Subversion on loopback."""

import io
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from musternode import aws
from musternode import host as host_files
from musternode.appserver import holding, settings
from musternode.appserver.host import Host
from musternode.appserver.settings import Settings
from musternode.aws import Credentials
from musternode.failure import Failure
from musternode.host import Identity
from musternode.paths import Paths
from musternode.subversion import accounts, conf, place, repository
from musternode.subversion.words import Role
from rehearsal.poll import poll
from tests.appserver_support import DOCUMENT, chosen, document
from tests.subversion_support import CHECKOUT, COMMIT, HERE, Node, names, needs_svn, node_in, put

USERS = {"commit": COMMIT, "checkout": CHECKOUT}


def host(folder: Path, settings_: Settings, services: Any = None) -> Host:
    """Return node a, which has kept its accounts."""
    host_files.save_credentials(Paths(folder), USERS)
    return Host(Identity("a", "/p"), settings_, Paths(folder), services)


def here(port: int, **changes: Any) -> Settings:
    """Return settings whose committing node is on loopback, alone in management."""
    value = json.loads(document("acd", ports={**DOCUMENT["ports"], "svn": port}, **changes))
    for member in value["members"]:
        member["address"] = HERE if member["name"] == "a" else member["address"]
    return settings.read(json.dumps(value))


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    """Yield a management node without a repository yet."""
    with node_in(tmp_path / "svn") as made:
        monkeypatch.setattr(place, "of", lambda _: made.place)
        monkeypatch.setattr(holding, "ensure_user", lambda *_: None)
        yield made


# a given repository


def test_a_given_repository_is_asked_whether_its_port_is_open(tmp_path: Path) -> None:
    with socket.create_server((HERE, 0)) as server:
        port = server.getsockname()[1]
        given = host(tmp_path, chosen(product={"artifacts": {"url": f"svn://{HERE}:{port}/a", "append": True}}))
        assert holding.asked(given) == ""
    with pytest.raises(Failure, match=f"svn://{HERE}:{port}/a is not reached at TCP {port}"):
        holding.asked(given)


# the one that is made


@needs_svn
def test_the_committing_node_makes_serves_and_asks_its_own(tmp_path: Path, node: Node) -> None:
    this = host(tmp_path, here(node.port), node)
    holding.bring(this)
    made = holding.artifacts(this, holding.pair_of(this, None, dict))
    made.step()
    assert made.held is not None
    assert (made.held.role, made.settled, made.fault) == (Role.COMMITTING, True, "")
    assert made.uuid == repository.uuid(node.place.repository, "") != ""
    assert names(node) == ["-1234/"]  # which a worker could not make
    node.stop()
    with pytest.raises(Failure):
        holding.asked(this)
    assert holding.began(this)


@needs_svn
def test_where_there_is_one_tenant_the_repository_begins_empty(tmp_path: Path, node: Node) -> None:
    this = host(tmp_path, here(node.port, product={"artifacts": {"url": "", "append": False}}), node)
    assert not holding.began(this)
    holding.bring(this)
    holding.artifacts(this, holding.pair_of(this, None, dict)).step()
    assert names(node) == []


@needs_svn
def test_an_account_that_is_not_let_in_is_a_fault_that_is_told(tmp_path: Path, node: Node) -> None:
    this = host(tmp_path, here(node.port), node)
    holding.bring(this)
    holding.artifacts(this, holding.pair_of(this, None, dict)).step()
    host_files.save_credentials(this.paths, {**USERS, "checkout": Credentials("checkout", "wrong")})
    with pytest.raises(Failure, match=f"svn://{HERE}:{node.port}/artifacts"):
        holding.asked(this)


@needs_svn
def test_accounts_of_before_get_in_until_all_have_formed(tmp_path: Path, node: Node) -> None:
    this = host(tmp_path, here(node.port), node)
    conf.admit(node.place, accounts.wanted(Credentials("commit-0", "x"), Credentials("checkout-0", "y")))
    assert holding.bring(this)
    made = holding.artifacts(this, holding.pair_of(this, None, dict))
    made.step()
    assert names(node, Credentials("checkout-0", "y")) == ["-1234/"]
    made.formed()
    made._last = -100.0
    made.step()
    with pytest.raises(Failure):
        names(node, Credentials("checkout-0", "y"))
    assert names(node) == ["-1234/"]


class Bucket:
    """S3: the keys of what was put there, and an order to restore the first of it."""

    def __init__(self) -> None:
        self.keys, self.held = list[str](), dict[str, bytes]()

    def put_object(self, **given: Any) -> None:
        """Remember."""
        assert given["Bucket"] == "backups"
        if "Metadata" in given:
            assert given["Metadata"]["cluster"] == "as"
            self.keys.append(given["Key"])
        self.held[given["Key"]] = given["Body"] if isinstance(given["Body"], bytes) else given["Body"].read()

    def get_object(self, **asked: Any) -> Any:
        """Return it as S3 does."""
        if asked["Key"] not in self.held:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")
        return {"Body": io.BytesIO(self.held[asked["Key"]]), "LastModified": datetime.now(UTC)}

    def order(self) -> None:
        """Give the order."""
        key = self.keys[0]
        value = {"id": "one", "node": "a", "key": key, "sha256": sha256(self.held[key]).hexdigest()}
        self.held["as/artifacts/restore/order.json"] = json.dumps(value).encode()


@needs_svn
def test_a_backup_goes_where_the_settings_say(tmp_path: Path, node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = Bucket()
    monkeypatch.setattr(aws, "client", lambda *_: bucket)
    wanted = {"url": "", "append": True, "backup": {"bucket": "backups", "prefix": "as/artifacts", "hour": 2}}
    this = host(tmp_path, here(node.port, product={"artifacts": wanted}), node)
    holding.bring(this)
    made = holding.artifacts(this, holding.pair_of(this, None, dict))
    made.step()
    poll(lambda: bucket.keys, within=30)
    assert bucket.keys[0].startswith("as/artifacts/2")


@needs_svn
def test_an_order_in_the_bucket_is_carried_out_and_the_product_is_to_begin_anew(
    tmp_path: Path, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = Bucket()
    monkeypatch.setattr(aws, "client", lambda *_: bucket)
    wanted = {"url": "", "append": True, "backup": {"bucket": "backups", "prefix": "as/artifacts", "hour": 2}}
    this = host(tmp_path, here(node.port, product={"artifacts": wanted}), node)
    holding.bring(this)
    made = holding.artifacts(this, holding.pair_of(this, None, dict))
    worker = holding.artifacts(this, None)

    def looked() -> bool:
        for each in (made, worker):
            each._last = -100.0
            each.step()
        return made.outdated and worker.outdated

    looked()
    poll(lambda: bucket.keys, within=30)
    (this.current / "repository").mkdir(parents=True)
    holding.bind(this, made.uuid)
    put(node, "later")
    looked()
    assert (made.outdated, worker.outdated) == (False, False)
    bucket.order()
    made = holding.artifacts(this, holding.pair_of(this, None, dict))  # as after a start: the next order is due at once
    poll(looked, within=30)
    assert names(node) == ["-1234/"]
    holding.bind(this, made.uuid)  # as the product's next start does
    looked()
    assert (made.outdated, worker.outdated) == (False, False)


@needs_svn
def test_a_worker_and_one_with_a_given_repository_keep_nothing(tmp_path: Path, node: Node) -> None:
    given = host(tmp_path, chosen(product={"artifacts": {"url": f"svn://{HERE}:1/a", "append": True}}), node)
    for this, pair in ((host(tmp_path, chosen(), node), None), (given, holding.pair_of(given, None, dict))):
        made = holding.artifacts(this, pair)
        assert (made.held, made.settled) == (None, True)
    assert not holding.began(given)
