"""The VPC's resolver, by UDP and TCP."""

import logging
import socket
import socketserver
import struct
from typing import cast

from rehearsal.netns import socket_in
from rehearsal.network import dns_message
from rehearsal.network.dns_message import Rcode
from rehearsal.network.names import Resolve
from rehearsal.network.serving import Serving, adopt

_log = logging.getLogger(__name__)
_PORT = 53
_PATIENCE = 5.0  # seconds that a TCP client may take for a query


def respond(message: bytes, resolve: Resolve, limit: int) -> bytes | None:
    """Return the answer to the query `message`, at most `limit` bytes; None where none is due.

    A name that `resolve` knows has addresses and nothing else, so other types (AAAA) get an empty answer, not
    NXDOMAIN: that would deny the name as a whole (RFC 2308).
    """
    try:
        query = dns_message.parse(message)
    except dns_message.MalformedError:
        return dns_message.malformed(message)
    if (refused := dns_message.refusal(query)) is not None:
        return dns_message.answer(query, refused, [])
    try:
        addresses = resolve(query.name)
    except Exception:
        _log.exception("resolver failed on %s", query.name)
        return dns_message.answer(query, Rcode.SERVFAIL, [])
    if addresses is None:
        return dns_message.answer(query, Rcode.NXDOMAIN, [])
    return dns_message.answer(query, Rcode.NOERROR, addresses if query.is_address else [], limit)


class _Udp(socketserver.UDPServer):
    """UDP server that knows the resolver."""

    resolve: Resolve


class _Tcp(socketserver.ThreadingTCPServer):
    """TCP server that knows the resolver."""

    daemon_threads = True
    resolve: Resolve

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients may leave whenever they like."""
        _log.debug("DNS client %s %s", client_address, request, exc_info=True)


class _Datagram(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        """Answer one datagram."""
        message, back = self.request
        if reply := respond(message, cast("_Udp", self.server).resolve, dns_message.UDP_LIMIT):
            back.sendto(reply, self.client_address)


class _Stream(socketserver.StreamRequestHandler):
    timeout = _PATIENCE

    def handle(self) -> None:
        """Answer the queries of one connection, each with its length before it (RFC 1035 4.2.2)."""
        while len(prefix := self.rfile.read(2)) == 2:
            message = self.rfile.read(struct.unpack(">H", prefix)[0])
            reply = respond(message, cast("_Tcp", self.server).resolve, 65535)
            if reply is None:
                return
            self.wfile.write(struct.pack(">H", len(reply)) + reply)


class DnsServer:
    """The resolver on `address`:53 of a namespace, from now until `close`."""

    def __init__(self, namespace: str, address: str, resolve: Resolve) -> None:
        udp = _Udp((address, _PORT), _Datagram, bind_and_activate=False)
        tcp = _Tcp((address, _PORT), _Stream, bind_and_activate=False)
        udp.resolve = tcp.resolve = resolve
        adopt(udp, socket_in(namespace, socket.SOCK_DGRAM, (address, _PORT)))
        adopt(tcp, socket_in(namespace, socket.SOCK_STREAM, (address, _PORT)))
        self._serving = Serving(udp), Serving(tcp)

    def close(self) -> None:
        """Stop answering."""
        for serving in self._serving:
            serving.close()
