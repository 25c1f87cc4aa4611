"""The security policies of HTTPS listeners that know no TLS below 1.2. Pure.

Source: ELB guide, "Security policies for your Application Load Balancer". Those with PQ in their names add a key
exchange to what their namesakes have; the rehearsal offers what both share.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from rehearsal.balancer.model import BalancerError

_ALL_SUITES: Final = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")


@dataclass(frozen=True)
class TlsPolicy:
    """TLS versions as haproxy writes them, the ciphers of TLS 1.2 and the suites of TLS 1.3."""

    lowest: str
    highest: str
    ciphers: tuple[str, ...] = ()
    suites: tuple[str, ...] = ()


def _pairs(*endings: str) -> tuple[str, ...]:
    return tuple(f"ECDHE-{key}-{ending}" for ending in endings for key in ("ECDSA", "RSA"))


_RESTRICTED: Final = _pairs("AES128-GCM-SHA256", "AES256-GCM-SHA384")
_FORWARD: Final = _pairs("AES128-GCM-SHA256", "AES128-SHA256", "AES256-GCM-SHA384", "AES256-SHA384")
_STATIC: Final = ("AES128-GCM-SHA256", "AES128-SHA256", "AES256-GCM-SHA384", "AES256-SHA256")
_FORWARD_SHA1: Final = _pairs("AES128-SHA", "AES256-SHA")
_EVERY: Final = _FORWARD + _FORWARD_SHA1 + _STATIC + ("AES128-SHA", "AES256-SHA")

_KINDS: Final = {"": _FORWARD, "-Res": _RESTRICTED, "-Ext1": _FORWARD + _STATIC, "-Ext2": _EVERY}
_FIPS_KINDS: Final = {**_KINDS, "-Ext0": _FORWARD + _FORWARD_SHA1}
_OLDER: Final = {
    "TLS-1-2-2017-01": _FORWARD + _STATIC,
    "TLS-1-2-Ext-2018-06": _EVERY,
    "FS-1-2-2019-08": _FORWARD + _FORWARD_SHA1,
    "FS-1-2-Res-2019-08": _FORWARD,
    "FS-1-2-Res-2020-10": _RESTRICTED,
}


def _newer(
    kinds: Mapping[str, tuple[str, ...]], suites: tuple[str, ...], *endings: str
) -> Iterator[tuple[str, TlsPolicy]]:
    """Yield the policies that have TLS 1.3, alone and with TLS 1.2."""
    for ending in endings:
        yield f"TLS13-1-3-{ending}", TlsPolicy("TLSv1.3", "TLSv1.3", (), suites)
        for kind, ciphers in kinds.items():
            yield f"TLS13-1-2{kind}-{ending}", TlsPolicy("TLSv1.2", "TLSv1.3", ciphers, suites)


POLICIES: Final[Mapping[str, TlsPolicy]] = {
    f"ELBSecurityPolicy-{name}": policy
    for name, policy in (
        *_newer(_KINDS, _ALL_SUITES, "2021-06", "PQ-2025-09"),
        *_newer(_FIPS_KINDS, _ALL_SUITES[:2], "FIPS-2023-04", "FIPS-PQ-2025-09"),
        *((name, TlsPolicy("TLSv1.2", "TLSv1.2", ciphers)) for name, ciphers in _OLDER.items()),
    )
}
"""By name, as DescribeListeners gives it."""


def tls_policy(name: str, where: str) -> TlsPolicy:
    """Return the policy of that name; raises `BalancerError` with `where` and the name for any other."""
    if name not in POLICIES:
        raise BalancerError(f"{where}: TLS policy {name} is not rehearsed, only those without TLS 1.0 and 1.1")
    return POLICIES[name]


def bind_options(policy: TlsPolicy) -> str:
    """Return what stands behind `ssl` on a `bind` line, with the space before it."""
    words = [f"ssl-min-ver {policy.lowest}", f"ssl-max-ver {policy.highest}"]
    words += [f"ciphers {':'.join(policy.ciphers)}"] if policy.ciphers else []
    words += [f"ciphersuites {':'.join(policy.suites)}"] if policy.suites else []
    return "".join(f" {word}" for word in words)
