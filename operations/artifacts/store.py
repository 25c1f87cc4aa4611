"""The repository of a cluster file as an operator reaches it: by the bucket of its backups and nothing else.

The order is an object there, which the committing node reads each few seconds, and its answer is another one.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from muster.names import parameter_name, stack_name
from muster.spec import Cluster
from operations.aws import Aws, Missing, account_of
from operations.dumps import NoBackups, Shelf
from operations.errors import Failure
from operations.files import load_file, typed
from operations.h2.pair import Connect
from operations.observed import stack_status

ORDER: Final = "restore/order.json"
ANSWER: Final = "restore/answer.json"
"""Below the folder of the backups, as nodes have them (`musternode.subversion.shelf`)."""


@dataclass(frozen=True)
class Order:
    """To restore the backup `key`, whose hash is `sha256`, on `node`; `id` is like no other's."""

    id: str
    node: str
    key: str
    sha256: str


@dataclass(frozen=True)
class Answer:
    """What a node said last of the order `id`: `state` is working, done or failed."""

    id: str
    node: str
    state: str
    said: str
    at: datetime


@dataclass(frozen=True)
class Store:
    """The repository of the cluster in `file`: its backups, and the node that commits into it."""

    file: Path
    cluster: Cluster
    aws: Aws
    shelf: Shelf
    committer: str

    @property
    def typed(self) -> str:
        """The cluster file as it is typed in a shell."""
        return typed(self.file)

    def order(self, order: Order) -> None:
        """Give the order. Raises `Failure`."""
        body = json.dumps(asdict(order)).encode("ascii")
        self.aws.call("s3", "put_object", Bucket=self.shelf.bucket, Key=f"{self.shelf.prefix}{ORDER}", Body=body)

    def answer(self) -> Answer | None:
        """Return the last answer, None if there is none. Raises `Failure`."""
        try:
            held = self.aws.call("s3", "get_object", Bucket=self.shelf.bucket, Key=f"{self.shelf.prefix}{ANSWER}")
        except Missing:
            return None
        try:
            value = json.loads(held["Body"].read())
            id_, node, state, said = (str(value[name]) for name in ("id", "node", "state", "said"))
        except (ValueError, KeyError, TypeError):
            return None
        return Answer(id_, node, state, said, held["LastModified"])


def store_of(file: Path, connect: Connect = Aws) -> Store:
    """Return the deployed repository of `file`. Raises `Failure`; (2) for a file that makes none."""
    cluster = load_file(file)
    if not cluster.about.keepers(cluster):
        raise Failure(f"{file}: the cluster makes no repository of artifacts, whose backups could be looked at", code=2)
    aws = connect(cluster.region)
    account_of(aws, cluster.account)
    if stack_status(aws, stack_name(cluster.name)) is None:
        raise Failure(f"the stack {stack_name(cluster.name)} is not there: deploy it first")
    return _told(file, cluster, aws)


def _told(file: Path, cluster: Cluster, aws: Aws) -> Store:
    """Return what the deployed settings say: the cluster file may be ahead of them."""
    name = parameter_name(cluster.name)
    try:
        settings = json.loads(aws.call("ssm", "get_parameter", Name=name)["Parameter"]["Value"])["settings"]
        committer, backup = str(settings["committer"]), settings["artifacts"].get("backup")
        if not backup:
            raise NoBackups("the deployed cluster makes no backups: set database.backup and deploy")
        return Store(file, cluster, aws, Shelf(str(backup["bucket"]), f"{backup['prefix']}/"), committer)
    except Missing as missing:
        raise Failure(f"the settings document {name} is not there: deploy it") from missing
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise Failure(f"the settings document {name} is not that of a {cluster.product}: {fault!r}") from fault
