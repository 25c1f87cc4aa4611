"""The judge of the units: what is too exposed, what runs unconfined, and when nothing was seen."""

from dataclasses import replace

import pytest

from rehearsal.checks import hardening
from rehearsal.checks.hardening import Unit, judge

READINESS = Unit("a", "muster-readiness.service", 1.4, running=True, confined=True, core="0")
VOLUME = Unit("a", "muster-volume.service", 4.5, running=False)
STATUS = "Name:\tjava\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t9\n"


def test_confined_units_within_their_figures_are_valid() -> None:
    found = judge([READINESS, VOLUME, replace(READINESS, node="b")])
    assert found.verdict == "valid"
    assert found.detail == (
        "2 units are exposed 1.4 of 10 at most, 1 that cannot do with less at most 4.5; 2 run confined"
    )


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        (
            replace(READINESS, exposure=3.1),
            "muster-readiness.service of node a is exposed 3.1 of 10, at most 3 is promised",
        ),
        (
            replace(VOLUME, exposure=4.6),
            "muster-volume.service of node a is exposed 4.6 of 10, at most 4.5 is promised",
        ),
        (replace(READINESS, confined=False), "without a filter"),
        (replace(READINESS, core="unlimited"), "may leave a core file of unlimited bytes"),
        (replace(READINESS, core=""), "may leave a core file of unknown bytes"),
    ],
)
def test_a_unit_that_is_less_confined_than_promised_is_invalid(unit: Unit, words: str) -> None:
    found = judge([READINESS, unit])
    assert found.verdict == "invalid"
    assert words in found.detail


def test_a_node_on_which_nothing_of_muster_runs_proves_nothing() -> None:
    assert judge([READINESS, replace(VOLUME, node="b")]).verdict == "unknown"


def test_an_empty_record_proves_nothing() -> None:
    assert judge([]).verdict == "unknown"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (STATUS, True),
        (STATUS.replace("NoNewPrivs:\t1", "NoNewPrivs:\t0"), False),
        (STATUS.replace("Seccomp:\t2", "Seccomp:\t0"), False),
        ("", False),
    ],
)
def test_a_process_is_confined_if_its_status_says_both(said: str, *, told: bool) -> None:
    assert hardening.confined(said) is told


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("Max core file size        0                    unlimited            bytes     \n", "0"),
        ("Max core file size        unlimited            unlimited            bytes     \n", "unlimited"),
        ("Max open files            1024                 524288               files     \n", ""),
    ],
)
def test_the_limit_of_core_files_is_the_soft_one(said: str, found: str) -> None:
    assert hardening.core(said) == found


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("muster-gate.service", True),
        ("axonivy.service", True),
        ("muster-update.timer", False),
        ("cloud-init.service", False),
    ],
)
def test_the_units_are_those_that_muster_wrote(name: str, *, told: bool) -> None:
    assert hardening.ours(name) is told


def test_every_exception_says_why() -> None:
    assert all(figure > hardening.MOST and len(why) > 20 for figure, why in hardening.EXPOSED.values())
