"""Termination protection of one instance: lifted where it is about to be taken out on purpose."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from operations.aws import Aws
from operations.errors import Failure


def set_protection(aws: Aws, instance: str, *, on: bool) -> None:
    """Let EC2 refuse (`on`) or allow the termination of `instance`. Raises `Failure`."""
    aws.call("ec2", "modify_instance_attribute", InstanceId=instance, DisableApiTermination={"Value": on})


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
