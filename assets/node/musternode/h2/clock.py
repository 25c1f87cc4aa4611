"""The one clock of leases."""

import time


def now() -> float:
    """Return seconds since boot, those included in which the machine was suspended or its clock was set.

    CLOCK_MONOTONIC stands still while a virtual machine is suspended (clock_gettime(2)): a lease would outlive it.
    """
    return time.clock_gettime(time.CLOCK_BOOTTIME)
