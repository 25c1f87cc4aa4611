"""The places in a running cluster between which ports are scanned."""

from collections.abc import Mapping
from dataclasses import dataclass

from muster.names import stack_name
from muster.spec import cluster_lock, plan
from rehearsal.checks.allowed import BALANCER, HTTPS, NFS, OUTSIDE, S3, VISITOR, Sight
from rehearsal.checks.scene import Scene
from rehearsal.network.names import ENDPOINTS, GATEWAYS


@dataclass(frozen=True)
class Spot:
    """Where something is. What only answers needs no namespace; `port` is where a service answers nodes."""

    address: str
    namespace: str = ""
    port: int = 0


def places_of(scene: Scene) -> dict[str, Spot]:
    """Return the places by the names that scans give them."""
    return {
        **{member.name: Spot(member.address, member.namespace) for member in scene.members},
        BALANCER: Spot(scene.balancer.address, scene.balancer.namespace),
        VISITOR: Spot(scene.visitor_address, scene.visitor_namespace),
        OUTSIDE: Spot(ENDPOINTS),
        S3: Spot(GATEWAYS["s3"]),
        **_services(scene),
    }


def sight_of(scene: Scene, places: Mapping[str, Spot]) -> Sight:
    """Return what is to be known of the cluster to tell who may reach what."""
    return Sight(
        members=[member.name for member in scene.members],
        addresses={name: place.address for name, place in places.items()},
        listening=scene.listening,
        for_balancer=scene.balancer_ports(),
        services=[(name, place.port) for name, place in places.items() if place.port],
        cidr=plan(scene.cluster, cluster_lock(scene.cluster)).cidr,
    )


def _services(scene: Scene) -> dict[str, Spot]:
    """Return an address of the stack's endpoints and one of its file system, if any: all of a kind have one group."""
    described = scene.client("cloudformation").describe_stack_resources(StackName=stack_name(scene.cluster.name))
    made: dict[str, list[str]] = {}
    for each in described["StackResources"]:
        made.setdefault(each["ResourceType"].rpartition("::")[2], []).append(each["PhysicalResourceId"])
    return {**_endpoint(scene, made.get("VPCEndpoint", [])), **_file_system(scene, made.get("MountTarget", []))}


def _endpoint(scene: Scene, ids: list[str]) -> dict[str, Spot]:
    machines = scene.client("ec2")
    found = machines.describe_vpc_endpoints(VpcEndpointIds=ids)["VpcEndpoints"] if ids else []
    for endpoint in found:
        for interface in endpoint["NetworkInterfaceIds"]:
            (known,) = machines.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"]
            return {endpoint["VpcEndpointId"]: Spot(known["PrivateIpAddress"], port=HTTPS)}
    return {}


def _file_system(scene: Scene, ids: list[str]) -> dict[str, Spot]:
    for target in ids:
        (known,) = scene.client("efs").describe_mount_targets(MountTargetId=target)["MountTargets"]
        return {known["FileSystemId"]: Spot(known["IpAddress"], port=NFS)}
    return {}
