"""registry.xml edited in place; the judge is another parser, and the lines themselves."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.appserver import registry_xml
from musternode.appserver.registry_xml import PATHS, Registry
from musternode.failure import Failure

CACHE = "wso2@jdbc:mysql://db.example.org/wso2?a=1&b=2"
MGT, WORKER = Registry(CACHE, read_only=False), Registry(CACHE, read_only=True)
SMALL = """<?xml version="1.0" encoding="ISO-8859-1"?>
<wso2registry>
    <!-- <mount> and <remoteInstance> are explained elsewhere -->
    <currentDBConfig>wso2registry</currentDBConfig>
    <readOnly>false</readOnly>

    <dbConfig name="wso2registry">
        <dataSource>jdbc/WSO2CarbonDB</dataSource>
    </dbConfig>

    <!--remoteInstance url="https://localhost:9443/registry">
        <id>instanceid</id>
        <password>password</password>
    </remoteInstance-->

    <!--mount path="/_system/config" overwrite="true|false|virtual">
        <instanceId>instanceid</instanceId>
    </mount-->

    <versionResourcesOnChange>false</versionResourcesOnChange>
</wso2registry>
"""
DATABASE = """
    <dbConfig name="sharedregistry">
        <dataSource>jdbc/WSO2SharedDB</dataSource>
    </dbConfig>
"""
INSTANCE = """
    <remoteInstance url="https://localhost:9443/registry">
        <id>instanceid</id>
        <dbConfig>sharedregistry</dbConfig>
        <readOnly>true</readOnly>
        <enableCache>true</enableCache>
        <registryRoot>/</registryRoot>
        <cacheId>wso2@jdbc:mysql://db.example.org/wso2?a=1&amp;b=2</cacheId>
    </remoteInstance>
"""
MOUNT = """
    <mount path="{0}" overwrite="true">
        <instanceId>instanceid</instanceId>
        <targetPath>{0}</targetPath>
    </mount>
"""
MOUNTS = "".join(MOUNT.format(path) for path in PATHS)
BARE = "<wso2registry>\n<dbConfig name='own'/>{0}\n</wso2registry>\n"


def after(content: str, wanted: Registry = WORKER) -> str:
    """Return the edited file."""
    return registry_xml.patched(content.encode(), wanted).decode()


def says(content: bytes, wanted: Registry) -> bool:
    """Return whether the registry is shared as `wanted`, by another parser."""
    root = ET.fromstring(content)  # noqa: S314 - the tests wrote it
    one = root.findall("remoteInstance[id='instanceid']")
    read = [(each.findtext("readOnly"), each.findtext("cacheId"), each.findtext("dbConfig")) for each in one]
    source = root.findtext("dbConfig[@name='sharedregistry']/dataSource")
    led = {each.get("path"): (each.findtext("instanceId"), each.findtext("targetPath")) for each in root.iter("mount")}
    return (
        read == [(str(wanted.read_only).lower(), wanted.cache, "sharedregistry")]
        and source == "jdbc/WSO2SharedDB"
        and all(led[path] == ("instanceid", path) for path in PATHS)
    )


def test_a_file_is_edited_as_a_person_would() -> None:
    """Each element stands behind the comment that has an example of it."""
    expected = SMALL.replace("    </dbConfig>\n", "    </dbConfig>\n" + DATABASE)
    expected = expected.replace("    </remoteInstance-->\n", "    </remoteInstance-->\n" + INSTANCE)
    expected = expected.replace("    </mount-->\n", "    </mount-->\n" + MOUNTS)
    assert after(SMALL) == expected


def test_workers_only_read_and_management_writes() -> None:
    assert says(after(SMALL, MGT).encode(), MGT)
    assert after(SMALL, MGT) == after(SMALL, WORKER).replace("<readOnly>true", "<readOnly>false")


def test_the_servers_own_registry_stays() -> None:
    bare = after(SMALL)
    for each in (DATABASE, INSTANCE, MOUNTS):
        bare = bare.replace(each, "")
    assert bare == SMALL


def test_what_was_put_there_by_hand_is_used() -> None:
    by_hand = after(SMALL).replace("<dataSource>jdbc/WSO2SharedDB", "<dataSource>jdbc/Mine")
    by_hand = by_hand.replace('overwrite="true">', "overwrite='virtual'> <!-- mine -->").replace("wso2@jdbc", "x@jdbc")
    once = after(by_hand)
    assert says(once.encode(), WORKER)
    assert once.count("<!-- mine -->") == 2
    assert once.count('overwrite="true"') + once.count("overwrite='true'") == 2
    assert once.count("<mount ") == 2


def test_without_examples_all_stand_behind_the_databases() -> None:
    once = after(BARE.format(""))
    assert says(once.encode(), WORKER)
    places = [once.index(each) for each in ("'own'", "sharedregistry", "<remoteInstance", "<mount")]
    assert places == sorted(places)


REGISTRIES = st.builds(
    Registry,
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff{"), min_size=1).filter(
        lambda text: bool(text.strip())
    ),
    st.booleans(),
)


@given(
    st.sampled_from([SMALL, BARE.format("")]),
    REGISTRIES,
    REGISTRIES,
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"]),
    st.booleans(),
)
def test_twice_is_once_whatever_stood_there_before(
    content: str, first: Registry, wanted: Registry, codec: str, dos: bool
) -> None:
    declared = content.replace("ISO-8859-1", codec.removesuffix("-sig")).replace("\n", "\r\n" if dos else "\n")
    before = declared.encode(codec)
    once = registry_xml.patched(registry_xml.patched(before, first), wanted)
    if codec != "iso-8859-1" or content == SMALL:
        assert says(once, wanted)
    assert registry_xml.patched(once, wanted) == once
    text = once.decode(codec)
    assert text.count("\r\n") == (text.count("\n") if dos else 0)


@given(st.binary(max_size=60), st.integers(0, len(SMALL)))
def test_damage_is_a_sentence_or_no_harm(damage: bytes, place: int) -> None:
    before = SMALL.encode()
    try:
        once = registry_xml.patched(before[:place] + damage + before[place:], WORKER)
    except Failure as failure:
        assert "registry.xml" in str(failure)  # noqa: PT017 - either is right
    else:
        assert says(once, WORKER)


REMOTE = "<remoteInstance url='u'><id>instanceid</id><username>u</username></remoteInstance>"
ELSEWHERE = "<mount path='/_system/governance'><instanceId>greg</instanceId><targetPath>/x</targetPath></mount>"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "line 1: not well-formed XML"),
        ("<registry/>", "line 1: <registry> where <wso2registry> belongs"),
        (BARE.replace("<wso2registry>", '<wso2registry xmlns="urn:a">').format(""), "<wso2registry> where"),
        ("<wso2registry/>", "there is no <dbConfig> in it"),
        (BARE.format("<currentDBConfig> sharedregistry\n</currentDBConfig>"), "is its <currentDBConfig>"),
        (BARE.format("<dbConfig name='sharedregistry'/>" * 2), '<dbConfig name="sharedregistry"> stands twice'),
        (BARE.format(REMOTE), "line 2: instanceid is another server"),
        (BARE.format(REMOTE + REMOTE), "<remoteInstance> instanceid stands twice"),
        (BARE.format(ELSEWHERE), "line 2: its <mount> of /_system/governance leads elsewhere"),
        (BARE.format(ELSEWHERE + ELSEWHERE), "<mount> of /_system/governance stands twice"),
    ],
)
def test_what_cannot_be_edited_safely_is_refused_with_its_place(content: str, sentence: str) -> None:
    with pytest.raises(Failure) as refused:
        after(content)
    assert sentence in str(refused.value)
    assert str(refused.value).startswith("repository/conf/registry.xml")


@pytest.mark.parametrize(("cache", "sentence"), [("u${x}@jdbc", "cacheId holds ${"), (" ", "cacheId is empty")])
def test_a_user_who_would_be_misread_is_refused(cache: str, sentence: str) -> None:
    with pytest.raises(Failure) as refused:
        after(SMALL, Registry(cache, read_only=True))
    assert sentence in str(refused.value)
