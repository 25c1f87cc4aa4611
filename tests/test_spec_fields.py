"""Which values the fields of account, tags, network and balancer may have: each refusal has an accepted neighbour."""

from typing import Any

import pytest

from muster.spec import load
from tests.conftest import WriteCluster
from tests.spec_help import BOUNDARY, CERTIFICATE, KEY, SHA, existing_vpc, refusal

TYPE = {"type": "t4g.medium"}
AMI = {**TYPE, "ami": "ami-01234567"}
HTTPS = {"certificate": CERTIFICATE}

ACCEPTED: list[dict[str, Any]] = [
    {"account": "012345678901"},
    {"protection": "off"},
    {"tags": {}},
    {"tags": {f"key-{number}": "v" for number in range(40)}},
    {"tags": {"a+b-c=d.e_f:g@h": "Grüße aus Zürich: 100 / 2 = 50 + @home", "names": "muster", "k" * 128: "v" * 256}},
    {"nodes": {"a": {"zone": "eu-west-1a", "present": False}, "b": {"zone": "eu-west-1b", "present": True}}},
    {"instance": {**AMI, "architecture": "arm64"}},
    {"instance": {"type": "t3.small", "ami": "ami-01234567", "architecture": "x86_64"}},
    {"instance": {**TYPE, "volume": 8}},
    {"instance": {**TYPE, "volume": 16384}},
    {"balancer": {**HTTPS, "tls_policy": "ELBSecurityPolicy-TLS-1-2-2017-01"}},
    {"balancer": {"clients": ["10.0.0.0/8"]}},
    {"balancer": {"scheme": "internet-facing", "clients": ["0.0.0.0/0"]}},
    {"balancer": {"clients": [f"10.{number}.0.0/16" for number in range(20)]}},
    {"balancer": {"admin": {"route": "host", "host": "admin-1.example.org"}}},
    {"balancer": {"admin": {"route": "port", "port": 8443}}},
    {"balancer": {"admin": {"route": "port", "port": 8080}}},
    {"balancer": {"admin": {"route": "path"}}},
    {"balancer": {"waf": True}},
    {"balancer": {"domain": {"name": "gw.example.org", "zone": "Z0123456789ABC"}}},
    {"network": {"egress": "endpoints"}},
    {"network": {"egress": "nat-per-zone"}, "instance": {**TYPE, "os": "debian-12"}},
    {"logs": {"retention": 3653}},
    {"alarms": {"email": "first.last+alarms@mail.example.org"}},
    {"kms_key": KEY},
    {"kms_key": "arn:aws:kms:eu-west-1:123456789012:key/mrk-0123456789abcdef0123456789abcdef"},
    {"permission_boundary": BOUNDARY},
    {"permission_boundary": "arn:aws:iam::aws:policy/PowerUserAccess", "account": "123456789012"},
    {"as400gateway": {"admin_writes": "any"}},
    {"as400gateway": {"admin_writes": "leader"}},
    {"database": {"takeover_interval": 0}},
    {"database": {"takeover_interval": 86400}},
    {"database": {"tls": True}},
    {"database": {"tls": True, "tls_port": 9444}},
    {"database": {"tls_port": 9092}},
    {"database": {"seed": {"file": "data/connections.mv.db"}}},
    {"database": {"seed": {"file": "C:/of the guide/dump-1.sql"}}},
    {"database": {"seed": {"file": "dump.sql.gz"}}},
    {"database": {"seed": {"file": "dump.zip"}}},
    {"database": {"seed": {"s3": "bucket/of/connections.mv.db", "sha256": SHA}}},
    {"database": {"backup": {"days": 0}}},
    {"database": {"backup": {"days": 3650, "hour": 23}}},
    {"database": {"backup": {"days": 0}}, "protection": "off"},
    {"database": {"backup": {"days": 30, "hour": 2}}, "protection": "off"},
    {"database": {"backup": {"days": 31}}, "protection": "lifted"},
]


@pytest.mark.parametrize("changes", ACCEPTED, ids=lambda value: str(value)[:60])
def test_accepts(changes: dict[str, Any], write_cluster: WriteCluster) -> None:
    """The other side of each refusal below."""
    dumped = load(write_cluster(**changes)).model_dump(by_alias=True, mode="json")
    for name, value in changes.items():
        if isinstance(value, dict):
            assert {key: dumped[name][key] for key in value}.keys() == value.keys()
        else:
            assert dumped[name] == value


KEY_WANT = "1 to 128 letters, digits and + - = . _ : @ (what the metadata service and IAM both take)"
VALUE_WANT = "text of 1 to 256 letters, digits, spaces and _ . : / = + - @ (numbers in quotes)"
TLS_WANT = "a policy of TLS 1.2 or later such as ELBSecurityPolicy-TLS13-1-2-Res-2021-06"
CLIENT_WANT = "an IPv4 network such as 10.0.0.0/8 (one address: 192.0.2.1/32)"
HOST_WANT = "a host name in lower case such as gateway.example.org, of at most 128 characters"
VPC_WANT = "a private IPv4 network from /16 to /28 such as 10.0.0.0/16"
DAYS = "1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653"
SECONDS = "whole seconds from 0 to 86400 (a day)"
SEED = "the database to begin with: {file: PATH} or {s3: bucket/key, sha256: HASH}"
SEED_FILE = "the path of a .mv.db, .sql, .sql.gz or .zip whose name has only letters, digits and . _ -"
SEED_S3 = "bucket/key of a .mv.db, .sql, .sql.gz or .zip, of plain names between slashes"
NO_DATABASE = "which is none of H2's files that a pair can begin with"
LONG = ".".join(["a" * 63] * 2 + ["example"])


def tagged(key: str, value: Any = "x") -> dict[str, Any]:
    return {"tags": {key: value}}


def admin(**fields: Any) -> dict[str, Any]:
    return {"balancer": {"admin": fields}}


def database(**fields: Any) -> dict[str, Any]:
    return {"database": fields}


def seed(**fields: Any) -> dict[str, Any]:
    return database(seed=fields)


def vpc(**changes: Any) -> dict[str, Any]:
    a, b = {"zone": "eu-west-1a", "address": "10.0.1.10"}, {"zone": "eu-west-1b", "address": "10.0.2.10"}
    return {"nodes": {"a": a, "b": b}, "network": {"vpc": existing_vpc(**changes)}}


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"account": 123456789012}, "account: got 123456789012, want the 12 digits of the account, in quotes"),
    ({"account": "12345"}, "account: got '12345', want the 12 digits of the account, in quotes"),
    ({"protection": True}, "protection: got true, want on or lifted or off"),
    ({"protection": "no"}, "protection: got 'no', want on or lifted or off"),
    (tagged("Name"), f"tags.Name: got 'Name', which Muster sets itself, want {KEY_WANT}"),
    (tagged("MUSTER:node"), f"tags.MUSTER:node: got 'MUSTER:node', which Muster sets itself, want {KEY_WANT}"),
    (tagged("AWS:x"), f"tags.AWS:x: got 'AWS:x', which AWS keeps for itself, want {KEY_WANT}"),
    (tagged("_index"), f"tags._index: got '_index', which is not such a key, want {KEY_WANT}"),
    (tagged("a b"), f"tags.a b: got 'a b', which is not such a key, want {KEY_WANT}"),
    (tagged("a,b"), f"tags.a,b: got 'a,b', which is not such a key, want {KEY_WANT}"),
    (tagged("k", 1234), f"tags.k: got 1234, want {VALUE_WANT}"),
    (tagged("k", "it's"), f'tags.k: got "it\'s", which has another character, want {VALUE_WANT}'),
    (tagged("k", "a\nb"), f"tags.k: got 'a\\nb', which has another character, want {VALUE_WANT}"),
    (tagged("k", "aws:x"), f"tags.k: got 'aws:x', which AWS keeps for itself, want {VALUE_WANT}"),
    (tagged("k", "v" * 257), f"tags.k: got '{'v' * 59}..., which is too long, want {VALUE_WANT}"),
    ({"tags": {f"k{number}": "v" for number in range(41)}}, "tags: got 41, want at most 40"),
    ({"tags": {"Team": "a", "team": "b"}}, "tags.team: differs from 'Team' only by case, want another key"),
    ({"tags": ["a"]}, "tags: got a list, want a mapping of tags such as {cost-center: '1234'}"),
    ({"instance": {**TYPE, "volume": 7}}, "instance.volume: got 7, want whole GiB from 8 to 16384"),
    ({"instance": {**TYPE, "volume": 16385}}, "instance.volume: got 16385, want whole GiB from 8 to 16384"),
    (
        {"instance": {**AMI, "architecture": "x86"}},
        "instance.architecture: got 'x86' (did you mean 'x86_64'?), want arm64 or x86_64",
    ),
    (
        {"balancer": {**HTTPS, "tls_policy": "ELBSecurityPolicy-TLS13-1-2-2021"}},
        (
            "balancer.tls_policy: got 'ELBSecurityPolicy-TLS13-1-2-2021' "
            f"(did you mean 'ELBSecurityPolicy-TLS13-1-2-2021-06'?), want {TLS_WANT}"
        ),
    ),
    (
        {"balancer": {"clients": "10.0.0.0/8"}},
        "balancer.clients: got '10.0.0.0/8', want a list of 1 to 20 IPv4 networks such as [10.0.0.0/8]",
    ),
    (
        {"balancer": {"clients": []}},
        "balancer.clients: got 0 entries, want a list of 1 to 20 IPv4 networks such as [10.0.0.0/8]",
    ),
    (
        {"balancer": {"clients": ["10.0.0.0/8", "11.0.0.1"]}},
        f"balancer.clients.1: got '11.0.0.1', whose network is 11.0.0.1/32, want {CLIENT_WANT}",
    ),
    (
        {"balancer": {"clients": ["127.0.0.0/8"]}},
        f"balancer.clients.0: got '127.0.0.0/8', from which no client comes, want {CLIENT_WANT}",
    ),
    (
        {"balancer": {"clients": ["::/0"]}},
        f"balancer.clients.0: got '::/0', which is not an IPv4 network, want {CLIENT_WANT}",
    ),
    (admin(), "balancer.admin.route: is missing, want host or port or path"),
    (admin(route="hosts"), "balancer.admin.route: got 'hosts' (did you mean 'host'?), want host or port or path"),
    (
        admin(route="host", host="*.example.org"),
        f"balancer.admin.host: got '*.example.org', which is not a host name, want {HOST_WANT}",
    ),
    (
        admin(route="host", host="Admin.example.org"),
        f"balancer.admin.host: got 'Admin.example.org', which is not a host name, want {HOST_WANT}",
    ),
    (admin(route="host", host="admin"), f"balancer.admin.host: got 'admin', which has no dot, want {HOST_WANT}"),
    (
        admin(route="host", host="10.0.0.1"),
        f"balancer.admin.host: got '10.0.0.1', whose last part has more than letters, want {HOST_WANT}",
    ),
    (
        admin(route="host", host=LONG),
        f"balancer.admin.host: got '{LONG[:59]}..., which is longer than 128 characters, want {HOST_WANT}",
    ),
    (admin(route="port", port=0), "balancer.admin.port: got 0, want a port from 1 to 65535"),
    ({"balancer": {"waf": "on"}}, "balancer.waf: got 'on', want true or false"),
    (
        {"balancer": {"domain": {"name": "gw.example.org"}}},
        "balancer.domain.zone: is missing, want a hosted zone's id: Z and up to 31 capital letters and digits",
    ),
    (
        {"network": {"egress": "natt"}},
        "network.egress: got 'natt' (did you mean 'nat'?), want nat or nat-per-zone or endpoints or none",
    ),
    (
        vpc(id="vpc-1"),
        "network.vpc.id: got 'vpc-1', want a VPC's id: vpc- and 8 or 17 hexadecimal digits",
    ),
    (vpc(cidr="10.0.0.0/8"), f"network.vpc.cidr: got '10.0.0.0/8', which is too large, want {VPC_WANT}"),
    (vpc(cidr="8.8.0.0/16"), f"network.vpc.cidr: got '8.8.0.0/16', which is not private, want {VPC_WANT}"),
    (
        vpc(endpoints=["secretmanager"]),
        (
            "network.vpc.endpoints.0: got 'secretmanager' (did you mean 'secretsmanager'?), "
            "want s3 or dynamodb or ec2 or ssm or ssmmessages or secretsmanager or logs or monitoring or sts"
        ),
    ),
    (
        vpc(endpoints=["s3"], route_tables=["x"]),
        "network.vpc.route_tables.0: got 'x', want a route table's id: rtb- and 8 or 17 hexadecimal digits",
    ),
    ({"logs": {"retention": 31}}, f"logs.retention: got 31, want one of CloudWatch's numbers of days: {DAYS}"),
    ({"alarms": {"email": "ops"}}, "alarms.email: got 'ops', want an address such as operations@example.org"),
    (
        {"kms_key": "alias/own"},
        "kms_key: got 'alias/own', want the ARN of a key: arn:aws:kms:REGION:ACCOUNT:key/ID",
    ),
    (
        {"permission_boundary": "boundary"},
        "permission_boundary: got 'boundary', want the ARN of a managed policy: arn:aws:iam::ACCOUNT:policy/NAME",
    ),
    ({"as400gateway": {"admin_writes": "all"}}, "as400gateway.admin_writes: got 'all', want leader or any"),
    (database(takeover_interval=-1), f"database.takeover_interval: got -1, want {SECONDS}"),
    (database(takeover_interval=86401), f"database.takeover_interval: got 86401, want {SECONDS}"),
    (database(tls="yes"), "database.tls: got 'yes', want true or false"),
    (
        database(tls=True, tls_port=9093),
        "database.tls_port: got 9093, which is also database.peer_port, want a port of its own",
    ),
    (database(takeover_interval="600"), f"database.takeover_interval: got '600', want {SECONDS}"),
    (database(seed="dump.sql"), f"database.seed: got 'dump.sql', want {SEED}"),
    (database(seed={}), f"database.seed.file: is missing, want {SEED_FILE}"),
    (seed(file="dump.h2.db"), f"database.seed.file: got 'dump.h2.db', {NO_DATABASE}, want {SEED_FILE}"),
    (seed(file="dump.gz"), f"database.seed.file: got 'dump.gz', {NO_DATABASE}, want {SEED_FILE}"),
    (seed(file=".sql"), f"database.seed.file: got '.sql', whose name is not such, want {SEED_FILE}"),
    (seed(file="d/du mp.sql"), f"database.seed.file: got 'd/du mp.sql', whose name is not such, want {SEED_FILE}"),
    (seed(file="a\nb.sql"), f"database.seed.file: got 'a\\nb.sql', which is not printable, want {SEED_FILE}"),
    (
        seed(s3="bucket/*.sql", sha256=SHA),
        (
            "database.seed.s3: got 'bucket/*.sql', whose key is not plain names between slashes that end with .mv.db, "
            f".sql, .sql.gz or .zip, want {SEED_S3}"
        ),
    ),
    (
        seed(s3="bucket/x.sql"),
        "database.seed.sha256: is missing, want the SHA-256 of the file: 64 lower-case hexadecimal digits",
    ),
    (
        database(backup={"days": -1}),
        "database.backup.days: got -1, want whole days from 0 (no backups) to 3650",
    ),
    (database(backup={"hour": 24}), "database.backup.hour: got 24, want an hour of the day (UTC) from 0 to 23"),
    (database(backup=True), "database.backup: got true, want a mapping of days, hour"),
    (
        {**database(backup={"days": 31}), "protection": "off"},
        (
            "database.backup: is kept in a bucket that outlives the cluster, but protection is off, "
            "want protection: on, or no database.backup"
        ),
    ),
]


@pytest.mark.parametrize(("changes", "words"), REFUSED, ids=lambda value: str(value)[:60])
def test_refuses(changes: dict[str, Any], words: str, write_cluster: WriteCluster) -> None:
    assert refusal(write_cluster(**changes)) == f"1: {words}"
