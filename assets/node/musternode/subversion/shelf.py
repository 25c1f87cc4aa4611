"""The folder of the bucket in which backups lie, and beside them an operator's order to restore one, and its answer."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Optional

from ..aws import download
from ..failure import Failure

ORDER = "restore/order.json"
ANSWER = "restore/answer.json"
"""Below the folder of the backups."""
VALID = 3600.0
"""Seconds for which an order can be begun."""


@dataclass(frozen=True)
class Order:
    """To restore the backup `key`, whose hash is `sha256`, on `node`; `id` is like no other's."""

    id: str
    node: str
    key: str
    sha256: str


def read(content: bytes) -> Optional[Order]:
    """Return the order in an object, None if there is none."""
    try:
        value = json.loads(content.decode("utf-8"))
        found = [value[name] for name in ("id", "node", "key", "sha256")]
    except (ValueError, KeyError, TypeError):
        return None
    return Order(*found) if all(isinstance(each, str) and each for each in found) else None


class Shelf:
    """The folder `prefix` of backups in `bucket`, by boto3's client of S3, which `connect` makes."""

    def __init__(self, connect: Callable[[], Any], bucket: str, prefix: str, clock: Callable[[], float] = time.time):
        self._connect, self._bucket, self._prefix, self._clock = connect, bucket, prefix, clock
        self._client: Any = None

    def order(self) -> Optional[Order]:
        """Return the order that holds, None if none does: whoever may not list a bucket is denied what is not there."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            held = self._s3().get_object(Bucket=self._bucket, Key=f"{self._prefix}/{ORDER}")
            content = held["Body"].read()
        except (ClientError, BotoCoreError, OSError):
            return None
        found = read(content)
        old = self._clock() - held["LastModified"].timestamp() > VALID
        return None if found is None or old or not found.key.startswith(f"{self._prefix}/") else found

    def fetch(self, key: str, to: Path) -> None:
        """Make `to` the object `key`; raises `Failure`."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            download(self._s3(), self._bucket, key, to)
        except (ClientError, BotoCoreError) as fault:
            raise Failure(f"s3:GetObject on arn:aws:s3:::{self._bucket}/{key} failed: {fault}") from None

    def answer(self, order: Order, state: str, said: str) -> None:
        """Say how it goes on with `order`; raises what boto3 raises."""
        content = {"id": order.id, "node": order.node, "state": state, "said": said}
        body = json.dumps(content).encode("ascii")
        self._s3().put_object(Bucket=self._bucket, Key=f"{self._prefix}/{ANSWER}", Body=body)

    def _s3(self) -> Any:
        if self._client is None:
            self._client = self._connect()
        return self._client
