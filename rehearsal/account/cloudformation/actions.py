"""The CloudFormation API: one function per action, from the request's parameters to the result's fields.

Parameters come as the query protocol gives them: every leaf is a text.
"""

from collections.abc import Callable

from rehearsal.account.cloudformation import answers, describing, stack_policy
from rehearsal.account.cloudformation.describing import Request, Result
from rehearsal.account.cloudformation.engine import CloudFormation, check_capabilities
from rehearsal.account.cloudformation.faults import ChangeSetNotFoundError, Refusal, UnsupportedError
from rehearsal.account.cloudformation.stack import Stack
from rehearsal.account.cloudformation.world import exports_of

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
    "StackPolicyBody",
    "StackPolicyDuringUpdateBody",
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
        _set_policy(stack, request)
    except Refusal:
        engine.delete(stack)
        raise
    stack.capabilities = request.get("Capabilities", ())
    stack.protected = request.get("EnableTerminationProtection") == "true"
    engine.deploy(stack, wanted)
    return {"StackId": stack.id}


def _set_policy(stack: Stack, request: Request) -> None:
    if "StackPolicyBody" in request:
        stack.policy_body, stack.policy = request["StackPolicyBody"], stack_policy.parse(request["StackPolicyBody"])


def _set_stack_policy(engine: CloudFormation, request: Request) -> Result:
    if "StackPolicyBody" not in request:
        raise Refusal("StackPolicyBody must be specified")
    _set_policy(engine.stack(request["StackName"]), request)
    return {}


def _get_stack_policy(engine: CloudFormation, request: Request) -> Result:
    return {"StackPolicyBody": engine.stack(request["StackName"]).policy_body or None}


def _update_stack(engine: CloudFormation, request: Request) -> Result:
    change_set = engine.propose({**request, "ChangeSetName": "update-stack", "ChangeSetType": "UPDATE"})
    if change_set.empty:
        engine.forget(change_set)
        raise Refusal("No updates are to be performed.")
    _set_policy(change_set.stack, request)
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
    "DescribeEvents": describing.describe_events,
    "DescribeStackEvents": describing.describe_stack_events,
    "DescribeStackResource": describing.describe_stack_resource,
    "DescribeStackResources": describing.describe_stack_resources,
    "DescribeStacks": describing.describe_stacks,
    "ExecuteChangeSet": _execute_change_set,
    "GetStackPolicy": _get_stack_policy,
    "GetTemplate": describing.get_template,
    "GetTemplateSummary": describing.get_template_summary,
    "ListChangeSets": _list_change_sets,
    "ListExports": _list_exports,
    "ListHookResults": _list_hook_results,
    "ListStackResources": describing.list_stack_resources,
    "ListStacks": describing.list_stacks,
    "SetStackPolicy": _set_stack_policy,
    "UpdateStack": _update_stack,
    "UpdateTerminationProtection": _update_termination_protection,
}
