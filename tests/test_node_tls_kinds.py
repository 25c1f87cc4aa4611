"""The fronts of the products: where they lead to, what is asked of them, and what a document may not say of them."""

import json
from typing import Any, cast

import pytest

from musternode import settings, units
from musternode.axonivy import document as ivy
from musternode.axonivy.kind import KIND as IVY
from musternode.carbon.kind import KIND as CARBON
from musternode.failure import Failure
from musternode.host import Host, Identity
from musternode.kaazing import settings as gateways
from musternode.kaazing.kind import KIND as KAAZING
from musternode.kaazing.units import FILES
from musternode.paths import Paths
from musternode.servers.host import Host as Server
from musternode.system import Systemd
from musternode.tls import front
from musternode.tls.front import CONNECTIONS
from tests import node_axonivy, node_kaazing
from tests.node_servers import address
from tests.test_node_settings import DOCUMENT

KAAZING_PORTS, IVY_PORTS = node_kaazing.DOCUMENT["ports"], node_axonivy.DOCUMENT["ports"]
FRONTS = [8443, 8453, 8463]


def pair(**ports: int) -> Host:
    """Return node a of an AS400Gateway pair."""
    text = json.dumps({**DOCUMENT, "ports": {**DOCUMENT["ports"], **ports}})
    return Host(Identity("a", "/p"), settings.read(text), Paths(), Systemd())


def gateway(**ports: int) -> "Server[gateways.Settings]":
    """Return node a of a cluster of gateways."""
    return Server(Identity("a", "/p"), node_kaazing.chosen(ports={**KAAZING_PORTS, **ports}), Paths(), Systemd())


def engine(fronts: "list[int] | None" = None) -> "Server[ivy.Settings]":
    """Return node a of a cluster of engines."""
    told = {"fronts": fronts} if fronts else {}
    ports = {**IVY_PORTS, **({"tls": fronts[0]} if fronts else {})}
    return Server(Identity("a", "/p"), node_axonivy.chosen(product=told, ports=ports), Paths(), Systemd())


def test_without_a_port_for_it_no_product_has_a_front() -> None:
    assert pair().front is None
    assert (KAAZING.front(gateway()), IVY.front(engine())) == (None, None)


def test_servers_that_speak_https_themselves_have_no_front() -> None:
    assert CARBON.front(cast("Any", None)) is None


def test_a_pairs_front_leads_to_the_application_at_the_nodes_own_address() -> None:
    made, this = pair(tls=8443).front, pair()
    assert made == front.of(this.node, 8443, this.settings.ports.http)
    assert made is not None
    assert (made.address, made.sources) == (this.node.address, ())


def test_a_gateways_front_takes_as_many_websockets_as_the_gateway_from_addresses_enough() -> None:
    made = KAAZING.front(gateway(tls=8443))
    assert made is not None
    assert (made.port, made.plain, made.address) == (8443, 8000, address("a"))
    assert CONNECTIONS < made.connections < FILES
    assert made.connections <= 28_000 * len(made.sources)
    assert all(source.startswith("127.0.1.") for source in made.sources)


def test_an_engines_further_ports_lead_to_its_front_by_a_table_of_the_fronts_own() -> None:
    made = IVY.front(engine(FRONTS))
    assert made is not None
    assert (made.port, made.plain) == (8443, 8080)
    assert f"ip daddr {address('a')} tcp dport {{ 8453, 8463 }} dnat to {address('a')}:8443" in made.rules
    assert f"table ip {front.TABLE} {{" in made.rules
    assert "muster_ivy" not in made.rules
    alone = IVY.front(engine([8443]))
    assert alone is not None
    assert alone.rules == ""


def test_each_product_asks_its_front_before_it_calls_itself_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("musternode.kaazing.product.websocket_path", lambda *_: "/echo")
    asked = [
        [KAAZING.readiness(gateway(tls=8443)), KAAZING.readiness(gateway())],
        [IVY.readiness(engine(FRONTS)), IVY.readiness(engine())],
        [line(pair(tls=8443)), line(pair())],
    ]
    for with_one, without in asked:
        assert with_one == f"{without} 8443"


def line(this: Host) -> str:
    """Return the command of the unit that answers the balancer for a pair."""
    text = units.units(this.settings, this.node, this.layout, this.paths)[units.READINESS]
    return next(each for each in text.splitlines() if each.startswith("ExecStart="))


@pytest.mark.parametrize(("fronts", "port"), [([8443], 0), ([9443], 8443), ([], 8443)])
def test_ports_that_do_not_begin_with_the_fronts_own_are_refused(fronts: list[int], port: int) -> None:
    ports = {**IVY_PORTS, "tls": port}
    with pytest.raises(Failure, match=r"^settings\.fronts is \[.*\]; it begins with ports\.tls, "):
        node_axonivy.chosen(product={"fronts": fronts}, ports=ports)


def test_gateways_and_engines_refuse_another_port_of_their_fronts() -> None:
    one, other = gateway(tls=8443).settings, gateway(tls=9443).settings
    assert "the port of running TLS fronts" in (KAAZING.refusal(one, other) or "")
    before, after = engine([8443]).settings, engine([9443]).settings
    assert "the port of running TLS fronts" in (IVY.refusal(before, after) or "")
    assert KAAZING.refusal(one, gateway().settings) is None
    assert IVY.refusal(engine().settings, before) is None
