"""Frames of the peer port: what is opened is what was sealed, here, now, in this direction and order."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.h2.challenge import NONCE, Parties
from musternode.h2.frames import (
    HEADER,
    MAC,
    Direction,
    Forged,
    Frame,
    Kind,
    Opener,
    Sealer,
    read_words,
    words,
)

KEY = b"k" * 32
SOME = st.tuples(st.sampled_from(Kind), st.binary(max_size=4))
NAMES = st.text(max_size=8)
NONCES = st.binary(min_size=NONCE, max_size=NONCE)


def opened(opener: Opener, content: bytes) -> Frame:
    """Open one frame as a channel does, from exactly its bytes."""
    kind, length = opener.announced(content[:HEADER])
    if len(content) != HEADER + length + MAC:
        raise Forged("another length than announced: the channel would wait, or read the next frame's bytes")
    return opener.open(kind, content[HEADER:-MAC], content[-MAC:])


@given(st.lists(SOME, min_size=1, max_size=8))
def test_frames_are_opened_as_they_were_sealed_in_their_order(frames: list[tuple[Kind, bytes]]) -> None:
    sealer, opener = Sealer(KEY, Direction.CLIENT), Opener(KEY, Direction.CLIENT)
    assert [opened(opener, sealer.seal(*one)) for one in frames] == [Frame(*one) for one in frames]


@given(SOME, st.data())
def test_a_frame_with_any_bit_changed_is_forged(frame: tuple[Kind, bytes], data: st.DataObject) -> None:
    content = bytearray(Sealer(KEY, Direction.CLIENT).seal(*frame))
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Forged):
        opened(Opener(KEY, Direction.CLIENT), bytes(content))


@given(st.lists(SOME, min_size=2, max_size=4), st.data())
def test_any_other_order_repetition_or_gap_is_forged(frames: list[tuple[Kind, bytes]], data: st.DataObject) -> None:
    sealer, opener = Sealer(KEY, Direction.CLIENT), Opener(KEY, Direction.CLIENT)
    sealed = [sealer.seal(*one) for one in frames]
    places = data.draw(st.lists(st.integers(0, len(sealed) - 1), min_size=1, max_size=6))
    right = list(itertools.takewhile(lambda both: both[0] == both[1], enumerate(places)))
    for _, place in right:
        opened(opener, sealed[place])
    if len(right) < len(places):
        with pytest.raises(Forged):
            opened(opener, sealed[places[len(right)]])


@pytest.mark.parametrize("opener", [Opener(KEY, Direction.SERVER), Opener(b"other" * 8, Direction.CLIENT)])
def test_a_frame_sent_back_or_sealed_with_another_key_is_forged(opener: Opener) -> None:
    with pytest.raises(Forged, match="not genuine"):
        opened(opener, Sealer(KEY, Direction.CLIENT).seal(Kind.ASK, b"{}"))


@given(st.binary(min_size=HEADER, max_size=HEADER))
def test_a_header_announces_a_known_kind_within_its_limit_or_is_forged(header: bytes) -> None:
    try:
        kind, length = Opener(KEY, Direction.CLIENT).announced(header)
    except Forged:
        return
    assert length <= (1 << 20) + 32
    assert kind in Kind


def test_no_more_than_its_kind_may_carry_is_sealed() -> None:
    with pytest.raises(ValueError, match="too many"):
        Sealer(KEY, Direction.CLIENT).seal(Kind.SAME, b"12345")


@given(st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text()))
def test_messages_come_back_as_they_were(message: dict[str, Any]) -> None:
    assert read_words(words(message)) == message


@pytest.mark.parametrize("payload", [b"", b"[]", b"1", b"{", b"\xff", b'{"a":1}x', b"[" * 100_000])
def test_a_payload_that_is_no_object_is_forged(payload: bytes) -> None:
    with pytest.raises(Forged):
        read_words(payload)


@given(NAMES, NAMES, NONCES, NONCES)
def test_a_proof_is_good_for_its_role_only(client: str, server: str, first: bytes, second: bytes) -> None:
    parties = Parties(KEY, client, server)
    for role, other in itertools.permutations(Direction):
        assert parties.proven(parties.proof(role, first, second), role, first, second)
        assert not parties.proven(parties.proof(other, first, second), role, first, second)


@given(st.tuples(NAMES, NAMES, NONCES, NONCES), st.tuples(NAMES, NAMES, NONCES, NONCES))
def test_a_proof_is_good_for_its_names_and_challenges_only(
    one: tuple[str, str, bytes, bytes], other: tuple[str, str, bytes, bytes]
) -> None:
    def proof(client: str, server: str, first: bytes, second: bytes) -> bytes:
        return Parties(KEY, client, server).proof(Direction.CLIENT, first, second)

    assert (proof(*one) == proof(*other)) == (one == other)


def test_names_cannot_be_cut_otherwise() -> None:
    first, second = Parties(KEY, "ab", "c"), Parties(KEY, "a", "bc")
    assert first.proof(Direction.CLIENT, b"n", b"m") != second.proof(Direction.CLIENT, b"n", b"m")


def test_both_ends_of_a_connection_have_each_other_s_keys_and_one_for_each_direction() -> None:
    parties = Parties(KEY, "b", "a")
    client, server = (parties.seals(one, b"1" * NONCE, b"2" * NONCE) for one in Direction)
    assert opened(server.opener, client.sealer.seal(Kind.ASK, b"x")).payload == b"x"
    assert opened(client.opener, server.sealer.seal(Kind.ANSWER, b"y")).payload == b"y"
    other = parties.seals(Direction.SERVER, b"1" * NONCE, b"3" * NONCE)
    with pytest.raises(Forged):
        opened(other.opener, parties.seals(Direction.CLIENT, b"1" * NONCE, b"2" * NONCE).sealer.seal(Kind.ASK))
