"""A WSO2 AS on a node: its files by what the node is, and a second settings document that changes them."""

import json
from pathlib import Path
from typing import Any

import pytest

from musternode.appserver import accounts, commits, holding, reader, settings
from musternode.appserver.host import narrowed
from musternode.appserver.kind import KIND, _may_commit
from musternode.appserver.words import Word
from musternode.aws import Credentials
from musternode.carbon.host import UNIT
from musternode.failure import Failure
from musternode.servers import rollout, stages
from musternode.subversion import accounts as svn_accounts
from tests.appserver_machine import (
    AXIS2,
    CARBON,
    CATALINA,
    CONTENT,
    NEW,
    PASSIVE,
    PORTS,
    SCRIPT,
    WORKER,
    Machine,
    machine,
)
from tests.appserver_support import GIVEN
from tests.node_servers import address, artifact

ROLES: dict[str, dict[str, Any]] = {"committing": {}, "passive": PASSIVE, "worker": WORKER}
BOTH = [("a", "mgt"), ("b", "mgt"), ("c", "worker"), ("d", "worker")]


def admitted(node: Machine) -> list[str]:
    """Return who gets into the repository of the node."""
    return [each.user.username for each in svn_accounts.load(node.place.etc / "accounts.json")]


# what each is told


@pytest.mark.parametrize(
    ("role", "user", "commits_"),
    [("committing", "commit", "true"), ("passive", "checkout", "false"), ("worker", "checkout", "false")],
)
def test_the_committing_node_alone_commits_by_an_account_that_no_other_has(
    role: str, user: str, commits_: str, tmp_path: Path
) -> None:
    with machine(tmp_path, ROLES[role]) as node:
        found = node.carbon()
        assert (found["SvnUser"], found["SvnPassword"]) == (user, f"secret-of-{user}")
        assert (found["AutoCommit"], found["AutoCheckout"], found["Enabled"]) == (commits_, "true", "true")
        assert found["SvnUrl"] == f"svn://{address('a' if role == 'committing' else 'b')}:3690/artifacts"


def test_a_worker_never_learns_the_account_that_commits(tmp_path: Path) -> None:
    with machine(tmp_path, WORKER) as node:
        texts = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
        assert not any(b"secret-of-commit" in text for text in texts)
        assert any(b"secret-of-checkout" in text for text in texts)
        with pytest.raises(Failure, match="the commit account of the repository is not kept here"):
            accounts.of(narrowed(node.host()), "commit")


@pytest.mark.parametrize("role", ROLES)
def test_passwords_stand_where_root_and_those_read_that_need_them(role: str, tmp_path: Path) -> None:
    with machine(tmp_path, ROLES[role]) as node:
        holders = [file for file in tmp_path.rglob("*") if file.is_file() and b"secret-of" in file.read_bytes()]
        modes = {file.name: file.stat().st_mode & 0o777 for file in holders}
        assert modes.pop("carbon.xml") == 0o640
        assert set(modes.values()) == {0o600}
        assert "secret-of" not in "".join(node.units().values())


@pytest.mark.parametrize("role", ROLES)
def test_both_names_and_the_balancers_ports_stand_in_the_products_files(role: str, tmp_path: Path) -> None:
    chosen = {**ROLES[role], "proxy_ports": {"http": 8280, "https": 8243}}
    with machine(tmp_path, chosen, ports={**PORTS, "http": 9765, "https": 9445}) as node:
        found = node.carbon()
        assert (found["HostName"], found["MgtHostName"], found["Offset"]) == (
            "as.example.org",
            "mgt.as.example.org",
            "2",
        )
        assert 'port="9763" proxyPort="8280"' in node.read(CATALINA)
        assert 'port="9443" proxyPort="8243"' in node.read(CATALINA)
        assert "-DportOffset=2" in node.units()[UNIT]


@pytest.mark.parametrize("role", ROLES)
def test_members_say_their_group_and_know_the_management_nodes(role: str, tmp_path: Path) -> None:
    with machine(tmp_path, ROLES[role]) as node:
        text = node.read(AXIS2)
        assert f'name="subDomain" value="{"worker" if role == "worker" else "mgt"}"' in text
        known = [address("b")] if role == "worker" else [address("a"), address("b")]
        assert [line.strip() for line in text.splitlines() if "hostName>" in line] == [
            f"<hostName>{each}</hostName>" for each in known
        ]


@pytest.mark.parametrize(("role", "option"), [("committing", 0), ("passive", 0), ("worker", 1)])
def test_a_worker_starts_as_one_by_a_script_that_can_be_run(role: str, option: int, tmp_path: Path) -> None:
    with machine(tmp_path, ROLES[role]) as node:
        assert node.read(SCRIPT).count("-DworkerNode=true") == option
        assert (node.host().current / SCRIPT).stat().st_mode & 0o777 == 0o750


@pytest.mark.parametrize("role", ROLES)
def test_doing_it_again_changes_nothing_and_comments_stay(role: str, tmp_path: Path) -> None:
    with machine(tmp_path, ROLES[role]) as node:
        before = node.facts()
        assert not stages.configure(KIND, node.host())
        assert node.facts() == before
        assert all("<!-- kept -->" in node.read(name) for name in CONTENT if name != SCRIPT)


@pytest.mark.parametrize(("role", "served"), [("committing", True), ("passive", True), ("worker", False)])
def test_management_alone_serves_a_repository_to_both_accounts(role: str, served: bool, tmp_path: Path) -> None:
    with machine(tmp_path, ROLES[role]) as node:
        assert ("muster-artifacts.service" in node.units()) is served
        assert admitted(node) == (["commit", "checkout"] if served else [])
        assert list(KIND.packages(node.host())) == (["svnserve"] if served else ["svn"])


def test_with_a_given_repository_nobody_serves_one(tmp_path: Path) -> None:
    with machine(tmp_path, {"artifacts": {"url": GIVEN, "append": False}}) as node:
        assert "muster-artifacts.service" not in node.units()
        assert admitted(node) == []
        found = node.carbon()
        assert (found["SvnUrl"], found["SvnUrlAppendTenantId"], found["SvnUser"]) == (GIVEN, "false", "commit")


@pytest.mark.parametrize("missing", [CARBON, CATALINA, SCRIPT])
def test_a_file_that_is_not_in_the_archive_is_named(missing: str, tmp_path: Path) -> None:
    with machine(tmp_path) as node:
        (node.host().current.resolve() / missing).unlink()
        with pytest.raises(Failure, match=f"node a: {missing} is not in the distribution"):
            stages.configure(KIND, node.host())


# changes


def test_another_committing_node_begins_as_one_that_checks_out_while_the_old_one_commits(tmp_path: Path) -> None:
    with machine(tmp_path, PASSIVE) as node:
        for said in (Word("id-b", {}, commits=True), None):
            node.beside.word = said
            node.apply(node.new({"committer": "a"}))
            assert (node.carbon()["AutoCommit"], commits.kept(node.paths)) == ("false", False)
            assert node.carbon()["SvnUrl"] == f"svn://{address('a')}:3690/artifacts"
        node.beside.word = Word("id-b", {}, commits=False)
        assert _may_commit(narrowed(node.host()))


def test_a_node_commits_at_once_if_the_other_one_says_that_it_does_not(tmp_path: Path) -> None:
    with machine(tmp_path, PASSIVE) as node:
        node.beside.word = Word("id-b", {}, commits=False)
        node.apply(node.new({"committer": "a"}))
        assert (node.carbon()["AutoCommit"], node.carbon()["SvnUser"]) == ("true", "commit")
        assert node.beside.asked == [address("b")]


def test_a_node_that_commits_goes_on_whoever_is_silent(tmp_path: Path) -> None:
    with machine(tmp_path) as node:
        node.apply(node.new(artifact=artifact(NEW)))
        assert node.carbon()["AutoCommit"] == "true"


def test_the_member_lets_the_product_commit_and_take_it_back(tmp_path: Path) -> None:
    with machine(tmp_path) as node:
        product = KIND.member(node.host()).product
        for value, word in ((False, "false"), (True, "true")):
            node.services.said.clear()
            product.commit(commits=value)  # type: ignore[attr-defined]
            assert node.carbon()["AutoCommit"] == word
            assert node.services.said == [f"stop {UNIT}"]


def test_other_accounts_are_let_in_beside_those_of_before(tmp_path: Path) -> None:
    with machine(tmp_path) as node:
        node.cloud.suffix = "-2"
        node.apply(node.new())
        assert admitted(node) == ["commit-2", "checkout-2", "commit", "checkout"]
        assert node.carbon()["SvnUser"] == "commit-2"


def test_on_the_way_back_nothing_is_asked_of_aws(tmp_path: Path) -> None:
    with machine(tmp_path) as node:
        node.cloud.broken = "all"
        assert not stages.configure(KIND, node.host(), again=True)
        with pytest.raises(Failure):
            stages.configure(KIND, node.host())


def test_a_change_that_parts_the_repository_is_refused_before_anything_changes(tmp_path: Path) -> None:
    with machine(tmp_path) as node:
        before = node.facts()
        with pytest.raises(Failure, match="node a: whether the repository of artifacts is a given one or made"):
            rollout.apply(KIND, node.host(), node.new({"artifacts": {"url": GIVEN, "append": True}}))
        assert node.facts() == before


def test_a_server_of_the_repository_with_another_port_begins_anew_and_the_product_too(tmp_path: Path) -> None:
    with machine(tmp_path) as node:
        node.services.said.clear()
        node.apply(node.new(ports={**PORTS, "svn": 3691}))
        stopped = [each for each in node.services.said if each.startswith("stop")]
        assert stopped == [f"stop {UNIT}", "stop muster-artifacts.service"]
        assert node.carbon()["SvnUrl"].endswith(":3691/artifacts")


# the working copy


def test_a_working_copy_of_another_repository_is_made_plain_files_before_the_start(tmp_path: Path) -> None:
    with machine(tmp_path, WORKER) as node:
        this = narrowed(node.host())
        kept = node.host().current.resolve() / "repository/deployment/server/webapps/x.war"

        def bound(uuid: str) -> bool:
            (kept.parent / ".svn").mkdir(parents=True, exist_ok=True)
            kept.write_text("x")
            holding.bind(this, uuid)
            return (kept.parent / ".svn").is_dir()

        assert not bound("uuid-1")
        assert bound("uuid-1")
        assert bound("")  # nobody answers: it goes on with what it has
        assert not bound("uuid-2")
        value = json.loads(node.document)
        value["settings"].update(PASSIVE, groups={**WORKER["groups"], "a": "mgt"}, committer="a")
        moved = settings.read(json.dumps(value))
        this = narrowed(type(this)(this.identity, moved, this.paths, this.services))
        assert not bound("")
        assert kept.read_text() == "x"


def test_one_that_has_a_working_copy_of_the_clusters_repository_is_not_bare(tmp_path: Path) -> None:
    with machine(tmp_path, WORKER) as node:
        this = narrowed(node.host())
        assert holding.bare(this)
        holding.bind(this, "")
        assert holding.bare(this)
        (node.host().current.resolve() / "repository/deployment/server/.svn").mkdir(parents=True)
        assert not holding.bare(this)
        (node.paths.etc / "working-copy").write_text("svn://elsewhere/artifacts ")
        assert holding.bare(this)


def test_before_each_start_the_names_are_there_and_the_copy_is_bound(tmp_path: Path) -> None:
    with machine(tmp_path) as node:
        (tmp_path / "etc/hosts").write_text("127.0.0.1 localhost\n")
        KIND.member(node.host()).product.start()
        assert "as.example.org" in (tmp_path / "etc/hosts").read_text()
        assert (node.paths.etc / "working-copy").read_text() == f"svn://{address('a')}:3690/artifacts "
        assert node.services.said[-1] == f"start {UNIT}"


def test_an_account_that_gets_in_by_now_is_written_before_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with machine(tmp_path, WORKER) as node:
        let_in = [Credentials("checkout", "secret-of-checkout")]
        monkeypatch.setattr(reader, "_enters", lambda _, user: user in let_in)
        node.cloud.suffix = "-2"
        node.apply(node.new())
        assert node.carbon()["SvnUser"] == "checkout"
        let_in[:] = [Credentials("checkout-2", "secret-of-checkout-2")]
        KIND.member(node.host()).product.start()
        assert (node.carbon()["SvnUser"], node.carbon()["AutoCommit"]) == ("checkout-2", "false")
