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
_OWN = ("AWSALB", "AWSALBCORS")
_SHARDS = tuple(f"AWSALBAPP-{number}" for number in range(4))


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

    The cookie holds target and end, `KEY~SECONDS`, and each response gives it anew. A target that is not healthy is
    passed over, and the user stays with the next one from then on (ELB guide, "Sticky sessions").
    """
    lines = _wish(stickiness)
    for place, target in enumerate(group.targets):
        key, here = group.key(target), f"{{ srv_id {place + 1} }}"
        lines.append(f"  use-server {target.name} if {{ var(txn.wanted) -m str {key} }}")
        lines += _remember(stickiness, f"{key}~%[date({stickiness.seconds})]", here)
    return lines + _forget(stickiness)


def _wish(stickiness: Stickiness) -> list[str]:
    """Read which target the user had. With a cookie of the application, both cookies must come."""
    together = f"{{ req.cook({stickiness.cookie}) -m found }} " if stickiness.cookie else ""
    return [
        f"  http-request set-var(txn.wanted) req.cook({name}),field(1,~) "
        f"if {together}{{ req.cook({name}),field(2,~),sub(txn.now) gt 0 }} !{{ var(txn.wanted) -m found }}"
        for name in ((_SHARDS[0],) if stickiness.cookie else _OWN)
    ]


def _remember(stickiness: Stickiness, value: str, here: str) -> list[str]:
    """Give the cookies that name the target `here`; of an application's only to a user who has or gets its cookie."""
    if stickiness.cookie is None:
        plain, cors = _OWN
        return [_set_cookie(plain, value, here), _set_cookie(cors, value, here, "; SameSite=None; Secure")]
    given, kept = f"{{ res.cook({stickiness.cookie}) -m found }}", "{ var(txn.wanted) -m found }"
    return [_set_cookie(_SHARDS[0], value, f"{here} {given} or {here} {kept}")]


def _forget(stickiness: Stickiness) -> list[str]:
    """Take away the parts that are not needed: all of them while the application has not set its cookie.

    AWS sends four cookies with every response of such a target group, and `_remove_` is the value of an empty one.
    No page of its guide says so; every load balancer with application-based stickiness shows it to `curl -i`.
    """
    if stickiness.cookie is None:
        return []
    alone = f"!{{ res.cook({stickiness.cookie}) -m found }} !{{ var(txn.wanted) -m found }}"
    return [_set_cookie(_SHARDS[0], "_remove_", alone), *(_set_cookie(name, "_remove_", "") for name in _SHARDS[1:])]


def _set_cookie(name: str, value: str, condition: str, attributes: str = "") -> str:
    text = quoted(f"{name}={value}; Expires=%[date({_WEEK}),http_date]; Path=/{attributes}")
    return f"  http-response add-header Set-Cookie {text}{' if ' + condition if condition else ''}"
