"""What the gate costs: rows a second through it, through forwarders in C and Python, and straight, measured in turn."""

import json
import os
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from operations.bench_ways import Client, Way, build, python, ways

CONNECTIONS = (1, 4, 16)
DELAYS = (0, 500)
"""Microseconds that a round trip takes beside the loopback's own."""
NEAR_FORWARDER = 0.1
"""The gate's ratio may be so much below the forwarder's."""
AT_HALF_A_MILLISECOND = {1: 0.85, 4: 0.85, 16: 0.78}
"""Least ratio to the ungated pair by connections, at a round trip of 0.5 ms."""
WARM = 5.0
"""Seconds of load before the first figure: both servers and the client compile meanwhile."""


@dataclass(frozen=True)
class Round:
    """Rows a second of each way, measured one after the other."""

    delay: int
    connections: int
    rows: dict[str, float]

    def ratio(self, way: str) -> float:
        """Return the rows of `way` as a share of those of the ungated pair."""
        return self.rows[way] / self.rows["ungated"]


@dataclass(frozen=True)
class Ratio:
    """The ratio of one way to the ungated pair: the median of the rounds, the least and the most."""

    median: float
    least: float
    most: float

    def __str__(self) -> str:
        return f"{self.median:.2f} [{self.least:.2f}-{self.most:.2f}]"


def gate_command(rounds: int, seconds: float, report: Path | None) -> int:
    """Measure `rounds` rounds of `seconds` for each way; print the ratios, and write all figures to `report`.

    Returns 0 if the goals were met, 1 if not. Raises `Failure` if something needed is missing.
    """
    print(
        f"the gate runs on {python()}; {rounds} rounds of {seconds:g} s; load before: {os.getloadavg()[0]:.1f}",
        flush=True,
    )
    with tempfile.TemporaryDirectory(prefix="muster-bench-") as folder:
        build(Path(folder))
        with ways(Path(folder)) as made:
            found = [one for delay in DELAYS for one in _measure(Path(folder), made, delay, rounds, seconds)]
    missed = [line for delay in DELAYS for line in _told(found, delay)]
    for line in missed:
        print(f"goal missed: {line}")
    if report is not None:
        report.write_text(json.dumps([asdict(one) for one in found], indent=2) + "\n")
    return 1 if missed else 0


def ratio(found: Sequence[Round], way: str) -> Ratio:
    """Return how `way` compares with the ungated pair in the rounds `found`."""
    ratios = [one.ratio(way) for one in found]
    return Ratio(statistics.median(ratios), min(ratios), max(ratios))


def missed(connections: int, delay: int, gate: Ratio, forwarder: Ratio) -> list[str]:
    """Return the goals that the medians miss, each as a line."""
    where = f"{connections} connections at {delay / 1000:g} ms"
    lines = []
    if gate.median < forwarder.median - NEAR_FORWARDER:
        lines.append(f"{where}: {gate.median:.2f} is more than {NEAR_FORWARDER} below the forwarder's")
    if delay == DELAYS[1] and gate.median < AT_HALF_A_MILLISECOND[connections]:
        lines.append(f"{where}: {gate.median:.2f} is below {AT_HALF_A_MILLISECOND[connections]}")
    return lines


def _measure(folder: Path, made: Sequence[Way], delay: int, rounds: int, seconds: float) -> Iterator[Round]:
    client = Client(folder, delay)
    try:
        for way in made:
            client.load(way.url, max(CONNECTIONS), WARM / len(made))
        for turn in range(rounds):
            for connections in CONNECTIONS:
                order = [made[(place + turn) % len(made)] for place in range(len(made))]
                rows = {way.name: client.load(way.url, connections, seconds) for way in order}
                yield Round(delay, connections, rows)
    finally:
        client.end()


def _told(found: Sequence[Round], delay: int) -> list[str]:
    """Print the ratios at one round trip; return the goals that were missed."""
    lines = []
    print(f"round trip {f'{delay / 1000:g} ms' if delay else 'of the loopback'}: ratio to the ungated pair")
    for connections in CONNECTIONS:
        rounds = [one for one in found if (one.delay, one.connections) == (delay, connections)]
        gate, forwarder, plain = (ratio(rounds, way) for way in ("gate", "forwarder", "python"))
        straight = statistics.median(one.rows["ungated"] for one in rounds)
        print(
            f"  {connections:2} connections: gate {gate}, forwarder in C {forwarder}, in Python {plain}; "
            f"ungated {straight:.0f} rows/s"
        )
        lines += missed(connections, delay, gate, forwarder)
    return lines
