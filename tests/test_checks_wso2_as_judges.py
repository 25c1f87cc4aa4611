"""The judges of a cluster of WSO2 AS call a whole record valid, a broken promise invalid and a poor record unknown."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.checks import console, deployed, host_names, host_sticky, redirects
from rehearsal.checks.console import HERE, NOT_HERE, Page
from rehearsal.checks.deployed import LIMIT, TURNS, Served
from rehearsal.checks.host_names import DIRECT, MANAGEMENT, OTHER, REQUESTS, USERS, Asked
from rehearsal.checks.host_sticky import Stay
from rehearsal.checks.redirects import LINK, Led

AS, MGT = "as.example.org", "mgt.as.example.org"

# host names

KNOWN = [
    Asked(DIRECT, "", 200, f"host-{name}", name, group)
    for name, group in {"a": MANAGEMENT, "b": USERS, "c": USERS}.items()
]
LED = [
    *(Asked(USERS, AS, 200, f"host-{'bc'[number % 2]}") for number in range(REQUESTS)),
    *(Asked(MANAGEMENT, MGT, 200, "host-a") for _ in range(REQUESTS)),
    Asked(OTHER, "other.as.example.org", 404, ""),
]
ASKED = [*KNOWN, *LED]


def test_names_that_lead_to_their_groups_are_valid() -> None:
    finding = host_names.judge(ASKED)
    told = "requests for users 30 on b, 30 on c; for management 60 on a; for 1 other names nobody"
    assert (finding.verdict, finding.detail) == ("valid", told)


@pytest.mark.parametrize(
    ("asked", "verdict", "said"),
    [
        ([*ASKED, Asked(USERS, AS, 502, "")], "invalid", "as.example.org was answered 502"),
        ([*ASKED, Asked(USERS, AS, 200, "host-x")], "invalid", "as.example.org led to host-x, no node's host"),
        ([*ASKED, Asked(USERS, AS, 200, "")], "invalid", "as.example.org led to nobody, no node's host"),
        ([*ASKED, Asked(OTHER, "x", 404, "host-b")], "invalid", "x, which is nobody's, was answered 404 by b"),
        ([*ASKED, Asked(OTHER, "x", 503, "")], "invalid", "x, which is nobody's, was answered 503"),
        ([*KNOWN, Asked(DIRECT, "", 200, "host-d", "d", USERS), *LED], "invalid", "60 new users never reached d"),
        (
            [*KNOWN[:-1], replace(KNOWN[-1], code=404), *LED],
            "unknown",
            "c answered 404 to GET /double: not the double?",
        ),
        ([*KNOWN[:-1], replace(KNOWN[-1], node=""), *LED], "unknown", "c answered 200"),
        ([*KNOWN[:-1], replace(KNOWN[-1], node="host-b"), *LED], "unknown", "host names are not distinct"),
        (ASKED[:-1], "unknown", "too few requests for other"),
        ([*KNOWN, *LED[1:]], "unknown", "too few requests for users"),
        ([*KNOWN, *LED[:REQUESTS], LED[-1]], "unknown", "too few requests for management"),
        ([], "unknown", "too few requests for users, management, other"),
    ],
)
def test_names_that_lead_elsewhere_are_told(asked: Sequence[Asked], verdict: str, said: str) -> None:
    finding = host_names.judge(asked)
    assert (finding.verdict, said in finding.detail) == (verdict, True), finding.detail


@given(st.integers(len(KNOWN), len(ASKED) - 1), st.sampled_from(KNOWN))
def test_one_request_that_another_group_answers_is_invalid(place: int, other: Asked) -> None:
    wrong = replace(ASKED[place], node=other.node, code=200)
    right = wrong.way == other.group
    finding = host_names.judge([*ASKED[:place], wrong, *ASKED[place + 1 :]])
    assert finding.verdict == ("valid" if right else "invalid")


# the console

PAGES = [
    *(Page(where, f"GET {path}", code, code, "host-a") for where in ("a", MGT) for path, code in HERE.items()),
    *(Page(where, f"GET {path}", NOT_HERE, NOT_HERE, "host-b") for where in ("b", AS) for path in HERE),
]


def test_a_console_on_management_alone_is_valid() -> None:
    finding = console.judge(PAGES)
    told = "the console is at a, mgt.as.example.org, and not at as.example.org, b"
    assert (finding.verdict, finding.detail) == ("valid", told)


@pytest.mark.parametrize(
    ("pages", "verdict", "said"),
    [
        ([*PAGES, replace(PAGES[-1], code=200)], "invalid", "as.example.org answered 200 to GET /carbon/admin/login.j"),
        ([*PAGES, replace(PAGES[0], code=404)], "invalid", "a answered 404 to GET /carbon/, must be 302"),
        (
            [*PAGES, replace(PAGES[-1], node="")],
            "unknown",
            "the answer to GET /carbon/admin/login.jsp at as.example.org",
        ),
        (PAGES[:4], "unknown", "not asked: workers"),
        (PAGES[4:], "unknown", "not asked: management"),
        ([], "unknown", "not asked"),
    ],
)
def test_a_console_elsewhere_is_told(pages: Sequence[Page], verdict: str, said: str) -> None:
    finding = console.judge(pages)
    assert (finding.verdict, said in finding.detail) == (verdict, True), finding.detail


# what is deployed

SERVED = [Served(turn, member, 200, 4.0) for turn in TURNS for member in ("b", "c", "users")]


def test_what_every_worker_serves_in_time_is_valid() -> None:
    finding = deployed.judge([*SERVED[:-2], replace(SERVED[-2], seconds=LIMIT), SERVED[-1]])
    assert (finding.verdict, finding.detail) == ("valid", "b, c served what was new and changed, after 30.0 s at most")


@pytest.mark.parametrize("place", range(len(SERVED)))
@pytest.mark.parametrize("seconds", [None, LIMIT + 0.1])
def test_what_anyone_serves_too_late_is_invalid(place: int, seconds: float | None) -> None:
    late = replace(SERVED[place], seconds=seconds)
    finding = deployed.judge([*SERVED[:place], late, *SERVED[place + 1 :]])
    assert finding.verdict == "invalid"
    assert f"{late.member} did not serve what was {late.turn}" in finding.detail


@pytest.mark.parametrize("code", [404, 502, 503])
def test_an_upload_that_is_refused_is_invalid(code: int) -> None:
    assert deployed.judge([replace(each, deployed=code) for each in SERVED]).verdict == "invalid"


@pytest.mark.parametrize("served", [[], SERVED[:3], SERVED[:-1], [SERVED[2], SERVED[5]]])
def test_what_was_not_tried_everywhere_proves_nothing(served: Sequence[Served]) -> None:
    assert deployed.judge(served).verdict == "unknown"


# redirects

URL = "https://as.example.org:443/shop/"
ALL_LED = [
    Led("http://as.example.org:80/shop/", URL, 301, URL),
    Led(
        "http://mgt.as.example.org:80/carbon/", "https://mgt.as.example.org:443/carbon/", 301, f"https://{MGT}/carbon/"
    ),
    Led("https://as.example.org:443/shop", URL, 302, "https://as.example.org/shop/"),
    Led("https://as.example.org:443/shop", URL, 302, "/shop/"),
    Led(LINK, "https://mgt.as.example.org:443/carbon/", 200, f"https://{MGT}:443/carbon/"),
]


def test_redirects_to_the_balancer_are_valid_however_a_browser_is_told() -> None:
    finding = redirects.judge(ALL_LED)
    assert finding.verdict == "valid"
    assert finding.detail.startswith("5 redirects and links lead to the balancer's port 443")


@pytest.mark.parametrize(
    "changes",
    [
        {"location": "https://as.example.org:9443/shop/"},
        {"location": "http://as.example.org/shop/"},
        {"location": "https://mgt.as.example.org/shop/"},
        {"location": "https://as.example.org/shop"},
        {"location": "https://as.example.org/shop/?x=1"},
        {"location": ""},
        {"code": 200},
        {"code": 503},
    ],
)
def test_redirects_to_elsewhere_are_invalid(changes: dict[str, object]) -> None:
    wrong = replace(ALL_LED[2], **changes)  # type: ignore[arg-type]
    finding = redirects.judge([*ALL_LED[:2], wrong, *ALL_LED[3:]])
    assert (finding.verdict, f"must lead to {URL}" in finding.detail) == ("invalid", True)


def test_a_link_to_a_nodes_own_port_is_invalid() -> None:
    wrong = replace(ALL_LED[-1], location=f"https://{MGT}:9443/carbon/")
    finding = redirects.judge([*ALL_LED[:-1], wrong])
    assert finding.detail.startswith(f"the console's link (200) leads to https://{MGT}:9443/carbon/")


@pytest.mark.parametrize(
    "led",
    [
        [],
        ALL_LED[1:],
        [*ALL_LED[:2], replace(ALL_LED[2], code=404), *ALL_LED[3:]],
        [*ALL_LED[:-1], replace(ALL_LED[-1], code=0, location="")],
    ],
)
def test_too_few_redirects_prove_nothing(led: Sequence[Led]) -> None:
    assert redirects.judge(led).verdict == "unknown"


# users who stay

STAYS = [
    Stay(host, nodes, 200, node, f"session-{node}", number)
    for number in range(1, host_sticky.REQUESTS + 1)
    for host, nodes, node in ((AS, 2, "b"), (MGT, 1, "a"))
]


def test_users_who_stay_are_valid() -> None:
    finding = host_sticky.judge(STAYS)
    told = f"60 requests for {AS} stayed on b; 60 requests for {MGT} stayed on a, which alone answers there"
    assert (finding.verdict, finding.detail) == ("valid", told)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"node": "c"}, f"60 requests for {AS} with one cookie jar changed node: b, c"),
        ({"session": "other"}, f"60 requests for {AS} with one cookie jar were not one session's"),
        ({"count": 1}, f"60 requests for {AS} with one cookie jar were not one session's"),
        ({"code": 502}, f"1 of 60 requests for {AS} were answered 502"),
    ],
)
def test_a_user_who_is_moved_is_invalid(changes: dict[str, object], said: str) -> None:
    moved = replace(STAYS[-2], **changes)  # type: ignore[arg-type]
    finding = host_sticky.judge([*STAYS[:-2], moved, STAYS[-1]])
    assert (finding.verdict, finding.detail) == ("invalid", said)


@pytest.mark.parametrize("stays", [[], STAYS[:-2], STAYS[::2]])
def test_too_few_requests_prove_nothing(stays: Sequence[Stay]) -> None:
    assert host_sticky.judge(stays).verdict == "unknown"
