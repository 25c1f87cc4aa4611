"""The operations on a stack, each in a thread of its own: create or update, and delete."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from rehearsal.account.cloud import Cloud
from rehearsal.account.cloudformation.evaluation import Evaluation
from rehearsal.account.cloudformation.faults import OperationError, Refusal, ResourceError
from rehearsal.account.cloudformation.provisioner import Provisioner, Step
from rehearsal.account.cloudformation.removal import Doomed, doom, remove_all
from rehearsal.account.cloudformation.rollback import put_back
from rehearsal.account.cloudformation.stack import Output, Stack, now
from rehearsal.account.cloudformation.stack_policy import DELETE, Policy, check
from rehearsal.account.cloudformation.template import Template

log = logging.getLogger(__name__)

ExportCheck = Callable[[Stack, Sequence[Output]], None]


@dataclass(frozen=True)
class Wanted:
    """What a deployment brings a stack to."""

    template: Template
    parameters: Mapping[str, str]
    resolved_parameters: Mapping[str, Any]
    tags: Sequence[Mapping[str, str]] = ()
    disable_rollback: bool = False
    policy: Policy | None = None
    """The stack policy of this one update, instead of the stack's own."""


def start(stack: Stack, status: str, operation: Callable[[], None]) -> None:
    """Turn the stack to `status` and run an operation on it in the background."""
    stack.begin_operation()
    stack.idle.clear()
    stack.turn(status, "User Initiated")

    def run() -> None:
        try:
            operation()
        except Exception as fault:
            # a fault of this program: the stack must not stay in progress for ever
            log.exception("operation on stack %s broke", stack.name)
            stack.turn(f"{status.split('_')[0]}_FAILED", f"Internal failure of the emulated account: {fault!r}")
        finally:
            stack.idle.set()

    threading.Thread(target=run, name=f"stack-{stack.name}", daemon=True).start()


def failed_to(word: str, names: Sequence[str]) -> str:
    """Return the reason that CloudFormation gives for a stack whose resources failed."""
    return f"The following resource(s) failed to {word}: [{', '.join(names)}]. "


class Deployment:
    """Creates or updates one stack, and takes everything back if that fails."""

    def __init__(
        self, cloud: Cloud, stack: Stack, wanted: Wanted, evaluation: Evaluation, check_exports: ExportCheck
    ) -> None:
        self._cloud = cloud
        self._stack = stack
        self._wanted = wanted
        self._evaluation = evaluation
        self._check_exports = check_exports
        self._creating = stack.never_made
        self._before = {name: replace(resource) for name, resource in stack.resources.items()}

    def begin(self) -> None:
        """Change the stack's status and run in the background."""
        self._stack.cancelled.clear()
        self._stack.rollback_disabled = self._wanted.disable_rollback
        start(self._stack, "CREATE_IN_PROGRESS" if self._creating else "UPDATE_IN_PROGRESS", self._run)

    def _run(self) -> None:
        provisioner = Provisioner(self._cloud, self._stack, self._evaluation, self._wanted.tags, self._policy())
        try:
            self._check_dropped()
            provisioner.run()
            outputs = self._evaluation.outputs()
            self._check_exports(self._stack, outputs)
        except (OperationError, Refusal) as fault:
            if not self._stack.deleting:
                self._undo(provisioner.steps, str(fault))
            return
        self._adopt(outputs)
        if self._creating:
            self._stack.turn("CREATE_COMPLETE")
            return
        self._stack.turn("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        self._clean_up(provisioner.steps)
        self._stack.turn("UPDATE_COMPLETE")

    def _policy(self) -> Policy | None:
        return self._wanted.policy if self._wanted.policy is not None else self._stack.policy

    def _check_dropped(self) -> None:
        """Raise `OperationError` if the stack policy keeps a resource that the template no longer has."""
        wanted = self._evaluation.wanted()
        for name, resource in self._stack.resources.items():
            try:
                if name not in wanted:
                    check(self._policy(), DELETE, name, resource.type)
            except ResourceError as fault:
                self._stack.mark(resource, "UPDATE_FAILED", str(fault))
                raise OperationError(failed_to("update", [name])) from fault

    def _adopt(self, outputs: tuple[Output, ...]) -> None:
        stack, wanted = self._stack, self._wanted
        stack.template, stack.tags, stack.outputs = wanted.template, wanted.tags, outputs
        stack.parameters = dict(wanted.parameters)
        stack.resolved_parameters = dict(wanted.resolved_parameters)
        stack.imports = frozenset(self._evaluation.imports)
        stack.updated_at = None if self._creating else now()

    def _clean_up(self, steps: Sequence[Step]) -> None:
        """Remove what was replaced and what the template no longer has; what cannot be removed is left behind."""
        wanted = self._evaluation.wanted()
        dropped = [resource for name, resource in self._stack.resources.items() if name not in wanted]
        replaced = [step.before for step in steps if step.before and not step.in_place]
        doomed = doom(dropped) | {
            old.logical_id: Doomed(old, old.declaration.update_replace_policy) for old in replaced
        }
        remove_all(self._cloud, self._stack, doomed)
        for resource in dropped:
            del self._stack.resources[resource.logical_id]

    def _undo(self, steps: Sequence[Step], reason: str) -> None:
        stack = self._stack
        if self._wanted.disable_rollback:
            self._adopt(())
            stack.turn("CREATE_FAILED" if self._creating else "UPDATE_FAILED", reason)
            return
        stack.begin_operation()
        if self._creating:
            self._roll_back_creation(reason)
        else:
            self._roll_back_update(steps, reason)

    def _roll_back_creation(self, reason: str) -> None:
        stack = self._stack
        self._adopt(())
        stack.turn("ROLLBACK_IN_PROGRESS", f"{reason}Rollback requested by user.")
        gone, failed = remove_all(self._cloud, stack, doom(stack.resources.values(), creating=True))
        stack.resources = {name: resource for name, resource in stack.resources.items() if name not in gone}
        if failed:
            stack.turn("ROLLBACK_FAILED", failed_to("delete", failed))
        else:
            stack.turn("ROLLBACK_COMPLETE")

    def _roll_back_update(self, steps: Sequence[Step], reason: str) -> None:
        stack = self._stack
        stack.turn("UPDATE_ROLLBACK_IN_PROGRESS", reason)
        failed = [step.now.logical_id for step in steps if not put_back(self._cloud, stack, step)]
        if failed:
            stack.turn("UPDATE_ROLLBACK_FAILED", failed_to("update", failed))
            return
        for name, before in self._before.items():
            stack.resources[name].declaration = before.declaration
            stack.resources[name].depends_on = before.depends_on
        stack.turn("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        # what a replacement brought goes; what the update added goes by its own policy
        new = {step.now.logical_id: Doomed(step.now, "Delete") for step in steps if step.before and not step.in_place}
        added = doom([step.now for step in steps if step.before is None], creating=True)
        remove_all(self._cloud, stack, new | added)
        stack.turn("UPDATE_ROLLBACK_COMPLETE")


def delete(cloud: Cloud, stack: Stack, kept: Set[str] = frozenset()) -> None:
    """Delete a stack in the background; a creation that still runs is called off first.

    `kept` are the logical ids to leave as they are.
    """
    stack.deleting = True
    stack.cancelled.set()
    stack.idle.wait()

    def run() -> None:
        before = dict(stack.resources)
        gone, failed = remove_all(cloud, stack, doom(before.values(), kept=kept))
        stack.resources = {name: resource for name, resource in before.items() if name not in gone}
        stack.deleted_resources = {**stack.deleted_resources, **{name: before[name] for name in gone}}
        stack.deleting = False
        if failed:
            stack.turn("DELETE_FAILED", failed_to("delete", failed))
            return
        stack.outputs, stack.imports, stack.deleted_at = (), frozenset(), now()
        stack.turn("DELETE_COMPLETE")

    start(stack, "DELETE_IN_PROGRESS", run)
