"""checkov over every example in every form."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest

from operations.checkov import Check, Scan, scan
from tests.judged import judged
from tests.variants import VARIANTS


@dataclass(frozen=True)
class Scanned:
    """What checkov says of the templates, and of the same ones without what their constructs tell it."""

    as_made: Scan
    bare: Scan


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    """Both at once, each of them in one run: the start takes its time, and each run has one processor."""
    made, bare = (tmp_path_factory.mktemp(each) for each in ("made", "bare"))
    for number, name in enumerate(VARIANTS):
        (made / f"{number}.json").write_text(json.dumps(judged(name).template), encoding="utf-8")
        (bare / f"{number}.json").write_text(json.dumps(judged(name).bare_template), encoding="utf-8")
    with ThreadPoolExecutor() as both:
        return Scanned(*map(_named, both.map(scan, (made, bare))))


def _named(whole: Scan) -> Scan:
    names = list(VARIANTS)

    def named(checks: tuple[Check, ...]) -> tuple[Check, ...]:
        return tuple(replace(each, template=names[int(each.template.partition(".")[0])]) for each in checks)

    return Scan(whole.passed, named(whole.failed), named(whole.skipped))


def places(checks: tuple[Check, ...]) -> set[Check]:
    """Return the checks without reasons, to be compared."""
    return {replace(each, reason="") for each in checks}


def test_checkov_finds_nothing_that_is_not_acknowledged(scanned: Scanned) -> None:
    assert set(scanned.as_made.failed) == set()


def test_every_skip_is_needed(scanned: Scanned) -> None:
    assert places(scanned.as_made.skipped) - places(scanned.bare.failed) == set()


def test_without_the_reasons_checkov_finds_what_they_accept(scanned: Scanned) -> None:
    """Negative control: it is the reasons that make the difference."""
    assert scanned.bare.skipped == ()
    assert places(scanned.bare.failed) == places(scanned.as_made.skipped) != set()


def test_checkov_is_told_the_reason_that_the_construct_gives(scanned: Scanned) -> None:
    told = {(each.rule, each.reason) for each in scanned.as_made.skipped}
    given = {
        (each.rule, each.reason)
        for name in VARIANTS
        for each in judged(name).acknowledged
        if each.rule.startswith("CKV_")
    }
    assert told == given
