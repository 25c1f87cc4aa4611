"""`python3 -m musternode updates`: the process that takes part in a round; the timer starts it, the member after it."""

import datetime
import logging
from typing import Any, Callable, Optional

from .. import host as pair_host
from .. import packages, standing, state
from ..commands import run as command
from ..failure import Failure
from ..host import Host as PairHost
from ..paths import Paths
from ..servers import host as server_host
from ..servers import peers
from ..servers.kind import Kind
from ..waiting import poll
from . import words
from .round import Round
from .system import Updates
from .turn import Other, Sight

log = logging.getLogger(__name__)


def run(paths: Paths, kind: Optional["Kind[Any]"]) -> int:
    """Take part in this week's round as a node of `kind`, None for one of an H2 pair; return the exit status."""
    this: Any = pair_host.load(paths) if kind is None else server_host.load(paths, kind.read)
    look = of_pair(this) if kind is None else of_servers(this, kind)
    wanted = this.settings.updates
    if wanted is None:
        raise Failure("the settings in force say nothing of updates")
    return Round(
        node=this.identity.node,
        number=words.number(datetime.datetime.now(datetime.timezone.utc), wanted),
        paths=paths,
        updates=Updates(packages.system(), wanted.release, paths.etc / "updates.preferences"),
        look=look,
        restart=lambda: command(["systemctl", "--no-block", "reboot"]),
        poll=poll,
    ).run()


def of_pair(this: PairHost) -> Callable[[], Sight]:
    """Return what a node of a pair sees; of the other one by the gate processes, which know each other."""

    def look() -> Sight:
        now = pair_host.reread(this)
        node, peer = now.node, now.peer
        others = (Other(peer.name, peer.ordinal, standing.peer(this.paths)),) if peer.present else ()
        return Sight(node.ordinal, state.own(this.paths), others, () if peer.present else (peer.name,))

    return look


def of_servers(this: Any, kind: "Kind[Any]") -> Callable[[], Sight]:
    """Return what a server sees; of the others by their peer ports."""
    read = peers.reader(lambda _: None)

    def look() -> Sight:
        chosen = _reread(this, kind)
        found = []
        for other in chosen.others(this.identity.node):
            said = peers.ask(other.address, chosen.ports.peer, read)
            heard = said[0] if said is not None and said[0].node == other.name else None
            found.append(Other(other.name, other.ordinal, heard))
        absent = tuple(each.name for each in chosen.members if not each.present)
        return Sight(chosen.member(this.identity.node).ordinal, state.own(this.paths), tuple(found), absent)

    return look


def _reread(this: Any, kind: "Kind[Any]") -> Any:
    """Return the settings in force now; those that this program cannot read leave it with those of before."""
    try:
        return kind.read((this.paths.etc / "settings.json").read_text())
    except (OSError, Failure):
        return this.settings
