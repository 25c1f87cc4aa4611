"""Host names by which a balancer tells groups of nodes apart."""

from collections.abc import Iterator, Sequence
from typing import Final

from aws_cdk import aws_elasticloadbalancingv2 as elb
from constructs import Construct

from muster.listeners import SECURE
from muster.products.hosts import HostRoute, Hosts
from muster.spec.model import Stickiness
from muster.target_group import Targets

MOST_VALUES: Final = 5
"""Values that the conditions of one rule may have in all (Elastic Load Balancing, "Quotas"): a host name is one."""

_MANAGEMENT: Final = 10
_USERS: Final = 50
"""Priorities of the first rule about each host name; between them is room for every client that a file may name."""


class HostRoutes(Construct):
    """Rules of `listener`: the users' host name of `hosts` leads to `users`, the one of management to `management`.

    The listener's own action is for whoever comes by any other name, or for management from elsewhere than its
    clients. A user and an administrator each stay on one node by the balancer's cookie, which is apart as the names
    are. Offers `rules`, `users_group` and `management_group`, the target groups.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        hosts: Hosts,
        listener: elb.ApplicationListener,
        users: elb.ApplicationTargetGroup,
        management: Targets,
        stickiness: Stickiness,
    ) -> None:
        super().__init__(scope, id_)
        self._listener = listener
        self.users_group = users
        self.management_group = management.group(self, "Management", stickiness=stickiness)
        self.rules: Sequence[elb.ApplicationListenerRule] = [
            *self._rules("ToManagement", hosts.management, _MANAGEMENT, self.management_group),
            *self._rules("ToUsers", hosts.users, _USERS, users),
        ]

    def _rules(
        self, id_: str, route: HostRoute, first: int, group: elb.ApplicationTargetGroup
    ) -> Iterator[elb.ApplicationListenerRule]:
        """Make a rule for each few of the clients, or one for all."""
        for number, clients in enumerate(_few(route.clients)):
            conditions = [elb.ListenerCondition.host_headers([route.host])]
            conditions += [elb.ListenerCondition.source_ips(list(clients))] if clients else []
            yield elb.ApplicationListenerRule(
                self,
                f"{id_}{number or ''}",
                listener=self._listener,
                priority=first + number,
                conditions=conditions,
                action=elb.ListenerAction.forward([group]),
            )


def url(hosts: Hosts, route: HostRoute) -> str:
    """Return where somebody who comes by the host name of `route` begins."""
    port = "" if hosts.secure == SECURE else f":{hosts.secure}"
    return f"https://{route.host}{port}{route.path}"


def _few(clients: Sequence[str]) -> Sequence[Sequence[str]]:
    """Return the clients in parts, each small enough for one rule; of none at all one part without any."""
    size = MOST_VALUES - 1
    return [clients[place : place + size] for place in range(0, len(clients), size)] or [()]
