"""What a cluster file of Axon.ivy is refused for, and the file with every field of it."""

from typing import Final

from tests.spec_help import COOKIE, changed, placed

AXONIVY: Final = """\
name: ivy
product: axonivy
region: eu-west-1
nodes:
  a: {zone: eu-west-1a}
  b: {zone: eu-west-1b}
  c: {zone: eu-west-1a}
instance: {type: t4g.medium, os: amazon-linux-2023, java: 17}
artifact: {file: artifacts/axonivy-engine-9.4.0.zip}
balancer: {stickiness: {cookie: JSESSIONID, hours: 8}}
axonivy:
  version: '9.4'
  weights: {a: 4, b: 2, c: 2}
  licence: artifacts/axonivy.lic
  database:
    url: jdbc:postgresql://db.example.org:5432/ivy
    driver: org.postgresql.Driver
    secret: arn:aws:secretsmanager:eu-west-1:123456789012:secret:ivy-AbCdEf
  shared: efs
  home: /opt/ivy
  http_port: 8080
  jgroups_port: 7800
  peer_port: 9181
  readiness_port: 9180
  outside: [9200, 25]
"""
"""A cluster file with every field of the product."""

PLACED: Final = placed(
    "ivy",
    "axonivy",
    "axonivy-engine-9.4.0.zip",
    """\
axonivy:
  version: '9.4'
  licence: artifacts/axonivy.lic
  database:
    url: jdbc:mariadb://db.example.org/ivy
    secret: arn:aws:secretsmanager:eu-west-1:123456789012:secret:ivy-AbCdEf
  shared: fs-0123456789abcdef0
""",
)
"""A cluster file with two nodes of one address, and a file system that is there already."""

FIELDS: Final = (
    "version, weights, licence, database, shared, outside, home, http_port, tls_port, jgroups_port, peer_port, "
    "readiness_port"
)
VERSION: Final = "want an engine's version from 8.0 to 13.2, in quotes, such as '9.4'"
WEIGHT: Final = "want a whole number of 1 or more"
LICENCE: Final = "want the path of the licence (.lic), whose name has only letters, digits and . _ -"
URL: Final = (
    "want the address of a PostgreSQL, MySQL, MariaDB, SQL Server or Oracle database such as "
    "jdbc:postgresql://db.example.org:5432/ivy"
)
SHARED: Final = "want `efs` for a file system of the cluster's own, an EFS id, or the folder that your own image mounts"
ADDRESS: Final = "jdbc:postgresql://db.example.org:5432/ivy"
WEIGHTS: Final = "{a: 4, b: 2, c: 2}"
DATABASE: Final = """\
  database:
    url: jdbc:postgresql://db.example.org:5432/ivy
    driver: org.postgresql.Driver
    secret: arn:aws:secretsmanager:eu-west-1:123456789012:secret:ivy-AbCdEf
"""
NAME: Final = "want 1 to 24 lower-case letters, digits and -, beginning with a letter and not ending with -"
OUTSIDE: Final = "want a list of 1 to 20 TCP ports such as [61616]"
NO_EFS: Final = (
    "but debian-12 has no amazon-efs-utils, which mount a file system of EFS, want instance.os: amazon-linux-2023, or "
    "the folder that your own image (instance.ami) mounts"
)
SECRET: Final = "user and password stand in your own secret (axonivy.database.secret), allowed: url, driver, secret"
HTTP: Final = "the load balancer speaks HTTP with nodes, and AJP is off"


def own(*edits: tuple[str, str]) -> str:
    """Return the full file with each of `edits` made."""
    text = AXONIVY
    for old, new in edits:
        text = changed(text, old, new)
    return text


def weighed(weights: str) -> str:
    """Return the full file with these weights."""
    return own((WEIGHTS, weights))


def cookie(name: str) -> str:
    """Return the full file with users kept by this cookie."""
    return own(("cookie: JSESSIONID", f"cookie: {name}"))


def at(url: str) -> str:
    """Return the full file with its database at this address."""
    return own((ADDRESS, url))


def outside(ports: str) -> str:
    """Return the full file with these ports outside."""
    return own(("outside: [9200, 25]", f"outside: {ports}"))


def more(field: str) -> str:
    """Return the full file with one more field in the product's block."""
    return own(("  home: /opt/ivy\n", f"  home: /opt/ivy\n  {field}\n"))


CATALOGUE: list[tuple[int, str, str]] = [
    (32, weighed("{a: 0, b: 1}"), f"13: axonivy.weights.a: got 0, {WEIGHT}"),
    (32, weighed("{a: -2, b: 1}"), f"13: axonivy.weights.a: got -2, {WEIGHT}"),
    (32, weighed("{a: 2, b: 1.5}"), f"13: axonivy.weights.b: got 1.5, {WEIGHT}"),
    (32, weighed("{a: 2.0, b: 1}"), f"13: axonivy.weights.a: got 2.0, {WEIGHT}"),
    (32, weighed("{a: true, b: 1}"), f"13: axonivy.weights.a: got true, {WEIGHT}"),
    (32, weighed("{a: '2'}"), f"13: axonivy.weights.a: got '2', {WEIGHT}"),
    (32, weighed("{a: }"), f"13: axonivy.weights.a: got nothing, {WEIGHT}"),
    (32, weighed("2"), "13: axonivy.weights: got 2, want a mapping of nodes to weights such as {a: 2, b: 1}"),
    (
        32,
        weighed("{a: 6}"),
        (
            "13: axonivy.weights.a: got 6, which is 6 ports beside the others, want at most 5 ports a node, such as "
            "{a: 5, b: 1, c: 1}"
        ),
    ),
    (
        32,
        weighed("{a: 1000000000000}"),
        (
            "13: axonivy.weights.a: got 1000000000000, which is 1000000000000 ports beside the others, want at most 5 "
            "ports a node, such as {a: 5, b: 1, c: 1}"
        ),
    ),
    (32, weighed("{d: 2}"), "13: axonivy.weights.d: is the weight of no node, want one of a, b, c"),
    (
        32,
        own(("  c: {zone", "  server: {zone"), (WEIGHTS, "{sever: 2}")),
        "13: axonivy.weights.sever: is the weight of no node (did you mean 'server'?), want one of a, b, server",
    ),
    (
        32,
        weighed("{a: 0, d: 2}"),
        (
            f"13: axonivy.weights.a: got 0, {WEIGHT}\n"
            "13: axonivy.weights.d: is the weight of no node, want one of a, b, c"
        ),
    ),
    (
        32,
        own((WEIGHTS, "{a: 5}"), ("http_port: 8080", "http_port: 65500")),
        ("21: axonivy.http_port: got 65500, from which 5 ports in steps of 10 lead to 65540, want one such as 65495"),
    ),
    (
        38,
        own(("  c: {zone", "  c.1: {zone"), (WEIGHTS, "{}")),
        (
            "7: nodes.c.1: got 'c.1', want 1 to 15 lower-case letters, digits and -, beginning with a letter and not "
            "ending with -"
        ),
    ),
    (38, more("route: a.b"), f"21: axonivy.route: is no field, it is the node's name, allowed: {FIELDS}"),
    (
        38,
        more("workers: [a, b]"),
        (
            "21: axonivy.workers: is no field, nodes have weights in axonivy.weights in place of workers, allowed: "
            f"{FIELDS}"
        ),
    ),
]
"""Entries of the catalogue."""

BESIDE: list[tuple[str, str]] = [
    (own(("  version: '9.4'\n", "")), f"11: axonivy.version: is missing, {VERSION}"),
    (own(("'9.4'", "9.4")), f"12: axonivy.version: got 9.4, {VERSION}"),
    (own(("'9.4'", "nine")), f"12: axonivy.version: got 'nine', which is no version, {VERSION}"),
    (
        own(("'9.4'", "7.4.0")),
        (
            "12: axonivy.version: got '7.4.0', whose ports stand in its system database, the nearest that is set up by "
            f"files is 8.0, {VERSION}"
        ),
    ),
    (
        own(("'9.4'", "14.0.0")),
        (
            "12: axonivy.version: got '14.0.0', which needs Java 25, the nearest that runs with Java 21 is 13.2, "
            f"{VERSION}"
        ),
    ),
    (own(("  licence: artifacts/axonivy.lic\n", "")), f"11: axonivy.licence: is missing, {LICENCE}"),
    (own(("axonivy.lic", "axonivy.txt")), f"14: axonivy.licence: got 'artifacts/axonivy.txt', {LICENCE}"),
    (own(("  shared: efs\n", "")), f"11: axonivy.shared: is missing, {SHARED}"),
    (
        own((DATABASE, "")),
        "11: axonivy.database: is missing, want a mapping of url, driver, secret, as all nodes share one",
    ),
    (own(("shared: efs", "shared: true")), f"19: axonivy.shared: got true, {SHARED}"),
    (own(("shared: efs", "shared: fs-1")), f"19: axonivy.shared: got 'fs-1', which is not such, {SHARED}"),
    (
        own(("shared: efs", "shared: /mnt/../etc")),
        f"19: axonivy.shared: got '/mnt/../etc', which holds . or .., {SHARED}",
    ),
    (
        own(("shared: efs", "shared: /mnt/ivy")),
        (
            "19: axonivy.shared: got '/mnt/ivy', which only an image of your own (instance.ami) has mounted, want it, "
            "`efs` or an EFS id"
        ),
    ),
    (
        own(("shared: efs", "shared: fs-0123456789abcdef0")),
        (
            "19: axonivy.shared: got 'fs-0123456789abcdef0', which is reached in one VPC alone, but the cluster makes "
            "one of its own, want `efs`, or network.vpc: the VPC of its mount targets"
        ),
    ),
    (
        own(("home: /opt/ivy", "home: /mnt/axonivy/engine")),
        (
            "20: axonivy.home: got '/mnt/axonivy/engine', which is not apart from /mnt/axonivy, the folder that all "
            "nodes share, want another"
        ),
    ),
    (
        at(f"jdbc:mysql://{'a:/' * 200}"),
        f"16: axonivy.database.url: got 'jdbc:mysql://{'a:/' * 15}a..., which is too long, {URL}",
    ),
    (at("jdbc:h2:mem:ivy"), f"16: axonivy.database.url: got 'jdbc:h2:mem:ivy', which is not such, {URL}"),
    (
        at("jdbc:mysql://localhost/ivy"),
        (
            "16: axonivy.database.url: got 'jdbc:mysql://localhost/ivy', which each node would look for on itself, "
            f"{URL}"
        ),
    ),
    (
        at("jdbc:mysql://db.example.org:99999/ivy"),
        f"16: axonivy.database.url: got 'jdbc:mysql://db.example.org:99999/ivy', whose port is none, {URL}",
    ),
    (
        at("jdbc:oracle:thin:ivy/geheim@db.example.org:1521:ivy"),
        (
            "16: axonivy.database.url: got 'jdbc:oracle:thin:ivy/geheim@db.example.org:1521:ivy', in which a password "
            f"may stand (its user has it in database.secret), {URL}"
        ),
    ),
    (
        at("jdbc:mysql://db.example.org/ivy?password=x"),
        (
            "16: axonivy.database.url: got 'jdbc:mysql://db.example.org/ivy?password=x', in which a password may stand "
            f"(its user has it in database.secret), {URL}"
        ),
    ),
    (
        own(("    secret:", "    password: geheim\n    secret:")),
        f"18: axonivy.database.password: is no field, {SECRET}",
    ),
    (own(("    secret:", "    user: ivy\n    secret:")), f"18: axonivy.database.user: is no field, {SECRET}"),
    (
        own(("secret: arn:aws:secretsmanager:eu-west-1:123456789012:secret:ivy-AbCdEf", "secret: geheim")),
        (
            "18: axonivy.database.secret: got 'geheim', want the whole ARN of a secret: "
            "arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-SUFFIX"
        ),
    ),
    (
        own(("secretsmanager:eu-west-1", "secretsmanager:eu-west-2")),
        "18: axonivy.database.secret: got a secret in 'eu-west-2', want one in the region eu-west-1",
    ),
    (
        own(("driver: org.postgresql.Driver", "driver: Driver")),
        "17: axonivy.database.driver: got 'Driver', want the name of a Java class such as org.postgresql.Driver",
    ),
    (
        cookie("AWSALB"),
        f"10: balancer.stickiness.cookie: got 'AWSALB', which the balancer keeps for itself, {COOKIE}",
    ),
    (
        cookie("AWSALBAPP-0"),
        f"10: balancer.stickiness.cookie: got 'AWSALBAPP-0', which the balancer keeps for itself, {COOKIE}",
    ),
    (
        cookie("AWSALBTG"),
        f"10: balancer.stickiness.cookie: got 'AWSALBTG', which the balancer keeps for itself, {COOKIE}",
    ),
    (
        cookie("awsalbtgcors"),
        f"10: balancer.stickiness.cookie: got 'awsalbtgcors', which the balancer keeps for itself, {COOKIE}",
    ),
    (
        cookie("IVYSESSIONID"),
        (
            "10: balancer.stickiness.cookie: got 'IVYSESSIONID', which an engine 9.4 does not set, want JSESSIONID or "
            "balancer"
        ),
    ),
    (
        own(("java: 17", "java: 21")),
        "8: instance.java: got 21, with which axonivy does not run on amazon-linux-2023, want 17",
    ),
    (
        own(("amazon-linux-2023, java: 17", "debian-12"), ("'9.4'", "12.0.8")),
        (
            "8: instance.os: got 'debian-12', whose only Java is 17, but the engine 12.0.8 runs with 21, want "
            "amazon-linux-2023; engines with Java 17 begin with 9.4\n"
            f"19: axonivy.shared: got 'efs', {NO_EFS}"
        ),
    ),
    (
        own(("jgroups_port: 7800", "jgroups_port: 8080")),
        "22: axonivy.jgroups_port: got 8080, which is also axonivy.http_port, want a port of its own",
    ),
    (more("ajp_port: 8009"), f"21: axonivy.ajp_port: is no field, {HTTP}, allowed: {FIELDS}"),
    (
        more("cookie: IVYSESSIONID"),
        f"21: axonivy.cookie: is no field, it stands in balancer.stickiness.cookie, allowed: {FIELDS}",
    ),
    (more("license: x.lic"), f"21: axonivy.license: is unknown (did you mean 'licence'?), allowed: {FIELDS}"),
    (
        own(("  b: {zone: eu-west-1b}\n  c: {zone: eu-west-1a}\n", ""), (WEIGHTS, "{}")),
        "4: nodes: got 1, want 2 to 8 nodes for axonivy",
    ),
    (own(("9.4.0.zip", "9.4.0.jar")), "9: artifact.file: got 'axonivy-engine-9.4.0.jar', want a .zip for axonivy"),
    (PLACED, "6: nodes.b.address: got '10.0.1.10', which is also that of node a, want another"),
    (
        PLACED.replace("10.0.1.10}\n  c", "239.192.0.1}\n  c"),
        (
            "6: nodes.b.address: got '239.192.0.1', want one of 10.0.1.0/24, but for the first four and the last (AWS "
            "keeps them)"
        ),
    ),
    (own(("name: ivy\n", "name: i<v>y\n")), f"1: name: got 'i<v>y', {NAME}"),
    (
        own(("amazon-linux-2023", "debian-12")),
        f"19: axonivy.shared: got 'efs', {NO_EFS}",
    ),
    (outside("[]"), f"25: axonivy.outside: got 0 entries, {OUTSIDE}"),
    (outside("9200"), f"25: axonivy.outside: got 9200, {OUTSIDE}"),
    (outside("[9200, 0]"), "25: axonivy.outside.1: got 0, want a port from 1 to 65535"),
    (outside("[9200, 9200]"), "25: axonivy.outside.1: got 9200 twice, want it once"),
    (
        own(("  outside", "network: {egress: endpoints}\n#")),
        (
            "25: network.egress: got 'endpoints', by which no node of a VPC of the cluster's own reaches its database, "
            "want nat or nat-per-zone, or network.vpc: a VPC from which the database is reached"
        ),
    ),
    (
        own(("name: ivy\n", "name: ivy\naccount: '210987654321'\n")),
        (
            "19: axonivy.database.secret: got a secret of the account '123456789012', want one of 210987654321, the "
            "cluster's"
        ),
    ),
    (
        own(("arn:aws:secretsmanager:eu-west-1", "arn:aws-cn:secretsmanager:eu-west-1")),
        ("18: axonivy.database.secret: got a secret in the partition 'aws-cn', want one in 'aws' as eu-west-1 is"),
    ),
    (
        changed(PLACED, "t4g.medium", "t4g.medium, os: debian-12").replace(
            "b: {zone: eu-west-1a, address: 10.0.1.10}", "b: {zone: eu-west-1a, address: 10.0.1.11}"
        ),
        f"27: axonivy.shared: got 'fs-0123456789abcdef0', {NO_EFS}",
    ),
]
"""What the catalogue does not count."""
