"""The configuration of a front: haproxy as a TLS terminator that reads nothing of what it passes on. Pure.

It is the distribution's: 2.6 on Debian 12, on Amazon Linux 2023 2.8 and from its release 2023.8 on 3.0. An Application
Load Balancer speaks to targets by its policies ELBSecurityPolicy-2016-08 or -TLS13-1-0-2021-06, which have these suites
(ELB User Guide, "Security policies").
"""

from typing import List

from .front import Front

CREDENTIAL = "front.pem"
"""The name under which systemd gives the front its certificate and key."""
QUIET = "75m"
"""For which a connection may be quiet: longer than a balancer keeps any, 4000 s (ELB User Guide, "Edit attributes").

A front that ended one before the balancer did would let a request go astray.
"""
_SUITES = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305"
_SUITES_13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"


def configuration(front: Front, socket: str) -> str:
    """Return the file's text.

    The product is connected to once the first byte has come: a look at the certificate alone costs it nothing.
    """
    return "\n".join([*_global(front, socket), *_defaults(), *_way_in(front), *_way_on(front)]) + "\n"


def _global(front: Front, socket: str) -> List[str]:
    return [
        "global",
        "  log stdout format raw daemon notice",
        f"  maxconn {front.connections}",
        "  no strict-limits",  # a machine that allows fewer files takes fewer connections, and serves
        f"  stats socket {socket} mode 600 level admin",
        "  ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets",
        f"  ssl-default-bind-ciphers {_SUITES}",
        f"  ssl-default-bind-ciphersuites {_SUITES_13}",
    ]


def _defaults() -> List[str]:
    return [
        "defaults",
        "  mode tcp",
        "  option clitcpka",
        "  option srvtcpka",
        "  timeout connect 5s",
        f"  timeout client {QUIET}",
        f"  timeout server {QUIET}",
        "  timeout client-fin 60s",
        "  timeout server-fin 60s",
    ]


def _way_in(front: Front) -> List[str]:
    return [
        "frontend balancer",
        f"  maxconn {front.connections}",
        f'  bind {front.address}:{front.port} ssl crt "${{CREDENTIALS_DIRECTORY}}/{CREDENTIAL}" alpn http/1.1',
        f"  tcp-request inspect-delay {QUIET}",
        "  tcp-request content accept if { req.len gt 0 }",
        "  default_backend product",
    ]


def _way_on(front: Front) -> List[str]:
    place = f"{front.address}:{front.plain}"
    lines = ["backend product", "  balance leastconn"]
    if not front.sources:
        return [*lines, f"  server product {place}"]
    return [*lines, *(f"  server from-{source} {place} source {source}" for source in front.sources)]
