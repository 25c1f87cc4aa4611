"""Undoing one step of an update: what was changed is changed back, what was replaced stands again."""

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.account.cloud import Cloud
from rehearsal.account.cloudformation.faults import Refusal, ResourceError
from rehearsal.account.cloudformation.provisioner import Step
from rehearsal.account.cloudformation.stack import Stack
from rehearsal.account.kinds import kind_of
from rehearsal.account.kinds.base import Existing, Request, text_of


def put_back(cloud: Cloud, stack: Stack, step: Step) -> bool:
    """Undo a step, all but the deletion of what it made; return whether that succeeded."""
    before = step.before
    if before is None:
        stack.resources.pop(step.now.logical_id, None)
        return True
    if step.in_place:
        return _update_back(cloud, stack, step)
    stack.resources[before.logical_id] = before
    stack.mark(before, "UPDATE_COMPLETE")
    return True


def _update_back(cloud: Cloud, stack: Stack, step: Step) -> bool:
    resource, before = step.now, step.before
    assert before is not None
    stack.mark(resource, "UPDATE_IN_PROGRESS")
    request = Request(cloud, stack.id, stack.name, resource.logical_id, before.properties)
    attempted = Existing(resource.physical_id, step.attempted, resource.attributes)
    try:
        resource.attributes = kind_of(resource.type).update(request, attempted)
    except (ClientError, BotoCoreError, ResourceError, Refusal) as fault:
        stack.mark(resource, "UPDATE_FAILED", text_of(fault))
        return False
    resource.properties = before.properties
    stack.mark(resource, "UPDATE_COMPLETE")
    return True
