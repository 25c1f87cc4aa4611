"""A load balancer as the configuration of haproxy 2.6. Pure."""

from dataclasses import dataclass
from pathlib import Path

from rehearsal.balancer.backend import backends, checks_name
from rehearsal.balancer.frontend import frontend
from rehearsal.balancer.model import LoadBalancer
from rehearsal.balancer.quoting import quoted

_CONNECT = 10  # seconds; ELB guide, "Troubleshoot your Application Load Balancers", HTTP 504
_FORMER = "24h"  # for which a former worker may keep connections with targets that stay


@dataclass(frozen=True)
class Files:
    """Where one haproxy keeps what it needs."""

    folder: Path

    @property
    def config(self) -> Path:
        """The configuration."""
        return self.folder / "haproxy.cfg"

    @property
    def state(self) -> Path:
        """Which servers are up, read by a new worker before it begins."""
        return self.folder / "servers.state"

    @property
    def stats(self) -> Path:
        """The worker's control socket."""
        return self.folder / "stats.sock"

    @property
    def master(self) -> Path:
        """The control socket of the master, which alone reaches former workers."""
        return self.folder / "master.sock"

    @property
    def pem(self) -> Path:
        """Certificate and key of HTTPS listeners, readable by root alone."""
        return self.folder / "listener.pem"

    @property
    def log(self) -> Path:
        """What haproxy says."""
        return self.folder / "haproxy.log"


def configuration(balancer: LoadBalancer, files: Files) -> str:
    """Return the configuration; equal models give equal text."""
    groups = {group.arn: group for group in balancer.target_groups}
    lines = [*_global(files), *_defaults(balancer)]
    for listener in balancer.listeners:
        lines += frontend(balancer, listener, groups, files.pem)
    for group in balancer.target_groups:
        lines += backends(group)
    return "\n".join(lines) + "\n"


def _global(files: Files) -> list[str]:
    return [
        "global",
        "  maxconn 2000",
        "  user haproxy",
        "  group haproxy",
        "  log stdout format raw daemon notice",
        f"  hard-stop-after {_FORMER}",
        f"  stats socket {quoted(str(files.stats))} mode 600 level admin",
        f"  server-state-file {quoted(str(files.state))}",
    ]


def _defaults(balancer: LoadBalancer) -> list[str]:
    """No retries and no redispatch: a load balancer answers 502 for a target that has just died."""
    idle = ("client", "server", "http-request", "http-keep-alive", "tunnel")
    return [
        "defaults",
        "  mode http",
        "  retries 0",
        "  load-server-state-from-file global",
        f"  timeout connect {_CONNECT}s",
        *(f"  timeout {name} {balancer.idle}s" for name in idle),
    ]


_COLUMNS = (
    "be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight "
    "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state "
    "bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr "
    "srv_agent_addr srv_agent_port"
)


def server_state(balancer: LoadBalancer, up: set[tuple[str, str]]) -> str:
    """Return the state file with which a worker begins: the servers in `up` are up, all others down until asked.

    `up` holds (target group ARN, target name). Without it haproxy would hold a new target for healthy until its
    first failure. Format: haproxy management guide, "show servers state", version 1.
    """
    lines = ["1", f"# {_COLUMNS}"]
    for group in balancer.target_groups:
        for place, target in enumerate(group.targets):
            state = 2 if (group.arn, target.name) in up else 0
            head = f"1 {checks_name(group)} {place + 1} {target.name} {target.address} {state} 0 1 1 0"
            check = group.check.port or target.port
            lines.append(f"{head} 1 0 0 6 0 0 0 - {target.port} - 0 {check} - - 0")
    return "\n".join(lines) + "\n"
