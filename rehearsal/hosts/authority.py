"""The certificate authority that all hosts of this machine's rehearsals trust, and the certificates it gives out.

It is made once and kept in the cache, so that the image can be built once. Its key never leaves that folder.
"""

import datetime
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFE = datetime.timedelta(days=3650)
_RENEW = datetime.timedelta(days=60)
_LEAF_LIFE = datetime.timedelta(days=30)
_BACKDATED = datetime.timedelta(days=1)  # hosts whose clock was set back by a fault still trust it


@dataclass(frozen=True)
class Authority:
    """A certificate authority: its certificate (PEM) and key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(self, names: Sequence[str], certificate: Path, key: Path) -> None:
        """Write a server certificate for DNS `names`, valid for 30 days, with this authority after it, and its key."""
        leaf_key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(names[0], leaf_key, _LEAF_LIFE).issuer_name(self.certificate.subject)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        signed = builder.add_extension(alternatives, critical=False).sign(self.key, hashes.SHA256())
        write_private(key, _key_pem(leaf_key))
        certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + self.pem)


def load_or_make(folder: Path) -> Authority:
    """Return the authority kept in `folder`, made there (folder 0700, key 0600) if absent or about to expire."""
    certificate, key = folder / "ca.pem", folder / "ca.key"
    if certificate.exists() and key.exists():
        kept = _load(certificate, key)
        if kept.certificate.not_valid_after_utc - _now() > _RENEW:
            return kept
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = _make()
    write_private(key, _key_pem(made.key))
    certificate.write_bytes(made.pem)
    return made


def endpoint_names(region: str) -> list[str]:
    """Return the DNS names under which AWS services of `region` are called; a wildcard covers one label only."""
    stems = ["amazonaws.com", f"{region}.amazonaws.com", f"s3.{region}.amazonaws.com", "s3.amazonaws.com"]
    more = [f"{service}.{region}.amazonaws.com" for service in ("dualstack.s3", "s3-accesspoint", "dkr.ecr")]
    return [f"*.{stem}" for stem in [*stems, *more]]


def write_private(path: Path, content: bytes) -> None:
    """Write a file that its owner alone may read, from its first byte on."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def _load(certificate: Path, key: Path) -> Authority:
    loaded = serialization.load_pem_private_key(key.read_bytes(), password=None)
    if not isinstance(loaded, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{key} is not an elliptic curve key; delete {key.parent} to have a new authority made")
    return Authority(x509.load_pem_x509_certificate(certificate.read_bytes()), loaded)


def _make() -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder("Muster rehearsal authority", key, _LIFE)
    builder = builder.issuer_name(_name("Muster rehearsal authority"))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    signed = builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256())
    return Authority(signed, key)


def _builder(name: str, key: ec.EllipticCurvePrivateKey, life: datetime.timedelta) -> x509.CertificateBuilder:
    now = _now()
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + life)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
