"""Instances of moto, corrected: a start sets the launch time as on AWS, and reboots are counted.

So whoever looks only now and then still sees that a running instance was stopped and started, or rebooted, in between.
"""

from typing import Any

from moto.core.utils import utcnow
from moto.ec2.models.instances import Instance

_start = Instance.start
_reboot = Instance.reboot
_COUNT = "muster_reboots"


def note_starts_and_reboots() -> None:
    """Correct moto's instances in this process."""
    for name, method in {"start": _start_noted, "reboot": _reboot_noted}.items():
        setattr(Instance, name, method)


def reboots(instance: Any) -> int:
    """Return how often an instance was rebooted."""
    return int(getattr(instance, _COUNT, 0))


def _start_noted(instance: Any) -> Any:
    instance.launch_time = utcnow()
    return _start(instance)


def _reboot_noted(instance: Any) -> None:
    setattr(instance, _COUNT, reboots(instance) + 1)
    _reboot(instance)
