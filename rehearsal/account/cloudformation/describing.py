"""The CloudFormation API's actions that only look: from the request's parameters to the result's fields."""

from collections.abc import Mapping
from typing import Any

from rehearsal.account.cloudformation import answers
from rehearsal.account.cloudformation.engine import CloudFormation
from rehearsal.account.cloudformation.faults import Refusal
from rehearsal.account.cloudformation.template import parse

Request = Mapping[str, Any]
Result = dict[str, Any]


def describe_stacks(engine: CloudFormation, request: Request) -> Result:
    """Return stacks, one or all."""
    stacks = [engine.stack(request["StackName"])] if "StackName" in request else engine.stacks()
    return {"Stacks": [answers.stack(stack) for stack in stacks]}


def list_stacks(engine: CloudFormation, request: Request) -> Result:
    """Return the stacks of some states, deleted ones too."""
    wanted = request.get("StackStatusFilter")
    stacks = [stack for stack in engine.stacks(gone=True) if not wanted or stack.status in wanted]
    return {"StackSummaries": [answers.summary(stack) for stack in stacks]}


def describe_stack_events(engine: CloudFormation, request: Request) -> Result:
    """Return a stack's events, the newest first."""
    stack = engine.stack(request["StackName"])
    return {"StackEvents": [answers.event(stack, event) for event in reversed(stack.events[:])]}


def describe_events(engine: CloudFormation, request: Request) -> Result:
    """Return the events of a stack's operations."""
    if "ChangeSetName" in request:
        return {"OperationEvents": []}
    stack = engine.stack(request["StackName"])
    events = [answers.operation_event(stack, event) for event in reversed(stack.events[:])]
    if request.get("Filters", {}).get("FailedEvents") == "true":
        events = [event for event in events if event["EventType"] == "PROVISIONING_ERROR"]
    return {"OperationEvents": events}


def describe_stack_resources(engine: CloudFormation, request: Request) -> Result:
    """Return the resources of a stack; of a deleted one (asked for by its id) those that it had."""
    stack = engine.stack(request["StackName"])
    wanted = request.get("LogicalResourceId")
    known = stack.deleted_resources if stack.gone else stack.resources
    resources = [answers.resource(stack, each) for name, each in list(known.items()) if wanted in (None, name)]
    return {"StackResources": resources}


def describe_stack_resource(engine: CloudFormation, request: Request) -> Result:
    """Return one resource. Raises `Refusal`."""
    found = describe_stack_resources(engine, request)["StackResources"]
    if not found:
        raise Refusal(f"Resource {request['LogicalResourceId']} does not exist for stack {request['StackName']}")
    return {"StackResourceDetail": {**found[0], "LastUpdatedTimestamp": found[0].pop("Timestamp")}}


def list_stack_resources(engine: CloudFormation, request: Request) -> Result:
    """Return the resources of a stack in short."""
    names = {"StackId", "StackName", "Timestamp"}
    found = describe_stack_resources(engine, request)["StackResources"]
    summaries = [
        {key: value for key, value in each.items() if key not in names} | {"LastUpdatedTimestamp": each["Timestamp"]}
        for each in found
    ]
    return {"StackResourceSummaries": summaries}


def get_template(engine: CloudFormation, request: Request) -> Result:
    """Return the template of a stack or change set."""
    if "ChangeSetName" in request:
        change_set = engine.change_set(request["ChangeSetName"], request.get("StackName"))
        return {"TemplateBody": change_set.wanted.template.body, "StagesAvailable": ["Original", "Processed"]}
    body = engine.stack(request["StackName"]).template.body
    return {"TemplateBody": body or "{}", "StagesAvailable": ["Original", "Processed"]}


def get_template_summary(engine: CloudFormation, request: Request) -> Result:
    """Return what a template declares."""
    stack = engine.stack(request["StackName"]) if "StackName" in request else None
    template = stack.template if stack else parse(engine.body(request, None))
    declared = [
        {
            "ParameterKey": key,
            "ParameterType": entry["Type"],
            "DefaultValue": str(entry["Default"]) if "Default" in entry else None,
            "NoEcho": entry.get("NoEcho") in (True, "true"),
        }
        for key, entry in template.parameters.items()
    ]
    types = sorted({declared.type for declared in template.resources.values()})
    return {"Parameters": declared, "ResourceTypes": types, "Description": template.description or None}
