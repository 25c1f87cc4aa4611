"""What a cluster file of WSO2 Carbon becomes: settings, ports, Java, leave to find members."""

import json
from pathlib import Path
from typing import Any

import pytest

from muster.products import PRODUCTS, Discovery, Reach
from muster.products.wso2_carbon import Wso2Carbon, engine, known
from muster.products.wso2_kernels import GENERATIONS
from muster.settings_document import LARGEST
from muster.spec import Cluster, SpecError, load, locked, plan
from tests.conftest import CARBON, PEM, Synthesize, Template, WriteCluster
from tests.template_help import of_type, text, the

ABOUT = PRODUCTS["wso2-carbon"]
CREDENTIALS = [
    ("4.10.126", "role", Discovery.OWN_ROLE),
    ("4.9.33", "bridge", Discovery.ROLE_ALONE),
    ("4.6.3", "bridge", Discovery.ROLE_ALONE),
    ("4.4.40", "keys", Discovery.USER),
    ("4.9.20", "role", Discovery.OWN_ROLE),
]


@pytest.fixture(scope="module")
def cluster(write_cluster: WriteCluster) -> Any:
    """Return a function from a product's block and other changes to the cluster."""

    def cluster(changes: dict[str, Any] | None = None, **others: Any) -> Cluster:
        return load(write_cluster(**{**CARBON, **others, "wso2": {**CARBON["wso2"], **(changes or {})}}))

    return cluster


def document(template: Template) -> dict[str, Any]:
    """Return the settings document of a template, with what only a deployment knows by its logical id."""
    _, parameter = the(template, "SSM::Parameter")
    value: dict[str, Any] = json.loads(text(parameter["Value"]))
    return value


def test_a_plain_file_tells_nodes_exactly_this(synthesize: Synthesize) -> None:
    found = document(synthesize(**CARBON))
    assert found["settings"] == {
        "home": "/opt/wso2",
        "kernel": "4.10.126",
        "engine": "5.3.6",
        "spelling": "camel",
        "agent": "org.wso2.carbon.hazelcast.HazelcastClusteringAgent",
        "config": "deployment.toml",
        "credentials": "role",
        "membership": "aws",
        "domain": "carbon",
        "security_group": "muster-carbon",
        "tag_key": "muster:cluster",
        "tag_value": "carbon",
        "heartbeat": 60,
    }
    assert found["ports"] == {"http": 9763, "https": 9443, "member": 5701, "peer": 9181, "readiness": 9180}
    assert (found["product"], found["java"], found["secrets"]) == ("wso2-carbon", 17, {})
    assert not {"table", "takeover_interval"} & found.keys()


def test_the_group_and_the_tag_that_nodes_look_for_are_those_that_they_have(synthesize: Synthesize) -> None:
    template = synthesize(**CARBON)
    settings = document(template)["settings"]
    _, group = the(template, "EC2::SecurityGroup", GroupName=settings["security_group"])
    assert group["GroupDescription"] == "Nodes of the cluster carbon"
    for node in of_type(template, "EC2::Instance").values():
        assert {"Key": settings["tag_key"], "Value": settings["tag_value"]} in node["Tags"]


def test_what_a_file_says_reaches_the_nodes(synthesize: Synthesize) -> None:
    block = {
        "kernel": "4.4.40",
        "domain": "wso2.carbon.domain",
        "home": "/srv/wso2",
        "member_port": 4100,
        "http_port": 19763,
        "heartbeat": 45,
        "proxy": {"host": "10.0.0.5", "port": 3128},
    }
    found = document(synthesize(**{**CARBON, "wso2": {**block, "trust": f"artifacts/{PEM}"}}))
    settings = found["settings"]
    assert (settings["domain"], settings["home"], settings["heartbeat"]) == ("wso2.carbon.domain", "/srv/wso2", 45)
    assert settings["proxy"] == {"host": "10.0.0.5", "port": 3128}
    assert set(settings["trust"]) == {"bucket", "key", "sha256"}
    assert (found["ports"]["http"], found["ports"]["member"], found["java"]) == (19763, 4100, 8)


@pytest.mark.parametrize(("kernel", "credentials", "discovery"), CREDENTIALS)
def test_members_find_each_other_by_what_the_engine_can(
    kernel: str, credentials: str, discovery: Discovery, cluster: Any
) -> None:
    found = cluster({"kernel": kernel})
    assert ABOUT.settings(found)["credentials"] == credentials
    assert ABOUT.discovery(found) is discovery


@pytest.mark.parametrize("kernel", [row[0] for row in CREDENTIALS])
def test_members_that_know_addresses_need_no_leave(kernel: str, cluster: Any) -> None:
    found = cluster({"kernel": kernel, "membership": "wka"})
    assert ABOUT.settings(found)["credentials"] == "none"
    assert ABOUT.discovery(found) is Discovery.NONE


def test_a_product_of_a_known_version_is_as_its_kernel(write_cluster: WriteCluster) -> None:
    by_name = load(write_cluster(**{**CARBON, "wso2": {"name": "as", "version": "5.3.0"}}))
    by_kernel = load(write_cluster(**{**CARBON, "wso2": {"kernel": "4.4.1"}}))
    assert ABOUT.settings(by_name) == ABOUT.settings(by_kernel)
    assert (by_name.instance.java, engine(by_name)) == (8, "3.5.0")


@pytest.mark.parametrize("each", GENERATIONS, ids=lambda each: each.first)
def test_a_file_without_java_takes_one_that_the_kernel_runs_with(each: Any, cluster: Any) -> None:
    for kernel in (each.first, each.last):
        found = cluster({"kernel": kernel})
        assert found.instance.java in each.java
        assert (found.instance.java == 17) == (17 in each.java)


def test_a_port_by_default_is_one_that_the_engine_asks(cluster: Any) -> None:
    for each in GENERATIONS:
        found = ABOUT.port(cluster({"kernel": each.first}), "member")
        assert found == each.port
        assert each.probed is None or found in each.probed


def test_another_port_is_nothing_wrong_where_members_know_addresses(cluster: Any) -> None:
    assert ABOUT.port(cluster({"membership": "wka", "member_port": 4000}), "member") == 4000


def test_members_reach_two_ports_the_balancer_two_and_nobody_the_products_https(cluster: Any) -> None:
    names = {reach: [port.name for port in ABOUT.ports_for(cluster(), reach)] for reach in Reach}
    assert names == {Reach.MEMBERS: ["member", "peer"], Reach.BALANCER: ["http", "readiness"], Reach.NOBODY: ["https"]}


@pytest.mark.parametrize(
    ("wso2", "asked"),
    [
        ({"kernel": "4.10.126"}, range(5701, 5709)),
        ({"kernel": "4.6.3"}, range(5701, 5704)),
        ({"kernel": "4.4.1", "member_port": 4100}, range(4100, 4103)),
        ({"membership": "wka"}, None),
    ],
)
def test_members_refuse_each_other_at_once_on_the_other_ports_that_the_engine_tries(
    cluster: Any, wso2: dict[str, Any], asked: range | None
) -> None:
    """A try that vanishes costs the first start some ten seconds: nothing listens there, but who asks must hear so."""
    member = next(port for port in ABOUT.ports_for(cluster(wso2), Reach.MEMBERS) if port.name == "member")
    assert member.asked == asked


def test_security_groups_open_exactly_those_ports(synthesize: Synthesize) -> None:
    template = synthesize(**CARBON)
    name, group = the(template, "EC2::SecurityGroup", GroupName="muster-carbon")
    rules = [
        (rule["FromPort"], rule["ToPort"], rule["SourceSecurityGroupId"]["Fn::GetAtt"][0])
        for rule in of_type(template, "EC2::SecurityGroupIngress").values()
        if rule["GroupId"]["Fn::GetAtt"][0] == name
    ]
    balancer = next(each for each in of_type(template, "EC2::SecurityGroup") if each.startswith("Balancer"))
    members, users = {(5701, 5708, name), (9181, 9181, name)}, {(port, port, balancer) for port in (9763, 9180)}
    assert set(rules) == members | users
    assert "SecurityGroupIngress" not in group
    assert [rule["FromPort"] for rule in group["SecurityGroupEgress"]] == [443]


def test_a_proxy_is_reached_on_its_port_and_no_other_is_opened(synthesize: Synthesize) -> None:
    proxy = {"host": "proxy.example.org", "port": 3128}
    template = synthesize(**{**CARBON, "wso2": {**CARBON["wso2"], "proxy": proxy}})
    _, group = the(template, "EC2::SecurityGroup", GroupName="muster-carbon")
    assert [rule["FromPort"] for rule in group["SecurityGroupEgress"]] == [443, 3128]


def test_nodes_of_a_plain_file_may_read_no_secret_and_have_no_database(synthesize: Synthesize) -> None:
    template = synthesize(**CARBON)
    assert of_type(template, "SecretsManager::Secret") == {}
    assert of_type(template, "DynamoDB::Table") == {}
    assert "secretsmanager" not in json.dumps([*of_type(template, "IAM::ManagedPolicy").values()])
    names = {each["LogGroupName"] for each in of_type(template, "Logs::LogGroup").values() if "LogGroupName" in each}
    assert names == {"/muster/carbon/node", "/muster/carbon/product"}


def test_users_stay_on_a_node_by_the_products_cookie(synthesize: Synthesize) -> None:
    (group,) = of_type(synthesize(**CARBON), "ElasticLoadBalancingV2::TargetGroup").values()
    attributes = {each["Key"]: each["Value"] for each in group["TargetGroupAttributes"]}
    assert attributes["stickiness.app_cookie.cookie_name"] == "JSESSIONID"
    assert (group["Port"], group["HealthCheckPort"], len(group["Targets"])) == (9763, "9180", 3)


@pytest.mark.parametrize("count", [2, 5, 16])
def test_a_cluster_has_two_to_sixteen_nodes(count: int, cluster: Any) -> None:
    nodes = {f"n{number}": {"zone": f"eu-west-1{'ab'[number % 2]}"} for number in range(count)}
    assert len(plan(cluster(nodes=nodes)).members) == count


@pytest.mark.parametrize("count", [1, 17])
def test_fewer_or_more_nodes_are_refused(count: int, cluster: Any) -> None:
    nodes = {f"n{number}": {"zone": f"eu-west-1{'ab'[number % 2]}"} for number in range(count)}
    with pytest.raises(SpecError, match=f"got {count}, want 2 to 16 nodes for wso2-carbon"):
        cluster(nodes=nodes)


def resized(cluster: Any, names: str) -> Any:
    """Return the cluster with these nodes."""
    return cluster(nodes={name: {"zone": f"eu-west-1{'ab'[ord(name) % 2]}"} for name in names})


def test_a_running_cluster_grows_and_shrinks_and_nobody_else_moves(cluster: Any) -> None:
    three = locked(None, resized(cluster, "abc"))
    five = locked(three, resized(cluster, "abcde"))
    two = locked(five, resized(cluster, "ad"))
    assert {name: five.nodes[name] for name in three.nodes} == dict(three.nodes)
    assert dict(two.nodes) == {name: five.nodes[name] for name in "ad"}


def test_a_node_for_another_is_nothing_that_needs_two_deploys(cluster: Any) -> None:
    """No data goes with it: the others are the cluster."""
    before = locked(None, resized(cluster, "abc"))
    assert set(locked(before, resized(cluster, "abd")).nodes) == {"a", "b", "d"}


def test_another_image_is_rolled_and_nobody_speaks_of_data(cluster: Any) -> None:
    ami = {"type": "t4g.medium", "ami": "ami-0123456789abcdef0"}
    before = locked(None, cluster(instance=ami))
    with pytest.raises(SpecError) as refusal:
        locked(before, cluster(instance={**ami, "ami": "ami-0aaaaaaaaaaaaaaaa"}))
    assert "a, b, c: a deploy would replace all at once; one after the other: ./muster roll" in str(refusal.value)


def test_one_node_at_least_is_present(cluster: Any) -> None:
    nodes = {name: {**node, "present": False} for name, node in CARBON["nodes"].items()}
    with pytest.raises(SpecError, match=r"got no node that is present, want one at least$"):
        cluster(nodes=nodes)


def test_a_node_more_changes_nothing_of_the_nodes_that_are_there(synthesize: Synthesize) -> None:
    before = of_type(synthesize(**CARBON), "EC2::Instance")
    grown = {**CARBON["nodes"], "d": {"zone": "eu-west-1b"}}
    after = of_type(synthesize(**{**CARBON, "nodes": grown}), "EC2::Instance")
    assert len(after) == 4
    assert {name: after[name] for name in before} == before


def test_sixteen_nodes_have_their_alarms_and_each_alarm_at_most_ten_figures(synthesize: Synthesize) -> None:
    nodes = {f"node-number-{number:03}": {"zone": f"eu-west-1{'ab'[number % 2]}"} for number in range(16)}
    template = synthesize(**{**CARBON, "nodes": nodes})
    members = [
        each
        for each in of_type(template, "CloudWatch::Alarm").values()
        if "members serving" in each["AlarmDescription"]
    ]
    assert [each["Threshold"] for each in members] == [16, 16]
    assert all(len(each["Metrics"]) <= 11 for each in members)


def test_the_longest_document_fits_into_a_parameter(synthesize: Synthesize) -> None:
    """A document above `LARGEST` is refused at synthesis; here it is rendered, with longer stand-ins than real ids."""
    nodes = {f"node-number-{number:03}": {"zone": f"ap-southeast-2{'abc'[number % 3]}"} for number in range(16)}
    block = {
        "kernel": "4.9.33",
        "domain": "d" * 63,
        "home": f"/opt/{'h' * 90}",
        "trust": f"artifacts/{PEM}",
        "proxy": {"host": f"{'p' * 60}.{'q' * 60}.org", "port": 65535},
    }
    name = "a-cluster-of-the-longest"
    template = synthesize(**{**CARBON, "name": name, "region": "ap-southeast-2", "nodes": nodes, "wso2": block})
    assert len(name) == 24
    _, parameter = the(template, "SSM::Parameter")
    assert parameter["Tier"] == "Advanced"
    assert len(text(parameter["Value"])) < LARGEST


def test_the_rules_alone_let_a_file_without_a_kernel_through_to_nobody(cluster: Any) -> None:
    with pytest.raises(ValueError, match="the kernel of carbon is not known"):
        known(cluster().model_copy(update={"wso2": Wso2Carbon()}))


def test_a_block_that_is_no_mapping_is_refused_and_ends_nothing(write_cluster: WriteCluster) -> None:
    for block in ("4.10.126", 4.10, ["kernel"], {"kernel": 4.4}, {"kernel": ["x"]}, {"name": {}, "version": 5}):
        with pytest.raises(SpecError, match="wso2"):
            load(write_cluster(**{**CARBON, "wso2": block}))


def test_certificates_that_are_nowhere_are_refused_with_where_they_were_sought(synthesize: Synthesize) -> None:
    with pytest.raises(SpecError, match=r"wso2\.trust: no such file: .*want the certificates there"):
        synthesize(**{**CARBON, "wso2": {**CARBON["wso2"], "trust": "nowhere.pem"}})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "holds no -----BEGIN CERTIFICATE-----, want certificates in PEM"),
        (b"-----BEGIN CERTIFICATE-----\n-----BEGIN RSA PRIVATE KEY-----\n", "holds a private key, want certificates"),
        (b"-----BEGIN CERTIFICATE-----" * 40_000, "is larger than 1024 KiB, want the certificates alone"),
    ],
    ids=["empty", "a key", "large"],
)
def test_what_is_no_certificates_or_more_is_refused(
    content: bytes, reason: str, clusters: Path, synthesize: Synthesize
) -> None:
    (clusters / "other.pem").write_bytes(content)
    with pytest.raises(SpecError, match=reason):
        synthesize(**{**CARBON, "wso2": {**CARBON["wso2"], "trust": "other.pem"}})


def test_nodes_may_read_the_certificates_and_are_told_their_hash(synthesize: Synthesize) -> None:
    template = synthesize(**{**CARBON, "wso2": {**CARBON["wso2"], "trust": f"artifacts/{PEM}"}})
    trust = document(template)["settings"]["trust"]
    policies = [text_of for each in of_type(template, "IAM::ManagedPolicy").values() if (text_of := json.dumps(each))]
    assert trust["key"].endswith(".pem")
    assert any(trust["key"] in each and "s3:GetObject" in each for each in policies)
