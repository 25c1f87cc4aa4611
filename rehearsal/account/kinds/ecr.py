"""ECR repositories, as far as the CDK's bootstrap stack needs them."""

import json
from collections.abc import Mapping
from typing import Any

from rehearsal.account.cloud import Cloud
from rehearsal.account.kinds.base import Existing, Kind, Made, Request


class Repository(Kind):
    """A container repository; `Ref` is its name."""

    type = "AWS::ECR::Repository"
    mutable = frozenset({"ImageTagMutability", "LifecyclePolicy", "RepositoryPolicyText"})
    properties = mutable | {"RepositoryName"}
    custom_name = "RepositoryName"

    def create(self, request: Request) -> Made:
        """Create the repository and its policies."""
        name = request.properties.get("RepositoryName") or request.generated_name(256).lower()
        mutability = request.properties.get("ImageTagMutability", "MUTABLE")
        given = {"repositoryName": name, "imageTagMutability": mutability}
        repository = request.call("ecr", "CreateRepository", **given)["repository"]
        request.made(name)
        self._policies(request, name)
        return Made(name, {"Arn": repository["repositoryArn"], "RepositoryUri": repository["repositoryUri"]})

    def update(self, request: Request, old: Existing) -> Mapping[str, Any]:
        """Change mutability and policies."""
        name, mutability = old.physical_id, request.properties.get("ImageTagMutability", "MUTABLE")
        request.call("ecr", "PutImageTagMutability", repositoryName=name, imageTagMutability=mutability)
        self._policies(request, name)
        return old.attributes

    def delete(self, cloud: Cloud, old: Existing) -> None:
        """Delete the repository, which must be empty."""
        cloud.call("ecr", "DeleteRepository", repositoryName=old.physical_id)

    @staticmethod
    def _policies(request: Request, name: str) -> None:
        if lifecycle := request.properties.get("LifecyclePolicy"):
            text = lifecycle["LifecyclePolicyText"]
            request.call("ecr", "PutLifecyclePolicy", repositoryName=name, lifecyclePolicyText=text)
        if policy := request.properties.get("RepositoryPolicyText"):
            request.call("ecr", "SetRepositoryPolicy", repositoryName=name, policyText=json.dumps(policy))


KINDS: tuple[type[Kind], ...] = (Repository,)
