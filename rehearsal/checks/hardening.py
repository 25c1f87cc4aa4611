"""Every unit of every node is as little exposed as the table here says, by systemd's own measure and by its processes.

`systemd-analyze security` weighs what a unit is set to; what the kernel keeps of a running one stands in /proc.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from rehearsal.checks.check import Check
from rehearsal.checks.result import Finding, invalid, unknown, valid
from rehearsal.checks.scene import Member, Scene

MOST = 3.0
"""The exposure that a unit may have, from 0.0 to 10.0."""
EXPOSED: Mapping[str, tuple[float, str]] = {
    "muster-member.service": (4.5, "installs packages, which are root's and write anywhere, and grows a file system"),
    "muster-updates.service": (4.4, "installs security updates, a kernel among them, as muster-member does packages"),
    "muster-volume.service": (4.5, "mounts for the whole host: it is root, and has no view of its own of the files"),
}
"""Units that are more exposed: how much at most, and why."""
PREFIX = "muster-"
PRODUCTS = (
    "as400gateway-schema.service",
    "as400gateway.service",
    "axonivy.service",
    "kaazing.service",
    "wso2-carbon.service",
)
"""The other services that Muster writes."""
UNITS = "/etc/systemd/system"
PATIENCE = 20.0
_LEVEL = re.compile(r"Overall exposure level for (\S+): ([\d.]+)")


@dataclass(frozen=True)
class Unit:
    """A service of Muster on `node`. `running`: it has a process now, of which the rest is told.

    `confined`: no program that it runs gets more rights, and the kernel filters its calls. `core`: bytes of a core
    file, as the kernel limits it (proc(5), limits).
    """

    node: str
    name: str
    exposure: float
    running: bool
    confined: bool = False
    core: str = ""


def most(unit: str) -> float:
    """Return how exposed `unit` may be."""
    return EXPOSED[unit][0] if unit in EXPOSED else MOST


def record(scene: Scene) -> Iterable[Unit]:
    """Ask systemd and the kernel on every node at once."""
    with ThreadPoolExecutor(max_workers=len(scene.members)) as crowd:
        found = list(crowd.map(lambda member: _units(scene, member), scene.members))
    return [unit for units in found for unit in units]


def _units(scene: Scene, member: Member) -> list[Unit]:
    listed = scene.run_in(member, ["find", UNITS, "-maxdepth", "1", "-type", "f", "-printf", "%f\\n"], within=PATIENCE)
    names = [name for name in sorted(listed.split()) if ours(name)]
    said = scene.run_in(member, ["systemd-analyze", "security", "--no-pager", *names], within=PATIENCE)
    levels = {name: float(level) for name, level in _LEVEL.findall(said)}
    return [_unit(scene, member, name, levels[name]) for name in names]


def ours(name: str) -> bool:
    """Tell whether Muster wrote the service called `name`."""
    return name in PRODUCTS or (name.startswith(PREFIX) and name.endswith(".service"))


def _unit(scene: Scene, member: Member, name: str, exposure: float) -> Unit:
    asked = ["systemctl", "show", "--property=MainPID", "--value", name]
    process = scene.run_in(member, asked, within=PATIENCE).strip()
    if process == "0":
        return Unit(member.name, name, exposure, running=False)
    files = [f"/proc/{process}/{file}" for file in ("status", "limits")]
    said = scene.run_in(member, ["cat", *files], within=PATIENCE)
    return Unit(member.name, name, exposure, running=True, confined=confined(said), core=core(said))


def confined(said: str) -> bool:
    """Tell by a process's status whether it gets no more rights and has a filter for its calls (proc(5))."""
    return (
        re.search(r"^NoNewPrivs:\s1$", said, re.M) is not None and re.search(r"^Seccomp:\s2$", said, re.M) is not None
    )


def core(said: str) -> str:
    """Return the bytes of a core file that a process may leave, by its limits."""
    found = re.search(r"^Max core file size\s+(\S+)", said, re.M)
    return found[1] if found else ""


def judge(units: Sequence[Unit]) -> Finding:
    """Call a unit that is more exposed than its figure a broken promise, and a process that is not confined."""
    faults = [fault for unit in units for fault in _faults(unit)]
    if faults:
        return invalid("; ".join(faults))
    nodes = {unit.node for unit in units}
    if lacking := sorted(nodes - {unit.node for unit in units if unit.running}):
        return unknown(f"no unit of Muster runs on {' and '.join(lacking)}")
    if not nodes:
        return unknown("no unit of Muster is known")
    others = [unit.exposure for unit in units if unit.name not in EXPOSED]
    known = [unit.exposure for unit in units if unit.name in EXPOSED]
    running = sum(unit.running for unit in units)
    told = f", {len(known)} that cannot do with less at most {max(known):g}" if known else ""
    return valid(
        f"{len(others)} units are exposed {max(others, default=0):g} of 10 at most{told}; {running} run confined"
    )


def _faults(unit: Unit) -> Iterable[str]:
    where = f"{unit.name} of node {unit.node}"
    if unit.exposure > most(unit.name):
        yield f"{where} is exposed {unit.exposure:g} of 10, at most {most(unit.name):g} is promised"
    if unit.running and not unit.confined:
        yield f"{where} runs without a filter of its calls, or may get more rights"
    if unit.running and unit.core != "0":
        yield f"{where} may leave a core file of {unit.core or 'unknown'} bytes"


CHECK = Check("every unit of a node is confined by systemd", Unit, record, judge)
