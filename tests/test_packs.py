"""Rule packs over every example in every form: nothing is found that is not acknowledged, and nothing for nothing."""

import pytest

from tests.judged import judged
from tests.judging import WARNED, Acknowledged, unneeded
from tests.variants import VARIANTS


@pytest.mark.parametrize("name", VARIANTS)
def test_nothing_is_found_that_is_not_acknowledged(name: str) -> None:
    assert {finding for finding in judged(name).left if finding.rule not in WARNED} == set()


@pytest.mark.parametrize("name", VARIANTS)
def test_every_acknowledgement_is_needed(name: str) -> None:
    result = judged(name)
    assert result.acknowledged
    assert unneeded(result.acknowledged, result.found) == set()


def test_an_unneeded_acknowledgement_is_seen() -> None:
    """Negative control of the test above: these two accept findings that are not there."""
    result = judged(next(iter(VARIANTS)))
    stale = {
        Acknowledged("AwsSolutions-EC28", "muster-as400/Node-a", "a reason"),
        Acknowledged("AwsSolutions-EC29", "muster-as400/Node", "a path that is merely the beginning of a name"),
    }
    assert unneeded([*result.acknowledged, *stale], result.found) == stale
