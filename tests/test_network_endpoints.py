"""The AWS endpoints as hosts see them: real TLS, real clients, from the visitor."""

import hashlib
import json
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rehearsal import netns
from rehearsal.network import Network, names_of
from tests.network_support import vpc

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

pytestmark = pytest.mark.host


def mirror(environ: "WSGIEnvironment", start: "StartResponse") -> list[bytes]:
    """Tell what arrived."""
    body = environ["wsgi.input"].read()
    seen = {
        "raw": environ["RAW_URI"],
        "scheme": environ["wsgi.url_scheme"],
        "host": environ["HTTP_HOST"],
        "method": environ["REQUEST_METHOD"],
        "length": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    start("200 OK", [("Content-Type", "application/json"), ("X-Seen", json.dumps(seen)), ("ETag", '"x"')])
    # A client of S3 takes a body that is not XML for an error.
    return [] if "HTTP_AUTHORIZATION" in environ else [json.dumps(seen).encode()]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """Run a VPC whose endpoints mirror."""
    with vpc(tmp_path_factory.mktemp("tls"), app=mirror, resolve=names_of(dict)) as running:
        yield running


def run(network: Network, *command: str) -> str:
    """Return the output of a program run in the visitor."""
    inside = ["ip", "netns", "exec", network.visitor.namespace, *command]
    done = subprocess.run(inside, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def curl(network: Network, *arguments: str) -> str:
    """Return what curl in the visitor prints, the endpoints' certificate trusted."""
    return run(network, "curl", "-sS", "--max-time", "10", "--cacert", str(network._certificate.cert_path), *arguments)


def test_the_target_arrives_as_it_was_signed(network: Network) -> None:
    seen = json.loads(curl(network, "--path-as-is", "https://bucket.s3.amazonaws.com/a%2Fb//c+d?x=%20&y"))
    assert seen["raw"] == "/a%2Fb//c+d?x=%20&y"
    assert seen["host"] == "bucket.s3.amazonaws.com"
    assert seen["scheme"] == "https"


@pytest.mark.parametrize("more", [[], ["-H", "Expect: 100-continue"], ["-H", "Transfer-Encoding: chunked"]])
def test_a_large_body_arrives_whole(network: Network, tmp_path: Path, more: list[str]) -> None:
    file = tmp_path / "body"
    file.write_bytes(bytes(range(256)) * 40_000)
    seen = json.loads(curl(network, *more, "-T", str(file), "https://s3.amazonaws.com/b/k"))
    assert (seen["length"], seen["sha256"]) == (10_240_000, hashlib.sha256(file.read_bytes()).hexdigest())


def test_continue_is_said_once(network: Network) -> None:
    shown = curl(network, "-i", "-H", "Expect: 100-continue", "-d", "x", "https://s3.amazonaws.com/")
    assert shown.count("100 Continue") == 1


def test_a_put_with_an_empty_content_type_and_no_body_is_served(network: Network) -> None:
    seen = json.loads(
        curl(network, "-X", "PUT", "-H", "Content-Type;", "https://s3.amazonaws.com/w?Signature=a%2Bb%3D")
    )
    assert (seen["method"], seen["length"]) == ("PUT", 0)


BOTO = """
import boto3, botocore.config, sys
s3 = boto3.client("s3", region_name="eu-west-1", aws_access_key_id="A", aws_secret_access_key="B", verify=sys.argv[1])
answer = s3.put_object(Bucket="bucket", Key="a b/c", Body=b"x" * 3_000_000)
print(answer["ResponseMetadata"]["HTTPHeaders"]["x-seen"])
"""


def test_boto3_uploads_with_its_own_headers(network: Network) -> None:
    seen = json.loads(run(network, sys.executable, "-c", BOTO, str(network._certificate.cert_path)))
    assert seen["raw"] == "/a%20b/c"
    assert seen["length"] >= 3_000_000


def test_a_client_that_stalls_in_its_handshake_stalls_itself_only(network: Network) -> None:
    with netns.connect_in(network.visitor.namespace, ("198.51.100.10", 443), 2):
        start = time.monotonic()
        curl(network, "https://sts.amazonaws.com/")
        assert time.monotonic() - start < 5


def test_a_client_without_the_authority_refuses(network: Network) -> None:
    with (
        netns.connect_in(network.visitor.namespace, ("198.51.100.10", 443), 2) as client,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        ssl.create_default_context().wrap_socket(client, server_hostname="s3.amazonaws.com")
