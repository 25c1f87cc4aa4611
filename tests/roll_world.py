"""A small AWS for rolls: one stack, whose deploys do to instances what CloudFormation would do, or fail."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from muster.spec import PLACEHOLDER, Member, cluster_lock, load, plan
from operations.aws import Aws, Missing
from operations.errors import Failure
from tests.aws_help import REGION

STACK = "muster-as400"


@dataclass
class Instance:
    """An instance of a node; on the ports `sick` it is not healthy while it is on the others."""

    id: str
    type: str
    image: str
    address: str
    zone: str
    protected: bool = False
    healthy: bool = True
    sick: frozenset[int] = frozenset()


@dataclass
class World(Aws):
    """The stack's instances by node; `trouble` is asked before each deploy and may return an exit code or raise.

    With an exit code the deploy fails after it has made what is new, and is rolled back: of that CloudFormation cannot
    terminate what is protected, and lets go of it (`strays`). What is `ending` is terminated the second time one looks.
    """

    protected: bool = False
    status: str | None = "UPDATE_COMPLETE"
    instances: dict[str, Instance] = field(default_factory=dict)
    deploys: list[dict[str, tuple[str, str]]] = field(default_factory=list)
    policies: list[str] = field(default_factory=list)
    strays: list[tuple[str, Instance]] = field(default_factory=list)
    ending: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    trouble: Callable[[int], int | None] = lambda _: None
    account: str = "123456789012"
    parameter: str | None = None
    ports: tuple[int, ...] = (8080,)
    made: int = 0

    def __post_init__(self) -> None:
        super().__init__(REGION)

    def deploy(self, file: Path) -> int:
        """Do what a deploy of `file` does; refuse what would replace an instance, as EC2 does for its address."""
        cluster = load(file)
        wanted = {member.name: member for member in plan(cluster, cluster_lock(cluster)).present}
        self.deploys.append({name: (each.instance_type, each.image or PLACEHOLDER) for name, each in wanted.items()})
        code = self.trouble(len(self.deploys))
        taken = {each.address for _, each in self.strays}
        if any(each.address in taken for name, each in wanted.items() if name not in self.instances):
            return code or 1  # EC2: InvalidIPAddress.InUse
        if code:
            self._roll_back(wanted)
            return code
        out = [name for name in self.instances if name not in wanted]
        restarted = [n for n, m in wanted.items() if n in self.instances and self.instances[n].type != m.instance_type]
        assert len(out) + len(restarted) <= 1, "two nodes at once"
        for name in out:
            gone = self.instances.pop(name)
            if gone.protected:
                self.strays.append((name, gone))
        for name, member in wanted.items():
            image = member.image or PLACEHOLDER
            if name in self.instances:
                assert self.instances[name].image == image, f"{name} would be replaced"
                self.instances[name].type = member.instance_type
            else:
                self.instances[name] = self._make(member)
        return 0

    @property
    def orphans(self) -> list[str]:
        """Instances that run and are none of the stack's."""
        return [each.id for _, each in self.strays]

    def _make(self, member: Member) -> Instance:
        self.made += 1
        place = (member.address, member.zone, self.protected)
        return Instance(f"i-{self.made:017x}", member.instance_type, member.image or PLACEHOLDER, *place)

    def _roll_back(self, wanted: Mapping[str, Member]) -> None:
        new = [(name, self._make(member)) for name, member in wanted.items() if name not in self.instances]
        self.strays += [(name, made) for name, made in new if made.protected]

    def call(self, service: str, operation: str, **parameters: Any) -> Any:
        """Answer as AWS does."""
        assert service
        return getattr(self, f"_{operation}")(**parameters)

    def pages(self, service: str, operation: str, result: str, **parameters: Any) -> list[Any]:
        """Answer as AWS does, all pages at once."""
        assert service
        items: list[Any] = getattr(self, f"_{operation}")(**parameters)[result]
        return items

    def _get_caller_identity(self) -> Any:
        return {"Account": self.account}

    def _describe_stacks(self, StackName: str) -> Any:  # noqa: N803 - AWS's name
        assert StackName == STACK
        if self.status is None:
            raise Missing(f"Stack with id {StackName} does not exist", "ValidationError")
        return {"Stacks": [{"StackStatus": self.status}]}

    def _list_stack_resources(self, **_: Any) -> Any:
        group = {"ResourceType": "AWS::ElasticLoadBalancingV2::TargetGroup", "PhysicalResourceId": "arn:group/one"}
        instances = [
            {"ResourceType": "AWS::EC2::Instance", "PhysicalResourceId": each.id} for each in self.instances.values()
        ]
        made = {"ResourceStatus": "CREATE_COMPLETE", "LogicalResourceId": "X"}
        return {"StackResourceSummaries": [each | made for each in (group, *instances)]}

    def _describe_instances(self, InstanceIds: Sequence[str] = (), **_: Any) -> Any:  # noqa: N803
        if InstanceIds:
            return {"Reservations": [{"Instances": [self._one(each) for each in InstanceIds]}]}
        described = [
            {
                "InstanceId": each.id,
                "State": {"Name": "running"},
                "InstanceType": each.type,
                "ImageId": each.image,
                "PrivateIpAddress": each.address,
                "Placement": {"AvailabilityZone": each.zone},
                "Tags": [{"Key": "muster:node", "Value": name}],
            }
            for name, each in (*self.instances.items(), *self.strays)
        ]
        return {"Reservations": [{"Instances": described}]}

    def _one(self, id_: str) -> dict[str, Any]:
        """Return an instance that is ending, as it is: first shutting down, then gone for good."""
        assert id_ in (*self.ending, *self.ended)
        state = "terminated" if id_ in self.ended else "shutting-down"
        if state == "shutting-down":
            self.ended.append(id_)
            self.strays = [(name, each) for name, each in self.strays if each.id != id_]
        return {"InstanceId": id_, "State": {"Name": state}}

    def _terminate_instances(self, InstanceIds: Sequence[str]) -> Any:  # noqa: N803 - AWS's name
        for _, each in self.strays:
            if each.id in InstanceIds and each.protected:
                raise Failure(f"OperationNotPermitted: {each.id} may not be terminated")
        self.ending += InstanceIds

    def _describe_target_groups(self, TargetGroupArns: Sequence[str]) -> Any:  # noqa: N803 - AWS's name
        return {"TargetGroups": [{"TargetGroupArn": arn, "HealthCheckPath": "/ready"} for arn in TargetGroupArns]}

    def _describe_target_health(self, **_: Any) -> Any:
        return {
            "TargetHealthDescriptions": [
                {
                    "Target": {"Id": each.id, "Port": port},
                    "TargetHealth": {"State": "healthy" if each.healthy and port not in each.sick else "unhealthy"},
                }
                for each in self.instances.values()
                for port in self.ports
            ]
        }

    def _get_template(self, **_: Any) -> Any:
        return {"TemplateBody": {"Resources": {}}}

    def _set_stack_policy(self, StackPolicyBody: str, **_: Any) -> Any:  # noqa: N803 - AWS's name
        self.policies.append(StackPolicyBody)

    def _get_parameter(self, **_: Any) -> Any:
        if self.parameter is None:
            raise Missing("no parameter", "ParameterNotFound")
        return {"Parameter": {"Value": self.parameter}}

    def _modify_instance_attribute(self, InstanceId: str, DisableApiTermination: Any) -> Any:  # noqa: N803
        for each in (*self.instances.values(), *(stray for _, stray in self.strays)):
            if each.id == InstanceId:
                each.protected = DisableApiTermination["Value"]
                return
        raise Missing("gone", "InvalidInstanceID.NotFound")
