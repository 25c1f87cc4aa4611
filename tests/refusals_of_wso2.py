"""What a cluster file of WSO2 Carbon is refused for: entries of the catalogue, and what it does not count."""

from tests.spec_help import CARBON, SHA, changed

KERNEL = "the number of a WSO2 Carbon kernel from 4.2.0 to 4.12 such as 4.10.126"
HOST = "want the proxy's host alone: a name such as proxy.example.org, or an IPv4 address"
ALONE = "and each member would be a cluster of its own"
BEATS = "which pauses of a Java machine or of its host exceed, and then the cluster parts"
BEAT = "want 30 or more (with short_heartbeat: true, for a rehearsal, 5 or more)"
DEBIAN = "t4g.medium, os: debian-12"
DOMAIN = "want a letter followed by up to 62 letters, digits and . _ -"


def own(*edits: tuple[str, str]) -> str:
    """Return the full file with each of `edits` made."""
    text = CARBON
    for old, new in edits:
        text = changed(text, old, new)
    return text


def kernel(number: str, *edits: tuple[str, str]) -> str:
    """Return the full file of this kernel, without a port and a Java that may be another's."""
    without = (("  member_port: 5702\n", ""), (", java: 17", ""), ("  kernel: 4.10.126", f"  kernel: {number}"))
    return own(*without, *edits)


def product(fields: str) -> str:
    """Return the full file with `fields` in place of the kernel."""
    return own(("  kernel: 4.10.126\n", fields))


WSO2: list[tuple[int, str, str]] = [
    (
        25,
        own(("5702", "4000")),
        (
            "18: wso2.member_port: got 4000, but Hazelcast 5.3.6 of the kernel 4.10.126 asks 5701 to 5708 alone, "
            f"{ALONE}, want 5701"
        ),
    ),
    (
        25,
        kernel("4.6.3", ("  peer_port: 9181\n", "  peer_port: 9181\n  member_port: 5706\n")),
        (
            "19: wso2.member_port: got 5706, but Hazelcast 3.12.2 of the kernel 4.6.3 asks 5701 to 5703 alone, "
            f"{ALONE}, want 5703"
        ),
    ),
    (
        30,
        own(("  b: {zone: eu-west-1b}\n  c: {zone: eu-west-1a}\n", "")),
        "4: nodes: got 1, want 2 to 16 nodes for wso2-carbon",
    ),
    (
        50,
        own(("proxy.example.org", "'http://user:geheim@proxy.example.org:3128'")),
        f"23: wso2.proxy.host: got 'http://user:geheim@proxy.example.org:3128', which is more than a host, {HOST}",
    ),
    (
        50,
        own(("proxy.example.org", "10.0.0.256")),
        f"23: wso2.proxy.host: got '10.0.0.256', which is not an address, {HOST}",
    ),
    (50, own(("proxy.example.org", "proxy")), f"23: wso2.proxy.host: got 'proxy', which has no dot, {HOST}"),
    (
        45,
        own(("port: 3128}", "port: 3128, password: geheim}")),
        (
            "23: wso2.proxy.password: is unknown, and no secret stands in a cluster file (Muster generates them), "
            "allowed: host, port"
        ),
    ),
]
"""Entries of the catalogue."""

BESIDE: list[tuple[str, str]] = [
    (
        kernel("4.1.0"),
        (
            "12: wso2.kernel: got '4.1.0', whose clustering (Tribes) has no membership by AWS, the nearest that has it "
            f"is 4.2.0, want {KERNEL}"
        ),
    ),
    (
        kernel("4.13.0"),
        (
            "12: wso2.kernel: got '4.13.0', whose cluster engine Muster does not know, the nearest that it knows is "
            f"4.12.37, want {KERNEL}"
        ),
    ),
    (
        kernel("5.2.18"),
        (
            "12: wso2.kernel: got '5.2.18', whose runtime has no clustering of its own, the nearest that has it is "
            f"4.12.37, want {KERNEL}"
        ),
    ),
    (kernel("'4.4'"), f"12: wso2.kernel: got '4.4', which is no kernel's number, want {KERNEL}"),
    (kernel("4.4"), f"12: wso2.kernel: got 4.4, want {KERNEL}"),
    (product(""), f"11: wso2.kernel: is missing, want {KERNEL}, or wso2.name and wso2.version"),
    (
        own(("  kernel: 4.10.126\n", "  kernel: 4.10.126\n  name: as\n  version: 5.3.0\n")),
        (
            "13: wso2.name: got 'as' beside the kernel '4.10.126', want one or the other\n"
            "14: wso2.version: got '5.3.0' beside the kernel '4.10.126', want one or the other"
        ),
    ),
    (product("  name: bps\n"), "11: wso2.version: is missing, want one of 3.5.0, 3.5.1, 3.6.0"),
    (
        product("  version: 5.3.0\n"),
        "11: wso2.name: is missing, want am or as or bps or brs or dss or ei or esb or greg or is",
    ),
    (
        product("  name: bps\n  version: 4.0.0\n"),
        (
            "13: wso2.version: got '4.0.0', a version of bps whose kernel Muster does not know, want one of 3.5.0, "
            "3.5.1, 3.6.0, or wso2.kernel in place of both"
        ),
    ),
    (
        product("  name: apim\n  version: 4.5.0\n"),
        "12: wso2.name: got 'apim' (did you mean 'am'?), want am or as or bps or brs or dss or ei or esb or greg or is",
    ),
    (
        own(("  heartbeat: 10\n", "  heartbeat: 29\n"), ("  short_heartbeat: true\n", "")),
        f"21: wso2.heartbeat: got 29, {BEATS}, {BEAT}",
    ),
    (own(("heartbeat: 10\n", "heartbeat: 4\n")), "21: wso2.heartbeat: got 4, want whole seconds from 30 to 600"),
    (
        kernel("4.4.40", ("t4g.medium, os: amazon-linux-2023", DEBIAN)),
        (
            "8: instance.os: got 'debian-12', whose only Java is 17, but the kernel 4.4.40 runs with 8, want "
            "amazon-linux-2023; the nearest kernel with Java 17 is 4.7.0"
        ),
    ),
    (
        kernel("4.12.37", ("t4g.medium, os: amazon-linux-2023", DEBIAN)),
        (
            "8: instance.os: got 'debian-12', whose only Java is 17, but the kernel 4.12.37 runs with 21, want "
            "amazon-linux-2023; the nearest kernel with Java 17 is 4.12.2"
        ),
    ),
    (
        own(("java: 17", "java: 8")),
        "8: instance.java: got 8, with which wso2-carbon does not run on amazon-linux-2023, want 11 or 17 or 21",
    ),
    (
        own(("  membership: aws\n", ""), ("region: eu-west-1\n", "region: cn-north-1\n"))
        .replace("eu-west-1a", "cn-north-1a")
        .replace("eu-west-1b", "cn-north-1b"),
        (
            "11: wso2.membership: got 'aws', but the engine asks ec2.cn-north-1.amazonaws.com, and AWS's name there "
            "ends with .cn, want wka"
        ),
    ),
    (
        own(("egress: nat", "egress: endpoints")),
        (
            "23: wso2.proxy: is for calls that leave the VPC, but network.egress is endpoints, and nothing leaves it, "
            "want none\n"
            "25: wso2.outside: is for what no node of a VPC of the cluster's own reaches by endpoints, want none, "
            "network.egress: nat or nat-per-zone, or network.vpc: a VPC with a way there"
        ),
    ),
    (own(("[389, 1521]", "[389, 389]")), "25: wso2.outside.1: got 389 twice, want it once"),
    (own(("[389, 1521]", "389")), "25: wso2.outside: got 389, want a list of 1 to 20 TCP ports such as [61616]"),
    (own((".126.zip}", ".126.jar}")), "9: artifact.file: got 'wso2-carbon-4.10.126.jar', want a .zip for wso2-carbon"),
    (
        own(("{file: artifacts/wso2-carbon-4.10.126.zip}", f"{{s3: bucket/x/as400.jar, sha256: {SHA}}}")),
        "9: artifact.s3: got 'as400.jar', want a .zip for wso2-carbon",
    ),
    (
        own(("network:", "database: {port: 9092}\nnetwork:")),
        "10: database: is not for wso2-carbon, which has no H2 pair, want none",
    ),
    (
        own(("network:", "balancer: {admin: {route: path}}\nnetwork:")),
        "10: balancer.admin: is not for wso2-carbon, which has no admin path, want none",
    ),
    (own(("domain: wso2", "domain: <x/>")), f"14: wso2.domain: got '<x/>.carbon.domain', {DOMAIN}"),
    (
        own(("artifacts/ca.pem", "artifacts/ca.jks")),
        (
            "24: wso2.trust: got 'artifacts/ca.jks', whose name is not such, want the path of a .pem or .crt whose "
            "name has only letters, digits and . _ -"
        ),
    ),
    (
        own(("t4g.medium", "t4g.micro")),
        "8: instance.type: got 't4g.micro', which has 1 GiB of memory, want a type with 2 GiB or more for wso2-carbon",
    ),
]
"""What the catalogue does not count."""
