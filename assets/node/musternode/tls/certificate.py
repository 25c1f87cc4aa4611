"""The front's certificate: made on the node, signed by itself, and made anew in time.

Nobody checks it but the node itself: an Application Load Balancer takes any from a target.
"""

import re
import ssl
from typing import Callable

from ..commands import run
from ..failure import Failure

LIFE = 730
"""Days for which one is valid; it is made anew when half of them are over."""
_CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n")
_SECONDS = 86_400
Runner = Callable[..., object]


def make(node: str, days: int = LIFE, runner: Runner = run) -> str:
    """Return a new key (EC P-256) and its certificate for the name `node`, as PEM; the key has been in no file."""
    request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    says = ["-sha256", "-days", str(days), "-subj", f"/CN={node}", "-addext", "basicConstraints=critical,CA:FALSE"]
    done = runner([*request, *says, "-keyout", "/dev/stdout", "-out", "/dev/stdout"])
    return str(getattr(done, "stdout", ""))


def aged(pem: str, days: int = LIFE, runner: Runner = run) -> bool:
    """Return whether half of the certificate's life is over."""
    left = ["openssl", "x509", "-noout", "-checkend", str(days * _SECONDS // 2)]
    return bool(getattr(runner(left, given=alone(pem), good=(0, 1)), "returncode", 0))


def alone(pem: str) -> str:
    """Return the certificate in `pem` without its key; raises `Failure` if there is none."""
    found = _CERTIFICATE.search(pem)
    if found is None:
        raise Failure("the front's file of certificate and key holds no certificate")
    return found.group(0)


def der(pem: str) -> bytes:
    """Return the certificate in `pem` as a handshake shows it."""
    return ssl.PEM_cert_to_DER_cert(alone(pem))
