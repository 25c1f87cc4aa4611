"""A gateway on a node: its distribution, its configuration, and a second settings document that changes them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from musternode import __main__ as main
from musternode.failure import Failure
from musternode.kaazing import gateway_config, product
from musternode.kaazing.host import LOG, UNIT
from musternode.kaazing.kind import KIND
from musternode.kaazing.log_sight import Sight
from musternode.kaazing.words import Word
from musternode.servers import stages
from musternode.state import State
from musternode.units import AGENT, READINESS
from tests.node_kaazing import DOCUMENT
from tests.node_kaazing_machine import CONFIG, NEW, SERVICES, WITHOUT_WEBSOCKET, Machine, machine
from tests.node_servers import address, artifact
from tests.test_node_kaazing_gateway_config import config, service

STOP = [f"stop {UNIT}"]
PORTS = DOCUMENT["ports"]


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Machine]:
    """Yield node a."""
    with machine(tmp_path) as made:
        yield made


def again(unit: str) -> list[str]:
    """Return what is said for a unit that begins anew."""
    return [f"enable {unit}", f"restart {unit}"]


def test_the_product_is_found_by_its_name() -> None:
    assert main._kind("kaazing") is KIND


# the distribution


def unpacked(folder: Path, *tops: str) -> Path:
    """Make an unpacked archive with these folders, each a gateway's home."""
    for top in tops:
        for place in (CONFIG, "bin/gateway.start"):
            file = folder / top / place
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("x")
    return folder


def test_the_home_is_the_archives_one_folder_whatever_else_a_desktop_put_into_it(tmp_path: Path) -> None:
    folder = unpacked(tmp_path, "gateway-5.6.2", "__MACOSX", ".hidden")
    assert KIND.home_in(folder, "g.zip") == tmp_path / "gateway-5.6.2"


@pytest.mark.parametrize("tops", [(), ("one", "two"), (".hidden",)])
def test_an_archive_without_one_folder_is_no_distribution(tmp_path: Path, tops: tuple[str, ...]) -> None:
    with pytest.raises(
        Failure, match=r"g\.zip is no distribution .* one folder with conf/gateway-config\.xml and bin/g"
    ):
        KIND.home_in(unpacked(tmp_path, *tops), "g.zip")


@pytest.mark.parametrize("place", [CONFIG, "bin/gateway.start"])
def test_a_folder_without_file_or_script_is_none_either(tmp_path: Path, place: str) -> None:
    (unpacked(tmp_path, "gateway") / "gateway" / place).unlink()
    with pytest.raises(Failure, match=r"g\.zip is no distribution of the Kaazing Gateway"):
        KIND.home_in(tmp_path, "g.zip")


def test_a_folder_whose_name_systemd_would_read_otherwise_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"the folder in g\.zip is called 'my gateway'; name it of letters"):
        KIND.home_in(unpacked(tmp_path, "my gateway"), "g.zip")


@pytest.mark.parametrize(
    ("place", "so"),
    [("bin/gateway.start", True), ("bin/more.sh", True), ("conf/gateway.start", False), (CONFIG, False)],
)
def test_scripts_alone_may_be_run(place: str, so: bool) -> None:
    assert KIND.runs(Path("/opt/kaazing/x/gateway-5.6.2") / place) is so


# configuration and path


def test_the_configuration_says_what_the_settings_want_and_is_readable_by_the_gateway_alone(node: Machine) -> None:
    wanted = node.host().settings.wanted("a")
    assert node.config.encode() == gateway_config.patched(config(*SERVICES), wanted)
    assert (node.host().current / CONFIG).stat().st_mode & 0o777 == 0o640


def test_a_second_time_changes_nothing(node: Machine) -> None:
    before = node.facts()
    assert stages.install(KIND, node.host()) == set()
    assert not stages.configure(KIND, node.host())
    assert node.facts() == before


def test_readiness_asks_the_nodes_own_address_for_the_first_websocket_of_the_file(node: Machine) -> None:
    command = f'kaazing-readiness {address("a")} 9180 8000 gw.example.org "/echo"'
    assert KIND.readiness(node.host()) == command
    assert f"-m musternode {command}\n" in node.units()[READINESS]


@pytest.mark.parametrize(("given", "kept"), [("/", "/"), ("/echo", "/"), ("/echo/more", "/echo")])
def test_a_chosen_path_is_asked_for_if_a_service_accepts_it_or_what_is_above_it(
    tmp_path: Path, given: str, kept: str
) -> None:
    unpacked(tmp_path, "g")
    (tmp_path / "g" / CONFIG).write_bytes(config(service(f"ws://h:1{kept}")))
    assert product.websocket_path(tmp_path / "g", given) == given


@pytest.mark.parametrize("given", ["/ech", "/echoes", "/page", "/"])
def test_a_chosen_path_that_takes_no_websocket_is_refused_with_those_that_do(node: Machine, given: str) -> None:
    with pytest.raises(Failure) as refused:
        product.websocket_path(node.host().current, given)
    assert (
        str(refused.value) == f"kaazing.path is {given}, where {CONFIG} accepts no ws:// from users; it does at /echo"
    )


def test_a_file_without_a_websocket_is_refused_by_file_and_field(node: Machine) -> None:
    before = node.facts()
    with pytest.raises(Failure, match=rf"{CONFIG}: no <service> accepts ws:// .* name its path as kaazing\.path"):
        node.apply(node.new(artifact=artifact(WITHOUT_WEBSOCKET)))
    assert node.services.said == []
    assert {**node.facts(), "config": "", "current": ""} == {**before, "config": "", "current": ""}


def test_a_file_that_cannot_be_edited_is_named_with_its_node(node: Machine) -> None:
    (node.host().current / CONFIG).write_text("<gateway-config")
    with pytest.raises(Failure, match=f"^node a: {CONFIG}"):
        stages.configure(KIND, node.host())


def test_a_gateway_that_lacks_what_its_java_has_not_is_refused_with_its_node(node: Machine) -> None:
    (node.host().current / "lib/annotation.jar").unlink()
    with pytest.raises(Failure, match=r"^node a: the gateway needs javax\.annotation, which Java 17 has not"):
        stages.configure(KIND, node.host())


# a second document


def test_another_heartbeat_restarts_the_gateway_alone(node: Machine) -> None:
    node.apply(node.new({"heartbeat": 30}))
    assert node.services.said == STOP
    assert "max.no.heartbeat.seconds=30" in node.units()[UNIT]
    assert node.cloud.calls == []


def test_another_name_restarts_the_gateway_and_what_asks_for_it(node: Machine) -> None:
    node.apply(node.new({"host": "ws.example.org", "public_port": 443}))
    assert node.services.said == [*STOP, *again(READINESS)]
    assert "<accept>wss://ws.example.org:443/echo</accept>" in node.config


def test_a_member_more_is_in_the_list_of_each_gateway_after_its_turn(node: Machine) -> None:
    node.apply(node.new(names="abcd"))
    assert node.services.said == STOP
    assert node.config.count("<connect>") == 4


def test_another_path_leaves_the_gateway_in_peace(tmp_path: Path) -> None:
    with machine(tmp_path) as node:
        node.apply(node.new({"path": "/echo/more"}))
        assert node.services.said == again(READINESS)


def test_another_distribution_is_configured_and_started_like_the_first(node: Machine) -> None:
    node.apply(node.new(artifact=artifact(NEW)))
    assert node.services.said == STOP
    assert node.host().current.resolve().name == "gateway-5.6.3"
    assert "gateway-5.6.3/bin/gateway.start" in node.units()[UNIT]
    assert "<cluster>" in node.config


def test_another_program_leaves_the_gateway_in_peace(node: Machine) -> None:
    node.apply(node.new(asset={**DOCUMENT["asset"], "sha256": "f" * 64}))
    node.apply(node.new(asset={**DOCUMENT["asset"], "sha256": "f" * 64}))
    assert node.services.said == again(AGENT)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"product": {"cluster": "other"}}, "name of the gateways' cluster"),
        ({"ports": {**PORTS, "peer": 1}}, "peer port"),
    ],
)
def test_what_may_not_roll_is_refused_before_anything_changes(
    node: Machine, changes: dict[str, dict[str, object]], what: str
) -> None:
    before = node.facts()
    with pytest.raises(Failure, match=f"node a: the {what} of running members"):
        node.apply(node.new(**changes))
    assert (node.facts(), node.services.said) == (before, [])


def test_what_a_document_changed_comes_back_with_the_one_before_it_without_aws(node: Machine) -> None:
    before = node.facts()
    node.apply(node.new({"heartbeat": 30, "host": "ws.example.org"}))
    node.cloud.broken = "all"
    node.apply(node.document)
    assert node.facts() == before


# the member


def test_the_member_goes_on_where_the_last_one_stood_and_follows_the_gateways_log(node: Machine) -> None:
    file = node.paths.etc / "sight.json"
    sight = {"own": address("a"), "serving": True, "others": [address("b")], "left": [], "merged": 1, "fault": ""}
    file.write_text(json.dumps({"sight": sight, "inode": 0, "offset": 0}))
    one = KIND.member(node.host())
    assert one.word == Word(frozenset({address("a"), address("b")}), merged=True)
    file.unlink()
    one = KIND.member(node.host())
    assert one.sight == Sight()
    log = node.host().current / LOG
    log.parent.mkdir()
    place = f"tcp://{address('a')}:5942"
    log.write_text(
        "2026-11-22 07:30:00,123 [main] INFO  Configuration file: /opt/kaazing/conf/gateway-config.xml\n"
        f"2026-11-22 07:30:01,123 [main] INFO  Cluster Member started: IP Address: /x; Port: 5942; id: {place}\n"
        f"2026-11-22 07:30:02,123 [main] INFO  Cluster member tcp://{address('c')}:5942 is now online\n"
    )
    one.tick()
    assert one.seen == {address("a"), address("c")}
    assert json.loads(file.read_text())["sight"]["others"] == [address("c")]
    assert isinstance(one.board.state, State)
