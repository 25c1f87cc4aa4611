"""What the product's clustering has to say, before any file says it."""

import json

import pytest

from musternode.carbon import clustering, settings
from musternode.carbon.clustering import Clustering

CAMEL = ["accessKey", "secretKey", "securityGroup", "region", "tagKey", "tagValue"]
KEBAB = ["access-key", "secret-key", "security-group-name", "region", "tag-key", "tag-value"]
DOCUMENT = {
    "format": 1,
    "cluster": "carbon",
    "product": "wso2-carbon",
    "region": "eu-west-1",
    "generation": "g1",
    "wait_url": "https://example.com/wait",
    "formation_timeout": 900,
    "java": 17,
    "asset": {"bucket": "b", "key": "k", "sha256": "0" * 64},
    "artifact": {"bucket": "b", "key": "k", "sha256": "0" * 64, "name": "wso2.zip"},
    "ports": {"http": 9763, "https": 9443, "member": 5701, "peer": 9181, "readiness": 9180},
    "members": [
        {"name": name, "ordinal": ordinal, "zone": "eu-west-1a", "address": address, "present": present, "volume": "v"}
        for ordinal, (name, address, present) in enumerate(
            [("a", "10.0.1.10", True), ("b", "10.0.1.11", False), ("c", "10.0.1.12", True)]
        )
    ],
    "settings": {
        "home": "/opt/wso2",
        "kernel": "4.10.126",
        "engine": "5.3.6",
        "spelling": "camel",
        "agent": "org.wso2.carbon.hazelcast.HazelcastClusteringAgent",
        "config": "deployment.toml",
        "credentials": "role",
        "membership": "aws",
        "domain": "carbon",
        "security_group": "muster-carbon",
        "tag_key": "muster:cluster",
        "tag_value": "carbon",
        "heartbeat": 60,
    },
}


def wanted(spelling: str = "camel", membership: str = "aws", key: str = "") -> Clustering:
    """Return a clustering; with `key` as both halves of an access key."""
    place = ("10.0.1.10", 5701)
    group = ("eu-west-1", "muster-carbon", "muster:cluster", "carbon")
    return Clustering(spelling, "org.Agent", membership, "carbon", *place, *group, key, key, (place,))


def document(membership: str) -> settings.Settings:
    """Return the settings document of three nodes, of which b is absent."""
    product = {**dict(DOCUMENT["settings"]), "membership": membership}  # type: ignore[call-overload]
    product["credentials"] = "role" if membership == "aws" else "none"
    return settings.read(json.dumps({**DOCUMENT, "settings": product}))


@pytest.mark.parametrize(("spelling", "names"), [("camel", CAMEL), ("kebab", KEBAB)])
def test_parameters_are_named_as_the_kernel_reads_them_and_in_order(spelling: str, names: list[str]) -> None:
    first = ["membershipScheme", "domain", "localMemberHost", "localMemberPort"]
    assert list(clustering.parameters(wanted(spelling, key="K"))) == first + names


def test_values_stand_under_their_names() -> None:
    assert clustering.parameters(wanted("kebab")) == {
        "membershipScheme": "aws",
        "domain": "carbon",
        "localMemberHost": "10.0.1.10",
        "localMemberPort": "5701",
        "security-group-name": "muster-carbon",
        "region": "eu-west-1",
        "tag-key": "muster:cluster",
        "tag-value": "carbon",
    }


@pytest.mark.parametrize(("spelling", "other"), [("camel", KEBAB), ("kebab", CAMEL)])
def test_the_other_spelling_is_stale(spelling: str, other: list[str]) -> None:
    assert wanted(spelling, key="K").stale >= set(other) - {"region"}


@pytest.mark.parametrize("spelling", ["camel", "kebab"])
def test_what_is_wanted_is_never_stale(spelling: str) -> None:
    for key in ("", "K"):
        one = wanted(spelling, key=key)
        assert not one.stale & set(clustering.parameters(one))


def test_keys_that_are_not_needed_are_stale() -> None:
    assert wanted().stale >= {"accessKey", "secretKey"}
    assert not wanted(key="K").stale & {"accessKey", "secretKey"}


def test_no_engine_is_told_a_role_or_another_endpoint() -> None:
    assert wanted(key="K").stale >= {"iamRole", "iam-role", "hostHeader", "host-header"}


def test_a_time_out_in_the_kernels_own_spelling_is_the_users_to_set() -> None:
    assert "connTimeout" not in wanted("camel").stale
    assert "connection-timeout-seconds" in wanted("camel").stale
    assert "connection-timeout-seconds" not in wanted("kebab").stale


def test_with_well_known_members_nothing_speaks_of_the_ec2_api() -> None:
    one = wanted(membership="wka", key="K")
    assert list(clustering.parameters(one)) == ["membershipScheme", "domain", "localMemberHost", "localMemberPort"]
    assert one.stale >= {*CAMEL, *KEBAB}


def test_keys_are_not_printed() -> None:
    assert "SECRET" not in repr(wanted(key="SECRET"))


def test_a_member_says_its_own_address_and_the_document_the_rest() -> None:
    one = clustering.of(document("aws"), "c")
    assert (one.host, one.port, one.domain, one.security_group) == ("10.0.1.12", 5701, "carbon", "muster-carbon")
    assert (one.region, one.tag_key, one.tag_value) == ("eu-west-1", "muster:cluster", "carbon")
    assert one.members == ()


def test_well_known_are_all_members_that_are_there_and_for_each_the_same() -> None:
    lists = {clustering.of(document("wka"), name).members for name in ("a", "c")}
    assert lists == {(("10.0.1.10", 5701), ("10.0.1.12", 5701))}
