"""What `cdk deploy` says, read for the person who waits."""

from muster.spec import load
from rehearsal.deployment import cause, progress_of, targets
from tests.axonivy_support import ivy
from tests.conftest import WriteCluster

EVENTS = """\
muster-as400: creating CloudFormation changeset...
muster-as400 |  1/40 | 3:45:30 AM | CREATE_IN_PROGRESS   | AWS::EC2::VPC | Network/Vpc (NetworkVpc1)
muster-as400 |  9/40 | 3:45:41 AM | CREATE_FAILED        | AWS::EC2::Volume | DataB (DataB) Resource creation cancelled
muster-as400 |  9/40 | 3:45:40 AM | CREATE_FAILED        | AWS::CloudFormation::WaitCondition | Formed (Formed) \
WaitCondition received failed message: 'node b: the secret is gone' for uniqueId: b
muster-as400 |  9/40 | 3:45:42 AM | ROLLBACK_IN_PROGRESS | AWS::CloudFormation::Stack | muster-as400
"""


def test_the_cause_is_the_first_failure_that_is_no_cancellation() -> None:
    assert "node b: the secret is gone" in cause(EVENTS)


def test_without_a_failed_resource_the_cause_is_the_last_line() -> None:
    assert cause("something\n\nThis app contains no stacks\n\n") == "This app contains no stacks"


def test_silence_is_said_to_be_silence() -> None:
    assert cause("\n") == "cdk deploy said nothing"


def test_progress_counts_resources() -> None:
    assert progress_of(EVENTS.splitlines()[1]) == "1/40 Network/Vpc CREATE_IN_PROGRESS"


def test_other_lines_are_no_progress() -> None:
    assert progress_of("muster-as400: creating CloudFormation changeset...") is None


def test_a_node_counts_as_often_as_it_has_ports_and_an_absent_one_not_at_all(write_cluster: WriteCluster) -> None:
    assert targets(load(write_cluster())) == 2
    assert targets(load(write_cluster(**ivy({"weights": {"a": 3, "b": 1}})))) == 4
    nodes = {name: {"zone": f"eu-west-1{name}", "present": name != "c"} for name in "abc"}
    assert targets(load(write_cluster(**ivy({"weights": {"a": 2, "c": 4}}, nodes=nodes)))) == 3
