"""What a cluster file with `balancer.to_nodes: https` becomes: target groups, rules of the groups, order, settings."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from muster.products import PRODUCTS, Reach
from muster.products.users_ports import https, plainly
from muster.spec import Cluster, load
from tests.conftest import CARBON, Synthesize, Template, WriteCluster
from tests.parts_support import parts
from tests.spec_help import changed, judge
from tests.template_help import depends_on, of_type, the
from tests.test_axonivy_product import IVY

SECURE: Mapping[str, Any] = {"balancer": {"to_nodes": "https"}}
KAAZING: Mapping[str, Any] = {
    "name": "wss",
    "product": "kaazing",
    "artifact": {"file": "artifacts/kaazing-gateway-5.6.2.zip"},
    "kaazing": {"host": "gateway.example.org"},
}
FILES: Mapping[str, Mapping[str, Any]] = {"as400gateway": {}, "kaazing": KAAZING, "axonivy": IVY, "wso2-carbon": CARBON}
SERVED = {"as400gateway": (8080, 8443), "kaazing": (8000, 8443), "axonivy": (8080, 8443), "wso2-carbon": (9763, 9443)}
"""The ports on which users reach a node of each product by HTTP and by HTTPS."""
GROUP = "ElasticLoadBalancingV2::TargetGroup"


def cluster(write: WriteCluster, product: str, protocol: str, **changes: Any) -> Cluster:
    """Return a plain cluster of that product."""
    return load(write(**{**FILES[product], "balancer": {"to_nodes": protocol}, **changes}))


def rules(template: Template, way: str) -> dict[int, str]:
    """Return the logical ids of the standing rules that are about the balancer, by their ports."""
    found = of_type(template, f"EC2::SecurityGroup{way}")
    return {rule["FromPort"]: name for name, rule in found.items() if "Balancer" in json.dumps([name, rule])}


def written(template: Template) -> set[int]:
    """Return the ports to which the balancer is let out by what is written into its group."""
    _, group = the(template, "EC2::SecurityGroup", GroupDescription="Load balancer of the cluster")
    return {rule["FromPort"] for rule in group["SecurityGroupEgress"]}


@pytest.fixture(scope="module")
def secure() -> Template:
    """Return network and balancer of the plain file with HTTPS to nodes."""
    return parts(**SECURE)


@pytest.fixture(scope="module")
def plain() -> Template:
    """Return the same without a word about it."""
    return parts()


@pytest.mark.parametrize("product", FILES)
def test_users_reach_the_port_of_what_the_balancer_speaks(product: str, write_cluster: WriteCluster) -> None:
    about, found = PRODUCTS[product], {}
    for protocol in ("http", "https"):
        made = cluster(write_cluster, product, protocol)
        found[protocol] = {port for ports in about.targets(made).values() for port in ports}
        reached = {port.number for port in about.ports_for(made, Reach.BALANCER)}
        assert reached == {*found[protocol], about.port(made, about.readiness)}
    assert (found["http"], found["https"]) == tuple({port} for port in SERVED[product])


@pytest.mark.parametrize("product", FILES)
def test_a_file_that_says_nothing_means_http(product: str, write_cluster: WriteCluster) -> None:
    said, unsaid = (load(write_cluster(**FILES[product], balancer=each)) for each in ({"to_nodes": "http"}, {}))
    assert not https(unsaid)
    assert PRODUCTS[product].ports(said) == PRODUCTS[product].ports(unsaid)
    assert plainly(cluster(write_cluster, product, "https")).balancer == said.balancer


def test_the_target_group_speaks_https_and_asks_for_health_by_http_as_ever(secure: Template, plain: Template) -> None:
    one, other = the(secure, GROUP)[1], the(plain, GROUP)[1]
    assert (one["Protocol"], one["Port"], other["Protocol"], other["Port"]) == ("HTTPS", 8443, "HTTP", 8080)
    assert {each["Port"] for each in one["Targets"]} == {8443}
    checked = [key for key in one if key.startswith("HealthCheck")]
    assert checked
    assert {key: one[key] for key in checked} == {key: other[key] for key in checked}


def test_nodes_let_the_balancer_in_by_the_port_of_the_front_and_still_by_the_plain_one(
    secure: Template, plain: Template
) -> None:
    """A rule goes at the end of a change, at once; a balancer still uses it for some seconds."""
    assert set(rules(secure, "Ingress")) == {8080, 8443, 9180}
    assert set(rules(plain, "Ingress")) == {8080, 9180}


def test_no_change_between_both_takes_a_way_away_before_the_listeners_have_left_it(
    secure: Template, plain: Template
) -> None:
    """What stands in a group changes in place, at once; rules of their own come first, and go right after listeners."""
    assert written(secure) == written(plain) == {8080, 9180}
    assert (set(rules(secure, "Egress")), rules(plain, "Egress")) == ({8443}, {})


def test_nobody_is_led_to_nodes_before_they_let_the_balancer_in(secure: Template) -> None:
    (listener,) = of_type(secure, "ElasticLoadBalancingV2::Listener")
    needed = {*rules(secure, "Ingress").values(), *rules(secure, "Egress").values()}
    assert needed <= depends_on(secure, listener)


def ordered(template: Template) -> tuple[bool, bool]:
    """Return whether the listener waits for the formation, and the formation for the listener."""
    (listener,), (formed,) = (
        of_type(template, kind) for kind in ("ElasticLoadBalancingV2::Listener", "CloudFormation::WaitCondition")
    )
    return formed in depends_on(template, listener), listener in depends_on(template, formed)


def test_the_balancer_leads_to_fronts_only_once_all_nodes_have_formed_with_them(synthesize: Synthesize) -> None:
    assert ordered(synthesize(**SECURE)) == (True, False)
    assert ordered(synthesize()) == (False, True)


def test_servers_that_always_answer_by_https_are_waited_for_as_ever(synthesize: Synthesize) -> None:
    assert ordered(synthesize(**CARBON, **SECURE)) == (False, True)


@pytest.mark.parametrize("route", [{"route": "path"}, {"route": "host", "host": "admin.example.org"}])
def test_every_rule_of_the_listener_waits_as_it_does(route: Mapping[str, str], synthesize: Synthesize) -> None:
    template = synthesize(balancer={"to_nodes": "https", "admin": route})
    (formed,) = of_type(template, "CloudFormation::WaitCondition")
    ways = [
        name for kind in ("Listener", "ListenerRule") for name in of_type(template, f"ElasticLoadBalancingV2::{kind}")
    ]
    assert len(ways) > 1
    assert all(formed in depends_on(template, name) for name in ways)


def test_nodes_are_told_of_the_front_by_its_port_alone(synthesize: Synthesize) -> None:
    texts = [json.dumps(the(synthesize(**each), "SSM::Parameter")[1]["Value"]) for each in (SECURE, {})]
    assert ['"tls":8443' in each.replace("\\", "") for each in texts] == [True, False]


def test_heavier_nodes_have_further_ports_of_their_fronts(write_cluster: WriteCluster) -> None:
    block = {**IVY["axonivy"], "weights": {"a": 3, "b": 2, "c": 1}}
    made = cluster(write_cluster, "axonivy", "https", axonivy=block)
    about = made.about
    assert about.targets(made) == {"a": (8443, 8453, 8463), "b": (8443, 8453), "c": (8443,)}
    told = about.settings(made)
    assert told["fronts"] == [8443, 8453, 8463, 8473, 8483]
    assert told["nodes"]["a"]["connectors"] == [8080, 8090, 8100, 8110, 8120]
    assert "fronts" not in about.settings(plainly(made))


def test_ports_of_fronts_and_of_engines_are_not_the_same(write_cluster: WriteCluster) -> None:
    block = {**IVY["axonivy"], "weights": {"a": 3}, "tls_port": 8070}
    made = cluster(write_cluster, "axonivy", "https", axonivy=block)
    told = made.about.settings(made)
    assert made.about.targets(made)["a"] == (8070, 8130, 8140)
    assert not {*told["fronts"]} & {*told["nodes"]["a"]["connectors"]}


AS = Path(__file__).resolve().parents[1] / "clusters" / "wso2-as.yaml"


def test_a_product_that_redirects_plain_http_takes_https_alone(tmp_path: Path) -> None:
    text = AS.read_text()
    judge(text, None, tmp_path)
    line = next(number for number, each in enumerate(text.splitlines(), 1) if each.startswith("balancer:")) + 1
    what = "balancer.to_nodes: got 'http', to which wso2-as answers with a redirect to HTTPS, want https"
    judge(changed(text, "  certificate:", "  to_nodes: http\n  certificate:"), f"{line}: {what}", tmp_path)
    judge(changed(text, "  certificate:", "  to_nodes: https\n  certificate:"), None, tmp_path)


def test_a_port_of_the_front_that_is_taken_is_refused(write_cluster: WriteCluster) -> None:
    text = write_cluster(**SECURE, as400gateway={"tls_port": 9180}).read_text()
    folder = write_cluster().parent
    judge(
        text,
        "1: as400gateway.readiness_port: got 9180, which is also as400gateway.tls_port, want a port of its own",
        folder,
    )
    judge(changed(text, "https", "http"), None, folder)


def test_what_the_balancer_may_speak_is_one_of_two(write_cluster: WriteCluster) -> None:
    text = write_cluster(balancer={"to_nodes": "tls"}).read_text()
    judge(text, "1: balancer.to_nodes: got 'tls', want http or https", write_cluster().parent)
