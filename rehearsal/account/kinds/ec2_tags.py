"""Tags as EC2 takes them."""

from typing import Any

from rehearsal.account.kinds.base import Existing, Request, tag_changes


def specification(request: Request, what: str) -> dict[str, Any]:
    """Return the `TagSpecifications` argument for a new `what`."""
    return {"TagSpecifications": [{"ResourceType": what, "Tags": request.own_tags()}]}


def retag(request: Request, old: Existing, resource_id: str | None = None) -> None:
    """Bring the tags of an existing resource to the declared ones."""
    resource_id = resource_id or old.physical_id
    removed, wanted = tag_changes(request, old)
    if removed:
        request.call("ec2", "DeleteTags", Resources=[resource_id], Tags=[{"Key": key} for key in removed])
    if wanted:
        request.call("ec2", "CreateTags", Resources=[resource_id], Tags=wanted)
