"""What the running rehearsal consists of, read from the files that its service keeps."""

import json
import threading
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from rehearsal.places import RUN

STATE_FILE = RUN / "state.json"
HOSTS_FILE = RUN / "hosts.json"


@dataclass(frozen=True)
class ServiceState:
    """The service process: `phase` is `starting`, `ready` or `stopping`; `url` is the emulated account's endpoint.

    `environment` are the variables with which the CDK command line uses that account.
    """

    pid: int
    phase: str
    url: str
    region: str
    account: str
    access_key: str
    environment: dict[str, str] = field(default_factory=dict)
    detail: str = ""


@dataclass(frozen=True)
class HostEntry:
    """One running instance; `leader_pid` is process 1 of the host as seen from outside, 0 while it is off."""

    instance: str
    node: str
    name: str
    address: str
    namespace: str
    leader_pid: int
    state: str


@dataclass(frozen=True)
class BalancerEntry:
    """One load balancer and the namespace in which it listens at `address`."""

    dns: str
    address: str
    namespace: str


@dataclass(frozen=True)
class VisitorEntry:
    """The machine inside a VPC that belongs to no group of the cluster."""

    vpc: str
    namespace: str
    address: str
    dns: str


@dataclass(frozen=True)
class Inventory:
    """Hosts, balancers and visitors of the running rehearsal."""

    hosts: tuple[HostEntry, ...] = ()
    balancers: tuple[BalancerEntry, ...] = ()
    visitors: tuple[VisitorEntry, ...] = ()

    def host(self, node: str) -> HostEntry:
        """Return the host of a node; `LookupError` names the nodes there are."""
        for entry in self.hosts:
            if entry.node == node:
                return entry
        raise LookupError(f"no host of node {node}; there are {sorted(h.node for h in self.hosts)}")


def read_state(path: Path = STATE_FILE) -> ServiceState | None:
    """Return the service's state, or None where no service has written one."""
    document = _read(path)
    return ServiceState(**_only(ServiceState, document)) if document else None


def read_inventory(path: Path = HOSTS_FILE) -> Inventory:
    """Return what the hypervisor last wrote; empty where nothing runs."""
    document = _read(path) or {}
    return Inventory(
        hosts=tuple(HostEntry(**_only(HostEntry, entry)) for entry in document.get("hosts", [])),
        balancers=tuple(BalancerEntry(**_only(BalancerEntry, entry)) for entry in document.get("balancers", [])),
        visitors=tuple(VisitorEntry(**_only(VisitorEntry, entry)) for entry in document.get("visitors", [])),
    )


def write_state(state: ServiceState, path: Path = STATE_FILE) -> None:
    """Replace the service's state at one blow; only root may read it."""
    _write(path, asdict(state))


def write_inventory(inventory: Inventory, path: Path = HOSTS_FILE) -> None:
    """Replace the inventory at one blow."""
    _write(path, asdict(inventory))


def _write(path: Path, document: dict[str, Any]) -> None:
    part = path.with_name(f".{path.name}.{threading.get_ident()}")
    part.touch(mode=0o600)
    part.write_text(json.dumps(document))
    part.replace(path)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        document: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return document


def _only(shape: type[Any], entry: dict[str, Any]) -> dict[str, Any]:
    return {part.name: entry[part.name] for part in fields(shape) if part.name in entry}
