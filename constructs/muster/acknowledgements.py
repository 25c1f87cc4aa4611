"""Findings of the rule packs that are accepted, each with its reason, next to the construct that needs it."""

from collections.abc import Iterable
from typing import Final, cast

import aws_cdk as cdk
from constructs import IConstruct

SHORTEST: Final = 40
"""Characters of a reason: shorter ones explain nothing."""


ZONES: Final = "zones stand in the cluster file, so that the same file gives the same places in every account"
"""Why W3010 (hard-coded availability zone) is accepted wherever a zone is set."""

LIFTED: Final = "the cluster file lifts protection or turns it off, so that `cdk destroy` can remove the cluster"
"""Why it is accepted that something can be deleted."""

ONE_REGION: Final = (
    "what lies here is kept for some days in one region: no request depends on it, and nodes hold the data"
)
"""Why it is accepted that a bucket is not replicated to another region."""

UNLOGGED: Final = "CloudTrail can record its readers; a log needs another bucket"
"""Why it is accepted that requests to a bucket are not logged by S3."""


NIST: Final = "NIST.800.53.R5"
PCI: Final = "PCI.DSS.321"
HIPAA: Final = "HIPAA.Security"
"""Rule packs by the name that cdk-nag gives them; NIST stands for SP 800-53 revision 5, PCI for DSS 3.2.1."""


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Accept findings of `rule` (such as AwsSolutions-EC29) on `construct` and what is in it.

    A rule of checkov (CKV_AWS_18) is accepted on the one resource that `construct` is or is made for, by checkov's own
    entry in the template, so that everybody who runs checkov on it sees the reason.
    Raises `ValueError` for a reason of fewer than `SHORTEST` characters.
    """
    if len(reason) < SHORTEST:
        raise ValueError(f"the reason for {rule} has {len(reason)} characters, want at least {SHORTEST}")
    accept(construct, rule, reason)


def accept(construct: IConstruct, rule: str, reason: str) -> None:
    """Write the acknowledgement down where the tool that has the rule looks for it."""
    if not rule.startswith("CKV_"):
        cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=rule, reason=reason))
        return
    resource = cast("cdk.CfnResource", construct.node.default_child or construct)
    known = resource.get_metadata("checkov") or {"skip": []}
    resource.add_metadata("checkov", {"skip": [*known["skip"], {"id": rule, "comment": reason}]})


def acknowledge_in(construct: IConstruct, packs: Iterable[str], rule: str, reason: str) -> None:
    """Accept findings of `rule`, which each of `packs` has under the same name, for the same `reason`."""
    for pack in packs:
        acknowledge(construct, f"{pack}-{rule}", reason)
