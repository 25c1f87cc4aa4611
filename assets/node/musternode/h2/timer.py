"""A timer as a descriptor (timerfd_create(2)), so that who waits for sockets need not say for how long.

A time-out of epoll_wait sets a timer of the kernel at each wait; on a virtual machine that costs a message as much as
all Python around it (measured: docs/benchmarks.md).
"""

import ctypes
import os
import struct
import time

_NONBLOCK_CLOEXEC = os.O_NONBLOCK | os.O_CLOEXEC  # what TFD_NONBLOCK and TFD_CLOEXEC are (include/linux/timerfd.h)
_LIBC = ctypes.CDLL(None, use_errno=True)
_SOONEST = 1e-6
"""Seconds; zero would disarm the timer."""


class Timer:
    """A descriptor that is readable once the time is up, time in which the machine was suspended included.

    Raises `OSError` if the kernel gives none.
    """

    def __init__(self) -> None:
        self.descriptor = _checked(_LIBC.timerfd_create(time.CLOCK_BOOTTIME, _NONBLOCK_CLOEXEC))

    def set(self, seconds: float) -> None:
        """Be readable in `seconds` (a time that has passed: at once), not when it was said before."""
        # struct itimerspec of a 64-bit system: interval and first expiry, each in seconds and nanoseconds
        nanoseconds = int(max(seconds, _SOONEST) * 1e9)
        setting = struct.pack("4l", 0, 0, *divmod(nanoseconds, 1_000_000_000))
        _checked(_LIBC.timerfd_settime(self.descriptor, 0, setting, None))

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.descriptor)


def _checked(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return int(result)
