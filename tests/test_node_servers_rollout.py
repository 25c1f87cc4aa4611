"""A second settings document on a running member of WSO2 Carbon: what it changes, and the way back."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from musternode import guard, host, rollback
from musternode.carbon import settings, units
from musternode.carbon.host import UNIT, Host
from musternode.carbon.kind import KIND
from musternode.failure import Failure
from musternode.host import Identity
from musternode.paths import Paths
from musternode.servers import drain, rollout, service, stages
from musternode.servers.newcomers import Newcomers
from musternode.settings import outline
from musternode.state import LEAVING, SERVING, STARTING, Board, State
from musternode.system import Systemd
from musternode.units import AGENT, READINESS
from musternode.watch import Watch
from rehearsal.poll import poll
from tests.node_carbon import DOCUMENT, PROXY, ROLE, chosen
from tests.node_carbon_machine import AUTHORITY, AXIS2, KEYS, NEW, OTHER_AUTHORITY, TOML, Machine, machine, trust
from tests.node_machine import Restart
from tests.node_servers import GENERATION, artifact, members, serving
from tests.node_servers_machine import NEW_PROGRAM, PROGRAM
from tests.test_node_report import Handle
from tests.test_node_trial import OPEN

STOP = [f"stop {UNIT}"]
BRIDGED = {"credentials": "bridge", "discovery_role": ROLE, "engine": "4.2.6", "kernel": "4.9.14"}
PORTS = DOCUMENT["ports"]


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Machine]:
    """Yield node a."""
    with machine(tmp_path) as made:
        yield made


def roll_out(node: Machine, document: str) -> None:
    """Let the member see a document whose turn it is; it begins anew."""
    with pytest.raises(Restart):
        service._roll_out(KIND, node.host(), parts(document))


def parts(document: str, **states: State) -> Any:
    """Return what of a living member the rolling needs."""
    watch = Watch(lambda: document, "old")
    watch.look()
    member = SimpleNamespace(states=lambda: states, board=Board(State("a", GENERATION, phase=STARTING)))
    return SimpleNamespace(watch=watch, member=member, newcomers=Newcomers())


def test_a_generation_that_changes_nothing_restarts_nothing_and_is_in_force(node: Machine) -> None:
    before = node.facts()
    node.apply(node.new(wait_url="https://new/", formation_timeout=600))
    assert (node.services.said, node.facts()) == ([], before)
    assert node.host().settings.generation == "new0new0new0new0"


def again(unit: str) -> list[str]:
    """Return what systemd is asked for a unit that begins anew."""
    return [f"enable {unit}", f"restart {unit}"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"artifact": artifact(NEW)}, STOP),
        ({"product": {"heartbeat": 30}}, STOP),
        ({"product": {"proxy": PROXY}}, STOP),
        ({"product": {"tag_value": "other"}}, STOP),
        ({"product": {"membership": "wka", "credentials": "none"}}, STOP),
        ({"region": "eu-west-2"}, [*STOP, *again(AGENT)]),
        ({"ports": {**PORTS, "readiness": 9999}}, again(READINESS)),
        ({"ports": {**PORTS, "http": 9764}}, [*STOP, *again(READINESS)]),
        ({"names": "abcde"}, []),
        ({"names": "ab"}, []),
        ({"absent": "b"}, []),
    ],
)
def test_only_what_a_change_concerns_is_restarted(node: Machine, changes: dict[str, Any], said: list[str]) -> None:
    node.apply(node.new(**changes))
    assert node.services.said == said


def test_users_are_led_away_before_the_product_ends(node: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    told = parts(node.new({"heartbeat": 30}), b=State("b", GENERATION, phase=SERVING))
    told.member.board.put(phase=SERVING)
    seen: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(
        drain.lead_away,
        "__defaults__",
        (lambda _: seen.append((told.member.board.state.phase, [*node.services.said])),),
    )
    with pytest.raises(Restart):
        service._roll_out(KIND, node.host(), told)
    assert seen == [(LEAVING, [])]
    assert node.services.said == STOP


def test_a_change_that_does_not_end_the_product_leads_nobody_away(node: Machine) -> None:
    told = parts(node.new(names="abcde"), b=State("b", GENERATION, phase=SERVING))
    told.member.board.put(phase=SERVING)
    with pytest.raises(Restart):
        service._roll_out(KIND, node.host(), told)
    assert (told.member.board.state.phase, node.services.said) == (SERVING, [])


def test_a_product_that_knows_its_members_begins_anew_with_others(tmp_path: Path) -> None:
    with machine(tmp_path, {"membership": "wka", "credentials": "none"}) as node:
        node.apply(node.new(names="abcd"))
        assert node.services.said == STOP
        assert '"10.0.1.13:5701"' in node.read(TOML)


def test_another_role_or_program_of_the_bridge_takes_the_product_along(tmp_path: Path) -> None:
    with machine(tmp_path, BRIDGED) as node:
        node.apply(node.new({"discovery_role": f"{ROLE}2"}))
        assert node.services.said == [*STOP, f"stop {units.BRIDGE_UNIT}"]


def test_a_bridge_that_nobody_needs_any_more_is_ended_and_its_unit_removed(tmp_path: Path) -> None:
    with machine(tmp_path, BRIDGED) as node:
        assert units.BRIDGE_UNIT in node.units()
        (node.paths.etc / guard.BRIDGE_FILE).write_text("its rules, which its unit had kept there")
        node.apply(node.new({"membership": "wka", "credentials": "none", "discovery_role": ROLE}))
        assert units.BRIDGE_UNIT not in node.units()
        assert not (node.paths.etc / guard.BRIDGE_FILE).exists()
        assert node.services.said == [*STOP, f"stop {units.BRIDGE_UNIT}"]
        node.services.said.clear()
        node.apply(node.changed(generation="third", product={"membership": "wka", "credentials": "none"}))
        assert node.services.said == []


def test_a_product_is_restarted_for_what_a_member_that_was_killed_had_changed(node: Machine) -> None:
    """It ended between the writing and the restart: the second time nothing is left to be written."""
    document = node.new({"heartbeat": 30})
    new = Host(Identity("a", "/p"), settings.read(document), node.paths, node.services)
    (node.paths.run).mkdir(parents=True, exist_ok=True)
    (node.paths.run / "product-changes").touch(mode=0o644)
    stages.install(KIND, new)
    stages.configure(KIND, new)
    node.apply(document)
    assert node.services.said == [*STOP, *again(READINESS), *again(AGENT)]
    node.services.said.clear()
    node.apply(node.changed(generation="third", product={"heartbeat": 30}))
    assert node.services.said == []


@pytest.mark.parametrize("changes", [{"product": {"heartbeat": 30}}, {"artifact": artifact(NEW)}])
def test_a_change_that_was_broken_off_and_is_wanted_no_more_leaves_nothing_of_it(
    node: Machine, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    """Power went after files and units had been written; meanwhile the deploy has failed, and fallen back."""
    before = node.facts()
    with monkeypatch.context() as patch:
        patch.setattr(rollout, "_put_in_force", lambda *_: None)
        node.apply(node.new(**changes))
    assert node.facts() != before
    node.services.said.clear()
    node.cloud.broken = "all"
    node.begin_anew()
    assert (node.facts(), node.services.said, host.former(node.paths)) == (before, STOP, None)
    node.services.said.clear()
    node.begin_anew()
    assert node.services.said == []


def test_the_distribution_that_runs_is_not_tidied_away(node: Machine) -> None:
    other = node.host().home / NEW[:16]
    other.mkdir()
    node.apply(node.new({"heartbeat": 30}))
    one: Any = SimpleNamespace(board=Board(OPEN))
    assert service._judged(node.host(), SimpleNamespace(look=lambda _: True), one) is None  # type: ignore[arg-type]
    assert not other.exists()
    assert node.host().current.resolve().is_dir()


@pytest.mark.parametrize("place", ["repository/conf", "repository"])
def test_root_writes_into_no_folder_that_has_become_a_link(node: Machine, place: str) -> None:
    folder = node.host().current.resolve() / place
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to(folder.with_name("elsewhere"))
    roll_out(node, node.new({"heartbeat": 30}))
    failed = rollback.failed(node.paths)
    assert failed is not None
    assert failed.sentence.startswith(f"node a: {place} is a link, into which root does not write")


def test_root_writes_into_no_distribution_that_leads_elsewhere(node: Machine, tmp_path: Path) -> None:
    home = node.host().current.resolve()
    home.rename(tmp_path / "elsewhere")
    home.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Failure, match="leads out of"):
        stages.configure(KIND, node.host())


def test_another_distribution_is_linked_configured_and_started_by_its_own_script(node: Machine) -> None:
    before = node.host().current.resolve()
    node.apply(node.new(artifact=artifact(NEW)))
    after = node.host().current.resolve()
    assert (before.name, after.name) == ("wso2-1.0", "wso2-1.1")
    assert str(after / "bin/wso2server.sh") in node.units()[UNIT]
    assert 'membership_scheme = "aws"' in node.read(TOML)
    assert not list(node.host().home.glob("*.zip"))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"product": {"domain": "other"}}, "the domain of running members"),
        ({"ports": {**PORTS, "member": 5702}}, "the members' port"),
        ({"product": {"kernel": "4.11.0", "engine": "4.2.6"}}, "form no cluster"),
        ({"format": 2}, "format 2"),
    ],
)
def test_what_is_refused_changes_nothing_and_is_reported_once(
    node: Machine, changes: dict[str, Any], named: str
) -> None:
    handle, before = Handle(), node.facts()
    document = node.new(wait_url=handle.url, **changes)
    seen = parts(document)
    service._roll_out(KIND, node.host(), seen)
    poll(lambda: handle.taken, within=5)
    assert [(body["Status"], named in body["Reason"]) for _, body in handle.taken] == [("FAILURE", True)]
    assert handle.taken[0][1]["Reason"].startswith("node a: ") or "format 2" in handle.taken[0][1]["Reason"]
    assert (node.facts(), node.services.said, host.former(node.paths)) == (before, [], None)
    seen.watch.look()
    assert seen.watch.pending() is None


def test_what_is_refused_does_not_exchange_the_program_either(node: Machine) -> None:
    document = node.new({"domain": "other"}, asset={**DOCUMENT["asset"], "sha256": NEW_PROGRAM})
    with pytest.raises(Failure, match="the domain"):
        rollout.apply(KIND, node.host(), document)
    assert node.paths.current.resolve().name == PROGRAM[:16]


def test_a_document_that_wants_the_node_no_more_changes_nothing_at_all(node: Machine) -> None:
    before = node.facts()
    node.cloud.broken = "all"
    rollout.apply(KIND, node.host(), node.new(absent="a", artifact=artifact(NEW)))
    assert (node.facts(), node.services.said, node.cloud.calls) == (before, [], [])
    assert node.host().settings.generation == GENERATION


@pytest.mark.parametrize("broken", ["k", "ca.pem"])
def test_a_node_that_fails_to_apply_a_document_is_as_before_without_any_aws_api(node: Machine, broken: str) -> None:
    before = node.facts()
    node.cloud.broken = broken
    changes = {"heartbeat": 30, **trust(AUTHORITY)}
    roll_out(node, node.new(changes, artifact=artifact(NEW)))
    node.cloud.broken, calls = "all", list(node.cloud.calls)
    node.begin_anew()
    assert (node.facts(), node.cloud.calls) == (before, calls)
    assert node.host().settings.generation == GENERATION
    assert host.unfinished(node.paths) is None
    failed = rollback.failed(node.paths)
    assert failed is not None
    assert failed.sentence == f"node a: {broken} had no answer"


def test_a_product_that_nothing_was_changed_of_goes_on_when_its_document_fails(node: Machine) -> None:
    node.cloud.broken = "k"
    roll_out(node, node.new(artifact=artifact(NEW)))
    node.begin_anew()
    assert node.services.said == []


def test_a_configuration_that_cannot_be_edited_is_named_with_its_node_and_gives_way(node: Machine) -> None:
    before = node.facts()
    file = node.host().current / TOML
    good = file.read_text()
    file.write_text("[clustering\n")
    roll_out(node, node.new({"heartbeat": 30}))
    failed = rollback.failed(node.paths)
    assert failed is not None
    assert failed.sentence.startswith(f"node a: {TOML}")
    file.write_text(good)
    node.begin_anew()
    assert node.facts() == before


def test_the_authority_of_before_comes_back_without_any_aws_api(tmp_path: Path) -> None:
    with machine(tmp_path, trust(AUTHORITY)) as node:
        assert node.trusted == [b"one authority"]
        roll_out(node, node.new(trust(OTHER_AUTHORITY)))
        assert node.trusted[-1] == b"another authority"
        sick(node)
        node.cloud.broken = "all"
        node.begin_anew()
        assert node.trusted[-1] == b"one authority"


def test_an_authority_is_kept_where_root_alone_reads_it(tmp_path: Path) -> None:
    with machine(tmp_path, trust(AUTHORITY)) as node:
        modes = {file.read_bytes(): file.stat().st_mode & 0o777 for file in node.paths.etc.glob("trust-*")}
        assert modes == {b"one authority": 0o600}


def test_another_key_restarts_the_product_and_the_one_of_before_comes_back(tmp_path: Path) -> None:
    with machine(tmp_path, KEYS) as node:
        node.cloud.key = "two"
        roll_out(node, node.new({"discovery_key": 2}))
        assert node.services.said == STOP
        assert "secret-two" in node.read(AXIS2)
        sick(node)
        node.cloud.broken = "all"
        node.begin_anew()
        assert "secret-one" in node.read(AXIS2)
        assert "secret-two" not in node.read(AXIS2)


def sick(node: Machine) -> None:
    """Let the product stay sick with the settings in force until its time is over."""
    trial = SimpleNamespace(look=lambda _: False)
    one: Any = SimpleNamespace(board=Board(OPEN), complaint=lambda: "it said: no bean")
    with pytest.raises(Restart):
        service._judged(node.host(), trial, one)  # type: ignore[arg-type]


def test_a_product_that_stays_sick_brings_the_former_settings_back(node: Machine) -> None:
    before = node.facts()
    roll_out(node, node.new({"heartbeat": 30}, artifact=artifact(NEW)))
    assert service._trial(KIND, node.host()) is not None
    sick(node)
    node.begin_anew()
    assert node.facts() == before
    assert service._trial(KIND, node.host()) is None
    failed = rollback.failed(node.paths)
    assert failed is not None
    assert failed.sentence == "node a: with the changed settings it said: no bean"


def test_a_product_that_serves_with_the_changed_settings_keeps_them(node: Machine) -> None:
    """The control."""
    roll_out(node, node.new({"heartbeat": 30}))
    trial: Any = SimpleNamespace(look=lambda _: True)
    one: Any = SimpleNamespace(board=Board(OPEN))
    assert service._judged(node.host(), trial, one) is None
    assert host.former(node.paths) is None
    node.begin_anew()
    assert node.host().settings.settings.heartbeat == 30


def test_a_program_that_is_exchanged_finds_the_same_document_again(node: Machine) -> None:
    document = node.new({"heartbeat": 30}, asset={**DOCUMENT["asset"], "sha256": NEW_PROGRAM})
    roll_out(node, document)
    assert node.paths.current.resolve().name == NEW_PROGRAM[:16]
    assert (node.host().settings.generation, host.unfinished(node.paths)) == (GENERATION, document)
    assert node.services.said == []
    roll_out(node, document)
    assert (node.host().settings.generation, host.unfinished(node.paths)) == ("new0new0new0new0", None)
    assert node.services.said == [*STOP, *again(AGENT)]


def test_a_new_program_that_refuses_its_document_gives_way_to_the_old_one(node: Machine) -> None:
    document = node.new(asset={**DOCUMENT["asset"], "sha256": NEW_PROGRAM}, format=2)
    roll_out(node, document)
    roll_out(node, document)  # the new program, which cannot read it either
    assert node.paths.current.resolve().name == PROGRAM[:16]
    node.begin_anew()
    failed = rollback.failed(node.paths)
    assert failed is not None
    assert "format 2" in failed.sentence


def test_a_program_that_cannot_read_the_old_document_finishes_the_one_that_names_it(node: Machine) -> None:
    document = node.new({"heartbeat": 30})
    (node.paths.etc / "settings.json").write_text(node.changed(format=0))
    host.save_next(node.paths, document)
    node.begin_anew()
    assert (node.host().settings.generation, host.unfinished(node.paths)) == ("new0new0new0new0", None)
    assert node.services.said == STOP


def test_settings_from_which_there_is_no_way_back_are_given_all_the_time_there_is(
    node: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    roll_out(node, node.new({"heartbeat": 30}))
    sick_for = SimpleNamespace(phase="starting", healthy=False, database="open")
    now = [0.0]
    for back, verdict in ((True, False), (False, None)):
        monkeypatch.setattr(type(KIND), "returns", lambda *_, back=back: back)
        trial = service._trial(KIND, node.host())
        assert trial is not None
        monkeypatch.setattr(trial, "_clock", lambda: now[0])
        now[0] = 0.0
        assert trial.look(sick_for) is None  # type: ignore[arg-type]
        now[0] = 1e6
        assert trial.look(sick_for) is verdict  # type: ignore[arg-type]


def test_the_former_document_itself_is_on_no_trial(node: Machine) -> None:
    """There is nothing to go back to: it would go back to itself for ever."""
    roll_out(node, node.new({"heartbeat": 30}))
    roll_out(node, node.document)
    assert service._trial(KIND, node.host()) is None


def test_a_node_whose_turn_it_is_not_changes_nothing(tmp_path: Path) -> None:
    with machine(tmp_path) as node:
        host.save(node.paths, Identity("b", "/p"), node.document)
        before = node.facts()
        service._roll_out(KIND, node.host(), parts(node.new({"heartbeat": 30}), a=serving("a")))
        assert (node.facts(), node.services.said) == (before, [])


def waited_too_long(this: Host, document: str, states: dict[str, State]) -> str | None:
    """Return what `rollout` says of a document once it is parsed."""
    return rollout.waited_too_long(this, outline(document), rollout.readable(KIND, document), states)


def test_a_node_that_waits_for_its_turn_says_for_whom_near_the_time_out(tmp_path: Path) -> None:
    this = Host(Identity("c", "/p"), chosen(), Paths(tmp_path), Systemd())
    states = {"a": serving("a", "late"), "b": serving("b", "old", phase="starting")}
    value = {**DOCUMENT, "members": members("abc"), "generation": "late"}
    assert waited_too_long(this, json.dumps(value), states) is None
    value["formation_timeout"] = 0
    late = json.dumps(value)
    sentence = waited_too_long(this, late, states)
    assert sentence is not None
    assert "node c waits" in sentence
    assert "node b (10.0.1.11): it is starting at generation old" in sentence
    silent = waited_too_long(this, late, {"a": states["a"]})
    assert silent is not None
    assert "node b (10.0.1.11): no answer on port 9181" in silent


def test_a_node_does_not_wait_aloud_for_one_that_has_a_cause_of_its_own_or_leaves(tmp_path: Path) -> None:
    this = Host(Identity("b", "/p"), chosen(), Paths(tmp_path), Systemd())
    value = {**DOCUMENT, "members": members("abc"), "generation": "late", "formation_timeout": 0}
    failed = {"a": dataclasses.replace(serving("a", "old"), failure="node a: no disk")}
    assert waited_too_long(this, json.dumps(value), failed) is None
    leaves = json.dumps({**value, "members": members("abc", absent="a")})
    assert waited_too_long(this, leaves, {}) is None


def test_a_fault_in_musternode_is_reported_to_the_new_document(node: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    handle = Handle()

    def strange(*_given: object) -> None:
        raise ZeroDivisionError("odd")

    monkeypatch.setattr(rollout, "apply", strange)
    service._roll_out(KIND, node.host(), parts(node.new(wait_url=handle.url)))
    poll(lambda: handle.taken, within=5)
    assert handle.taken[0][1]["Reason"] == "node a: musternode failed: ZeroDivisionError: odd"


def test_a_way_back_that_fails_serves_with_what_there_is(node: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    node.cloud.broken = "k"
    roll_out(node, node.new(artifact=artifact(NEW)))

    def fails(*_: object) -> None:
        raise Failure("no space")

    monkeypatch.setattr(stages, "install", fails)
    assert service._finished(KIND, node.host(), Board(OPEN))
    assert host.unfinished(node.paths) is None
