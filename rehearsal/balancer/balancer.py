"""A deployed load balancer, running: haproxy in a namespace of its own on the VPC."""

import shutil
import time
from collections.abc import Collection
from contextlib import suppress
from ipaddress import IPv4Network
from pathlib import Path

from rehearsal.balancer import pem
from rehearsal.balancer.config import Files, configuration, server_state
from rehearsal.balancer.draining import Draining
from rehearsal.balancer.haproxy import Haproxy
from rehearsal.balancer.health import Key, Registration, Server, health, seen, servers
from rehearsal.balancer.model import BalancerError, LoadBalancer, TargetHealth
from rehearsal.network import Network
from rehearsal.places import NAMESPACE_PREFIX


def balancer_address(subnet_cidr: str, taken: Collection[str]) -> str:
    """Return the highest free address of a subnet: hosts count from below.

    Raises `BalancerError` if none of those that may be given out is free (AWS keeps the first four and the last).
    """
    subnet = IPv4Network(subnet_cidr)
    for place in range(subnet.num_addresses - 2, 3, -1):
        if (address := str(subnet[place])) not in taken:
            return address
    raise BalancerError(f"subnet {subnet_cidr} has no free address for a load balancer")


class Balancer:
    """One load balancer. Not safe for several threads at once.

    Its namespace is a guest of `network` like any host: give it an `InterfacePolicy` with `namespace`, `address` and
    the security groups of the load balancer, or it reaches nothing.
    """

    def __init__(
        self, *, model: LoadBalancer, network: Network, address: str, subnet_cidr: str, directory: Path
    ) -> None:
        """Describe it; nothing is made before `up`. `directory` becomes its own; keep the path under 80 characters.

        That is because of the control socket in it (unix(7): a socket's path has at most 107).
        """
        self.namespace = f"{NAMESPACE_PREFIX}b-{model.arn[-8:]}"
        self.address, self.dns, self.arn = address, model.dns, model.arn
        self._network, self._subnet, self._model = network, subnet_cidr, model
        self._files = Files(directory)
        self._haproxy = Haproxy(self.namespace, self._files)
        self._known: dict[Key, Registration] = {}
        self._draining = Draining()
        self._text = ""

    def up(self) -> None:
        """Attach to the network and serve; on failure nothing stays.

        Apply its policy to the network before: a health check that is dropped costs a whole interval.
        """
        try:
            self._network.attach(self.namespace, self.address, self._subnet)
            self._files.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.sync(self._model)
        except BaseException:
            self.down()
            raise

    def sync(self, model: LoadBalancer) -> bool:
        """Serve by `model` from now on, without cutting a connection; return whether anything changed.

        Raises `BalancerError` if it cannot be served; what was served before goes on.
        """
        text = configuration(model, self._files)
        if text == self._text and self._haproxy.running == bool(model.listeners):
            return False
        if any(listener.protocol == "HTTPS" for listener in model.listeners):
            pem.write(self._files.pem, model.dns)
        up = {key for key, server in self._servers(model).items() if server.is_up}
        self._files.config.write_text(text)
        self._files.state.write_text(server_state(model, up))
        if model.listeners:
            self._haproxy.load()
        else:
            self._haproxy.stop()  # haproxy has nothing to do without a port
        self._draining.change(self._model, model, time.monotonic())
        self._model, self._text = model, text
        self._remember(model)
        return True

    def _remember(self, model: LoadBalancer) -> None:
        now = time.monotonic()
        keys = {(group.arn, target.name) for group in model.target_groups for target in group.targets}
        self._known = {key: self._known.get(key, Registration(now)) for key in keys}

    def _servers(self, model: LoadBalancer) -> dict[Key, Server]:
        if not self._haproxy.running:
            return {}
        try:
            return seen(model, servers(self._haproxy.ask("show stat")))
        except OSError:  # it ended this moment; the next sync starts it again
            return {}

    def health(self) -> list[TargetHealth]:
        """Return the health of every registered target, as the balancer sees it now.

        Ask about once a second: a new target becomes healthy with its first passed check (ELB guide, "Health
        checks"), which haproxy, who would wait for `HealthyThresholdCount` of them, is told here. So is it when the
        time is over for what a target has begun that was taken away.
        """
        found = self._servers(self._model)
        now = time.monotonic()
        self._end(now)
        answers = []
        for group in self._model.target_groups:
            for target in group.targets:
                key = (group.arn, target.name)
                server = self._first_pass(key, f"{group.name}.checks/{target.name}", found.get(key))
                answers.append(health(group, target, server, self._known[key], now))
        return answers

    def _end(self, now: float) -> None:
        if over := self._draining.due(now):
            with suppress(OSError):  # it ended this moment, and its connections with it
                self._haproxy.end_former(over)

    def _first_pass(self, key: Key, name: str, server: Server | None) -> Server | None:
        known = self._known[key]
        if server is None or known.was_healthy or not (server.is_up or server.is_rising):
            return server
        if server.is_rising:
            self._haproxy.ask(f"set server {name} health up")
            server = Server("UP", server.check)
        self._known[key] = Registration(known.since, was_healthy=True)
        return server

    def down(self) -> None:
        """End haproxy and remove namespace and files; a second call is no fault."""
        self._haproxy.stop()
        self._network.detach(self.namespace)
        shutil.rmtree(self._files.folder, ignore_errors=True)
        self._text = ""
