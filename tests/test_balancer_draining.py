"""How long what a target has begun goes on when the target is taken away."""

from dataclasses import replace

from rehearsal.balancer.draining import Draining, former_workers, sessions
from rehearsal.balancer.model import LoadBalancer, Target
from tests.balancer_support import load_balancer, target, target_group

A, A2, B = target(10), target(10, 8090), target(11)

PROCESSES = """#<PID>          <type>          <reloads>       <uptime>        <version>
23061           master          1 [failed: 0]   0d00h00m01s     2.6.12
# workers
23147           worker          0               0d00h00m00s     2.6.12
# old workers
23063           worker          1               0d00h00m02s     2.6.12
23070           worker          2               0d00h01m02s     2.6.12
# programs
99999           program         -               0d00h01m02s     -

"""

SESSIONS = """0x56a0: proto=tcpv4 src=10.64.9.9:39288 fe=port-80 be=web srv=10.64.0.10:8080 ts=00 epoch=0 age=0s calls=2
0x56a1: proto=tcpv4 src=10.64.9.9:39289 fe=port-80 be=web srv=10.64.0.10:80801 ts=00 epoch=0 age=0s calls=2
0x56a2: proto=tcpv4 src=10.64.9.9:39290 fe=port-80 be=web.all srv=10.64.0.10:8080 ts=00 epoch=0 age=0s calls=2
0x56a3: proto=tcpv4 src=10.64.9.9:39291 fe=port-80 be=admin srv=10.64.0.10:8080 ts=00 epoch=0 age=0s calls=2
0x56a4: proto=tcpv4 src=10.64.9.9:39292 fe=port-80 be=web srv=10.64.0.11:8080 ts=00 epoch=0 age=0s calls=2
0x56a5: proto=sockpair src=unix:2 fe=GLOBAL be=<NONE> srv=<none> ts=00 epoch=0 age=0s calls=1

"""


def over(*targets: Target) -> LoadBalancer:
    """Return a load balancer over these targets, whose deregistration delay is 2 seconds."""
    return load_balancer(target_group(*targets))


def test_a_target_that_is_taken_away_is_due_after_its_groups_delay_and_once() -> None:
    draining = Draining()
    draining.change(over(A, A2, B), over(A, B), 100)
    assert draining.due(101.9) == set()
    assert draining.due(102) == {("web", A2.name)}
    assert draining.due(103) == set()


def test_another_change_in_between_gives_no_more_time() -> None:
    draining = Draining()
    draining.change(over(A, B), over(A), 100)
    draining.change(over(A), replace(over(A), idle=9), 101)
    assert draining.due(102) == {("web", B.name)}


def test_a_target_that_comes_back_keeps_what_it_has() -> None:
    draining = Draining()
    draining.change(over(A, B), over(A), 100)
    draining.change(over(A), over(A, B), 101)
    assert draining.due(200) == set()
    draining.change(over(A, B), over(A), 201)
    assert draining.due(202) == set()
    assert draining.due(203) == {("web", B.name)}


def test_only_former_workers_are_read() -> None:
    assert former_workers(PROCESSES) == ["23063", "23070"]
    assert former_workers(PROCESSES.replace("23063 ", "").replace("23070 ", "")) == []


def test_sessions_are_those_with_the_target_in_its_group() -> None:
    assert sessions(SESSIONS, {("web", "10.64.0.10:8080")}) == ["0x56a0", "0x56a2"]
    assert sessions(SESSIONS, {("web", "10.64.0.11:8080"), ("admin", "10.64.0.10:8080")}) == ["0x56a3", "0x56a4"]
    assert sessions(SESSIONS, set()) == []
