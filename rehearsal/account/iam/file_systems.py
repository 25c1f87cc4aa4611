"""Who may mount a file system of EFS: an instance's role, or whoever reaches it.

Source: EFS user guide, "Using IAM to control file system data access".
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.account.cloud import Cloud
from rehearsal.account.iam.context import of_anybody, of_caller
from rehearsal.account.iam.faults import UndecidableError
from rehearsal.account.iam.named import names
from rehearsal.account.iam.policy import Ask, Document, Match, Verdict, decide, document, listed
from rehearsal.account.iam.principals import NOBODY, NoCredentialsError, Policies, Principal, Principals
from rehearsal.account.iam.variables import Context

RIGHTS = ("ClientMount", "ClientWrite", "ClientRootAccess")
"""What a mount here needs. On AWS one without the second is read-only, and without the third its root is nobody."""

USUAL = {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "elasticfilesystem:Client*"}}
"""What stands for the policy of a file system that has none: whoever reaches it may do all."""


@dataclass(frozen=True)
class Mount:
    """A host's wish to mount a file system: with TLS or without, and with its role's leave (`iam`) or anybody's."""

    file_system: str
    instance: str
    profile: str
    tls: bool
    iam: bool


Record = Callable[[Principal, Ask, str, Match | None, str], None]


class FileSystems:
    """Decides on mounts by what is deployed now, and has `record` keep each decision."""

    def __init__(self, cloud: Cloud, principals: Principals, record: Record) -> None:
        self._cloud, self._principals, self._record = cloud, principals, record

    def refusal(self, wish: Mount) -> str:
        """Return why a wish is not granted; empty if it is."""
        try:
            caller = self._caller(wish)
            policy = self._policy(wish.file_system)
        except (NoCredentialsError, ClientError) as fault:
            return str(fault)
        arn = f"arn:aws:elasticfilesystem:{self._cloud.region}:{self._cloud.account_id}:file-system/{wish.file_system}"
        refusals = (
            self._refused(Ask(f"elasticfilesystem:{right}", arn, self._context(wish, caller)), policy, caller)
            for right in RIGHTS
        )
        return next(filter(None, refusals), "")

    def _caller(self, wish: Mount) -> Principal | None:
        if not wish.iam:
            return None
        return self._principals.find(self._principals.issue(wish.profile, wish.instance).access_key_id)

    def _policy(self, file_system: str) -> Mapping[str, Any]:
        try:
            found = self._cloud.call("efs", "DescribeFileSystemPolicy", FileSystemId=file_system)
        except ClientError as fault:
            if fault.response["Error"]["Code"] == "PolicyNotFound":
                return USUAL
            raise
        policy: Mapping[str, Any] = json.loads(found["Policy"])
        return policy

    def _context(self, wish: Mount, caller: Principal | None) -> Context:
        return {
            **(of_caller(caller, self._cloud.region, self._cloud) if caller else of_anybody()),
            "aws:securetransport": [str(wish.tls).lower()],
            "elasticfilesystem:accessedviamounttarget": ["true"],
        }

    def _refused(self, ask: Ask, policy: Mapping[str, Any], caller: Principal | None) -> str:
        who = caller or NOBODY
        try:
            verdict = decide_mount(policy, caller, self._principals.policies(caller) if caller else None, ask)
        except UndecidableError as fault:
            self._record(who, ask, "Undecidable", None, str(fault))
            return str(fault)
        self._record(who, ask, verdict.outcome, verdict.by, "")
        return "" if verdict.allowed else f"{who.arn} is not authorized to perform: {ask.action} ({verdict.outcome})"


def decide_mount(policy: Mapping[str, Any], caller: Principal | None, own: Policies | None, ask: Ask) -> Verdict:
    """Return what the file system's policy and the caller's own say together: one of them has to allow it.

    Raises `UndecidableError` for what is not known.
    """
    said = [_about(policy, caller, ask.resource), *(own.documents if own else ())]
    return decide(said, own.boundary if own else None, ask)


def _about(policy: Mapping[str, Any], caller: Principal | None, arn: str) -> Document:
    """Return the statements about a caller; one that names no resource is about the file system that it belongs to."""
    speaking = [
        {"Resource": arn, **{name: value for name, value in statement.items() if name != "Principal"}}
        for statement in listed(policy["Statement"])
        if names(statement["Principal"], caller, "file system policy")
    ]
    return document(f"policy of {arn}", {**policy, "Statement": speaking})
