"""The emulated AWS account: one object that the rehearsal starts, asks and stops."""

import json
import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from rehearsal.account import api_faults, bootstrap, existing, target_health
from rehearsal.account.cloud import Cloud
from rehearsal.account.cloudformation.engine import CloudFormation
from rehearsal.account.emulator import Emulator, Environ
from rehearsal.account.front import Front, read_body, respond
from rehearsal.account.iam.decision import Decision, told
from rehearsal.account.iam.file_systems import FileSystems, Mount
from rehearsal.account.iam.gate import Gate
from rehearsal.account.iam.names import AccountNames
from rehearsal.account.iam.principals import InstanceCredentials, Principals
from rehearsal.account.remains import remains
from rehearsal.account.server import Server
from rehearsal.cdk_cli import NO_CREDENTIALS, QUIET


class Account:
    """An AWS account of one region on this machine; one in a process at a time.

    `url` is where the CDK CLI and boto3 reach it with everything allowed; `host_app` is what hosts reach. The access
    key is new for each account, because the CDK CLI remembers for ever which account a key belongs to.
    """

    def __init__(self, *, region: str, account_id: str = "123456789012", port: int = 0) -> None:
        self.region = region
        self.account_id = account_id
        self.access_key = "AKIA" + secrets.token_hex(8).upper()
        self.secret_key = secrets.token_urlsafe(30)
        self._running = False
        self._existing: set[str] = set()
        self._emulator = Emulator(region=region, account_id=account_id)
        self._server = Server(self._serve, port)
        self.url = f"http://localhost:{self._server.port}"
        self._cloud = Cloud(url=self.url, region=region, emulator=self._emulator)
        self._engine = CloudFormation(self._cloud)
        self._front = Front(self._cloud, self._engine)
        self._principals = Principals(self._cloud, self.access_key, self.secret_key)
        names = AccountNames(self._cloud, self._engine)
        self._gate = Gate(self._front, self._principals, names, self._cloud)
        self._file_systems = FileSystems(self._cloud, self._principals, self._gate.record)
        self._api_faults = api_faults.ApiFaults(self._gate)

    def start(self) -> None:
        """Begin with an empty account. Raises `RuntimeError` while another account runs in this process."""
        self._emulator.start()
        self._server.start()
        self._running = True

    def stop(self) -> None:
        """End. Waits of stacks are called off; nothing outside this process was ever made. May be called twice."""
        if not self._running:
            return
        self._running = False
        self._engine.abandon()
        self._server.stop()
        self._emulator.stop()

    def client(self, service: str) -> Any:
        """Return the administrator's boto3 client of a service."""
        return self._cloud.client(service)

    def bootstrap(self) -> None:
        """Deploy what `cdk bootstrap` deploys, once. Raises `OperationError` or `FileNotFoundError`."""
        bootstrap.bootstrap(self._engine)

    def environment(self) -> dict[str, str]:
        """Return the variables with which the CDK CLI, the AWS CLI and boto3 use this account, and nothing else.

        No telemetry, no look for new versions, no colours and no questions; `AWS_CONFIG_FILE` and
        `AWS_SHARED_CREDENTIALS_FILE` keep the user's own profiles out of it.
        """
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ENDPOINT_URL_S3": self.url,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            **NO_CREDENTIALS,
            "CDK_DEFAULT_ACCOUNT": self.account_id,
            "CDK_DEFAULT_REGION": self.region,
            **QUIET,
            "NODE_NO_WARNINGS": "1",
            "CI": "1",
        }

    def host_app(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer a host's request (WSGI): signature verified, decided by IAM; wait handles pass by their secret URL.

        `environ` should hold the path as it was sent, in `RAW_URI` or `REQUEST_URI`, as werkzeug and gunicorn give it.
        """
        return self._api_faults(environ, start_response)

    @property
    def decisions(self) -> Sequence[Decision]:
        """Every decision about a request of a host or user so far, in order; /muster/decisions tells others of them."""
        return tuple(self._gate.decisions)

    def instance_credentials(self, instance_profile_name: str, session: str) -> InstanceCredentials:
        """Return what the metadata service gives to the instance `session` with this profile.

        Raises `NoCredentialsError` if there is no such profile, it has no role, or EC2 may not assume that role.
        """
        return self._principals.issue(instance_profile_name, session)

    def mount_refusal(self, wish: Mount) -> str:
        """Return why a host may not mount a file system as it wishes; empty if it may. Decided as calls are."""
        return self._file_systems.refusal(wish)

    def set_target_health(self, target_group_arn: str, instance_id: str, port: int, state: str, reason: str) -> None:
        """Say what the balancer found; DescribeTargetHealth returns it.

        `state` and `reason` are the API's words (`healthy` and '', `unhealthy` and `Target.FailedHealthChecks`).
        Raises `KeyError` if the target is not registered.
        """
        group = self._emulator.target_group(target_group_arn)
        target_health.set_health(group, instance_id, port, state, reason)

    def reboots(self, instance_id: str) -> int:
        """Return how often an instance was rebooted by API since its launch; a start changes its LaunchTime."""
        return self._emulator.reboots(instance_id)

    def remains(self) -> list[str]:
        """Return a line for each thing that exists beyond what a fresh, bootstrapped account has."""
        return [line for line in remains(self._cloud, self._engine) if line not in self._existing]

    def provide(self, wanted: existing.Existing) -> None:
        """Make what a cluster file takes for granted; it is no remainder of anything, and stays to the end."""
        before = set(self.remains())
        existing.provide(self._cloud, wanted)
        self._existing |= set(self.remains()) - before

    def _serve(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer a request to `url`; under /muster/ stands what other processes of the rehearsal ask, hosts cannot."""
        match environ["REQUEST_METHOD"], environ["PATH_INFO"]:
            case ("PUT", "/muster/existing"):
                self.provide(existing.parse(read_body(environ).decode()))
                return respond(start_response, "200 OK", "application/json", "{}")
            case ("GET", "/muster/remains"):
                return respond(start_response, "200 OK", "application/json", json.dumps(self.remains()))
            case ("GET", "/muster/decisions"):
                return respond(start_response, "200 OK", "application/json", json.dumps(told(self.decisions)))
            case (_, path) if path.startswith(api_faults.PATH):
                return self._api_faults.control(environ, start_response)
        return self._front(environ, start_response)
