"""What a member does whatever its product, as long as a log tells it whom it sees."""

from types import ModuleType
from typing import Any

import pytest

from tests import node_carbon, node_kaazing
from tests.node_servers import address


@pytest.fixture(params=[node_carbon, node_kaazing], ids=["carbon", "kaazing"])
def of(request: pytest.FixtureRequest) -> ModuleType:
    """Return the stand-ins for one product."""
    module: ModuleType = request.param
    return module


def test_a_product_that_does_not_run_is_started_and_one_that_runs_is_left_alone(of: ModuleType) -> None:
    node = of.Node()
    assert node.tick().phase == "starting"
    node.tick(times=5)
    assert node.product.run == 1
    node.product.up = False
    node.tick(times=2)
    assert node.product.run == 2


def test_a_product_that_answers_before_it_is_a_member_does_not_serve(of: ModuleType) -> None:
    node = of.Node(of.chosen("a"))
    assert node.tick(times=3).phase == "waiting"
    assert node.tick(of.sees("")).phase == "serving"


def test_what_was_kept_is_nothing_to_a_product_that_does_not_run(of: ModuleType) -> None:
    """The host was started: the member is there before the product."""
    node = of.Node(kept=of.sees("bc"))
    node.tick()
    assert (node.member.sight, node.log.kept) == (of.Sight(), [of.Sight()])


def test_what_was_kept_holds_for_a_product_that_went_on(of: ModuleType) -> None:
    """The control: the member alone was started anew."""
    node = of.Node(kept=of.sees("bc"))
    node.product.run, node.product.up = 1, True
    assert node.tick().phase == "serving"
    assert node.log.kept == []


def test_the_cluster_is_formed_once_all_say_so_and_that_is_reported_once(of: ModuleType) -> None:
    node = of.Node()
    node.others.whole("abc")
    assert node.runs("bc").formed
    assert node.tick(times=5).formed
    assert [(body["Status"], body["Data"]) for body in node.reported.sent] == [("SUCCESS", "members=3")]


def test_a_cluster_that_was_formed_stays_so_when_a_member_leaves(of: ModuleType) -> None:
    node = of.Node()
    node.others.whole("abc")
    node.runs("bc")
    state = node.tick(of.sees("b", left=(address("c"),)))
    assert node.member.seen == {address("a"), address("b")}
    assert state.formed


def test_one_that_is_the_only_one_is_formed_by_itself(of: ModuleType) -> None:
    node = of.Node(of.chosen("abc", absent="bc"))
    assert node.runs().formed
    assert [body["Data"] for body in node.reported.sent] == ["members=1"]


def test_one_that_waits_names_those_that_are_missing_near_its_time_out_and_once(of: ModuleType) -> None:
    node = of.Node()
    node.runs("b")
    node.tick(seconds=800)
    assert node.reasons == []
    node.tick(times=3, seconds=50)
    assert len(node.reasons) == 1
    assert "missing: c (10.0.1.12)" in node.reasons[0]


def test_a_product_that_cannot_be_started_is_reported_at_once_and_tried_again_more_and_more_seldom(
    of: ModuleType,
) -> None:
    node = of.Node()
    node.product.broken = "node a: no\nunit"
    state = node.tick(times=3, seconds=1)
    assert (state.phase, state.failure) == ("failed", "node a: no unit")
    assert node.reasons == ["node a: no unit"]
    node.product.broken = ""
    assert node.tick(seconds=1).phase == "failed"
    assert node.tick(seconds=10).phase == "starting"
    assert node.board.state.failure == ""


def test_a_fault_in_musternode_itself_is_a_cause_like_any_other(
    of: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = of.Node()

    def odd(_: Any) -> Any:
        raise ZeroDivisionError("odd")

    monkeypatch.setattr(node.log, "read", odd)
    node.tick()
    assert node.reasons == ["node a: musternode failed: ZeroDivisionError: odd"]
