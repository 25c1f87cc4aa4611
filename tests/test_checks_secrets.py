"""The check of secrets calls any find invalid, and a record in which something was not looked at unknown."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

import pytest

from rehearsal.canaries import account, hosts, own
from rehearsal.canaries.forms import Canary
from rehearsal.canaries.looked import Looked, look
from rehearsal.canaries.search import Search
from rehearsal.checks import secrets
from rehearsal.checks.result import Finding, invalid, unknown
from rehearsal.checks.run import checks_of
from rehearsal.checks.scene import Scene
from rehearsal.inventory import HostEntry, Inventory

NODES = ("a", "b")
PLACES = [
    *(Looked(place, 2, 1 << 19, (), 5) for place in secrets.NEEDED),
    *(Looked(f"{kind} of {node}", 1, 1 << 20, (), 5) for kind in secrets.ON_EACH for node in NODES),
    Looked("cores and dumps of a", 0, 0, (), 5),
]


def test_secrets_that_are_nowhere_are_valid() -> None:
    finding = secrets.judge(PLACES)
    assert finding == Finding("valid", "5 secret values are in none of 22 things in 14 places, 10 MiB")


@pytest.mark.parametrize("place", [each.place for each in PLACES])
def test_a_secret_in_any_place_is_invalid(place: str) -> None:
    there = [replace(each, found=("x has pair.password",)) if each.place == place else each for each in PLACES]
    assert secrets.judge(there) == invalid(f"{place}: x has pair.password")


def test_of_many_finds_the_first_are_told_and_the_number_of_all_others() -> None:
    finding = secrets.judge([replace(PLACES[0], found=[f"{number} has key" for number in range(7)]), *PLACES[1:]])
    assert finding.verdict == "invalid"
    assert finding.detail.endswith("SSM parameters: 4 has key, and 2 more")


@pytest.mark.parametrize("place", [each.place for each in PLACES if each.things])
def test_a_place_of_which_nothing_was_seen_proves_nothing(place: str) -> None:
    there = [replace(each, things=0) if each.place == place else each for each in PLACES]
    assert secrets.judge(there) == unknown(f"nothing was seen of: {place}")


def test_a_place_that_is_not_in_the_record_proves_nothing() -> None:
    assert secrets.judge(PLACES[1:]) == unknown(f"nothing was seen of: {PLACES[0].place}")


def test_without_a_node_nothing_is_proved() -> None:
    assert secrets.judge(PLACES[: len(secrets.NEEDED)]) == unknown("no node was looked at")


@pytest.mark.parametrize("places", [[], [replace(each, values=0) for each in PLACES]])
def test_a_search_for_nothing_proves_nothing(places: Sequence[Looked]) -> None:
    assert secrets.judge(places) == unknown("no secret was searched for")


def test_a_find_is_invalid_even_where_something_was_not_seen() -> None:
    found = replace(PLACES[0], found=("x has key",))
    assert secrets.judge([found, *PLACES[2:]]).verdict == "invalid"


def test_it_is_among_the_checks_of_every_product() -> None:
    for product in ("as400gateway", "wso2-carbon", "wso2-as", "kaazing", "axonivy"):
        assert secrets.CHECK in checks_of(product)


class Rehearsal:
    """As much of one as the check asks: who is there, and which process it is."""

    class state:  # noqa: N801 - an attribute
        """The service."""

        pid = 1

    def inventory(self) -> Inventory:
        """Return two hosts."""
        return Inventory(tuple(HostEntry(f"i-{n}", n, n, "10.0.0.1", n, 1, "running") for n in NODES))


class Standing:
    """A scene with nothing but that."""

    rehearsal = Rehearsal()
    client = None


def recorded(monkeypatch: pytest.MonkeyPatch, kept: bytes) -> list[Any]:
    """Return the lines of a record where `kept` stands in a journal."""

    def of_host(search: Search, host: HostEntry) -> Iterator[Looked]:
        yield look(search, f"journal of {host.node}", [("the journal", kept)])

    monkeypatch.setattr(secrets, "canaries", lambda _: [Canary("pair.password", "correct horse")])
    monkeypatch.setattr(hosts, "looked", of_host)
    monkeypatch.setattr(account, "looked", lambda *_: [])
    monkeypatch.setattr(own, "looked", lambda *_: [])
    return secrets.CHECK.lines(cast("Scene", Standing()))


def test_a_record_names_secrets_and_holds_none(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = recorded(monkeypatch, b"it is correct horse, is it not?")
    assert [line["found"] for line in lines] == [("the journal has pair.password",)] * 2
    assert "correct horse" not in str(lines)
    assert secrets.CHECK.result(lines).verdict == "invalid"
    assert asdict(Looked("journal of a", 1, 31, ("the journal has pair.password",), 1)).items() <= lines[0].items()


def test_what_cannot_be_searched_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise LookupError("pin: shorter than 8 characters, which is found anywhere by chance")

    monkeypatch.setattr(secrets, "canaries", fail)
    result = secrets.CHECK.result(secrets.CHECK.lines(cast("Scene", Standing())))
    assert (result.verdict, "pin: shorter than 8" in result.detail) == ("unknown", True)


def test_the_beginning_of_a_process_is_known() -> None:
    assert secrets.began(1) < secrets.began(int(Path("/proc/self").resolve().name))
