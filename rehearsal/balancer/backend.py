"""A target group as haproxy backends. Pure.

Three of them: `NAME.checks` asks the targets for their health (with the time-out of the health check, which would be
wrong for requests), `NAME` sends requests to those that are healthy, `NAME.all` to all of them when too few are.
"""

from rehearsal.balancer.model import Stickiness, TargetGroup
from rehearsal.balancer.quoting import quoted

_BALANCE = {
    "round_robin": "roundrobin",
    "least_outstanding_requests": "leastconn",
    "weighted_random": "random",
}
_WEEK = 604800


def checks_name(group: TargetGroup) -> str:
    """Return the name of the backend in which the health of `group` shows."""
    return f"{group.name}.checks"


def backends(group: TargetGroup) -> list[str]:
    """Return the lines of the three backends."""
    name = checks_name(group)
    tracked = [f"track {name}/{target.name}" for target in group.targets]
    return [*_checks(group), *_serving(group, group.name, tracked), *_serving(group, f"{group.name}.all", None)]


def _checks(group: TargetGroup) -> list[str]:
    check = group.check
    tls = " check-ssl verify none" if check.protocol == "HTTPS" else ""
    request = f"meth GET uri {quoted(check.path)} ver HTTP/1.1 hdr Host %[srv_name]"
    lines = [
        f"backend {checks_name(group)}",
        "  log global",
        f"  timeout connect {check.timeout}s",
        f"  timeout check {check.timeout}s",
        "  option httpchk",
        f"  http-check send {request} hdr User-Agent ELB-HealthChecker/2.0 hdr Connection close",
        f"  http-check expect status {check.matcher}",
        f"  default-server check{tls} inter {check.interval}s rise {check.healthy} fall {check.unhealthy}",
    ]
    return lines + [
        f"  server {target.name} {target.name} port {check.port or target.port}" for target in group.targets
    ]


def _serving(group: TargetGroup, name: str, tracked: list[str] | None) -> list[str]:
    tls = " ssl verify none" if group.protocol == "HTTPS" else ""
    lines = [f"backend {name}", f"  balance {_BALANCE[group.algorithm]}"]
    lines += ["  http-response set-var(txn.answered) bool(true)"]
    lines += _sticky(group, group.stickiness) if group.stickiness else []
    warm = f" slowstart {group.slow_start}s" if tracked and group.slow_start else ""
    for place, target in enumerate(group.targets):
        ending = f" {tracked[place]}" if tracked else ""
        lines.append(f"  server {target.name} {target.name} id {place + 1}{tls}{warm}{ending}")
    return lines


def _sticky(group: TargetGroup, stickiness: Stickiness) -> list[str]:
    """Write the target into a cookie of the balancer, as AWS does; so a reload forgets nothing.

    With a cookie of the application, the balancer's cookie (AWSALBAPP-0) is made when a response sets it, and counts
    only together with it. A target that is not healthy is passed over, and the user stays with the next one from then
    on (ELB guide, "Sticky sessions"). The cookie holds target and end, `KEY~SECONDS`.
    """
    name = "AWSALBAPP-0" if stickiness.cookie else "AWSALB"
    live = f"{{ req.cook({name}),field(2,~),sub(txn.now) gt 0 }}"
    both = f"{{ req.cook({stickiness.cookie}) -m found }} {live}" if stickiness.cookie else live
    lines = [f"  http-request set-var(txn.wanted) req.cook({name}),field(1,~) if {both}"]
    for place, target in enumerate(group.targets):
        key, here = group.key(target), f"{{ srv_id {place + 1} }}"
        wanted = f"{{ var(txn.wanted) -m str {key} }}"
        lines.append(f"  use-server {target.name} if {wanted}")
        lines.append(f"  {_set_cookie(name, key, stickiness.seconds)} if {here}{_when(stickiness, here, wanted)}")
    return lines


def _when(stickiness: Stickiness, here: str, wanted: str) -> str:
    if stickiness.cookie is None:
        return ""
    set_now = f" {{ res.cook({stickiness.cookie}) -m found }}"
    moved = f" or {here} {{ var(txn.wanted) -m found }} !{wanted}"
    return set_now + moved


def _set_cookie(name: str, key: str, seconds: int) -> str:
    value = f"{name}={key}~%[date({seconds})]; Expires=%[date({_WEEK}),http_date]; Path=/"
    return f"http-response add-header Set-Cookie {quoted(value)}"
