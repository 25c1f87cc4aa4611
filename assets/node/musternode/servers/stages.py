"""The stages that make a bare host a member: each can be done again."""

import logging
import shutil
from typing import Callable, Set

from .. import files, guard, packages, stages
from ..failure import Failure
from ..system import Systemd, ensure_user
from ..tls import stages as tls
from ..units import AGENT, READINESS
from ..updates import stages as updates
from . import distribution, units
from .host import Host, S
from .kind import Kind

log = logging.getLogger(__name__)


def install(kind: Kind[S], this: Host[S]) -> Set[str]:
    """Bring packages, user, the distribution and the units; return the units whose program or text changed."""
    system, java = packages.system(), this.settings.java
    brought = packages.java_home(java) is not None
    more = [package for program, package in kind.packages(this).items() if shutil.which(program) is None]
    stages.bring_packages(this.identity.node, (*packages.needed(system, java, brought=brought), *more))
    ensure_user(kind.user, str(this.home), kind.number)
    guard.write(this.paths, kind.strangers(this))
    fresh = distribution.bring(kind, this)
    java_home = packages.java_home(java)
    if java_home is None:
        raise Failure(f"node {this.identity.node}: Java {java} is not in /usr/lib/jvm after its package was installed")
    texts = {**units.common(kind, this), **kind.units(this, java_home)}
    return stages.write_units(this.paths, texts) | ({kind.unit} if fresh else set())


def configure(kind: Kind[S], this: Host[S], *, again: bool = False) -> bool:
    """Write what the settings want into the product's configuration; return whether that changed.

    With `again` nothing is asked of AWS: what this host has kept must do. Raises `Failure` with the node's name.
    """
    with distribution.named(this):
        distribution.check(this, kind.written())
        return kind.configure(this, again=again)


def start(this: Host[S]) -> None:
    """Start what is started at each boot; the member starts the product."""
    systemd = Systemd()
    for unit in units.ENABLED:
        systemd.enable(unit)
        this.services.start(unit)


def carry_out(
    kind: Kind[S], new: Host[S], *, again: bool = False, lead_away: Callable[[], object] = lambda: None
) -> None:
    """Make files and units of this node what the settings of `new` say, once they have been something else.

    With `again` nothing is asked of AWS. `lead_away` is called before a product that serves is ended.
    """
    changed = _brought(kind, new, lead_away, again=again)
    tls.carry_out(new.paths, new.services, kind.front(new), lead_away)
    updates.carry_out(new.paths, new.settings.updates)
    kind.settle(new, changed)
    for unit in (READINESS, AGENT):
        if unit in changed:
            stages.restart(new.services, unit)


def _brought(kind: Kind[S], new: Host[S], lead_away: Callable[[], object], *, again: bool) -> Set[str]:
    """Bring and write everything, and end a product that runs with something else; return the units that changed."""
    mark = new.paths.run / "product-changes"
    begun = not files.write(mark, b"")  # a member that was killed here may have left a product that must begin anew
    try:
        changed = install(kind, new)
        configured = configure(kind, new, again=again)
        if begun:
            changed |= {READINESS, AGENT}  # they may run with what was in force before
        if begun or configured or changed & kind.restarting():
            lead_away()
            new.services.stop(kind.unit)  # the member starts it again
    finally:
        mark.unlink(missing_ok=True)
    return changed
