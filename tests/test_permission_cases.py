"""Nothing that a role is allowed is without a scenario in which it is missed."""

import json

import pytest

from tests.conftest import ROOT
from tests.permission_support import SESSIONS
from tests.test_scenario_permissions import CASES
from tests.test_scenario_permissions_lives import DUMPED, LATER, PRODUCTS, WRITTEN

GOLDEN = ROOT / "tests" / "golden"


def allowed(product: str) -> set[tuple[str, str]]:
    """Return Sid and action of all that the roles of nodes have, in all forms of the product that are kept."""
    found = set()
    for file in GOLDEN.glob(f"{product}.*.roles.json"):
        roles = json.loads(file.read_text()).items()
        said = [each for name, role in roles if "FlowLogs" not in name for each in role["may"]]
        for statement in [each for each in said if each["effect"] == "Allow" and each.get("Sid") != SESSIONS]:
            found |= {(statement.get("Sid", ""), action) for action in statement["actions"]}
    return found


def missed(product: str) -> set[tuple[str, str]]:
    """Return Sid and action of all that a scenario of the product takes away."""
    early = {(case.sid, case.action) for case in CASES if case.product == product}
    return early | {*LATER} | ({*WRITTEN, ("Backups", "s3:GetObject")} if product in DUMPED else set())


@pytest.mark.parametrize("product", PRODUCTS)
def test_each_action_of_a_role_is_taken_away_by_a_scenario(product: str) -> None:
    assert allowed(product)
    assert allowed(product) - missed(product) == set()


@pytest.mark.parametrize("product", PRODUCTS)
def test_no_two_cases_of_a_product_are_one(product: str) -> None:
    names = [str(case) for case in CASES if case.product == product]
    assert sorted(set(names)) == sorted(names)
