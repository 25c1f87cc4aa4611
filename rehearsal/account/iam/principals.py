"""Who may sign: the administrator, the sessions of roles and users; and what their policies say."""

import datetime
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.account.cloud import Cloud
from rehearsal.account.iam.faults import UndecidableError
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
    """A key that may sign, of a session of `role` or of `user`; the administrator is neither, and may do everything.

    `instance` is the id of the instance whose metadata service gave out the key, if one did; `vpc` and `address` are
    where that is: its VPC, and the private address of its first interface.
    """

    arn: str
    secret: str
    token: str = ""
    role: str = ""
    role_arn: str = ""
    session: str = ""
    expiration: datetime.datetime | None = None
    user: str = ""
    instance: str = ""
    vpc: str = ""
    address: str = ""

    @property
    def limited(self) -> bool:
        """Whether policies decide what this key may do."""
        return bool(self.role or self.user)

    @property
    def identity(self) -> str:
        """The ARN that policies know the caller by: of a session it is the role's."""
        return self.role_arn or self.arn


NOBODY = Principal("anonymous", "")
"""Who does not say who it is, in the record of decisions."""


@dataclass(frozen=True)
class Policies:
    """All that limits a role or user; `boundary` is None where it has none."""

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
        """Return who has this access key; a user's counts while it is active, from one request to the next."""
        return self._keys.get(access_key) or self._user(access_key)

    def _user(self, access_key: str) -> Principal | None:
        found = self._cloud.emulator.user_key(access_key)
        return Principal(found.user_arn, found.secret, user=found.user) if found and found.active else None

    def add(self, access_key: str, principal: Principal) -> None:
        """Let a key sign that was given out in answer to a request."""
        self._keys[access_key] = principal

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
                **self._home(session),
            )
            return issued

    def _home(self, session: str) -> dict[str, str]:
        """Return what a key tells of the instance that it was given to; nothing if there is no such instance."""
        try:
            (found,) = self._cloud.call("ec2", "DescribeInstances", InstanceIds=[session])["Reservations"]
        except ClientError:
            return {"instance": session} if session.startswith("i-") else {}
        (instance,) = found["Instances"]
        return {
            "instance": session,
            "vpc": str(instance.get("VpcId", "")),
            "address": str(instance.get("PrivateIpAddress", "")),
        }

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

    def role(self, arn: str) -> Mapping[str, Any] | None:
        """Return a role as IAM describes it, None if there is none of this ARN."""
        try:
            found: Mapping[str, Any] = self._cloud.call("iam", "GetRole", RoleName=arn.rsplit("/", 1)[1])["Role"]
        except ClientError:
            return None
        return found if found["Arn"] == arn else None

    def policies(self, principal: Principal) -> Policies:
        """Return what the policies of a role or user say now, or said a moment ago. Raises `UndecidableError`."""
        with self._lock:
            at, policies = self._policies.get(principal.identity, (0.0, None))
            if policies is None or time.monotonic() > at + SECONDS_KEPT:
                policies = self._read(principal)
                self._policies[principal.identity] = time.monotonic(), policies
            return policies

    def _read(self, principal: Principal) -> Policies:
        if principal.role:
            boundary = self._role_boundary(principal.role)
            documents = self._documents("Role", principal.role)
        else:
            self._refuse_groups(principal.user)
            boundary = self._cloud.user_boundaries.get(principal.user, "")
            documents = self._documents("User", principal.user)
        return Policies(tuple(documents), (self._managed(boundary),) if boundary else None)

    def _documents(self, kind: str, name: str) -> list[Document]:
        """Return the inline and attached policies of a `Role` or `User`, whose operations differ by this word alone."""
        call, who = self._cloud.call, {f"{kind}Name": name}
        documents = []
        for inline in call("iam", f"List{kind}Policies", **who)["PolicyNames"]:
            found = call("iam", f"Get{kind}Policy", **who, PolicyName=inline)["PolicyDocument"]
            documents.append(document(inline, found))
        attached = call("iam", f"ListAttached{kind}Policies", **who)["AttachedPolicies"]
        return [*documents, *(self._managed(policy["PolicyArn"]) for policy in attached)]

    def _role_boundary(self, role: str) -> str:
        described = self._cloud.call("iam", "GetRole", RoleName=role)["Role"]
        return str(described.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""))

    def _refuse_groups(self, user: str) -> None:
        if groups := self._cloud.call("iam", "ListGroupsForUser", UserName=user)["Groups"]:
            names = sorted(group["GroupName"] for group in groups)
            raise UndecidableError(f"user {user} in groups {names} is not supported by this emulated account")

    def _managed(self, arn: str) -> Document:
        version = self._cloud.call("iam", "GetPolicy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
        found = self._cloud.call("iam", "GetPolicyVersion", PolicyArn=arn, VersionId=version)["PolicyVersion"]
        return document(arn, found["Document"])


def _trusts_ec2(trust: Mapping[str, Any]) -> bool:
    return any(
        statement["Effect"] == "Allow"
        and "sts:AssumeRole" in listed(statement["Action"])
        and "Condition" not in statement  # nothing here is known of a call that EC2 makes
        and "ec2.amazonaws.com" in listed(statement.get("Principal", {}).get("Service", []))
        for statement in listed(trust["Statement"])
    )
