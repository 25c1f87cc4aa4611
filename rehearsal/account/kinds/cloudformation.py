"""Wait conditions and their handles, and the CDK's marker of itself."""

import json
import time
from collections.abc import Mapping
from typing import Any

from rehearsal.account.cloud import Cloud
from rehearsal.account.cloudformation.faults import ResourceError
from rehearsal.account.kinds.base import Existing, Kind, Made, Request, Settling
from rehearsal.account.wait_handles import WaitHandles

LONGEST = 43200
"""Most seconds that a wait condition may wait."""


class WaitConditionHandle(Kind):
    """A URL that takes signals; `Ref` is the URL."""

    type = "AWS::CloudFormation::WaitConditionHandle"

    def create(self, request: Request) -> Made:
        """Open a handle."""
        return Made(request.cloud.handles.open(request.stack_id, request.logical_id))

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Close the handle."""
        cloud.handles.close(old.physical_id)


class WaitCondition(Kind):
    """Waits until its handle has received `Count` successes, or one failure, or for `Timeout` seconds."""

    type = "AWS::CloudFormation::WaitCondition"
    properties = frozenset({"Count", "Handle", "Timeout"})
    mutable = properties
    refuses_updates = True

    def create(self, request: Request) -> Made:
        """Begin to wait."""
        if not 0 < int(request.properties["Timeout"]) <= LONGEST:
            raise ResourceError(f"Timeout must be between 1 and {LONGEST} seconds")
        return Made(f"{request.stack_id}/{request.logical_id}", {"Data": "{}"})

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Nothing is left of it."""

    def settling(self, request: Request) -> Settling | None:
        """Return the wait for signals."""
        given = request.properties
        count, timeout = int(given.get("Count", 1)), int(given["Timeout"])
        return SignalWait(request.cloud.handles, given["Handle"], count, timeout)


class SignalWait:
    """The wait for `count` signals within `timeout` seconds; texts as CloudFormation words them."""

    def __init__(self, handles: WaitHandles, url: str, count: int, timeout: float) -> None:
        self._handles, self._url, self._count = handles, url, count
        self._until = time.monotonic() + timeout

    def outcome(self) -> Mapping[str, Any] | None:
        """Return the data of all signals once there are enough."""
        signals = self._handles.received(self._url)
        for signal in signals:
            if signal.status == "FAILURE":
                raise ResourceError(
                    f"WaitCondition received failed message: '{signal.reason}' for uniqueId: {signal.unique_id}"
                )
        if len(signals) >= self._count:
            return {"Data": json.dumps({signal.unique_id: signal.data for signal in signals}, separators=(",", ":"))}
        if time.monotonic() >= self._until:
            text = f"Received {len(signals)} conditions when expecting {self._count}"
            raise ResourceError(f"WaitCondition timed out. {text}")
        return None


class CdkMetadata(Kind):
    """What the CDK says about the application; it has no effect on AWS either."""

    type = "AWS::CDK::Metadata"
    properties = frozenset({"Analytics"})
    mutable = properties

    def create(self, request: Request) -> Made:
        """Make nothing."""
        return Made(request.logical_id)

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Change nothing."""
        del request
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Nothing is left of it."""


KINDS: tuple[type[Kind], ...] = (WaitConditionHandle, WaitCondition, CdkMetadata)
