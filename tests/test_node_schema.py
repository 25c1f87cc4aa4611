"""A jar that may change its schema: brought up to date as administrator on a node that is alone, else as any other."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from musternode import __main__ as main
from musternode import artifact, rollback, rollout, schema, units
from musternode.failure import Failure
from musternode.h2 import data
from musternode.h2.database import Database
from musternode.host import Host
from musternode.products import as400gateway
from musternode.watch import Watch
from tests.node_machine import JARS, NEW_JAR, Machine, Restart, machine
from tests.node_words import pair_json, put
from tests.test_node_settings import DOCUMENT

MEMBERS = [{**one, "present": one["name"] == "a"} for one in DOCUMENT["members"]]
ALONE = {"members": MEMBERS}
NEW = {"artifact": {**DOCUMENT["artifact"], "sha256": NEW_JAR}}
NAMED = {"artifact": {**NEW["artifact"], "name": "as400-common-api-1.1.0.jar"}}
STOP = f"stop {as400gateway.UNIT}"


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """Yield node a, which serves alone, and note each migration among what systemd is told."""
    with machine(tmp_path) as made:

        def migrate(this: Host, database: Database, owner: str) -> None:
            assert (database.pair.name, owner) == (this.pair.name, units.H2_USER)
            made.services.said.append(f"migrate {this.settings.artifact.sha256}")

        monkeypatch.setattr(data, "migrate", migrate)
        monkeypatch.setattr(schema, "WITHIN", 0.3)
        put(tmp_path, "pair.json", pair_json(phase="alone", peer=None))
        yield made


def alone(node: Machine) -> Machine:
    """Let the settings in force say so."""
    node.apply(node.changed(**ALONE, generation="alone"))
    node.services.said.clear()
    return node


def test_the_new_jar_runs_as_administrator_after_the_application_was_stopped(node: Machine) -> None:
    alone(node).apply(node.new(**ALONE, **NEW))
    assert node.services.said == [STOP, f"migrate {NEW_JAR}"]
    assert node.host().settings.artifact.sha256 == NEW_JAR


def test_what_follows_a_jar_is_made_up_for_after_the_process_ended_in_the_middle_of_it(
    node: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone(node)

    def killed(_this: Host) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(schema, "migrate", killed)
        with pytest.raises(KeyboardInterrupt):
            node.apply(node.new(**ALONE, **NEW))
    node.services.said.clear()
    node.apply(node.new(**ALONE, **NEW))
    assert node.services.said == [STOP, f"migrate {NEW_JAR}"]
    assert not artifact.bring(node.host()), "the control: it counts as brought no more"


@pytest.mark.parametrize(
    "document",
    [{}, NEW, {**ALONE, **NEW}, {**ALONE, "settings": {**DOCUMENT["settings"], "health": "/other"}}],
    ids=["nothing new", "a pair", "alone from now on only", "the same jar"],
)
def test_no_schema_is_touched_by(document: dict[str, Any], node: Machine) -> None:
    """The control is the test above. A peer of before may still be a member, or come in, while the schema changes."""
    node.apply(node.new(**document))
    assert [each for each in node.services.said if each.startswith("migrate")] == []
    assert node.host().settings.generation == "new0new0new0new0"


@pytest.mark.parametrize("pair", [{"phase": "in"}, {"gate": "shut", "phase": "waiting"}], ids=["a pair", "shut"])
def test_a_node_that_does_not_serve_alone_refuses_and_goes_back(
    pair: dict[str, Any], node: Machine, tmp_path: Path
) -> None:
    alone(node)
    put(tmp_path, "pair.json", pair_json(**pair))
    with pytest.raises(rollout.Broken, match="node a does not serve alone"):
        node.apply(node.new(**ALONE, **NEW))
    assert f"migrate {NEW_JAR}" not in node.services.said


@pytest.mark.parametrize("other", [NEW, NAMED], ids=["of the same name", "of another name"])
def test_a_schema_that_cannot_be_brought_up_to_date_brings_the_former_jar_back_without_another_run(
    other: dict[str, Any], node: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = alone(node).facts()

    def fail(*_: Any) -> None:
        raise Failure("node a: the application did not become healthy in its first run")

    monkeypatch.setattr(data, "migrate", fail)
    document = node.new(**ALONE, **other)
    with pytest.raises(Restart):
        main._roll_out(node.host(), document, Watch(lambda: document, "old"), None)
    rollout.finish(node.host())  # by the process that begins then
    assert node.facts() == former
    gone = rollback.failed(node.paths)
    assert gone is not None
    assert "did not become healthy" in gone.sentence


def test_a_jar_of_another_name_takes_the_place_of_the_one_before_with_its_launch_options(node: Machine) -> None:
    before = node.host().layout
    before.launch_conf.write_text(before.launch_conf.read_text() + "# mine\n")
    node.apply(node.new(**NAMED))
    after = node.host().layout
    assert after.jar.name == "as400-common-api-1.1.0.jar"
    assert artifact.in_force(node.host()) == after.jar
    assert after.launch_conf.read_text() == before.launch_conf.read_text()
    assert node.services.said == [STOP]


def test_a_jar_of_another_name_that_is_there_from_a_former_try_is_brought_up_to_date_all_the_same(
    node: Machine,
) -> None:
    alone(node)
    lying = node.host().layout.jar.with_name("as400-common-api-1.1.0.jar")
    lying.write_bytes(JARS[NEW_JAR])
    node.apply(node.new(**ALONE, **NAMED))
    assert node.services.said == [STOP, f"migrate {NEW_JAR}"]
