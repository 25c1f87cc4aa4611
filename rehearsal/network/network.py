"""One rehearsed VPC: everything between its hosts, and from them to the AWS endpoints."""

import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from rehearsal.netns import NamespaceError
from rehearsal.network import resolv_conf
from rehearsal.network.dns import DnsServer
from rehearsal.network.endpoints import EndpointServer, ServerCertificate, through
from rehearsal.network.names import ENDPOINTS, GATEWAYS, Resolve
from rehearsal.network.policy import InterfacePolicy
from rehearsal.network.ruleset import Fabric, Fixed, ruleset
from rehearsal.network.wires import Router, link_of
from rehearsal.places import NAMESPACE_PREFIX

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_ENDPOINTS_SUBNET = "198.51.100.0/24"


@dataclass(frozen=True)
class Visitor:
    """The machine inside the VPC that belongs to no group of the cluster: it may open anything and is open to nobody.

    `dns` is the VPC's resolver; `ip netns exec NAMESPACE curl ...` uses it.
    """

    namespace: str
    address: str
    dns: str


class Network:
    """The wires of one VPC.

    Every guest (host, balancer, visitor, AWS endpoints) hangs on one router namespace by a link of its own, and the
    router forwards only what the security groups of both sides and the network ACLs of both subnets allow: enforced
    outside of the guests, silently; groups remember connections, ACLs do not. A new guest reaches nothing but the
    resolver until `apply` has named it. The visitor has a subnet to itself, without an ACL.
    """

    def __init__(
        self,
        *,
        vpc_id: str,
        cidr: str,
        host_app: "WSGIApplication",
        certificate: ServerCertificate,
        resolve: Resolve,
    ) -> None:
        """Describe the network; nothing is made before `up`.

        `host_app` answers at the AWS endpoints over TLS with `certificate`; `resolve` is what the resolver knows
        (see `names_of`), called from its threads.
        """
        tail, block = vpc_id[-8:], IPv4Network(cidr)
        self.vpc_id, self.cidr = vpc_id, cidr
        self.dns = str(block[2])
        """The VPC's resolver: its base address plus two, as on AWS (VPC guide, "Amazon DNS server")."""
        # AWS keeps the fourth address of the first subnet for itself: no instance or balancer can ever be given it.
        self.visitor = Visitor(f"{NAMESPACE_PREFIX}v-{tail}", str(block[3]), self.dns)
        self._endpoints = f"{NAMESPACE_PREFIX}x-{tail}"
        self._router = Router(f"{NAMESPACE_PREFIX}r-{tail}")
        self._host_app, self._certificate, self._resolve = host_app, certificate, resolve
        self._private: dict[str, tuple[str, ...]] = {}
        self._gateways: dict[tuple[str, str], str] = {}
        self._served: dict[str, EndpointServer] = {}
        self._undo = ExitStack()
        self._rules = ""
        self._lock = threading.RLock()

    def up(self) -> None:
        """Make router, resolver, endpoints and visitor. Whatever fails, nothing of it stays."""
        try:
            self._raise()
        except BaseException:
            self.close()
            raise

    def _raise(self) -> None:
        self._router.up(self.dns)
        self._undo.callback(self._router.close)
        self._router.attach(self._endpoints, ENDPOINTS, _ENDPOINTS_SUBNET, more=tuple(GATEWAYS.values()))
        self._router.default_to(self._endpoints)
        self._router.attach(self.visitor.namespace, self.visitor.address, self.cidr)
        self._undo.callback(resolv_conf.remove, self.visitor.namespace)
        resolv_conf.write(self.visitor.namespace, self.dns)
        self.apply(())
        self._undo.callback(DnsServer(self._router.namespace, self.dns, self._look_up).close)
        self._undo.callback(self._withdraw_all)
        for address in (ENDPOINTS, *GATEWAYS.values()):
            app = through(self._host_app, partial(self._gateway_of, address))
            self._undo.callback(EndpointServer(self._endpoints, address, app, self._certificate).close)

    def _gateway_of(self, public: str, client: str) -> str:
        return self._gateways.get((client, public), "")

    def _look_up(self, name: str) -> list[str] | None:
        """Return a name's addresses; a private name of an interface endpoint hides the public one of its service."""
        private = self._private.get(name)
        return list(private) if private else self._resolve(name)

    def serve(self, namespace: str, address: str, subnet_cidr: str, endpoint: str) -> None:
        """Attach an interface of the VPC endpoint with the id `endpoint`, behind which the AWS endpoints answer.

        Like any guest it is reached by nobody until `apply` has named it. Raises `NamespaceError`.
        """
        with self._lock:
            self._router.attach(namespace, address, subnet_cidr)
            try:
                app = through(self._host_app, lambda _client: endpoint)
                self._served[namespace] = EndpointServer(namespace, address, app, self._certificate)
            except BaseException:
                self._router.detach(namespace)
                raise

    def withdraw(self, namespace: str) -> None:
        """Undo `serve`; unknown ones are no fault."""
        with self._lock:
            if (served := self._served.pop(namespace, None)) is not None:
                served.close()
            self._router.detach(namespace)

    def _withdraw_all(self) -> None:
        for namespace in list(self._served):
            self.withdraw(namespace)

    def name_privately(self, names: Mapping[str, Sequence[str]]) -> None:
        """Let exactly these names (in lower case) lead to these addresses for everybody in the VPC."""
        self._private = {name: tuple(addresses) for name, addresses in names.items()}

    def attach(self, namespace: str, address: str, subnet_cidr: str) -> str:
        """Make `namespace` with `eth0` on this network and return the MAC address of `eth0`.

        `namespace` is `mu-<kind>-<up to 10 characters>`; it must not exist yet. `eth0` gets `address` with the
        prefix length of `subnet_cidr` and a default route by the subnet's first address. There is no IPv6 inside.
        Raises `NamespaceError` if the address is taken or the link cannot be made (nothing stays then).
        """
        with self._lock:
            return self._router.attach(namespace, address, subnet_cidr)

    def detach(self, namespace: str) -> None:
        """Remove `namespace` and its link; unknown ones are no fault."""
        with self._lock:
            self._router.detach(namespace)

    def unplug(self, namespace: str) -> None:
        """Let everything sent to or from `namespace` vanish silently, as with a host that lost its power."""
        with self._lock:
            self._router.unplug(namespace)

    def plug(self, namespace: str) -> None:
        """Undo `unplug`; a plugged link is no fault."""
        with self._lock:
            self._router.plug(namespace)

    def apply(self, policies: Sequence[InterfacePolicy]) -> bool:
        """Enforce the groups and ACLs of these interfaces, all in one transaction; return whether anything changed.

        Interfaces not named reach nothing. Connections that were allowed when they were opened go on, as AWS has it
        (EC2 guide, "Security group connection tracking"); a subnet's default route and its ACL count for each packet.
        """
        with self._lock:
            self._gateways = {
                (policy.address, public): endpoint
                for policy in policies
                for public, endpoint in policy.gateways.items()
            }
            rules = ruleset(self._fabric(), policies)
            if rules == self._rules:
                return False
            _load(self._router.namespace, rules)
            self._rules = rules
            return True

    def _fabric(self) -> Fabric:
        return Fabric(
            cidr=self.cidr,
            resolver=self.dns,
            endpoints=Fixed(link_of(self._endpoints), ENDPOINTS),
            visitor=Fixed(link_of(self.visitor.namespace), self.visitor.address),
            services=tuple(GATEWAYS.values()),
        )

    def close(self) -> None:
        """Remove everything that `up` and `attach` made; a second call is no fault."""
        with self._lock:
            self._undo.close()
            self._rules = ""


def _load(namespace: str, rules: str) -> None:
    command = ["ip", "netns", "exec", namespace, "nft", "-f", "-"]
    done = subprocess.run(command, input=rules, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NamespaceError(f"nft refused the security groups' rules: {done.stderr.strip().splitlines()[0]}")
