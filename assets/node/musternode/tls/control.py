"""The front's control socket: another certificate is put in use while connections stand live on.

haproxy Management Guide, "set ssl cert" and "commit ssl cert".
"""

import socket
from pathlib import Path

from ..failure import Failure
from .config import CREDENTIAL
from .front import UNIT

NAME = f"/run/credentials/{UNIT}/{CREDENTIAL}"
"""What the certificate is called that it began with: the path at which systemd has given it."""
WITHIN = 5.0


def renew(path: Path, pem: str, name: str = NAME) -> None:
    """Let the front at the socket `path` show the certificate in `pem` from now on; raises `Failure`."""
    _ask(path, f"set ssl cert {name} <<\n{pem.strip()}\n\n", "ransaction")
    _ask(path, f"commit ssl cert {name}\n", "Success")


def _ask(path: Path, text: str, wanted: str) -> None:
    """Give one command; what it is answered holds nothing of the key."""
    try:
        with socket.socket(socket.AF_UNIX) as way:
            way.settimeout(WITHIN)
            way.connect(str(path))
            way.sendall(text.encode("ascii"))
            answer = b"".join(iter(lambda: way.recv(4096), b"")).decode("ascii", "replace")
    except OSError as fault:
        raise Failure(f"the TLS front does not answer at {path}: {fault}") from None
    if wanted not in answer:
        said = " ".join(answer.split())[:200]
        raise Failure(f"the TLS front did not take its new certificate: {said or 'it said nothing'}")
