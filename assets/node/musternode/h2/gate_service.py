"""The gate process of this node, from its settings: `python3 -m musternode gate`."""

import logging
import signal
import sys
import threading
import time
from typing import Any, Mapping, Tuple

from .. import commands, host, state
from ..between.passage import GUEST
from ..host import Host
from ..units import H2_USER
from .alive import say_alive
from .data import Data
from .database import UNIT
from .events import Changed, Drained, Stop
from .kernel import Kernel
from .pair_state import Rules
from .parts import Parts, Place
from .tools import discard_old
from .witness import Witness

log = logging.getLogger(__name__)
SWITCH = 0.0005
"""Seconds for which another thread may keep the interpreter from the gate's: the default, 5 ms, is ten round trips."""
LOOK = 1.0
"""Seconds between two looks at the settings and at the member."""


class Unit:
    """The H2 unit, as systemd knows it."""

    def run(self) -> Tuple[str, int]:
        """Return the id of this run and its process, or ("", 0)."""
        argv = ["systemctl", "show", "--property=InvocationID,MainPID", UNIT]
        lines = commands.run(argv, within=10.0).stdout.splitlines()
        found = dict(line.split("=", 1) for line in lines if "=" in line)
        process = int(found.get("MainPID") or 0)
        return (found.get("InvocationID", ""), process) if process else ("", 0)


def run(this: Host) -> int:
    """Live as the gate process of `this` node until SIGTERM; return the exit status."""
    sys.setswitchinterval(SWITCH)
    say_alive()  # systemd counts from the start of the process, and what follows may wait for AWS
    discard_old(this.paths.run)
    service = Service(this)
    signal.signal(signal.SIGTERM, lambda *_: service.parts.keeper.put(Stop()))
    threading.Thread(target=service.look_often, name="settings", daemon=True).start()
    say_alive()
    service.parts.live()
    return 0


class Service:
    """What ties the gate process's parts to this node's settings and to its member."""

    def __init__(self, this: Host) -> None:
        self._this, self._database = this, this.database()
        self._data = Data(lambda: self._this, lambda: self.parts.keeper.state, H2_USER)
        node, peer, ports = this.node, this.peer, this.settings.ports
        place = Place(
            own=(node.address, ports.peer),
            peer=(peer.address, ports.peer),
            key=this.key(),
            admin=host.load_credentials(this.paths)["admin"].username,
            memory=this.paths.run,
            guest=GUEST if this.passage else "",
            public=this.paths.public,
        )
        self.parts = Parts(
            place,
            rules(this),
            self._database,
            Kernel(node.address, ports.database, peer.address),
            Witness(this.settings.table, this.settings.region, node.name),
            Unit(),
            seed=self._data.seed,
            restore=self._data.restore,
            look=self._data.look,
            more=self._more,
        )

    def look_often(self) -> None:
        """Look at the settings and at the member for as long as the process lives."""
        while True:
            time.sleep(LOOK)
            try:
                self._look()
            except Exception:
                log.exception("the settings were not looked at")

    def _look(self) -> None:
        before, self._this = self._this, host.reread(self._this)
        if before.settings != self._this.settings:
            new = rules(self._this)
            self.parts.keeper.put(Changed(new.alone, new.leaves, new.takeover_interval))
        if before.peer.address != self._this.peer.address:
            log.info("node %s has another address now: the gate process begins anew", self._this.peer.name)
            self.parts.keeper.put(Stop())
        self._database.use(host.load_credentials(self._this.paths)["application"])
        member = state.own(self._this.paths)
        if member is not None and member.phase == state.LEFT and self._this.settings.leaves(self._this.node.name):
            self.parts.keeper.put(Drained())

    def _more(self) -> Mapping[str, Any]:
        """Return what the node adds to its word: its generation and what its member says."""
        found = state.load(self._this.paths.public / "state.json")
        said = found if found is not None and not state.stale(found, state.STALE) else None
        return {"generation": self._this.settings.generation, "state": said}


def rules(this: Host) -> Rules:
    """Return what the settings say of the pair."""
    settings, node, peer = this.settings, this.node, this.peer
    return Rules(
        me=node.name,
        peer=peer.name,
        lowest=node.ordinal < peer.ordinal,
        alone=settings.alone(node.name),
        leaves=settings.leaves(node.name),
        takeover_interval=float(settings.takeover_interval),
    )
