"""AWS's own managed policies, one at a time, out of the copy that moto carries."""

import json
from functools import cache
from typing import Any

from moto.iam.models import AWSManagedPolicy

from rehearsal.account.cloudformation.faults import ResourceError


@cache
def _all() -> dict[str, Any]:
    from moto.iam.aws_managed_policies import aws_managed_policies_data  # large, and needed by few

    known: dict[str, Any] = json.loads(aws_managed_policies_data)
    return known


def load(arn: str, account_id: str) -> AWSManagedPolicy:
    """Return the policy of `arn:aws:iam::aws:policy/...`.

    Raises `ResourceError` if AWS publishes none of that name.
    """
    name = arn.rsplit("/", 1)[1]
    if name not in _all():
        raise ResourceError(f"Policy {arn} does not exist or is not attachable. (Error Code: NoSuchEntity)")
    return AWSManagedPolicy.from_data(name, account_id, "aws", _all()[name])
