"""`muster bump` reads the vendors' images, looks at what it read, and writes locks alone."""

from pathlib import Path
from typing import Any

import pytest

from muster.spec import load, lock_path, locked, read_lock, write_lock
from operations.aws import Aws
from operations.bump import bump_files
from operations.errors import Failure
from operations.vendors import DEBIAN
from tests.aws_help import REGION, Answers, moto, no_credentials
from tests.conftest import BASE, WriteCluster
from tests.lock_help import NEW, OLD, OWN, pinned

__all__ = ["moto"]
SOURCE = "amazon-linux-2023/arm64"
PARAMETER = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
IMAGE = {
    "ImageId": NEW,
    "Name": "al2023-new",
    "Architecture": "arm64",
    "ImageOwnerAlias": "amazon",
    "RootDeviceName": "/dev/xvda",
    "State": "available",
}


@pytest.fixture
def file(tmp_path: Path, write_cluster: WriteCluster) -> Path:
    """Return a cluster file of its own folder."""
    copy = tmp_path / "mine.yaml"
    copy.write_text(write_cluster().read_text())
    return copy


def answering(aws: Answers, value: str = NEW, **image: Any) -> Answers:
    """Return AWS that answers once with this parameter and this image."""
    aws.stub("sts").add_response("get_caller_identity", {"Account": "123456789012"})
    aws.stub("ssm").add_response("get_parameter", {"Parameter": {"Value": value}}, {"Name": PARAMETER})
    aws.stub("ec2").add_response("describe_images", {"Images": [IMAGE | image]}, {"ImageIds": [value]})
    return aws


def bump(file: Path, aws: Aws) -> int:
    return bump_files([file], lambda _: aws)


def test_pins_the_newest_image_and_gives_it_to_nodes_without_one(
    file: Path, moto: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bump(file, moto) == 0
    lock = read_lock(file)
    assert lock
    pin = lock.images[SOURCE]
    published = moto("ssm").get_parameter(Name=PARAMETER)["Parameter"]["Value"]
    assert pin.id == published
    assert pin.name.startswith("al2023-ami-2023.")
    assert {node.image for node in lock.nodes.values()} == {published}
    assert f"not pinned\n  -> {published} ({pin.name})" in capsys.readouterr().out


def debian(aws: Answers, owner: str) -> Answers:
    """Return AWS that answers once with Debian's image for x86_64."""
    image = IMAGE | {"ImageId": OWN, "OwnerId": owner, "Architecture": "x86_64", "Name": "debian-12-amd64"}
    name = {"Name": "/aws/service/debian/release/12/latest/amd64"}
    aws.stub("sts").add_response("get_caller_identity", {"Account": "123456789012"})
    aws.stub("ssm").add_response("get_parameter", {"Parameter": {"Value": OWN}}, name)
    aws.stub("ec2").add_response("describe_images", {"Images": [image]}, {"ImageIds": [OWN]})
    return aws


@pytest.fixture
def debian_file(tmp_path: Path, write_cluster: WriteCluster) -> Path:
    """Return a cluster file of Debian on the other processor."""
    file = tmp_path / "mine.yaml"
    file.write_text(write_cluster(instance={"type": "t3.medium", "os": "debian-12"}).read_text())
    return file


def test_reads_debians_image(debian_file: Path) -> None:
    bump(debian_file, debian(Answers(), DEBIAN))
    lock = read_lock(debian_file)
    assert lock
    assert (lock.images["debian-12/x86_64"].id, lock.images["debian-12/x86_64"].name) == (OWN, "debian-12-amd64")


def test_refuses_an_image_that_is_not_debians(debian_file: Path) -> None:
    with pytest.raises(Failure, match=f"belongs to 210987654321, not to {DEBIAN}"):
        bump(debian_file, debian(Answers(), "210987654321"))
    assert not lock_path(debian_file).exists()


def test_launched_nodes_keep_their_image_and_are_told_how_to_get_the_new_one(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = locked(pinned(locked(None, load(file)), OLD), load(file))
    write_lock(file, before)
    bump(file, answering(Answers()))
    lock = read_lock(file)
    assert lock
    assert lock.images[SOURCE].id == NEW
    assert lock.nodes == before.nodes
    said = capsys.readouterr().out
    assert f"{OLD} (al2023-{OLD})\n  -> {NEW} (al2023-new)" in said
    assert f"a, b keep what they run; one after the other: ./muster roll {file}" in said


def test_the_same_image_again_changes_no_byte(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bump(file, answering(Answers()))
    first = lock_path(file).read_bytes()
    bump(file, answering(Answers(), Name="renamed"))
    assert lock_path(file).read_bytes() == first
    assert "is still the newest" in capsys.readouterr().out


def test_pins_an_image_for_a_system_that_the_nodes_are_still_to_be_rolled_to(
    file: Path, write_cluster: WriteCluster
) -> None:
    bump(file, answering(Answers()))
    before = read_lock(file)
    file.write_text(write_cluster(instance={"type": "t3.medium", "os": "debian-12"}).read_text())
    bump(file, debian(Answers(), DEBIAN))
    after = read_lock(file)
    assert before
    assert after
    assert set(after.images) == {SOURCE, "debian-12/x86_64"}
    assert after.nodes == before.nodes


def test_looks_at_an_image_of_ones_own_and_pins_nothing(tmp_path: Path, write_cluster: WriteCluster) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(write_cluster(instance={"type": "t4g.medium", "ami": OWN}).read_text())
    aws = Answers()
    aws.stub("sts").add_response("get_caller_identity", {"Account": "123456789012"})
    aws.stub("ec2").add_response("describe_images", {"Images": [IMAGE | {"ImageId": OWN}]}, {"ImageIds": [OWN]})
    bump(file, aws)
    lock = read_lock(file)
    assert lock
    assert lock.images == {}


UNFIT: list[tuple[dict[str, Any], str]] = [
    ({"ImageOwnerAlias": "self"}, f"{NEW}, which {PARAMETER} names, belongs to self, not to amazon"),
    ({"Architecture": "x86_64"}, f"the image {NEW} is built for x86_64, instance.type is arm64"),
    ({"RootDeviceName": "/dev/sda1"}, f"the image {NEW} has its root at /dev/sda1, want one with /dev/xvda"),
    ({"State": "deregistered"}, f"the image {NEW} is deregistered, not available"),
]


@pytest.mark.parametrize(("image", "words"), UNFIT, ids=[str(image) for image, _ in UNFIT])
def test_refuses_an_unfit_image_and_writes_nothing(image: dict[str, Any], words: str, file: Path) -> None:
    with pytest.raises(Failure) as failure:
        bump(file, answering(Answers(), **image))
    assert str(failure.value) == words
    assert not lock_path(file).exists()


REFUSED: list[tuple[str, str, str, str]] = [
    ("ssm", "get_parameter", "ParameterNotFound", f"the parameter {PARAMETER} is not in {REGION}"),
    ("ssm", "get_parameter", "AccessDeniedException", "your AWS credentials may not GetParameter: have it allowed"),
    ("ssm", "get_parameter", "ExpiredTokenException", "your AWS credentials have expired: log in"),
    ("ssm", "get_parameter", "UnrecognizedClientException", "AWS does not know your credentials (Unrecognized"),
    ("ssm", "get_parameter", "InternalServerError", "GetParameter failed: InternalServerError: no\twords"),
    ("sts", "get_caller_identity", "ExpiredToken", "your AWS credentials have expired: log in"),
]


@pytest.mark.parametrize(("service", "operation", "code", "words"), REFUSED, ids=[each[2] for each in REFUSED])
def test_what_aws_refuses_is_one_line_that_says_what_to_do(
    service: str, operation: str, code: str, words: str, file: Path
) -> None:
    aws = Answers()
    if service != "sts":
        aws.stub("sts").add_response("get_caller_identity", {"Account": "123456789012"})
    aws.stub(service).add_client_error(operation, code, "no\twords", http_status_code=400)
    with pytest.raises(Failure) as failure:
        bump(file, aws)
    assert str(failure.value).startswith(words.replace("\t", " "))
    assert len(str(failure.value).splitlines()) == 1
    assert not lock_path(file).exists()


def test_without_credentials_the_user_is_told_to_log_in(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        no_credentials(monkeypatch),
        pytest.raises(Failure, match="there are no complete AWS credentials here: log in"),
    ):
        bump(file, Aws(REGION))


def test_another_profile_that_is_not_there_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with no_credentials(monkeypatch):
        monkeypatch.setenv("AWS_PROFILE", "nobody")
        with pytest.raises(Failure, match=r"profile \(nobody\).*AWS_PROFILE"):
            bump(file, Aws(REGION))


def test_credentials_of_another_account_than_the_files_are_refused(tmp_path: Path, write_cluster: WriteCluster) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(write_cluster(account="210987654321").read_text())
    with pytest.raises(Failure, match="of the account 123456789012, the cluster file is for 210987654321"):
        bump(file, answering(Answers()))


def test_a_failure_at_one_file_leaves_every_lock_as_it_was(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(file.read_text().replace('"as400"', '"other"', 1))
    aws = answering(Answers())
    answering(aws, Architecture="x86_64")
    with pytest.raises(Failure, match="is built for x86_64"):
        bump_files([file, other], lambda _: aws)
    assert BASE["name"] in file.read_text()
    assert not [*tmp_path.glob("*.lock.json")]
