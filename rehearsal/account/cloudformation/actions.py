"""The CloudFormation API: one function per action, from the request's parameters to the result's fields.

Parameters come as the query protocol gives them: every leaf is a text.
"""

from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.account.cloudformation import answers
from rehearsal.account.cloudformation.engine import CloudFormation, check_capabilities
from rehearsal.account.cloudformation.faults import ChangeSetNotFoundError, Refusal, UnsupportedError
from rehearsal.account.cloudformation.template import parse
from rehearsal.account.cloudformation.world import exports_of

Request = Mapping[str, Any]
Result = dict[str, Any]

WITHOUT_EFFECT = {
    "CallAs",
    "Capabilities",
    "ChangeSetName",
    "ChangeSetType",
    "ClientRequestToken",
    "ClientToken",
    "Description",
    "DisableRollback",
    "EnableTerminationProtection",
    "IncludePropertyValues",
    "LogicalResourceId",
    "PhysicalResourceId",
    "Parameters",
    "RetainResources",
    "RoleARN",
    "StackName",
    "Tags",
    "TemplateBody",
    "TemplateStage",
    "TemplateURL",
    "UsePreviousTemplate",
    "Filters",
    "OnFailure",
    "TargetId",
    "TargetType",
    "StackStatusFilter",
}
"""Parameters that are honoured, or have no effect on AWS either but to be remembered."""


def call(engine: CloudFormation, action: str, request: Request) -> Result:
    """Return the result of an action. Raises `Refusal`; an unknown action or parameter is refused by its name."""
    if action not in ACTIONS:
        raise UnsupportedError(f"the CloudFormation action {action} is not supported by this emulated account")
    _check(request)
    return ACTIONS[action](engine, request)


def _check(request: Request) -> None:
    harmless = {
        "IncludeNestedStacks": ("true", "false"),
        "ImportExistingResources": ("false",),
        "OnStackFailure": ("ROLLBACK",),
        "DeletionMode": ("STANDARD",),
        "DisableValidation": ("true", "false"),
    }
    for name, value in request.items():
        if name == "DeploymentConfig" and value.get("Mode", "STANDARD") == "STANDARD":
            continue
        if name not in WITHOUT_EFFECT and value not in harmless.get(name, ()):
            raise UnsupportedError(f"{name}={value} is not supported by this emulated account")


def _describe_stacks(engine: CloudFormation, request: Request) -> Result:
    stacks = [engine.stack(request["StackName"])] if "StackName" in request else engine.stacks()
    return {"Stacks": [answers.stack(stack) for stack in stacks]}


def _list_stacks(engine: CloudFormation, request: Request) -> Result:
    wanted = request.get("StackStatusFilter")
    stacks = [stack for stack in engine.stacks(gone=True) if not wanted or stack.status in wanted]
    return {"StackSummaries": [answers.summary(stack) for stack in stacks]}


def _describe_stack_events(engine: CloudFormation, request: Request) -> Result:
    stack = engine.stack(request["StackName"])
    return {"StackEvents": [answers.event(stack, event) for event in reversed(stack.events[:])]}


def _describe_events(engine: CloudFormation, request: Request) -> Result:
    if "ChangeSetName" in request:
        return {"OperationEvents": []}
    stack = engine.stack(request["StackName"])
    events = [answers.operation_event(stack, event) for event in reversed(stack.events[:])]
    if request.get("Filters", {}).get("FailedEvents") == "true":
        events = [event for event in events if event["EventType"] == "PROVISIONING_ERROR"]
    return {"OperationEvents": events}


def _describe_stack_resources(engine: CloudFormation, request: Request) -> Result:
    stack = engine.stack(request["StackName"])
    wanted = request.get("LogicalResourceId")
    resources = [
        answers.resource(stack, each) for name, each in list(stack.resources.items()) if wanted in (None, name)
    ]
    return {"StackResources": resources}


def _describe_stack_resource(engine: CloudFormation, request: Request) -> Result:
    found = _describe_stack_resources(engine, request)["StackResources"]
    if not found:
        raise Refusal(f"Resource {request['LogicalResourceId']} does not exist for stack {request['StackName']}")
    return {"StackResourceDetail": {**found[0], "LastUpdatedTimestamp": found[0].pop("Timestamp")}}


def _list_stack_resources(engine: CloudFormation, request: Request) -> Result:
    names = {"StackId", "StackName", "Timestamp"}
    found = _describe_stack_resources(engine, request)["StackResources"]
    summaries = [
        {key: value for key, value in each.items() if key not in names} | {"LastUpdatedTimestamp": each["Timestamp"]}
        for each in found
    ]
    return {"StackResourceSummaries": summaries}


def _get_template(engine: CloudFormation, request: Request) -> Result:
    if "ChangeSetName" in request:
        change_set = engine.change_set(request["ChangeSetName"], request.get("StackName"))
        return {"TemplateBody": change_set.wanted.template.body, "StagesAvailable": ["Original", "Processed"]}
    body = engine.stack(request["StackName"]).template.body
    return {"TemplateBody": body or "{}", "StagesAvailable": ["Original", "Processed"]}


def _get_template_summary(engine: CloudFormation, request: Request) -> Result:
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


def _create_change_set(engine: CloudFormation, request: Request) -> Result:
    change_set = engine.propose(request)
    return {"Id": change_set.id, "StackId": change_set.stack.id}


def _describe_change_set(engine: CloudFormation, request: Request) -> Result:
    change_set = engine.change_set(request["ChangeSetName"], request.get("StackName"))
    return answers.change_set(change_set, with_values=request.get("IncludePropertyValues") == "true")


def _list_change_sets(engine: CloudFormation, request: Request) -> Result:
    change_sets = engine.change_sets(engine.stack(request["StackName"]))
    return {"Summaries": [answers.change_set_summary(each) for each in change_sets]}


def _delete_change_set(engine: CloudFormation, request: Request) -> Result:
    try:
        engine.forget(engine.change_set(request["ChangeSetName"], request.get("StackName")))
    except ChangeSetNotFoundError:
        return {}
    return {}


def _execute_change_set(engine: CloudFormation, request: Request) -> Result:
    change_set = engine.change_set(request["ChangeSetName"], request.get("StackName"))
    engine.execute(change_set, disable_rollback=request.get("DisableRollback") == "true")
    return {}


def _create_stack(engine: CloudFormation, request: Request) -> Result:
    if request.get("OnFailure", "ROLLBACK") != "ROLLBACK":
        raise UnsupportedError(f"OnFailure={request['OnFailure']} is not supported by this emulated account")
    stack = engine.new_stack(request["StackName"])
    try:
        wanted = engine.wanted(request, stack)
        check_capabilities(wanted.template, request.get("Capabilities", ()))
        engine.evaluation(stack, wanted, {}).check_rules()
    except Refusal:
        engine.delete(stack)
        raise
    stack.capabilities = request.get("Capabilities", ())
    stack.protected = request.get("EnableTerminationProtection") == "true"
    engine.deploy(stack, wanted)
    return {"StackId": stack.id}


def _update_stack(engine: CloudFormation, request: Request) -> Result:
    change_set = engine.propose({**request, "ChangeSetName": "update-stack", "ChangeSetType": "UPDATE"})
    if change_set.empty:
        engine.forget(change_set)
        raise Refusal("No updates are to be performed.")
    engine.execute(change_set, disable_rollback=request.get("DisableRollback") == "true")
    return {"StackId": change_set.stack.id}


def _delete_stack(engine: CloudFormation, request: Request) -> Result:
    try:
        stack = engine.stack(request["StackName"])
    except Refusal:
        return {}
    engine.delete(stack, frozenset(request.get("RetainResources", ())))
    return {}


def _cancel_update_stack(engine: CloudFormation, request: Request) -> Result:
    stack = engine.stack(request["StackName"])
    if stack.status != "UPDATE_IN_PROGRESS":
        raise Refusal("CancelUpdateStack cannot be called from current stack status")
    stack.cancelled.set()
    return {}


def _update_termination_protection(engine: CloudFormation, request: Request) -> Result:
    stack = engine.stack(request["StackName"])
    stack.protected = request["EnableTerminationProtection"] == "true"
    return {"StackId": stack.id}


def _list_exports(engine: CloudFormation, request: Request) -> Result:
    del request
    exports = exports_of(engine.stacks()).items()
    return {"Exports": [{"Name": name, "Value": out.value, "ExportingStackId": of.id} for name, (out, of) in exports]}


def _list_hook_results(engine: CloudFormation, request: Request) -> Result:
    """There are no hooks in this account; the CDK CLI asks after a change set has failed."""
    del engine, request
    return {"HookResults": []}


ACTIONS: dict[str, Callable[[CloudFormation, Request], Result]] = {
    "CancelUpdateStack": _cancel_update_stack,
    "CreateChangeSet": _create_change_set,
    "CreateStack": _create_stack,
    "DeleteChangeSet": _delete_change_set,
    "DeleteStack": _delete_stack,
    "DescribeChangeSet": _describe_change_set,
    "DescribeEvents": _describe_events,
    "DescribeStackEvents": _describe_stack_events,
    "DescribeStackResource": _describe_stack_resource,
    "DescribeStackResources": _describe_stack_resources,
    "DescribeStacks": _describe_stacks,
    "ExecuteChangeSet": _execute_change_set,
    "GetTemplate": _get_template,
    "GetTemplateSummary": _get_template_summary,
    "ListChangeSets": _list_change_sets,
    "ListExports": _list_exports,
    "ListHookResults": _list_hook_results,
    "ListStackResources": _list_stack_resources,
    "ListStacks": _list_stacks,
    "UpdateStack": _update_stack,
    "UpdateTerminationProtection": _update_termination_protection,
}
