"""The licence of a product, and the secret of the user's own: what nodes are told of them and may read."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import aws_cdk as cdk
import pytest

from muster.licence import Licence
from muster.spec import SpecError, load
from tests.axonivy_support import LICENCE, SECRET, ivy, write_named_files
from tests.conftest import Synthesize, Template, WriteCluster
from tests.template_help import of_type, text
from tests.test_node_role import statements
from tests.test_settings_document import document


@pytest.fixture(scope="module", autouse=True)
def _files(clusters: Path) -> None:
    write_named_files(clusters)


@pytest.fixture(scope="module")
def template(synthesize: Synthesize) -> Template:
    """Return the template of a cluster with a licence."""
    return synthesize(**ivy())


def licence(file: Path, path: str, environment: Mapping[str, str] | None = None) -> Licence:
    """Return the construct for the licence `path` of the cluster file `file`."""
    stack = cdk.Stack(cdk.App(), "S")
    given = environment or {}
    return Licence(stack, "Licence", cluster=load(file), field="axonivy.licence", path=path, environment=given)


def test_nodes_are_told_where_it_is_and_may_read_it(template: Template) -> None:
    told = document(template)["settings"]
    found = told["licence_file"]
    assert found.keys() == {"bucket", "key", "sha256"}
    assert found["sha256"] == hashlib.sha256(LICENCE).hexdigest()
    assert found["key"].endswith(".lic")
    assert told["licence"] == "/etc/muster/axonivy.lic"
    assert len([each for each in statements(template)["Files"]["Resource"] if found["key"] in text(each)]) == 1
    assert LICENCE.decode().strip() not in json.dumps(template)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty, want the licence"),
        (b" \n\n", "is empty, want the licence"),
        (b"x" * (1024 * 1024 + 1), "is larger than 1024 KiB, want the licence alone"),
    ],
    ids=["empty", "blank", "large"],
)
def test_what_is_no_licence_is_refused_with_its_line(
    content: bytes, reason: str, clusters: Path, write_cluster: WriteCluster
) -> None:
    (clusters / "odd.lic").write_bytes(content)
    with pytest.raises(SpecError) as error:
        licence(write_cluster(**ivy({"licence": "odd.lic"})), "odd.lic")
    assert str(error.value).endswith(f":1: axonivy.licence: {clusters}/odd.lic: {reason}")


def test_one_of_the_largest_size_is_taken(clusters: Path, write_cluster: WriteCluster) -> None:
    (clusters / "full.lic").write_bytes(b"x" * 1024 * 1024)
    assert licence(write_cluster(**ivy()), "full.lic").stored.name == "full.lic"


def test_one_that_is_nowhere_is_refused_with_where_it_was_sought(write_cluster: WriteCluster) -> None:
    file = write_cluster(**ivy())
    with pytest.raises(SpecError) as error:
        licence(file, "nowhere.lic")
    assert str(error.value) == (
        f"{file}:1: axonivy.licence: no such file: {file.parent}/nowhere.lic, and none of that name in "
        "MUSTER_ARTIFACTS, which is not set; want the licence there"
    )


def test_one_that_is_missing_is_taken_from_the_artifacts_folder(tmp_path: Path, write_cluster: WriteCluster) -> None:
    (tmp_path / "elsewhere.lic").write_bytes(LICENCE)
    found = licence(write_cluster(**ivy()), "gone/elsewhere.lic", {"MUSTER_ARTIFACTS": str(tmp_path)})
    assert found.stored.sha256 == hashlib.sha256(LICENCE).hexdigest()


def test_the_secret_that_the_file_names_is_told_and_readable_and_none_is_made(template: Template) -> None:
    assert document(template)["secrets"] == {"database": SECRET}
    assert statements(template)["Secrets"] == {
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": SECRET,
    }
    assert not of_type(template, "SecretsManager::Secret")
