"""Two hosts as network namespaces joined by one wire; on b a server that echoes."""

import contextlib
import functools
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from musternode import commands
from musternode.h2.kernel import Kernel
from rehearsal import netns, places

PREFIX = f"{places.NAMESPACE_PREFIX}k-"
ADDRESSES = {"a": "10.99.78.1", "b": "10.99.78.2"}
PORT, OTHER = 9092, 9093
PATIENCE = 10.0


@dataclass
class Hosts:
    """Two hosts; on b an echoing server on both ports, and a kernel for each."""

    names: dict[str, str]

    def kernel(self, host: str) -> Kernel:
        """Return the kernel of `host`, whose peer is the other one."""
        peer = next(address for name, address in ADDRESSES.items() if name != host)
        return Kernel(ADDRESSES[host], PORT, peer, functools.partial(run_in, self.names[host]))

    def connect(self, port: int = PORT) -> socket.socket:
        """Return a connection of a to b, over which one word has gone and come back."""
        made = netns.connect_in(self.names["a"], (ADDRESSES["b"], port), PATIENCE)
        says(made)
        return made

    def refused(self) -> bool:
        """Return whether a is refused at b at once."""
        began = time.monotonic()
        try:
            netns.connect_in(self.names["a"], (ADDRESSES["b"], PORT), PATIENCE).close()
        except ConnectionRefusedError:
            return time.monotonic() - began < 1.0
        return False

    def silence(self) -> None:
        """Let b answer nothing any more, not even by a reset."""
        chain = "add chain inet silence input { type filter hook input priority -300; }"
        rule = f"add rule inet silence input ip saddr {ADDRESSES['a']} drop"
        given = f"add table inet silence\n{chain}\n{rule}\n"
        run_in(self.names["b"], ["nft", "-f", "-"], given=given)


def run_in(namespace: str, argv: Sequence[str], **options: Any) -> "subprocess.CompletedProcess[str]":
    """Run a command in a namespace."""
    return commands.run(["ip", "netns", "exec", namespace, *argv], **options)


def says(connection: socket.socket) -> None:
    """Send a word and wait for its echo; raises `ConnectionResetError`."""
    connection.sendall(b"word")
    taken = connection.recv(4)
    if not taken:
        raise ConnectionResetError
    assert taken == b"word"


def _echo(listening: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            threading.Thread(target=_echo_one, args=[listening.accept()[0]], daemon=True).start()


def _echo_one(one: socket.socket) -> None:
    with contextlib.suppress(OSError), one:
        while data := one.recv(4096):
            one.sendall(data)


@contextlib.contextmanager
def hosts() -> Iterator[Hosts]:
    """Yield the two hosts, and remove them."""
    names = {name: f"{PREFIX}{os.getpid()}{name}" for name in ADDRESSES}
    with contextlib.ExitStack() as stack:
        for namespace in names.values():
            netns.add(namespace)
            stack.callback(netns.remove, namespace)
        a, b = names.values()
        wire = ["ip", "link", "add", "w", "netns", a, "type", "veth", "peer", "name", "w", "netns", b]
        subprocess.run(wire, check=True)
        for name, namespace in names.items():
            netns.ip("-n", namespace, "link", "set", "w", "up")
            netns.ip("-n", namespace, "addr", "add", f"{ADDRESSES[name]}/24", "dev", "w")
        for port in (PORT, OTHER):
            listening = stack.enter_context(netns.socket_in(b, socket.SOCK_STREAM, (ADDRESSES["b"], port)))
            stack.callback(listening.shutdown, socket.SHUT_RDWR)
            threading.Thread(target=_echo, args=[listening], daemon=True).start()
        yield Hosts(names)
