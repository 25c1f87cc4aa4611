"""Keeps hosts, wires and balancers as the account has them: looks, compares, acts, several times a second."""

import logging
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

from rehearsal.account import Account
from rehearsal.hosts.balancers import Balancers
from rehearsal.hosts.endpoints import Endpoints, gateways
from rehearsal.hosts.file_systems import FileSystems
from rehearsal.hosts.fleet import WANTED, Fleet
from rehearsal.hosts.host import Wanted
from rehearsal.hosts.instance import Instance
from rehearsal.hosts.listing import inventory
from rehearsal.hosts.networks import Networks, groups
from rehearsal.hosts.view import View, read_instances, read_view
from rehearsal.inventory import Inventory, write_inventory
from rehearsal.network import InterfacePolicy, ServerCertificate, names_of
from rehearsal.places import WORK

_log = logging.getLogger(__name__)
_TICK = 0.3
_FULL_EVERY = 0.9  # seconds between two readings of everything while no instance changes
_REPEATED = 3


class Hypervisor:
    """All machines of one account, from `start` to `stop`, in a thread of its own."""

    def __init__(self, *, account: Account, image: Path, certificate: ServerCertificate) -> None:
        self._account = account
        self._fleet = Fleet(account, image, WORK)
        self._balancers = Balancers(account, WORK / "balancers")
        self._networks = Networks(
            host_app=account.host_app, certificate=certificate, resolve=names_of(self._balancers.addresses)
        )
        self._endpoints = Endpoints(account.region)
        self._file_systems = FileSystems(
            account, account.region, WORK / "file-systems", lambda: list(self._fleet.hosts.values())
        )
        self._seen: dict[str, Instance] = {}
        self._read_at = 0.0
        self._written: Inventory | None = None
        self._failed: Counter[str] = Counter()
        self._reasons: dict[str, str] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hypervisor")

    def start(self) -> None:
        """Begin to follow the account; returns at once."""
        self._write_inventory()
        self._thread.start()

    def stop(self) -> None:
        """End, and remove everything that was made; a host that does not end is logged."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._guarded("balancers", self._balancers.close)
        for instance in self._fleet.close():
            _log.error("host %s did not end", instance)
        self._guarded("mount targets", self._file_systems.close)
        self._guarded("networks", lambda: self._networks.keep_only(()))

    def faults(self) -> list[str]:
        """Return what has failed three times or more in a row, and hosts whose last step failed: one line each."""
        own = [f"{part}: {self._reasons[part]}" for part, count in self._failed.items() if count >= _REPEATED]
        hosts = [f"host {host.instance.id}: {host.fault}" for host in list(self._fleet.hosts.values()) if host.fault]
        return own + hosts

    def _run(self) -> None:
        while not self._stop.is_set():
            self._guarded("halted hosts", self._fleet.report_halted)
            self._guarded("account", self._tick)
            self._guarded("health", self._balancers.report_health)
            self._guarded("inventory", self._write_inventory)
            self._stop.wait(_TICK)

    def _guarded(self, part: str, action: Callable[[], None]) -> None:
        """Run a part so that its failure stops nothing else; the first of a row is logged in full."""
        try:
            action()
        except Exception as error:
            self._failed[part] += 1
            self._reasons[part] = f"{type(error).__name__}: {error}"
            _log.error("%s: %s", part, self._reasons[part], exc_info=self._failed[part] == 1)
        else:
            self._failed[part] = 0

    def _tick(self) -> None:
        """Look at the instances; at all the rest too if one of them changed, or once a second."""
        instances = read_instances(self._account.client("ec2"))
        if instances == self._seen and time.monotonic() < self._read_at + _FULL_EVERY:
            return
        view = read_view(*(self._account.client(service) for service in ("ec2", "elbv2", "efs")))
        self._seen, self._read_at = dict(view.instances), time.monotonic()
        self._follow(view)

    def _follow(self, view: View) -> None:
        alive = [entry for entry in view.instances.values() if WANTED[entry.state] is not Wanted.GONE]
        self._guarded("networks", lambda: self._networks.raise_for(view, _vpcs(view, alive)))
        self._guarded("VPC endpoints", lambda: self._endpoints.follow(view, self._networks))
        self._guarded("file systems", lambda: self._file_systems.follow(view, self._networks))
        self._guarded("names", lambda: self._name(view))
        self._guarded("hosts", lambda: self._fleet.follow(view, self._networks.__getitem__))
        self._guarded("balancers", lambda: self._balancers.follow(view, self._networks))
        self._guarded("security groups", lambda: self._enforce(view, alive))
        self._guarded("listeners", lambda: self._balancers.sync(view))
        self._guarded("old networks", lambda: self._networks.keep_only(self._used_vpcs(view)))

    def _name(self, view: View) -> None:
        for vpc, network in self._networks.items():
            network.name_privately({**self._endpoints.names(view, vpc), **self._file_systems.names(view, vpc)})

    def _enforce(self, view: View, alive: list[Instance]) -> None:
        policies: defaultdict[str, list[InterfacePolicy]] = defaultdict(list)
        for entry in alive:
            if host := self._fleet.hosts.get(entry.id):
                own = groups(view, (group for group, _ in entry.groups))
                out = entry.subnet in view.ways_out
                through = gateways(view, entry.subnet)
                where = view.border(entry.subnet), view.nat(entry.subnet)
                policies[entry.vpc].append(InterfacePolicy(host.namespace, entry.address, own, out, through, *where))
        for vpc, policy in self._of_guests(view):
            policies[vpc].append(policy)
        self._networks.enforce(policies)

    def _of_guests(self, view: View) -> list[tuple[str, InterfacePolicy]]:
        """Return the policies of what is no host, each with its VPC."""
        return [part for each in (self._balancers, self._endpoints, self._file_systems) for part in each.policies(view)]

    def _used_vpcs(self, view: View) -> set[str]:
        """Return the VPCs that exist, or that hosts on their way out still hang on."""
        return set(view.vpcs) | {host.instance.vpc for host in self._fleet.hosts.values()}

    def _write_inventory(self) -> None:
        hosts = [host for host in self._fleet.hosts.values() if not host.is_gone]
        found = inventory(hosts, self._balancers.running.values(), self._networks)
        if found != self._written:
            write_inventory(found)
            self._written = found


def _vpcs(view: View, alive: list[Instance]) -> set[str]:
    """Return the VPCs with something in them that needs a network."""
    return {entry.vpc for entry in alive} | {str(entry["VpcId"]) for entry in view.balancers}
