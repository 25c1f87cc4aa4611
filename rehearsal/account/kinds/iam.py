"""IAM roles, policies and instance profiles."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.account.cloud import Cloud
from rehearsal.account.kinds.base import Existing, Kind, Made, Request, refuse, retag


class Role(Kind):
    """A role with its inline and attached policies."""

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
        self._offer(request)
        role = request.call(
            "iam",
            "CreateRole",
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps(given["AssumeRolePolicyDocument"]),
            Tags=request.own_tags(),
            **request.given("Path", "Description", "MaxSessionDuration", "PermissionsBoundary"),
        )["Role"]
        request.made(name)
        self._policies(request, name)
        return Made(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Bring everything but the name to the declared state."""
        given, name, changed = request.properties, old.physical_id, request.changed(old)
        self._offer(request)
        if "AssumeRolePolicyDocument" in changed:
            document = json.dumps(given["AssumeRolePolicyDocument"])
            request.call("iam", "UpdateAssumeRolePolicy", RoleName=name, PolicyDocument=document)
        if changed & {"Description", "MaxSessionDuration"}:
            seconds = given.get("MaxSessionDuration", 3600)
            about = given.get("Description", "")
            request.call("iam", "UpdateRole", RoleName=name, Description=about, MaxSessionDuration=seconds)
        if "PermissionsBoundary" in changed:
            self._bound(request, name)
        self._drop(request.cloud, name, set(self._inline(given)), set(given.get("ManagedPolicyArns", ())), old)
        self._policies(request, name)
        retag(request, old, "iam", "UntagRole", "TagRole", RoleName=name)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Take the declared policies off and delete the role; a policy that somebody else attached makes it fail."""
        self._drop(cloud, old.physical_id, set(), set(), old)
        cloud.call("iam", "DeleteRole", RoleName=old.physical_id)

    @staticmethod
    def _offer(request: Request) -> None:
        boundary = request.properties.get("PermissionsBoundary")
        for arn in (*request.properties.get("ManagedPolicyArns", ()), *([boundary] if boundary else ())):
            request.cloud.emulator.offer_managed_policy(arn)
        try:
            if boundary:
                request.call("iam", "GetPolicy", PolicyArn=boundary)
        except ClientError as fault:
            raise refuse(f"Scope ARN: {boundary} does not exist or is not attachable.", "NoSuchEntity") from fault

    @staticmethod
    def _inline(properties: Mapping[str, Any]) -> dict[str, Any]:
        return {policy["PolicyName"]: policy["PolicyDocument"] for policy in properties.get("Policies", ())}

    def _policies(self, request: Request, name: str) -> None:
        for arn in request.properties.get("ManagedPolicyArns", ()):
            request.call("iam", "AttachRolePolicy", RoleName=name, PolicyArn=arn)
        for policy, document in self._inline(request.properties).items():
            text = json.dumps(document)
            request.call("iam", "PutRolePolicy", RoleName=name, PolicyName=policy, PolicyDocument=text)

    def _drop(self, cloud: Cloud, name: str, inline: set[str], arns: set[str], old: Existing) -> None:
        attached = cloud.call("iam", "ListAttachedRolePolicies", RoleName=name)["AttachedPolicies"]
        present = {policy["PolicyArn"] for policy in attached} & set(old.properties.get("ManagedPolicyArns", ()))
        for arn in present - arns:
            cloud.call("iam", "DetachRolePolicy", RoleName=name, PolicyArn=arn)
        listed = set(cloud.call("iam", "ListRolePolicies", RoleName=name)["PolicyNames"])
        for policy in (listed & set(self._inline(old.properties))) - inline:
            cloud.call("iam", "DeleteRolePolicy", RoleName=name, PolicyName=policy)

    @staticmethod
    def _bound(request: Request, name: str) -> None:
        if boundary := request.properties.get("PermissionsBoundary"):
            request.call("iam", "PutRolePermissionsBoundary", RoleName=name, PermissionsBoundary=boundary)
        else:
            request.call("iam", "DeleteRolePermissionsBoundary", RoleName=name)


class Policy(Kind):
    """An inline policy put into roles."""

    type = "AWS::IAM::Policy"
    properties = frozenset({"PolicyDocument", "PolicyName", "Roles"})
    mutable = frozenset({"PolicyDocument", "Roles"})

    def create(self, request: Request) -> Made:
        """Put the policy into each role."""
        self._put(request)
        return Made(request.properties["PolicyName"], {"Id": request.properties["PolicyName"]})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Put the policy anew and take it out of roles that are no longer named."""
        self._put(request)
        gone = set(old.properties.get("Roles", ())) - set(request.properties.get("Roles", ()))
        for role in sorted(gone):
            request.call("iam", "DeleteRolePolicy", RoleName=role, PolicyName=old.properties["PolicyName"])
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Take the policy out of each role."""
        for role in old.properties.get("Roles", ()):
            cloud.call("iam", "DeleteRolePolicy", RoleName=role, PolicyName=old.properties["PolicyName"])

    @staticmethod
    def _put(request: Request) -> None:
        document, name = json.dumps(request.properties["PolicyDocument"]), request.properties["PolicyName"]
        for role in request.properties.get("Roles", ()):
            request.call("iam", "PutRolePolicy", RoleName=role, PolicyName=name, PolicyDocument=document)


class ManagedPolicy(Kind):
    """A policy with an ARN of its own; `Ref` is the ARN."""

    type = "AWS::IAM::ManagedPolicy"
    properties = frozenset({"Description", "ManagedPolicyName", "Path", "PolicyDocument", "Roles"})
    mutable = frozenset({"PolicyDocument", "Roles"})
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
        for role in sorted(set(old.properties.get("Roles", ())) - set(request.properties.get("Roles", ()))):
            request.call("iam", "DetachRolePolicy", RoleName=role, PolicyArn=arn)
        self._attach(request, arn)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Detach and delete the policy."""
        for role in old.properties.get("Roles", ()):
            cloud.call("iam", "DetachRolePolicy", RoleName=role, PolicyArn=old.physical_id)
        cloud.call("iam", "DeletePolicy", PolicyArn=old.physical_id)

    @staticmethod
    def _attach(request: Request, arn: str) -> None:
        for role in request.properties.get("Roles", ()):
            request.call("iam", "AttachRolePolicy", RoleName=role, PolicyArn=arn)


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
