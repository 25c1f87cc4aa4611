"""Network namespaces: made and removed by `ip netns`, entered by a thread of this process.

A socket belongs to the namespace in which it was made, for ever, whoever uses it. So one process can listen in the
namespaces of all hosts: a short-lived thread enters the namespace (setns(2) acts on one thread only), makes the socket
and ends. `os.setns` came with Python 3.12, so libc is called.
"""

import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")

NAMESPACES = Path("/run/netns")
"""Where iproute2 keeps its named namespaces."""

_CLONE_NEWNET = 0x40000000
_IP_FREEBIND = 15  # linux/in.h; bind before the address is up
_libc = ctypes.CDLL(None, use_errno=True)


class NamespaceError(Exception):
    """A namespace or something in it could not be made; the text is the one line that says what."""


class _Errand(threading.Thread, Generic[T]):
    """One function, run in a namespace by a thread of its own."""

    def __init__(self, namespace: str, function: Callable[[], T]) -> None:
        super().__init__(name=f"in-{namespace}", daemon=True)
        self._namespace, self._function = namespace, function
        self.result: list[T] = []
        self.error: Exception | None = None

    def run(self) -> None:
        """Enter the namespace, call the function, keep what came of it."""
        try:
            _enter(self._namespace)
            self.result.append(self._function())
        except Exception as error:
            self.error = error


def _enter(namespace: str) -> None:
    """Move the calling thread into `namespace`."""
    try:
        handle = os.open(NAMESPACES / namespace, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise NamespaceError(f"network namespace {namespace} does not exist") from None
    try:
        if _libc.setns(handle, _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter network namespace {namespace} (root is needed)")
    finally:
        os.close(handle)


def call_in(namespace: str, function: Callable[[], T]) -> T:
    """Return what `function` returns when called inside `namespace`; its exception is raised here.

    Sockets and child processes that it makes belong to the namespace. Raises `NamespaceError` if there is no such one.
    """
    errand = _Errand(namespace, function)
    errand.start()
    errand.join()
    if errand.error is not None:
        raise errand.error
    return errand.result[0]


def socket_in(namespace: str, kind: socket.SocketKind, address: tuple[str, int]) -> socket.socket:
    """Return an IPv4 socket of `namespace` bound to `address`; a stream socket listens already.

    Binding works before the address is up (IP_FREEBIND). Raises `OSError` if the port is taken.
    """

    def make() -> socket.socket:
        made = socket.socket(socket.AF_INET, kind)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.setsockopt(socket.SOL_IP, _IP_FREEBIND, 1)
            made.bind(address)
            if kind == socket.SOCK_STREAM:
                made.listen(128)
        except OSError:
            made.close()
            raise
        return made

    return call_in(namespace, make)


def connect_in(namespace: str, address: tuple[str, int], timeout: float) -> socket.socket:
    """Return a TCP connection made from inside `namespace`, its own time-out set to `timeout` seconds.

    `address` is numeric: names are not resolved inside. Raises `TimeoutError` on silence, `OSError` on refusal.
    """
    return call_in(namespace, lambda: socket.create_connection(address, timeout=timeout))


def names(prefix: str = "") -> list[str]:
    """Return the named namespaces of this machine that begin with `prefix`, sorted."""
    if not NAMESPACES.is_dir():
        return []
    return sorted(entry.name for entry in NAMESPACES.iterdir() if entry.name.startswith(prefix))


def ip(*arguments: str) -> str:
    """Return the output of `ip ARGUMENTS`; raises `NamespaceError` with its message."""
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NamespaceError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def add(namespace: str) -> None:
    """Make a namespace with its loopback up and no IPv6 (the rehearsed VPC has none); on failure nothing stays.

    Raises `NamespaceError` if it exists already.
    """
    ip("netns", "add", namespace)
    try:
        sysctl(namespace, {"net/ipv6/conf/all/disable_ipv6": 1, "net/ipv6/conf/default/disable_ipv6": 1})
        ip("-n", namespace, "link", "set", "lo", "up")
    except BaseException:
        remove(namespace)
        raise


def remove(namespace: str) -> None:
    """Remove a namespace, its links with it; none there is no fault. Its processes keep it alive, unnamed."""
    if (NAMESPACES / namespace).exists():
        ip("netns", "del", namespace)


def sysctl(namespace: str, values: Mapping[str, int]) -> None:
    """Write kernel settings of `namespace`, given as paths under /proc/sys; a kernel without IPv6 is no fault."""

    def write() -> None:
        for path, value in values.items():
            file = Path("/proc/sys") / path
            if path.startswith("net/ipv6/") and not file.exists():
                continue
            file.write_text(f"{value}\n")

    call_in(namespace, write)
