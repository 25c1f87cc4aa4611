"""A document that changes nothing, one that fails, and the way back: on one node's files."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from musternode import __main__ as main
from musternode import host, rollback, rollout, stages, units
from musternode.failure import Failure
from musternode.state import Board, State
from musternode.watch import Watch
from rehearsal.poll import poll
from tests.node_machine import NEW_JAR, NEW_PROGRAM, OLD_JAR, OTHER_H2, PROGRAM, Machine, Restart, machine
from tests.test_node_report import Handle
from tests.test_node_settings import DOCUMENT
from tests.test_node_trial import OPEN

NEW_ARTIFACT = {**DOCUMENT["artifact"], "sha256": NEW_JAR}


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Machine]:
    """Yield node a."""
    with machine(tmp_path) as made:
        yield made


def roll_out(node: Machine, document: str) -> None:
    """Let the member see a document."""
    with pytest.raises(Restart):
        main._roll_out(node.host(), document, Watch(lambda: document, "old"), None)


def begin_anew(node: Machine) -> None:
    """Begin the member's process as far as its settings go."""
    rollout.finish(node.host())


def test_a_generation_that_changes_nothing_restarts_nothing_and_is_in_force(node: Machine) -> None:
    before = node.facts()
    node.apply(node.new(wait_url="https://new/", formation_timeout=600))
    assert node.services.said == []
    assert node.facts() == before
    assert node.host().settings.generation == "new0new0new0new0"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"artifact": NEW_ARTIFACT}, ["stop as400gateway.service"]),
        (
            {"settings": {**DOCUMENT["settings"], "health": "/other"}},
            [f"enable {units.READINESS}", f"restart {units.READINESS}"],
        ),
        ({"region": "eu-west-2"}, [f"enable {units.AGENT}", f"restart {units.AGENT}"]),
        ({"takeover_interval": 0}, []),
        (
            {"settings": {**DOCUMENT["settings"], "admin_writes": "any"}},
            [f"enable {units.READINESS}", f"restart {units.READINESS}"],
        ),
    ],
)
def test_only_what_a_change_concerns_is_restarted(node: Machine, changes: dict[str, object], said: list[str]) -> None:
    """The control, and gate, H2 and the member are never among them."""
    node.apply(node.new(**changes))
    assert node.services.said == said


@pytest.mark.parametrize("broken", ["fetch", "secret"])
def test_a_node_that_fails_to_apply_a_document_is_as_before_without_any_aws_api(node: Machine, broken: str) -> None:
    before = node.facts()
    node.cloud.broken = broken
    roll_out(node, node.new(artifact=NEW_ARTIFACT, settings={**DOCUMENT["settings"], "health": "/other"}))
    node.cloud.gone, calls = True, node.cloud.calls
    begin_anew(node)
    assert node.facts() == before
    assert node.cloud.calls == calls
    assert node.host().settings.generation == DOCUMENT["generation"]
    assert host.unfinished(node.paths) is None


def test_a_document_that_is_applied_stays(node: Machine) -> None:
    """The control."""
    roll_out(node, node.new(artifact=NEW_ARTIFACT))
    begin_anew(node)
    assert node.host().settings.artifact.sha256 == NEW_JAR
    assert rollback.failed(node.paths) is None


def test_another_h2_leaves_the_jar_and_the_application_alone(node: Machine) -> None:
    before = node.facts()
    roll_out(node, node.new(artifact={**DOCUMENT["artifact"], "sha256": OTHER_H2}))
    begin_anew(node)
    assert node.facts() == before
    assert node.services.said == []
    failed = rollback.failed(node.paths)
    assert failed is not None
    assert "brings H2 2.4.240, this pair runs 1.4.199" in failed.sentence


def test_a_new_program_that_refuses_its_document_gives_way_to_the_old_one(node: Machine) -> None:
    document = node.new(asset={**DOCUMENT["asset"], "sha256": NEW_PROGRAM}, format=2)
    roll_out(node, document)
    assert node.paths.current.resolve().name == NEW_PROGRAM[:16]
    roll_out(node, document)  # the new program, which cannot read it either
    assert node.paths.current.resolve().name == PROGRAM[:16]
    begin_anew(node)
    failed = rollback.failed(node.paths)
    assert failed is not None
    assert "format 2" in failed.sentence


def test_the_wait_handle_hears_once_why_a_document_was_given_up(node: Machine) -> None:
    handle = Handle()
    node.cloud.broken = "fetch"
    roll_out(node, node.new(artifact=NEW_ARTIFACT, wait_url=handle.url))
    rollback.tell(node.paths)
    poll(lambda: (failed := rollback.failed(node.paths)) and failed.told, within=5)
    rollback.tell(node.paths)
    ((_, body),) = handle.taken
    assert (body["Status"], body["Reason"]) == ("FAILURE", "node a: fetch had no answer")


def test_a_document_that_was_given_up_is_not_tried_again_but_the_former_one_and_a_newer_are(node: Machine) -> None:
    """CloudFormation rolls the parameter back after the failure."""
    node.cloud.broken = "fetch"
    document = node.new(artifact=NEW_ARTIFACT)
    roll_out(node, document)
    assert main._tried(node.host()) == "new0new0new0new0"
    node.apply(node.document)
    assert rollback.failed(node.paths) is None
    assert main._tried(node.host()) == DOCUMENT["generation"]


class Sick:
    """A member whose application says what is wrong with it."""

    def __init__(self) -> None:
        self.application, self.board = self, Board(OPEN)

    def complaint(self) -> str:
        """Return the clause."""
        return "the application does not answer 200 at /x; it said: no bean"


class Lost:
    """A trial that has its verdict."""

    def __init__(self, verdict: bool) -> None:
        self.verdict = verdict

    def look(self, _: State) -> bool:
        """Return it."""
        return self.verdict


@pytest.mark.parametrize("verdict", [True, False])
def test_an_application_that_stays_sick_brings_the_former_settings_back(node: Machine, verdict: bool) -> None:
    roll_out(node, node.new(artifact=NEW_ARTIFACT))
    begin_anew(node)
    assert main._trial(node.host()) is not None
    sick, judged = Sick(), Lost(verdict)
    if verdict:
        assert main._judged(node.host(), judged, sick) is None  # type: ignore[arg-type]
    else:
        with pytest.raises(Restart):
            main._judged(node.host(), judged, sick)  # type: ignore[arg-type]
        begin_anew(node)
    assert main._trial(node.host()) is None
    assert node.facts()["as400-common-api-1.0.0.jar"] == (NEW_JAR if verdict else OLD_JAR)
    failed = rollback.failed(node.paths)
    assert (failed is None) is verdict
    assert failed is None or failed.sentence.endswith("it said: no bean")


def test_the_former_passwords_come_back_too(node: Machine) -> None:
    before = node.facts()
    node.cloud.password = "another"
    roll_out(node, node.new())
    assert node.facts() != before
    with pytest.raises(Restart):
        main._judged(node.host(), Lost(verdict=False), Sick())  # type: ignore[arg-type]
    begin_anew(node)
    assert node.facts() == before


def test_a_second_document_within_a_trial_goes_back_to_the_last_one_that_served(node: Machine) -> None:
    roll_out(node, node.new(artifact=NEW_ARTIFACT))
    node.cloud.broken = "secret"
    roll_out(node, node.changed(generation="third", artifact=NEW_ARTIFACT))
    begin_anew(node)
    assert node.host().settings.generation == DOCUMENT["generation"]


def test_the_former_document_itself_is_on_no_trial(node: Machine) -> None:
    """There is nothing to go back to: it would go back to itself for ever."""
    roll_out(node, node.new(artifact=NEW_ARTIFACT))
    roll_out(node, node.document)
    assert main._trial(node.host()) is None


def test_a_way_back_that_fails_serves_with_what_there_is(node: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    node.cloud.broken = "secret"
    roll_out(node, node.new(artifact=NEW_ARTIFACT))

    def fails(*_: object) -> None:
        raise Failure("no space")

    monkeypatch.setattr(stages, "install", fails)
    assert main._finished(node.host(), Board(OPEN))
    assert host.unfinished(node.paths) is None


def test_a_document_that_wants_the_node_absent_changes_what_its_member_does_and_nothing_else(node: Machine) -> None:
    members = [{**member, "present": member["name"] != "a"} for member in DOCUMENT["members"]]
    before = node.facts()
    node.cloud.gone = True
    node.apply(node.new(members=members, artifact=NEW_ARTIFACT))
    assert node.host().settings.leaves("a")
    assert (node.facts(), node.services.said) == (before, [])
    assert main._trial(node.host()) is None


def test_a_node_that_is_alone_takes_the_new_address_of_the_one_that_comes_back(node: Machine) -> None:
    absent = [{**member, "present": member["name"] == "a"} for member in DOCUMENT["members"]]
    node.apply(node.new(members=absent))
    assert node.services.said == []  # the application's URL is the same
    moved = [{**member, "address": "10.64.2.12"} if member["name"] == "b" else member for member in DOCUMENT["members"]]
    node.apply(node.changed(generation="third", members=moved))
    assert "stop as400gateway.service" in node.services.said
    assert b"10.64.0.10:9092,10.64.2.12:9092" in node.host().layout.properties.read_bytes()
