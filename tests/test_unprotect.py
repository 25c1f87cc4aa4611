"""`muster unprotect` changes one field and no other byte; a protected cluster is not destroyed by mistake."""

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.spec import load, locked, write_lock
from operations import cdk
from operations.edit import with_scalar
from operations.errors import Failure
from operations.unprotect import unprotect, unprotect_file, unprotect_node
from tests.conftest import ROOT, WriteCluster
from tests.lock_help import OLD, pinned
from tests.roll_world import Instance, World

EXAMPLE = """\
# A comment before all,   with  spaces
name: as400     # the name
product: as400gateway
region: eu-west-1   # where
{protection}nodes:
    a: {{zone: eu-west-1a}}

    b: {{zone: eu-west-1b}}   # the other
instance: {{type: 't4g.medium'}}
artifact: {{file: "x.jar"}}
# the end"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "protection: lifted\n"),
        ("protection: on   # data\n", "protection: lifted   # data\n"),
        ('protection:   "on"\n', "protection:   lifted\n"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_one_field_changes_and_no_other_byte(before: str, after: str, newline: str, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(EXAMPLE.format(protection=before).replace("\n", newline).encode())
    assert unprotect_file(file) == 0
    assert file.read_bytes() == EXAMPLE.format(protection=after).replace("\n", newline).encode()
    assert not load(file).deletion_refused
    assert load(file).protected


def test_a_file_in_one_line_is_edited_too(write_cluster: WriteCluster, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(write_cluster().read_text())
    assert unprotect_file(file) == 0
    assert not load(file).deletion_refused
    assert load(file).protected


@pytest.mark.parametrize("word", ["lifted", "off"])
def test_what_is_lifted_already_is_refused_and_nothing_is_written(word: str, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(EXAMPLE.format(protection=f"protection: {word}\n"))
    before = file.read_bytes()
    with pytest.raises(Failure, match=f"is {word} already"):
        unprotect_file(file)
    assert file.read_bytes() == before


@given(st.sampled_from(["name", "region", "product"]), st.booleans(), st.text(alphabet=" #ab:'\n", max_size=30))
def test_the_edit_only_adds_or_replaces_its_own_field(key: str, given_: bool, comment: str) -> None:
    lines = "".join(f"# {line}\n" for line in comment.split("\n"))
    own = "protection: on # mine\n" if given_ else ""
    text = f"{lines}name: x\n{own}product: y # c\n{lines}region: z\n{lines}"
    edited = with_scalar(text, "protection", "lifted", after=key)
    if given_:
        assert edited.replace("protection: lifted", "protection: on") == text
    else:
        assert edited.replace("protection: lifted\n", "", 1) == text


def test_destroy_of_a_protected_cluster_is_refused_with_the_way_out(write_cluster: WriteCluster) -> None:
    file = write_cluster()
    for arguments in (["destroy", "-c", f"cluster={file}"], [f"--context=cluster={file}", "destroy", "--force"]):
        with pytest.raises(Failure) as failure:
            cdk.hold_back(arguments, {})
        assert str(failure.value) == (
            f"the cluster as400 is protected; to remove it: ./muster unprotect {file}, "
            f"then ./muster cdk deploy -c cluster={file}, then destroy; "
            f"where its stack cannot be deployed: ./muster unprotect --now {file}, then destroy"
        )


def test_commands_that_are_told_can_be_typed(
    write_cluster: WriteCluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "it's mine.yaml"
    file.write_text(write_cluster().read_text())
    with pytest.raises(Failure) as failure:
        cdk.hold_back(["destroy", "-c", f"cluster={file}"], {})
    assert shlex.split(str(failure.value).partition("--now ")[2].partition(", then")[0]) == [str(file)]
    assert unprotect_file(file) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  ./muster")]
    assert len(told) == 3
    assert all(str(file) in " ".join(shlex.split(line)) for line in told)


def test_destroy_of_an_unprotected_cluster_and_other_commands_pass(write_cluster: WriteCluster) -> None:
    file = write_cluster(protection="off")
    cdk.hold_back(["destroy", "-c", f"cluster={file}"], {})
    for arguments in (["diff"], ["synth"], ["destroy", "--help"], ["deploy", "--app", "other.py"], []):
        cdk.hold_back([*arguments, "-c", f"cluster={write_cluster()}"], {})


def test_deploy_to_aws_without_an_image_is_refused_by_name(write_cluster: WriteCluster, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(write_cluster().read_text())
    arguments = ["deploy", "-c", f"cluster={file}"]
    with pytest.raises(Failure, match=r"no image is pinned for a, b of the cluster as400: \./muster bump"):
        cdk.hold_back(arguments, {})
    cdk.hold_back(arguments, {"AWS_ENDPOINT_URL": "http://127.0.0.1:5000"})
    cluster = load(file)
    write_lock(file, locked(pinned(locked(None, cluster), OLD), cluster))
    cdk.hold_back(arguments, {})


def test_deploy_with_an_image_of_ones_own_passes(write_cluster: WriteCluster) -> None:
    file = write_cluster(instance={"type": "t4g.medium", "ami": OLD})
    cdk.hold_back(["deploy", "-c", f"cluster={file}"], {})


def test_what_is_wrong_with_the_file_is_left_to_the_app(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("name: 1\n")
    cdk.hold_back(["destroy", "-c", f"cluster={tmp_path}/bad.yaml"], {})


def test_without_a_cluster_argument_the_one_of_cdk_json_is_meant() -> None:
    assert cdk._cluster_file(["destroy"]) == ROOT / "clusters" / "as400gateway.yaml"


def test_the_protection_of_one_node_is_lifted(write_cluster: WriteCluster) -> None:
    file = write_cluster()
    aws = World()
    for number, name in enumerate("ab"):
        place = ("10.64.0.1", "eu-west-1a", True)
        aws.instances[name] = Instance(f"i-{number}", "t4g.medium", OLD, *place)
    assert unprotect_node(file, "b", lambda _: aws) == 0
    assert [each.protected for each in aws.instances.values()] == [True, False]


def test_a_node_that_is_not_there_is_one_line(write_cluster: WriteCluster) -> None:
    with pytest.raises(Failure, match="has no node c, but a, b"):
        unprotect_node(write_cluster(), "c", lambda _: World())
    with pytest.raises(Failure, match="node a of as400 has no instance"):
        unprotect_node(write_cluster(), "a", lambda _: World())


def test_a_node_and_the_whole_cluster_at_once_are_not_asked_for_together(write_cluster: WriteCluster) -> None:
    with pytest.raises(Failure, match="two answers to one question"):
        unprotect(write_cluster(), node="a", now=True)


def test_without_a_stack_there_is_nothing_to_lift(write_cluster: WriteCluster, tmp_path: Path) -> None:
    """The cluster file is edited all the same: that much was asked for, too."""
    file = tmp_path / "x.yaml"
    file.write_text(write_cluster().read_text())
    aws = World()
    aws.status = None
    with pytest.raises(Failure, match="is not there"):
        unprotect(file, node=None, now=True, connect=lambda _: aws)
    assert load(file).protection == "lifted"
