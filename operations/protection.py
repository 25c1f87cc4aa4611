"""Termination protection of one instance: lifted where it is about to be taken out, or ended, on purpose."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from operations.aws import Aws, Missing
from operations.errors import Failure
from operations.observed import SeenInstance
from rehearsal.poll import NotYet, poll

TERMINATED_WITHIN: Final = 600.0
"""Seconds in which an instance must be terminated: its system is shut down first."""

ASK_EVERY: Final = 2.0
"""Seconds between two questions about that."""


def set_protection(aws: Aws, instance: str, *, on: bool) -> None:
    """Let EC2 refuse (`on`) or allow the termination of `instance`. Raises `Failure`."""
    aws.call("ec2", "modify_instance_attribute", InstanceId=instance, DisableApiTermination={"Value": on})


def commands_that_end(instance: str, region: str) -> tuple[str, str]:
    """Return the commands that end an instance, protected or not, in order."""
    return (
        f"aws ec2 modify-instance-attribute --instance-id {instance} --region {region} --no-disable-api-termination",
        f"aws ec2 terminate-instances --instance-ids {instance} --region {region}",
    )


def described_stray(instance: SeenInstance, region: str) -> str:
    """Return one line about an instance of the cluster that is not its stack's, with the command that ends it."""
    what = f"{instance.id} carries the tags of node {instance.node} and is not the stack's, which a failed deploy left"
    commands = " && ".join(commands_that_end(instance.id, region))
    return f"{what}; it keeps the node's address and volume; to end it: {commands}"


def end(aws: Aws, instance: SeenInstance) -> None:
    """End an instance, protected or not, say so, and wait until it is terminated. Raises `Failure`."""
    print(f"  ending {instance.id}, made for node {instance.node} and none of the stack's", flush=True)
    try:
        set_protection(aws, instance.id, on=False)
        aws.call("ec2", "terminate_instances", InstanceIds=[instance.id])
        poll(lambda: _terminated(aws, instance.id), within=TERMINATED_WITHIN, every=ASK_EVERY)
    except Missing:
        return
    except TimeoutError as error:
        raise Failure(f"{instance.id} does not end: {error}") from error


def _terminated(aws: Aws, instance: str) -> bool:
    found = aws.pages("ec2", "describe_instances", "Reservations", InstanceIds=[instance])
    states = {each["State"]["Name"] for reservation in found for each in reservation["Instances"]}
    if states - {"terminated"}:
        raise NotYet(f"it is {', '.join(states)}")
    return True


@contextmanager
def lifted(aws: Aws, instance: str | None) -> Iterator[None]:
    """Lift the protection of `instance` for a deploy that ends it; put back if that fails and it is still there.

    CloudFormation does not lift it: it would leave the instance running, outside the stack, with its address. An
    interruption puts nothing back, because CloudFormation may go on.
    """
    if instance is None:
        yield
        return
    set_protection(aws, instance, on=False)
    try:
        yield
    except Failure:
        with suppress(Failure):  # ended after all
            set_protection(aws, instance, on=True)
        raise
