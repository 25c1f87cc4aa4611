"""IAM roles, policies and instance profiles."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.account.cloud import Cloud
from rehearsal.account.iam.policy import listed
from rehearsal.account.kinds.base import Existing, Kind, Made, Request, refuse, retag
from rehearsal.account.kinds.iam_holder import Holder, former_holders, holders


class Role(Holder):
    """A role with its inline and attached policies."""

    word = "Role"
    type = "AWS::IAM::Role"
    mutable = frozenset(
        {"AssumeRolePolicyDocument", "Description", "ManagedPolicyArns", "MaxSessionDuration"}
        | {"PermissionsBoundary", "Policies", "Tags"}
    )
    properties = mutable | {"Path", "RoleName"}
    custom_name = "RoleName"

    def create(self, request: Request) -> Made:
        """Create the role."""
        given = request.properties
        name = given.get("RoleName") or request.generated_name(64)
        self.offer(request)
        self._refuse_strangers(request)
        role = request.call(
            "iam",
            "CreateRole",
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps(given["AssumeRolePolicyDocument"]),
            Tags=request.own_tags(),
            **request.given("Path", "Description", "MaxSessionDuration", "PermissionsBoundary"),
        )["Role"]
        request.made(name)
        self.give(request, name)
        return Made(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Bring everything but the name to the declared state."""
        given, name, changed = request.properties, old.physical_id, request.changed(old)
        self.offer(request)
        if "AssumeRolePolicyDocument" in changed:
            self._refuse_strangers(request)
            document = json.dumps(given["AssumeRolePolicyDocument"])
            request.call("iam", "UpdateAssumeRolePolicy", RoleName=name, PolicyDocument=document)
        if changed & {"Description", "MaxSessionDuration"}:
            seconds = given.get("MaxSessionDuration", 3600)
            about = given.get("Description", "")
            request.call("iam", "UpdateRole", RoleName=name, Description=about, MaxSessionDuration=seconds)
        if "PermissionsBoundary" in changed:
            self._bound(request, name)
        self.take(request.cloud, old, given)
        self.give(request, name)
        retag(request, old, "iam", "UntagRole", "TagRole", RoleName=name)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Take the declared policies off and delete the role; a policy that somebody else attached makes it fail."""
        self.take(cloud, old, {})
        cloud.call("iam", "DeleteRole", RoleName=old.physical_id)

    @staticmethod
    def _refuse_strangers(request: Request) -> None:
        """Raise `ResourceError` for a role or user that is to be trusted and is not there yet."""
        statements = listed(request.properties["AssumeRolePolicyDocument"]["Statement"])
        named = [each.get("Principal", {}) for each in statements]
        for arn in (arn for each in named if isinstance(each, dict) for arn in listed(each.get("AWS", []))):
            kind, _, name = arn.partition(f"arn:aws:iam::{request.cloud.account_id}:")[2].partition("/")
            if kind in ("role", "user") and not _exists(request.cloud, kind.capitalize(), name.rsplit("/", 1)[-1]):
                raise refuse(f'Invalid principal in policy: "AWS":"{arn}"', "MalformedPolicyDocument")

    @staticmethod
    def _bound(request: Request, name: str) -> None:
        if boundary := request.properties.get("PermissionsBoundary"):
            request.call("iam", "PutRolePermissionsBoundary", RoleName=name, PermissionsBoundary=boundary)
        else:
            request.call("iam", "DeleteRolePermissionsBoundary", RoleName=name)


def _exists(cloud: Cloud, word: str, name: str) -> bool:
    try:
        cloud.call("iam", f"Get{word}", **{f"{word}Name": name})
    except ClientError:
        return False
    return True


class Policy(Kind):
    """An inline policy put into roles and users."""

    type = "AWS::IAM::Policy"
    properties = frozenset({"PolicyDocument", "PolicyName", "Roles", "Users"})
    mutable = frozenset({"PolicyDocument", "Roles", "Users"})

    def create(self, request: Request) -> Made:
        """Put the policy into each of them."""
        self._put(request)
        return Made(request.properties["PolicyName"], {"Id": request.properties["PolicyName"]})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Put the policy anew and take it from who is no longer named."""
        self._put(request)
        for word, who in former_holders(request, old):
            request.call("iam", f"Delete{word}Policy", **who, PolicyName=old.properties["PolicyName"])
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Take the policy from each of them."""
        for word, who in holders(old.properties):
            cloud.call("iam", f"Delete{word}Policy", **who, PolicyName=old.properties["PolicyName"])

    @staticmethod
    def _put(request: Request) -> None:
        document, name = json.dumps(request.properties["PolicyDocument"]), request.properties["PolicyName"]
        for word, who in holders(request.properties):
            request.call("iam", f"Put{word}Policy", **who, PolicyName=name, PolicyDocument=document)


class ManagedPolicy(Kind):
    """A policy with an ARN of its own; `Ref` is the ARN."""

    type = "AWS::IAM::ManagedPolicy"
    properties = frozenset({"Description", "ManagedPolicyName", "Path", "PolicyDocument", "Roles", "Users"})
    mutable = frozenset({"PolicyDocument", "Roles", "Users"})
    custom_name = "ManagedPolicyName"

    def create(self, request: Request) -> Made:
        """Create the policy and attach it."""
        given = request.properties
        name, document = given.get("ManagedPolicyName"), json.dumps(given["PolicyDocument"])
        about = {"PolicyName": name or request.generated_name(128), "PolicyDocument": document}
        arn = request.call("iam", "CreatePolicy", **about, **request.given("Path", "Description"))["Policy"]["Arn"]
        request.made(arn)
        self._attach(request, arn)
        return Made(arn, {"PolicyArn": arn})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Make a new default version in place of the old one, and attach anew."""
        arn = old.physical_id
        if "PolicyDocument" in request.changed(old):
            document = json.dumps(request.properties["PolicyDocument"])
            request.call("iam", "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
            for version in request.call("iam", "ListPolicyVersions", PolicyArn=arn)["Versions"]:
                if not version["IsDefaultVersion"]:
                    request.call("iam", "DeletePolicyVersion", PolicyArn=arn, VersionId=version["VersionId"])
        for word, who in former_holders(request, old):
            request.call("iam", f"Detach{word}Policy", **who, PolicyArn=arn)
        self._attach(request, arn)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Detach and delete the policy."""
        for word, who in holders(old.properties):
            cloud.call("iam", f"Detach{word}Policy", **who, PolicyArn=old.physical_id)
        cloud.call("iam", "DeletePolicy", PolicyArn=old.physical_id)

    @staticmethod
    def _attach(request: Request, arn: str) -> None:
        for word, who in holders(request.properties):
            request.call("iam", f"Attach{word}Policy", **who, PolicyArn=arn)


class InstanceProfile(Kind):
    """What hands a role to instances."""

    type = "AWS::IAM::InstanceProfile"
    properties = frozenset({"InstanceProfileName", "Path", "Roles"})
    mutable = frozenset({"Roles"})
    custom_name = "InstanceProfileName"

    def create(self, request: Request) -> Made:
        """Create the profile and put its role in."""
        name = request.properties.get("InstanceProfileName") or request.generated_name(128)
        profile = request.call("iam", "CreateInstanceProfile", InstanceProfileName=name, **request.given("Path"))
        request.made(name)
        for role in request.properties["Roles"]:
            request.call("iam", "AddRoleToInstanceProfile", InstanceProfileName=name, RoleName=role)
        return Made(name, {"Arn": profile["InstanceProfile"]["Arn"]})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Exchange the role."""
        self._empty(request.cloud, old.physical_id)
        for role in request.properties["Roles"]:
            request.call("iam", "AddRoleToInstanceProfile", InstanceProfileName=old.physical_id, RoleName=role)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Empty and delete the profile."""
        self._empty(cloud, old.physical_id)
        cloud.call("iam", "DeleteInstanceProfile", InstanceProfileName=old.physical_id)

    @staticmethod
    def _empty(cloud: Cloud, name: str) -> None:
        profile = cloud.call("iam", "GetInstanceProfile", InstanceProfileName=name)["InstanceProfile"]
        for role in profile["Roles"]:
            cloud.call("iam", "RemoveRoleFromInstanceProfile", InstanceProfileName=name, RoleName=role["RoleName"])


KINDS: tuple[type[Kind], ...] = (Role, Policy, ManagedPolicy, InstanceProfile)
