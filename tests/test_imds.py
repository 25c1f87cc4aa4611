"""The instance metadata service: what it serves, and to whom."""

import datetime
import http.client
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal import netns
from rehearsal.account import InstanceCredentials
from rehearsal.hosts.imds import ADDRESS, LONGEST_TTL, MetadataService, Served, Tokens, hops_left
from rehearsal.hosts.instance import Instance
from rehearsal.hosts.metadata import Surroundings, Tree, lookup, tree

INSTANCE = Instance(
    id="i-0123456789abcdef0",
    state="running",
    image="ami-1",
    type="t4g.medium",
    launched="2026-01-01T00:00:00Z",
    zone="eu-west-1a",
    vpc="vpc-1",
    subnet="subnet-1",
    address="10.64.0.10",
    private_dns="ip-10-64-0-10.eu-west-1.compute.internal",
    interface="eni-1",
    groups=(("sg-1", "muster-as400"), ("sg-2", "other")),
    profile="arn:aws:iam::123456789012:instance-profile/nodes",
    tags=(("Name", "as400-a"), ("muster:settings", "/muster/as400/settings")),
    endpoint_enabled=True,
    token_required=True,
    tags_served=True,
)
AROUND = Surroundings("123456789012", "eu-west-1", "10.64.0.0/24", "10.64.0.0/20")
MAC = "02:00:00:00:00:01"
TIME = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC)
CREDENTIALS = InstanceCredentials(
    role_name="nodes-role",
    role_arn="arn:aws:iam::123456789012:role/nodes-role",
    profile_arn="arn:aws:iam::123456789012:instance-profile/nodes",
    profile_id="AIPA1",
    access_key_id="ASIA1",
    secret_access_key="secret/with+signs",
    token="token==",
    last_updated=TIME,
    expiration=TIME + datetime.timedelta(hours=6),
    session="i-0123456789abcdef0",
)


def served(instance: Instance = INSTANCE, user_data: bytes = b"#!/bin/bash\n") -> Tree:
    return tree(instance, AROUND, MAC, user_data, CREDENTIALS)


def get(path: str, instance: Instance = INSTANCE) -> str | None:
    found = lookup(served(instance), path)
    return found.decode() if found is not None else None


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/latest/meta-data/instance-id", "i-0123456789abcdef0"),
        ("/2021-03-23/meta-data/instance-id", "i-0123456789abcdef0"),
        ("/latest/meta-data/local-ipv4", "10.64.0.10"),
        ("/latest/meta-data/local-hostname", "ip-10-64-0-10.eu-west-1.compute.internal"),
        ("/latest/meta-data/placement/availability-zone", "eu-west-1a"),
        ("/latest/meta-data/placement/region", "eu-west-1"),
        ("/latest/meta-data/security-groups", "muster-as400\nother"),
        ("/latest/meta-data/services/domain", "amazonaws.com"),
        ("/latest/meta-data/tags/instance/muster:settings", "/muster/as400/settings"),
        ("/latest/meta-data/tags/instance/muster%3Asettings", "/muster/as400/settings"),
        (f"/latest/meta-data/network/interfaces/macs/{MAC}/vpc-ipv4-cidr-block", "10.64.0.0/20"),
        ("/latest/user-data", "#!/bin/bash\n"),
    ],
)
def test_a_leaf_answers_with_its_value(path: str, answer: str) -> None:
    assert get(path) == answer


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/latest", "dynamic/\nmeta-data/\nuser-data"),
        ("/latest/meta-data/placement/", "availability-zone\nregion"),
        ("/latest/meta-data/iam", "info\nsecurity-credentials/"),
        ("/latest/meta-data/iam/security-credentials/", "nodes-role"),
        ("/latest/meta-data/network/interfaces/macs/", f"{MAC}/"),
        ("/latest/meta-data/tags/instance", "Name\nmuster:settings"),
    ],
)
def test_a_folder_lists_its_names_with_a_slash_behind_folders(path: str, answer: str) -> None:
    assert get(path) == answer


@pytest.mark.parametrize(
    "path", ["/latest/meta-data/no-such", "/latest/meta-data/instance-id/below", "/1999-01-01/meta-data", "/etc/passwd"]
)
def test_what_does_not_exist_is_not_found(path: str) -> None:
    assert get(path) is None


def test_tags_are_served_only_where_the_instance_says_so() -> None:
    assert get("/latest/meta-data/tags/instance/Name", replace(INSTANCE, tags_served=False)) is None


def test_an_instance_without_user_data_has_none() -> None:
    assert lookup(served(user_data=b""), "/latest/user-data") is None


def test_an_instance_without_a_role_has_no_iam_folder() -> None:
    assert lookup(tree(INSTANCE, AROUND, MAC, b"", None), "/latest/meta-data/iam") is None


def test_credentials_are_spaced_as_old_clients_expect_them() -> None:
    text = get("/latest/meta-data/iam/security-credentials/nodes-role")
    assert text is not None
    assert '"AccessKeyId" : "ASIA1"' in text
    assert '"Expiration" : "2026-01-31T18:00:00Z"' in text
    assert json.loads(text)["SecretAccessKey"] == "secret/with+signs"
    assert re.fullmatch(r"\{\n(  \"\w+\" : \"[^\"]*\",?\n)+\}", text)


def test_the_identity_document_names_account_region_and_instance() -> None:
    text = get("/latest/dynamic/instance-identity/document")
    assert text is not None
    document = json.loads(text)
    assert (document["accountId"], document["region"]) == ("123456789012", "eu-west-1")
    assert document["instanceId"] == INSTANCE.id


def test_a_token_lives_as_long_as_was_asked() -> None:
    now = [0.0]
    tokens = Tokens(lambda: now[0])
    given_out = tokens.give("60")
    assert given_out is not None
    now[0] = 59.9
    assert tokens.good(given_out[0])
    now[0] = 60.0
    assert not tokens.good(given_out[0])


@given(st.integers())
def test_a_life_between_one_second_and_six_hours_is_given_and_no_other(seconds: int) -> None:
    assert (Tokens().give(str(seconds)) is not None) == (1 <= seconds <= LONGEST_TTL)


@pytest.mark.parametrize("header", [None, "", "ten", "1.5", "²"])
def test_a_life_that_is_no_number_is_refused(header: str | None) -> None:
    assert Tokens().give(header) is None


NAMESPACE = "mu-h-imdstest"


class Service:
    """A metadata service in a namespace of its own, and a client inside."""

    def __init__(self) -> None:
        self.state = Served(served(), enabled=True, token_required=True)
        netns.add(NAMESPACE)
        self._service = MetadataService(NAMESPACE, lambda: self.state)

    def ask(self, method: str, path: str, **headers: str) -> tuple[int, str]:
        return self.ask_from(NAMESPACE, 5, method, path, **headers)

    def ask_from(self, place: str, patience: float, method: str, path: str, /, **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection(ADDRESS, 80, timeout=patience)
        connection.sock = netns.connect_in(place, (ADDRESS, 80), patience)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=names)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, body

    def token(self) -> str:
        return self.ask("PUT", "/latest/api/token", X_aws_ec2_metadata_token_ttl_seconds="60")[1]

    def close(self) -> None:
        self._service.close()
        netns.remove(NAMESPACE)


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.close()


ID = "/latest/meta-data/instance-id"


@pytest.mark.host
def test_a_token_opens_the_tree_and_nothing_else_does(service: Service) -> None:
    assert service.ask("GET", ID)[0] == 401
    assert service.ask("GET", ID, X_aws_ec2_metadata_token="made-up")[0] == 401
    assert service.ask("GET", ID, X_aws_ec2_metadata_token=service.token()) == (200, INSTANCE.id)


@pytest.mark.host
def test_a_token_needs_a_life_and_no_proxy_in_between(service: Service) -> None:
    life = {"X_aws_ec2_metadata_token_ttl_seconds": "60"}
    assert service.ask("PUT", "/latest/api/token")[0] == 400
    assert service.ask("PUT", "/latest/api/token", X_aws_ec2_metadata_token_ttl_seconds="21601")[0] == 400
    assert service.ask("PUT", "/latest/api/token", **life, X_Forwarded_For="10.0.0.1")[0] == 403
    assert service.ask("PUT", "/latest/api/token", **life)[0] == 200


@pytest.mark.host
def test_version_1_is_answered_only_where_tokens_are_optional(service: Service) -> None:
    service.state = replace(service.state, token_required=False)
    assert service.ask("GET", ID) == (200, INSTANCE.id)
    assert service.ask("GET", ID, X_aws_ec2_metadata_token="made-up")[0] == 401


@pytest.mark.host
def test_a_disabled_endpoint_answers_nobody(service: Service) -> None:
    token = service.token()
    service.state = replace(service.state, enabled=False)
    assert service.ask("GET", ID, X_aws_ec2_metadata_token=token)[0] == 403


@pytest.mark.parametrize(("limit", "interface", "left"), [(1, 1, 1), (2, 1, 2), (1, 7, 0), (2, 7, 1), (64, 7, 63)])
def test_a_token_goes_as_many_hops_as_its_limit_and_the_first_is_to_the_instance_itself(
    limit: int, interface: int, left: int
) -> None:
    assert hops_left(limit, interface) == left


BOX, ROUTER = "mu-h-imdsbox", "mu-h-imdsrouter"


def lead(inner: str, outer: str, number: int) -> None:
    """Let the namespace `inner` have its way out through `outer`, as a container has it through its host."""
    above, below = f"10.99.{number}.1", f"10.99.{number}.2"
    netns.ip("-n", outer, "link", "add", f"to{number}", "type", "veth", "peer", "name", "eth0", "netns", inner)
    for namespace, device, address in ((outer, f"to{number}", above), (inner, "eth0", below)):
        netns.ip("-n", namespace, "addr", "add", f"{address}/24", "dev", device)
        netns.ip("-n", namespace, "link", "set", device, "up")
    netns.ip("-n", inner, "route", "add", "default", "via", above)


@pytest.fixture
def nested(service: Service) -> Iterator[Service]:
    """Yield a service in whose host there is a router to a box: a container of a container."""
    for namespace in (ROUTER, BOX):
        netns.add(namespace)
    try:
        lead(ROUTER, NAMESPACE, 1)
        lead(BOX, ROUTER, 2)
        netns.ip("-n", NAMESPACE, "route", "add", "10.99.2.0/24", "via", "10.99.1.2")
        netns.call_in(ROUTER, lambda: Path("/proc/sys/net/ipv4/ip_forward").write_text("1"))
        yield service
    finally:
        for namespace in (BOX, ROUTER):
            netns.remove(namespace)


LIFE = {"X_aws_ec2_metadata_token_ttl_seconds": "60"}


@pytest.mark.host
@pytest.mark.parametrize(
    ("limit", "reached"), [(1, [NAMESPACE]), (2, [NAMESPACE, ROUTER]), (3, [NAMESPACE, ROUTER, BOX])]
)
def test_a_token_reaches_who_is_as_many_hops_away_as_the_instance_allows(
    nested: Service, limit: int, reached: list[str]
) -> None:
    """Each of them does reach the service: it refuses who has no token."""
    nested.state = replace(nested.state, hop_limit=limit)
    places = [NAMESPACE, ROUTER, BOX]
    assert [nested.ask_from(place, 5, "GET", ID)[0] for place in places] == [401, 401, 401]
    assert [place for place in places if has_token(nested, place)] == reached


def has_token(service: Service, place: str) -> bool:
    try:
        return service.ask_from(place, 1, "PUT", "/latest/api/token", **LIFE)[0] == 200
    except TimeoutError:
        return False


@pytest.mark.host
def test_a_container_that_was_given_a_token_is_answered_as_ever(nested: Service) -> None:
    """The limit holds for the answer with the token alone (EC2 User Guide, "PUT response hop limit")."""
    token = nested.token()
    assert nested.ask_from(BOX, 5, "GET", ID, X_aws_ec2_metadata_token=token) == (200, INSTANCE.id)
