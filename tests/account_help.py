"""What the tests of the emulated account share: one small stack, and ways to drive it by boto3."""

import io
import json
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from rehearsal.account import Account
from rehearsal.poll import poll

REGION = "eu-west-1"
ENDED = ("_COMPLETE", "_FAILED")
Template = dict[str, Any]


@contextmanager
def running_account(*, bootstrapped: bool = False) -> Iterator[Account]:
    """Run an account for the time of a test module."""
    account = Account(region=REGION)
    account.start()
    try:
        if bootstrapped:
            account.bootstrap()
        yield account
    finally:
        account.stop()


def template(**resources: Any) -> Template:
    """Return a template of these resources."""
    return {"Resources": resources}


def parameter(value: Any, **more: Any) -> dict[str, Any]:
    """Return an SSM parameter."""
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value, **more}}


def waiting(*, count: int = 2, timeout: int = 20, suffix: str = "") -> dict[str, Any]:
    """Return a handle, a parameter that holds its URL, and a condition that waits for it."""
    handle = f"Handle{suffix}"
    condition = {"Handle": {"Ref": handle}, "Timeout": str(timeout), "Count": count}
    return {
        handle: {"Type": "AWS::CloudFormation::WaitConditionHandle"},
        "Settings": parameter({"Ref": handle}, Name="/test/url"),
        f"Wait{suffix}": {
            "Type": "AWS::CloudFormation::WaitCondition",
            "DependsOn": "Settings",
            "Properties": condition,
        },
    }


class Stacks:
    """The stacks of an account, driven through the public API."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.api = account.client("cloudformation")

    def propose(self, name: str, wanted: Template, *, kind: str, **more: Any) -> dict[str, Any]:
        """Create a change set and return its description."""
        given = {"StackName": name, "ChangeSetName": "set", "Capabilities": ["CAPABILITY_NAMED_IAM"], **more}
        self.api.create_change_set(**given, ChangeSetType=kind, TemplateBody=json.dumps(wanted))
        described: dict[str, Any] = self.api.describe_change_set(StackName=name, ChangeSetName="set")
        return described

    def begin(self, name: str, wanted: Template, *, kind: str, **more: Any) -> None:
        """Deploy by change set and do not wait."""
        described = self.propose(name, wanted, kind=kind, **more)
        assert described["Status"] == "CREATE_COMPLETE", described.get("StatusReason")
        self.api.execute_change_set(StackName=name, ChangeSetName="set")

    def create(self, name: str, wanted: Template, **more: Any) -> str:
        """Create a stack and return the status in which it ends."""
        self.begin(name, wanted, kind="CREATE", **more)
        return self.end(name)

    def update(self, name: str, wanted: Template, **more: Any) -> str:
        """Update a stack and return the status in which it ends."""
        self.begin(name, wanted, kind="UPDATE", **more)
        return self.end(name)

    def delete(self, name: str) -> str:
        """Delete a stack and return the status in which it ends."""
        stack_id = self.describe(name)["StackId"]
        self.api.delete_stack(StackName=name)
        return self.end(stack_id)

    def describe(self, name: str) -> dict[str, Any]:
        """Return a stack."""
        found: dict[str, Any] = self.api.describe_stacks(StackName=name)["Stacks"][0]
        return found

    def end(self, name: str, within: float = 20) -> str:
        """Wait until nothing is in progress and return the status."""

        def ended() -> str:
            status = str(self.describe(name)["StackStatus"])
            return status if status.endswith(ENDED) else ""

        return poll(ended, within=within, every=0.02)

    def outputs(self, name: str) -> dict[str, str]:
        """Return the outputs by key."""
        return {entry["OutputKey"]: entry["OutputValue"] for entry in self.describe(name)["Outputs"]}

    def events(self, name: str) -> list[tuple[str, str, str]]:
        """Return logical id, status and reason of each event, the oldest first."""
        found = self.api.describe_stack_events(StackName=name)["StackEvents"]
        wanted = ("LogicalResourceId", "ResourceStatus", "ResourceStatusReason")
        return [tuple(event.get(key, "") for key in wanted) for event in reversed(found)]

    def reason(self, name: str, logical_id: str, status: str) -> str:
        """Return the reason of the last event of a resource with a status."""
        return [reason for who, what, reason in self.events(name) if (who, what) == (logical_id, status)][-1]

    def resource(self, name: str, logical_id: str) -> str:
        """Return a physical id."""
        found = self.api.describe_stack_resource(StackName=name, LogicalResourceId=logical_id)
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def wait_url(self, after: str = "") -> str:
        """Return the URL of the handle of `waiting`, as soon as there is one, or another one than `after`."""

        def url() -> str:
            found = self.account.client("ssm").get_parameters(Names=["/test/url"])["Parameters"]
            value = str(found[0]["Value"]) if found else ""
            return value if value != after else ""

        return poll(url, within=60, every=0.02)


def request(
    app: Any, method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """Send a request to a WSGI application as a server would, and return status, headers and body."""
    parts = urllib.parse.urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": urllib.parse.unquote(parts.path, "latin-1"),
        "QUERY_STRING": parts.query,
        "RAW_URI": target,
        "REQUEST_URI": target,
        "SERVER_NAME": parts.hostname,
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": parts.netloc,
        "REMOTE_ADDR": "10.64.0.10",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.url_scheme": "https",
        "wsgi.errors": io.StringIO(),
        "wsgi.version": (1, 0),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in (headers or {}).items():
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    answered: list[Any] = []
    content: Iterable[bytes] = app(environ, lambda *given: answered.append(given))
    data = b"".join(content)
    return int(answered[0][0].split()[0]), dict(answered[0][1]), data


def send(account: Account, url: str, **fields: str) -> int:
    """Send a signal to a wait handle, as a host would, and return the HTTP status."""
    body = json.dumps({"Status": "SUCCESS", "UniqueId": "a", "Data": "", "Reason": "", **fields}).encode()
    return request(account.host_app, "PUT", url, body)[0]


class _Raw(io.BytesIO):
    """A body as botocore reads it."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        """Yield the whole."""
        yield self.read()


def host_client(account: Account, service: str, credentials: Any, **config: Any) -> Any:
    """Return a boto3 client that speaks to the public host names, which `host_app` answers."""
    session = boto3.Session(
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        aws_session_token=credentials.token,
        region_name=account.region,
    )
    client = session.client(service, config=Config(retries={"total_max_attempts": 1}, **config))

    def answer(request_: Any = None, **given: Any) -> AWSResponse:
        sent = given.get("request", request_)
        body = sent.body.read() if hasattr(sent.body, "read") else sent.body or b""
        headers = {
            name: value.decode() if isinstance(value, bytes) else str(value) for name, value in sent.headers.items()
        }
        headers.pop("Content-Length", None)
        body = body.encode() if isinstance(body, str) else body
        status, got, data = request(account.host_app, sent.method, sent.url, body, headers)
        return AWSResponse(sent.url, status, got, _Raw(data))

    client.meta.events.register("before-send", answer)
    return client


@contextmanager
def emptied_after(account: Account) -> Iterator[Stacks]:
    """Yield what drives the stacks of `account`, and delete every one of them."""
    stacks = Stacks(account)
    yield stacks
    for stack in stacks.api.describe_stacks()["Stacks"]:
        stacks.delete(stack["StackName"])
