"""Which ports of a machine answer, as seen from a network namespace.

A SYN goes to every port. A machine that it reaches answers it, with SYN and ACK where somebody listens and with RST
elsewhere (RFC 9293 3.10.7); what a firewall drops stays silent. The kernel, which knows nothing of these SYNs, resets
what a listener has half opened, so that no program at the other end ever sees a connection.

A listener of UDP need not answer anything. So it is looked at the other end, too, what arrives there.
"""

import contextlib
import ctypes
import errno
import secrets
import select
import socket
import struct
import time
from collections.abc import Callable, Collection, Iterator

from rehearsal.netns import call_in

EVERY_PORT = range(1, 65536)
QUIET = 0.4
"""Seconds without an answer after which no more is waited for."""

_BATCH = 512  # SYNs between two looks at the answers: so many fit the queue of a link (netdev_max_backlog is 1000)
_SYN, _RST, _SYN_ACK = 0x02, 0x04, 0x12
_SEGMENT = struct.Struct("!HHIIBBHHH")  # RFC 9293 3.1, without options
_RECEIVE_BUFFER_FORCE = 33  # SO_RCVBUFFORCE, asm-generic/socket.h
_ECHO_REQUEST, _ECHO_REPLY = 8, 0
_IPV4 = 0x0800  # ETH_P_IP, linux/if_ether.h
_ATTACH_FILTER = 26  # SO_ATTACH_FILTER, asm-generic/socket.h
_LOAD_BYTE, _JUMP_IF_EQUAL, _RETURN = 0x30, 0x15, 0x06  # linux/filter.h: BPF_LD|BPF_B|BPF_ABS, BPF_JMP|BPF_JEQ, BPF_RET
_WHOLE = 0xFFFF

_libc = ctypes.CDLL(None, use_errno=True)


class _Piece(ctypes.Structure):
    """`struct iovec`, uio(3type)."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    """`struct msghdr`, sendmsg(2)."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("pieces", ctypes.c_void_p),
        ("pieces_length", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    """`struct mmsghdr`, sendmmsg(2): what is sent, and how much of it was."""

    _fields_ = (("header", _Header), ("sent", ctypes.c_uint32))


def tcp_answers(namespace: str, target: str, wanted: Collection[int] = ()) -> set[int]:
    """Return the TCP ports of `target` that answer, of all 65,535; those `wanted` are asked again if they do not.

    Takes a second or so. Raises `OSError`, `NamespaceError`.
    """

    def scan() -> set[int]:
        with _raw(socket.IPPROTO_TCP, target) as wire, _reserved(wire) as own:
            found = _sweep(wire, own, target, EVERY_PORT)
            if lost := sorted({*wanted} - found):
                found |= _sweep(wire, own, target, lost)
            return found

    return call_in(namespace, scan)


def udp_reached(
    namespace: str, target: str, ports: Collection[int], behind: str = "", patience: float = QUIET
) -> set[int]:
    """Return those of the UDP `ports` of `target` that are reached.

    These answer, by a datagram, or by ICMP that nobody listens; or what was sent arrives in the namespace `behind`,
    where that is known, whether somebody listens there in silence or nobody does.
    """
    mark = secrets.token_bytes(16)

    def scan() -> set[int]:
        with contextlib.ExitStack() as open_:
            asked = {port: open_.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for port in ports}
            for port, each in asked.items():
                each.connect((target, port))
                with contextlib.suppress(PermissionError):  # as in `_send`
                    each.send(mark)
            return _heard(asked, patience)

    if not behind:
        return call_in(namespace, scan)
    with call_in(behind, _datagrams) as wire:
        return call_in(namespace, scan) | (_arrived(wire, mark) & {*ports})


def echo_answers(namespace: str, target: str, patience: float = QUIET) -> bool:
    """Tell whether `target` answers an ICMP echo request (ping)."""

    def scan() -> bool:
        mark = secrets.randbits(16)  # another one each time: one that a firewall remembers would pass
        with _raw(socket.IPPROTO_ICMP, target) as wire:
            request = struct.pack("!BBHHH", _ECHO_REQUEST, 0, 0, mark, 1)
            with contextlib.suppress(PermissionError):  # as in `_send`
                wire.send(request[:2] + struct.pack("!H", checksum(request)) + request[4:])
            head = (_ECHO_REPLY, mark.to_bytes(2, "big"))
            return any(True for _ in _bodies(wire, patience, lambda body: (body[0], body[4:6]) == head))

    return call_in(namespace, scan)


def checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071) of an even number of bytes."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def segments(source: str, target: str, own: int, ports: Collection[int]) -> bytes:
    """Return a SYN from the port `own` to each of `ports`, one after the other, 20 bytes each.

    The sequence number takes up what the port adds to the checksum, which so is the same for all of them.
    """
    ends = socket.inet_aton(source) + socket.inet_aton(target)
    model = _SEGMENT.pack(own, 0, 0xFFFF, 0, 5 << 4, _SYN, 1024, 0, 0)
    sum_ = checksum(ends + struct.pack("!HH", socket.IPPROTO_TCP, len(model)) + model)
    return b"".join(_SEGMENT.pack(own, p, 0xFFFF - p, 0, 5 << 4, _SYN, 1024, sum_, 0) for p in ports)


@contextlib.contextmanager
def _raw(protocol: int, target: str) -> Iterator[socket.socket]:
    """Yield a raw socket that sends to `target` alone and hears nothing but it."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol) as wire:
        wire.setsockopt(socket.SOL_SOCKET, _RECEIVE_BUFFER_FORCE, 8 << 20)
        wire.connect((target, 0))
        yield wire


@contextlib.contextmanager
def _reserved(wire: socket.socket) -> Iterator[int]:
    """Yield a port of this side that no program's connection has, nor gets meanwhile."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as holder:
        holder.bind((wire.getsockname()[0], 0))
        yield holder.getsockname()[1]


def _sweep(wire: socket.socket, own: int, target: str, ports: Collection[int]) -> set[int]:
    """Send a SYN to each of `ports` and return those that answer."""
    data = segments(wire.getsockname()[0], target, own, ports)
    found: set[int] = set()
    for first in range(0, len(data), _BATCH * _SEGMENT.size):
        _send(wire, data[first : first + _BATCH * _SEGMENT.size])
        found |= _answered(wire, own, 0.0)
    return found | _answered(wire, own, QUIET)


def _send(wire: socket.socket, data: bytes) -> None:
    """Send segments of 20 bytes with few calls of the kernel. Raises `OSError`.

    Where the rules that forbid one stand with the sender, as a router's do for what it says itself, it is told so
    (EPERM) of the first of what is left: that one has no answer, and the others are sent.
    """
    count, store = len(data) // _SEGMENT.size, ctypes.create_string_buffer(data, len(data))
    start, size, step = ctypes.addressof(store), _SEGMENT.size, ctypes.sizeof(_Piece)
    pieces = (_Piece * count)(*[_Piece(start + n * size, size) for n in range(count)])
    place = ctypes.addressof(pieces)
    messages = (_Message * count)(*[_Message(_Header(None, 0, place + n * step, 1)) for n in range(count)])
    done = 0
    while done < count:
        sent = _libc.sendmmsg(wire.fileno(), ctypes.byref(messages, done * ctypes.sizeof(_Message)), count - done, 0)
        if sent < 0 and ctypes.get_errno() != errno.EPERM:
            raise OSError(ctypes.get_errno(), "sendmmsg")
        done += 1 if sent < 0 else sent


def _answered(wire: socket.socket, own: int, patience: float) -> set[int]:
    """Return the ports from which an answer to `own` has come, up to `patience` seconds after the last one."""

    def is_answer(body: bytes) -> bool:
        (to,) = struct.unpack_from("!H", body, 2)
        return to == own and bool(body[13] & _RST or body[13] & _SYN_ACK == _SYN_ACK)

    return {int.from_bytes(body[:2], "big") for body in _bodies(wire, patience, is_answer)}


def _bodies(wire: socket.socket, patience: float, counts: Callable[[bytes], bool]) -> Iterator[bytes]:
    """Yield what packets hold after their IPv4 header (RFC 791), if it `counts`, until `patience` seconds bring none.

    The machines have more to say to each other: a raw socket hears all of it, and it never ends.
    """
    until = time.monotonic() + patience
    while select.select([wire], [], [], max(0.0, until - time.monotonic()))[0]:
        packet = wire.recv(2048)
        body = packet[(packet[0] & 15) * 4 :]
        if counts(body):
            yield body
            until = time.monotonic() + patience
        elif patience and time.monotonic() > until:
            return


def _datagrams() -> socket.socket:
    """Return a socket that hears every UDP datagram of IPv4 that comes to the namespace (packet(7)).

    The kernel leaves out all else, of which other scans send so much that there would be no room for it.
    """
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_IPV4))
    program = struct.pack(
        "HBBI" * 4,
        *(_LOAD_BYTE, 0, 0, 9),  # the protocol (RFC 791)
        *(_JUMP_IF_EQUAL, 0, 1, socket.IPPROTO_UDP),
        *(_RETURN, 0, 0, _WHOLE),
        *(_RETURN, 0, 0, 0),
    )
    store = ctypes.create_string_buffer(program, len(program))
    try:
        wire.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, struct.pack("HL", 4, ctypes.addressof(store)))
        wire.setblocking(False)
    except OSError:
        wire.close()
        raise
    return wire


def _arrived(wire: socket.socket, mark: bytes) -> set[int]:
    """Return the ports for which datagrams with this content have come."""
    found = set()
    with contextlib.suppress(BlockingIOError):
        while True:
            packet, about = wire.recvfrom(2048)
            body = packet[(packet[0] & 15) * 4 :]
            if about[2] != socket.PACKET_OUTGOING and body[8 : 8 + len(mark)] == mark:
                found.add(int.from_bytes(body[2:4], "big"))
    return found


def _heard(asked: dict[int, socket.socket], patience: float) -> set[int]:
    heard: set[int] = set()
    until = time.monotonic() + patience
    while len(heard) < len(asked):
        waiting = {each: port for port, each in asked.items() if port not in heard}
        ready = select.select(list(waiting), [], [], max(0.0, until - time.monotonic()))[0]
        if not ready:
            break
        heard |= {waiting[each] for each in ready}  # a datagram, or ECONNREFUSED (udp(7)): either is an answer
    return heard
