"""`muster leftovers` finds what is left of a database that was made with a cluster."""

import json
from pathlib import Path
from typing import Any

import pytest

from muster.names import CLUSTER_TAG
from muster.products import PRODUCTS
from operations.aws import Aws
from operations.leftovers import Leftover, leftovers, leftovers_file
from tests.aws_help import REGION, moto
from tests.conftest import WriteCluster
from tests.wso2_as_support import server

__all__ = ["moto"]


def destroyed(aws: Aws, cluster: str) -> str:
    """Delete a tagged database as CloudFormation does where data are protected; return its last snapshot."""
    name, snapshot = f"muster-{cluster}-shareddatabase", f"muster-{cluster}-snapshot-shareddatabase"
    given: dict[str, Any] = {"DBInstanceClass": "db.t4g.medium", "Engine": "mysql", "AllocatedStorage": 20}
    user = {"MasterUsername": "wso2", "MasterUserPassword": "not-a-secret", "CopyTagsToSnapshot": True}
    tags = [{"Key": CLUSTER_TAG, "Value": cluster}]
    aws("rds").create_db_instance(DBInstanceIdentifier=name, Tags=tags, **given, **user)
    aws("rds").delete_db_instance(DBInstanceIdentifier=name, FinalDBSnapshotIdentifier=snapshot)
    return snapshot


def found(aws: Aws, cluster: str) -> list[Leftover]:
    """Return what is found where a file may ask for a database."""
    return leftovers(aws, cluster, stack_there=False, databases=True)


def test_the_last_snapshot_is_found_and_none_of_another_cluster(moto: Aws) -> None:
    """Also not of one whose name begins with this one's."""
    destroyed(moto, "as-b")
    snapshot = destroyed(moto, "as")
    (left,) = found(moto, "as")
    assert (left.kind, left.id) == ("database snapshot", snapshot)
    assert left.about.startswith("the database that the nodes shared, 20 GiB of ")
    assert left.commands == (f"aws rds delete-db-snapshot --db-snapshot-identifier {snapshot} --region {REGION}",)


def test_after_its_command_it_is_gone(moto: Aws) -> None:
    snapshot = destroyed(moto, "as")
    assert found(moto, "as")
    moto("rds").delete_db_snapshot(DBSnapshotIdentifier=snapshot)
    assert found(moto, "as") == []


def test_the_command_asks_for_a_product_that_may_make_one(
    moto: Aws, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where the file says nothing of a database any more."""
    snapshot, file = destroyed(moto, "as"), tmp_path / "as.yaml"
    file.write_text(json.dumps(server()), encoding="utf-8")
    leftovers_file(file, lambda _: moto)
    assert f"database snapshot {snapshot}: " in capsys.readouterr().out


def test_for_other_products_rds_is_not_asked(
    moto: Aws, write_cluster: WriteCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [name for name, product in PRODUCTS.items() if product.makes_databases and name != "wso2-as"] == []
    asked, pages = [], Aws.pages

    def noted(aws: Aws, service: str, *rest: str, **parameters: Any) -> list[Any]:
        asked.append(service)
        return pages(aws, service, *rest, **parameters)

    monkeypatch.setattr(Aws, "pages", noted)
    leftovers_file(write_cluster(), lambda _: moto)
    assert "ec2" in asked
    assert "rds" not in asked
