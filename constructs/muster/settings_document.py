"""The SSM parameter that tells every node all it must know."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aws_cdk import aws_ssm as ssm
from constructs import Construct, IDependable

from muster import settings
from muster.formation_wait import FormationHandle

WAIT_URL_LENGTH: Final = 1000
"""Characters kept for the wait handle's signed URL, which has about 500."""

STANDARD: Final = 3500
"""Characters up to which the Standard tier is taken; it ends at 4,096."""

LARGEST: Final = 8000
"""Characters of the largest document; the Advanced tier ends at 8,192."""


class SettingsDocument(Construct):
    """SSM parameter `name` that holds `document` with its generation and the wait handle's URL.

    `parameter` is the parameter; it is written after `after`, so that who sees a new document may read what it names.
    Raises `ValueError` for a document above `LARGEST` characters.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        document: Mapping[str, Any],
        handle: FormationHandle,
        after: Sequence[IDependable] = (),
    ) -> None:
        super().__init__(scope, id_)
        whole = {**document, "generation": handle.generation, "wait_url": handle.url}
        size = settings.length(whole) + WAIT_URL_LENGTH
        if size > LARGEST:
            raise ValueError(f"the settings document would have {size} characters, at most {LARGEST} are possible")
        self.parameter = ssm.CfnParameter(
            self,
            "Parameter",
            type="String",
            name=name,
            tier="Standard" if size <= STANDARD else "Advanced",
            value=settings.render(whole),
        )
        self.parameter.node.add_dependency(*after)
