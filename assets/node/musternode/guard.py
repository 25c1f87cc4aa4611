"""The kernel's rules that keep from users what they do not need: the metadata service, and H2's server itself.

Each unit that runs as such a user gives them at its start, before its program: after a boot the kernel knows none.
"""

import logging
import time
from pathlib import Path
from typing import Any, Callable, Sequence, Set

from . import commands, files
from .axonivy import redirect
from .between import passage
from .failure import Failure
from .paths import Paths
from .tls import front

log = logging.getLogger(__name__)

ADDRESSES = (("ip", "169.254.169.254"), ("ip6", "fd00:ec2::254"))
"""Where the metadata service is (EC2 User Guide, "Access instance metadata for an EC2 instance")."""
TABLE = "muster_metadata"
_FILE = "metadata.nft"
SERVER_TABLE = "muster_server"
_SERVER_FILE = "server.nft"
BRIDGE_TABLE = "muster_bridge"
BRIDGE_FILE = "bridge.nft"
"""The rules that lead an engine to the bridge, and the name of the file that holds them."""
_NFT = "/usr/sbin/nft"
EVERY = 5.0
"""Seconds after which it is looked again whether rules are there."""


def given(file: Path) -> str:
    """Return the line of a unit that gives the rules in `file`, as root; without them its program does not start."""
    return f"ExecStartPre=+{_NFT} -f {file}\n"


def _table(name: str, kept: str) -> str:
    """Return the table `name`, made anew as a whole, by whose rules `kept` packets of this node's users are judged."""
    return f"""\
table inet {name}
delete table inet {name}
table inet {name} {{
  chain keep {{
    type filter hook output priority filter; policy accept;
{kept}  }}
}}
"""


def rules(users: Sequence[str]) -> str:
    """Return the nftables rules that refuse the packets of `users` for the metadata service.

    The table is made anew as a whole, so that giving the rules twice changes nothing.
    """
    named = ", ".join(f'"{user}"' for user in sorted(users))
    refused = "".join(
        f"    meta skuid {{ {named} }} {family} daddr {address} reject\n" for family, address in ADDRESSES if users
    )
    return _table(TABLE, refused)


def write(paths: Paths, users: Sequence[str]) -> bool:
    """Keep the rules for `users` where units find them; return whether they are others than before."""
    return files.write(paths.etc / _FILE, rules(users).encode("ascii"), mode=0o600)


def line(paths: Paths) -> str:
    """Return the line of a unit that gives the rules, as root; without them its program does not start."""
    return given(paths.etc / _FILE)


def server_rules(user: str, port: int) -> str:
    """Return the nftables rules by which none but root and `user` reach the server on loopback at `port`.

    H2 makes a database for whoever comes there, and runs Java in it: the gate, which is root, comes for all others.
    """
    return _table(
        SERVER_TABLE,
        f'    meta skuid != {{ 0, "{user}" }} ip daddr 127.0.0.0/8 tcp dport {port} reject with tcp reset\n',
    )


def write_server(paths: Paths, user: str, port: int) -> bool:
    """Keep those rules where the unit finds them; return whether they are others than before."""
    return files.write(paths.etc / _SERVER_FILE, server_rules(user, port).encode("ascii"), mode=0o600)


def server_line(paths: Paths) -> str:
    """Return the line of a unit that gives those rules, as root; without them its program does not start."""
    return given(paths.etc / _SERVER_FILE)


def no_server_line() -> str:
    """Return the line of a unit that takes them away, for the one run that makes a schema before there are data."""
    return f"ExecStartPre=+-{_NFT} delete table inet {SERVER_TABLE}\n"


class Guard:
    """Gives rules again that were there and are gone, as after `nft flush ruleset` or a firewall's restart.

    Others than the metadata service's are looked for once they were seen: a run that makes a schema goes without those
    of the server. A TLS front that ends takes its own away.
    """

    def __init__(
        self,
        paths: Paths,
        run: Callable[..., Any] = commands.run,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._files = {
            TABLE: paths.etc / _FILE,
            SERVER_TABLE: paths.etc / _SERVER_FILE,
            redirect.TABLE: paths.etc / redirect.FILE,
            passage.TABLE: passage.Place(paths).rules,
            BRIDGE_TABLE: paths.etc / BRIDGE_FILE,
            front.TABLE: front.Place(paths).rules,
        }
        self._only_beside = {front.TABLE: front.Place(paths).socket}
        self._run, self._clock = run, clock
        self._seen, self._again = {TABLE}, 0.0

    def look(self) -> None:
        """Look, if that is due; a fault of nft is logged and looked at again later."""
        if self._clock() < self._again:
            return
        self._again = self._clock() + EVERY
        try:
            self._give(self._there())
        except Failure as fault:
            log.error("the rules that keep users from what they do not need: %s", fault)  # noqa: TRY400

    def _there(self) -> Set[str]:
        listed = self._run([_NFT, "list", "tables"], within=10.0).stdout
        return {line.split()[-1] for line in listed.splitlines() if line.strip()}

    def _give(self, there: Set[str]) -> None:
        for table in sorted(self._seen - there):
            file = self._files[table]
            if file.is_file() and self._only_beside.get(table, file).exists():
                log.warning("the rules of %s are gone: they are given again", table)
                self._run([_NFT, "-f", str(file)], within=10.0)
        self._seen |= there & set(self._files)
