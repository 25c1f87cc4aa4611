"""A folder of this machine that appears inside a host, as a file system that the host mounts.

A mount is made here without a place (open_tree(2)), carried into the host's mount namespace by a thread that enters it,
and put in its place there (move_mount(2)). So it ends with the host, and nothing else of this machine is seen inside.
"""

import ctypes
import os
import threading
from pathlib import Path

_OPEN_TREE, _MOVE_MOUNT = 428, 429  # of all processors (linux, include/uapi/asm-generic/unistd.h)
_CLONE, _EMPTY_PATH = 1, 4  # OPEN_TREE_CLONE, MOVE_MOUNT_F_EMPTY_PATH (linux/mount.h)
_HERE = -100  # AT_FDCWD
_CLONE_FS, _CLONE_NEWNS = 0x200, 0x20000  # linux/sched.h
_libc = ctypes.CDLL(None, use_errno=True)


def bind(folder: Path, leader: int, directory: str) -> None:
    """Mount `folder` at `directory` in the host whose process 1 is `leader`. Raises `OSError` with the reason."""
    faults: list[OSError] = []

    def carry() -> None:
        try:
            _carry(folder, leader, directory)
        except OSError as fault:
            faults.append(fault)

    errand = threading.Thread(target=carry, name="binding", daemon=True)
    errand.start()
    errand.join()
    if faults:
        raise faults[0]


def _carry(folder: Path, leader: int, directory: str) -> None:
    """Do it in a thread that nobody needs any more: it never comes back to this machine's own mount namespace."""
    tree = _checked(_libc.syscall(_OPEN_TREE, _HERE, os.fsencode(folder), _CLONE | os.O_CLOEXEC), str(folder))
    try:
        namespace = os.open(f"/proc/{leader}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        try:
            _checked(_libc.unshare(_CLONE_FS), "unshare")  # a thread may leave only with a working folder of its own
            _checked(_libc.setns(namespace, _CLONE_NEWNS), "setns")
        finally:
            os.close(namespace)
        _checked(_libc.syscall(_MOVE_MOUNT, tree, b"", _HERE, os.fsencode(directory), _EMPTY_PATH), directory)
    finally:
        os.close(tree)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
    return result
