"""The database that a pair begins with."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from muster.seed import Seed
from muster.spec import SpecError, load
from tests.conftest import WriteCluster

SHA = "0123456789abcdef" * 4
DUMP = b"CREATE TABLE T(X INT);"


def seed(file: Path, environment: Mapping[str, str] | None = None) -> Seed:
    """Return the construct for the cluster file `file`."""
    return Seed(cdk.Stack(cdk.App(), "S"), "Seed", cluster=load(file), environment=environment or {})


@pytest.mark.parametrize(
    ("name", "kind"), [("c.mv.db", "file"), ("c.sql", "script"), ("c.sql.gz", "script"), ("c.zip", "script")]
)
def test_nodes_are_told_of_which_kind_it_is_by_its_name(name: str, kind: str, write_cluster: WriteCluster) -> None:
    file = write_cluster(database={"seed": {"s3": f"bucket/of/{name}", "sha256": SHA}})
    assert seed(file).settings == {"kind": kind, "bucket": "bucket", "key": f"of/{name}", "sha256": SHA}


def test_a_file_is_published_with_its_hash(write_cluster: WriteCluster) -> None:
    file = write_cluster(database={"seed": {"file": "dump.sql"}})
    (file.parent / "dump.sql").write_bytes(DUMP)
    found = seed(file)
    assert found.settings.keys() == {"kind", "bucket", "key", "sha256"}
    assert (found.settings["kind"], found.settings["sha256"]) == ("script", hashlib.sha256(DUMP).hexdigest())
    assert found.stored is not None
    assert found.settings["key"].endswith(".sql")


def test_a_file_that_is_nowhere_is_refused_with_its_line(tmp_path: Path, write_cluster: WriteCluster) -> None:
    values: dict[str, Any] = json.loads(write_cluster(database={"seed": {"file": "none.mv.db"}}).read_text())
    file = tmp_path / "x.yaml"
    file.write_text(json.dumps(values, indent=1))
    with pytest.raises(SpecError) as error:
        seed(file)
    line = next(n for n, each in enumerate(file.read_text().splitlines(), 1) if '"file": "none.mv.db"' in each)
    assert str(error.value) == (
        f"{file}:{line}: database.seed.file: no such file: {tmp_path}/none.mv.db, and none of that name in "
        "MUSTER_ARTIFACTS, which is not set; want the database there"
    )


def test_a_file_that_is_missing_is_taken_from_the_artifacts_folder(tmp_path: Path, write_cluster: WriteCluster) -> None:
    (tmp_path / "elsewhere.zip").write_bytes(DUMP)
    file = write_cluster(database={"seed": {"file": "elsewhere.zip"}})
    assert seed(file, {"MUSTER_ARTIFACTS": str(tmp_path)}).settings["sha256"] == hashlib.sha256(DUMP).hexdigest()


def test_without_one_nodes_are_told_nothing(write_cluster: WriteCluster) -> None:
    found = seed(write_cluster())
    assert (found.stored, found.settings) == (None, {})
