"""AWS as the user's own environment reaches it: profiles, variables, single sign-on; every error one clear line."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from operations.errors import Failure

LOG_IN: Final = "log in (aws sso login, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)"

LONGEST: Final = 400
"""Characters of AWS's own words that are repeated; an encoded authorization message has thousands."""

EXPIRED: Final = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired", "UnauthorizedException"}
)
WRONG: Final = frozenset(
    {"InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "SignatureDoesNotMatch"}
    | {"InvalidAccessKeyId", "InvalidSignatureException", "IncompleteSignature", "MissingAuthenticationToken"}
)
DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


class Aws:
    """Clients of one region with the user's credentials, made when first asked for."""

    def __init__(self, region: str) -> None:
        self.region = region
        self._clients: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:
        """Return the boto3 client of `service`. Raises `Failure` where the environment is not in order."""
        if service not in self._clients:
            import boto3
            from botocore.config import Config

            config = Config(connect_timeout=10, read_timeout=30, retries={"mode": "standard", "max_attempts": 4})
            with one_line():
                self._clients[service] = boto3.Session(region_name=self.region).client(service, config=config)
        return self._clients[service]

    def call(self, service: str, operation: str, **parameters: Any) -> Any:
        """Call `operation` of `service` (named as in boto3). Raises `Failure` with one line for whatever AWS says."""
        client = self(service)
        with one_line():
            return getattr(client, operation)(**parameters)

    def pages(self, service: str, operation: str, result: str, **parameters: Any) -> list[Any]:
        """Return all of `result` of an operation that answers page by page. Raises `Failure`."""
        client = self(service)
        with one_line():
            pages = client.get_paginator(operation).paginate(**parameters)
            return [item for page in pages for item in page.get(result, ())]


def account_of(aws: Aws, expected: str | None) -> str:
    """Return the account of the user's credentials. Raises `OtherAccount` if it is not the `expected` one."""
    account = str(aws.call("sts", "get_caller_identity")["Account"])
    if expected and account != expected:
        raise OtherAccount(
            f"these credentials are of the account {account}, the cluster file is for {expected}: {LOG_IN}"
        )
    return account


class OtherAccount(Failure):
    """The user's credentials are of another account than the cluster file's."""


class Denied(Failure):
    """AWS says that these credentials may not do this."""


class Missing(Failure):
    """AWS says that what was asked for is not there; `error` is its code."""

    def __init__(self, message: str, error: str) -> None:
        super().__init__(message)
        self.error = error


@contextmanager
def one_line() -> Iterator[None]:
    """Turn what boto3 raises into a `Failure` with one line that says what to do."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _refused(error) from error
    except BotoCoreError as error:
        raise Failure(_unreached(error)) from error


def _refused(error: Any) -> Failure:
    code = error.response["Error"].get("Code", "Unknown")
    message = " ".join(error.response["Error"].get("Message", "").split())[:LONGEST]
    if code in EXPIRED:
        return Failure(f"your AWS credentials have expired: {LOG_IN}")
    if code in WRONG:
        return Failure(f"AWS does not know your credentials ({code}): {LOG_IN}")
    if code in DENIED:
        what = f"your AWS credentials may not {error.operation_name}"
        return Denied(f"{what}: have it allowed, or use others (AWS: {message or code})")
    if code.endswith(("NotFound", "NotFoundException")) or code.startswith("NoSuch"):
        return Missing(f"{error.operation_name}: {message or code}", code)
    if code == "ValidationError" and "does not exist" in message:  # how CloudFormation says so
        return Missing(f"{error.operation_name}: {message}", code)
    return Failure(f"{error.operation_name} failed: {code}: {message}")


def _unreached(error: Exception) -> str:
    from botocore import exceptions

    text = " ".join(str(error).split())
    if isinstance(error, exceptions.NoCredentialsError | exceptions.PartialCredentialsError):
        return f"there are no complete AWS credentials here: {LOG_IN}"
    if isinstance(error, exceptions.SSOError | exceptions.TokenRetrievalError | exceptions.CredentialRetrievalError):
        return f"your AWS credentials cannot be had ({text}): {LOG_IN}"
    if isinstance(error, exceptions.ProfileNotFound):
        return f"{text}: see AWS_PROFILE and ~/.aws/config"
    if isinstance(error, exceptions.HTTPClientError):
        return f"AWS cannot be reached: {text}"
    return f"AWS cannot be asked: {text}"
