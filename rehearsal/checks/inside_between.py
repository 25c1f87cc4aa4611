"""Runs inside a host: comes to the other node's front with one thing after the other, and prints what came of each.

Standard input is JSON: `name`, `other`, `own` and `address` (theirs), `port` (the front's), `plain` (a port behind it).
Each line of the output is JSON: `brought`, `outcome`, `version`. Python 3.10, standard library.
"""

import json
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

KEPT = Path("/etc/muster/between")
WITHIN = 3.0
CHALLENGE = 32
"""Bytes that whoever comes to the peer port is told first."""
HELLO = b"\0\0\0\x06\0\0\0\x14"
"""How H2's driver begins."""
ALERT = b"\x15"
"""How a record begins in which TLS says no (RFC 8446, 5.1)."""
SOURCE = 61022
"""A port from which the kernel asks for nobody."""
PAST = f"""\
table ip muster_probe
delete table ip muster_probe
table ip muster_probe {{
  chain out {{
    type filter hook output priority -300; policy accept;
    tcp sport {SOURCE} notrack
  }}
}}
"""
"""What is not tracked is not translated (nft(8), "notrack"): it goes past the rules that lead to the front."""


def read(made: socket.socket) -> str:
    """Return what a connection says of whoever made it."""
    try:
        heard = b""
        while len(heard) < CHALLENGE:
            piece = made.recv(CHALLENGE)
            if not piece:
                break
            heard += piece
    except TimeoutError:
        return "silent"
    except OSError:
        return "turned away"
    return "turned away" if not heard or heard.startswith(ALERT) else "let in"


def plainly(order: Mapping[str, Any]) -> tuple[str, str]:
    """Speak as H2's driver does."""
    with socket.create_connection((order["address"], order["port"]), timeout=WITHIN) as made:
        made.sendall(HELLO)
        return read(made), ""


def by_tls(order: Mapping[str, Any], pem: Path | None) -> tuple[str, str]:
    """Speak TLS with the certificate and key in `pem`, if there is one; the other's must be the authority's."""
    context = ssl.create_default_context(cafile=str(KEPT / "authority.pem"))
    if pem:
        context.load_cert_chain(str(pem))
    name = f"questions.{order['other']}"
    try:
        plain = socket.create_connection((order["address"], order["port"]), timeout=WITHIN)
        with plain, context.wrap_socket(plain, server_hostname=name) as made:
            return read(made), made.version() or ""
    except TimeoutError:
        return "silent", ""
    except OSError:
        return "turned away", ""


def past(order: Mapping[str, Any]) -> tuple[str, str]:
    """Come to the plain port past this node's own rules."""
    made = socket.socket()
    made.settimeout(WITHIN)
    subprocess.run(["nft", "-f", "-"], input=PAST, text=True, check=True)
    try:
        made.bind((order["own"], SOURCE))
        made.connect((order["address"], order["plain"]))
    except TimeoutError:
        return "silent", ""
    except ConnectionRefusedError:
        return "turned away", ""
    else:
        return "let in", ""
    finally:
        made.close()
        subprocess.run(["nft", "delete", "table", "ip", "muster_probe"], check=True)


def stranger(order: Mapping[str, Any], folder: Path) -> Path:
    """Return the file of a certificate that bears this node's name, of an authority of its own."""
    file = folder / "stranger.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    says = ["-subj", f"/CN={order['name']}", "-keyout", str(file), "-out", str(folder / "certificate.pem")]
    subprocess.run([*made, *says], check=True, capture_output=True)
    file.write_text(file.read_text() + (folder / "certificate.pem").read_text())
    return file


def main() -> None:
    """Try everything and say what came of it."""
    order = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as made:
        tries: Mapping[str, Callable[[], tuple[str, str]]] = {
            "its own": lambda: by_tls(order, KEPT / "node.pem"),
            "no certificate": lambda: by_tls(order, None),
            "a stranger's certificate": lambda: by_tls(order, stranger(order, Path(made))),
            "plain text": lambda: plainly(order),
            "past it": lambda: past(order),
        }
        for brought, come in tries.items():
            outcome, version = come()
            line = json.dumps({"brought": brought, "outcome": outcome, "version": version})
            sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
