"""What holds together is told with its figures; one answer too many, too few, wrong or out of order does not pass."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.echo_judging import ANSWERED, ENDED, LEFT, OPENED, SENT, SILENT, Event, judge, tally

WITHIN = 5.0


def line(
    user: int, number: int, at: float, sent: Iterable[int], answered: Iterable[int], end: str = LEFT
) -> list[Event]:
    """Return a connection that opened `at`, with these messages a second apart and then these answers."""
    texts = [f"{user}.{number}.{each}" for each in sent]
    answers = [f"{user}.{number}.{each}" for each in answered]
    said = [Event(user, number, at + 1 + place, SENT, text) for place, text in enumerate(texts)]
    heard = [Event(user, number, at + 1 + len(texts), ANSWERED, text) for text in answers]
    last = [Event(user, number, at + 2 + len(texts), end)] if end else []
    return [Event(user, number, at, OPENED), *said, *heard, *last]


def verdict(*lines: Sequence[Event], users: int = 1, may_end: int = 1) -> tuple[str, str]:
    """Return verdict and detail of what `users` users saw on these connections, of which some may end."""
    found = judge(tally([event for each in lines for event in each], users), WITHIN, may_end)
    return found.verdict, found.detail


def test_answers_in_their_order_are_valid_and_told_with_their_figures() -> None:
    seen = tally([*line(0, 1, 0.0, range(3), range(3)), *line(1, 1, 0.0, range(2), range(2))], 2)
    assert judge(seen, WITHIN).verdict == "valid"
    assert str(seen).startswith(
        "2 users on 2 connections, 0 of them ended and 0 given up: 5 of 5 messages answered, 0 un"
    )


def test_answers_between_later_messages_are_in_order() -> None:
    alternating = [
        event
        for number in range(3)
        for event in (Event(0, 1, number, SENT, f"{number}"), Event(0, 1, number + 0.5, ANSWERED, f"{number}"))
    ]
    assert verdict([Event(0, 1, 0.0, OPENED), *alternating])[0] == "valid"


def test_an_answer_that_comes_twice_is_invalid() -> None:
    told, why = verdict(line(0, 1, 0.0, range(3), [0, 1, 1, 2]))
    assert (told, why[:16]) == ("invalid", "1 answered twice")


def test_an_answer_that_comes_again_on_another_connection_is_invalid() -> None:
    first = line(0, 1, 0.0, range(2), range(2), ENDED)
    again = [Event(0, 2, 5.0, OPENED), Event(0, 2, 6.0, ANSWERED, "0.1.1")]
    assert verdict(first, again) == ("invalid", verdict(first, again)[1])
    assert "1 answered twice" in verdict(first, again)[1]


def test_an_answer_to_nothing_that_was_sent_is_invalid() -> None:
    assert "1 answered wrongly" in verdict(line(0, 1, 0.0, range(2), [0, 7, 1]))[1]


def test_an_answer_to_another_user_is_invalid() -> None:
    stray = [*line(0, 1, 0.0, [0], [0], ""), Event(0, 1, 5.0, ANSWERED, "1.1.0")]
    assert verdict(stray, line(1, 1, 0.0, [0], [], ENDED), line(1, 2, 3.5, [0], [0]), users=2)[0] == "invalid"


def test_answers_in_another_order_are_invalid() -> None:
    assert "answered wrongly" in verdict(line(0, 1, 0.0, range(3), [1, 0, 2]))[1]


def test_an_answer_that_passes_over_a_message_is_invalid() -> None:
    assert "answered wrongly" in verdict(line(0, 1, 0.0, range(3), [0, 2], ENDED), line(0, 2, 4.0, [], []))[1]


def test_a_message_without_an_answer_is_no_fault_where_the_connection_ended() -> None:
    seen = tally([*line(0, 1, 0.0, range(3), range(2), ENDED), *line(0, 2, 6.0, range(1), range(1))], 1)
    assert (seen.unanswered, seen.overdue) == (1, 0)
    assert judge(seen, WITHIN, 1).verdict == "valid"


@pytest.mark.parametrize(("end", "figures"), [(ENDED, (1, 0)), (SILENT, (0, 1))])
def test_a_connection_that_goes_is_a_fault_where_none_may(end: str, figures: tuple[int, int]) -> None:
    both = [*line(0, 1, 0.0, range(3), range(2), end), *line(0, 2, 6.0, range(1), range(1))]
    seen = tally(both, 1)
    assert (seen.ended, seen.silent) == figures
    assert (judge(seen, WITHIN).verdict, judge(seen, WITHIN, 1).verdict) == ("invalid", "valid")
    assert f"{figures[0]} connections ended and {figures[1]} were given up, 0 may go" in judge(seen, WITHIN).detail


def test_a_connection_that_its_user_leaves_is_none_that_goes() -> None:
    assert verdict(line(0, 1, 0.0, range(2), range(2)), may_end=0)[0] == "valid"


def test_connections_that_end_and_those_given_up_count_together() -> None:
    first, second = line(0, 1, 0.0, [0], [0], ENDED), line(0, 2, 3.5, [0], [], SILENT)
    last = line(0, 3, 7.0, [0], [0])
    assert verdict(first, second, last, may_end=2)[0] == "valid"
    assert "1 connections ended and 1 were given up, 1 may go" in verdict(first, second, last, may_end=1)[1]


@pytest.mark.parametrize("end", [LEFT, ""])
def test_a_message_without_an_answer_is_a_fault_where_the_connection_stands(end: str) -> None:
    assert "1 unanswered on connections that stood" in verdict(line(0, 1, 0.0, range(3), range(2), end))[1]


def test_a_user_who_is_not_connected_again_is_invalid() -> None:
    assert "1 users not connected again" in verdict(line(0, 1, 0.0, range(2), range(2), ENDED))[1]


def test_a_user_who_never_was_connected_is_invalid() -> None:
    assert "1 users not connected again" in verdict(line(0, 1, 0.0, range(2), range(2)), users=2)[1]


def test_a_user_who_is_connected_again_too_late_is_invalid() -> None:
    """The connection ended at 4 s."""
    first = line(0, 1, 0.0, range(2), range(2), ENDED)
    assert verdict(first, line(0, 2, 8.9, [], []))[0] == "valid"
    assert "5.1 s without a connection, 5 s are allowed" in verdict(first, line(0, 2, 9.1, [], []))[1]


def test_the_time_of_a_message_that_was_not_answered_counts_from_that_message_on() -> None:
    """It was sent at 2 s, and the connection ended at 4 s."""
    first = line(0, 1, 0.0, range(2), range(1), ENDED)
    assert tally([*first, *line(0, 2, 6.5, [], [])], 1).longest == pytest.approx(4.5)


def test_where_nothing_was_answered_nothing_is_known() -> None:
    assert verdict(line(0, 1, 0.0, [], []))[0] == "unknown"


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Draw what three users may see while connections end or fall silent under them, with one answer at least."""
    events: list[Event] = []
    for user in range(3):
        at = 0.0
        for number, sent in enumerate(draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)), 1):
            answered = draw(st.integers(1, sent))
            events += line(user, number, at, range(sent), range(answered), draw(st.sampled_from([ENDED, SILENT])))
            at = events[-1].at + 0.1
        events += line(user, 9, at, range(2), range(2))
    return events


@given(histories())
def test_what_an_echo_may_do_is_valid(events: list[Event]) -> None:
    gone = sum(event.kind in {ENDED, SILENT} for event in events)
    assert judge(tally(events, 3), 60.0, gone).verdict == "valid"
    assert judge(tally(events, 3), 60.0, gone - 1).verdict == "invalid"


@given(histories(), st.data())
def test_one_answer_more_or_another_one_is_invalid(events: list[Event], data: st.DataObject) -> None:
    places = [place for place, event in enumerate(events) if event.kind == ANSWERED]
    place = data.draw(st.sampled_from(places))
    text = data.draw(st.sampled_from(["stray", *(events[each].text for each in places if each != place)]))
    other = replace(events[place], text=text)
    for after in (place + 1, place):
        seen = tally([*events[:place], other, *events[after:]], 3)
        assert judge(seen, 60.0, may_end=seen.lines).verdict == "invalid"


@given(histories())
def test_the_order_in_which_users_are_told_of_does_not_matter(events: list[Event]) -> None:
    assert tally(sorted(events, key=lambda event: event.at), 3) == tally(events, 3)
