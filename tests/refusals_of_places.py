"""Entries 1 to 29 of the catalogue: the text, names of AWS, networks, ports, numbers of nodes."""

from tests.spec_help import EXISTING_VPC, OWN_VPC, changed

CIDR = "want a private IPv4 network from /16 to /22 such as 10.64.0.0/20"
PORT = "want a port from 1024 to 65535 (the services run without root)"
REGION = "want a region such as eu-west-1"
ACCOUNT = "want the 12 digits of the account, in quotes"
CLIENT = "want an IPv4 network such as 10.0.0.0/8 (one address: 192.0.2.1/32)"


def whole(text: str) -> str:
    """Return `text` as the whole file."""
    return text


def own(old: str, new: str) -> str:
    """Return the full file of an own VPC with `old` replaced."""
    return changed(OWN_VPC, old, new)


def existing(old: str, new: str) -> str:
    """Return the full file of an existing VPC with `old` replaced."""
    return changed(EXISTING_VPC, old, new)


PLACES: list[tuple[int, str, str]] = [
    (1, whole(""), "1: is empty, want a mapping of fields such as `name: as400`"),
    (2, own("nodes:\n", "nodes: [\n"), "9: is not YAML: expected ',' or ']', but got '<scalar>'"),
    (
        3,
        own("  b: {zone: eu-west-1b}\n", "  b: {zone: eu-west-1b}\n  b: {zone: eu-west-1c}\n"),
        "10: nodes.b: stands twice, first in line 9, want it once",
    ),
    (
        4,
        own("balancer:\n", "balancr:\n"),
        (
            "12: balancr: is unknown (did you mean 'balancer'?), allowed: name, account, product, region, "
            "protection, tags, nodes, instance, artifact, balancer, network, formation, logs, alarms, "
            "kms_key, permission_boundary, database, updates, as400gateway"
        ),
    ),
    (
        4,
        own("zone: eu-west-1b", "zon: eu-west-1b"),
        (
            "9: nodes.b.zon: is unknown (did you mean 'zone'?), allowed: zone, present, address\n"
            "9: nodes.b.zone: is missing, want an availability zone such as eu-west-1a"
        ),
    ),
    (
        5,
        own("Gateway Basel", "!!python/object:os.system [x]"),
        "6: tags.team: has the tag 'tag:yaml.org,2002:python/object:os.system', want a plain value",
    ),
    (
        6,
        own('tags: {cost-center: "1234", team: Gateway Basel}', "tags: &x {a: b}\nas400gatway: [*x, *x]"),
        (
            "6: tags: sets the anchor &x, want the value written out\n"
            "7: as400gatway.0: uses the alias *x, want the value written out\n"
            "7: as400gatway.1: uses the alias *x, want the value written out"
        ),
    ),
    (6, whole("# filling\n" * 30_000), " is larger than 256 KiB, want a cluster file"),
    (7, own("region: eu-west-1\n", "region: no\n"), f"4: region: got 'no', which is not a known region, {REGION}"),
    (7, own("port: 9092", "port: 22:22"), f"29: database.port: got '22:22', {PORT}"),
    (7, own("protection: on", "protection: yes"), "5: protection: got 'yes', want on or lifted or off"),
    (8, own("  a: {zone", "\ta: {zone"), "8: is not YAML: found a tab, want spaces"),
    (8, whole("\ufeffname: as400\n"), "1: begins with a byte order mark, want plain UTF-8"),
    (
        9,
        own("product: as400gateway", "product: as500gateway"),
        (
            "3: product: got 'as500gateway' (did you mean 'as400gateway'?), want as400gateway or axonivy or kaazing "
            "or wso2-as or wso2-carbon"
        ),
    ),
    (
        10,
        own("nodes:\n  a: {zone: eu-west-1a, present: true}\n  b: {zone: eu-west-1b}\n", 'nodes: "2"\n'),
        "7: nodes: got '2', want a mapping of node names to {zone: ZONE}",
    ),
    (10, own("waf: true", "waf: 1"), "19: balancer.waf: got 1, want true or false"),
    (11, own("region: eu-west-1\n", "region: eu-west-1a\n"), f"4: region: got 'eu-west-1a', which is a zone, {REGION}"),
    (
        12,
        own("region: eu-west-1\n", "region: eu-west-9\n"),
        f"4: region: got 'eu-west-9', which is not a known region (did you mean 'eu-west-3'?), {REGION}",
    ),
    (13, own('"123456789012"', '"1234567890"'), f"2: account: got '1234567890', {ACCOUNT}"),
    (13, own('"123456789012"', "012345678901"), f"2: account: got 12345678901, {ACCOUNT}"),
    (
        14,
        own("zone: eu-west-1b", "zone: eu-central-1b"),
        ("9: nodes.b.zone: got 'eu-central-1b', which is not in the region eu-west-1, want a zone such as eu-west-1a"),
    ),
    (
        15,
        own("zone: eu-west-1b", "zone: eu-west-1a"),
        "7: nodes: got nodes in 1 zone, want 2 to 8 (the balancer needs two)",
    ),
    (
        16,
        own("cidr: 10.64.0.0/20", "cidr: 10.0.0.5/16"),
        f"22: network.cidr: got '10.0.0.5/16', whose network is 10.0.0.0/16, {CIDR}",
    ),
    (
        17,
        own("cidr: 10.64.0.0/20", "cidr: 10.0.0.0/12"),
        f"22: network.cidr: got '10.0.0.0/12', which is too large, {CIDR}",
    ),
    (
        17,
        own("cidr: 10.64.0.0/20", "cidr: 10.0.0.0/29"),
        f"22: network.cidr: got '10.0.0.0/29', which is too small, {CIDR}",
    ),
    (
        18,
        own("cidr: 10.64.0.0/20", "cidr: 52.0.0.0/16"),
        f"22: network.cidr: got '52.0.0.0/16', which is not private, {CIDR}",
    ),
    (
        18,
        own("cidr: 10.64.0.0/20", "cidr: 0.0.0.0/0"),
        f"22: network.cidr: got '0.0.0.0/0', which is too large, {CIDR}",
    ),
    (
        19,
        own("cidr: 10.64.0.0/20", "cidr: 10.64.0.0/24"),
        f"22: network.cidr: got '10.64.0.0/24', which is too small, {CIDR}",
    ),
    (
        19,
        existing("10.0.2.0/24", "10.9.2.0/24"),
        (
            "6: nodes.b.address: got '10.0.2.10', want one of 10.9.2.0/24, but for the first four and the "
            "last (AWS keeps them)\n"
            "19: network.vpc.zones.eu-west-1b.nodes.cidr: got '10.9.2.0/24', which is not inside the VPC's "
            "10.0.0.0/16, want a part of it"
        ),
    ),
    (
        20,
        existing("10.0.102.0/27", "10.0.1.128/25"),
        (
            "20: network.vpc.zones.eu-west-1b.balancer.cidr: got '10.0.1.128/25', which overlaps "
            "'10.0.1.0/24' of network.vpc.zones.eu-west-1a.nodes, want a range of its own"
        ),
    ),
    (
        21,
        own("cidr: 10.64.0.0/20", "cidr: 172.17.0.0/16"),
        (
            "22: network.cidr: got '172.17.0.0/16', which overlaps 172.17.0.0/16, where AWS services and "
            f"Docker keep their own networks, {CIDR}"
        ),
    ),
    (
        21,
        own("cidr: 10.64.0.0/20", "cidr: 169.254.0.0/16"),
        f"22: network.cidr: got '169.254.0.0/16', which is not private, {CIDR}",
    ),
    (
        22,
        own("cidr: 10.64.0.0/20", "cidr: fd00::/20"),
        f"22: network.cidr: got 'fd00::/20', which is not an IPv4 network, {CIDR}",
    ),
    (
        22,
        own("192.168.7.1/32", "fd00::1/128"),
        f"16: balancer.clients.1: got 'fd00::1/128', which is not an IPv4 network, {CLIENT}",
    ),
    (
        22,
        existing("10.0.1.10", "'fd00::10'"),
        ("5: nodes.a.address: got 'fd00::10', which is not an IPv4 address, want an IPv4 address such as 10.0.1.10"),
    ),
    (23, own("port: 9092", "port: 0"), f"29: database.port: got 0, {PORT}"),
    (23, own("port: 9092", "port: 65536"), f"29: database.port: got 65536, {PORT}"),
    (23, own("port: 9092", "port: -1"), f"29: database.port: got -1, {PORT}"),
    (23, own("port: 9092", 'port: "8080a"'), f"29: database.port: got '8080a', {PORT}"),
    (
        26,
        own("port: 9092", "port: 8080"),
        "29: database.port: got 8080, which is also as400gateway.port, want a port of its own",
    ),
    (28, own("  b: {zone: eu-west-1b}\n", ""), "7: nodes: got 1, want 2 nodes for as400gateway"),
    (
        28,
        own("  b: {zone: eu-west-1b}\n", "  b: {zone: eu-west-1b}\n  c: {zone: eu-west-1c}\n"),
        "7: nodes: got 3, want 2 nodes for as400gateway",
    ),
    (
        29,
        existing("zone: eu-west-1b, address: 10.0.2.10", "zone: eu-west-1a, address: 10.0.1.11"),
        "4: nodes: got nodes in 1 zone, want 2 to 8 (the balancer needs two)",
    ),
]
