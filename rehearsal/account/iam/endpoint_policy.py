"""VPC endpoints as IAM sees them: where a request came through, and what that endpoint's own policy lets pass."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.account.cloud import Cloud
from rehearsal.account.iam.faults import UndecidableError
from rehearsal.account.iam.policy import Ask, Document, decide, document, listed
from rehearsal.account.iam.principals import SECONDS_KEPT
from rehearsal.account.iam.variables import Context

ANYBODY: tuple[Any, ...] = ("*", {"AWS": "*"}, {"AWS": ["*"]})


@dataclass(frozen=True)
class Way:
    """How a request came: the id of the endpoint, '' if it came by none, and the address that sent it.

    An instance's address is its private one at gateway endpoints too (PrivateLink guide, "Gateway endpoints").
    """

    endpoint: str = ""
    client: str = ""


@dataclass(frozen=True)
class Passage:
    """One VPC endpoint: its VPC and its policy."""

    vpc: str
    policy: Document


class EndpointPolicies:
    """The policies of all VPC endpoints, read anew once a second."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._kept: dict[str, tuple[float, Passage]] = {}

    def context(self, way: Way) -> Context:
        """Return the condition keys that tell which way a request took; none for one that came by the internet."""
        if not way.endpoint:
            return {}
        return {
            "aws:sourceip": [],
            "aws:sourcevpc": [self._passage(way.endpoint).vpc],
            "aws:sourcevpce": [way.endpoint],
            "aws:vpcsourceip": [way.client],
        }

    def lets_pass(self, way: Way, ask: Ask) -> bool:
        """Return whether a request may pass; everything may that came by no endpoint. Raises `UndecidableError`."""
        return not way.endpoint or decide([self._passage(way.endpoint).policy], None, ask).allowed

    def _passage(self, endpoint: str) -> Passage:
        at, passage = self._kept.get(endpoint, (0.0, None))
        if passage is None or time.monotonic() > at + SECONDS_KEPT:
            passage = self._read(endpoint)
            self._kept[endpoint] = time.monotonic(), passage
        return passage

    def _read(self, endpoint: str) -> Passage:
        try:
            found = self._cloud.call("ec2", "DescribeVpcEndpoints", VpcEndpointIds=[endpoint])["VpcEndpoints"][0]
        except ClientError as fault:
            raise UndecidableError(f"VPC endpoint {endpoint} is gone") from fault
        policy = json.loads(found["PolicyDocument"])
        return Passage(found["VpcId"], document(endpoint, policy | {"Statement": _for_anybody(endpoint, policy)}))


def _for_anybody(endpoint: str, policy: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the statements without their principal, which has to be everybody."""
    statements = []
    for statement in listed(policy["Statement"]):
        if statement.get("Principal") not in ANYBODY:
            who = f"Principal {statement.get('Principal')}"
            raise UndecidableError(f"policy of {endpoint}: {who} is not supported by this emulated account")
        statements.append({name: value for name, value in statement.items() if name != "Principal"})
    return statements
