"""What a cluster file of WSO2 AS is refused for, and the file with every field of it."""

from typing import Final

from tests.spec_help import CERTIFICATE, changed, placed

SERVER: Final = f"""\
name: as
product: wso2-as
region: eu-west-1
nodes:
  a: {{zone: eu-west-1a, group: mgt}}
  b: {{zone: eu-west-1b, group: mgt}}
  c: {{zone: eu-west-1a, group: worker}}
instance: {{type: t4g.medium, os: amazon-linux-2023, java: 8}}
artifact: {{file: artifacts/wso2as-5.3.0.zip}}
balancer:
  certificate: {CERTIFICATE}
  stickiness: {{cookie: balancer, hours: 8}}
network: {{egress: nat}}
wso2as:
  version: '5.3.0'
  membership: aws
  domain: wso2.as.domain
  home: /opt/wso2
  http_port: 9764
  member_port: 4250
  peer_port: 9181
  readiness_port: 9180
  heartbeat: 60
  short_heartbeat: false
  proxy: {{host: proxy.example.org, port: 3128}}
  trust: artifacts/ca.pem
  management: mgt.as.example.org
  host: as.example.org
  management_clients: [10.64.1.0/24, 10.64.2.7/32]
  proxy_ports: {{http: 8280, https: 8243}}
  socket_timeout: 6
  tenant_range: '*'
  committer: b
  tenants: append
  artifacts:
    url: http://10.100.3.115/svn/repos/as
    commit_secret: arn:aws:secretsmanager:eu-west-1:123456789012:secret:as-commit-AbCdEf
    checkout_secret: arn:aws:secretsmanager:eu-west-1:123456789012:secret:as-checkout-AbCdEf
  svn_port: 3690
  database:
    url: jdbc:mysql://db.example.org/wso2
    secret: arn:aws:secretsmanager:eu-west-1:123456789012:secret:as-db-AbCdEf
    driver: com.mysql.jdbc.Driver
"""
"""A cluster file with every field of the product but those of a database that is made."""

GIVEN: Final = """\
    url: jdbc:mysql://db.example.org/wso2
    secret: arn:aws:secretsmanager:eu-west-1:123456789012:secret:as-db-AbCdEf
    driver: com.mysql.jdbc.Driver
"""
ARTIFACTS: Final = """\
  artifacts:
    url: http://10.100.3.115/svn/repos/as
    commit_secret: arn:aws:secretsmanager:eu-west-1:123456789012:secret:as-commit-AbCdEf
    checkout_secret: arn:aws:secretsmanager:eu-west-1:123456789012:secret:as-checkout-AbCdEf
"""
PROXY: Final = "  proxy: {host: proxy.example.org, port: 3128}\n"
MADE: Final = "    engine: postgres\n    class: db.m7g.large\n    storage: 100\n    multi_az: false\n"

HOST: Final = "want a host name in lower case such as gateway.example.org, of at most 128 characters"
SECONDS: Final = "want whole seconds from 1 to 4000"
URL: Final = "want the address of a Subversion repository such as https://svn.example.org/repos/as or svn://10.0.3.7/as"
FIELDS: Final = (
    "version, membership, domain, home, http_port, member_port, peer_port, readiness_port, heartbeat, short_heartbeat, "
    "proxy, outside, trust, management, host, management_clients, proxy_ports, socket_timeout, tenant_range, "
    "committer, tenants, artifacts, svn_port, database"
)
ENDPOINTS: Final = "13: network.egress: got 'endpoints', by which no node of a VPC of the cluster's own reaches"
LONG: Final = ".".join(["a" * 63] * 2 + ["example"])
ARN: Final = "arn:aws:secretsmanager:eu-west-1:123456789012:secret"


def own(*edits: tuple[str, str]) -> str:
    """Return the full file with each of `edits` made."""
    text = SERVER
    for old, new in edits:
        text = changed(text, old, new)
    return text


def made(*edits: tuple[str, str]) -> str:
    """Return the full file with a database that is made, and `edits` after that."""
    text = changed(SERVER, GIVEN, MADE)
    for old, new in edits:
        text = changed(text, old, new)
    return text


ACCEPTED: Final = {
    "every field": SERVER,
    "one management node, which commits unsaid": own(
        ("  b: {zone: eu-west-1b, group: mgt}\n", "  b: {zone: eu-west-1b, group: worker}\n"), ("  committer: b\n", "")
    ),
    "the only management node is taken out": own(
        ("  a: {zone: eu-west-1a, group: mgt}\n", ""), ("1b, group: mgt}", "1b, group: mgt, present: false}")
    ),
    "the other management node is taken out": own(("1a, group: mgt}", "1a, group: mgt, present: false}")),
    "a database that is made": made(),
    "a database that is made, endpoints": made(("egress: nat", "egress: endpoints"), (PROXY, ""), (ARTIFACTS, "")),
    "a domain": own(
        ("  host: as.example.org\n", ""),
        ("network:", "  domain: {name: as.example.org, zone: Z0123456789ABC}\nnetwork:"),
    ),
    "both names of the host": own(
        ("network:", "  domain: {name: as.example.org, zone: Z0123456789ABC}\nnetwork:"),
    ),
    "the longest time-out": own(("socket_timeout: 6\n", "socket_timeout: 4000\n")),
    "the guide's version": own(("'5.3.0'", "'5.2.0'")),
    "its patches": own(("'5.3.0'", "'5.2.1'")),
    "from everywhere, administrators from somewhere": own(("balancer:\n", "balancer:\n  scheme: internet-facing\n")),
    "svn": own(("http://10.100.3.115/svn/repos/as", "svn://svn.example.org:3691/as/")),
}
"""Files that are nothing wrong."""

REFUSED: Final[list[tuple[str, str]]] = [
    (
        own(("1b, group: mgt}", "1b, group: mgt, present: false}")),
        (
            "6: nodes.b.present: got false for the node that commits artifacts, which nobody else would do, want "
            "wso2as.committer: a first, by a deployment of its own"
        ),
    ),
    (own(("  version: '5.3.0'\n", "")), "14: wso2as.version: is missing, want 5.2.0 or 5.2.1 or 5.3.0"),
    (
        own(("'5.3.0'", "'5.1.0'")),
        "15: wso2as.version: got '5.1.0' (did you mean '5.3.0'?), want 5.2.0 or 5.2.1 or 5.3.0",
    ),
    (
        own(("  version: '5.3.0'\n", "  version: '5.3.0'\n  kernel: 4.4.1\n")),
        f"16: wso2as.kernel: is no field, it follows from wso2as.version, allowed: {FIELDS}",
    ),
    (
        own(("  management: mgt.as.example.org\n", "")),
        (
            "14: wso2as.management: is missing, want a host name in lower case such as mgt.as.example.org, of at "
            "most 128 "
            "characters"
        ),
    ),
    (
        own(("management: mgt.as", "management: mgt_as.as")),
        f"27: wso2as.management: got 'mgt_as.as.example.org', which is not a host name, {HOST}",
    ),
    (
        own(("management: mgt.as", "management: '*.as")).replace("'*.as.example.org", "'*.as.example.org'"),
        f"27: wso2as.management: got '*.as.example.org', which is not a host name, {HOST}",
    ),
    (
        own(("management: mgt.as.example.org", f"management: {LONG}")),
        f"27: wso2as.management: got '{LONG[:59]}..., which is longer than 128 characters, {HOST}",
    ),
    (
        own(("management: mgt.as.example.org", "management: as.example.org")),
        (
            "27: wso2as.management: got 'as.example.org', by which users come, want a host name of its own such as "
            "mgt.as.example.org"
        ),
    ),
    (
        own(("  host: as.example.org\n", "")),
        (
            "14: wso2as.host: is missing, and the balancer tells users and administrators apart by host names "
            "alone, want "
            "the host name by which users come such as as.example.org, or balancer.domain"
        ),
    ),
    (
        own(("network:", "  domain: {name: www.example.org, zone: Z0123456789ABC}\nnetwork:")),
        (
            "29: wso2as.host: got 'as.example.org', but balancer.domain.name is 'www.example.org', which would lead "
            "nowhere, want one name for both, or no wso2as.host"
        ),
    ),
    (
        own((f"  certificate: {CERTIFICATE}\n", "")),
        (
            "10: balancer.certificate: is missing, and the management console answers nobody but by HTTPS, want "
            "the ARN of "
            "a certificate in ACM: arn:aws:acm:REGION:ACCOUNT:certificate/ID, for both host names"
        ),
    ),
    (
        own(("c: {zone: eu-west-1a, group: worker}", "c: {zone: eu-west-1a}")),
        "7: nodes.c.group: is missing, want mgt (management) or worker (users)",
    ),
    (
        own(("group: worker", "group: workers")),
        "7: nodes.c.group: got 'workers' (did you mean 'worker'?), want mgt or worker",
    ),
    (
        own(("group: worker", "group: mgt")),
        (
            "4: nodes: got 0 with group: worker, want 1 or more for users\n"
            "4: nodes: got 3 with group: mgt, want 1 or 2 of management"
        ),
    ),
    (
        own(("committer: b", "committer: c")),
        "33: wso2as.committer: got 'c', which is a worker, want a or b",
    ),
    (
        own(("  committer: b\n", "")),
        (
            "14: wso2as.committer: is missing, and a new management node whose name comes first would become the "
            "committer with an empty repository, want a or b"
        ),
    ),
    (
        own(("committer: b", "committer: d")),
        "33: wso2as.committer: got 'd', which is no node of a group, want a or b",
    ),
    (
        own(("cookie: balancer", "cookie: JSESSIONID")),
        (
            "12: balancer.stickiness.cookie: got 'JSESSIONID', of which each web application has one of its own, "
            "so that "
            "one moves users of another, want balancer"
        ),
    ),
    (
        own(("https: 8243", "https: 8280")),
        "30: wso2as.proxy_ports.https: got 8280, which is also that of HTTP, want a port of its own",
    ),
    (
        own(("socket_timeout: 6\n", "socket_timeout: 0\n")),
        (
            "31: wso2as.socket_timeout: got 0, by which nothing ever times out, and no balancer does that, "
            f"{SECONDS}; the nearest is 4000"
        ),
    ),
    (
        own(("socket_timeout: 6\n", "socket_timeout: 6000\n")),
        f"31: wso2as.socket_timeout: got 6000, {SECONDS} (http.socket.timeout is in milliseconds: its 6000 are 6 s)",
    ),
    (own(("socket_timeout: 6\n", "socket_timeout: -1\n")), f"31: wso2as.socket_timeout: got -1, {SECONDS}"),
    (own(("socket_timeout: 6\n", "socket_timeout: true\n")), f"31: wso2as.socket_timeout: got true, {SECONDS}"),
    (
        own(("tenant_range: '*'", "tenant_range: 1-100")),
        (
            "32: wso2as.tenant_range: got '1-100', but every node of a group serves all tenants, want '*' (or no "
            "tenant_range)"
        ),
    ),
    (
        own(("10.64.2.7/32]", "10.64.0.0/16]")),
        (
            "29: wso2as.management_clients.1: got '10.64.0.0/16', which overlaps '10.64.1.0/24', want networks "
            "that do not "
            "overlap"
        ),
    ),
    (
        own(("10.64.2.7/32]", "192.168.0.0/16]")),
        (
            "29: wso2as.management_clients.1: got '192.168.0.0/16', which the balancer keeps out, want a network of "
            "10.64.0.0/20"
        ),
    ),
    (
        own(("network:", "  clients: [172.16.0.0/12]\nnetwork:")),
        (
            "30: wso2as.management_clients.0: got '10.64.1.0/24', which the balancer keeps out, want a network of "
            "172.16.0.0/12\n30: wso2as.management_clients.1: got '10.64.2.7/32', which the balancer keeps out, want a "
            "network of 172.16.0.0/12"
        ),
    ),
    (
        own(("[10.64.1.0/24, 10.64.2.7/32]", "[0.0.0.0/0]")),
        "29: wso2as.management_clients.0: got '0.0.0.0/0', which is everyone, want networks of administrators, or none",
    ),
    (
        own(("os: amazon-linux-2023, java: 8", "os: debian-12")),
        "8: instance.os: got 'debian-12', whose only Java is 17, but WSO2 AS runs with 8, want amazon-linux-2023",
    ),
    (
        own(("java: 8", "java: 17")),
        "8: instance.java: got 17, with which wso2-as does not run on amazon-linux-2023, want 8",
    ),
    (
        own(("heartbeat: 60", "heartbeat: 10"), ("short_heartbeat: false\n", "trust: artifacts/x.pem\n")).replace(
            "  trust: artifacts/ca.pem\n", ""
        ),
        (
            "23: wso2as.heartbeat: got 10, which pauses of a Java machine or of its host exceed, and then the cluster "
            "parts, want 30 or more (with short_heartbeat: true, for a rehearsal, 5 or more)"
        ),
    ),
    (
        own(("svn_port: 3690", "svn_port: 4250")),
        "39: wso2as.svn_port: got 4250, which is also wso2as.member_port, want a port of its own",
    ),
    (
        own(("http://10", "http://wso2:wso2123@10")),
        (
            "36: wso2as.artifacts.url: got 'http://wso2:wso2123@10.100.3.115/svn/repos/as', in which a user or a "
            "password "
            f"may stand (artifacts.commit_secret and checkout_secret have them), {URL}"
        ),
    ),
    (
        own(("http://10.100.3.115/svn/repos/as", "svn+ssh://10.100.3.115/as")),
        f"36: wso2as.artifacts.url: got 'svn+ssh://10.100.3.115/as', which is not such, {URL}",
    ),
    (
        own(("http://10.100.3.115/svn/repos/as", "svn://localhost/as")),
        f"36: wso2as.artifacts.url: got 'svn://localhost/as', which each node would look for on itself, {URL}",
    ),
    (
        own(("http://10.100.3.115/svn/repos/as", "svn://10.0.3.7:70000/as")),
        f"36: wso2as.artifacts.url: got 'svn://10.0.3.7:70000/as', whose port is none, {URL}",
    ),
    (
        own((f"{ARN}:as-checkout-AbCdEf", f"{ARN}:as-commit-AbCdEf")),
        (
            "38: wso2as.artifacts.checkout_secret: is also commit_secret, by which every worker could write, want the "
            "secret of an account that reads"
        ),
    ),
    (
        own((f"{ARN}:as-commit", f"{ARN.replace('west', 'central')}:as-commit")),
        "37: wso2as.artifacts.commit_secret: got a secret in 'eu-central-1', want one in the region eu-west-1",
    ),
    (
        own((f"    checkout_secret: {ARN}:as-checkout-AbCdEf\n", "    password: wso2123\n")),
        (
            "35: wso2as.artifacts.checkout_secret: is missing, want the whole ARN of a secret: "
            "arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-SUFFIX\n"
            "38: wso2as.artifacts.password: is no field, the accounts stand in your own secrets (commit_secret, "
            "checkout_secret), allowed: url, commit_secret, checkout_secret"
        ),
    ),
    (
        own(("tenants: append", "tenants: none")),
        "34: wso2as.tenants: got 'none', want append or single",
    ),
    (
        own(("egress: nat", "egress: endpoints"), (PROXY, "")),
        (
            f"{ENDPOINTS} its database, want nat or nat-per-zone, network.vpc: a VPC from which it is reached, or "
            f"database.engine\n{ENDPOINTS} the repository, want nat or nat-per-zone, network.vpc: a VPC from "
            f"which it is "
            "reached, or no wso2as.artifacts"
        ),
    ),
    (
        own((GIVEN, "    driver: com.mysql.jdbc.Driver\n")),
        (
            "40: wso2as.database: says no database, want url and secret (of one that is there), or engine (of "
            "one that is "
            "made)"
        ),
    ),
    (
        own((f"    secret: {ARN}:as-db-AbCdEf\n", "")),
        (
            '40: wso2as.database.secret: is missing, want the ARN of a secret with the user: {"username": ..., '
            '"password": ...}'
        ),
    ),
    (
        own(("    driver: com.mysql.jdbc.Driver\n", "    engine: mysql\n")),
        (
            "43: wso2as.database.engine: got 'mysql' beside a url, want url (one that is there) or engine (one that is "
            "made)"
        ),
    ),
    (
        own(("    driver: com.mysql.jdbc.Driver\n", "    class: db.t4g.large\n    storage: 30\n")),
        (
            "43: wso2as.database.class: is for a database that is made (engine), but this one is there already (url), "
            "want none\n44: wso2as.database.storage: is for a database that is made (engine), but this one is there "
            "already (url), want none"
        ),
    ),
    (
        made(("    multi_az: false\n", f"    secret: {ARN}:as-db-AbCdEf\n")),
        (
            "44: wso2as.database.secret: is for a database that is there (url): for one that is made, user and "
            "password "
            "are made too, want none"
        ),
    ),
    (
        made(("    multi_az: false\n", "    password: wso2123\n")),
        (
            "44: wso2as.database.password: is no field, they stand in a secret: yours (wso2as.database.secret), or one "
            "that is made, allowed: url, secret, engine, class, storage, multi_az, driver"
        ),
    ),
    (made(("postgres", "oracle")), "41: wso2as.database.engine: got 'oracle', want mysql or postgres"),
    (
        made(("db.m7g.large", "m7g.large")),
        "42: wso2as.database.class: got 'm7g.large', want an RDS class such as db.t4g.medium",
    ),
    (made(("storage: 100", "storage: 10")), "43: wso2as.database.storage: got 10, want whole GiB from 20 to 65536"),
    (
        own((".0.zip}", ".0.jar}")),
        "9: artifact.file: got 'wso2as-5.3.0.jar', want a .zip for wso2-as",
    ),
    (
        own(("network:", "database: {port: 9092}\nnetwork:")),
        "13: database: is not for wso2-as, which has no H2 pair, want none",
    ),
    (
        own(("network:", "  admin: {route: path}\nnetwork:")),
        "13: balancer.admin: is not for wso2-as, which has no admin path, want none",
    ),
    (
        placed(
            "as",
            "wso2-as",
            "wso2as-5.3.0.zip",
            f"balancer: {{certificate: {CERTIFICATE}}}\n"
            "wso2as: {version: '5.3.0', management: mgt.as.example.org, host: as.example.org}\n",
        ),
        (
            "5: nodes.a.group: is missing, want mgt (management) or worker (users)\n"
            "6: nodes.b.address: got '10.0.1.10', which is also that of node a, want another\n"
            "6: nodes.b.group: is missing, want mgt (management) or worker (users)\n"
            "7: nodes.c.group: is missing, want mgt (management) or worker (users)"
        ),
    ),
]
"""Files with the whole refusal of each."""
