"""What a front shows to whoever connects: its certificate, once it has proved to have the key."""

import socket
import ssl
from pathlib import Path
from typing import Optional

from ..failure import Failure
from . import certificate

WITHIN = 1.0
"""Seconds until a handshake must be complete."""


def shown(address: str, port: int, within: float = WITHIN) -> Optional[bytes]:
    """Return the certificate that is shown at `address`:`port` in TLS 1.2 or later, None if no handshake completes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # it is compared with the node's own, which says more
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        with socket.create_connection((address, port), timeout=within) as plain, context.wrap_socket(plain) as tls:
            return tls.getpeercert(binary_form=True)
    except OSError:
        return None


def hindrance(address: str, port: int, file: Path) -> str:
    """Return why the front at `address`:`port` takes no users, empty if it shows the certificate in `file`."""
    found = shown(address, port)
    if found is None:
        return f"the TLS front completes no handshake at port {port}"
    try:
        own = certificate.der(file.read_text())
    except (OSError, Failure):
        return f"the certificate of the TLS front is not in {file}"
    return "" if found == own else f"port {port} shows another certificate than this node's"
