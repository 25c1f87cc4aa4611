"""What nodes are allowed and what they use: read from the account, taken away before a deploy, or from living nodes."""

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from muster.names import stack_name
from muster.spec import load
from rehearsal import existing
from rehearsal.account.iam.principals import SECONDS_KEPT
from rehearsal.cdk_cli import ROOT
from rehearsal.checks import permissions
from rehearsal.checks.permissions import Asked
from rehearsal.drive import Rehearsal
from rehearsal.poll import poll
from tests.scenario_support import Bench, cluster_file, sentence, stand_in
from tests.template_edits import edit_template, less, without_permission
from tests.variants import VARIANTS

AT_ONCE = 4
"""Clusters that are deployed at the same time: they wait more than they work."""

SESSIONS = "SessionManager"
"""The statement that no rehearsal uses: its hosts have no agent of Session Manager."""


@dataclass(frozen=True)
class Case:
    """One action that is taken from a statement, or one resource of it: a piece of its name or of its file's.

    `policy` begins the logical id of what holds the statement; `form` is that of the product's cluster file. The deploy
    must fail with a cause in which the pattern `says` is found, and exactly `refused` must have been refused.
    """

    product: str
    policy: str
    sid: str
    action: str
    resource: str = ""
    says: str = ""
    refused: str = ""
    form: str = ""
    timeout: int = 300

    @property
    def cause(self) -> str:
        """What the cause must name: the action, unless it is said otherwise."""
        return self.says or self.action

    def __str__(self) -> str:
        parts = (self.product, self.form, self.policy, self.action.partition(":")[2], self.resource)
        return "-".join(part for part in parts if part)


@dataclass(frozen=True)
class Outcome:
    """How a deploy went: its cause of failure, empty if it did not fail, and what was refused meanwhile."""

    cause: str
    refused: Sequence[Asked] = field(default_factory=tuple)


Form = Mapping[str, Any]
"""Dotted fields of a cluster file that are otherwise than in the example."""


def example(product: str) -> Path:
    """Return the example's cluster file."""
    return ROOT / "clusters" / f"{product}.yaml"


def bench_of(rehearsal: Rehearsal, product: str, folder: Path, name: str, form: Form) -> Bench:
    """Return the product's example in a form, with all that its file takes for granted; one at a time."""
    file = cluster_file(example(product), folder, name, form)
    cluster = load(file)
    existing.provide(rehearsal, cluster)
    rehearsal.artifacts = stand_in(cluster).parent
    return Bench(rehearsal, file, folder)


USER_KEY: Form = {"wso2.kernel": "4.4.40", "instance.java": 8, "artifact.file": "artifacts/wso2-carbon-4.4.40.zip"}
"""WSO2 Carbon with an engine that finds others by a user's key alone."""
ROLE_ALONE: Form = {"wso2.kernel": "4.9.33", "artifact.file": "artifacts/wso2-carbon-4.9.33.zip"}
"""With one that finds them by a role that can do nothing else."""
OWN_SECRET: Form = {"axonivy.database.secret": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:keyed-GhIjKl"}
"""Axon.ivy with a secret that is made with this cluster file: it is encrypted with the file's key."""


def given_files(number: int) -> Form:
    """Return Axon.ivy with a file system that is there, in a VPC that is there; by numbers they are told apart."""
    fields = VARIANTS["axonivy: a file system that is there"].fields
    form = {"nodes": fields["nodes"], "network": fields["network"], "axonivy.shared": fields["axonivy"]["shared"]}
    made: Form = json.loads(re.sub(r"\b(vpc|subnet|fs)-([0-9a-f]{17})\b", partial(_moved, number), json.dumps(form)))
    return made


def _moved(number: int, id_: re.Match[str]) -> str:
    return f"{id_[1]}-{int(id_[2], 16) + 0x100 * number:017x}"


# before a deploy


def outcomes(rehearsal: Rehearsal, cases: Sequence[Case], forms: Mapping[str, Form], folder: Path) -> list[Outcome]:
    """Deploy a cluster of its own for each case, some at the same time, and return how each went."""
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        going = []
        for number, case in enumerate(cases):
            bench, assembly = _prepared(rehearsal, case, forms[case.form], folder, f"n{number}")
            going.append(crowd.submit(_outcome, bench, assembly))
        return [each.result() for each in going]


def _prepared(rehearsal: Rehearsal, case: Case, form: Form, folder: Path, name: str) -> tuple[Bench, Path]:
    own = folder / name
    own.mkdir()
    bench = bench_of(rehearsal, case.product, own, name, {**form, "formation.timeout": case.timeout})
    assembly = bench.synthesize()
    edit_template(assembly, without_permission(case.policy, case.sid, case.action, mark(assembly, case.resource)))
    return bench, assembly


def mark(assembly: Path, resource: str) -> str:
    """Return the hash of the file that the construct `resource` publishes, else `resource`."""
    published = json.loads(next(assembly.glob("*.assets.json")).read_text())["files"]
    found = [key for key, each in published.items() if each.get("displayName", "").startswith(f"{resource}/")]
    return found[0] if found else resource


def _outcome(bench: Bench, assembly: Path) -> Outcome:
    run = bench.deploy(assembly)
    if run.code == 0:
        bench.cdk("destroy", "--force")
        return Outcome("")
    return Outcome(sentence(run), refusals(bench, until=_failed(bench)))


def _failed(bench: Bench) -> datetime:
    """Return when the deploy of a cluster failed: what its nodes ask after that, the rollback refuses them."""
    stack = stack_name(bench.cluster.name)
    events = bench.rehearsal.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    failed: datetime = min(each["Timestamp"] for each in events if each["ResourceStatus"] == "CREATE_FAILED")
    return failed


ALWAYS = datetime.max.replace(tzinfo=UTC)


def refusals(bench: Bench, since: int = 0, until: datetime = ALWAYS) -> list[Asked]:
    """Return what was refused to roles and users of a cluster, also of one that is gone.

    That is after `since` decisions, and before the moment `until`.
    """
    beginning = f"{stack_name(bench.cluster.name)}-"
    decided = [
        each
        for each in permissions.decisions(bench.rehearsal)[since:]
        if permissions.identity(each).startswith(beginning) and datetime.fromisoformat(each["at"]) < until
    ]
    found = permissions.asked(decided, {})
    return [each for each in found if each.verdict != permissions.ALLOW and not permissions.harmless(each)]


# of living nodes


@contextmanager
def withdrawn(bench: Bench, sid: str, action: str) -> Iterator[int]:
    """Take an action from all nodes' roles for the time of the block; yields how many decisions were made before."""
    having = [arn for arn in policies(bench).values() if any(each.get("Sid") == sid for each in statements(bench, arn))]
    with ExitStack() as changes:
        taken = [changes.enter_context(_changed(bench, arn, sid, action)) for arn in having]
        assert any(taken), f"{sid} does not allow {action}"
        before = len(permissions.decisions(bench.rehearsal))
        _settle()
        yield before
    _settle()


@contextmanager
def _changed(bench: Bench, arn: str, sid: str, action: str) -> Iterator[bool]:
    """Take an action from one policy for the time of the block; yields whether it was there."""
    iam, before = bench.rehearsal.client("iam"), statements(bench, arn)
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    left = less(before, sid, action)
    text = json.dumps({"Version": "2012-10-17", "Statement": left})
    made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)["PolicyVersion"]
    try:
        yield left != before
    finally:
        iam.set_default_policy_version(PolicyArn=arn, VersionId=version)
        iam.delete_policy_version(PolicyArn=arn, VersionId=made["VersionId"])


def _settle() -> None:
    """Wait until a changed policy is in force."""
    until = time.monotonic() + SECONDS_KEPT
    poll(lambda: time.monotonic() > until, within=2 * SECONDS_KEPT)


def policies(bench: Bench) -> dict[str, str]:
    """Return the ARNs of the managed policies of the stack by their logical ids, but for that of the flow logs."""
    found = _resources(bench, "AWS::IAM::ManagedPolicy")
    return {name: arn for name, arn in found.items() if "FlowLogs" not in name}


def file_systems(bench: Bench) -> dict[str, str]:
    """Return the ids of the file systems of the stack by their logical ids."""
    return _resources(bench, "AWS::EFS::FileSystem")


def _resources(bench: Bench, type_: str) -> dict[str, str]:
    stack = stack_name(bench.cluster.name)
    found = bench.rehearsal.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found if each["ResourceType"] == type_}


def statements(bench: Bench, arn: str) -> list[dict[str, Any]]:
    """Return the statements that are in force in a managed policy."""
    iam = bench.rehearsal.client("iam")
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    found = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]["Statement"]
    return _listed(found)


def file_system_policy(bench: Bench, id_: str) -> dict[str, Any]:
    """Return the policy that a file system has."""
    found: dict[str, Any] = json.loads(
        bench.rehearsal.client("efs").describe_file_system_policy(FileSystemId=id_)["Policy"]
    )
    return found


@contextmanager
def file_system_without(bench: Bench, id_: str, sid: str) -> Iterator[None]:
    """Take a statement from the policy of a file system for the time of the block."""
    before, efs = file_system_policy(bench, id_), bench.rehearsal.client("efs")
    left = [each for each in before["Statement"] if each["Sid"] != sid]
    assert left != before["Statement"], f"{id_} has no statement {sid}"
    efs.put_file_system_policy(FileSystemId=id_, Policy=json.dumps({**before, "Statement": left}))
    try:
        yield
    finally:
        efs.put_file_system_policy(FileSystemId=id_, Policy=json.dumps(before))


# allowed and used

Use = tuple[str, str, str, str]
"""Logical id of what has a policy, Sid or place of a statement, action; and of files and secrets the one that is read.
"""
NAMED = ("Files", "Secrets")
"""Statements that name each of their resources."""


def allowed(bench: Bench) -> set[Use]:
    """Return all that the roles and users of a cluster are allowed, but for Session Manager.

    By the policies of its file systems too.
    """
    said = {name: statements(bench, arn) for name, arn in policies(bench).items()}
    said |= {name: file_system_policy(bench, id_)["Statement"] for name, id_ in file_systems(bench).items()}
    return {
        (name, _label(statement.get("Sid", ""), index), action, resource)
        for name, found in said.items()
        for index, statement in enumerate(found)
        if statement["Effect"] == "Allow" and statement.get("Sid") != SESSIONS
        for action in _listed(statement["Action"])
        for resource in (_listed(statement["Resource"]) if statement.get("Sid") in NAMED else [""])
    }


def used(bench: Bench) -> set[Use]:
    """Return all of that which was used since the cluster was deployed."""
    names = {arn: name for name, arn in policies(bench).items()}
    names |= {_policy_of(bench, id_): name for name, id_ in file_systems(bench).items()}
    found = [
        (each["statement"], each["action"], each["resource"])
        for each in permissions.decisions(bench.rehearsal)
        if each["allowed"] and each["statement"]["policy"] in names
    ]
    return {
        (names[by["policy"]], _label(by["sid"], by["index"]), action, resource if by["sid"] in NAMED else "")
        for by, action, resource in found
    }


def _policy_of(bench: Bench, id_: str) -> str:
    """Return what the policy of a file system is called where the account says by what it has decided."""
    (system,) = bench.rehearsal.client("efs").describe_file_systems(FileSystemId=id_)["FileSystems"]
    return f"policy of {system['FileSystemArn']}"


def _label(sid: str, index: int) -> str:
    return sid or f"[{index}]"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
