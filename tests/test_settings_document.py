"""The one JSON that tells nodes all they must know."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType, SimpleNamespace
from typing import Any, cast

import aws_cdk as cdk
import hypothesis
import pytest
from aws_cdk.assertions import Template as Assertions
from hypothesis import given
from hypothesis import strategies as st

from muster import settings
from muster.formation_wait import FormationHandle
from muster.pair import Pair
from muster.settings_document import LARGEST, STANDARD, WAIT_URL_LENGTH, SettingsDocument
from muster.spec import Cluster, SeedInS3, load, plan
from muster.stored_object import StoredObject
from tests.axonivy_support import IVY, SECRET, ivy
from tests.conftest import CARBON, JAR, Template, WriteCluster
from tests.node_side import BOUNDARY, IMAGE, KEY
from tests.template_help import of_type, text, the

JSON: Any = st.recursive(
    st.integers() | st.text() | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)


def document(template: Template) -> dict[str, Any]:
    """Return the document of `template`, with `<logical id>` for what only a deployment knows."""
    value: dict[str, Any] = json.loads(text(the(template, "SSM::Parameter")[1]["Value"]))
    return value


def test_holds_exactly_what_nodes_read(template: Template) -> None:
    found = document(template)
    volumes, secrets = list(of_type(template, "EC2::Volume")), list(of_type(template, "SecretsManager::Secret"))
    handle, _ = the(template, "CloudFormation::WaitConditionHandle")
    table, _ = the(template, "DynamoDB::Table")
    (backups,) = (name for name in of_type(template, "S3::Bucket") if name.startswith("PairBackups"))
    sha256, bucket = re.compile(r"[0-9a-f]{64}"), "cdk-hnb659fds-assets-${AWS::AccountId}-eu-west-1"
    for name in ("asset", "artifact"):
        assert sha256.fullmatch(found[name]["sha256"])
        assert found[name].pop("bucket") == bucket
        assert sha256.fullmatch(found[name].pop("key").rpartition(".")[0])
    assert re.fullmatch(r"[0-9a-f]{16}", found.pop("generation"))
    assert found.pop("asset").keys() == {"sha256"}
    assert found.pop("artifact")["name"] == "as400-common-api-1.0.0.jar"
    assert found == {
        "format": 1,
        "cluster": "as400",
        "product": "as400gateway",
        "region": "eu-west-1",
        "members": [
            {"name": "a", "ordinal": 0, "zone": "eu-west-1a", "address": "10.64.0.10"}
            | {"present": True, "volume": f"<{volumes[0]}>"},
            {"name": "b", "ordinal": 1, "zone": "eu-west-1b", "address": "10.64.1.11"}
            | {"present": True, "volume": f"<{volumes[1]}>"},
        ],
        "wait_url": f"<{handle}>",
        "formation_timeout": 900,
        "java": 17,
        "table": f"<{table}>",
        "takeover_interval": 600,
        "secrets": {
            "database_admin": f"<{secrets[0]}>",
            "database_application": f"<{secrets[1]}>",
            "peer": f"<{secrets[2]}>",
        },
        "ports": {"http": 8080, "database": 9092, "peer": 9093, "readiness": 9180},
        "settings": {
            "home": "/opt/as400gateway",
            "database": "connections",
            "health": "/actuator/health",
            "admin_writes": "any",
            "seed": {},
            "backup": {"bucket": f"<{backups}>", "prefix": "h2", "hour": 2},
        },
    }


def test_is_a_standard_parameter_under_the_clusters_name(template: Template) -> None:
    _, properties = the(template, "SSM::Parameter")
    assert (properties["Name"], properties["Type"], properties["Tier"]) == (
        "/muster/as400/settings",
        "String",
        "Standard",
    )


def test_refers_to_no_instance(template: Template) -> None:
    """Instances wait for the document; the document cannot wait for them."""
    value = str(the(template, "SSM::Parameter")[1]["Value"])
    assert not [name for name in of_type(template, "EC2::Instance") if name in value]


EDITS: list[dict[str, Any]] = [
    {"name": "other"},
    {"account": "123456789012"},
    {"tags": {"cost-center": "1234"}},
    {"nodes": {"a": {"zone": "eu-west-1a"}, "c": {"zone": "eu-west-1b"}}},
    {"nodes": {"a": {"zone": "eu-west-1a"}, "b": {"zone": "eu-west-1c"}}},
    {"nodes": {"a": {"zone": "eu-west-1a"}, "b": {"zone": "eu-west-1b", "present": False}}},
    {"region": "eu-west-2", "nodes": {"a": {"zone": "eu-west-2a"}, "b": {"zone": "eu-west-2b"}}},
    {"instance": {"type": "t4g.large"}},
    {"instance": {"type": "t4g.medium", "java": 21}},
    {"instance": {"type": "t4g.medium", "os": "debian-12"}},
    {"instance": {"type": "t4g.medium", "volume": 30}},
    {"instance": {"type": "t4g.medium", "ami": "ami-0123456789abcdef0", "architecture": "arm64"}},
    {"artifact": {"s3": "bucket/as400.jar", "sha256": "0123456789abcdef" * 4}},
    {"balancer": {"scheme": "internet-facing"}},
    {"balancer": {"stickiness": {"hours": 9}}},
    {"balancer": {"clients": ["10.64.0.0/24"]}},
    {"network": {"cidr": "10.65.0.0/20"}},
    {"network": {"egress": "nat-per-zone"}},
    {"formation": {"timeout": 901}},
    {"logs": {"retention": 7}},
    {"alarms": {"email": "ops@example.org"}},
    {"kms_key": KEY},
    {"permission_boundary": BOUNDARY},
    {"database": {"name": "other"}},
    {"database": {"port": 19092}},
    {"database": {"peer_port": 19093}},
    {"database": {"takeover_interval": 0}},
    {"database": {"seed": {"s3": "bucket/gateway.sql.gz", "sha256": "0123456789abcdef" * 4}}},
    {"database": {"backup": {"days": 31}}},
    {"database": {"backup": {"hour": 3}}},
    {"as400gateway": {"home": "/opt/other"}},
    {"as400gateway": {"port": 18080}},
    {"as400gateway": {"readiness_port": 19180}},
    {"as400gateway": {"health": "/health"}},
    {"as400gateway": {"admin": "/x"}},
    {"as400gateway": {"admin_writes": "any"}},
    {"as400gateway": {"outside": [449]}},
]


def generation(
    cluster: Cluster,
    *,
    user_data: str = "#!/bin/bash",
    sha256: str = "0" * 64,
    more: Mapping[str, Any] = MappingProxyType({}),
    **launch: Any,
) -> str:
    """Return the generation of `cluster` with this user data, this artifact and this launch of every member."""
    planned = plan(cluster)
    planned = replace(planned, members=tuple(replace(each, **launch) for each in planned.members))
    return settings.generation(cluster, planned, content(cluster, sha256, more), user_data)


def content(cluster: Cluster, sha256: str = "0" * 64, more: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """Return what a document of `cluster` holds, with names in place of what only a deployment knows."""
    return settings.content(
        cluster,
        plan(cluster),
        volumes=dict.fromkeys(cluster.nodes, "vol-0123456789abcdef0"),
        asset=StoredObject("b" * 63, f"{'0' * 64}.zip", "0" * 64, "musternode.zip"),
        artifact=StoredObject("b" * 63, f"{sha256}.jar", sha256, JAR),
        secrets={each.name: "s" * settings.TOKEN_LENGTH for each in cluster.about.secrets},
        pair=cast(
            "Pair", SimpleNamespace(table="t" * settings.TOKEN_LENGTH, seed=_seed(cluster), backup=_backup(cluster))
        )
        if cluster.about.pair
        else None,
        more=more,
    )


def _seed(cluster: Cluster) -> dict[str, str]:
    known = isinstance(cluster.database.seed, SeedInS3)
    return {"kind": "script", "bucket": "b" * 63, "key": "k" * 80, "sha256": "0" * 64} if known else {}


def _backup(cluster: Cluster) -> dict[str, Any]:
    hour = cluster.database.backup.hour
    return {"bucket": "b" * settings.TOKEN_LENGTH, "prefix": "h2", "hour": hour} if cluster.backed_up else {}


@pytest.mark.parametrize("edit", EDITS, ids=str)
def test_every_edit_of_the_cluster_file_changes_the_generation(
    edit: dict[str, Any], write_cluster: WriteCluster
) -> None:
    """So a deployment waits for the nodes after each, also where nothing reaches them."""
    assert generation(load(write_cluster(**edit))) != generation(load(write_cluster()))


@pytest.mark.parametrize("word", ["lifted", "off"])
def test_protection_alone_changes_no_generation(word: str, write_cluster: WriteCluster) -> None:
    """A cluster that is sick could never be let go if the deploy that lifts protection waited for it."""
    assert generation(load(write_cluster(protection=word))) == generation(load(write_cluster()))


CARBONS: list[dict[str, Any]] = [
    {"wso2": {"kernel": "4.10.125"}},
    {"wso2": {"kernel": "4.10.126", "membership": "wka"}},
    {"wso2": {"kernel": "4.10.126", "domain": "other"}},
    {"wso2": {"kernel": "4.10.126", "heartbeat": 61}},
    {"wso2": {"kernel": "4.10.126", "http_port": 19763}},
    {"wso2": {"kernel": "4.10.126", "proxy": {"host": "10.0.0.5", "port": 3128}}},
    {"nodes": {**CARBON["nodes"], "d": {"zone": "eu-west-1b"}}},
]


@pytest.mark.parametrize("edit", CARBONS, ids=str)
def test_every_edit_of_a_carbon_file_changes_the_generation(edit: dict[str, Any], write_cluster: WriteCluster) -> None:
    before, after = load(write_cluster(**CARBON)), load(write_cluster(**{**CARBON, **edit}))
    assert generation(before) != generation(after)


def test_the_place_of_the_certificates_changes_no_generation(write_cluster: WriteCluster) -> None:
    """Their hash stands in the document."""
    one, other = (
        load(write_cluster(**{**CARBON, "wso2": {"kernel": "4.10.126", "trust": path}}))
        for path in ("here/ca.pem", "there/ca.pem")
    )
    assert generation(one) == generation(other)


IVIES: list[dict[str, Any]] = [
    {"weights": {"a": 2}},
    {"version": "12.0.10"},
    {"shared": "/srv/ivy/files"},
    {"outside": [9200]},
    {"home": "/opt/other"},
    {"database": {**IVY["axonivy"]["database"], "url": "jdbc:mariadb://db.example.org/ivy"}},
    {"database": {**IVY["axonivy"]["database"], "secret": f"{SECRET[:-6]}GhIjKl"}},
]


@pytest.mark.parametrize("edit", IVIES, ids=str)
def test_every_edit_of_an_axonivy_file_changes_the_generation(
    edit: dict[str, Any], write_cluster: WriteCluster
) -> None:
    image = {"type": "t4g.medium", "ami": IMAGE, "architecture": "arm64"}
    before, after = (load(write_cluster(**ivy(block, instance=image))) for block in ({}, edit))
    assert generation(before) != generation(after)


def test_the_place_of_the_licence_changes_no_generation_and_another_one_does(write_cluster: WriteCluster) -> None:
    one, other = (load(write_cluster(**ivy({"licence": f"{place}/ivy.lic"}))) for place in ("here", "there"))
    assert generation(one) == generation(other)
    assert generation(one, more={"licence_file": {"sha256": "1" * 64}}) != generation(one)


def test_the_id_of_a_file_system_that_only_a_deployment_knows_takes_as_many_characters_as_it_has() -> None:
    token = cdk.Token.as_string({"Ref": "FileSystem"})
    assert settings.length({"file_system": token}) == settings.length({"file_system": "fs-0123456789abcdef0"})


def test_the_edits_above_are_of_every_field(write_cluster: WriteCluster) -> None:
    fields = set(load(write_cluster()).model_dump()) - {"product", "protection"}  # one product; never waited for
    assert {field for edit in EDITS for field in edit} == fields


@pytest.mark.parametrize(
    "launch",
    [{"instance_type": "m7g.large"}, {"image": IMAGE}, {"user_data": "#!/bin/sh"}, {"sha256": "1" * 64}],
    ids=str,
)
def test_whatever_else_reaches_a_node_changes_the_generation(
    launch: dict[str, Any], write_cluster: WriteCluster
) -> None:
    cluster = load(write_cluster())
    assert generation(cluster, **launch) != generation(cluster)


def test_neither_the_order_of_nodes_nor_the_artifacts_folder_changes_the_generation(
    write_cluster: WriteCluster,
) -> None:
    edited = write_cluster(
        nodes={"b": {"zone": "eu-west-1b"}, "a": {"zone": "eu-west-1a"}}, artifact={"file": f"elsewhere/{JAR}"}
    )
    assert generation(load(edited)) == generation(load(write_cluster()))


@hypothesis.settings(max_examples=20)
@given(note=st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=40))
def test_a_comment_does_not_change_the_generation(note: str, write_cluster: WriteCluster) -> None:
    file = write_cluster(name="noted")
    before = generation(load(file))
    noted = file.with_suffix(".noted.yaml")
    noted.write_text(f"# {note}\n{file.read_text(encoding='utf-8')}", encoding="utf-8")
    assert generation(load(noted)) == before


def test_the_document_of_a_pair_with_everything_on_fits_the_standard_tier(write_cluster: WriteCluster) -> None:
    cluster = load(
        write_cluster(
            account="123456789012",
            tags={f"{'k' * 60}{number}": "v" * 256 for number in range(40)},
            alarms={"email": "ops@example.org"},
            kms_key=KEY,
            permission_boundary=BOUNDARY,
            instance={"type": "t4g.medium", "ami": IMAGE, "architecture": "arm64", "volume": 16384},
            balancer={"scheme": "internet-facing", "clients": ["10.0.0.0/8"], "stickiness": {"cookie": "JSESSIONID"}},
            database={"seed": {"s3": "bucket/gateway.sql.gz", "sha256": "0123456789abcdef" * 4}},
        )
    )
    whole = {**content(cluster), "generation": "0" * 16, "wait_url": "u" * WAIT_URL_LENGTH}
    assert settings.length(whole) <= STANDARD


@given(JSON)
def test_rendering_keeps_every_value(value: Any) -> None:
    assert json.loads(settings.render(value)) == value


@given(JSON)
def test_rendered_text_never_begins_a_reference_of_ssm(value: Any) -> None:
    rendered = settings.render({"x": value})
    assert rendered.isascii()
    assert "{{" not in rendered


@given(JSON)
def test_braces_stand_outside_of_text_alone(value: Any) -> None:
    inside = re.findall(r'"(?:\\.|[^"\\])*"', settings.render(value))
    assert not [each for each in inside if "{" in each or "}" in each]


@given(JSON)
def test_the_length_is_never_less_than_what_is_rendered(value: Any) -> None:
    assert settings.length(value) >= len(settings.render(value))


def with_padding(characters: int, product: str = "as400gateway") -> dict[str, Any]:
    """Return the properties of a parameter whose document has `characters` characters of padding."""
    stack = cdk.Stack(cdk.App(), "S")
    handle = FormationHandle(stack, "Handle", generation="0" * 16)
    document = {"product": product, "x": "x" * characters}
    SettingsDocument(stack, "D", name="/muster/x/settings", document=document, handle=handle)
    return the(Assertions.from_stack(stack).to_json(), "SSM::Parameter")[1]


@pytest.mark.parametrize("product", ["axonivy", "kaazing", "wso2-carbon"])
def test_a_product_whose_clusters_grow_has_the_advanced_tier_from_its_first_node_on(product: str) -> None:
    """Else it would have to go down with the nodes, which AWS refuses."""
    assert with_padding(1, product)["Tier"] == with_padding(5000, product)["Tier"] == "Advanced"


def test_a_document_of_a_pair_near_the_standard_tiers_end_takes_the_advanced_tier() -> None:
    assert with_padding(1000)["Tier"] == "Standard"
    assert with_padding(3000)["Tier"] == "Advanced"


def test_a_document_near_the_end_of_all_tiers_is_refused() -> None:
    assert with_padding(6000)["Tier"] == "Advanced"
    with pytest.raises(ValueError, match=f"at most {LARGEST} are possible"):
        with_padding(8000)


def test_the_document_is_written_after_the_policy_that_lets_nodes_read_what_it_names(template: Template) -> None:
    """A running node looks at it every few seconds; without this it would be denied the new keys."""
    (document,) = of_type(template, "SSM::Parameter").items()
    policies = set(of_type(template, "IAM::ManagedPolicy"))
    assert policies & set(template["Resources"][document[0]]["DependsOn"])
    assert not [name for name in policies if document[0] in json.dumps(template["Resources"][name])]
