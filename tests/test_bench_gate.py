"""What the measurement of the gate says of its figures, and what it needs."""

import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from operations import bench_ways
from operations.bench_gate import Ratio, Round, missed, ratio
from operations.errors import Failure
from tests.gate_support import Upstream, echo, free_port


def rounds(*gate: float) -> list[Round]:
    """Return rounds in which the gate let pass so many rows of 100."""
    return [Round(0, 1, {"ungated": 100.0, "gate": rows, "forwarder": 50.0}) for rows in gate]


def test_a_ratio_is_the_median_of_the_rounds_with_the_least_and_the_most() -> None:
    assert ratio(rounds(40.0, 90.0, 50.0), "gate") == Ratio(0.5, 0.4, 0.9)
    assert str(ratio(rounds(40.0, 90.0, 50.0), "gate")) == "0.50 [0.40-0.90]"


@pytest.mark.parametrize(
    ("connections", "delay", "gate", "forwarder", "goals"),
    [
        (1, 0, 0.41, 0.50, 0),
        (1, 0, 0.39, 0.50, 1),
        (4, 500, 0.85, 0.90, 0),
        (4, 500, 0.84, 0.90, 1),
        (16, 500, 0.78, 0.80, 0),
        (16, 500, 0.70, 0.90, 2),
    ],
)
def test_a_goal_is_missed_below_its_figure_alone(
    connections: int, delay: int, gate: float, forwarder: float, goals: int
) -> None:
    one, other = Ratio(gate, gate, gate), Ratio(forwarder, forwarder, forwarder)
    assert len(missed(connections, delay, one, other)) == goals


def test_a_missing_compiler_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "cc" else f"/usr/bin/{name}")
    with pytest.raises(Failure, match=r"apt-get install gcc libc6-dev$"):
        bench_ways.build(tmp_path)


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler here")
def test_the_forwarder_in_c_forwards_both_ways_and_the_end(tmp_path: Path) -> None:
    """A broken measure would flatter the gate."""
    program, upstream, port = tmp_path / "forwarder", Upstream(echo), free_port()
    subprocess.run(["cc", "-O2", "-Wall", "-Werror", "-o", program, bench_ways.SOURCES / "forwarder.c"], check=True)
    command = [str(program), str(port), str(upstream.address[1])]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as forwarder:
        try:
            assert forwarder.stdout is not None
            assert forwarder.stdout.readline() == b"open\n"
            with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
                sent = bytes(range(256)) * 256
                client.sendall(sent)
                client.shutdown(socket.SHUT_WR)
                taken = b""
                while more := client.recv(65536):
                    taken += more
            assert taken == sent
        finally:
            forwarder.kill()
            upstream.close()


def test_the_forwarder_in_python_forwards_both_ways() -> None:
    """A broken measure would flatter the gate here as well."""
    upstream, port = Upstream(echo), free_port()
    program = bench_ways.SOURCES / "forwarder.py"
    command = [bench_ways.python(), str(program), str(port), str(upstream.address[1])]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as forwarder:
        try:
            assert forwarder.stdout is not None
            assert forwarder.stdout.readline() == b"open\n"
            for _ in range(2):  # the end of one client is no other's
                with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
                    for message in (b"a", bytes(range(256))):
                        client.sendall(message)
                        assert client.recv(65536) == message
        finally:
            forwarder.kill()
            upstream.close()
