"""Who may sign: the administrator, and the sessions of instance roles; and what their policies say."""

import datetime
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.account.cloud import Cloud
from rehearsal.account.iam.policy import Document, document, listed

SECONDS_KEPT = 1.0
"""A change of a policy takes effect after this long at most; AWS takes some seconds as well."""

RENEWED_BEFORE = datetime.timedelta(minutes=15)
"""Credentials are new when they have less than this left, as the metadata service promises on AWS."""


class NoCredentialsError(Exception):
    """An instance profile gives no credentials; the text says why, as the metadata service would."""


@dataclass(frozen=True)
class InstanceCredentials:
    """Temporary credentials of an instance role, as the metadata service hands them out. Times have a zone."""

    role_name: str
    role_arn: str
    profile_arn: str
    profile_id: str
    access_key_id: str
    secret_access_key: str
    token: str
    last_updated: datetime.datetime
    expiration: datetime.datetime
    session: str


@dataclass(frozen=True)
class Principal:
    """A key that may sign; `role` is empty for the administrator, who may do everything."""

    arn: str
    secret: str
    token: str = ""
    role: str = ""
    role_arn: str = ""
    session: str = ""
    expiration: datetime.datetime | None = None


@dataclass(frozen=True)
class Policies:
    """All that limits a role; `boundary` is None where the role has none."""

    documents: tuple[Document, ...]
    boundary: tuple[Document, ...] | None


class Principals:
    """The keys of the account, by access key id."""

    def __init__(self, cloud: Cloud, administrator_key: str, administrator_secret: str) -> None:
        self._cloud = cloud
        root = f"arn:aws:iam::{cloud.account_id}:root"
        self._keys = {administrator_key: Principal(root, administrator_secret)}
        self._issued: dict[tuple[str, str], InstanceCredentials] = {}
        self._policies: dict[str, tuple[float, Policies]] = {}
        self._lock = threading.Lock()

    def find(self, access_key: str) -> Principal | None:
        """Return who has this access key."""
        return self._keys.get(access_key)

    def issue(self, profile_name: str, session: str) -> InstanceCredentials:
        """Return credentials of the profile's role for a session, new ones when the last are about to expire.

        Raises `NoCredentialsError` if there is no such profile or role, or if EC2 may not assume the role.
        """
        with self._lock:
            profile, role = self._profile_and_role(profile_name)
            kept = self._issued.get((profile_name, session))
            soon = datetime.datetime.now(datetime.UTC) + RENEWED_BEFORE
            if kept and kept.role_arn == role["Arn"] and kept.expiration > soon:
                return kept
            given = self._cloud.call("sts", "AssumeRole", RoleArn=role["Arn"], RoleSessionName=session)
            issued = self._credentials(profile, role, session, given["Credentials"])
            self._issued[profile_name, session] = issued
            arn = given["AssumedRoleUser"]["Arn"]
            self._keys[issued.access_key_id] = Principal(
                arn,
                issued.secret_access_key,
                issued.token,
                role["RoleName"],
                role["Arn"],
                session,
                issued.expiration,
            )
            return issued

    @staticmethod
    def _credentials(
        profile: Mapping[str, Any], role: Mapping[str, Any], session: str, given: Mapping[str, Any]
    ) -> InstanceCredentials:
        return InstanceCredentials(
            role_name=role["RoleName"],
            role_arn=role["Arn"],
            profile_arn=profile["Arn"],
            profile_id=profile["InstanceProfileId"],
            access_key_id=given["AccessKeyId"],
            secret_access_key=given["SecretAccessKey"],
            token=given["SessionToken"],
            last_updated=datetime.datetime.now(datetime.UTC),
            expiration=given["Expiration"],
            session=session,
        )

    def _profile_and_role(self, profile_name: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        try:
            profile = self._cloud.call("iam", "GetInstanceProfile", InstanceProfileName=profile_name)["InstanceProfile"]
        except ClientError as fault:
            raise NoCredentialsError(f"instance profile {profile_name} does not exist") from fault
        if not profile["Roles"]:
            raise NoCredentialsError(f"instance profile {profile_name} has no role")
        role = profile["Roles"][0]
        if not _trusts_ec2(role["AssumeRolePolicyDocument"]):
            raise NoCredentialsError(
                f"EC2 cannot assume the role {role['RoleName']}: it does not trust ec2.amazonaws.com"
            )
        return profile, role

    def policies(self, role: str) -> Policies:
        """Return what the policies of a role say now, or said a moment ago."""
        with self._lock:
            at, policies = self._policies.get(role, (0.0, None))
            if policies is None or time.monotonic() > at + SECONDS_KEPT:
                policies = self._read(role)
                self._policies[role] = time.monotonic(), policies
            return policies

    def _read(self, role: str) -> Policies:
        call = self._cloud.call
        documents = []
        for name in call("iam", "ListRolePolicies", RoleName=role)["PolicyNames"]:
            inline = call("iam", "GetRolePolicy", RoleName=role, PolicyName=name)["PolicyDocument"]
            documents.append(document(name, inline))
        attached = call("iam", "ListAttachedRolePolicies", RoleName=role)["AttachedPolicies"]
        documents += [self._managed(policy["PolicyArn"]) for policy in attached]
        boundary = call("iam", "GetRole", RoleName=role)["Role"].get("PermissionsBoundary")
        limit = (self._managed(boundary["PermissionsBoundaryArn"]),) if boundary else None
        return Policies(tuple(documents), limit)

    def _managed(self, arn: str) -> Document:
        version = self._cloud.call("iam", "GetPolicy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
        found = self._cloud.call("iam", "GetPolicyVersion", PolicyArn=arn, VersionId=version)["PolicyVersion"]
        return document(arn, found["Document"])


def _trusts_ec2(trust: Mapping[str, Any]) -> bool:
    return any(
        statement["Effect"] == "Allow"
        and "sts:AssumeRole" in listed(statement["Action"])
        and "ec2.amazonaws.com" in listed(statement.get("Principal", {}).get("Service", []))
        for statement in listed(trust["Statement"])
    )
