"""What the tests of wires and balancer share: certificates, a VPC, policies, and one word for how a connection went."""

import datetime
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rehearsal.netns import connect_in
from rehearsal.network import InterfacePolicy, Network, Resolve, SecurityGroup, ServerCertificate, security_group

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CIDR = "10.64.0.0/20"
_NAMES = ("*.amazonaws.com", "*.eu-west-1.amazonaws.com", "*.s3.amazonaws.com", "*.s3.eu-west-1.amazonaws.com")
ALL = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]


def certificate(folder: Path, *names: str) -> ServerCertificate:
    """Make a self-signed certificate for `names`; it is its own CA file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    cert_path, key_path = folder / "cert.pem", folder / "key.pem"
    cert_path.write_bytes(made.public_bytes(pem))
    key_path.write_bytes(secret)
    return ServerCertificate(cert_path, key_path)


def nobody(_environ: "WSGIEnvironment", start: "StartResponse") -> list[bytes]:
    """Answer 204 to everything."""
    start("204 No Content", [])
    return []


def unknown(_name: str) -> list[str] | None:
    """Know no name."""
    return None


@contextmanager
def vpc(folder: Path, *, app: "WSGIApplication" = nobody, resolve: Resolve = unknown) -> Iterator[Network]:
    """Run a network of an own VPC id for the time of the block."""
    network = Network(
        vpc_id=f"vpc-{uuid.uuid4().hex[:17]}",
        cidr=CIDR,
        host_app=app,
        certificate=certificate(folder, *_NAMES),
        resolve=resolve,
    )
    network.up()
    try:
        yield network
    finally:
        network.close()


def guest(network: Network, address: str, kind: str = "h") -> str:
    """Attach a guest of a new name, in a subnet of 256 addresses, and return the name."""
    namespace = f"mu-{kind}-{uuid.uuid4().hex[:8]}"
    network.attach(namespace, address, f"{address.rpartition('.')[0]}.0/24")
    return namespace


def group(name: str, ingress: list[dict[str, Any]], egress: list[dict[str, Any]] | None = None) -> SecurityGroup:
    """Make a security group from EC2's own description; all egress unless told otherwise."""
    description = {"GroupId": name, "IpPermissions": ingress, "IpPermissionsEgress": ALL if egress is None else egress}
    return security_group(description)


def tcp(port: int, *, groups: tuple[str, ...] = (), cidrs: tuple[str, ...] = ()) -> dict[str, Any]:
    """One permission of one TCP port, as EC2 describes it."""
    return {
        "IpProtocol": "tcp",
        "FromPort": port,
        "ToPort": port,
        "IpRanges": [{"CidrIp": cidr} for cidr in cidrs],
        "UserIdGroupPairs": [{"GroupId": name} for name in groups],
    }


def interface(namespace: str, address: str, *groups: SecurityGroup, way_out: bool = True) -> InterfacePolicy:
    """Make the policy of one interface."""
    return InterfacePolicy(namespace, address, groups, way_out)


def attempt(namespace: str, address: str, port: int, *, patience: float = 0.4) -> str:
    """Return `open`, `refused` (a RST came), `silent` (nothing came within `patience` seconds) or the error's name."""
    try:
        connect_in(namespace, (address, port), patience).close()
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "silent"
    except OSError as error:
        return type(error).__name__
    return "open"
