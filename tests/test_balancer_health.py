"""What haproxy says of its servers, in AWS's words."""

import pytest

from rehearsal.balancer.health import Registration, Server, health, seen, servers
from tests.balancer_support import GROUP_ARN, load_balancer, target, target_group

GROUP = target_group(target(10))  # 2 failures, 1 second apart, make it unhealthy
NEW, OLD = Registration(since=100.0), Registration(since=0.0, was_healthy=True)
CSV = """# pxname,svname,status,check_status,check_code
port-80,FRONTEND,OPEN,,
web.checks,10.64.0.10:8080,DOWN 1/2,* L7OK,200
web,10.64.0.10:8080,DOWN,,
web.checks,BACKEND,UP,,
"""


def judged(server: Server | None, registration: Registration, now: float = 100.5) -> tuple[str, str]:
    """Return state and reason."""
    found = health(GROUP, target(10), server, registration, now)
    assert (found.target_group_arn, found.instance_id, found.port) == (GROUP_ARN, target(10).instance_id, 8080)
    return found.state, found.reason


def test_servers_are_read_from_the_statistics() -> None:
    found = servers(CSV)
    assert found["web.checks", "10.64.0.10:8080"] == Server("DOWN 1/2", "L7OK")
    assert found["web.checks", "10.64.0.10:8080"].is_rising


def test_only_the_backend_that_checks_is_asked() -> None:
    assert seen(load_balancer(GROUP), servers(CSV)) == {(GROUP_ARN, "10.64.0.10:8080"): Server("DOWN 1/2", "L7OK")}


@pytest.mark.parametrize("status", ["UP", "UP 1/2"])
def test_a_server_that_gets_requests_is_healthy(status: str) -> None:
    assert judged(Server(status, "L7OK"), NEW) == ("healthy", "")


@pytest.mark.parametrize("server", [None, Server("DOWN", "INI"), Server("DOWN", "")])
def test_a_target_that_was_not_asked_yet_is_being_registered(server: Server | None) -> None:
    assert judged(server, NEW) == ("initial", "Elb.RegistrationInProgress")


def test_a_new_target_is_initial_until_enough_checks_could_fail() -> None:
    assert judged(Server("DOWN", "L4CON"), NEW, 101.9) == ("initial", "Elb.InitialHealthChecking")
    assert judged(Server("DOWN", "L4CON"), NEW, 102.0)[0] == "unhealthy"


def test_a_target_that_was_healthy_is_never_initial_again() -> None:
    assert judged(Server("DOWN", "L4CON"), Registration(100.0, was_healthy=True), 100.1)[0] == "unhealthy"


@pytest.mark.parametrize(
    ("check", "reason"),
    [
        ("L7STS", "Target.ResponseCodeMismatch"),
        ("L4TOUT", "Target.Timeout"),
        ("L7TOUT", "Target.Timeout"),
        ("L4CON", "Target.FailedHealthChecks"),
        ("L7RSP", "Target.FailedHealthChecks"),
    ],
)
def test_the_reason_is_that_of_the_last_check(check: str, reason: str) -> None:
    assert judged(Server("DOWN", check), OLD) == ("unhealthy", reason)
