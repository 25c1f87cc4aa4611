"""A load balancer as it is deployed, as values: what DescribeLoadBalancers and its kin say, and nothing of haproxy."""

import hashlib
from dataclasses import dataclass


class BalancerError(Exception):
    """The deployed load balancer asks for something that the rehearsal does not do; the text names it."""


@dataclass(frozen=True)
class Target:
    """One registration: an instance (or an address) with a port. The same instance may stand under several ports."""

    instance_id: str
    port: int
    address: str

    @property
    def name(self) -> str:
        """What it is called in haproxy: also the Host of health checks, as on AWS."""
        return f"{self.address}:{self.port}"


@dataclass(frozen=True)
class HealthCheck:
    """How targets are asked: `port` None is the target's own, `matcher` lists codes and ranges, times are seconds."""

    protocol: str
    port: int | None
    path: str
    matcher: str
    interval: int
    timeout: int
    healthy: int
    unhealthy: int


@dataclass(frozen=True)
class Stickiness:
    """Users stay with a target for `seconds`. `cookie` is the application's; None: the balancer's own (AWSALB)."""

    cookie: str | None
    seconds: int


@dataclass(frozen=True)
class TargetGroup:
    """A target group. `fail_open_below`: with fewer healthy targets than this, all targets get requests.

    `drain` is the deregistration delay and `slow_start` the warm-up of a new target, in seconds.
    """

    arn: str
    name: str
    protocol: str
    check: HealthCheck
    stickiness: Stickiness | None
    algorithm: str
    drain: int
    slow_start: int
    fail_open_below: int
    targets: tuple[Target, ...]

    def key(self, target: Target) -> str:
        """Return what stands for `target` in a cookie."""
        return hashlib.sha256(f"{self.arn}/{target.instance_id}/{target.port}".encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Forward:
    """Send the request to a target group."""

    target_group_arn: str


@dataclass(frozen=True)
class Redirect:
    """Send the client elsewhere; the texts may hold `#{host}` and its kin."""

    protocol: str
    host: str
    port: str
    path: str
    query: str
    status: int


@dataclass(frozen=True)
class FixedResponse:
    """Answer at once."""

    status: int
    content_type: str
    body: str


@dataclass(frozen=True)
class Condition:
    """`field` is `host-header` or `path-pattern`, and one of `values` (with * and ?) must match.

    Or it is `source-ip`, and the client must be in one of these networks.
    """

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Rule:
    """All conditions must hold; none hold always (the default)."""

    conditions: tuple[Condition, ...]
    action: Forward | Redirect | FixedResponse


@dataclass(frozen=True)
class Listener:
    """A port. `protocol` is `HTTP` or `HTTPS`; `rules` are in order of priority, the default last.

    `tls_policy` is the name of AWS's security policy; None leaves TLS to haproxy.
    """

    port: int
    protocol: str
    rules: tuple[Rule, ...]
    tls_policy: str | None = None


@dataclass(frozen=True)
class LoadBalancer:
    """An application load balancer with all that it uses. Times in seconds.

    `forwarded_for` is what happens to X-Forwarded-For: `append`, `preserve` or `remove`. With `drop_invalid`, headers
    whose name has other characters than letters, digits and hyphens reach no target.
    """

    arn: str
    dns: str
    idle: int
    keep_host: bool
    forwarded_for: str
    listeners: tuple[Listener, ...]
    target_groups: tuple[TargetGroup, ...]
    drop_invalid: bool = False


@dataclass(frozen=True)
class TargetHealth:
    """What DescribeTargetHealth shall say of a registration: `initial`, `healthy` or `unhealthy`, with AWS's reason."""

    target_group_arn: str
    instance_id: str
    port: int
    state: str
    reason: str
