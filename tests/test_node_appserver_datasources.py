"""master-datasources.xml edited in place; the judge is another parser, and the lines themselves."""

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from musternode.appserver import datasources
from musternode.appserver.shared_database import Shared
from musternode.failure import Failure

SHARED = Shared("jdbc:mysql://db.example.org/wso2?a=1&b=2", "com.mysql.cj.jdbc.Driver", "wso2", "p<w>&")
OTHER = Shared("jdbc:oracle:thin:@db.example.org:1521/wso2", "oracle.jdbc.OracleDriver", "as", "]]>")
LOCAL = """\
        <datasource>
            <name>WSO2_CARBON_DB</name>
            <jndiConfig><name>jdbc/WSO2CarbonDB</name></jndiConfig>
            <definition type="RDBMS">
                <configuration>
                    <url>jdbc:h2:repository/database/X</url>
                    <password svns:secretAlias="a">wso2carbon</password>
                </configuration>
            </definition>
        </datasource>
"""
SMALL = f"""<datasources-configuration xmlns:svns="http://org.wso2.securevault/configuration">
    <providers><provider>x.RDBMSDataSourceReader</provider></providers>
    <datasources>
{LOCAL}        <!--datasource>
            <name>WSO2_SHARED_DB</name>
        </datasource-->
    </datasources>
</datasources-configuration>
"""
NEW = """\
        <datasource>
            <name>WSO2_SHARED_DB</name>
            <description>Registry and users of all servers</description>
            <jndiConfig>
                <name>jdbc/WSO2SharedDB</name>
            </jndiConfig>
            <definition type="RDBMS">
                <configuration>
                    <url>jdbc:mysql://db.example.org/wso2?a=1&amp;b=2</url>
                    <username>wso2</username>
                    <password>p&lt;w&gt;&amp;</password>
                    <driverClassName>com.mysql.cj.jdbc.Driver</driverClassName>
                    <validationQuery>SELECT 1</validationQuery>
                    <maxActive>50</maxActive>
                    <maxWait>60000</maxWait>
                    <testOnBorrow>true</testOnBorrow>
                    <validationInterval>30000</validationInterval>
                </configuration>
            </definition>
        </datasource>
"""
BY_HAND = SMALL.replace(
    LOCAL,
    LOCAL
    + """<datasource><name>WSO2_SHARED_DB</name> <!-- mine --> <jndiConfig><name>jdbc/Mine</name></jndiConfig>
<definition type="RDBMS"><configuration><maxActive>7</maxActive><url>jdbc:mysql://old/x</url>
<password svns:secretAlias="b">old</password></configuration></definition></datasource>
""",
)


def after(content: str, wanted: Shared = SHARED) -> str:
    """Return the edited file."""
    return datasources.patched(content.encode(), wanted).decode()


def found(content: bytes) -> dict[str, dict[str, str]]:
    """Return what each source says, by its name, as another parser reads it."""
    sources = ET.fromstring(content).findall("datasources/datasource")  # noqa: S314 - the tests wrote it
    return {one.findtext("name", ""): {each.tag: each.text or "" for each in one.iter()} for one in sources}


def says(content: bytes, wanted: Shared) -> bool:
    """Return whether the shared source is `wanted`."""
    read = found(content)["WSO2_SHARED_DB"]
    same = (read["url"], read["username"], read["password"], read["driverClassName"])
    return same == (wanted.url, wanted.username, wanted.password, wanted.driver)


def test_a_file_is_edited_as_a_person_would() -> None:
    assert after(SMALL) == SMALL.replace(LOCAL, LOCAL + NEW)


def test_the_servers_own_source_and_all_else_stays() -> None:
    assert after(SMALL).replace(NEW, "") == SMALL
    assert found(after(SMALL).encode())["WSO2_CARBON_DB"]["url"] == "jdbc:h2:repository/database/X"


def test_a_source_that_was_put_there_by_hand_is_used_with_its_pool() -> None:
    read = found(after(BY_HAND).encode())["WSO2_SHARED_DB"]
    assert says(after(BY_HAND).encode(), SHARED)
    assert read["maxActive"] == "7"
    assert "<!-- mine -->" in after(BY_HAND)
    assert after(BY_HAND).count("jdbc/WSO2SharedDB") == 1


def test_no_alias_of_the_secure_vault_is_left_that_would_be_read_in_place_of_the_password() -> None:
    assert 'secretAlias="b"' not in after(BY_HAND)
    assert 'secretAlias="a"' in after(BY_HAND)


@pytest.mark.parametrize("word", ["false", "true"])
def test_who_ends_a_transaction_is_as_in_the_servers_own_source(word: str) -> None:
    line = f"<defaultAutoCommit>{word}</defaultAutoCommit>"
    own = SMALL.replace("</password>", f"</password>{line}")
    assert after(own).count(line) == 2
    assert "defaultAutoCommit" not in after(SMALL)


def test_oracle_is_asked_as_it_answers() -> None:
    assert found(after(SMALL, OTHER).encode())["WSO2_SHARED_DB"]["validationQuery"] == "SELECT 1 FROM DUAL"


def test_a_file_without_a_source_gets_the_first_one() -> None:
    empty = "<datasources-configuration>\n    <datasources/>\n</datasources-configuration>\n"
    assert says(after(empty).encode(), SHARED)


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff{"), min_size=1).filter(
    lambda text: bool(text.strip())
)
ANY = st.builds(Shared, st.sampled_from([SHARED.url, OTHER.url]), st.just("x.Driver"), WORDS, WORDS)


@given(st.sampled_from([SMALL, BY_HAND]), ANY, ANY, st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.booleans())
@example(SMALL, SHARED, replace(OTHER, password="a\rb\t"), "utf-8", True)
def test_twice_is_once_whatever_stood_there_before(
    content: str, first: Shared, wanted: Shared, codec: str, dos: bool
) -> None:
    before = content.replace("\n", "\r\n" if dos else "\n").encode(codec)
    once = datasources.patched(datasources.patched(before, first), wanted)
    assert says(once, wanted)
    assert datasources.patched(once, wanted) == once
    text = once.decode(codec)
    assert text.count("\r\n") == (text.count("\n") if dos else 0)
    assert once[:3] == before[:3]


@example(b"}", SMALL.index("http://"))  # expat takes no such name of a namespace
@given(st.binary(max_size=60), st.integers(0, len(SMALL)))
def test_damage_is_a_sentence_or_no_harm(damage: bytes, place: int) -> None:
    before = SMALL.encode()
    try:
        once = datasources.patched(before[:place] + damage + before[place:], SHARED)
    except Failure as failure:
        assert "master-datasources.xml" in str(failure)  # noqa: PT017 - either is right
    else:
        assert says(once, SHARED)


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        (replace(SHARED, password=""), "password is empty"),
        (replace(SHARED, password=" \n"), "password is empty"),
        (replace(SHARED, password="a${user.home}9"), "password holds ${"),
        (replace(SHARED, password="zz\x019"), "that XML cannot hold"),
        (replace(SHARED, username=""), "username is empty"),
    ],
)
def test_an_account_that_would_be_misread_is_refused_and_not_shown(wanted: Shared, sentence: str) -> None:
    with pytest.raises(Failure) as refused:
        after(SMALL, wanted)
    assert sentence in str(refused.value)
    assert "9" not in str(refused.value)


def test_a_password_is_not_shown_with_its_database() -> None:
    assert SHARED.password not in repr(SHARED)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "line 1: not well-formed XML"),
        ("<Server><datasources/></Server>", "line 1: <Server> where <datasources-configuration> belongs"),
        (SMALL.replace("xmlns:svns", 'xmlns="urn:a" xmlns:svns'), "line 1: <datasources-configuration> where"),
        ("<datasources-configuration/>", "there is no <datasources> in it"),
        ("<!DOCTYPE a><datasources-configuration/>", "a DOCTYPE declaration"),
        (SMALL.replace("jdbc/WSO2CarbonDB", "jdbc/WSO2SharedDB"), "line 4: another <datasource> is at jdbc/WSO2Shared"),
        (BY_HAND.replace("WSO2_CARBON_DB", "WSO2_SHARED_DB"), "<datasource> WSO2_SHARED_DB stands twice"),
        (BY_HAND.replace("<maxActive>7</maxActive>", "<dataSourceClassName/>"), "no source by address and driver"),
        (SMALL.replace("_CARBON_", "_SHARED_").replace("RDBMS", "X"), "no source by address and driver"),
        (BY_HAND.replace("<jndiConfig><name>jdbc/Mine</name></jndiConfig>", ""), "no <jndiConfig> of WSO2_SHARED_DB"),
    ],
)
def test_what_cannot_be_edited_safely_is_refused_with_its_place(content: str, sentence: str) -> None:
    with pytest.raises(Failure) as refused:
        after(content)
    assert sentence in str(refused.value)
    assert str(refused.value).startswith("repository/conf/datasources/master-datasources.xml")
