"""What users of each product get wrong, and what somebody tries who means harm: files and the whole refusal of each."""

from collections.abc import Mapping
from typing import Final

from tests import refusals_of_axonivy as ivy
from tests import refusals_of_kaazing as kaazing
from tests import refusals_of_wso2 as carbon
from tests import refusals_of_wso2_as as server
from tests.refusals_of_values import NODE, S3, TYPE, VALUE, own
from tests.spec_help import COOKIE, SHA

HOME: Final = "want a path of at least two plain folder names such as /opt/as400gateway"
TAKEN: Final = "which belongs to the system or to Muster"
EMAIL: Final = "want an address such as operations@example.org"
CLIENT: Final = "want an IPv4 network such as 10.0.0.0/8 (one address: 192.0.2.1/32)"
ITSELF: Final = "which each node would look for on itself"
OWN_NAME: Final = "by which every machine calls itself"
FILE: Final = "want the path of a .jar or .zip whose name has only letters, digits and . _ -"
ELSEWHERE: Final = (
    "in 10.64.0.0/20, the VPC of the cluster's own, in which there is nothing else, want one outside of it, or "
    "network.vpc: the VPC in which it is"
)
BOUND: Final = "instance: {type: t4g.medium, os: amazon-linux-2023, java: 17"
OWN_IMAGE: Final = (BOUND, f"{BOUND}, ami: ami-0123456789abcdef0")


def _in_bucket(bucket: str) -> str:
    return own("{file: artifacts/as400-common-api-1.0.0.jar}", f"{{s3: {bucket}/x.jar, sha256: {SHA}}}")


def _mail(address: str) -> str:
    return own("operations@example.org", address)


def _home(folder: str) -> str:
    return own("home: /opt/as400gateway", f"home: {folder}")


def _proxy(host: str) -> str:
    return carbon.own(("proxy.example.org", host))


def _repository(url: str) -> str:
    return server.own(("http://10.100.3.115/svn/repos/as", url))


AS400GATEWAY: Final = [
    (own("[449, 8471]", "[449, 449]"), "30: as400gateway.outside.1: got 449 twice, want it once"),
    (
        own("[449, 8471]", "[ibmi.example.org:8471]"),
        "30: as400gateway.outside.0: got 'ibmi.example.org:8471', want a port from 1 to 65535",
    ),
    (
        own("egress: nat-per-zone", "egress: endpoints"),
        (
            "30: as400gateway.outside: is for what no node of a VPC of the cluster's own reaches by endpoints, want "
            "none, network.egress: nat or nat-per-zone, or network.vpc: a VPC with a way there"
        ),
    ),
    (_home("/var/lib"), f"30: as400gateway.home: got '/var/lib', {TAKEN}, {HOME}"),
    (_home("/usr/local"), f"30: as400gateway.home: got '/usr/local', {TAKEN}, {HOME}"),
    (_home("/opt/aws/bin"), f"30: as400gateway.home: got '/opt/aws/bin', {TAKEN}, {HOME}"),
    (
        _in_bucket("my..bucket"),
        f"11: artifact.s3: got 'my..bucket/x.jar', whose bucket is not a bucket's name, {S3}",
    ),
    (
        _in_bucket("192.168.5.4"),
        f"11: artifact.s3: got '192.168.5.4/x.jar', whose bucket is not a bucket's name, {S3}",
    ),
    (
        _in_bucket("jars--euw1-az1--x-s3"),
        f"11: artifact.s3: got 'jars--euw1-az1--x-s3/x.jar', whose bucket is not a bucket's name, {S3}",
    ),
    (
        own("artifacts/as400-common-api-1.0.0.jar", f"{'a' * 256}/x.jar"),
        f"11: artifact.file: got '{'a' * 59}..., which is too long, {FILE}",
    ),
    (
        own("cookie: JSESSIONID", "cookie: Balancer"),
        f"17: balancer.stickiness.cookie: got 'Balancer', which differs from `balancer` by case alone, {COOKIE}",
    ),
    (
        own("[10.0.0.0/8, 192.168.7.1/32]", "[0.0.0.0/1, 128.0.0.0/1]"),
        (
            "16: balancer.clients.0: got '0.0.0.0/1', which is wider than /8, for an internal balancer, want the "
            "networks of its users\n"
            "16: balancer.clients.1: got '128.0.0.0/1', which is wider than /8, for an internal balancer, want the "
            "networks of its users"
        ),
    ),
    (
        own("192.168.7.1/32", "240.0.0.0/4"),
        f"16: balancer.clients.1: got '240.0.0.0/4', from which no client comes, {CLIENT}",
    ),
    (
        own("192.168.7.1/32", "0.0.0.0/32"),
        f"16: balancer.clients.1: got '0.0.0.0/32', from which no client comes, {CLIENT}",
    ),
    (
        own("Gateway Basel", '""'),
        f"6: tags.team: got '', which is empty, as alarms take no tag without a value, {VALUE}",
    ),
    (_mail("ops..gw@example.org"), f"26: alarms.email: got 'ops..gw@example.org', {EMAIL}"),
    (_mail("ops@-example.org"), f"26: alarms.email: got 'ops@-example.org', {EMAIL}"),
    (own("  b: {zone", "  localhost: {zone"), f"9: nodes.localhost: got 'localhost', {OWN_NAME}, {NODE}"),
    (
        own("gateway.example.org, zone", "gateway.localhost, zone"),
        f"20: balancer.domain.name: got 'gateway.localhost', {OWN_NAME}, {kaazing.HOST}",
    ),
]

CARBON: Final = [
    (
        carbon.own(("http_port: 9763", "http_port: 64188")),
        "16: wso2.http_port: got 64188, want a port from 9763 to 64187 (JMX's 11111 moves with it)",
    ),
    (
        carbon.own(("peer_port: 9181", "peer_port: 9999")),
        "19: wso2.peer_port: got 9999, which the server's JMX has, want a port of its own",
    ),
    (
        carbon.own(("http_port: 9763", "http_port: 9765"), ("readiness_port: 9180", "readiness_port: 11113")),
        "20: wso2.readiness_port: got 11113, which the server's JMX has, want a port of its own",
    ),
    (
        carbon.kernel("4.9.33", ("peer_port: 9181", "peer_port: 9182")),
        "18: wso2.peer_port: got 9182, which the bridge to the metadata service has, want a port of its own",
    ),
    (_proxy("127.0.0.1"), f"23: wso2.proxy.host: got '127.0.0.1', {ITSELF}, {carbon.HOST}"),
    (
        _proxy("169.254.169.254"),
        f"23: wso2.proxy.host: got '169.254.169.254', which is the address of no machine, {carbon.HOST}",
    ),
    (_proxy("10.64.0.12"), f"23: wso2.proxy.host: leads to 10.64.0.12 {ELSEWHERE}"),
    (_proxy("proxy.localhost"), f"23: wso2.proxy.host: got 'proxy.localhost', {OWN_NAME}, {carbon.HOST}"),
    (carbon.own(("home: /opt/wso2", "home: /var/log")), f"15: wso2.home: got '/var/log', {TAKEN}, {HOME}"),
]

SERVER: Final = [
    (
        _repository("svn://LOCALHOST/as"),
        f"36: wso2as.artifacts.url: got 'svn://LOCALHOST/as', {ITSELF}, {server.URL}",
    ),
    (_repository("svn://0.0.0.0/as"), f"36: wso2as.artifacts.url: got 'svn://0.0.0.0/as', {ITSELF}, {server.URL}"),
    (
        _repository("https://svn..example.org/as"),
        f"36: wso2as.artifacts.url: got 'https://svn..example.org/as', whose host is not a name, {server.URL}",
    ),
    (
        _repository("svn://10.0.3.700/as"),
        f"36: wso2as.artifacts.url: got 'svn://10.0.3.700/as', which is not an address, {server.URL}",
    ),
    (_repository("svn://10.64.0.10/as"), f"36: wso2as.artifacts.url: leads to 10.64.0.10 {ELSEWHERE}"),
    (
        _repository("https://mgt.as.example.org/svn/as"),
        (
            "36: wso2as.artifacts.url: leads to mgt.as.example.org, by which nodes of this cluster reach each other, "
            "want another name"
        ),
    ),
    (
        server.own(("as-db-AbCdEf", "as-commit-AbCdEf")),
        (
            "42: wso2as.database.secret: is also artifacts.commit_secret, by which every worker could write, want a "
            "secret of its own"
        ),
    ),
    (
        server.own(("[10.64.1.0/24, 10.64.2.7/32]", "[0.0.0.0/1, 128.0.0.0/1]")),
        (
            "29: wso2as.management_clients.0: got '0.0.0.0/1', which is wider than /8, want networks of "
            "administrators, or none\n"
            "29: wso2as.management_clients.1: got '128.0.0.0/1', which is wider than /8, want networks of "
            "administrators, or none"
        ),
    ),
    (
        server.own(("svn_port: 3690", "svn_port: 10000")),
        "39: wso2as.svn_port: got 10000, which the server's JMX has, want a port of its own",
    ),
    (
        server.own(("mgt.as.example.org", "mgt.localhost")),
        f"27: wso2as.management: got 'mgt.localhost', {OWN_NAME}, {server.HOST}",
    ),
]

KAAZING: Final = [
    (
        kaazing.own(("cookie: balancer", "cookie: BALANCER")),
        f"12: balancer.stickiness.cookie: got 'BALANCER', which differs from `balancer` by case alone, {COOKIE}",
    ),
    (
        kaazing.own(("t4g.medium", "nog.medium")),
        f"7: instance.type: got 'nog.medium', which is not the form of an instance type, {TYPE}",
    ),
    (kaazing.at("localhost.localdomain"), f"14: kaazing.host: got 'localhost.localdomain', {OWN_NAME}, {kaazing.HOST}"),
    (
        kaazing.own(("home: /opt/kaazing", "home: /usr/share")),
        f"16: kaazing.home: got '/usr/share', {TAKEN}, {HOME}",
    ),
    (
        kaazing.own(("  b: {zone", "  ip6-localhost: {zone")),
        f"6: nodes.ip6-localhost: got 'ip6-localhost', {OWN_NAME}, {NODE}",
    ),
    (
        kaazing.own(("{file: artifacts/kaazing-gateway-5.6.2.zip}", f"{{s3: xn--a/k.zip, sha256: {SHA}}}")),
        f"8: artifact.s3: got 'xn--a/k.zip', whose bucket is not a bucket's name, {S3}",
    ),
]

AXONIVY: Final = [
    (ivy.at("jdbc:postgresql:ivy"), f"16: axonivy.database.url: got 'jdbc:postgresql:ivy', {ITSELF}, {ivy.URL}"),
    (ivy.at("jdbc:mysql:///ivy"), f"16: axonivy.database.url: got 'jdbc:mysql:///ivy', {ITSELF}, {ivy.URL}"),
    (
        ivy.at("jdbc:postgresql://db.example.org,localhost/ivy"),
        f"16: axonivy.database.url: got 'jdbc:postgresql://db.example.org,localhost/ivy', {ITSELF}, {ivy.URL}",
    ),
    (
        ivy.at("jdbc:sqlserver://;serverName=localhost."),
        f"16: axonivy.database.url: got 'jdbc:sqlserver://;serverName=localhost.', {ITSELF}, {ivy.URL}",
    ),
    (
        ivy.at("jdbc:mysql://db.example.org:33o6/ivy"),
        f"16: axonivy.database.url: got 'jdbc:mysql://db.example.org:33o6/ivy', whose port is none, {ivy.URL}",
    ),
    (
        ivy.at("jdbc:mysql://db.example.org/ivy?user=root"),
        (
            "16: axonivy.database.url: got 'jdbc:mysql://db.example.org/ivy?user=root', in which a user stands "
            f"(database.secret has it), {ivy.URL}"
        ),
    ),
    (
        ivy.at("jdbc:sqlserver://db.example.org;accessToken=eyJ0"),
        (
            "16: axonivy.database.url: got 'jdbc:sqlserver://db.example.org;accessToken=eyJ0', in which a password may "
            f"stand (its user has it in database.secret), {ivy.URL}"
        ),
    ),
    (ivy.at("jdbc:postgresql://10.64.0.11/ivy"), f"16: axonivy.database.url: leads to 10.64.0.11 {ELSEWHERE}"),
    (
        ivy.own(("shared: efs", "shared: /var/lib/muster"), OWN_IMAGE),
        f"19: axonivy.shared: got '/var/lib/muster', {TAKEN}, {ivy.SHARED}",
    ),
    (
        ivy.own(("artifacts/axonivy.lic", '"\\e[2J/axonivy.lic"')),
        f"14: axonivy.licence: got '\\x1b[2J/axonivy.lic', which is not printable, {ivy.LICENCE}",
    ),
    (
        ivy.PLACED.replace("10.0.1.10}\n  c", "10.0.1.11}\n  c").replace("db.example.org", "10.0.1.11"),
        "25: axonivy.database.url: leads to 10.0.1.11, which is the node b, want another machine's",
    ),
]

MISTAKES: Final[Mapping[str, list[tuple[str, str]]]] = {
    "as400gateway": AS400GATEWAY,
    "axonivy": AXONIVY,
    "kaazing": KAAZING,
    "wso2-as": SERVER,
    "wso2-carbon": CARBON,
}
"""By product."""

RIGHT: Final[Mapping[str, str]] = {
    "a folder below one of users' own": _home("/usr/local/gateway"),
    "a folder beside the system's": _home("/var/lib/gateway"),
    "a bucket with dots": _in_bucket("jars.example.org"),
    "a cookie that begins like the balancer's": own("cookie: JSESSIONID", "cookie: balancer-2"),
    "the largest private network": own("192.168.7.1/32", "172.16.0.0/12"),
    "an address with a dot and a plus": _mail("ops.gw+1@mail.example-2.org"),
    "a node with localhost in its name": own("  b: {zone", "  localhost2: {zone"),
    "the highest offset": carbon.own(("http_port: 9763", "http_port: 64187")),
    "JMX's ports without the offset": carbon.own(("http_port: 9763", "http_port: 9765"), ("9181", "9999")),
    "the bridge's port without a bridge": carbon.own(("peer_port: 9181", "peer_port: 9182")),
    "a proxy beside the VPC": _proxy("10.64.16.12"),
    "a repository by a name beside the cluster's": _repository("https://svn.as.example.org/svn/as"),
    "a database by a tool's name": ivy.at("jdbc:oracle:thin:@ivy"),
    "a database of two hosts": ivy.at("jdbc:mysql://address=(host=one)(port=3307),two:3308/ivy"),
    "a folder of an own image": ivy.own(("shared: efs", "shared: /var/lib/ivy"), OWN_IMAGE),
}
"""The accepted neighbour of a mistake."""
