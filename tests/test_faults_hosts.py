"""Faults of processes, hosts and what they have, on two real hosts: the effect is seen, and its end."""

import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal import netns
from rehearsal.faults import FaultError, Stage, clear, connections, power, processes, resources, wires
from rehearsal.hosts.enter import run_at
from rehearsal.poll import NotYet, poll
from rehearsal.visitor import Client
from tests.hosts_support import Site, service, site
from tests.network_support import attempt

pytestmark = pytest.mark.host

ADDRESSES = {"a": "10.77.0.10", "b": "10.77.0.11"}
EAR = 99
UNIT = "ticker.service"
TICKER = "while :; do date +%s%N >>/run/ticks; sleep 0.05; done"


@pytest.fixture(scope="module")
def place() -> Iterator[Site]:
    with service() as rehearsal:
        yield site(rehearsal)


@pytest.fixture(scope="module")
def instances(place: Site) -> dict[str, str]:
    """Return two booted instances by the name of their node."""
    made = {node: place.launch(address, node) for node, address in ADDRESSES.items()}
    for instance in made.values():
        place.wait_until_booted(instance)
    return made


@pytest.fixture
def stage(place: Site, instances: dict[str, str]) -> Iterator[Stage]:
    """Return the stage, every fault of it cleared after each test."""
    made = Stage(place.rehearsal)
    assert made.nodes == tuple(instances)
    for node in made.nodes:
        if not processes.processes(made, node, UNIT):
            run_at(made.leader(node), ["systemd-run", "--collect", f"--unit={UNIT}", "sh", "-c", TICKER], within=20)
    yield made
    clear(made)


def ticks(stage: Stage, node: str) -> bool:
    """Tell whether the ticker of a node ticks now, on a machine that is busy with other things, too."""
    file = stage.files(node) / "run/ticks"
    before = file.read_text()
    end = time.monotonic() + 1.0
    while file.read_text() == before and time.monotonic() < end:
        time.sleep(0.05)
    return file.read_text() != before


def test_a_unit_is_killed_on_one_node_alone(stage: Stage) -> None:
    assert ticks(stage, "a")
    processes.kill(stage, UNIT, "a")()
    poll(lambda: not processes.processes(stage, "a", UNIT), within=5)
    assert (ticks(stage, "a"), ticks(stage, "b")) == (False, True)


def test_a_unit_of_both_nodes_dies_within_milliseconds(stage: Stage) -> None:
    processes.kill(stage, UNIT, "a", "b")()
    last = {node: int((stage.files(node) / "run/ticks").read_text().split()[-1]) for node in stage.nodes}
    assert abs(last["a"] - last["b"]) < 200e6  # nanoseconds, of which 50 lie between two ticks
    assert (ticks(stage, "a"), ticks(stage, "b")) == (False, False)


def test_a_unit_that_does_not_run_is_named(stage: Stage) -> None:
    with pytest.raises(FaultError, match=r"nothing\.service does not run on node a"):
        processes.kill(stage, "nothing.service", "a")


def test_a_stopped_unit_goes_on_when_healed(stage: Stage) -> None:
    heal = processes.pause(stage, UNIT, "a")
    assert (ticks(stage, "a"), ticks(stage, "b")) == (False, True)
    heal()
    assert ticks(stage, "a")


def test_a_stopped_unit_goes_on_when_all_faults_are_cleared(stage: Stage) -> None:
    processes.pause(stage, UNIT, "a")
    clear(stage)
    assert ticks(stage, "a")


def test_a_connection_that_one_kernel_has_forgotten_is_found_until_the_other_forgets_it_too(
    place: Site, stage: Stage
) -> None:
    a, b = (stage.host(node) for node in "ab")
    port = EAR + 1
    place.ec2.authorize_security_group_ingress(
        GroupId=place.group, IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp="10.77.0.0/24"
    )
    with (
        netns.socket_in(b.namespace, socket.SOCK_STREAM, (b.address, port)),
        netns.connect_in(a.namespace, (b.address, port), 5) as waiting,
    ):
        assert connections.agreed(stage)
        between = wires.both_ways(a.address, b.address)
        heal = wires.drop(stage.router, wires.resets(between))
        processes.forget(stage, UNIT, "b", "a", port)
        with pytest.raises(NotYet, match=f"{a.address}:{waiting.getsockname()[1]} to {b.address}:{port}"):
            connections.agreed(stage)
        assert (ticks(stage, "a"), ticks(stage, "b")) == (True, True)
        heal()
        waiting.sendall(b"word")  # is refused, now that the refusal arrives
        poll(lambda: connections.agreed(stage), within=5)
        with pytest.raises(FaultError, match="there is none"):
            processes.forget(stage, UNIT, "b", "a", port)


def test_a_connection_that_a_host_leads_to_itself_has_its_other_end_there() -> None:
    meant = ("10.0.0.1:50001", "10.0.0.2:9092")
    assert connections.unknown({meant}, set(), set()) == {meant}
    assert connections.unknown({meant}, {("10.0.0.2:9092", "10.0.0.1:50001")}, set()) == set()
    assert connections.unknown({meant}, set(), {("127.0.9.2:9094", "10.0.0.1:50001")}) == set()
    assert connections.unknown({meant}, set(), {("127.0.9.2:9094", "10.0.0.1:50002")}) == {meant}


def test_an_address_is_the_same_in_the_brackets_of_ipv6() -> None:
    plain, mapped = "0 0 10.0.0.1:50001 10.0.0.2:9092", "0 0 [::ffff:10.0.0.1]:50001 [::ffff:10.0.0.2]:9092"
    assert connections.parse(plain) == connections.parse(mapped) == ("10.0.0.1:50001", "10.0.0.2:9092")


def test_a_frozen_host_does_nothing_and_its_kernel_still_answers(stage: Stage) -> None:
    run_at(stage.leader("a"), ["systemd-run", "python3", "-m", "http.server", str(EAR)], within=20)
    poll(lambda: attempt(stage.host("a").namespace, "127.0.0.1", EAR) == "open", within=10)
    assert answers(stage) == 200
    heal = power.freeze(stage, "a")
    assert (ticks(stage, "a"), ticks(stage, "b")) == (False, True)
    assert attempt(stage.host("a").namespace, "127.0.0.1", EAR) == "open"
    assert answers(stage) is None
    heal()
    assert ticks(stage, "a")


def answers(stage: Stage) -> int | None:
    """Return the code with which the server of node `a` answers within a second, if it does."""
    with Client(stage.host("a").namespace, ("127.0.0.1", EAR), timeout=1) as client:
        try:
            return client.request("GET", "/").code
        except TimeoutError:
            return None


def test_a_host_without_power_comes_back_by_the_accounts_api(stage: Stage) -> None:
    before = stage.leader("a")
    heal = power.cut(stage, "a")
    poll(lambda: stage.host("a").leader_pid == 0, within=10)
    assert ticks(stage, "b")
    heal()
    assert stage.leader("a") != before
    poll(lambda: (stage.files("a") / "run").is_dir(), within=20)


def test_of_two_hosts_without_power_the_second_starts_later(stage: Stage, instances: dict[str, str]) -> None:
    """The fault is in the order: `b` alone is on for two seconds at least."""
    heal = power.cut(stage, "a", "b", order=("b", "a"), apart=2.0)
    poll(lambda: not any(stage.host(node).leader_pid for node in stage.nodes), within=15)
    heal()
    first, second = (started(stage.leader(node)) for node in ("b", "a"))
    assert second - first >= 2.0
    assert {power.state_of(stage, instance) for instance in instances.values()} == {"running"}


def started(pid: int) -> float:
    """Return when a process began, in seconds since this machine's boot (proc(5), field 22)."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]) / 100


def test_a_full_volume_has_no_byte_left_and_is_free_again(place: Site, instances: dict[str, str], stage: Stage) -> None:
    volume = stage.files("b") / resources.DATA
    with pytest.raises(FaultError, match="no data volume is mounted on node b"):
        resources.fill(stage, "b")
    place.attach(instances["b"])
    disk = "/dev/nvme1n1"
    prepare = f"until [ -b {disk} ]; do sleep 0.1; done; mkfs.ext4 -q {disk}; mkdir -p /{resources.DATA}"
    done = run_at(stage.leader("b"), ["sh", "-c", f"{prepare}; mount {disk} /{resources.DATA}"], within=30)
    assert done.code == 0, done.err
    heal = resources.fill(stage, "b")
    with pytest.raises(OSError, match="No space left"):
        (volume / "more").write_bytes(b"x" * 8192)
    (volume / "more").unlink()
    heal()
    (volume / "more").write_bytes(b"x" * 8192)


def test_a_starved_host_gets_less_of_the_processor(stage: Stage) -> None:
    heal = resources.starve(stage, "a", 5)
    slow = rounds(stage, "a")
    heal()
    assert rounds(stage, "a") > 3 * slow


def rounds(stage: Stage, node: str) -> int:
    """Return how often a busy program went round in a second of its own clock."""
    program = "import time\nn, e = 0, time.time() + 1\nwhile time.time() < e: n += 1\nprint(n)"
    return int(
        run_at(stage.leader(node), ["systemd-run", "-q", "--wait", "--pipe", "python3", "-c", program], within=60).out
    )


def test_a_host_that_is_out_of_memory_loses_its_largest_process(stage: Stage) -> None:
    hog = "import time\nkept = []\nwhile len(kept) < 2000: kept.append(bytearray(1 << 20)); time.sleep(0.01)"
    run_at(stage.leader("a"), ["systemd-run", "--collect", "--unit=hog", "python3", "-c", hog], within=20)
    poll(lambda: used(stage, "a") > 300e6, within=30)
    assert processes.processes(stage, "a", "hog.service")
    heal = resources.squeeze(stage, "a")
    poll(lambda: not processes.processes(stage, "a", "hog.service"), within=20)
    heal()
    assert ticks(stage, "a")


def used(stage: Stage, node: str) -> int:
    return resources._used(stage, node)


def test_a_metadata_service_is_silent_and_answers_again(stage: Stage) -> None:
    token = ["curl", "-s", "-m", "1", "-X", "PUT", "-H", "X-aws-ec2-metadata-token-ttl-seconds: 60"]
    ask = [*token, "http://169.254.169.254/latest/api/token"]
    heal = resources.without_metadata(stage, "a")
    assert run_at(stage.leader("a"), ask, within=10).code == 28  # curl(1): operation timeout
    assert run_at(stage.leader("b"), ask, within=10).code == 0
    heal()
    assert run_at(stage.leader("a"), ask, within=10).code == 0


def test_everything_that_a_killed_process_left_is_cleared(stage: Stage) -> None:
    processes.pause(stage, UNIT, "b")
    power.freeze(stage, "a")
    wires.drop(stage.router, wires.both_ways(*ADDRESSES.values()))
    resources.starve(stage, "b", 5)
    clear(stage)
    assert ticks(stage, "a")
    assert wires.tables(stage.router) == []
    processes.send(processes.processes(stage, "b", UNIT), signal.SIGCONT)
    assert ticks(stage, "b")
