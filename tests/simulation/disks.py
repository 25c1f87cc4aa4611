"""What goes wrong with a disk."""

from typing import TYPE_CHECKING

from tests.simulation.machine import OLD, Files
from tests.simulation.schedule import Fault

if TYPE_CHECKING:
    from tests.simulation.world import World


def lose(world: "World", fault: Fault) -> None:
    """Have a host come up with an empty disk in place of its own."""
    _replace(world, fault, Files())


def make_old(world: "World", fault: Fault) -> None:
    """Have a host come up with a volume of two epochs ago."""
    files = world.hosts[fault.node].files
    if files.epoch > 2:
        _replace(world, fault, Files(files.rows & OLD >> 2, True, "held", files.epoch - 2))


def _replace(world: "World", fault: Fault, files: Files) -> None:
    host = world.hosts[fault.node]
    if host.up:
        world.power_off(host)
        host.files, host.lost = files, 0
        world.checker.lost_disk()
        world.loop.after(fault.lasts, world.unless_healed, world.power_on, host)


def break_(world: "World", fault: Fault) -> None:
    """Have a disk of one of two members refuse writes; the one member's newest writes would be lost in any case."""
    if len(world.witness.members()) == 2:
        world.hosts[fault.node].break_disk()
