"""user-mgt.xml edited in place; the judge is the file's own text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.appserver import user_mgt
from musternode.failure import Failure

SMALL = """\
<UserManager>
    <Realm>
        <Configuration>
\t\t<AddAdmin>true</AddAdmin>
                <AdminUser>
                     <UserName>admin</UserName>
                </AdminUser>
            <EveryOneRoleName>everyone</EveryOneRoleName> <!-- all -->
            <Property name="isCascadeDeleteEnabled">true</Property>
            <!--Property name="dataSource">jdbc/WSO2CarbonDB</Property-->
            <Property  name='dataSource'>jdbc/WSO2CarbonDB</Property>
        </Configuration>
        <UserStoreManager class="x.JDBCUserStoreManager">
            <Property name="dataSource">jdbc/People</Property>
        </UserStoreManager>
    </Realm>
</UserManager>
"""
EXPECTED = SMALL.replace("'dataSource'>jdbc/WSO2CarbonDB", "'dataSource'>jdbc/WSO2SharedDB")
OWN = "<Property  name='dataSource'>jdbc/WSO2CarbonDB</Property>"


def after(content: str) -> str:
    """Return the edited file."""
    return user_mgt.patched(content.encode()).decode()


def test_the_realm_alone_is_led_to_the_shared_database() -> None:
    """The example in a comment stays, and so does a store of users that has a database of its own."""
    assert after(SMALL) == EXPECTED != SMALL


@pytest.mark.parametrize("written", ["\n  jdbc/WSO2CarbonDB ", "jdbc/<!-- own -->WSO2CarbonDB", "jdbc/WSO2SharedDB"])
def test_it_is_led_there_however_its_own_is_written(written: str) -> None:
    content = SMALL.replace(OWN, OWN.replace("jdbc/WSO2CarbonDB", written))
    assert after(content).replace("<!-- own -->", "") == EXPECTED


@given(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.sampled_from(["\n", "\r\n"]))
def test_twice_is_once(codec: str, end: str) -> None:
    once = user_mgt.patched(SMALL.replace("\n", end).encode(codec))
    assert once == EXPECTED.replace("\n", end).encode(codec)
    assert user_mgt.patched(once) == once


@given(st.binary(max_size=60), st.integers(0, len(SMALL)))
def test_damage_is_a_sentence_or_no_harm(damage: bytes, place: int) -> None:
    before = SMALL.encode()
    try:
        once = user_mgt.patched(before[:place] + damage + before[place:])
    except Failure as failure:
        assert "user-mgt.xml" in str(failure)  # noqa: PT017 - either is right
    else:
        assert user_mgt.patched(once) == once
        assert b"jdbc/WSO2SharedDB" in once


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "line 1: not well-formed XML"),
        ("<Realm/>", "line 1: <Realm> where <UserManager> belongs"),
        (SMALL.replace("<UserManager>", '<UserManager xmlns="urn:a">'), "<UserManager> where <UserManager> belongs"),
        (SMALL.replace("Realm>", "Domain>"), "there is no <Realm> in it"),
        (SMALL.replace("Configuration>", "Settings>"), "there is no <Configuration> of its <Realm> in it"),
        (SMALL.replace(OWN, ""), 'there is no <Property name="dataSource"> of its realm in it'),
        (SMALL.replace(OWN, OWN + OWN), '<Property name="dataSource"> of its realm stands twice'),
        (SMALL.replace(OWN, OWN.replace("Carbon", "UM_")), "line 11: users are in a database of your own"),
    ],
)
def test_what_cannot_be_edited_safely_is_refused_with_its_place(content: str, sentence: str) -> None:
    with pytest.raises(Failure) as refused:
        after(content)
    assert sentence in str(refused.value)
    assert str(refused.value).startswith("repository/conf/user-mgt.xml")
