"""What replaces comes from cfn-lint's schemas, what restarts from a table: both are held against each other."""

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from musternode import settings as node_settings
from musternode.rollout import refusal
from operations.review import replacing, settings
from operations.review.replacing import INSTANCE, schema
from tests.conftest import Synthesize

REPLACES = {"ImageId", "LaunchTemplate", "SubnetId", "AvailabilityZone", "NetworkInterfaces", "PrivateIpAddress"} | {
    "KeyName",
    "SecurityGroups",
    "PlacementGroupName",
}
"""Properties of an instance of which the CloudFormation Template Reference says "Update requires: Replacement"."""

NO_INTERRUPTION = {
    "IamInstanceProfile",
    "Tags",
    "Volumes",
    "DisableApiTermination",
    "Monitoring",
    "SourceDestCheck",
} | {"MetadataOptions"}
"""... and of which it says "Update requires: No interruption"."""


def named(paths: tuple[tuple[str, ...], ...]) -> set[str]:
    return {"/".join(path) for path in paths}


def test_the_tables_name_exactly_what_the_schema_of_an_instance_calls_conditional() -> None:
    """A newer cfn-lint that has another condition is noticed here, and the tables must then say what it means."""
    known = schema(INSTANCE)
    assert known is not None
    assert named(known.conditional) == replacing.RESTARTS | replacing.IN_PLACE | replacing.REPLACES


def test_the_tables_name_each_property_once() -> None:
    tables = [replacing.RESTARTS, replacing.IN_PLACE, replacing.REPLACES]
    assert sum(map(len, tables)) == len(frozenset().union(*tables))


def test_the_schema_of_an_instance_replaces_what_the_reference_says() -> None:
    known = schema(INSTANCE)
    assert known is not None
    assert named(known.create_only) >= REPLACES
    assert not named((*known.create_only, *known.conditional)) & NO_INTERRUPTION


def test_a_volume_s_schema_still_tells_nothing_of_what_cannot_be_changed() -> None:
    """Once it does, `UNCHANGEABLE` is no longer needed."""
    known = schema(replacing.VOLUME)
    assert known is not None
    assert not named((*known.create_only, *known.conditional)) & replacing.UNCHANGEABLE


@pytest.mark.parametrize(
    ("type_", "path"),
    [
        ("AWS::EC2::Subnet", "CidrBlock"),
        ("AWS::EC2::SecurityGroup", "GroupName"),
        ("AWS::EC2::VPCEndpoint", "DnsOptions/PrivateDnsPreference"),
        ("AWS::ElasticLoadBalancingV2::TargetGroup", "Port"),
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", "Scheme"),
        ("AWS::SSM::Parameter", "Name"),
        ("Custom::Anything", "ServiceToken"),
    ],
)
def test_a_known_property_replaces(type_: str, path: str) -> None:
    known = schema(type_)
    assert known is not None
    assert path in named(known.create_only)


def test_an_unknown_type_has_no_schema() -> None:
    assert schema("AWS::Nothing::Here") is None


def test_every_type_of_a_stack_has_a_schema(synthesize: Synthesize) -> None:
    types = {each["Type"] for each in synthesize()["Resources"].values()}
    assert [each for each in types if schema(each) is None] == []


def test_a_review_loads_neither_cfn_lint_nor_the_cdk() -> None:
    code = "import sys; from operations.review import review; review(None, {'Resources': {}})\n"
    code += "from operations.review.replacing import schema; schema('AWS::EC2::Instance')\n"
    code += "sys.exit(bool({'cfnlint', 'aws_cdk', 'jsii', 'boto3'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of each scalar."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        yield path
        return
    for key, each in items:
        yield from leaves(each, (*path, key))


@pytest.fixture(scope="session")
def real_document(synthesize: Synthesize) -> dict[str, Any]:
    """Return the settings document of a real stack, its references as text."""
    from operations.review.changes import compare

    found = settings.document(compare(None, synthesize()), new=True)
    assert found is not None
    return found


@pytest.mark.parametrize("absent", [False, True])
def test_the_settings_that_nodes_refuse_are_those_that_a_review_refuses(
    absent: bool, real_document: dict[str, Any]
) -> None:
    """Each scalar of the document is changed once, and shown to the nodes' own rule and to the review's."""
    old = copy.deepcopy(real_document)
    old["members"][1]["present"] = not absent
    before = node_settings.read(json.dumps(old))
    judged = 0
    for path in leaves(old):
        if path[0] in settings.CONFIRMED | {"format", "product", "cluster", "region"} or path[-1] in (
            "name",
            "present",
        ):
            continue
        changed = copy.deepcopy(old)
        place: Any = changed
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = _other(place[path[-1]])
        refused = any(each.refused for each in settings.differences(old, changed, frozenset()))
        assert refused == (refusal(before, node_settings.read(json.dumps(changed))) is not None), path
        judged += refused
    assert judged >= 8


_WORDS = {"leader": "any", "any": "leader"}
"""Values of which a node reads no others."""


def _other(value: Any) -> Any:
    if value in _WORDS:
        return _WORDS[value]
    return value + 7 if isinstance(value, int) else f"{value}x"
