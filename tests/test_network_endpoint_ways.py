"""The ways from a subnet without a route out to AWS: by interface endpoints, by gateway endpoints, or not at all."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rehearsal.network import InterfacePolicy, Network, names_of
from rehearsal.network.names import ENDPOINTS, GATEWAYS
from rehearsal.passage import CAME_THROUGH
from tests.network_support import attempt, group, guest, interface, tcp, vpc
from tests.test_network_endpoints import run

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

pytestmark = pytest.mark.host

HOST, ENDPOINT = "10.64.0.10", "10.64.0.250"
SSM = "ssm.eu-west-1.amazonaws.com"
S3 = "bucket.s3.eu-west-1.amazonaws.com"


def mirror(environ: "WSGIEnvironment", start: "StartResponse") -> list[bytes]:
    """Tell by which endpoint the request came."""
    start("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"through": environ.get(CAME_THROUGH, ""), "host": environ["HTTP_HOST"]}).encode()]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    with vpc(tmp_path_factory.mktemp("tls"), app=mirror, resolve=names_of(dict)) as running:
        yield running


@pytest.fixture(scope="module")
def host(network: Network) -> str:
    return guest(network, HOST)


@pytest.fixture(scope="module")
def endpoint(network: Network) -> Iterator[str]:
    namespace = "mu-e-00000001"
    network.serve(namespace, ENDPOINT, "10.64.0.0/24", "vpce-ssm")
    network.name_privately({SSM: [ENDPOINT]})
    yield namespace
    network.withdraw(namespace)


def confined(host: str, **gateways: str) -> InterfacePolicy:
    """Return the policy of a host that may open anything and has no default route."""
    policy = interface(host, HOST, group("sg-nodes", []), way_out=False)
    return replace(policy, gateways={GATEWAYS[service]: each for service, each in gateways.items()})


def served(endpoint: str, *cidrs: str) -> InterfacePolicy:
    """Return the policy of an endpoint that lets these addresses in at its port."""
    return interface(endpoint, ENDPOINT, group("sg-endpoints", [tcp(443, cidrs=cidrs)], []), way_out=False)


def test_without_any_endpoint_a_call_hangs(network: Network, host: str) -> None:
    network.apply([confined(host)])
    assert [attempt(host, place, 443) for place in (ENDPOINTS, *GATEWAYS.values())] == ["silent"] * 3


def test_with_a_route_out_the_same_call_is_answered(network: Network, host: str) -> None:
    network.apply([replace(confined(host), way_out=True)])
    assert [attempt(host, place, 443) for place in (ENDPOINTS, *GATEWAYS.values())] == ["open"] * 3


def test_a_gateway_endpoint_leads_to_its_service_alone(network: Network, host: str) -> None:
    network.apply([confined(host, s3="vpce-s3")])
    ways = {place: attempt(host, place, 443) for place in (ENDPOINTS, *GATEWAYS.values())}
    assert ways == {ENDPOINTS: "silent", GATEWAYS["s3"]: "open", GATEWAYS["dynamodb"]: "silent"}


def test_an_interface_endpoint_leads_to_aws_within_the_vpc(network: Network, host: str, endpoint: str) -> None:
    network.apply([confined(host), served(endpoint, "10.64.0.0/20")])
    assert attempt(host, ENDPOINT, 443) == "open"
    assert attempt(host, ENDPOINT, 80) == "silent"


def test_the_endpoints_security_group_decides_who_may_use_it(network: Network, host: str, endpoint: str) -> None:
    network.apply([confined(host), served(endpoint, "10.64.9.0/24")])
    assert attempt(host, ENDPOINT, 443) == "silent"


@pytest.mark.usefixtures("endpoint")
def test_the_usual_name_leads_to_the_endpoint_in_its_vpc_only(network: Network, tmp_path: Path) -> None:
    assert run(network, "getent", "ahostsv4", SSM).split()[0] == ENDPOINT
    assert run(network, "getent", "ahostsv4", "logs.eu-west-1.amazonaws.com").split()[0] == ENDPOINTS
    with vpc(tmp_path, app=mirror, resolve=names_of(dict)) as other:
        assert run(other, "getent", "ahostsv4", SSM).split()[0] == ENDPOINTS


@pytest.fixture
def visitor(network: Network, host: str, endpoint: str) -> str:
    """Let the visitor, from which programs can be run with the VPC's resolver, into everything."""
    network.apply([served(endpoint, "0.0.0.0/0"), confined(host, s3="vpce-s3")])
    return network.visitor.namespace


def curl(network: Network, namespace: str, url: str, *more: str) -> dict[str, str]:
    """Return what the endpoint tells."""
    trust = ["--cacert", str(network._certificate.cert_path)]
    command = ["ip", "netns", "exec", namespace, "curl", "-sS", "--max-time", "5", *trust, *more, url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, str] = json.loads(done.stdout)
    return answer


def test_a_request_is_known_by_the_endpoint_through_which_it_came(network: Network, visitor: str, host: str) -> None:
    assert curl(network, visitor, f"https://{SSM}/") == {"through": "vpce-ssm", "host": SSM}
    assert curl(network, visitor, f"https://{S3}/")["through"] == ""
    to_s3 = ["--resolve", f"{S3}:443:{GATEWAYS['s3']}"]
    assert curl(network, host, f"https://{S3}/", *to_s3)["through"] == "vpce-s3"
