"""Stacks, events and change sets in the shapes of the CloudFormation API."""

from collections.abc import Mapping
from typing import Any

from rehearsal.account.cloudformation.change_set import NO_CHANGES, Change, ChangeSet
from rehearsal.account.cloudformation.stack import Event, Resource, Stack


def stack(of: Stack) -> dict[str, Any]:
    """Return the `Stack` of DescribeStacks."""
    return {
        "StackId": of.id,
        "StackName": of.name,
        "ChangeSetId": of.change_set_id or None,
        "Description": of.template.description or None,
        "Parameters": [_parameter(of, key, value) for key, value in of.parameters.items()],
        "CreationTime": of.created_at,
        "LastUpdatedTime": of.updated_at,
        "DeletionTime": of.deleted_at,
        "StackStatus": of.status,
        "StackStatusReason": of.reason or None,
        "DisableRollback": of.rollback_disabled,
        "Capabilities": list(of.capabilities),
        "Outputs": [_output(each) for each in of.outputs],
        "RoleARN": of.role_arn or None,
        "Tags": list(of.tags),
        "EnableTerminationProtection": of.protected,
    }


def _parameter(of: Stack, key: str, value: str) -> dict[str, Any]:
    if of.template.parameters.get(key, {}).get("NoEcho") in (True, "true"):
        return {"ParameterKey": key, "ParameterValue": "****"}
    resolved = of.resolved_parameters.get(key, value)
    known = isinstance(resolved, str) and resolved != value
    return {"ParameterKey": key, "ParameterValue": value, "ResolvedValue": resolved if known else None}


def _output(output: Any) -> dict[str, Any]:
    return {
        "OutputKey": output.key,
        "OutputValue": output.value,
        "Description": output.description or None,
        "ExportName": output.export or None,
    }


def summary(of: Stack) -> dict[str, Any]:
    """Return the `StackSummary` of ListStacks."""
    names = ("StackId", "StackName", "CreationTime", "LastUpdatedTime", "DeletionTime", "StackStatus")
    whole = stack(of)
    return {name: whole[name] for name in (*names, "StackStatusReason")}


def resource(of: Stack, each: Resource) -> dict[str, Any]:
    """Return the `StackResource` of DescribeStackResources."""
    return {
        "StackId": of.id,
        "StackName": of.name,
        "LogicalResourceId": each.logical_id,
        "PhysicalResourceId": each.physical_id or None,
        "ResourceType": each.type,
        "Timestamp": each.changed_at,
        "ResourceStatus": each.status,
        "ResourceStatusReason": each.reason or None,
    }


def event(of: Stack, each: Event) -> dict[str, Any]:
    """Return the `StackEvent` of DescribeStackEvents."""
    return {
        "StackId": of.id,
        "EventId": each.event_id,
        "StackName": of.name,
        "OperationId": each.operation_id,
        "LogicalResourceId": each.logical_id,
        "PhysicalResourceId": each.physical_id,
        "ResourceType": each.type,
        "Timestamp": each.at,
        "ResourceStatus": each.status,
        "ResourceStatusReason": each.reason or None,
    }


def operation_event(of: Stack, each: Event) -> dict[str, Any]:
    """Return the `OperationEvent` of DescribeEvents."""
    failed = each.status.endswith("FAILED")
    whole = {key: value for key, value in event(of, each).items() if key != "StackName"}
    return {**whole, "EventType": "PROVISIONING_ERROR" if failed else "STACK_EVENT"}


def change_set(of: ChangeSet, *, with_values: bool) -> dict[str, Any]:
    """Return the answer of DescribeChangeSet."""
    return {
        **change_set_summary(of),
        "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in of.wanted.parameters.items()],
        "Capabilities": list(of.capabilities),
        "Tags": list(of.wanted.tags),
        "Changes": [{"Type": "Resource", "ResourceChange": _change(each, with_values)} for each in of.changes],
        "IncludeNestedStacks": False,
        "DeploymentConfig": {"Mode": of.deployment_mode},
    }


def change_set_summary(of: ChangeSet) -> dict[str, Any]:
    """Return the `ChangeSetSummary` of ListChangeSets."""
    return {
        "ChangeSetId": of.id,
        "ChangeSetName": of.name,
        "StackId": of.stack.id,
        "StackName": of.stack.name,
        "Description": of.description or None,
        "CreationTime": of.created_at,
        "ExecutionStatus": of.execution_status,
        "Status": "FAILED" if of.empty else "CREATE_COMPLETE",
        "StatusReason": NO_CHANGES if of.empty else None,
    }


def _change(change: Change, with_values: bool) -> dict[str, Any]:
    result: dict[str, Any] = {
        "Action": change.action,
        "LogicalResourceId": change.logical_id,
        "PhysicalResourceId": change.physical_id or None,
        "ResourceType": change.type,
        "PolicyAction": change.policy or None,
        "Scope": [],
        "Details": [],
    }
    if change.action != "Modify":
        return result
    return result | {
        "Replacement": "True" if change.replaces else "False",
        "Scope": ["Properties"] if change.properties else ["Metadata"],
        "Details": [
            _detail(name, replaces, change.before, change.after, with_values)
            for name, replaces in change.properties.items()
        ],
    }


def _detail(
    name: str, replaces: bool, before: Mapping[str, Any], after: Mapping[str, Any], with_values: bool
) -> dict[str, Any]:
    target: dict[str, str | None] = {
        "Attribute": "Properties",
        "Name": name,
        "RequiresRecreation": "Always" if replaces else "Never",
        "Path": f"/Properties/{name}",
        "AttributeChangeType": "Add" if name not in before else "Remove" if name not in after else "Modify",
    }
    if with_values:
        target |= {
            "BeforeValue": str(before[name]) if name in before else None,
            "AfterValue": str(after[name]) if name in after else None,
        }
    return {"ChangeSource": "DirectModification", "Evaluation": "Static", "Target": target}
