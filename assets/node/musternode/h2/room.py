"""Room on the data volume that is held for the database, so that a full disk takes nothing from it.

H2 closes a database whose file it cannot write, and opens it again without what was only in memory (1.4.199:
mvstore/MVStore.java, panic): whoever reads then misses what was acknowledged. So the file has blocks behind its end.
"""

import ctypes
import errno
import logging
import os
from pathlib import Path

HELD = 64 * 1024**2
"""Bytes: what the file may grow by while the disk is full. A second of clients writes a small part of it."""
_SECTOR = 512
"""Bytes of which `st_blocks` counts (stat(2))."""
_KEEP_SIZE = 1  # FALLOC_FL_KEEP_SIZE (include/uapi/linux/falloc.h)
_LIBC = ctypes.CDLL(None, use_errno=True)
log = logging.getLogger(__name__)


class Room:
    """Holds `size` bytes behind the end of `file`; says in the log once when they are not there, and when they are."""

    def __init__(self, file: Path, size: int = HELD) -> None:
        self._file = file
        self._size = size
        self._fault = ""

    def hold(self) -> bool:
        """Fill up what the file has used or, made shorter, has given back; return whether all of it is there.

        Not to be called while this process holds a lock on the file: closing it here would end that (fcntl(2)).
        """
        try:
            allocate_behind(self._file, self._size)
        except OSError as fault:
            self._say(fault.strerror or str(fault))
            return False
        self._say("")
        return True

    def _say(self, fault: str) -> None:
        if fault == self._fault:
            return
        self._fault = fault
        if fault:
            log.warning("no more room can be held for %s (%s): the volume must be made larger", self._file.name, fault)
        else:
            log.info("%d MiB are held for %s again", self._size // 1024**2, self._file.name)


def allocate_behind(file: Path, size: int) -> None:
    """Let the file system keep `size` bytes for `file` behind its end, which stays where it is; raises `OSError`.

    They stay until the file is made shorter (fallocate(2); ext4 and XFS). Where a file system cannot do it, none are
    kept, and that is no fault. The file's time stays that of its last write, by which nodes tell whose server lived on:
    the kernel takes an allocation for a write. So it is also done only when a quarter of `size` is gone.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if found.st_blocks * _SECTOR - found.st_size < size - size // 4:
            try:
                _fallocate(descriptor, found.st_size, size)
            finally:
                os.utime(descriptor, ns=(found.st_atime_ns, found.st_mtime_ns))
    finally:
        os.close(descriptor)


def _fallocate(descriptor: int, start: int, size: int) -> None:
    """Call fallocate(2), which Python has with a mode for no system; `posix_fallocate` would make the file longer."""
    if _LIBC.fallocate(descriptor, _KEEP_SIZE, ctypes.c_int64(start), ctypes.c_int64(size)) == 0:
        return
    code = ctypes.get_errno()
    if code not in (errno.EOPNOTSUPP, errno.ENOSYS):
        raise OSError(code, os.strerror(code))
