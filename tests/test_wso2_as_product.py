"""What a cluster file of WSO2 AS becomes: settings, ports, names, secrets; and what it is refused for."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from muster.fields import Group
from muster.products import Discovery, Reach
from muster.products.wso2_as import PRODUCT, Wso2As, committer, group, hosts, made_database
from muster.products.wso2_kernels import VERSIONS
from muster.products.wso2_members import known
from muster.settings import length
from muster.settings_document import LARGEST, WAIT_URL_LENGTH
from muster.spec import Cluster, SpecError
from muster.spec.reading import read
from muster.spec.schema import json_schema
from tests import refusals_of_wso2_as
from tests.conftest import BASE
from tests.spec_help import judge, refusal
from tests.wso2_as_support import GIVEN, MGT, SECRET, WORKERS, loaded, server

DATABASE = {"url": "jdbc:postgresql://db.example.org:5433/wso2", "secret": f"{SECRET}:as-db-AbCdEf"}
OTHERS = 1500
"""Characters of a document for all but its members and the product's settings: asset, artifact, ARNs of secrets."""


@pytest.fixture
def cluster(tmp_path: Path) -> Any:
    """Return a function from a product's block and other changes to the cluster."""

    def cluster(block: dict[str, Any] | None = None, **others: Any) -> Cluster:
        return loaded(server(block, **others), tmp_path)

    return cluster


def grouped(mgt: str, worker: str) -> dict[str, Any]:
    """Return nodes with these names of one letter in the two groups, in two zones."""
    named: list[tuple[str, Group]] = [*((name, "mgt") for name in mgt), *((name, "worker") for name in worker)]
    return {name: {"zone": f"eu-west-1{'ab'[place % 2]}", "group": kind} for place, (name, kind) in enumerate(named)}


@pytest.mark.parametrize(
    ("text", "words"),
    refusals_of_wso2_as.REFUSED,
    ids=[words.partition(", want")[0][:70] for _, words in refusals_of_wso2_as.REFUSED],
)
def test_refuses_with_exactly_these_lines(text: str, words: str, tmp_path: Path) -> None:
    judge(text, words, tmp_path)


@pytest.mark.parametrize("text", refusals_of_wso2_as.ACCEPTED.values(), ids=[*refusals_of_wso2_as.ACCEPTED])
def test_accepts(text: str, tmp_path: Path) -> None:
    judge(text, None, tmp_path)


def test_a_plain_file_tells_nodes_exactly_this(cluster: Any) -> None:
    assert PRODUCT.settings(cluster()) == {
        "home": "/opt/wso2",
        "kernel": "4.4.1",
        "engine": "3.5.0",
        "spelling": "camel",
        "agent": "org.wso2.carbon.core.clustering.hazelcast.HazelcastClusteringAgent",
        "config": "axis2.xml",
        "credentials": "keys",
        "membership": "aws",
        "domain": "as",
        "security_group": "muster-as",
        "tag_key": "muster:cluster",
        "tag_value": "as",
        "heartbeat": 60,
        "groups": {"a": "mgt", "b": "worker", "c": "worker"},
        "host": "as.example.org",
        "management": "mgt.as.example.org",
        "proxy_ports": {"http": 80, "https": 443},
        "committer": "a",
        "artifacts": {"url": "", "append": True},
    }


def test_what_a_file_says_reaches_the_nodes(cluster: Any) -> None:
    block = {
        "proxy_ports": {"http": 8280, "https": 8243},
        "tenants": "single",
        "artifacts": GIVEN,
        "database": DATABASE,
    }
    found = PRODUCT.settings(cluster({**block, "domain": "wso2.as.domain"}))
    assert found["proxy_ports"] == {"http": 8280, "https": 8243}
    assert found["artifacts"] == {"url": GIVEN["url"], "append": False}
    assert found["database"] == {"url": DATABASE["url"]}
    assert found["domain"] == "wso2.as.domain"


def test_no_secret_is_told_but_by_its_arn(cluster: Any) -> None:
    given = cluster({"artifacts": GIVEN, "database": DATABASE})
    assert PRODUCT.given_secrets(given) == {
        "commit": GIVEN["commit_secret"],
        "checkout": GIVEN["checkout_secret"],
        "database": DATABASE["secret"],
    }
    assert SECRET not in json.dumps(PRODUCT.settings(given))


def test_accounts_are_made_unless_the_file_gives_them(cluster: Any) -> None:
    assert [each.name for each in PRODUCT.made_secrets(cluster())] == ["commit", "checkout"]
    assert all(each.plain for each in PRODUCT.made_secrets(cluster()))
    assert PRODUCT.made_secrets(cluster({"artifacts": GIVEN})) == ()


@pytest.mark.parametrize(("version", "kernel"), [("5.2.0", "4.2.0"), ("5.2.1", "4.2.0"), ("5.3.0", "4.4.1")])
def test_the_version_decides_the_kernel(version: str, kernel: str, cluster: Any) -> None:
    found = cluster({"version": version})
    assert PRODUCT.settings(found)["kernel"] == kernel
    assert known(found).config == "axis2.xml"
    assert found.instance.java == 8


def test_kernels_are_those_that_wso2_carbon_has_for_the_same_versions(cluster: Any) -> None:
    for version, kernel in VERSIONS["as"].items():
        assert PRODUCT.settings(cluster({"version": version}))["kernel"] == kernel


def test_members_find_each_other_as_those_of_wso2_carbon(cluster: Any) -> None:
    assert PRODUCT.discovery(cluster()) is Discovery.USER
    assert PRODUCT.discovery(cluster({"membership": "wka"})) is Discovery.NONE


@pytest.mark.parametrize(("block", "port"), [({}, 4000), ({"member_port": 4250}, 4250)])
def test_members_listen_on_one_port_for_all_nodes(block: dict[str, Any], port: int, cluster: Any) -> None:
    """The second one is that of the guide, which has another on each node."""
    (found,) = [each for each in PRODUCT.ports(cluster(block)) if each.name == "member"]
    assert (found.number, found.reach) == (port, Reach.MEMBERS)


def test_users_and_administrators_come_to_nodes_by_https_alone(cluster: Any) -> None:
    """To plain HTTP the console answers with a redirect to HTTPS, through the balancer for ever."""
    names = {reach: [port.name for port in PRODUCT.ports_for(cluster(), reach)] for reach in Reach}
    assert names == {
        Reach.MEMBERS: ["member", "peer", "svn"],
        Reach.BALANCER: ["https", "readiness"],
        Reach.NOBODY: ["http"],
    }
    assert (PRODUCT.serving, PRODUCT.secured) == ("https", "https")


def test_an_offset_moves_every_port_of_the_product_that_the_balancer_reaches(cluster: Any) -> None:
    found = cluster({"http_port": 9764})
    assert (PRODUCT.port(found, "http"), PRODUCT.port(found, "https")) == (9764, 9444)
    assert PRODUCT.targets(found) == {"a": (9444,), "b": (9444,), "c": (9444,)}


def test_nobody_reaches_the_port_of_a_repository_that_is_not_made(cluster: Any) -> None:
    (svn,) = [port for port in PRODUCT.ports(cluster({"artifacts": GIVEN})) if port.name == "svn"]
    assert (svn.number, svn.reach) == (3690, Reach.NOBODY)


@pytest.mark.parametrize(
    ("block", "ports"),
    [
        ({}, ()),
        ({"artifacts": GIVEN}, (8443,)),
        ({"artifacts": {**GIVEN, "url": "http://10.100.3.115/svn/repos/as"}}, (80,)),
        ({"artifacts": {**GIVEN, "url": "https://svn.example.org"}}, (443,)),
        ({"artifacts": {**GIVEN, "url": "svn://svn.example.org/as"}}, (3690,)),
        ({"database": DATABASE}, (5433,)),
        ({"database": {"engine": "mysql"}}, ()),  # the way there is made with it
        ({"proxy": {"host": "proxy.example.org", "port": 3128}, "artifacts": GIVEN}, (3128, 8443)),
        ({"outside": [8443, 389], "artifacts": GIVEN}, (389, 8443)),
    ],
    ids=str,
)
def test_ways_out_lead_to_what_the_file_names(block: dict[str, Any], ports: tuple[int, ...], cluster: Any) -> None:
    assert PRODUCT.ways_out(cluster(block)) == ports


def test_the_only_management_node_commits_and_of_two_the_one_that_the_file_says(cluster: Any) -> None:
    assert committer(cluster(nodes=grouped(mgt="b", worker="ac"))) == "b"
    assert committer(cluster({"committer": "d"}, nodes=grouped(mgt="db", worker="ac"))) == "d"


def test_a_group_has_its_absent_nodes_too(cluster: Any) -> None:
    absent = {"a": MGT, **WORKERS, "c": {**WORKERS["c"], "present": False}}
    assert group(cluster(nodes=absent), "worker") == ("b", "c")


@pytest.mark.parametrize(
    ("mgt", "worker"), [("a", "b"), ("ab", "c"), ("a", "bcdefghijklmnop"), ("ab", "cdefghijklmnop")]
)
def test_a_cluster_has_one_or_two_management_nodes_and_up_to_sixteen_in_all(
    mgt: str, worker: str, cluster: Any
) -> None:
    found = cluster({"committer": "a"}, nodes=grouped(mgt, worker))
    assert (len(group(found, "mgt")), len(group(found, "worker"))) == (len(mgt), len(worker))


def test_seventeen_nodes_are_refused(cluster: Any) -> None:
    with pytest.raises(SpecError, match="got 17, want 2 to 16 nodes for wso2-as"):
        cluster(nodes=grouped("ab", "cdefghijklmnopq"))


def test_users_come_by_the_name_of_the_balancer(cluster: Any) -> None:
    balancer = {**server()["balancer"], "domain": {"name": "www.example.org", "zone": "Z0123456789ABC"}}
    found = hosts(cluster({"host": None}, balancer=balancer))
    assert (found.users.host, found.management.host) == ("www.example.org", "mgt.as.example.org")
    assert (found.users.nodes, found.management.nodes) == (("b", "c"), ("a",))


@pytest.mark.parametrize(("said", "seconds"), [({}, 60), ({"socket_timeout": 6}, 6), ({"socket_timeout": 4000}, 4000)])
def test_the_socket_time_out_is_the_balancers(said: dict[str, int], seconds: int, cluster: Any) -> None:
    assert PRODUCT.idle(cluster(said)) == seconds


def test_users_stay_by_the_balancers_own_cookie(cluster: Any) -> None:
    assert cluster().balancer.stickiness.cookie == "balancer"


def test_a_database_that_is_made_has_defaults(cluster: Any) -> None:
    made = made_database(cluster({"database": {"engine": "mysql"}}))
    assert made
    assert (made.instance_class, made.storage, made.multi_az) == ("db.t4g.medium", 20, True)
    assert made.driver == "com.mysql.cj.jdbc.Driver"
    assert made_database(cluster()) is made_database(cluster({"database": DATABASE})) is None


def test_the_longest_settings_leave_room_in_the_document(cluster: Any) -> None:
    """The rest of a document with sixteen nodes is counted by what it has at most of each member."""
    names = [f"node-number-{number:03}" for number in range(16)]
    nodes = {name: {"zone": f"eu-west-1{'ab'[place % 2]}", "group": "worker"} for place, name in enumerate(names)}
    nodes[names[0]]["group"] = "mgt"
    url = f"https://{'s' * 63}.{'v' * 63}.example.org/{'r' * 140}"
    block = {
        "domain": "d" * 63,
        "home": f"/opt/{'h' * 90}",
        "proxy": {"host": f"{'p' * 60}.{'q' * 60}.org", "port": 65535},
        "management": f"{'m' * 63}.{'a' * 55}.example",
        "host": f"{'w' * 63}.{'a' * 55}.example",
        "artifacts": {**GIVEN, "url": url},
        "database": {**DATABASE, "url": f"jdbc:mysql://{'d' * 63}.{'b' * 60}.example.org/wso2?{'o' * 250}=1"},
    }
    told = PRODUCT.settings(cluster(block, nodes=nodes))
    member = {"name": names[0], "ordinal": 15, "zone": "ap-southeast-2a", "address": "10.100.100.100", "present": False}
    members = [{**member, "volume": "v" * 21} for _ in names]
    assert length({"members": members, "settings": told}) + WAIT_URL_LENGTH < LARGEST - OTHERS


def test_other_products_have_nodes_without_groups(tmp_path: Path) -> None:
    nodes = {"a": {"zone": "eu-west-1a", "group": "mgt"}, "b": {"zone": "eu-west-1b"}}
    file = tmp_path / "x.yaml"
    file.write_text(json.dumps({**BASE, "nodes": nodes}), encoding="utf-8")
    assert refusal(file) == "1: nodes.a.group: is unknown, allowed: zone, present, address"


def test_the_schema_of_the_product_takes_every_field_and_knows_the_groups(tmp_path: Path) -> None:
    def wrong(text: str) -> set[str]:
        (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
        errors = Draft202012Validator(json_schema()).iter_errors(read(tmp_path / "x.yaml").value)
        return {".".join(map(str, each.absolute_path)) for each in errors}

    for text in refusals_of_wso2_as.ACCEPTED.values():
        assert wrong(text) == set()
    assert wrong(refusals_of_wso2_as.own(("group: worker", "group: workers"))) == {"nodes.c.group"}


def test_a_block_alone_is_no_cluster(cluster: Any) -> None:
    bare = cluster().model_copy(update={"wso2as": Wso2As()})
    with pytest.raises(ValueError, match="the host names of as are not known"):
        hosts(bare)
