"""Security groups are read from EC2's own descriptions, strictly."""

from typing import Any

import pytest

from rehearsal.network import Permission, PolicyError, security_group


def described(**permission: Any) -> dict[str, Any]:
    """Describe a group with one ingress permission."""
    return {"GroupId": "sg-1", "IpPermissions": [permission], "IpPermissionsEgress": []}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"IpProtocol": "tcp", "FromPort": 80, "ToPort": 90}, (6, 80, 90)),
        ({"IpProtocol": "6", "FromPort": 80, "ToPort": 80}, (6, 80, 80)),
        ({"IpProtocol": "udp", "FromPort": 53, "ToPort": 53}, (17, 53, 53)),
        ({"IpProtocol": "tcp"}, (6, 0, 65535)),
        ({"IpProtocol": "tcp", "FromPort": -1, "ToPort": -1}, (6, 0, 65535)),
        ({"IpProtocol": "icmp", "FromPort": 252, "ToPort": 86}, (1, 252, 86)),
        ({"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1}, (1, -1, -1)),
        ({"IpProtocol": "-1"}, (-1, -1, -1)),
        ({"IpProtocol": "50"}, (50, -1, -1)),
    ],
)
def test_protocols_and_ranges_mean_what_ec2_says(given: dict[str, Any], expected: tuple[int, int, int]) -> None:
    permission = security_group(described(**given)).ingress[0]
    assert (permission.protocol, permission.first, permission.last) == expected


def test_peers_are_ranges_and_groups() -> None:
    given = described(
        IpProtocol="tcp",
        FromPort=1,
        ToPort=1,
        IpRanges=[{"CidrIp": "10.0.0.0/8", "Description": "all"}],
        UserIdGroupPairs=[{"GroupId": "sg-2", "UserId": "123456789012"}],
    )
    assert security_group(given).ingress == (Permission(6, 1, 1, ("10.0.0.0/8",), ("sg-2",)),)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"IpProtocol": "tcp", "PrefixListIds": [{"PrefixListId": "pl-1"}]}, "PrefixListIds"),
        ({"IpProtocol": "sctpish"}, "sctpish"),
        ({"IpProtocol": "tcp", "FromPort": 90, "ToPort": 80}, "90-80"),
        ({"IpProtocol": "tcp", "FromPort": 1, "ToPort": 70000}, "1-70000"),
    ],
)
def test_what_is_not_enforced_is_refused_by_name(given: dict[str, Any], named: str) -> None:
    with pytest.raises(PolicyError, match=named) as refused:
        security_group(described(**given))
    assert "sg-1" in str(refused.value)
