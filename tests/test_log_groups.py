"""Where the nodes' logs go."""

from dataclasses import replace

import pytest

from muster.names import log_group_names as names
from muster.products import PRODUCTS
from muster.spec import load
from tests.conftest import Synthesize, WriteCluster
from tests.node_side import KEY
from tests.template_help import of_type


def test_are_named_after_the_cluster_and_kept_as_long_as_its_file_says(node_side: Synthesize) -> None:
    groups = of_type(node_side(name="other", logs={"retention": 3653}), "Logs::LogGroup").values()
    assert [(each["LogGroupName"], each["RetentionInDays"]) for each in groups] == [
        ("/muster/other/node", 3653),
        ("/muster/other/product", 3653),
        ("/muster/other/h2", 3653),
    ]


def test_go_with_the_stack_also_where_data_are_protected(node_side: Synthesize) -> None:
    template = node_side()
    names = of_type(template, "Logs::LogGroup")
    assert {template["Resources"][name]["DeletionPolicy"] for name in names} == {"Delete"}


def test_are_encrypted_with_the_clusters_key_if_there_is_one(node_side: Synthesize) -> None:
    groups = of_type(node_side(kms_key=KEY, account="123456789012"), "Logs::LogGroup").values()
    assert {each["KmsKeyId"] for each in groups} == {KEY}


def test_a_product_without_a_database_has_no_group_for_one(
    write_cluster: WriteCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    product = PRODUCTS["as400gateway"]
    cluster = load(write_cluster())
    monkeypatch.setitem(PRODUCTS, "as400gateway", replace(product, ports=lambda _: ()))
    assert set(names(cluster)) == {"node", "product"}
