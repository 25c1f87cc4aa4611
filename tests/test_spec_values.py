"""Which values a cluster file may have: each refusal in its exact words, each with an accepted neighbour."""

from typing import Any

import pytest

from muster.spec import load
from tests.conftest import WriteCluster
from tests.spec_help import CERTIFICATE, SHA, refusal

ACCEPTED: list[dict[str, Any]] = [
    {"name": "a"},
    {"name": "a" * 24},
    {"nodes": {"x" * 15: {"zone": "eu-west-1c"}, "y-1": {"zone": "eu-west-1a"}}},
    {"region": "us-east-1", "nodes": {"a": {"zone": "us-east-1a"}, "b": {"zone": "us-east-1f"}}},
    {"region": "us-gov-west-1", "nodes": {"a": {"zone": "us-gov-west-1a"}, "b": {"zone": "us-gov-west-1b"}}},
    {"instance": {"type": "m7i.large", "os": "debian-12", "ami": "ami-0123456789abcdef0"}},
    {"instance": {"type": "t4g.medium", "java": 11}},
    {"instance": {"type": "c7g.metal"}},
    {"instance": {"type": "m7i-flex.2xlarge"}},
    {"instance": {"type": "t3.small", "ami": "ami-01234567"}},
    {"artifact": {"file": "/srv/files/as400-common-api-1.0.0.jar"}},
    {"artifact": {"file": "../a b/x.jar"}},
    {"artifact": {"s3": "bucket.name-1/as400/1.0.0/as400.jar", "sha256": SHA}},
    {"balancer": {"scheme": "internet-facing", "certificate": CERTIFICATE}},
    {"balancer": {"stickiness": {"cookie": "balancer", "hours": 168}}},
    {"balancer": {"stickiness": {"cookie": "__Host-sid.v2", "hours": 1}}},
    {"network": {"cidr": "10.0.0.0/16"}},
    {"network": {"cidr": "192.168.4.0/22"}},
    {"network": {"cidr": "100.64.0.0/16"}},
    {"formation": {"timeout": 60}},
    {"formation": {"timeout": 43200}},
    {"database": {"name": "connection_2", "port": 65535, "peer_port": 1024}},
    {"as400gateway": {"home": "/srv/gw-1.0/app_2", "health": "/"}},
]


@pytest.mark.parametrize("changes", ACCEPTED, ids=str)
def test_accepts(changes: dict[str, Any], write_cluster: WriteCluster) -> None:
    """The other side of each refusal below."""
    cluster = load(write_cluster(**changes))
    for name, value in changes.items():
        if isinstance(value, str):
            assert getattr(cluster, name) == value


NAME = "1 to 24 lower-case letters, digits and -, beginning with a letter and not ending with -"
NODE = "1 to 15 lower-case letters, digits and -, beginning with a letter and not ending with -"
TYPE = "an instance type on the Nitro System such as t4g.medium"
PRODUCT = "as400gateway or axonivy or kaazing or wso2-as or wso2-carbon"
JAR = "the path of a .jar or .zip whose name has only letters, digits and . _ -"
S3 = "bucket/key of a .jar or .zip, of plain names between slashes"
ARN = "the ARN of a certificate in ACM: arn:aws:acm:REGION:ACCOUNT:certificate/ID"
COOKIE = "the name of the application's session cookie such as JSESSIONID, or `balancer` for the balancer's own"
CIDR = "a private IPv4 network from /16 to /22 such as 10.64.0.0/20"
PORT = "a port from 1024 to 65535 (the services run without root)"
HOME = "a path of at least two plain folder names such as /opt/as400gateway"
URL = "a path such as /actuator/health, of letters, digits and . _ ~ - between single slashes"
DATABASE = "a letter followed by up to 62 letters, digits or _"
REGION = "a region such as eu-west-1"
TAKEN = "where AWS services and Docker keep their own networks"
SECRET = "and no secret stands in a cluster file (Muster generates them)"
OWN = "home, port, tls_port, readiness_port, health, functional, admin, admin_writes, outside"
ARTIFACT = "the application's file: {file: PATH} or {s3: bucket/key, sha256: HASH}"
KEY = "whose key is not plain names between slashes that end with .jar or .zip"
HOURS = "balancer.stickiness.hours"
WEEK = "whole hours from 1 to 168 (7 days)"
TOP = (
    "name, account, product, region, protection, tags, nodes, instance, artifact, balancer, network, formation, logs, "
    "alarms, kms_key, permission_boundary, database, as400gateway"
)
A, B = {"zone": "eu-west-1a"}, {"zone": "eu-west-1b"}

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": None}, f"name: is missing, want {NAME}"),
    ({"name": "As400"}, f"name: got 'As400', want {NAME}"),
    ({"name": "as400-"}, f"name: got 'as400-', want {NAME}"),
    ({"name": "a" * 25}, f"name: got '{'a' * 25}', want {NAME}"),
    ({"name": "a$(id)"}, f"name: got 'a$(id)', want {NAME}"),
    ({"name": "a\nb"}, f"name: got 'a\\nb', want {NAME}"),
    ({"name": "é"}, f"name: got '\\xe9', want {NAME}"),
    ({"name": 400}, f"name: got 400, want {NAME}"),
    ({"name": "x" * 90}, f"name: got '{'x' * 59}..., want {NAME}"),
    ({"product": "as400gatway"}, f"product: got 'as400gatway' (did you mean 'as400gateway'?), want {PRODUCT}"),
    ({"product": "tomcat"}, f"product: got 'tomcat', want {PRODUCT}"),
    ({"product": None}, f"product: is missing, want {PRODUCT}"),
    ({"region": "eu-west-1a"}, "region: got 'eu-west-1a', which is a zone, want a region such as eu-west-1"),
    (
        {"region": "eu-wst-1"},
        f"region: got 'eu-wst-1', which is not a known region (did you mean 'eu-west-1'?), want {REGION}",
    ),
    ({"region": False}, "region: got false, want a region such as eu-west-1"),
    ({"nodes": "2"}, "nodes: got '2', want a mapping of node names to {zone: ZONE}"),
    ({"nodes": ["a", "b"]}, "nodes: got a list, want a mapping of node names to {zone: ZONE}"),
    ({"nodes": {"a": A}}, "nodes: got 1, want 2 nodes for as400gateway"),
    ({"nodes": {"a": A, "b": B, "c": B}}, "nodes: got 3, want 2 nodes for as400gateway"),
    ({"nodes": {"a": A, "b": A}}, "nodes: got nodes in 1 zone, want 2 to 8 (the balancer needs two)"),
    ({"nodes": {"a1": A, "a-1": B}}, "nodes.a1: differs from 'a-1' only by hyphens, want another name"),
    ({"nodes": {"A": A, "b": B}}, f"nodes.A: got 'A', want {NODE}"),
    ({"nodes": {"a_1": A, "b": B}}, f"nodes.a_1: got 'a_1', want {NODE}"),
    ({"nodes": {"a;b": A, "b": B}}, f"nodes.a;b: got 'a;b', want {NODE}"),
    ({"nodes": {"a": None, "b": B}}, "nodes.a: got nothing, want a mapping of zone, present, address"),
    ({"nodes": {"a": {}, "b": B}}, "nodes.a.zone: is missing, want an availability zone such as eu-west-1a"),
    (
        {"nodes": {"a": {"zone": "eu-west-1"}, "b": B}},
        "nodes.a.zone: got 'eu-west-1', want an availability zone such as eu-west-1a",
    ),
    (
        {"nodes": {"a": {"zone": "us-west-1a"}, "b": B}},
        "nodes.a.zone: got 'us-west-1a', which is not in the region eu-west-1, want a zone such as eu-west-1a",
    ),
    (
        {"instance": {"type": "t4g"}},
        f"instance.type: got 't4g', which is not the form of an instance type, want {TYPE}",
    ),
    (
        {"instance": {"type": "t2.micro"}},
        f"instance.type: got 't2.micro', whose volumes have no NVMe names, want {TYPE}",
    ),
    ({"instance": {"type": "mac2.metal"}}, f"instance.type: got 'mac2.metal', which runs macOS, want {TYPE}"),
    ({"instance": {}}, f"instance.type: is missing, want {TYPE}"),
    (
        {"instance": {"type": "t4g.medium", "os": "amazon-linux-2"}},
        "instance.os: got 'amazon-linux-2' (did you mean 'amazon-linux-2023'?), want amazon-linux-2023 or debian-12",
    ),
    (
        {"instance": {"type": "t4g.medium", "java": "17"}},
        "instance.java: got '17' (write it without quotes), want 8 or 11 or 17 or 21",
    ),
    (
        {"instance": {"type": "t4g.medium", "java": 8}},
        "instance.java: got 8, with which as400gateway does not run on amazon-linux-2023, want 11 or 17 or 21",
    ),
    (
        {"instance": {"type": "t4g.medium", "os": "debian-12", "java": 21}},
        "instance.java: got 21, with which as400gateway does not run on debian-12, want 17",
    ),
    (
        {"instance": {"type": "t4g.medium", "ami": "ami-xyz"}},
        "instance.ami: got 'ami-xyz', want an image id: ami- and 8 or 17 hexadecimal digits",
    ),
    ({"artifact": None}, f"artifact: is missing, want {ARTIFACT}"),
    ({"artifact": {}}, f"artifact.file: is missing, want {JAR}"),
    ({"artifact": {"file": "a/b.war"}}, f"artifact.file: got 'a/b.war', whose name is not such, want {JAR}"),
    ({"artifact": {"file": "a/$(id).jar"}}, f"artifact.file: got 'a/$(id).jar', whose name is not such, want {JAR}"),
    ({"artifact": {"file": "a.jar", "name": "b"}}, "artifact.name: is unknown, allowed: file"),
    (
        {"artifact": {"s3": "bucket/a.jar"}},
        "artifact.sha256: is missing, want the SHA-256 of the file: 64 lower-case hexadecimal digits",
    ),
    (
        {"artifact": {"s3": "bucket/a.jar", "sha256": "ABC"}},
        "artifact.sha256: got 'ABC', want the SHA-256 of the file: 64 lower-case hexadecimal digits",
    ),
    (
        {"artifact": {"s3": "b/a.jar", "sha256": SHA}},
        f"artifact.s3: got 'b/a.jar', whose bucket is not a bucket's name, want {S3}",
    ),
    (
        {"artifact": {"s3": "bucket/../a.jar", "sha256": SHA}},
        f"artifact.s3: got 'bucket/../a.jar', {KEY}, want {S3}",
    ),
    (
        {"artifact": {"s3": "bucket/*.jar", "sha256": SHA}},
        f"artifact.s3: got 'bucket/*.jar', {KEY}, want {S3}",
    ),
    (
        {"balancer": {"scheme": "public"}},
        "balancer.scheme: got 'public', want internal or internet-facing",
    ),
    ({"balancer": {"certificate": "arn:aws:iam::1:x"}}, f"balancer.certificate: got 'arn:aws:iam::1:x', want {ARN}"),
    (
        {"balancer": {"certificate": CERTIFICATE.replace("eu-west-1", "us-east-1")}},
        "balancer.certificate: got a certificate in 'us-east-1', want one in the region eu-west-1",
    ),
    (
        {"balancer": {"stickiness": {"cookie": "AWSALBTG"}}},
        f"balancer.stickiness.cookie: got 'AWSALBTG', which the balancer keeps for itself, want {COOKIE}",
    ),
    (
        {"balancer": {"stickiness": {"cookie": "a b"}}},
        f"balancer.stickiness.cookie: got 'a b', which is not a cookie's name, want {COOKIE}",
    ),
    ({"balancer": {"stickiness": {"hours": 0}}}, f"{HOURS}: got 0, want {WEEK}"),
    ({"balancer": {"stickiness": {"hours": 1.5}}}, f"{HOURS}: got 1.5, want {WEEK}"),
    ({"balancer": {"stickiness": {"hours": True}}}, f"{HOURS}: got true, want {WEEK}"),
    (
        {"network": {"cidr": "10.0.0.5/16"}},
        f"network.cidr: got '10.0.0.5/16', whose network is 10.0.0.0/16, want {CIDR}",
    ),
    ({"network": {"cidr": "10.0.0.0"}}, f"network.cidr: got '10.0.0.0', whose network is 10.0.0.0/32, want {CIDR}"),
    ({"network": {"cidr": "10.0.0.0/15"}}, f"network.cidr: got '10.0.0.0/15', which is too large, want {CIDR}"),
    ({"network": {"cidr": "10.0.0.0/23"}}, f"network.cidr: got '10.0.0.0/23', which is too small, want {CIDR}"),
    ({"network": {"cidr": "8.8.0.0/16"}}, f"network.cidr: got '8.8.0.0/16', which is not private, want {CIDR}"),
    ({"network": {"cidr": "fd00::/16"}}, f"network.cidr: got 'fd00::/16', which is not an IPv4 network, want {CIDR}"),
    ({"network": {"cidr": "169.254.0.0/16"}}, f"network.cidr: got '169.254.0.0/16', which is not private, want {CIDR}"),
    (
        {"network": {"cidr": "172.17.0.0/16"}},
        f"network.cidr: got '172.17.0.0/16', which overlaps 172.17.0.0/16, {TAKEN}, want {CIDR}",
    ),
    ({"formation": {"timeout": 59}}, "formation.timeout: got 59, want whole seconds from 60 to 43200 (12 hours)"),
    ({"database": {"port": 0}}, f"database.port: got 0, want {PORT}"),
    ({"database": {"port": 65536}}, f"database.port: got 65536, want {PORT}"),
    ({"database": {"port": "8080a"}}, f"database.port: got '8080a', want {PORT}"),
    ({"database": {"port": 9093}}, "database.peer_port: got 9093, which is also database.port, want a port of its own"),
    (
        {"as400gateway": {"port": 9092}},
        "database.port: got 9092, which is also as400gateway.port, want a port of its own",
    ),
    ({"database": {"name": "x;INIT=RUNSCRIPT"}}, f"database.name: got 'x;INIT=RUNSCRIPT', want {DATABASE}"),
    ({"database": {"name": "x\\y"}}, f"database.name: got 'x\\\\y', want {DATABASE}"),
    ({"as400gateway": {"home": "opt/gw"}}, f"as400gateway.home: got 'opt/gw', which is not such a path, want {HOME}"),
    ({"as400gateway": {"home": "/opt"}}, f"as400gateway.home: got '/opt', which is not such a path, want {HOME}"),
    ({"as400gateway": {"home": "/opt/../x"}}, f"as400gateway.home: got '/opt/../x', which holds . or .., want {HOME}"),
    (
        {"as400gateway": {"home": "/etc/x"}},
        f"as400gateway.home: got '/etc/x', which belongs to the system or to Muster, want {HOME}",
    ),
    (
        {"as400gateway": {"health": "health"}},
        f"as400gateway.health: got 'health', which is not such a path, want {URL}",
    ),
    (
        {"as400gateway": {"password": "x"}},
        f"as400gateway.password: is unknown, {SECRET}, allowed: {OWN}",
    ),
    ({"balncer": {}}, f"balncer: is unknown (did you mean 'balancer'?), allowed: {TOP}"),
    (
        {"balancer": []},
        (
            "balancer: got a list, want a mapping of "
            "scheme, certificate, to_nodes, tls_policy, clients, stickiness, admin, waf, domain"
        ),
    ),
]


@pytest.mark.parametrize(("changes", "words"), REFUSED, ids=lambda value: str(value)[:60])
def test_refuses(changes: dict[str, Any], words: str, write_cluster: WriteCluster) -> None:
    assert refusal(write_cluster(**changes)) == f"1: {words}"
