"""On an image that has the product already, a node leaves it in place: the same jar, and its own files edited."""

import hashlib
import io
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from musternode import host, properties, stages
from musternode.aws import Credentials
from musternode.failure import Failure
from musternode.host import Host, Identity
from musternode.paths import Paths
from musternode.products import as400gateway
from musternode.settings import Artifact
from musternode.system import Systemd
from tests.node_support import ADMIN, USER, h2_jar, settings

NAME = "as400-common-api-1.0.0.jar"
OWN = """\
# the product's own, of its first day
spring.datasource.url=jdbc:h2:file:./src/main/resources/connection;AUTO_SERVER=TRUE
spring.datasource.username = sa
spring.datasource.password=password
server.port=8080

as400.host = ibmi.example.com
"""
CONF = 'JAVA_OPTS="-Xmx1g –Dh2.clustering.enabled=true"\nLOG_FOLDER=/var/log\n'  # noqa: RUF001 - the guide's own dash


def product_jar(extra: bytes = b"") -> bytes:
    """Return a jar like the product's, with its H2 inside."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as jar:
        jar.write(h2_jar(), "BOOT-INF/lib/h2-1.4.199.jar")
        jar.writestr("extra", extra)
    return content.getvalue()


@pytest.fixture
def this(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """Return a host whose image has the product, its jar as the settings want it; the bucket is empty."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    monkeypatch.setattr(shutil, "chown", lambda *_, **__: None)  # the product's user is not on this machine
    content = product_jar()
    chosen = replace(settings(), artifact=Artifact("artifacts", "a.jar", hashlib.sha256(content).hexdigest(), NAME))
    made = Host(Identity("a", "/p"), chosen, Paths(tmp_path), Systemd())
    place = made.layout
    for file, text in ((place.jar, content), (place.properties, OWN.encode()), (place.launch_conf, CONF.encode())):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text)
    (place.config / "other.properties").write_text("kept=yes\n")
    with mock_aws():
        bucket = boto3.client("s3", "eu-west-1")
        bucket.create_bucket(Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        yield made


def impatient(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the host try each call once; return a client of S3."""
    honest = Host.aws
    monkeypatch.setattr(Host, "aws", lambda self, **_: honest(self, patience=0.0))
    return boto3.client("s3", "eu-west-1")


def test_a_jar_that_is_there_is_not_fetched(this: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bucket is empty: to fetch would fail, which the next test shows."""
    impatient(monkeypatch)
    before = this.layout.jar.read_bytes()
    assert not stages._artifact(this)
    assert this.layout.jar.read_bytes() == before
    assert this.paths.h2_jar.read_bytes() == h2_jar().read_bytes()


def test_a_jar_of_another_hash_is_replaced_by_the_artifact(this: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = impatient(monkeypatch)
    right = this.layout.jar.read_bytes()
    this.layout.jar.write_bytes(product_jar(b"another version"))
    with pytest.raises(Failure, match="does not exist"):
        stages._artifact(this)
    bucket.put_object(Bucket="artifacts", Key="a.jar", Body=right)
    assert stages._artifact(this)
    assert this.layout.jar.read_bytes() == right


def configure(this: Host, monkeypatch: pytest.MonkeyPatch, user: Credentials = USER) -> bool:
    """Configure with kept secrets; the product's group is that of the test."""
    honest = as400gateway.configure
    group = Path("/").group()
    monkeypatch.setattr(as400gateway, "configure", lambda place, url, who: honest(place, url, who, group))
    host.save_credentials(this.paths, {"admin": ADMIN, "application": user})
    try:
        return stages.configure(this, again=True)
    finally:
        monkeypatch.setattr(as400gateway, "configure", honest)


def test_url_user_and_password_are_edited_in_place_and_nothing_else(
    this: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert configure(this, monkeypatch)
    after = this.layout.properties.read_text()
    values = properties.load(after.encode())
    assert values["spring.datasource.url"] == this.pair.url
    assert values["spring.datasource.username"] == USER.username
    assert values["spring.datasource.password"] == properties.literal(USER.password)
    same = [line for line in OWN.splitlines() if "datasource" not in line]
    assert [line for line in after.splitlines() if "datasource" not in line] == same
    assert (this.layout.config / "other.properties").read_text() == "kept=yes\n"


def test_the_guides_option_with_its_wrong_dash_is_mended_once_and_other_options_stay(
    this: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(this, monkeypatch)
    text = this.layout.launch_conf.read_text()
    assert text.count("h2.clustering.enabled") == 1
    assert "-Dh2.clustering.enabled=true" in text
    assert "-Xmx1g" in text
    assert "LOG_FOLDER=/var/log" in text


def test_another_user_of_a_rotation_reaches_the_same_file(this: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(this, monkeypatch)
    other = Credentials("as400gateway_2", "fresh ${x} #;")
    assert configure(this, monkeypatch, other)
    values = properties.load(this.layout.properties.read_bytes())
    assert values["spring.datasource.username"] == other.username
    assert values["spring.datasource.password"] == properties.literal(other.password)
    assert not configure(this, monkeypatch, other)
