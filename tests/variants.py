"""Every example in the forms in which it is judged: its own, those of the matrix, and with everything on."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.conftest import ROOT

Fields = dict[str, Any]

EXAMPLES = sorted((ROOT / "clusters").glob("*.yaml"))
ACCOUNT = "123456789012"
CERTIFICATE = f"arn:aws:acm:eu-west-1:{ACCOUNT}:certificate/12345678-1234-1234-1234-123456789012"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/12345678-1234-1234-1234-123456789012"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
DOMAIN: Mapping[str, Any] = {"name": "gateway.example.org", "zone": "Z0123456789ABCDEFGHIJ"}
ENDPOINTS = ["s3", "dynamodb", "ec2", "ssm", "ssmmessages", "secretsmanager", "logs", "monitoring", "sts"]

HARDENED: Mapping[str, Any] = {
    "protection": "on",
    "kms_key": KEY,
    "balancer": {"certificate": CERTIFICATE, "waf": True},
}
"""What the compliance packs ask for and a cluster file can give."""

DEBIAN: Mapping[str, Any] = {
    "tags": {"cost-center": "1234"},
    "instance": {"type": "m7i.large", "os": "debian-12"},
    "balancer": {"certificate": CERTIFICATE, "stickiness": {"cookie": "balancer"}},
}
"""The other system, and the other ways of the balancer."""

EVERYTHING: Mapping[str, Any] = {
    **HARDENED,
    "account": ACCOUNT,
    "permission_boundary": BOUNDARY,
    "alarms": {"email": "operations@example.org"},
    "balancer": {
        "scheme": "internet-facing",
        "certificate": CERTIFICATE,
        "to_nodes": "https",
        "clients": ["192.0.2.0/24", "198.51.100.0/24"],
        "tls_policy": "ELBSecurityPolicy-TLS13-1-3-2021-06",
        "waf": True,
        "domain": DOMAIN,
    },
    "network": {"egress": "endpoints"},
    "updates": {"day": "sunday", "hour": 3},
    "instance": {"volume": 40},
    "logs": {"retention": 400},
}
"""The cluster file with the most resources. Tags add none, and some 2 kB each to the template."""

KEYS: Mapping[str, Any] = {"instance": {"java": 8}, "wso2": {"kernel": "4.4.40"}}
BRIDGE: Mapping[str, Any] = {"instance": {"java": 17}, "wso2": {"kernel": "4.9.33"}}
"""WSO2 Carbon with engines that do not know the metadata service of today."""

_SECRET = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret"
GIVEN: Mapping[str, Any] = {
    "url": "https://svn.example.org:8443/repos/as",
    "commit_secret": f"{_SECRET}:as-commit-AbCdEf",
    "checkout_secret": f"{_SECRET}:as-checkout-AbCdEf",
}
THERE: Mapping[str, Any] = {"url": "jdbc:mysql://db.example.org/wso2", "secret": f"{_SECRET}:as-db-AbCdEf"}
"""What WSO2 AS can be given: a repository of artifacts and a database."""

WITHOUT_ENDPOINTS = {"axonivy"}
"""Products that reach what no endpoint leads to: a VPC of the cluster's own needs another way out."""

IMAGE = "ami-0123456789abcdef0"
"""An image of one's own, which has the folder mounted that Axon.ivy's engines share."""

OF_DEBIAN, OF_EVERYTHING = "Debian, HTTPS", "everything on"

PRODUCTS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "as400gateway": {
        OF_DEBIAN: {
            "balancer": {"admin": {"route": "port", "port": 8443}},
            "database": {"seed": {"s3": "seeds/connections.mv.db", "sha256": "0123456789abcdef" * 4}},
            "as400gateway": {"outside": [8471, 8476]},
        },
        OF_EVERYTHING: {
            "balancer": {"admin": {"route": "host", "host": "admin.example.org"}},
            "database": {"tls": True, "backup": {"hour": 2, "days": 30}},
        },
    },
    "axonivy": {
        OF_DEBIAN: {"instance": {"ami": IMAGE, "java": 17}, "axonivy": {"version": "10.0.20", "shared": "/mnt/ivy"}},
        OF_EVERYTHING: {
            "network": {"egress": "nat-per-zone"},
            "axonivy": {"weights": {"a": 5, "b": 3}, "outside": [9200]},
        },
    },
    "kaazing": {
        OF_DEBIAN: {"kaazing": {"cluster": "Gateways of Basel", "idle": 4000, "outside": [61616, 389]}},
        OF_EVERYTHING: {"kaazing": {"host": None}},  # it is the balancer's domain
    },
    "wso2-as": {
        OF_DEBIAN: {  # whose only Java is too new for the server
            "instance": {"os": "amazon-linux-2023"},
            "wso2as": {
                "membership": "wka",
                "proxy_ports": {"http": 8280, "https": 8243},
                "socket_timeout": 6,
                "management_clients": ["10.0.0.0/8"],
                "tenants": "single",
                "outside": [389],
                "proxy": {"host": "proxy.example.org", "port": 3128},
            },
            "balancer": {"clients": ["10.0.0.0/8"]},
        },
        OF_EVERYTHING: {
            "wso2as": {
                "host": None,  # it is the balancer's domain
                "management": "mgt.gateway.example.org",
                "trust": "artifacts/ca.pem",
                "database": {"engine": "postgres", "multi_az": True},
            },
        },
    },
    "wso2-carbon": {
        OF_DEBIAN: {
            "wso2": {"membership": "wka", "proxy": {"host": "proxy.example.org", "port": 3128}, "outside": [389]}
        },
        OF_EVERYTHING: {"instance": KEYS["instance"], "wso2": {**KEYS["wso2"], "trust": "artifacts/ca.pem"}},
    },
}
"""What each product adds to a form."""

OTHERS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "as400gateway": {},
    "axonivy": {"a folder of an own image": {"instance": {"ami": IMAGE}, "axonivy": {"shared": "/mnt/ivy"}}},
    "kaazing": {
        "a name and a certificate": {
            "balancer": {"certificate": CERTIFICATE, "domain": DOMAIN},
            "kaazing": {"host": None, "path": None},
        }
    },
    "wso2-as": {
        "two of management, a given repository and database": {
            "nodes": {"d": {"zone": "eu-west-1b", "group": "mgt"}},
            "wso2as": {"committer": "a", "artifacts": GIVEN, "database": THERE},
        },
        "a made database": {"wso2as": {"database": {"engine": "mysql"}}},
    },
    "wso2-carbon": {
        "a user's key": KEYS,
        "a role alone": BRIDGE,
        "a role alone, endpoints": {**BRIDGE, "network": {"egress": "endpoints"}},
    },
}
"""Forms that one product alone has."""

PLACED: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "axonivy": {"a file system that is there": {"axonivy": {"shared": "fs-0123456789abcdef0"}}},
}
"""The same in a VPC that exists."""


@dataclass(frozen=True)
class Variant:
    """A cluster file that is synthesized and judged."""

    example: str
    form: str
    fields: Fields

    @property
    def name(self) -> str:
        """Its name in reports: `as400gateway: internal, own VPC, nat`."""
        return f"{self.example}: {self.form}"


def read(example: Path) -> Fields:
    """Return the fields of an example's cluster file."""
    fields: Fields = YAML(typ="safe").load(example.read_text(encoding="utf-8"))
    return fields


def merged(fields: Mapping[str, Any], changes: Mapping[str, Any]) -> Fields:
    """Return the fields with those of `changes` in their place, block by block."""
    both = {
        name: merged(fields[name], value)
        for name, value in changes.items()
        if isinstance(value, Mapping) and isinstance(fields.get(name), Mapping)
    }
    return {**fields, **changes, **both}


def in_existing_vpc(fields: Mapping[str, Any]) -> Fields:
    """Return the fields of the same cluster in a VPC that exists (and nowhere does)."""
    zones = sorted({node["zone"] for node in fields["nodes"].values()})
    nodes = {
        name: {**node, "address": f"10.0.{zones.index(node['zone'])}.{10 + place}"}
        for place, (name, node) in enumerate(sorted(fields["nodes"].items()))
    }
    vpc: Fields = {
        "id": "vpc-0123456789abcdef0",
        "cidr": "10.0.0.0/16",
        "zones": {
            zone: {
                "nodes": {"id": f"subnet-0000000000000000{place}", "cidr": f"10.0.{place}.0/24"},
                "balancer": {"id": f"subnet-0000000000000001{place}", "cidr": f"10.0.{100 + place}.0/24"},
            }
            for place, zone in enumerate(zones)
        },
    }
    network = {name: value for name, value in fields.get("network", {}).items() if name != "cidr"}
    if network.get("egress") == "endpoints":
        vpc |= {"endpoints": ENDPOINTS, "route_tables": ["rtb-0123456789abcdef0"]}
    return {**fields, "nodes": nodes, "network": {**network, "vpc": vpc}}


def variants() -> Iterator[Variant]:
    """Yield every example in every form."""
    for example in EXAMPLES:
        fields = read(example)
        yield Variant(example.stem, "as it stands", fields)
        for scheme, place, egress in itertools.product(
            ("internal", "internet-facing"), ("own VPC", "existing VPC"), ("nat", "endpoints")
        ):
            if fields["product"] in WITHOUT_ENDPOINTS and (place, egress) == ("own VPC", "endpoints"):
                continue
            balancer = {"scheme": scheme, **({"certificate": CERTIFICATE} if scheme == "internet-facing" else {})}
            form = merged(fields, {"balancer": balancer, "network": {"egress": egress}})
            if place == "existing VPC":
                form = in_existing_vpc(form)
            yield Variant(example.stem, f"{scheme}, {place}, {egress}", form)
        own = PRODUCTS[fields["product"]]
        yield Variant(example.stem, OF_DEBIAN, merged(merged(fields, DEBIAN), own[OF_DEBIAN]))
        yield Variant(example.stem, "protected, AWS's own keys", merged(fields, {"protection": "on"}))
        yield Variant(example.stem, "hardened", merged(fields, HARDENED))
        lifted = {**HARDENED, "protection": "lifted"}
        yield Variant(example.stem, "hardened, about to be deleted", merged(fields, lifted))
        yield Variant(example.stem, OF_EVERYTHING, merged(merged(fields, EVERYTHING), own[OF_EVERYTHING]))
        for other, changes in OTHERS[fields["product"]].items():
            yield Variant(example.stem, other, merged(fields, changes))
        for placed, changes in PLACED.get(fields["product"], {}).items():
            yield Variant(example.stem, placed, in_existing_vpc(merged(fields, changes)))


VARIANTS: Mapping[str, Variant] = {each.name: each for each in variants()}
