"""The gate's timer: a descriptor that is readable when the time is up, and not before."""

import errno
import resource
import select
import time
from collections.abc import Iterator

import pytest

from musternode.h2.timer import Timer


@pytest.fixture
def timer() -> Iterator[Timer]:
    made = Timer()
    yield made
    made.close()


def waited(timer: Timer, most: float) -> float | None:
    """Return the seconds until `timer` was readable, or None if it was not within `most`."""
    began = time.monotonic()
    ready, _, _ = select.select([timer.descriptor], [], [], most)
    return time.monotonic() - began if ready else None


def test_a_timer_that_was_never_set_is_silent(timer: Timer) -> None:
    assert waited(timer, 0.05) is None


def test_a_timer_waits_for_its_time_and_stays_readable_until_it_is_set_again(timer: Timer) -> None:
    timer.set(0.1)
    first = waited(timer, 5)
    assert first is not None
    assert first >= 0.099
    assert waited(timer, 0) is not None
    timer.set(60)
    assert waited(timer, 0.05) is None


@pytest.mark.parametrize("seconds", [0, -3.5, 1e-9])
def test_a_time_that_has_passed_is_up_at_once(timer: Timer, seconds: float) -> None:
    timer.set(seconds)
    assert waited(timer, 5) is not None


def test_a_later_word_replaces_an_earlier_one(timer: Timer) -> None:
    timer.set(0.05)
    timer.set(60)
    assert waited(timer, 0.2) is None


def test_a_kernel_without_descriptors_is_an_error_of_the_system() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(OSError, match="Too many open files") as caught:
            Timer()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert caught.value.errno == errno.EMFILE
