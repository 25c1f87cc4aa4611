"""AWS for tests of commands: moto in this process, or answers given one by one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from operations.aws import Aws

REGION = "eu-west-1"


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """Return AWS as moto has it, reached with the environment's credentials."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "true")  # the emulated account, in this process too, does without
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield Aws(REGION)


class Answers(Aws):
    """AWS that gives the answers that were put in, service by service, in order."""

    def __init__(self) -> None:
        super().__init__(REGION)
        self._stubs: dict[str, Stubber] = {}

    def stub(self, service: str) -> Stubber:
        """Return what takes the answers of `service`."""
        if service not in self._stubs:
            client = boto3.client(service, REGION, aws_access_key_id="a", aws_secret_access_key="b")
            self._clients[service] = client
            self._stubs[service] = Stubber(client)
            self._stubs[service].activate()
        return self._stubs[service]

    def __call__(self, service: str) -> Any:
        self.stub(service)
        return super().__call__(service)


@contextmanager
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave nobody to ask for credentials."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ):
        monkeypatch.setenv(name, value)
    yield
