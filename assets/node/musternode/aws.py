"""The node's calls to AWS; a refusal becomes the sentence that names the statement which is needed.

boto3 is imported on the first call: the install stage brings it.
"""

import hashlib
import json
import math
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Dict, TypeVar

from .failure import Failure

T = TypeVar("T")
SETTLING = 30.0
"""Seconds for which a denial may be a policy not known everywhere yet (IAM User Guide: eventual consistency)."""
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403", "Forbidden"}
_REASONS = (
    ("explicit deny", "a policy denies its role"),
    ("permissions boundary", "its role's permission boundary does not allow"),
    ("VPC endpoint policy", "the policy of the VPC endpoint does not allow"),
)
"""What AWS says of a denial, and what that means (IAM User Guide, "Troubleshoot access denied error messages")."""
OF_THE_KEY = ("Access to KMS is not allowed", "perform: kms:Decrypt")
"""What a denial says that is none of the call's own action: by Secrets Manager, and by S3."""
ABSENT = {"NoSuchKey", "NoSuchBucket", "404", "ResourceNotFoundException", "ParameterNotFound"}


@dataclass(frozen=True)
class Credentials:
    """A database user; the password may be any text."""

    username: str
    password: str = field(repr=False)


class Aws:
    """What the instance's role may do: one parameter, two objects, two secrets.

    A call that fails for want of a route or of credentials is repeated for `patience` seconds; one that is denied for
    `patience` too, at most `SETTLING`: roles and policies are eventually consistent.
    With no patience each is tried once.
    """

    def __init__(
        self,
        node: str,
        region: str,
        *,
        patience: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._node = node
        self._region = region
        self._patience = patience
        self._clock, self._sleep = clock, sleep
        self._clients: Dict[str, Any] = {}

    def parameter(self, name: str) -> str:
        """Return the value of the SSM parameter `name`."""
        arn = f"arn:aws:ssm:{self._region}:*:parameter{name}"
        answer = self._call("ssm:GetParameter", arn, lambda: self._client("ssm").get_parameter(Name=name))
        return str(answer["Parameter"]["Value"])

    def secret(self, arn: str) -> Credentials:
        """Return the user held by the secret `arn`."""
        try:
            value = json.loads(self.secret_text(arn))
            return Credentials(str(value["username"]), str(value["password"]))
        except (KeyError, ValueError, TypeError):
            raise Failure(f'node {self._node}: the secret {arn} is not JSON with "username" and "password"') from None

    def secret_text(self, arn: str) -> str:
        """Return the text held by the secret `arn`, empty if it holds none."""

        def get() -> Any:
            return self._client("secretsmanager").get_secret_value(SecretId=arn)

        return str(self._call("secretsmanager:GetSecretValue", arn, get).get("SecretString", ""))

    def fetch(self, bucket: str, key: str, sha256: str, to: Path) -> bool:
        """Make `to` the object with hash `sha256`; return whether it had to be fetched. Nothing else is left there."""
        if to.is_file() and sha256_of(to) == sha256:
            return False
        to.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=to.parent, prefix=".fetch-") as folder:
            part = Path(folder) / "part"
            self._download(bucket, key, part)
            found = sha256_of(part)
            if found != sha256:
                raise Failure(
                    f"node {self._node}: s3://{bucket}/{key} has sha256 {found}, the settings document says {sha256}; "
                    "put the right file there or correct the hash in the cluster file"
                )
            part.replace(to)
        return True

    def _download(self, bucket: str, key: str, to: Path) -> None:
        def get() -> None:
            download(self._client("s3"), bucket, key, to)

        self._call("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}", get)

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = client(service, self._region)
        return self._clients[service]

    def _call(self, action: str, resource: str, call: Callable[[], T]) -> T:
        from botocore.exceptions import BotoCoreError, ClientError

        began = self._clock()
        while True:
            try:
                return call()
            except ClientError as fault:
                self._forget_ways(fault)
                if self._clock() - began >= min(self._patience, _passes_within(fault)):
                    raise Failure(self._sentence(action, resource, fault)) from None
            except BotoCoreError as fault:
                if self._clock() - began >= self._patience:
                    raise Failure(f"node {self._node}: {action} on {resource} had no answer: {fault}") from None
            self._sleep(2)

    def _forget_ways(self, fault: Any) -> None:
        """Ask anew by another connection what was denied: one that stands may go a way that a policy forbids by now.

        So does one through a NAT gateway once endpoints are to be the only way.
        """
        if str(fault.response.get("Error", {}).get("Code", "")) in DENIED:
            self._clients.clear()

    def _sentence(self, action: str, resource: str, fault: Any) -> str:
        code = str(fault.response.get("Error", {}).get("Code", ""))
        if code in DENIED and any(words in str(fault) for words in OF_THE_KEY):
            why = f"its role, or the key's policy, does not allow kms:Decrypt by the key of {resource}"
            return f"node {self._node}: AccessDenied: {why}, which {action} needs"
        if code in DENIED:
            return f"node {self._node}: AccessDenied: {reason(fault)} {action} on {resource}"
        if code in ABSENT:
            return f"node {self._node}: {resource} does not exist ({code}); {action} cannot read it"
        return f"node {self._node}: {action} on {resource} failed: {fault}"


def reason(fault: Exception) -> str:
    """Return the words before an action that was denied: what it is that does not let the node do it."""
    return next((words for said, words in _REASONS if said in str(fault)), "its role lacks a statement that allows")


def client(service: str, region: str) -> Any:
    """Return boto3's client of `service`: its credentials are the instance's role, and no call hangs."""
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 2})
    return boto3.client(service, region_name=region, config=config)


def _passes_within(fault: Any) -> float:
    """Return the seconds for which the fault may pass by itself.

    Without end if the service is busy or credentials are not known yet, `SETTLING` for a denial, else none.
    """
    code = str(fault.response.get("Error", {}).get("Code", ""))
    status = int(fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    early = code in {"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "ExpiredToken"}
    if early or status >= 500 or "Throttl" in code or code == "SlowDown":
        return math.inf
    return SETTLING if code in DENIED else 0.0


def download(s3: Any, bucket: str, key: str, to: Path) -> None:
    """Make `to` the object `key`, by boto3's client of S3; raises what boto3 raises."""
    body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    with to.open("wb") as out:
        for chunk in iter(lambda: body.read(1 << 20), b""):
            out.write(chunk)


def sha256_of(file: Path) -> str:
    """Return the hash of the content of `file`, in hexadecimal."""
    digest = hashlib.sha256()
    with file.open("rb") as content:
        for chunk in iter(lambda: content.read(1 << 20), b""):
            digest.update(chunk)
    return digest.hexdigest()
