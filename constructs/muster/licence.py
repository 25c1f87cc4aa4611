"""The licence of a product, as the stack has it."""

import os
from collections.abc import Mapping

from constructs import Construct

from muster.published_file import PublishedFile
from muster.spec import Cluster


class Licence(PublishedFile):
    """The licence `path`, which `field` of the cluster file names, published as a file asset.

    Raises `SpecError` too if it is empty. What is in it the product alone can judge.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        cluster: Cluster,
        field: str,
        path: str,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        super().__init__(
            scope,
            id_,
            cluster=cluster,
            field=field,
            path=path,
            what="the licence",
            key="licence_file",
            fault=lambda data: None if data.strip() else "is empty, want the licence",
            environment=environment,
        )
