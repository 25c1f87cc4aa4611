"""Network, the nodes' security group and the shared database of a cluster, in a stack of their own."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms

from muster.network import Network
from muster.products import Reach
from muster.shared_database import SharedDatabase
from muster.shared_security_group import SharedSecurityGroup
from muster.spec import Cluster, plan
from tests.conftest import ROOT, Template
from tests.judging import PACKS, Finding, findings
from tests.wso2_as_support import loaded


class Shared(cdk.Stack):
    """Construct ids are those of the whole stack."""

    def __init__(self, scope: cdk.App, cluster: Cluster) -> None:
        planned, wanted = plan(cluster), cluster.about.made_database(cluster)
        self._zones = [zone.zone for zone in planned.zones]
        super().__init__(scope, "shared", env=cdk.Environment(region=cluster.region))
        key = kms.Key.from_key_arn(self, "Key", cluster.kms_key) if cluster.kms_key else None
        network = Network(self, "Network", cluster=cluster, plan=planned, kms_key=key)
        group = SharedSecurityGroup(
            self,
            "SharedSecurityGroup",
            vpc=network.vpc,
            cluster=cluster.name,
            member_ports=cluster.about.ports_for(cluster, Reach.MEMBERS),
            operating_system=cluster.instance.os,
            ways_out=cluster.about.ways_out(cluster),
        ).group
        if wanted is None:
            return
        made = SharedDatabase(
            self,
            "SharedDatabase",
            wanted=wanted,
            cluster=cluster,
            plan=planned,
            network=network,
            nodes=group,
            kms_key=key,
        )
        cdk.CfnOutput(self, "Secret", value=made.secret.secret_arn)
        for name, value in made.settings["database"].items():
            cdk.CfnOutput(self, name, value=value)

    @property
    def availability_zones(self) -> list[str]:
        """The plan's zones: nothing is looked up."""
        return self._zones


def shared(fields: Mapping[str, Any], folder: Path) -> Template:
    """Return the template for the cluster file with these fields, which is written into the folder."""
    judged(fields, folder, packs=())
    template: Template = json.loads((folder / "cdk" / "shared.template.json").read_text(encoding="utf-8"))
    return template


def judged(fields: Mapping[str, Any], folder: Path, packs: tuple[str, ...] = tuple(PACKS)) -> set[Finding]:
    """Return what the rule packs find in the same, and the CDK itself."""
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    cluster = loaded(fields, folder)
    return findings(lambda app: Shared(app, cluster), packs, context, folder / "cdk")
