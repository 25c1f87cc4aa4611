"""Only the driver's own first message lets anybody in; whatever else comes is refused and never breaks the parser."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.h2 import handshake
from musternode.h2.handshake import BEFORE_LOGIN, Hello, Policy, Refused, parse, shown
from tests.gate_support import CANCEL, CLUSTER, HELLO, POLICY, SERVERS, URL, hello, number, text


def verdict(first: bytes, policy: Policy = POLICY) -> str | None:
    """Return why a whole first message is refused, None if it is let in."""
    try:
        read = parse(first)
    except Refused as refused:
        return str(refused)
    assert read is not None
    return policy.refusal(read)


def test_the_drivers_handshake_is_read_whole() -> None:
    assert parse(HELLO) == Hello("./connections", URL, "APP", CLUSTER)
    assert verdict(HELLO) is None


@pytest.mark.parametrize("length", range(len(HELLO)))
def test_every_beginning_of_a_handshake_asks_for_more(length: int) -> None:
    assert parse(HELLO[:length]) is None


def test_what_follows_the_handshake_does_not_change_it() -> None:
    assert parse(HELLO + b"\xff" * 100) == parse(HELLO)


@pytest.mark.parametrize("user", ["SA", "sa", "Sa", "sA"])
def test_the_administrator_is_refused_however_he_is_spelled(user: str) -> None:
    assert "administrator" in str(verdict(hello(user=user)))


@pytest.mark.parametrize("user", ["", "\u017fA", "SA\x00", "\uff33A", "a\nb", "x" * 129])
def test_a_user_name_that_is_not_plain_text_is_refused(user: str) -> None:
    """H2 turns a long s into S when it makes a name upper case, as Python does."""
    assert "plain text" in str(verdict(hello(user=user)))


@pytest.mark.parametrize(
    "database",
    [
        "",
        "connections",
        "./connection",
        "./connections2",
        "./CONNECTIONS",
        "mem:x",
        "./../connections",
        "./connections;IFEXISTS=TRUE",
        "/etc/x",
        "~/connections",
    ],
)
def test_another_database_is_refused(database: str) -> None:
    assert "is not ./connections" in str(verdict(hello(database=database)))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "jdbc:h2:tcp://10.0.0.11:9092/./connections",
        "jdbc:h2:tcp://10.0.0.12:9092,10.0.0.11:9092/./connections",
        f"jdbc:h2:tcp://{SERVERS},10.0.0.13:9092/./connections",
        f"jdbc:h2:tcp://{SERVERS}0/./connections",
        f"jdbc:h2:ssl://{SERVERS}/./connections",
        f"x jdbc:h2:tcp://{SERVERS}/./connections",
    ],
)
def test_a_url_without_the_whole_list_in_its_order_is_refused(url: str) -> None:
    assert "does not name the servers" in str(verdict(hello(url=url)))


def test_a_url_with_settings_is_let_in() -> None:
    assert verdict(hello(url=f"{URL};DB_CLOSE_ON_EXIT=FALSE")) is None


@pytest.mark.parametrize("given_setting", [None, "", "''", "FALSE", "true", "TRUE ", f"'{SERVERS}'"])
def test_a_cluster_setting_that_is_not_the_drivers_is_refused(given_setting: str | None) -> None:
    """An empty one switches the cluster off by the mere login (engine/Engine.java, checkClustering)."""
    settings = {} if given_setting is None else {"CLUSTER": given_setting}
    assert "CLUSTER" in str(verdict(hello(settings=settings)))


@pytest.mark.parametrize("second", ["cluster", "Cluster", "CLUSTER", ""])
def test_a_second_cluster_setting_in_another_spelling_is_refused(second: str) -> None:
    """H2 runs any setting that it does not know as SQL, in which case does not matter (engine/Engine.java)."""
    head = hello(settings={})[:-4]
    first = head + number(2) + text("CLUSTER") + text("TRUE") + text(second) + text("TRUE")
    assert "given twice or not in the driver's way" in str(verdict(first))


@pytest.mark.parametrize("setting", sorted(BEFORE_LOGIN))
def test_a_setting_that_acts_before_the_login_is_refused(setting: str) -> None:
    assert setting in str(verdict(hello(settings={**CLUSTER, setting: "x"})))


@pytest.mark.parametrize("setting", ["IFEXISTS", "MODE", "DB_CLOSE_DELAY", "INIT", "TIME ZONE", "AUTO_RECONNECT"])
def test_other_settings_are_left_to_h2(setting: str) -> None:
    assert verdict(hello(settings={**CLUSTER, setting: "x"})) is None


@pytest.mark.parametrize("password", [None, b"", b"\x00\xff'; \"" * 6])
def test_any_password_hash_is_let_in(password: bytes | None) -> None:
    assert verdict(hello(password=password)) is None


def test_a_cancelling_connection_is_let_in_and_no_other_without_a_database() -> None:
    assert verdict(CANCEL) is None
    head = CANCEL[:-8]
    assert "cancel" in str(verdict(head + number(14) + number(7)))
    assert parse(CANCEL[:-1]) is None


@pytest.mark.parametrize(
    "first",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        number(0) * 2,
        number(6) + number(-1),
        number(6) + number(18) + number(-2),
        number(6) + number(18) + number(1 << 30),
        number(6) + number(18) + number(1) + b"\xd8\x00",
        hello(database=None),
        hello(url=None),
        hello(user=None),
        hello(settings={})[:-4] + number(-1),
        hello(settings={})[:-4] + number(101),
        hello(settings={})[:-4] + number(1) + text(None) + text("x"),
        hello(settings={})[:-4] + number(1) + text("CLUSTER") + text(None),
    ],
)
def test_garbage_is_refused_at_once(first: bytes) -> None:
    with pytest.raises(Refused):
        parse(first)


def test_a_handshake_that_does_not_end_is_refused() -> None:
    endless = hello(settings={})[:-4] + number(100) + b"".join(text(f"K{i}") + text("x" * 200) for i in range(99))
    assert len(endless) > handshake.LONGEST
    with pytest.raises(Refused, match="does not end"):
        parse(endless)


@given(st.binary(max_size=400) | st.binary(max_size=200).map(lambda tail: number(6) + number(18) + tail))
def test_no_bytes_break_the_parser(data: bytes) -> None:
    with contextlib.suppress(Refused):
        parse(data)


@given(st.integers(0, len(HELLO) - 1), st.integers(0, 255), st.binary(max_size=8))
def test_no_change_of_a_handshake_breaks_the_parser(place: int, value: int, inserted: bytes) -> None:
    with contextlib.suppress(Refused):
        read = parse(HELLO[:place] + bytes([value]) + inserted + HELLO[place + 1 :])
        if read is not None:
            POLICY.refusal(read)


@given(
    st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), max_size=60),
    st.dictionaries(st.from_regex(r"[A-Z][A-Z0-9_]{0,20}", fullmatch=True), st.text("'; =\n\u20ac", max_size=20)),
)
def test_what_is_written_is_what_is_read(user: str, settings: dict[str, str]) -> None:
    assert parse(hello(user=user, settings=settings)) == Hello("./connections", URL, user, settings)


@given(st.text())
def test_what_is_shown_is_one_printable_line(value: str) -> None:
    assert shown(value).isprintable()
    assert shown(value).isascii()
    assert len(shown(value)) < 1000
