"""What must hold between the fields about WSO2 Carbon, and about products on it: one pure function a rule.

Each refuses what cannot work, or works only as servers that never become a cluster, and names the nearest that does.
"""

from collections.abc import Iterator
from typing import Final

from muster.products.wso2_carbon import Wso2Carbon
from muster.products.wso2_kernels import KERNEL, VERSIONS, Generation, nearest_with
from muster.products.wso2_members import SHORTEST, Wso2Members, asks_by_name, generation_of, kept, kernel
from muster.spec.finding import Finding, location
from muster.spec.model import Cluster
from muster.spec.node_rules import PACKAGED

_KERNEL: Final = ("wso2", "kernel")
_NAME: Final = ("wso2", "name")
_VERSION: Final = ("wso2", "version")
_PORT: Final = ("wso2", "member_port")


def _of(cluster: Cluster) -> Wso2Carbon | None:
    own = getattr(cluster, cluster.about.field)
    return own if isinstance(own, Wso2Carbon) else None


def _members(cluster: Cluster) -> tuple[str, Wso2Members] | None:
    """Return the name and the block of any product on WSO2 Carbon."""
    field = cluster.about.field
    own = getattr(cluster, field)
    return (field, own) if isinstance(own, Wso2Members) else None


def _kernel_of(cluster: Cluster) -> tuple[str, Generation] | None:
    """Return the kernel's number and what it has in common with others, where the file tells it."""
    number, found = (kernel(cluster), generation_of(cluster)) if _of(cluster) else (None, None)
    return (number, found) if number and found else None


def one_way_to_the_kernel(cluster: Cluster) -> Iterator[Finding]:
    """Demand the kernel, or the product's name and version, and not both."""
    own = _of(cluster)
    if own is None:
        return
    if own.kernel is None and own.name is None and own.version is None:
        yield Finding(_KERNEL, f"is missing, want {KERNEL}, or wso2.name and wso2.version", (_NAME, _VERSION))
    for field, other in ((_NAME, own.name), (_VERSION, own.version)):
        if own.kernel is not None and other is not None:
            yield Finding(field, f"got '{other}' beside the kernel '{own.kernel}', want one or the other", (_KERNEL,))
    if own.kernel is None and own.name is not None and own.version is None:
        yield Finding(_VERSION, f"is missing, want {_versions(own.name)}", (_NAME, _KERNEL))
    if own.kernel is None and own.version is not None and own.name is None:
        yield Finding(_NAME, f"is missing, want {' or '.join(VERSIONS)}", (_VERSION, _KERNEL))


def a_version_whose_kernel_is_known(cluster: Cluster) -> Iterator[Finding]:
    """Demand a version whose kernel Muster has read; which it is decides how the members find each other."""
    own = _of(cluster)
    if own is None or own.kernel or not own.name or not own.version or own.version in VERSIONS[own.name]:
        return
    what = f"got '{own.version}', a version of {own.name} whose kernel Muster does not know"
    yield Finding(_VERSION, f"{what}, want {_versions(own.name)}, or wso2.kernel in place of both", (_NAME,))


def _versions(name: str) -> str:
    return f"one of {', '.join(VERSIONS[name])}"


def a_system_with_the_kernels_java(cluster: Cluster) -> Iterator[Finding]:
    """Demand an operating system that packages a Java with which the kernel runs."""
    of, system = _kernel_of(cluster), cluster.instance.os
    if of is None or set(of[1].java) & set(PACKAGED[system]):
        return
    packaged, runs = PACKAGED[system][0], " or ".join(map(str, of[1].java))
    what = f"got '{system}', whose only Java is {packaged}, but the kernel {of[0]} runs with {runs}"
    want = f"want amazon-linux-2023; the nearest kernel with Java {packaged} is {nearest_with(of[0], packaged)}"
    yield Finding(("instance", "os"), f"{what}, {want}", (("wso2",),))


def a_member_port_that_the_engine_asks(cluster: Cluster) -> Iterator[Finding]:
    """Demand a port that the members ask of each other: on another each would be a cluster of its own."""
    own, of = _of(cluster), _kernel_of(cluster)
    if own is None or of is None or own.member_port is None or own.membership != "aws":
        return
    number, port, asked = of[0], own.member_port, of[1].probed
    if asked and port not in asked:
        what = f"got {port}, but Hazelcast {of[1].engine} of the kernel {number} asks {asked[0]} to {asked[-1]} alone"
        nearest = min(asked, key=lambda each: abs(each - port))
        also = (_KERNEL, _NAME, _VERSION, ("wso2", "membership"))
        yield Finding(_PORT, f"{what}, and each member would be a cluster of its own, want {nearest}", also)


def ports_that_nothing_else_has(cluster: Cluster) -> Iterator[Finding]:
    """Demand other ports than those that servers and nodes have beside the file's."""
    name, own = _members(cluster) or ("", None)
    if own is None:
        return
    others = kept(cluster)
    for port in cluster.about.ports(cluster):
        if port.number in others:
            what = f"got {port.number}, which {others[port.number]} has, want a port of its own"
            yield Finding(location(port.field), what, ((name, "http_port"), ("wso2",)))


def a_heartbeat_that_pauses_do_not_exceed(cluster: Cluster) -> Iterator[Finding]:
    """Demand a heartbeat that is longer than the pauses of a Java machine, unless the file says that it knows."""
    name, own = _members(cluster) or ("", None)
    if own and own.heartbeat < SHORTEST and not own.short_heartbeat:
        what = f"got {own.heartbeat}, which pauses of a Java machine or of its host exceed, and then the cluster parts"
        want = f"want {SHORTEST} or more (with short_heartbeat: true, for a rehearsal, 5 or more)"
        yield Finding((name, "heartbeat"), f"{what}, {want}", ((name, "short_heartbeat"),))


def an_ec2_api_of_the_name_that_the_engine_asks(cluster: Cluster) -> Iterator[Finding]:
    """Demand other membership where the EC2 API has another name than the one that the engines ask."""
    name, own = _members(cluster) or ("", None)
    if own and own.membership == "aws" and not asks_by_name(cluster.region):
        asked = f"ec2.{cluster.region}.amazonaws.com"
        what = f"got 'aws', but the engine asks {asked}, and AWS's name there ends with .cn, want wka"
        yield Finding((name, "membership"), what, (("region",),))


def a_proxy_for_calls_that_are_made(cluster: Cluster) -> Iterator[Finding]:
    """Demand no proxy where nodes reach nothing outside: it could be reached by none of them."""
    name, own = _members(cluster) or ("", None)
    if own and own.proxy and cluster.network.vpc is None and cluster.network.egress == "endpoints":
        what = "is for calls that leave the VPC, but network.egress is endpoints, and nothing leaves it, want none"
        yield Finding((name, "proxy"), what, (("network", "egress"),))


WSO2_RULES: Final = (
    one_way_to_the_kernel,
    a_version_whose_kernel_is_known,
    a_system_with_the_kernels_java,
    a_member_port_that_the_engine_asks,
    ports_that_nothing_else_has,
    a_heartbeat_that_pauses_do_not_exceed,
    an_ec2_api_of_the_name_that_the_engine_asks,
    a_proxy_for_calls_that_are_made,
)
