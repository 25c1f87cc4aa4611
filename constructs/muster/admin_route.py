"""A way of its own for requests to a product's administration."""

from collections.abc import Sequence
from typing import Final

from aws_cdk import aws_elasticloadbalancingv2 as elb
from constructs import Construct

from muster.listeners import listen, not_found
from muster.names import READY, READY_TO_ADMINISTER
from muster.spec.model import Balancer, Stickiness
from muster.target_group import Targets

_FORWARD: Final = 10
_REFUSE: Final = 20
"""Priorities of the rules: what is forwarded is looked for first."""


class AdminRoute(Construct):
    """Requests to `path` and below it reach the nodes by a target group of their own.

    * `host`: by a host name of its own. A user's cookies are apart there, so administration keeps a node of its own, by
      the balancer's cookie: a product may never set one in its administration.
    * `port`: by a port of its own. Cookies know no ports, so this route has no stickiness, and leads to `path` alone:
      users' requests would lose their session on it.
    * `path`: on users' host and port, without stickiness.

    With the first two, `path` is 404 where users come. That sorts requests; it keeps nobody out whom the product's own
    log-in does not. Offers `target_group`, `rules` and `listener` (of the route `port`, else None).

    `leader`: requests reach the node alone that leads the pair. While no node says that it does, the balancer sends
    them to every node (ELB User Guide, "Target group health": it fails open).
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: Balancer,
        path: str,
        targets: Targets,
        balancer: elb.ApplicationLoadBalancer,
        users: elb.ApplicationListener,
        leader: bool,
    ) -> None:
        super().__init__(scope, id_)
        self.listener: elb.ApplicationListener | None = None
        self.rules: list[elb.ApplicationListenerRule] = []
        paths = [elb.ListenerCondition.path_patterns([path, f"{path}/*"])]
        route = settings.admin
        host = route.host if route else None
        port = route.port if route else None
        own = Stickiness(cookie="balancer", hours=settings.stickiness.hours) if host else None
        self.target_group = targets.group(
            self, "Targets", stickiness=own, ready=READY_TO_ADMINISTER if leader else READY
        )
        to_nodes = elb.ListenerAction.forward([self.target_group])
        if host:
            self._rule("Forward", users, _FORWARD, [elb.ListenerCondition.host_headers([host])], to_nodes)
        elif port:
            self.listener = listen(balancer, "Admin", port=port, settings=settings, action=not_found())
            self._rule("Forward", self.listener, _FORWARD, paths, to_nodes)
        else:
            self._rule("Forward", users, _FORWARD, paths, to_nodes)
        if host or port:
            self._rule("Refuse", users, _REFUSE, paths, not_found())

    def _rule(
        self,
        id_: str,
        listener: elb.ApplicationListener,
        priority: int,
        conditions: Sequence[elb.ListenerCondition],
        action: elb.ListenerAction,
    ) -> None:
        rule = elb.ApplicationListenerRule(
            self, id_, listener=listener, priority=priority, conditions=list(conditions), action=action
        )
        self.rules.append(rule)
