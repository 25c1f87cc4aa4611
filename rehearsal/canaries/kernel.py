"""What the kernel tells of programs that start: the process behind `executions.Watcher`.

It tells of each execve(2) by its process events connector (linux/cn_proc.h). A program can be over within a
millisecond, so this process has a real-time priority where it may.
"""

import base64
import contextlib
import json
import os
import select
import socket
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_CONNECTOR, _PROCESS_EVENTS = 11, 1  # linux/netlink.h NETLINK_CONNECTOR, linux/connector.h CN_IDX_PROC and CN_VAL_PROC
_LISTEN, _EXEC = 1, 0x2  # linux/cn_proc.h
_BUFFER = 1 << 25
_NETLINK, _MESSAGE, _EVENT = 16, 20, 16
"""Lengths of the heads: of netlink, of the connector, of an event before what is its own."""


@dataclass
class Seen:
    """What was seen: where something stands (the program's name and which part), by its bytes."""

    parts: dict[bytes, str] = field(default_factory=dict)
    number: int = 0
    missed: int = 0

    def look(self, pid: int) -> None:
        """Keep arguments and environment of a process that has begun a program."""
        try:
            place = f"/proc/{pid}"
            arguments, environment = _read(f"{place}/cmdline"), _read(f"{place}/environ")
        except OSError:
            arguments, environment = b"", b""
        if not arguments:  # a zombie has none
            self.missed += 1
            return
        self.number += 1
        name = Path(os.fsdecode(arguments.split(b"\0")[0])).name
        self.parts.setdefault(arguments, f"the arguments of {name}")
        self.parts.setdefault(environment, f"the environment of {name}")

    def answer(self, patterns: Mapping[bytes, str]) -> dict[str, Any]:
        """Return what is told of what was seen."""
        parts = self.parts.items()
        found = {f"{what} had {name}" for data, what in parts for key, name in patterns.items() if key in data}
        return {"seen": self.number, "missed": self.missed, "found": sorted(found)}


def _read(path: str) -> bytes:
    handle = os.open(path, os.O_RDONLY)
    try:
        return b"".join(iter(lambda: os.read(handle, 1 << 20), b""))
    finally:
        os.close(handle)


def _listen() -> socket.socket:
    """Return a socket on which the kernel tells of processes; raises `OSError` where it does not."""
    told = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _CONNECTOR)
    told.setsockopt(socket.SOL_SOCKET, 33, _BUFFER)  # SO_RCVBUFFORCE
    told.bind((0, _PROCESS_EVENTS))
    message = struct.pack("=IIIIHHI", _PROCESS_EVENTS, _PROCESS_EVENTS, 0, 0, 4, 0, _LISTEN)
    told.send(struct.pack("=IHHII", _NETLINK + len(message), 3, 0, 0, os.getpid()) + message)  # 3: NLMSG_DONE
    return told


def _watch(told: socket.socket, seen: Seen) -> None:
    """Look at each program that starts until there is something on standard input."""
    while True:
        ready, _, _ = select.select([told, sys.stdin], [], [])
        if told in ready:
            event = told.recv(4096)
            (what,) = struct.unpack_from("=I", event, _NETLINK + _MESSAGE)
            if what == _EXEC:
                _, pid = struct.unpack_from("=II", event, _NETLINK + _MESSAGE + _EVENT)
                seen.look(pid)
        elif sys.stdin in ready:
            return


def main() -> None:
    """Watch, then answer."""
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    seen, told = Seen(), _listen()
    sys.stdout.write("watching\n")
    sys.stdout.flush()
    _watch(told, seen)
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    patterns = {base64.b64decode(key): name for key, name in json.load(sys.stdin).items()}
    sys.stdout.write(json.dumps(seen.answer(patterns)))


if __name__ == "__main__":
    main()
