"""A second settings document on a running pair."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from musternode import rollout
from musternode.failure import Failure
from musternode.host import Host, Identity
from musternode.paths import Paths
from musternode.state import State
from musternode.system import Systemd
from tests.node_support import settings
from tests.test_node_settings import DOCUMENT

NEW = json.dumps({**DOCUMENT, "generation": "new0new0new0new0"})


def watch(*documents: Any) -> rollout.Watch:
    """Return a watch over some readings of the parameter."""
    left = list(documents)

    def fetch() -> str:
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    return rollout.Watch(fetch, DOCUMENT["generation"])


def test_the_generation_in_force_is_not_offered_and_another_is() -> None:
    seen = watch(json.dumps(DOCUMENT), NEW)
    seen.look()
    assert seen.pending() is None
    seen.look()
    assert seen.pending() == NEW


def test_an_api_that_does_not_answer_changes_nothing() -> None:
    seen = watch(NEW, Failure("no answer"))
    seen.look()
    seen.look()
    assert seen.pending() == NEW


def test_a_generation_that_failed_is_not_tried_again_but_the_former_one_is() -> None:
    """A deploy that fails is rolled back: the parameter falls back, and what was half applied must go."""
    seen = watch(NEW, NEW, json.dumps(DOCUMENT))
    seen.look()
    seen.tried("new0new0new0new0")
    seen.look()
    assert seen.pending() is None
    seen.look()
    assert seen.pending() == json.dumps(DOCUMENT)


def test_one_node_at_a_time_by_ordinal() -> None:
    own, peer = settings(), State("a", "new", phase="serving")
    assert rollout.is_turn(own, "a", "new", None)
    assert not rollout.is_turn(own, "b", "new", None)
    assert not rollout.is_turn(own, "b", "new", replace(peer, generation="old"))
    assert not rollout.is_turn(own, "b", "new", replace(peer, phase="starting"))
    assert rollout.is_turn(own, "b", "new", peer)


def test_a_node_that_waits_for_its_turn_says_for_whom_near_the_time_out(tmp_path: Path) -> None:
    this = Host(Identity("b", "/p"), settings(), Paths(tmp_path), Systemd())
    early = json.dumps({**DOCUMENT, "generation": "early"})
    assert rollout.waited_too_long(this, early, None) is None
    late = json.dumps({**DOCUMENT, "generation": "late", "formation_timeout": 0})
    sentence = rollout.waited_too_long(this, late, State("a", "old", phase="starting"))
    assert sentence is not None
    assert "node b waits" in sentence
    assert "node a (127.0.1.1): it is starting at generation old" in sentence
    assert rollout.waited_too_long(this, late, State("a", "old", failure="node a: no disk")) is None


def test_what_may_change_on_a_running_pair_is_not_refused() -> None:
    old = settings()
    assert (
        rollout.refusal(old, replace(old, generation="x", java=21, wait_url="http://y/", formation_timeout=60)) is None
    )
    assert rollout.refusal(old, replace(old, ports=replace(old.ports, http=8081, readiness=9181))) is None


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        (replace(settings(), ports=replace(settings().ports, database=9999)), "database's port"),
        (replace(settings(), settings=replace(settings().settings, database="other")), "database's name"),
        (replace(settings(), members=settings().members[:1]), "members"),
    ],
)
def test_what_both_nodes_must_change_at_once_is_refused_by_name(changed: Any, named: str) -> None:
    reason = rollout.refusal(settings(), changed)
    assert reason is not None
    assert named in reason
