"""Listeners and rules, asked by a real client."""

import http.client
import ssl
from collections.abc import Iterator
from dataclasses import replace

import pytest

from rehearsal import netns
from rehearsal.balancer.model import Condition, FixedResponse, Forward, Listener, Redirect, Rule
from rehearsal.network import Network
from tests.balancer_support import GROUP_ARN, load_balancer, target_group
from tests.balancer_world import ADDRESS, A, World, pair, running, two_guests

pytestmark = pytest.mark.host


@pytest.fixture(scope="module")
def guests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Network, dict[str, str]]]:
    """Run one VPC with two guests for all tests."""
    with two_guests(tmp_path_factory.mktemp("tls")) as made:
        yield made


@pytest.fixture
def world(guests: tuple[Network, dict[str, str]]) -> Iterator[World]:
    """Run the applications for one test."""
    with running(*guests) as made:
        yield made


def test_targets_learn_who_asked_and_how(world: World) -> None:
    world.start(load_balancer(target_group(A)))
    world.get("/x", X_Forwarded_For="192.0.2.1", Host="www.example.com:8081")
    headers = world.sites[A.address, 8080].seen[-1][1]
    visitor = world.network.visitor.address
    assert headers["x-forwarded-for"] == f"192.0.2.1, {visitor}"
    assert (headers["x-forwarded-proto"], headers["x-forwarded-port"]) == ("http", "80")
    assert headers["host"] == "www.example.com"
    world.get("/y")
    assert world.sites[A.address, 8080].seen[-1][1]["x-forwarded-for"] == visitor


FIXED = FixedResponse(403, "text/html", "no \"$HOME\" \\ %[src]\n# 'end'")


def test_a_fixed_response_is_given_letter_by_letter(world: World) -> None:
    world.start(load_balancer(target_group(A), Listener(80, "HTTP", (Rule((), FIXED),))))
    answer = world.get()
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (403, FIXED.body, "text/html")


@pytest.mark.parametrize(
    ("redirect", "location"),
    [
        (Redirect("HTTPS", "#{host}", "443", "/#{path}", "#{query}", 301), "https://a.example.com:443/p/q?x=1&y"),
        (Redirect("#{protocol}", "b.com", "#{port}", "/n/#{path}", "", 302), "http://b.com:80/n/p/q"),
        (Redirect("HTTP", "x.#{host}", "81", "/", "z=%20&#{query}", 302), "http://x.a.example.com:81/?z=%20&x=1&y"),
    ],
)
def test_a_redirect_is_made_of_the_request(world: World, redirect: Redirect, location: str) -> None:
    world.start(load_balancer(target_group(A), Listener(80, "HTTP", (Rule((), redirect),))))
    answer = world.get("/p/q?x=1&y", Host="a.example.com:80")
    assert (answer.status, answer.headers["Location"]) == (redirect.status, location)


def test_a_redirect_without_a_query_has_no_question_mark(world: World) -> None:
    redirect = Redirect("HTTPS", "#{host}", "443", "/#{path}", "#{query}", 301)
    world.start(load_balancer(target_group(A), Listener(80, "HTTP", (Rule((), redirect),))))
    assert world.get("/p", Host="a.com").headers["Location"] == "https://a.com:443/p"


def test_the_first_rule_whose_conditions_all_hold_decides(world: World) -> None:
    def fixed(body: str) -> FixedResponse:
        return FixedResponse(200, "text/plain", body)

    host = Condition("host-header", ("*.Example.com", "b.com"))
    rules = (
        Rule((host, Condition("path-pattern", ("/a/*",))), Forward(GROUP_ARN)),
        Rule((host,), fixed("host")),
        Rule((Condition("path-pattern", ("/a/?.html",)),), fixed("path")),
        Rule((), fixed("default")),
    )
    world.start(load_balancer(target_group(A), Listener(80, "HTTP", rules)))
    asked = [("www.example.COM:80", "/a/x"), ("b.com", "/b"), ("c.com", "/a/1.html"), ("c.com", "/A/1.html")]
    assert [world.get(path, Host=name).body for name, path in asked] == ["10:8080", "host", "path", "default"]


def test_an_https_listener_shows_a_certificate_for_the_balancers_name(world: World) -> None:
    rules = (Rule((), Forward(GROUP_ARN)),)
    model = load_balancer(target_group(A), Listener(443, "HTTPS", rules))
    world.start(model)
    pem = world.folder / "lb" / "listener.pem"
    assert pem.stat().st_mode & 0o077 == 0
    trusting = ssl.create_default_context(cadata=pem.read_text().partition("-----BEGIN PRIVATE")[0])
    plain = netns.connect_in(world.network.visitor.namespace, (ADDRESS, 443), 5)
    connection = http.client.HTTPConnection(ADDRESS)
    connection.sock = trusting.wrap_socket(plain, server_hostname=model.dns)
    connection.request("GET", "/")
    assert connection.getresponse().read() == b"10:8080"
    connection.close()
    headers = world.sites[A.address, 8080].seen[-1][1]
    assert (headers["x-forwarded-proto"], headers["x-forwarded-port"]) == ("https", "443")


def test_a_balancer_without_listeners_waits_for_the_first(world: World) -> None:
    model = pair()
    balancer = world.start(replace(model, listeners=(), target_groups=()))
    assert balancer.health() == []
    assert balancer.sync(replace(balancer._model, listeners=model.listeners, target_groups=model.target_groups))
    assert world.get().status == 200


def handshake(world: World, context: ssl.SSLContext) -> tuple[str, str]:
    """Return TLS version and cipher that a client and the balancer agree on."""
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    plain = netns.connect_in(world.network.visitor.namespace, (ADDRESS, 443), 5)
    with context.wrap_socket(plain) as made:
        cipher = made.cipher()
        assert cipher is not None
        return str(made.version()), cipher[0]


def client(highest: ssl.TLSVersion, ciphers: str = "DEFAULT") -> ssl.SSLContext:
    """Make a client that speaks no newer TLS than that, and below TLS 1.3 only these ciphers."""
    context = ssl.create_default_context()
    context.maximum_version = highest
    context.set_ciphers(ciphers)
    return context


@pytest.mark.parametrize(
    ("policy", "agreed"),
    [
        ("ELBSecurityPolicy-TLS13-1-2-Res-2021-06", ("TLSv1.3", "TLSv1.2", None)),
        ("ELBSecurityPolicy-TLS13-1-2-2021-06", ("TLSv1.3", "TLSv1.2", "TLSv1.2")),
        ("ELBSecurityPolicy-TLS13-1-3-2021-06", ("TLSv1.3", None, None)),
        ("ELBSecurityPolicy-FS-1-2-Res-2020-10", ("TLSv1.2", "TLSv1.2", None)),
    ],
)
def test_a_tls_policy_decides_who_may_speak(world: World, policy: str, agreed: tuple[str | None, ...]) -> None:
    world.start(load_balancer(target_group(A), Listener(443, "HTTPS", (Rule((), Forward(GROUP_ARN)),), policy)))
    clients = (
        client(ssl.TLSVersion.TLSv1_3),
        client(ssl.TLSVersion.TLSv1_2),
        client(ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA256"),
    )
    for each, version in zip(clients, agreed, strict=True):
        if version is None:
            with pytest.raises(ssl.SSLError):
                handshake(world, each)
        else:
            assert handshake(world, each)[0] == version


@pytest.mark.parametrize("dropping", [True, False])
def test_headers_with_invalid_names_are_dropped_where_that_is_set(world: World, dropping: bool) -> None:
    world.start(replace(load_balancer(target_group(A)), drop_invalid=dropping))
    connection = http.client.HTTPConnection(ADDRESS)
    connection.sock = netns.connect_in(world.network.visitor.namespace, (ADDRESS, 80), 5)
    connection.request("GET", "/y", headers={"X_Under": "1", "X-Plain": "1"})
    connection.getresponse().read()
    connection.close()
    headers = world.sites[A.address, 8080].seen[-1][1]
    assert ("x_under" in headers, "x-plain" in headers) == (not dropping, True)
