"""The node's AWS calls: a refusal names the statement, a wrong file names both hashes."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from musternode.aws import Aws, Credentials
from musternode.failure import Failure

JAR = b"a jar"
SHA = hashlib.sha256(JAR).hexdigest()


class Client:
    """Stands for all boto3 clients: each call gives the next of `answers`, or raises it."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    def __getattr__(self, _: str) -> Any:
        return self._call

    def _call(self, **_: Any) -> Any:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Time:
    """A clock that only sleep moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


def aws(monkeypatch: pytest.MonkeyPatch, *answers: Any, patience: float = 0) -> Aws:
    """Return the calls of node a, with canned answers."""
    time, client = Time(), Client(*answers)
    made = Aws("a", "eu-west-1", patience=patience, clock=time.clock, sleep=time.sleep)
    monkeypatch.setattr(made, "_client", lambda _service: client)
    return made


def error(code: str, status: int = 400, said: str = "") -> ClientError:
    """Return an error as botocore raises it."""
    told = {"Code": code, **({"Message": said} if said else {})}
    return ClientError({"Error": told, "ResponseMetadata": {"HTTPStatusCode": status}}, "Call")


def body(content: bytes) -> dict[str, Any]:
    """Return the answer to GetObject."""
    return {"Body": io.BytesIO(content)}


def test_a_denied_object_names_action_and_resource(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(Failure) as raised:
        aws(monkeypatch, error("AccessDenied", 403)).fetch("bucket", "k/x.jar", SHA, tmp_path / "x.jar")
    text = str(raised.value)
    assert "node a" in text
    assert "allows s3:GetObject on arn:aws:s3:::bucket/k/x.jar" in text


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("because no identity-based policy allows the x action", "its role lacks a statement that allows"),
        ("because no permissions boundary allows the x action", "its role's permission boundary does not allow"),
        ("because no VPC endpoint policy allows the x action", "the policy of the VPC endpoint does not allow"),
        ("with an explicit deny in an identity-based policy", "a policy denies its role"),
        ("with an explicit deny in a permissions boundary", "a policy denies its role"),
    ],
)
def test_a_denial_says_what_it_is_that_denies(monkeypatch: pytest.MonkeyPatch, said: str, words: str) -> None:
    with pytest.raises(Failure) as raised:
        aws(monkeypatch, error("AccessDeniedException", said=f"x is not authorized {said}")).secret("arn:x")
    assert str(raised.value) == f"node a: AccessDenied: {words} secretsmanager:GetSecretValue on arn:x"


def test_a_denied_secret_names_action_and_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Failure, match=r"allows secretsmanager:GetSecretValue on arn:x"):
        aws(monkeypatch, error("AccessDeniedException")).secret("arn:x")


@pytest.mark.parametrize("words", ["Access to KMS is not allowed", "User: x is not authorized to perform: kms:Decrypt"])
def test_a_key_that_may_not_be_used_is_named_and_not_the_action_that_is_allowed(
    monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    denied = ClientError({"Error": {"Code": "AccessDeniedException", "Message": words}}, "GetSecretValue")
    with pytest.raises(Failure, match="does not allow kms:Decrypt by the key of arn:x, which secretsmanager:GetSecret"):
        aws(monkeypatch, denied).secret("arn:x")


def test_a_missing_secret_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Failure, match="arn:x does not exist"):
        aws(monkeypatch, error("ResourceNotFoundException")).secret("arn:x")


def test_a_secret_of_another_shape_is_named_without_its_text(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Failure) as raised:
        aws(monkeypatch, {"SecretString": '{"user": "x", "password": "deep"}'}).secret("arn:x")
    assert "arn:x" in str(raised.value)
    assert "deep" not in str(raised.value)


def test_a_secret_shows_no_password_when_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    value = {"SecretString": json.dumps({"username": "sa", "password": 'a"b'})}
    user = aws(monkeypatch, value).secret("arn:x")
    assert user == Credentials("sa", 'a"b')
    assert 'a"b' not in repr(user)


def test_a_wrong_file_names_both_hashes_and_is_not_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(Failure) as raised:
        aws(monkeypatch, body(b"other")).fetch("bucket", "x.jar", SHA, tmp_path / "x.jar")
    assert SHA in str(raised.value)
    assert hashlib.sha256(b"other").hexdigest() in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_not_fetched_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls = aws(monkeypatch, body(JAR))
    assert calls.fetch("bucket", "x.jar", SHA, tmp_path / "x.jar")
    assert not calls.fetch("bucket", "x.jar", SHA, tmp_path / "x.jar")
    assert (tmp_path / "x.jar").read_bytes() == JAR


def test_what_may_pass_is_tried_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lost = EndpointConnectionError(endpoint_url="https://s3")
    calls = aws(monkeypatch, lost, error("SlowDown", 503), error("ExpiredToken"), body(JAR), patience=60)
    assert calls.fetch("bucket", "x.jar", SHA, tmp_path / "x.jar")


@pytest.mark.parametrize(("code", "made"), [("AccessDeniedException", 2), ("ThrottlingException", 1)])
def test_what_was_denied_is_asked_by_another_connection(monkeypatch: pytest.MonkeyPatch, code: str, made: int) -> None:
    """One that stands may go a way that a policy forbids by now, and is kept as long as it answers."""
    clients: list[Client] = []
    answers = Client(error(code), {"Parameter": {"Value": "{}"}})

    def client(*_: str) -> Client:
        clients.append(answers)
        return answers

    monkeypatch.setattr("musternode.aws.client", client)
    time = Time()
    asked = Aws("a", "eu-west-1", patience=60, clock=time.clock, sleep=time.sleep)
    assert asked.parameter("/muster/x/settings") == "{}"
    assert len(clients) == made


def test_a_denial_may_pass_within_thirty_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A role's policy is eventually consistent."""
    value = {"SecretString": json.dumps({"username": "sa", "password": "x"})}
    answers = [error("AccessDeniedException")] * 15
    assert aws(monkeypatch, *answers, value, patience=60).secret("arn:x").username == "sa"


def test_a_denial_that_stays_is_a_sentence_after_thirty_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Failure, match="AccessDenied: its role lacks"):
        aws(monkeypatch, *[error("AccessDenied")] * 16, {"SecretString": "{}"}, patience=60).secret("arn:x")


def test_what_is_absent_is_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Failure, match="does not exist"):
        aws(monkeypatch, error("ResourceNotFoundException"), {"SecretString": "{}"}, patience=60).secret("arn:x")


def test_no_answer_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Failure, match=r"ssm:GetParameter on .*/muster/x/settings had no answer"):
        aws(monkeypatch, EndpointConnectionError(endpoint_url="https://ssm")).parameter("/muster/x/settings")
