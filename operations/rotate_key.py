"""`muster rotate-key`: another access key for engines that find each other by the key of a user.

The command writes the lock file, nothing else. Keys come and go by deployments, so that one that fails takes them back:
the first makes a key beside the one in use and gives it to one node after the other, the second deletes the former.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from muster.names import parameter_name, stack_name
from muster.products import Discovery
from muster.spec import Cluster, Lock, SpecError, lock_path, verify
from muster.spec.lock import DiscoveryKey
from operations.aws import Aws, Missing, account_of
from operations.errors import Failure
from operations.files import load_file, load_lock, save_lock, typed
from operations.h2.pair import Ask, Connect, confirmed
from operations.observed import stack_resources, stack_status
from operations.status import AT_REST

KEY: Final = "AWS::IAM::AccessKey"

OTHERS: Final = {
    Discovery.NONE: "nothing in it asks the EC2 API for members",
    Discovery.OWN_ROLE: "its engine asks the EC2 API with the instance's own role, whose credentials AWS renews",
    Discovery.ROLE_ALONE: "its engine asks the EC2 API with the discovery role, whose credentials AWS renews",
}
"""With what a cluster finds its members that has no user for it."""


@dataclass(frozen=True)
class Keyed:
    """A cluster whose members find each other by a key of a user, with its lock and the key that this counts."""

    file: Path
    cluster: Cluster
    lock: Lock
    aws: Aws

    @property
    def key(self) -> DiscoveryKey:
        """The key as the lock file has it; a lock that does not count keys yet means the first."""
        return self.lock.discovery_key or DiscoveryKey()

    @property
    def stack(self) -> str:
        """The name of the cluster's stack."""
        return stack_name(self.cluster.name)

    @property
    def deploy(self) -> str:
        """The command that brings the lock file's keys about."""
        return f"./muster cdk deploy -c cluster={typed(self.file)}"

    @property
    def again(self) -> str:
        """This very command, as it is typed in a shell."""
        return f"./muster rotate-key {typed(self.file)}"


def rotate_key_file(file: Path, *, yes: bool, ask: Ask, connect: Connect = Aws) -> int:
    """Have the next deployment of `file` make another key, or delete the former one where both are deployed.

    Return 0 once the lock file says so, 1 if that is not wanted. Raises `Failure`: (2) for a cluster without such a key
    and for a lock file that is not there or behind; else if the deployment before has not ended well.
    """
    keyed = _keyed(file, connect)
    _refuse_undeployed(keyed)
    key = following(keyed.key)
    if not confirmed(_plan(keyed, key), yes=yes, ask=ask):
        return 1
    save_lock(file, keyed.lock.changed(discovery_key=key))
    print(f"{lock_path(file)} is changed; commit it beside {file.name}")
    if key.former:
        print(f"deploy it: {keyed.deploy}, then {keyed.again} again, which ends key {key.former}")
    else:
        print(f"deploy it: {keyed.deploy}, which deletes key {keyed.key.former}")
    return 0


def following(key: DiscoveryKey) -> DiscoveryKey:
    """Return what comes after `key`: the end of the former one if there is one, else another beside it."""
    if key.former:
        return DiscoveryKey(current=key.current)
    return DiscoveryKey(current=key.current + 1, former=key.current)


def _keyed(file: Path, connect: Connect) -> Keyed:
    """Return the cluster of `file`. Raises `Failure` (2) for what can be refused without AWS."""
    cluster, lock = load_file(file), load_lock(file)
    kind = cluster.about.discovery(cluster)
    if kind is not Discovery.USER:
        raise Failure(f"{file}: there is no key to change: {OTHERS[kind]}", code=2)
    if lock is None:
        raise Failure(f"there is no lock file: ./muster lock {typed(file)}", code=2)
    try:
        verify(cluster, lock)
    except SpecError as error:
        raise Failure("; ".join(str(error).splitlines()), code=2) from error
    if lock.rolling:
        raise Failure(f"a roll is under way: ./muster roll {typed(file)} first", code=2)
    return Keyed(file, cluster, lock, connect(cluster.region))


def _refuse_undeployed(keyed: Keyed) -> None:
    """Raise `Failure` unless every present node uses the lock's current key, and no other key than the lock's is there.

    A deployment ends well only when all members have said that they have changed: a stack at rest and its settings
    document are their word.
    """
    account_of(keyed.aws, keyed.cluster.account)
    status = stack_status(keyed.aws, keyed.stack)
    if status is None:
        raise Failure(f"the stack {keyed.stack} is not there: nothing has a key yet that could be changed")
    if status.endswith("_IN_PROGRESS"):
        raise Failure(f"the stack {keyed.stack} is busy ({status}): try again when it is done")
    if status not in AT_REST:
        raise Failure(f"the last deploy of {keyed.stack} has not ended well ({status}): {keyed.deploy} first")
    deployed = _deployed(keyed)
    if deployed != keyed.key.current:
        what = f"the nodes use key {deployed}, and key {keyed.key.current} is the lock file's"
        raise Failure(f"{what}: {keyed.deploy} first")
    if keyed.key.former is None and _keys(keyed) > 1:
        raise Failure(f"the former key is still there, and IAM gives a user no third one: {keyed.deploy} first")


def _deployed(keyed: Keyed) -> int:
    """Return the number of the key that the deployed settings name. Raises `Failure`."""
    name = parameter_name(keyed.cluster.name)
    try:
        text = keyed.aws.call("ssm", "get_parameter", Name=name)["Parameter"]["Value"]
        return int(json.loads(text)["settings"]["discovery_key"])
    except Missing as missing:
        raise Failure(f"{missing}: {keyed.deploy} first") from missing
    except (ValueError, KeyError, TypeError) as fault:
        raise Failure(f"the settings in {name} name no key ({fault!r}): {keyed.deploy} first") from fault


def _keys(keyed: Keyed) -> int:
    """Return how many keys the stack has; also one that it failed to delete counts. Raises `Failure`."""
    return sum(each["ResourceType"] == KEY for each in stack_resources(keyed.aws, keyed.stack))


def _plan(keyed: Keyed, key: DiscoveryKey) -> list[str]:
    name, now = keyed.cluster.name, keyed.key
    if key.former is None:
        return [
            f"every node of {name} finds the others by key {key.current}: the deploy that brought it has ended well.",
            f"  the next deploy deletes key {now.former}, which works until then; no product is restarted.",
        ]
    present = [member for member in keyed.lock.nodes.items() if member[1].present]
    nodes = " then ".join(f"node {node}" for node, _ in sorted(present, key=lambda item: item[1].ordinal))
    return [
        f"the nodes of {name} find each other by key {now.current} of a user who may do nothing else.",
        f"  the next deploy makes key {key.current} beside it, and the products restart with that in turn:",
        f"  {nodes}. Both keys work meanwhile, and until a second {keyed.again}",
        f"  and its deploy delete key {now.current}. After a leak do both at once: the leaked key works until then.",
    ]
