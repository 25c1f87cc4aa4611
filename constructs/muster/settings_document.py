"""The SSM parameter that tells every node all it must know."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aws_cdk import aws_ssm as ssm
from constructs import Construct, IDependable

from muster import settings
from muster.formation_wait import FormationHandle
from muster.products import PRODUCTS
from muster.spec.told_rules import LARGEST as LARGEST

WAIT_URL_LENGTH: Final = 1000
"""Characters kept for the wait handle's signed URL, which has about 500."""

STANDARD: Final = 3500
"""Characters up to which a pair takes the Standard tier; it ends at 4,096."""

PAIR: Final = 2
"""Nodes up to which a document stays small; each further one adds its own lines."""


class SettingsDocument(Construct):
    """SSM parameter `name` that holds `document` with its generation and the wait handle's URL.

    `parameter` is the parameter; it is written after `after`, so that who sees a new document may read what it names.
    Raises `ValueError` for a document above `LARGEST` characters. A product whose clusters grow has the Advanced tier
    from its first node on: one that followed each document would have to go down as nodes go, and AWS refuses that.
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
            tier="Advanced" if _grows(document) or size > STANDARD else "Standard",
            value=settings.render(whole),
        )
        self.parameter.node.add_dependency(*after)


def _grows(document: Mapping[str, Any]) -> bool:
    """Return whether the product of `document` has clusters of more than two nodes."""
    return PRODUCTS[document["product"]].nodes.stop > PAIR + 1
