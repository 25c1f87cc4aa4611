"""CloudFormation itself: the stacks and change sets of one account."""

import re
import threading
from collections.abc import Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from rehearsal.account.cloud import Cloud
from rehearsal.account.cloudformation import operations, parameters, stack_policy, world
from rehearsal.account.cloudformation.change_set import ChangeSet, is_empty, new_id, preview
from rehearsal.account.cloudformation.evaluation import Evaluation, World, check_references
from rehearsal.account.cloudformation.faults import (
    ChangeSetNotFoundError,
    InsufficientCapabilitiesError,
    Refusal,
    UnsupportedError,
)
from rehearsal.account.cloudformation.operations import Deployment, Wanted
from rehearsal.account.cloudformation.stack import Output, Resource, Stack
from rehearsal.account.cloudformation.template import Template, parse
from rehearsal.account.kinds import kind_of

UPDATABLE = {
    "CREATE_COMPLETE",
    "CREATE_FAILED",
    "UPDATE_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_COMPLETE",
}
UNDELETABLE = {"UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"}
OBJECT_URL = re.compile(r"https?://([^/]+)/([^?]+)")


class CloudFormation:
    """The stacks of one account and region. Safe to be called from many threads."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self._stacks: dict[str, Stack] = {}
        self._change_sets: dict[str, ChangeSet] = {}
        self._lock = threading.RLock()
        self._world = World(
            region=cloud.region,
            account_id=cloud.account_id,
            imported=self._imported,
            zones=lambda region: world.zones(cloud, region),
            dynamic=lambda service, key: world.dynamic(cloud, service, key),
        )

    def stacks(self, *, gone: bool = False) -> list[Stack]:
        """Return the stacks, those that are deleted only if asked for."""
        with self._lock:
            return [stack for stack in self._stacks.values() if gone or not stack.gone]

    def stack(self, name: str) -> Stack:
        """Return the stack of a name or id. A deleted one is found by its id alone. Raises `Refusal`."""
        with self._lock:
            if name in self._stacks:
                return self._stacks[name]
        for stack in self.stacks():
            if stack.name == name:
                return stack
        raise Refusal(f"Stack with id {name} does not exist")

    def body(self, request: Mapping[str, Any], stack: Stack | None) -> str:
        """Return the template text that a request gives, by value, by URL, or as the one in use."""
        if request.get("UsePreviousTemplate") == "true" and stack:
            return stack.template.body
        if "TemplateBody" in request:
            return str(request["TemplateBody"])
        if "TemplateURL" not in request:
            raise Refusal("Either Template URL or Template Body must be specified.")
        bucket, key = _object_of(request["TemplateURL"])
        return str(self.cloud.call("s3", "GetObject", Bucket=bucket, Key=key)["Body"].read().decode())

    def wanted(self, request: Mapping[str, Any], stack: Stack) -> Wanted:
        """Return what a request wants of a stack, its template checked as far as that goes without deploying."""
        template = parse(self.body(request, stack))
        check_references(template)
        for declared in template.resources.values():
            _check_type(declared.logical_id, declared.type, (declared.deletion_policy, declared.update_replace_policy))
        texts = parameters.choose(template, request.get("Parameters", ()), stack.parameters)
        resolved = parameters.evaluate(template, texts, lambda name: world.parameter(self.cloud, name))
        tags = request.get("Tags", stack.tags)
        policy = request.get("StackPolicyDuringUpdateBody")
        no_rollback = request.get("DisableRollback") == "true"
        return Wanted(template, texts, resolved, tags, no_rollback, stack_policy.parse(policy) if policy else None)

    def evaluation(self, stack: Stack, wanted: Wanted, resources: Mapping[str, Resource]) -> Evaluation:
        """Return the values of what is wanted, over `resources`."""
        return Evaluation(stack, wanted.template, wanted.resolved_parameters, self._world, resources)

    def new_stack(self, name: str) -> Stack:
        """Return a stack for a first deployment. Raises `Refusal` if one of that name exists."""
        with self._lock:
            for stack in self.stacks():
                if stack.name == name and not stack.never_made:
                    raise Refusal(f"Stack [{name}] already exists")
                if stack.name == name:
                    return stack
            stack = Stack(name, region=self.cloud.region, account_id=self.cloud.account_id)
            self._stacks[stack.id] = stack
        stack.begin_operation()
        stack.turn("REVIEW_IN_PROGRESS", "User Initiated")
        return stack

    def updatable(self, name: str) -> Stack:
        """Return a stack that may be updated now. Raises `Refusal`."""
        stack = self.stack(name)
        if stack.status not in UPDATABLE:
            raise Refusal(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
        return stack

    def propose(self, request: Mapping[str, Any]) -> ChangeSet:
        """Create a change set."""
        creating = request.get("ChangeSetType", "UPDATE") == "CREATE"
        stack = self.new_stack(request["StackName"]) if creating else self.updatable(request["StackName"])
        wanted = self.wanted(request, stack)
        check_capabilities(wanted.template, request.get("Capabilities", ()))
        resources: dict[str, Resource] = {}
        evaluation = self.evaluation(stack, wanted, resources)
        evaluation.check_rules()
        changes = preview(stack, evaluation, resources, wanted.tags)
        name = request["ChangeSetName"]
        change_set = ChangeSet(
            name=name,
            id=new_id(name, region=self.cloud.region, account_id=self.cloud.account_id),
            stack=stack,
            wanted=wanted,
            changes=changes,
            empty=is_empty(stack, wanted, changes),
            description=request.get("Description", ""),
            capabilities=request.get("Capabilities", ()),
            role_arn=request.get("RoleARN", ""),
        )
        if change_set.empty:
            change_set.execution_status = "UNAVAILABLE"
        with self._lock:
            self._change_sets[change_set.id] = change_set
        return change_set

    def change_set(self, name: str, stack_name: str | None) -> ChangeSet:
        """Return a change set by id, or by name and stack. Raises `ChangeSetNotFoundError`."""
        with self._lock:
            if name in self._change_sets:
                return self._change_sets[name]
            for change_set in reversed(self._change_sets.values()):
                if change_set.name == name and stack_name in (change_set.stack.name, change_set.stack.id):
                    return change_set
        raise ChangeSetNotFoundError(f"ChangeSet [{name}] does not exist")

    def change_sets(self, stack: Stack) -> list[ChangeSet]:
        """Return a stack's change sets."""
        with self._lock:
            return [change_set for change_set in self._change_sets.values() if change_set.stack is stack]

    def forget(self, change_set: ChangeSet) -> None:
        """Delete a change set."""
        with self._lock:
            self._change_sets.pop(change_set.id, None)

    def execute(self, change_set: ChangeSet, *, disable_rollback: bool) -> None:
        """Deploy a change set in the background; all change sets of the stack are gone then, as on AWS."""
        if change_set.execution_status != "AVAILABLE":
            state = f"its current execution status of [{change_set.execution_status}]"
            raise Refusal(f"ChangeSet [{change_set.id}] cannot be executed in {state}")
        wanted = change_set.wanted
        wanted = replace(wanted, disable_rollback=disable_rollback)
        change_set.stack.change_set_id = change_set.id
        change_set.stack.capabilities = change_set.capabilities
        change_set.stack.role_arn = change_set.role_arn
        for other in self.change_sets(change_set.stack):
            self.forget(other)
        self.deploy(change_set.stack, wanted)

    def deploy(self, stack: Stack, wanted: Wanted) -> None:
        """Bring a stack to what is wanted, in the background."""
        if not stack.never_made:
            self.updatable(stack.id)
        evaluation = self.evaluation(stack, wanted, stack.resources)
        Deployment(self.cloud, stack, wanted, evaluation, self._check_exports).begin()

    def delete(self, stack: Stack, kept: Set[str] = frozenset()) -> None:
        """Delete a stack in the background. Raises `Refusal` if it is protected, being updated, or in use."""
        if stack.protected:
            raise Refusal(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
        if stack.status in UNDELETABLE:
            raise Refusal(f"Stack [{stack.id}] cannot be deleted while in status {stack.status}")
        if stack.gone or stack.status == "DELETE_IN_PROGRESS":
            return
        self._check_exports(stack, ())
        for change_set in self.change_sets(stack):
            self.forget(change_set)
        operations.delete(self.cloud, stack, kept)

    def abandon(self) -> None:
        """Call off whatever still runs, and leave it as it is; wait for it for a few seconds."""
        for stack in self.stacks():
            stack.deleting = True
            stack.cancelled.set()
        for stack in self.stacks():
            stack.idle.wait(5)

    def _check_exports(self, stack: Stack, outputs: Sequence[Output]) -> None:
        world.check_exports(self.stacks(), stack, outputs)

    def _imported(self, name: str) -> str:
        exports = world.exports_of(self.stacks())
        if name not in exports:
            raise Refusal(f"No export named {name} found. Rollback requested by user.")
        return exports[name][0].value


def _check_type(logical_id: str, type_: str, policies: Sequence[str]) -> None:
    if not kind_of(type_).snapshots and "Snapshot" in policies:
        raise Refusal(f"Template error: resource {logical_id}: type {type_} does not support deletion policy Snapshot")


def check_capabilities(template: Template, given: Sequence[str]) -> None:
    """Raise `InsufficientCapabilitiesError` if a template makes IAM resources that the caller did not acknowledge."""
    iam = [declared for declared in template.resources.values() if declared.type.startswith("AWS::IAM::")]
    named = any(kind_of(declared.type).custom_name in declared.properties for declared in iam)
    needed = "CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"
    if iam and not {needed, "CAPABILITY_NAMED_IAM"} & set(given):
        raise InsufficientCapabilitiesError(f"Requires capabilities : [{needed}]")


def _object_of(url: str) -> tuple[str, str]:
    """Return bucket and key of an S3 URL in virtual-host or path style."""
    found = OBJECT_URL.fullmatch(url.partition("?")[0])
    if not found:
        raise UnsupportedError(f"TemplateURL {url} is not an S3 URL")
    host, path = found[1].partition(":")[0], found[2]
    if host.startswith("s3.") or host in ("localhost", "127.0.0.1"):
        bucket, _, key = path.partition("/")
        return bucket, key
    return host.split(".")[0], path
