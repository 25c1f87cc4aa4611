"""What makes a deployment wait until the cluster has formed."""

from typing import Final

from aws_cdk import CfnWaitCondition, CfnWaitConditionHandle
from constructs import Construct, IDependable

_HANDLE: Final = "FormationHandle"
_WAIT: Final = "FormationWait"


class FormationHandle(Construct):
    """Where nodes report; `url` is signed, so that they need no permission.

    Handle and condition carry the generation in their logical ids: a handle that was used counts old signals, and
    only a new pair waits again in an update (CloudFormation User Guide, "Creating wait conditions").
    """

    def __init__(self, scope: Construct, id_: str, *, generation: str) -> None:
        super().__init__(scope, id_)
        self.generation = generation
        handle = CfnWaitConditionHandle(self, "Handle")
        handle.override_logical_id(f"{_HANDLE}{generation}")
        self.url = handle.ref


class FormationWait(Construct):
    """Waits for one success of each of `nodes` nodes; a failure, or `timeout` seconds of silence, fails the stack.

    Begins once `after` is there. `data` holds what the nodes reported.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        handle: FormationHandle,
        nodes: int,
        timeout: int,
        after: list[IDependable],
    ) -> None:
        super().__init__(scope, id_)
        condition = CfnWaitCondition(self, "Condition", handle=handle.url, count=nodes, timeout=str(timeout))
        condition.override_logical_id(f"{_WAIT}{handle.generation}")
        condition.node.add_dependency(*after)
        self.data = condition.attr_data
