"""The metadata service of version 1, for the product's Unix user alone, on loopback of an instance that requires 2.

Hazelcast 3.12 and 4.2 ask for zone and credentials without a session token (hazelcast-aws 2.4 and 3.4, AwsMetadataApi).
The kernel leads that user's packets for the metadata service here (`rules`); nobody else gets in. Nothing is answered
but the zone, and the credentials of the discovery role, which may do nothing but look for members: those of the
instance's own role stay out of the product's reach.
"""

import datetime
import http.client
import json
import logging
import os
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Mapping, Optional, Sequence, Tuple

from .. import files, notify
from ..commands import run as run_command
from ..failure import Failure
from ..guard import BRIDGE_FILE, BRIDGE_TABLE
from ..paths import Paths

log = logging.getLogger(__name__)
METADATA = "169.254.169.254"
PORT = 9182
"""The bridge's port on 127.0.0.1."""
ROLE_NAME = "muster-discovery"
"""What the discovery role is called here: its own name is nothing to the engine."""
ZONE = "/latest/meta-data/placement/availability-zone"
CREDENTIALS = "/latest/meta-data/iam/security-credentials"
RENEWED_BEFORE = 900.0
"""Seconds before their end at which credentials are renewed, as the metadata service renews them."""
PATIENCE = 2.0


@dataclass(frozen=True)
class Credentials:
    """Temporary credentials; `expiration` is in seconds since 1970."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    token: str = field(repr=False)
    expiration: float

    def document(self) -> str:
        """Return them as the metadata service writes them: old clients take that apart by pattern."""
        until = datetime.datetime.fromtimestamp(self.expiration, datetime.timezone.utc)
        value = {
            "Code": "Success",
            "LastUpdated": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "Type": "AWS-HMAC",
            "AccessKeyId": self.access_key_id,
            "SecretAccessKey": self.secret_access_key,
            "Token": self.token,
            "Expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        return json.dumps(value, indent=2, separators=(",", " : "))


class Bridge:
    """Answers what is asked; `assume` takes the discovery role, `zone` asks the metadata service of version 2."""

    def __init__(
        self, assume: Callable[[], Credentials], zone: Callable[[], str], clock: Callable[[], float] = time.time
    ) -> None:
        self._assume = assume
        self._zone = zone
        self._clock = clock
        self._kept: Optional[Credentials] = None
        self._lock = threading.Lock()

    def answer(self, path: str) -> Tuple[int, str]:
        """Return status and body for a GET of `path`."""
        plain = path.split("?", 1)[0].rstrip("/")
        try:
            if plain == ZONE:
                return 200, self._zone()
            if plain == CREDENTIALS:
                return 200, ROLE_NAME
            if plain == f"{CREDENTIALS}/{ROLE_NAME}":
                return 200, self.credentials().document()
        except Exception as fault:
            log.error("%s was not answered: %s", plain, fault)  # noqa: TRY400 - the sentence is the message
            return 503, "not available"
        return 404, "not found"

    def credentials(self) -> Credentials:
        """Return credentials of the discovery role that live for a while, or those that still live if it has no others.

        Raises what the taking of the role raised.
        """
        with self._lock:
            left = self._kept.expiration - self._clock() if self._kept else 0.0
            if self._kept is None or left < RENEWED_BEFORE:
                try:
                    self._kept = self._assume()
                except Exception as fault:
                    if self._kept is None or left <= 0:
                        raise
                    log.warning("credentials that end in %.0f s were not renewed: %s", left, fault)
            return self._kept


def serve(bridge: Bridge, port: int = PORT) -> ThreadingHTTPServer:
    """Serve `bridge` on 127.0.0.1 in the background."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def do_GET(self) -> None:
            status, text = bridge.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing: what is answered are credentials."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="bridge", daemon=True).start()
    return server


def rules(user: str, port: int = PORT) -> str:
    """Return the nftables rules that lead the packets of `user` for the metadata service to the bridge, and no others'.

    The table is made anew as a whole, so that giving the rules twice changes nothing.
    """
    return f"""\
table ip {BRIDGE_TABLE}
delete table ip {BRIDGE_TABLE}
table ip {BRIDGE_TABLE} {{
  chain lead {{
    type nat hook output priority -100; policy accept;
    meta skuid "{user}" ip daddr {METADATA} tcp dport 80 redirect to :{port}
  }}
  chain keep {{
    type filter hook output priority 0; policy accept;
    meta skuid "{user}" ip daddr {METADATA} reject
    oifname "lo" tcp dport {port} meta skuid != "{user}" reject
  }}
}}
"""


def zone() -> str:
    """Return the instance's availability zone, asked with a session token. Raises `OSError`, `Failure`."""
    connection = http.client.HTTPConnection(METADATA, 80, timeout=PATIENCE)
    try:
        token = _asked(connection, "PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"})
        return _asked(connection, "GET", ZONE, {"X-aws-ec2-metadata-token": token})
    finally:
        connection.close()


def _asked(connection: http.client.HTTPConnection, method: str, path: str, headers: Mapping[str, str]) -> str:
    connection.request(method, path, headers=dict(headers))
    answer = connection.getresponse()
    text = answer.read(65536).decode("ascii", "replace")
    if answer.status != http.client.OK:
        raise Failure(f"the metadata service answered {answer.status} to {method} {path}")
    return text


def assumed(role: str, region: str, node: str) -> Credentials:
    """Return credentials of `role`, taken by the instance's own role at the region's STS for an hour."""
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})
    os.environ["AWS_STS_REGIONAL_ENDPOINTS"] = "regional"  # boto3 of Debian 12 would ask the one in us-east-1
    client: Any = boto3.client("sts", region_name=region, config=config)
    # a session's name has two characters at least (STS API, AssumeRole)
    given = client.assume_role(RoleArn=role, RoleSessionName=f"muster-{node}", DurationSeconds=3600)["Credentials"]
    expiration = given["Expiration"].timestamp()
    return Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], expiration)


def run(arguments: Sequence[str], paths: Paths) -> int:
    """Serve ROLE REGION NODE until the process ends, or with `rules USER` load the rules; raises `Failure`.

    The rules are kept in a file, from which the member gives them again when they are gone.
    """
    if len(arguments) == 2 and arguments[0] == "rules":
        file = paths.etc / BRIDGE_FILE
        files.write(file, rules(arguments[1]).encode("ascii"), mode=0o600)
        run_command(["nft", "--file", str(file)])
        return 0
    if len(arguments) != 3:
        raise Failure("usage: musternode bridge ROLE REGION NODE | bridge rules USER")
    role, region, node = arguments
    serve(Bridge(lambda: assumed(role, region, node), zone))
    log.info("answers for the role %s at 127.0.0.1 port %s", role, PORT)
    notify.say("READY=1")
    while True:
        time.sleep(3600)
