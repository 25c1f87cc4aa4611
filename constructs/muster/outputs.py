"""What a deployment prints at its end."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2

from muster import session_manager
from muster.shared_files import OWN
from muster.spec import Cluster, Plan
from muster.sticky_balancer import StickyBalancer


def outputs(
    stack: cdk.Stack,
    *,
    cluster: Cluster,
    plan: Plan,
    nodes: Mapping[str, ec2.Instance],
    balancer: StickyBalancer,
) -> None:
    """Give `stack` its outputs: addresses of users and nodes, a shell on each node, the next command, what stays.

    `nodes` are the present nodes' instances by name; an absent one has an address and no shell. Nothing is exported.
    """
    values = {"Url": balancer.url}
    if balancer.admin_url is not None:
        values["AdminUrl"] = balancer.admin_url
    values |= {output_name(member.name): member.address for member in plan.members}
    values |= {
        f"Session{output_name(name)}": session_manager.command(cluster, node.instance_id)
        for name, node in nodes.items()
    }
    values["Status"] = f"./muster status FILE  # FILE: the cluster file of {cluster.name}"
    values["DestroyKeeps"] = kept(cluster, balancer)
    for name, value in values.items():
        cdk.CfnOutput(stack, name, value=value)


def output_name(node: str) -> str:
    """Return the name of the output that holds the address of `node`: `NodeA` for a, `NodeEastOne` for east-one."""
    return "Node" + "".join(part.capitalize() for part in node.split("-"))


def kept(cluster: Cluster, balancer: StickyBalancer) -> str:
    """Return in words what of `cluster` outlives its stack."""
    if not cluster.protected:
        return "nothing, but for what a time with protection has left (./muster leftovers FILE)"
    logs = "" if balancer.log_bucket is None else f", and the access logs in {balancer.log_bucket.bucket_name}"
    pair = ", the witness" if cluster.about.pair else ""
    saved = cluster.about.pair or cluster.about.keepers(cluster)
    backups = ", backups" if saved and cluster.backed_up else ""
    files = ", the shared files" if cluster.about.shared_files(cluster) == OWN else ""
    database = ", a snapshot of the database" if cluster.about.made_database(cluster) else ""
    left = f"a snapshot of each data volume{pair}{backups}{files}{database}{logs} (./muster leftovers FILE)"
    if not cluster.deletion_refused:
        return left
    return f"everything: it is refused while protection is on (./muster unprotect FILE); once lifted, {left}"
