"""A cluster of WSO2 AS that answers as it must is valid, and each fault is found by the check that is for it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from muster.spec import load
from rehearsal.checks import console, deployed, host_names, host_sticky, host_targets, reach, redirects, security
from rehearsal.checks.check import AnyCheck
from rehearsal.checks.named import NamedScene
from rehearsal.checks.reach import OPEN, SILENT, Attempt
from rehearsal.checks.result import CheckResult
from rehearsal.checks.run import checks_of
from rehearsal.checks.wso2_as import CHECKS, MEMBERSHIP, REACH, REPLICATED
from tests.conftest import WriteCluster
from tests.named_support import BALANCER, MANAGEMENT, USERS, Account, World, standing
from tests.test_host_routes import TWO
from tests.wso2_as_support import loaded, server

OWN = [check for check in CHECKS if check is not REACH]
"""Those that this file's stand-ins can answer."""


Run = Callable[..., CheckResult]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run one check against a world, whose account may be changed before."""

    def do(check: AnyCheck, world: World, change: Callable[[Account], object] = lambda _: None, **fields: Any) -> Any:
        with standing(world, loaded(server(**fields), tmp_path), tmp_path) as (scene, account):
            change(account)
            return check.result(check.lines(scene))

    return do


def test_a_cluster_that_answers_as_it_must_is_valid(tmp_path: Path) -> None:
    with standing(World(), loaded(server(), tmp_path), tmp_path) as (scene, _):
        results = [check.result(check.lines(scene)) for check in OWN]
    assert [(each.verdict, each.detail) for each in results if each.verdict != "valid"] == []
    found = {each.name: each.detail for each in results}
    assert found[host_targets.CHECK.name] == f"{USERS}: 2 of 2 healthy, {MANAGEMENT}: 1 of 1 healthy"
    assert "61 on a; for 4 other names nobody" in found[host_names.CHECK.name]
    assert found[console.CHECK.name] == f"the console is at a, {MANAGEMENT}, and not at {USERS}, b, c"
    assert found[deployed.CHECK.name].startswith("b, c served what was new and changed, after ")
    assert found[redirects.CHECK.name].startswith("5 redirects and links lead to the balancer's port 443")
    assert "stayed on host-a, which alone answers there" in found[host_sticky.CHECK.name]


def test_so_it_is_behind_the_ports_of_the_guide(tmp_path: Path) -> None:
    world = World(secure=8243, proxy_port=8243)
    fields = server({"proxy_ports": {"http": 8280, "https": 8243}})
    with standing(world, loaded(fields, tmp_path), tmp_path) as (scene, _):
        results = [check.result(check.lines(scene)) for check in OWN]
    assert [(each.verdict, each.detail) for each in results if each.verdict != "valid"] == []
    assert any("the balancer's port 8243" in each.detail for each in results)


def test_one_worker_is_enough(tmp_path: Path) -> None:
    world = World(workers=("b",))
    nodes = {name: node for name, node in server()["nodes"].items() if name != "c"}
    with standing(world, loaded(server(nodes=nodes), tmp_path), tmp_path) as (scene, _):
        results = [check.result(check.lines(scene)) for check in OWN]
    assert [(each.verdict, each.detail) for each in results if each.verdict != "valid"] == []


def test_so_it_is_where_the_visitor_is_no_client_of_management(tmp_path: Path) -> None:
    fields = server({"management_clients": ["10.64.1.0/24"]})
    with standing(World(shut=True), loaded(fields, tmp_path), tmp_path) as (scene, _):
        results = [check.result(check.lines(scene)) for check in OWN]
    assert [(each.verdict, each.detail) for each in results if each.verdict != "valid"] == []
    found = {each.name: each.detail for each in results}
    assert "for management nobody, from here; for 4 other names nobody" in found[host_names.CHECK.name]


def test_a_visitor_who_comes_to_management_and_is_no_client_is_found(tmp_path: Path) -> None:
    fields = server({"management_clients": ["10.64.1.0/24"]})
    with standing(World(), loaded(fields, tmp_path), tmp_path) as (scene, _):
        result = host_names.CHECK.result(host_names.CHECK.lines(scene))
    assert result.verdict == "invalid"
    assert f"{MANAGEMENT}, which is shut to who asked, was answered 200 by a" in result.detail


def test_a_visitor_who_is_a_client_comes_to_management_by_the_balancer(tmp_path: Path) -> None:
    fields = server({"management_clients": ["10.64.9.0/24"]})
    with standing(World(), loaded(fields, tmp_path), tmp_path) as (scene, _):
        result = host_names.CHECK.result(host_names.CHECK.lines(scene))
    assert (result.verdict, "for management 61 on a" in result.detail) == ("valid", True)


FAULTS: list[tuple[AnyCheck, World, str, str]] = [
    (
        host_names.CHECK,
        World(led={MANAGEMENT: ("b",)}),
        "invalid",
        f"of 126 requests 61 came out elsewhere: {MANAGEMENT} led to b, which is for users",
    ),
    (host_names.CHECK, World(led={USERS: ("a", "b", "c")}), "invalid", "led to a, which is for management"),
    (host_names.CHECK, World(led={USERS: ("b",)}), "invalid", "60 new users never reached c: 61 on b"),
    (
        host_names.CHECK,
        World(led={BALANCER: ("c",)}),
        "invalid",
        f"{BALANCER}, which is nobody's, was answered 200 by c, which is for users",
    ),
    (host_names.CHECK, World(led={USERS: ()}), "invalid", f"{USERS} was answered 404"),
    (console.CHECK, World(consoles=("c",)), "invalid", "c answered 302 to GET /carbon/, must be 404"),
    (console.CHECK, World(led={USERS: ()}), "unknown", f"the answer to GET /carbon/ at {USERS} was no node's"),
    (console.CHECK, World(led={MANAGEMENT: ("b",)}), "invalid", f"{MANAGEMENT} answered 404 to GET /carbon/"),
    (deployed.CHECK, World(deaf=("c",)), "invalid", "c did not serve what was new within 1 s"),
    (deployed.CHECK, World(once=True), "invalid", "b did not serve what was changed within 1 s"),
    (deployed.CHECK, World(upload=503), "invalid", "the upload of what was new was answered 503"),
    (
        deployed.CHECK,
        World(led={USERS: ("a", "b")}, deaf=("a",)),
        "invalid",
        "users did not serve what was new within 1 s; users did not serve what was changed within 1 s",
    ),
    (redirects.CHECK, World(proxy_port=9443), "invalid", f"leads to https://{MANAGEMENT}:9443/carbon/admin/login.jsp"),
    (redirects.CHECK, World(to="localhost"), "invalid", "leads to https://localhost/carbon/admin/login.jsp"),
    (host_sticky.CHECK, World(sticky=False), "invalid", f"60 requests for {USERS} with one cookie jar changed node"),
]


@pytest.mark.parametrize(("check", "world", "verdict", "said"), FAULTS)
def test_a_fault_is_found_by_its_check(
    check: AnyCheck, world: World, verdict: str, said: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployed, "LIMIT", 1.0)
    result = run(check, world)
    assert (result.verdict, said in result.detail) == (verdict, True), result.detail


def test_nothing_that_was_deployed_leaves_its_redirect_unproved(run: Run) -> None:
    result = run(redirects.CHECK, World())
    assert (result.verdict, result.detail) == (
        "unknown",
        f"https://{USERS}:443/muster-check was answered 404",
    )


@pytest.mark.parametrize(
    ("change", "verdict", "said"),
    [
        (lambda _: None, "valid", f"{USERS}: 2 of 2 healthy, {MANAGEMENT}: 1 of 2 healthy"),
        (lambda account: account.states.update(d="healthy"), "invalid", "administration is led to a and d, want one"),
        (lambda account: account.states.pop("a"), "invalid", "administration is led to no member, want one"),
        (lambda account: account.states.pop("c"), "invalid", "member c is unhealthy (Target.Failed)"),
        (lambda account: account.registered[USERS].append("a"), "invalid", "i-a:9443 is registered and no member"),
        (lambda account: account.registered[MANAGEMENT].remove("d"), "invalid", "member d is not registered"),
    ],
)
def test_each_node_is_a_target_of_its_own_host_name_and_one_of_two_commits(
    change: Callable[[Account], object], verdict: str, said: str, run: Run
) -> None:
    result = run(host_targets.CHECK, World(mgt=("a", "d")), change, block={"committer": "a"}, nodes=TWO)
    assert (result.verdict, result.detail) == (verdict, said)


def test_a_host_name_without_a_rule_is_found(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Account, "describe_rules", lambda *_, **__: {"Rules": []})
    assert run(host_targets.CHECK, World()).verdict == "unknown"


def test_a_repository_answers_on_management_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = [
        Attempt(origin, target, port, expected, expected if (target, port) != ("b", 3690) else outcome)
        for target in ("a", "b")
        for port in (9443, 3690)
        for origin, expected, outcome in (("visitor", SILENT, SILENT), ("c", OPEN, "refused"))
    ]
    door = Attempt("visitor", "balancer", 443, OPEN, OPEN)
    monkeypatch.setattr(reach, "record", lambda _: [door, *tried])
    with standing(World(), loaded(server(), tmp_path), tmp_path) as (scene, _):
        lines = REACH.lines(scene)
    assert REACH.result(lines).verdict == "valid"
    assert [(each["origin"], each["target"], each["shut"]) for each in lines if each.get("port") == 3690] == [
        ("visitor", "a", False),
        ("c", "a", False),
        ("visitor", "b", True),
    ]


def test_a_stranger_who_gets_through_to_a_workers_port_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leak = Attempt("visitor", "b", 3690, SILENT, "refused")
    monkeypatch.setattr(reach, "record", lambda _: [Attempt("visitor", "balancer", 443, OPEN, OPEN), leak])
    with standing(World(), loaded(server(), tmp_path), tmp_path) as (scene, _):
        result = REACH.result(REACH.lines(scene))
    assert (result.verdict, result.detail) == ("invalid", "visitor to b:3690 was refused, must be silent")


def test_members_of_both_groups_are_one_cluster_and_share_sessions(run: Run) -> None:
    assert run(MEMBERSHIP, World()).detail == "3 members see each other and nobody else"
    assert run(REPLICATED, World()).detail == "9 sessions went on from each of a, b, c to all the others and back"


def test_a_balancer_without_https_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Account, "describe_listeners", lambda *_, **__: {"Listeners": []})
    with standing(World(), loaded(server(), tmp_path), tmp_path) as (scene, _):
        result = host_names.CHECK.result(host_names.CHECK.lines(scene))
    assert (result.verdict, "the balancer has no HTTPS listener" in result.detail) == ("unknown", True)


def test_another_product_has_no_host_names(write_cluster: WriteCluster) -> None:
    plain = NamedScene(cast("Any", None), load(write_cluster()))
    with pytest.raises(LookupError, match="as400gateway is not reached by host names"):
        _ = plain.hosts


def test_these_are_the_checks_of_the_product_and_redirects_come_behind_what_is_deployed() -> None:
    assert [check.name for check in checks_of("wso2-as")] == [
        "every node is registered for its host name",
        "the members form one cluster",
        "each host name leads to its own nodes",
        "the console is on management alone",
        "what is deployed on management is served by every worker",
        "redirects and links lead to the balancer's port",
        "a user stays on one node by each host name",
        "a session made on one node continues on another",
        "a host outside the security groups reaches nothing but the balancer",
        *(check.name for check in security.CHECKS),
    ]
