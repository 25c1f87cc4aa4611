"""One instance as a machine: off, on and gone as the account wants it.

A thread of its own does all that takes time, so that hosts boot and stop side by side.
"""

import enum
import logging
import threading
import time
from collections.abc import Mapping

from rehearsal.hosts.chassis import Chassis
from rehearsal.hosts.instance import Instance
from rehearsal.hosts.nspawn import REBOOT, RESTART, SHUT_DOWN, Power
from rehearsal.hosts.volumes import Disk

_log = logging.getLogger(__name__)
_TICK = 0.05
_STOP_WITHIN = 60.0  # seconds that services get to stop, before the power goes
_RETRY = 2.0


class Phase(enum.StrEnum):
    """Where a host is between off and on, in EC2's words."""

    PENDING = "pending"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    TERMINATED = "terminated"


class Wanted(enum.Enum):
    """What the account says."""

    ON = enum.auto()
    OFF = enum.auto()
    GONE = enum.auto()


class Host:
    """A host; made off. `want`, `show` and `restart` return at once; `phase` and `leader` say what is."""

    def __init__(self, chassis: Chassis) -> None:
        self.phase = Phase.STOPPED
        self.leader = 0
        """Process 1 of the host, as this machine numbers it; 0 while it is off."""
        self.fault = ""
        """Why the last step failed, empty once one succeeds."""
        self.halted = False
        """Whether the host ended on its own while it was wanted on; it stays off until it was wanted off."""
        self._chassis = chassis
        self._wanted = Wanted.OFF
        self._restart = False
        self._power: Power | None = None
        self._cut_at: float | None = None
        self._disks: Mapping[str, Disk] = {}
        self._plugged: Mapping[str, Disk] | None = None
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name=chassis.namespace, daemon=True)
        self._thread.start()

    @property
    def instance(self) -> Instance:
        """The newest description of the instance."""
        return self._chassis.instance

    @property
    def namespace(self) -> str:
        """The network namespace that the host has while it is on."""
        return self._chassis.namespace

    @property
    def is_gone(self) -> bool:
        """Whether nothing is left of the host."""
        return self.phase is Phase.TERMINATED

    def describe(self, instance: Instance) -> None:
        """Take a newer description; its metadata service answers by it at once."""
        self._chassis.instance = instance

    def want(self, wanted: Wanted) -> None:
        """Say whether the host shall be on, off or gone; gone is for ever."""
        if self._wanted is Wanted.GONE:
            return
        if wanted is not Wanted.ON:
            self.halted = False
        self._wanted = wanted
        self._wake.set()

    def restart(self) -> None:
        """Let a host that is on shut down and start again."""
        self._restart = True
        self._wake.set()

    def show(self, disks: Mapping[str, Disk]) -> None:
        """Let the host have these data volumes (by volume id) and no others, now and after each start."""
        if disks != self._disks:
            self._disks = dict(disks)
            self._wake.set()

    def join(self, within: float) -> bool:
        """Wait for a host that was wanted gone; return whether it is."""
        self._thread.join(within)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while self.phase is not Phase.TERMINATED:
            pause = _TICK
            try:
                self._step()
                self.fault = ""
            except Exception as error:
                pause = _RETRY
                self.fault = f"{type(error).__name__}: {error}"
                _log.exception("host %s", self.instance.id)
            self._wake.wait(pause)
            self._wake.clear()

    def _step(self) -> None:
        """Take one step from what is to what is wanted."""
        if self._power is None:
            self._step_off()
        elif (code := self._power.ended()) is not None:
            self._end(code)
        elif self._wanted is Wanted.GONE:
            self._power.cut(self.leader)
        elif self._cut_at is not None:
            self._wait_for_end(self._power, self._cut_at)
        elif self._wanted is Wanted.OFF or self._restart:
            self._begin_stop(self._power)
        else:
            self._plug()

    def _step_off(self) -> None:
        if self._wanted is Wanted.GONE:
            self._chassis.scrap()
            self.phase = Phase.TERMINATED
        elif self._wanted is Wanted.ON and not self.halted:
            self._start()

    def _start(self) -> None:
        self.phase = Phase.PENDING
        self._restart, self._cut_at, self._plugged = False, None, None
        power = self._chassis.power_on()
        try:
            self.leader = power.leader()
        except Exception:
            self._chassis.take_apart()
            raise
        self._power = power
        self._plug()
        self.phase = Phase.RUNNING
        _log.info("host %s is on: %s, process %d", self.instance.id, self.instance.address, self.leader)

    def _plug(self) -> None:
        disks = self._disks
        if disks is not self._plugged:
            self._chassis.plug(self.leader, disks)
            self._plugged = disks

    def _begin_stop(self, power: Power) -> None:
        self.phase = Phase.STOPPING
        self._cut_at = time.monotonic() + _STOP_WITHIN
        power.ask(self.leader, RESTART if self._wanted is Wanted.ON else SHUT_DOWN)

    def _wait_for_end(self, power: Power, cut_at: float) -> None:
        if time.monotonic() > cut_at:
            _log.warning("host %s did not stop within %g s: its power is cut", self.instance.id, _STOP_WITHIN)
            power.cut(self.leader)

    def _end(self, code: int) -> None:
        """Note that the power is off: by the account's wish, for a reboot, or by what the host did itself."""
        asked = self._cut_at is not None or self._wanted is not Wanted.ON
        self._power, self._cut_at, self.leader = None, None, 0
        self._chassis.take_apart()
        self.phase = Phase.STOPPED
        self.halted = not asked and code != REBOOT
        _log.info("host %s is off (code %d)%s", self.instance.id, code, ", by itself" if self.halted else "")
