"""The authority of a pair, which both nodes derive from the key that they share, and each node's certificate of it.

Nothing is exchanged between nodes: whoever has the pair's key makes the same authority, and nobody else does. The
authority's own key is in no file.
"""

import base64
import hmac
from pathlib import Path
from typing import Callable, List

from ..commands import run
from .config import names

LIFE = 3650
"""Days for which a certificate is valid; it is made anew when half of them are over."""
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order of the curve P-256 (FIPS 186-4, D.1.2.3)."""
_BEFORE, _AFTER = bytes.fromhex("30310201010420"), bytes.fromhex("a00a06082a8648ce3d030107")
"""What stands around the number in a key of that curve, in DER (RFC 5915, 3)."""
_NAME = "/CN=muster pair"
_MADE = ["openssl", "req", "-x509", "-new", "-sha256", "-days", str(LIFE)]
Runner = Callable[..., object]


def key(secret: bytes) -> str:
    """Return the authority's private key as PEM, the same for the same `secret`.

    512 bits of it are taken modulo the order, so that no number is more likely than another (FIPS 186-4, B.4.1).
    """
    bits = b"".join(hmac.new(secret, b"muster between 1 authority %d" % half, "sha256").digest() for half in (1, 2))
    number = int.from_bytes(bits, "big") % (_ORDER - 1) + 1
    text = base64.encodebytes(_BEFORE + number.to_bytes(32, "big") + _AFTER).decode("ascii")
    return f"-----BEGIN EC PRIVATE KEY-----\n{text}-----END EC PRIVATE KEY-----\n"


def authority(secret: bytes, runner: Runner = run) -> str:
    """Return the authority's certificate as PEM. Two of one secret differ, and each proves what the other signed."""
    says = _extensions("basicConstraints=critical,CA:TRUE,pathlen:0", "keyUsage=critical,keyCertSign")
    return _said(runner([*_MADE, "-key", "/dev/stdin", "-subj", _NAME, *says], given=key(secret)))


def certificate(secret: bytes, node: str, issuer: Path, runner: Runner = run) -> str:
    """Return a new key (EC P-256) of `node` and its certificate as PEM; `issuer` is the file of the authority's."""
    fresh = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    signed = ["-CA", str(issuer), "-CAkey", "/dev/stdin", "-keyout", "/dev/stdout", "-out", "/dev/stdout"]
    alternative = ",".join(f"DNS:{name}" for name in names(node))
    says = _extensions(
        "basicConstraints=critical,CA:FALSE",
        "keyUsage=critical,digitalSignature",
        "extendedKeyUsage=serverAuth,clientAuth",
        f"subjectAltName={alternative}",
    )
    return _said(runner([*_MADE, *fresh, *signed, "-subj", f"/CN={node}", *says], given=key(secret)))


def _extensions(*texts: str) -> List[str]:
    return [word for text in texts for word in ("-addext", text)]


def _said(done: object) -> str:
    return str(getattr(done, "stdout", ""))
