"""The settings document as a node reads it."""

import copy
import json
from typing import Any

import pytest

from musternode import settings
from musternode.failure import Failure, ascii_sentence

DOCUMENT: dict[str, Any] = {
    "format": 1,
    "cluster": "as400",
    "product": "as400gateway",
    "region": "eu-west-1",
    "generation": "0123456789abcdef",
    "members": [
        {"name": "b", "ordinal": 1, "zone": "eu-west-1b", "address": "10.64.1.11", "volume": "vol-2"},
        {"name": "a", "ordinal": 0, "zone": "eu-west-1a", "address": "10.64.0.10", "volume": "vol-1"},
    ],
    "asset": {"bucket": "assets", "key": "k.zip", "sha256": "0" * 64},
    "artifact": {"bucket": "assets", "key": "k.jar", "sha256": "1" * 64, "name": "as400-common-api-1.0.0.jar"},
    "wait_url": "https://cloudformation-waitcondition-eu-west-1.s3.amazonaws.com/x",
    "formation_timeout": 900,
    "takeover_interval": 600,
    "java": 17,
    "table": "muster-as400-witness",
    "secrets": {"database_admin": "arn:1", "database_application": "arn:2", "peer": "arn:3"},
    "ports": {"http": 8080, "database": 9092, "peer": 9093, "readiness": 9180},
    "settings": {
        "home": "/opt/as400gateway",
        "database": "connections",
        "health": "/actuator/health",
        "admin_writes": "leader",
        "seed": {},
        "backup": {},
    },
}
SEED = {"kind": "script", "bucket": "assets", "key": "dump.sql.gz", "sha256": "2" * 64}
BACKUP: dict[str, Any] = {"bucket": "assets", "prefix": "backup/", "hour": 2}


def changed(**values: Any) -> str:
    """Return the document as JSON with some keys changed."""
    return json.dumps({**copy.deepcopy(DOCUMENT), **values})


def product(**values: Any) -> str:
    """Return the document as JSON with some of the product's settings changed."""
    return changed(settings={**DOCUMENT["settings"], **values})


def former() -> str:
    """Return a document as it was before nodes had a key and a witness."""
    document = copy.deepcopy(DOCUMENT)
    for key in ("table", "takeover_interval"):
        del document[key]
    del document["secrets"]["peer"]
    return json.dumps(document)


def members(a: Any, b: Any) -> list[dict[str, Any]]:
    """Return the members with their `present`."""
    return [{**one, "present": present} for one, present in zip(DOCUMENT["members"], (b, a), strict=True)]


def test_a_member_is_present_unless_the_document_says_otherwise() -> None:
    read = settings.read(json.dumps(DOCUMENT))
    assert [(read.alone(name), read.leaves(name)) for name in "ab"] == [(False, False)] * 2
    read = settings.read(changed(members=members(True, False)))
    assert [(read.alone(name), read.leaves(name)) for name in "ab"] == [(True, False), (False, True)]


def test_members_stand_by_ordinal_and_know_their_peer() -> None:
    read = settings.read(json.dumps(DOCUMENT))
    assert [member.name for member in read.members] == ["a", "b"]
    assert read.peer_of("a") == read.member("b")


def test_escaped_braces_are_braces() -> None:
    text = json.dumps(DOCUMENT).replace("/actuator/health", "/\\u007bx\\u007d")
    assert settings.read(text).settings.health == "/{x}"


def test_seed_and_backup_are_none_or_whole() -> None:
    without = settings.read(json.dumps(DOCUMENT)).settings
    assert (without.seed, without.backup) == (None, None)
    with_both = settings.read(product(seed=SEED, backup=BACKUP)).settings
    assert with_both.seed == settings.Seed(**SEED)
    assert with_both.backup == settings.Backup(**BACKUP)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        (changed(format=2), "format 2"),
        (changed(colour="red"), "unknown key colour"),
        (changed(ports={**DOCUMENT["ports"], "extra": 1}), "unknown key ports.extra"),
        (changed(secrets={"database_admin": "arn"}), "secrets.database_application is missing"),
        (former(), "key table is missing; another version made it: deploy again"),
        (changed(takeover_interval=-1), "takeover_interval is -1"),
        (product(admin_writes="all"), "admin_writes is 'all'; it is leader or any"),
        (product(seed={"kind": "file"}), "settings.seed.bucket is missing"),
        (product(seed={**SEED, "kind": "csv"}), "seed.kind is 'csv'; it is file or script"),
        (product(backup={**BACKUP, "hour": 24}), "backup.hour is 24"),
        (changed(java="17"), "java is '17'"),
        (changed(java=True), "java is True"),
        (changed(wait_url=""), "wait_url"),
        (changed(members=DOCUMENT["members"][:1]), "exactly two"),
        (changed(members={}), "members is not a list"),
        (changed(members=[1, 2]), "members[0]. is not an object"),
        (changed(members=members(False, False)), "none is present"),
        (changed(members=members("yes", True)), "present is 'yes'; a true or false is needed"),
    ],
)
def test_a_fault_is_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(Failure) as raised:
        settings.read(text)
    assert named in str(raised.value)


def test_a_node_of_another_name_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(Failure, match="no node c; it has a, b"):
        settings.read(json.dumps(DOCUMENT)).member("c")


def test_a_sentence_is_one_short_ascii_line() -> None:
    sentence = ascii_sentence("caf\u00e9\n  x\t" + "y" * 2000)
    assert sentence.startswith("caf? x yyy")
    assert len(sentence) == 900
