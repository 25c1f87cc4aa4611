"""What the tests of the cluster file share."""

from pathlib import Path
from typing import Any, Final

import pytest

from muster.spec import SpecError, load

SHA = "0123456789abcdef" * 4
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/12345678-1234-1234-1234-123456789012"
BOUNDARY = "arn:aws:iam::123456789012:policy/clusters/boundary"

OWN_VPC: Final = f"""\
name: as400
account: "123456789012"
product: as400gateway
region: eu-west-1
protection: on
tags: {{cost-center: "1234", team: Gateway Basel}}
nodes:
  a: {{zone: eu-west-1a, present: true}}
  b: {{zone: eu-west-1b}}
instance: {{type: t4g.medium, os: amazon-linux-2023, ami: ami-0123456789abcdef0, architecture: arm64, volume: 20}}
artifact: {{file: artifacts/as400-common-api-1.0.0.jar}}
balancer:
  scheme: internal
  certificate: {CERTIFICATE}
  tls_policy: ELBSecurityPolicy-TLS13-1-3-2021-06
  clients: [10.0.0.0/8, 192.168.7.1/32]
  stickiness: {{cookie: JSESSIONID, hours: 8}}
  admin: {{route: host, host: admin.example.org}}
  waf: true
  domain: {{name: gateway.example.org, zone: Z0123456789ABC}}
network:
  cidr: 10.64.0.0/20
  egress: nat-per-zone
formation: {{timeout: 900}}
logs: {{retention: 90}}
alarms: {{email: operations@example.org}}
kms_key: {KEY}
permission_boundary: {BOUNDARY}
database: {{name: connections, port: 9092, peer_port: 9093, takeover_interval: 9, \
seed: {{file: c.sql}}, backup: {{days: 9}}}}
as400gateway: {{home: /opt/as400gateway, port: 8080, tls_port: 8443, readiness_port: 9180, \
admin: /admin, admin_writes: any, \
outside: [449, 8471]}}
"""
"""A cluster file with every field that a VPC of the cluster's own allows."""

CARBON: Final = """\
name: carbon
product: wso2-carbon
region: eu-west-1
nodes:
  a: {zone: eu-west-1a}
  b: {zone: eu-west-1b}
  c: {zone: eu-west-1a}
instance: {type: t4g.medium, os: amazon-linux-2023, java: 17}
artifact: {file: artifacts/wso2-carbon-4.10.126.zip}
network: {egress: nat}
wso2:
  kernel: 4.10.126
  membership: aws
  domain: wso2.carbon.domain
  home: /opt/wso2
  http_port: 9763
  # its other ports move with it
  member_port: 5702
  peer_port: 9181
  readiness_port: 9180
  heartbeat: 10
  short_heartbeat: true
  proxy: {host: proxy.example.org, port: 3128}
  trust: artifacts/ca.pem
  outside: [389, 1521]
"""
"""A cluster file of WSO2 Carbon with every field of its product that goes with the others."""

EXISTING_VPC: Final = """\
name: as400
product: as400gateway
region: eu-west-1
nodes:
  a: {zone: eu-west-1a, address: 10.0.1.10}
  b: {zone: eu-west-1b, address: 10.0.2.10}
instance: {type: t4g.medium}
artifact: {file: artifacts/as400-common-api-1.0.0.jar}
network:
  egress: endpoints
  vpc:
    id: vpc-0123456789abcdef0
    cidr: 10.0.0.0/16
    zones:
      eu-west-1a:
        nodes: {id: subnet-0123456789abcdef0, cidr: 10.0.1.0/24}
        balancer: {id: subnet-0123456789abcdef1, cidr: 10.0.101.0/24}
      eu-west-1b:
        nodes: {id: subnet-0123456789abcdef2, cidr: 10.0.2.0/24}
        balancer: {id: subnet-0123456789abcdef3, cidr: 10.0.102.0/27}
    endpoints: [s3, secretsmanager]
    route_tables: [rtb-0123456789abcdef0]
"""
"""A cluster file of an existing VPC, with every field of it."""


def existing_vpc(**changes: Any) -> dict[str, Any]:
    """Return the block `network.vpc` of `EXISTING_VPC` with fields changed (None: left out)."""
    zones = {
        "eu-west-1a": vpc_zone("0", "10.0.1.0/24", "1", "10.0.101.0/24"),
        "eu-west-1b": vpc_zone("2", "10.0.2.0/24", "3", "10.0.102.0/27"),
    }
    block: dict[str, Any] = {"id": "vpc-0123456789abcdef0", "cidr": "10.0.0.0/16", "zones": zones, **changes}
    return {name: value for name, value in block.items() if value is not None}


def vpc_zone(nodes: str, nodes_cidr: str, balancer: str, balancer_cidr: str) -> dict[str, Any]:
    """Return the subnets of a zone; `nodes` and `balancer` are the last digit of their ids."""
    return {
        "nodes": {"id": f"subnet-0123456789abcdef{nodes}", "cidr": nodes_cidr},
        "balancer": {"id": f"subnet-0123456789abcdef{balancer}", "cidr": balancer_cidr},
    }


def refusal(file: Path) -> str:
    """Return what `load` says about `file`, without the file's name."""
    with pytest.raises(SpecError) as error:
        load(file)
    return str(error.value).replace(f"{file}:", "")


def changed(text: str, old: str, new: str) -> str:
    """Return `text` with its one `old` replaced by `new`."""
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
    return text.replace(old, new)


def judge(text: str, words: str | None, folder: Path) -> None:
    """Compare the whole refusal of `text` with `words`; None: it is accepted."""
    file = folder / "x.yaml"
    file.write_text(text, encoding="utf-8")
    if words is None:
        load(file)
        return
    assert refusal(file) == words


COOKIE: Final = (
    "want the name of the application's session cookie such as JSESSIONID, or `balancer` for the balancer's own"
)
"""What may stand as the cookie of stickiness."""


def placed(name: str, product: str, artifact: str, block: str) -> str:
    """Return a cluster file of an existing VPC, two nodes of which have one address; `block` is the product's own."""
    return f"""\
name: {name}
product: {product}
region: eu-west-1
nodes:
  a: {{zone: eu-west-1a, address: 10.0.1.10}}
  b: {{zone: eu-west-1a, address: 10.0.1.10}}
  c: {{zone: eu-west-1b, address: 10.0.2.10}}
instance: {{type: t4g.medium}}
artifact: {{file: artifacts/{artifact}}}
network:
  vpc:
    id: vpc-0123456789abcdef0
    cidr: 10.0.0.0/16
    zones:
      eu-west-1a:
        nodes: {{id: subnet-0123456789abcdef0, cidr: 10.0.1.0/24}}
        balancer: {{id: subnet-0123456789abcdef1, cidr: 10.0.101.0/24}}
      eu-west-1b:
        nodes: {{id: subnet-0123456789abcdef2, cidr: 10.0.2.0/24}}
        balancer: {{id: subnet-0123456789abcdef3, cidr: 10.0.102.0/24}}
{block}"""
