"""Security updates come to servers that are no pair one after the other, also to one that was off at their hour."""

from pathlib import Path

import pytest

from rehearsal.checks import membership
from tests.carbon_support import EXAMPLE
from tests.pair_users import readers
from tests.updates_support import NODES, deployed, updated

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]


def test_servers_are_updated_as_a_pair_is_with_one_that_was_not_there_at_the_hour(tmp_path: Path) -> None:
    nodes = {node: {"zone": f"eu-west-1{node}"} for node in NODES}
    with deployed(EXAMPLE, tmp_path, {"nodes": nodes}) as servers:
        updated(servers, readers(servers, "/services"), "b")
        assert servers.check(membership.CHECK).verdict == "valid"
