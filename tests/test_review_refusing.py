"""What is said of settings that the nodes refuse: how each of them could be changed all the same."""

import copy
from typing import Any

import pytest

from operations.review import review
from tests.review_support import DOCUMENT, stack

PLACE = "a node's place can be changed while it is absent"
ALONE = (
    "settings.version can be changed while one node alone runs, the same before and after: in one deploy let all "
    "others be absent, in the next change it, in a third let them be present again"
)


def engines(version: str = "12.0.9", home: str = "/opt/ivy", address: str = "10.0.0.10") -> dict[str, Any]:
    """Return the settings document of two engines."""
    document = copy.deepcopy(DOCUMENT) | {"product": "axonivy", "settings": {"version": version, "home": home}}
    document["members"][0]["address"] = address
    for each in document["members"]:
        each["present"] = True
    return document


@pytest.mark.parametrize(
    ("changes", "ways"),
    [
        ({"version": "12.0.10"}, ALONE),
        ({"address": "10.0.0.99"}, PLACE),
        ({"home": "/opt/x"}, "that needs a new cluster"),
        ({"version": "12.0.10", "address": "10.0.0.99"}, f"{PLACE}; {ALONE}"),
        ({"home": "/opt/x", "version": "12.0.10"}, f"{ALONE}; the rest needs a new cluster"),
        ({"home": "/opt/x", "address": "10.0.0.99"}, f"{PLACE}; the rest needs a new cluster"),
    ],
    ids=str,
)
def test_a_refused_setting_is_told_with_its_way_and_no_other(changes: dict[str, Any], ways: str) -> None:
    (refusal,) = review(stack(engines()), stack(engines(**changes))).refusals
    assert refusal.endswith(f": the deployment would fail and roll back; {ways}")
