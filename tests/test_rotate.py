"""`muster rotate` writes the other user with a fresh password into the secret, and waits for the nodes' own words."""

import json
import re
from pathlib import Path

import pytest

from musternode.aws import Credentials
from musternode.h2 import rotation, turning
from musternode.h2.rotation import Wanted
from operations import rotate
from operations.aws import Aws
from operations.errors import Failure
from tests.aws_help import moto as moto
from tests.conftest import WriteCluster
from tests.h2_world import World, world


@pytest.fixture
def pair(moto: Aws, write_cluster: WriteCluster) -> World:
    """Return an account with a pair whose secret is as CloudFormation made it."""
    value = json.dumps({"username": "as400gateway", "password": "first"})
    arn = moto("secretsmanager").create_secret(Name="application", SecretString=value)["ARN"]
    return world(moto, write_cluster, secrets={"database_application": arn})


def run(pair: World, *, wait: bool = False, within: float = 0.0) -> int:
    return rotate.rotate_file(pair.file, yes=True, wait=wait, ask=lambda _: False, connect=pair.connect, within=within)


def held(pair: World) -> tuple[str, str, str]:
    """Return user, password and version in the secret."""
    answer = pair.aws("secretsmanager").get_secret_value(SecretId="application")
    value = json.loads(answer["SecretString"])
    return value["username"], value["password"], answer["VersionId"]


def confirm(pair: World, *nodes: str) -> None:
    """Have the members of `nodes` say that they use what the secret holds now."""
    name, password, version = held(pair)
    for node in nodes:
        pair.say(node, f"muster-member: {turning.confirmation(Wanted(Credentials(name, password), version))}")


def test_the_secret_gets_the_other_user_and_a_fresh_password_that_is_told_nowhere(
    pair: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(pair) == 0
    name, password, version = held(pair)
    assert name == "as400gateway_2"
    assert re.fullmatch(r"[\w-]{32}", password)
    said = capsys.readouterr().out
    assert password not in said
    assert version in said
    assert "node a then node b" in said
    assert "after a leak rotate twice" in said


def test_users_take_turns_and_the_next_rotation_waits_for_the_one_before(pair: World) -> None:
    run(pair)
    with pytest.raises(Failure, match="node a and node b has not told that it uses as400gateway_2"):
        run(pair)
    confirm(pair, "a")
    with pytest.raises(Failure, match="node b has not told"):
        run(pair)
    confirm(pair, "b")
    assert run(pair) == 0
    assert held(pair)[0] == "as400gateway"
    assert held(pair)[1] != "first"


def test_the_next_rotation_hears_only_what_the_nodes_have_told_within_a_day(
    pair: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(pair)
    confirm(pair, "a", "b")
    monkeypatch.setattr(rotate, "LOOK_BACK", -60.0)
    with pytest.raises(Failure, match="node a and node b has not told"):
        run(pair)
    monkeypatch.setattr(rotate, "LOOK_BACK", 60.0)
    assert run(pair) == 0


def test_a_rotation_ends_when_every_node_has_told(
    pair: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotate, "EVERY", 0.05)
    honest = rotate._put

    def put(*arguments: object) -> str:
        version = honest(*arguments)  # type: ignore[arg-type]
        confirm(pair, "a", "b")
        return version

    monkeypatch.setattr(rotate, "_put", put)
    assert run(pair, wait=True, within=20) == 0
    assert "node b: the application uses as400gateway_2" in capsys.readouterr().out


def test_a_node_that_does_not_follow_is_named_and_nothing_is_locked(pair: World) -> None:
    with pytest.raises(Failure, match=r"not all applications use as400gateway_2 yet: .* from node a and node b"):
        run(pair, wait=True)


def test_a_rotation_of_a_cluster_without_its_secret_is_one_sentence(moto: Aws, write_cluster: WriteCluster) -> None:
    made = world(moto, write_cluster, secrets={"database_application": "arn:aws:secretsmanager:eu-west-1:1:secret:x"})
    with pytest.raises(Failure, match="deploy the cluster first"):
        run(made)


@pytest.mark.parametrize("name", ["as400gateway", "as400gateway_2", "x_2_2"])
def test_the_command_and_the_nodes_call_the_other_user_alike(name: str) -> None:
    assert rotate.twin(name) == rotation.twin(name)


def test_who_says_no_changes_nothing(pair: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    before = held(pair)
    ended = rotate.rotate_file(pair.file, yes=False, wait=True, ask=lambda _: False, connect=pair.connect)
    assert ended == 1
    assert held(pair) == before


def test_a_wrong_file_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(Failure) as refused:
        rotate.rotate_file(tmp_path / "none.yaml", yes=True, wait=False, ask=lambda _: False)
    assert refused.value.code == 2
