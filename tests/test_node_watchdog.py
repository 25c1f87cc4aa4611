"""A front that hangs is ended, so that systemd begins it anew; one that works, or that is systemd's already, is not."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from musternode.tls.front import Front
from musternode.tls.watchdog import EVERY, MOST, WITHIN, Watchdog, watched
from tests.front_services import FrontServices

UNIT = "muster-tls.service"
FRONT = Front("a", "10.0.1.10", 8443, 8080)


class Asked:
    """A front that answers each look as it is told, at times that it keeps."""

    def __init__(self, *answers: bool) -> None:
        self.answers, self.at, self.now = list(answers), list[float](), 0.0

    def shown(self, *asked: object) -> bytes | None:
        """Give the next answer."""
        assert asked == ("10.0.1.10", 8443, WITHIN)
        self.at.append(self.now)
        return b"a certificate" if self.answers[len(self.at) - 1] else None


def kills(answers: Sequence[bool], *, up: bool = True) -> list[int]:
    """Return after which looks the front was ended that answered so."""
    services, front = FrontServices(UNIT), Asked(*answers)
    services.up, found = up, list[int]()
    dog = Watchdog(watched(UNIT, FRONT), services, lambda: front.now, front.shown)
    for number in range(1, len(answers) + 1):
        dog.look()
        front.now += EVERY
        found += [number] * services.said.count(f"kill {UNIT}")
        services.said.clear()
    return found


def test_a_front_that_runs_and_answers_nobody_is_ended() -> None:
    assert kills([True, *[False] * MOST]) == [1 + MOST]


def test_one_that_hangs_again_is_ended_again() -> None:
    assert kills([False] * (2 * MOST)) == [MOST, 2 * MOST]


def test_one_that_does_not_run_is_left_to_systemd() -> None:
    assert kills([False] * (3 * MOST), up=False) == []


@given(st.lists(st.booleans(), max_size=30))
def test_no_front_is_ended_that_has_answered_one_of_the_last_looks(answers: list[bool]) -> None:
    assert all(not any(answers[end - MOST : end]) for end in kills(answers))


def test_between_two_looks_it_is_asked_nothing() -> None:
    front = Asked(*[True] * 11)
    dog = Watchdog(watched(UNIT, FRONT), FrontServices(UNIT), lambda: front.now, front.shown)
    for _ in range(11):
        dog.look()
        front.now += 1.0
    assert front.at == [0.0, EVERY, 2 * EVERY]


def test_a_node_without_a_front_asks_nobody() -> None:
    services = FrontServices(UNIT)
    Watchdog(watched(UNIT, None), services).look()
    assert services.said == []
