"""What a cluster file of Kaazing Gateway is refused for, and the file with every field of it."""

from typing import Final

from tests.spec_help import CERTIFICATE, COOKIE, changed, placed

KAAZING: Final = f"""\
name: wss
product: kaazing
region: eu-west-1
nodes:
  a: {{zone: eu-west-1a}}
  b: {{zone: eu-west-1b}}
instance: {{type: t4g.medium, os: amazon-linux-2023, java: 17}}
artifact: {{file: artifacts/kaazing-gateway-5.6.2.zip}}
balancer:
  certificate: {CERTIFICATE}
  domain: {{name: gateway.example.org, zone: Z0123456789ABC}}
  stickiness: {{cookie: balancer, hours: 8}}
kaazing:
  cluster: Gateways of Basel
  host: gateway.example.org
  home: /opt/kaazing
  http_port: 8000
  member_port: 5942
  peer_port: 9181
  readiness_port: 9180
  path: /echo
  heartbeat: 60
  idle: 300
  outside: [61616, 389]
  tls_port: 8443
"""
"""A cluster file with every field of the product."""

PLACED: Final = placed("wss", "kaazing", "kaazing-gateway-5.6.2.zip", "kaazing: {host: gateway.example.org}\n")
"""A cluster file with two nodes of one address."""

FIELDS: Final = (
    "cluster, host, home, http_port, tls_port, member_port, peer_port, readiness_port, path, heartbeat, idle, outside"
)
HOST: Final = "want a host name in lower case such as gateway.example.org, of at most 128 characters"
NAME: Final = "want 1 to 63 printable characters with single blanks at most between them, without < > & and ${"
OWN_NAME: Final = "want 1 to 24 lower-case letters, digits and -, beginning with a letter and not ending with -"
UNREAD: Final = "which the gateway cannot read in its own file"
ALL: Final = "each gateway is told the addresses of all"
PORT: Final = "want a port from 1024 to 65535 (the services run without root)"
OWN: Final = "  host: gateway.example.org\n"
IDLE: Final = "want whole seconds from 10 to 4000"
HEARTBEAT: Final = "want whole seconds from 5 to 600"
OUTSIDE: Final = "want a list of 1 to 20 TCP ports such as [61616]"
DOMAIN: Final = "  domain: {name: gateway.example.org, zone: Z0123456789ABC}\n"


def own(*edits: tuple[str, str]) -> str:
    """Return the full file with each of `edits` made."""
    text = KAAZING
    for old, new in edits:
        text = changed(text, old, new)
    return text


def named(name: str) -> str:
    """Return the full file with this name of the gateways' cluster."""
    return own(("Gateways of Basel", name))


def at(host: str) -> str:
    """Return the full file with this public name and no domain."""
    return own((DOMAIN, ""), (OWN, f"  host: {host}\n"))


def outside(ports: str) -> str:
    """Return the full file with these ports outside."""
    return own(("outside: [61616, 389]", f"outside: {ports}"))


def more(field: str) -> str:
    """Return the full file with one more field in the product's block."""
    return own(("  idle: 300\n", f"  idle: 300\n  {field}\n"))


CATALOGUE: list[tuple[int, str, str]] = [
    (37, at("239.192.0.1"), f"14: kaazing.host: got '239.192.0.1', whose last part has more than letters, {HOST}"),
    (37, named("a<b"), f"14: kaazing.cluster: got 'a<b', {UNREAD}, {NAME}"),
    (37, named("a>b"), f"14: kaazing.cluster: got 'a>b', {UNREAD}, {NAME}"),
    (37, named("R&D"), f"14: kaazing.cluster: got 'R&D', {UNREAD}, {NAME}"),
    (37, named("'${name}'"), f"14: kaazing.cluster: got '${{name}}', {UNREAD}, {NAME}"),
    (37, named("a  b"), f"14: kaazing.cluster: got 'a  b', which is not such, {NAME}"),
    (37, named("n" * 64), f"14: kaazing.cluster: got '{'n' * 59}..., which is not such, {NAME}"),
    (37, named("''"), f"14: kaazing.cluster: got '', which is not such, {NAME}"),
    (37, named("Zürich"), f"14: kaazing.cluster: got 'Z\\xfcrich', which is not such, {NAME}"),
    (37, named("7"), f"14: kaazing.cluster: got 7, {NAME}"),
    (
        37,
        more("multicast: udp://239.192.0.1:54327"),
        f"24: kaazing.multicast: is no field, a VPC carries no multicast, so {ALL}, allowed: {FIELDS}",
    ),
    (
        37,
        PLACED.replace("10.0.1.10}\n  c", "239.192.0.1}\n  c"),
        (
            "6: nodes.b.address: got '239.192.0.1', want one of 10.0.1.0/24, but for the first four and the last (AWS "
            "keeps them)"
        ),
    ),
    (
        37,
        own(("name: wss\n", "name: a&b\n"), ("  cluster: Gateways of Basel\n", "")),
        f"1: name: got 'a&b', {OWN_NAME}",
    ),
]
"""Entries of the catalogue."""

BESIDE: list[tuple[str, str]] = [
    (
        own((DOMAIN, ""), (OWN, "")),
        (
            "12: kaazing.host: is missing, and the gateway answers 404 to a request for any other host than its "
            "services', want the public name that users' URIs have such as gateway.example.org, or balancer.domain"
        ),
    ),
    (
        own((OWN, "  host: wss.example.org\n")),
        (
            "15: kaazing.host: got 'wss.example.org', but balancer.domain.name is 'gateway.example.org', to which the "
            "gateway would answer 404, want one name for both, or no kaazing.host"
        ),
    ),
    (at("10.64.0.10"), f"14: kaazing.host: got '10.64.0.10', whose last part has more than letters, {HOST}"),
    (at("'@eth0'"), f"14: kaazing.host: got '@eth0', which is not a host name, {HOST}"),
    (at("gateway"), f"14: kaazing.host: got 'gateway', which has no dot, {HOST}"),
    (
        at("gateway.example.org:443"),
        f"14: kaazing.host: got 'gateway.example.org:443', which is not a host name, {HOST}",
    ),
    (at("'*.example.org'"), f"14: kaazing.host: got '*.example.org', which is not a host name, {HOST}"),
    (
        at("wss://gateway.example.org/echo"),
        f"14: kaazing.host: got 'wss://gateway.example.org/echo', which is not a host name, {HOST}",
    ),
    (own(("heartbeat: 60", "heartbeat: 4")), f"22: kaazing.heartbeat: got 4, {HEARTBEAT}"),
    (own(("heartbeat: 60", "heartbeat: 601")), f"22: kaazing.heartbeat: got 601, {HEARTBEAT}"),
    (own(("heartbeat: 60", "heartbeat: 7.5")), f"22: kaazing.heartbeat: got 7.5, {HEARTBEAT}"),
    (own(("idle: 300", "idle: 9")), f"23: kaazing.idle: got 9, {IDLE}"),
    (own(("idle: 300", "idle: 4001")), f"23: kaazing.idle: got 4001, {IDLE}"),
    (own(("idle: 300", "idle: true")), f"23: kaazing.idle: got true, {IDLE}"),
    (own(("http_port: 8000", "http_port: 80")), f"17: kaazing.http_port: got 80, {PORT}"),
    (
        own(("member_port: 5942", "member_port: 8000")),
        "18: kaazing.member_port: got 8000, which is also kaazing.http_port, want a port of its own",
    ),
    (
        own(("path: /echo", "path: echo")),
        (
            "21: kaazing.path: got 'echo', which is not such a path, want a path such as /actuator/health, of letters, "
            "digits and . _ ~ - between single slashes"
        ),
    ),
    (more("connect: [tcp://10.0.0.1:5942]"), f"24: kaazing.connect: is no field, {ALL}, allowed: {FIELDS}"),
    (more("accept: tcp://@eth0:5942"), f"24: kaazing.accept: is no field, {ALL}, allowed: {FIELDS}"),
    (
        more("discovery: aws://security-group:5942/g"),
        f"24: kaazing.discovery: is no field, aws:// needs keys in the gateway's file, so {ALL}, allowed: {FIELDS}",
    ),
    (
        more("balancer: http://gateway.example.org/"),
        (
            "24: kaazing.balancer: is no field, a <balancer> would send users to nodes past the load balancer "
            f"(balancer), allowed: {FIELDS}"
        ),
    ),
    (
        more("access_key: AKIAIOSFODNN7EXAMPLE"),
        (
            "24: kaazing.access_key: is unknown, and no secret stands in a cluster file (Muster generates them), "
            f"allowed: {FIELDS}"
        ),
    ),
    (more("hart_beat: 5"), f"24: kaazing.hart_beat: is unknown (did you mean 'heartbeat'?), allowed: {FIELDS}"),
    (
        own(("cookie: balancer", "cookie: JSESSIONID")),
        (
            "12: balancer.stickiness.cookie: got 'JSESSIONID', but gateways set no cookie, and answer 404 to a session "
            "of the HTTP emulation on another, want balancer"
        ),
    ),
    (
        own(("cookie: balancer", "cookie: AWSALB")),
        f"12: balancer.stickiness.cookie: got 'AWSALB', which the balancer keeps for itself, {COOKIE}",
    ),
    (
        own(("cookie: balancer", "cookie: AWSALBCORS")),
        f"12: balancer.stickiness.cookie: got 'AWSALBCORS', which the balancer keeps for itself, {COOKIE}",
    ),
    (
        own(("java: 17", "java: 21")),
        "7: instance.java: got 21, with which kaazing does not run on amazon-linux-2023, want 8 or 11 or 17",
    ),
    (
        own(("amazon-linux-2023, java: 17", "debian-12, java: 8")),
        "7: instance.java: got 8, with which kaazing does not run on debian-12, want 17",
    ),
    (own(("5.6.2.zip", "5.6.2.jar")), "8: artifact.file: got 'kaazing-gateway-5.6.2.jar', want a .zip for kaazing"),
    (
        own(("t4g.medium", "t4g.nano")),
        "7: instance.type: got 't4g.nano', which has 0.5 GiB of memory, want a type with 1 GiB or more for kaazing",
    ),
    (own(("  b: {zone: eu-west-1b}\n", "")), "4: nodes: got 1, want 2 to 16 nodes for kaazing"),
    (
        own(("kaazing:\n", "database: {port: 9092}\nkaazing:\n")),
        "13: database: is not for kaazing, which has no H2 pair, want none",
    ),
    (
        own(("kaazing:\n", "  admin: {route: path}\nkaazing:\n")),
        "13: balancer.admin: is not for kaazing, which has no admin path, want none",
    ),
    (PLACED, "6: nodes.b.address: got '10.0.1.10', which is also that of node a, want another"),
    (outside("[]"), f"24: kaazing.outside: got 0 entries, {OUTSIDE}"),
    (outside(str([*range(5000, 5021)])), f"24: kaazing.outside: got 21 entries, {OUTSIDE}"),
    (outside("61616"), f"24: kaazing.outside: got 61616, {OUTSIDE}"),
    (outside("[0]"), "24: kaazing.outside.0: got 0, want a port from 1 to 65535"),
    (outside("[25, 65536]"), "24: kaazing.outside.1: got 65536, want a port from 1 to 65535"),
    (outside("['25']"), "24: kaazing.outside.0: got '25', want a port from 1 to 65535"),
    (outside("[true]"), "24: kaazing.outside.0: got true, want a port from 1 to 65535"),
    (outside("[389, 25, 389]"), "24: kaazing.outside.2: got 389 twice, want it once"),
    (
        own(("kaazing:\n", "network: {egress: endpoints}\nkaazing:\n")),
        (
            "25: kaazing.outside: is for what no node of a VPC of the cluster's own reaches by endpoints, want none, "
            "network.egress: nat or nat-per-zone, or network.vpc: a VPC with a way there"
        ),
    ),
]
"""What the catalogue does not count."""
