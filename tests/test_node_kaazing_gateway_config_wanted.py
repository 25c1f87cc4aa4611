"""What a gateway is to say of itself is refused by one sentence where no gateway could work with it."""

import ipaddress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.failure import Failure
from musternode.kaazing.wanted import Wanted
from tests.gateway_config_support import HTTP

OTHER = "10.0.1.11"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"cluster": ""}, "the gateway cluster's name is ''; printable characters are needed"),
        ({"cluster": " a"}, "printable characters are needed, and single blanks"),
        ({"cluster": "a  b"}, "and single blanks"),
        ({"cluster": "a\nb"}, "name is 'a\\nb'; printable"),
        ({"cluster": "a\x07"}, "printable characters are needed"),
        ({"cluster": "a\ud800"}, "printable characters are needed"),
        ({"cluster": "a<b"}, "name is 'a<b'; a gateway cannot read <, >, & and ${ in it"),
        ({"cluster": "a&b"}, "a gateway cannot read"),
        ({"cluster": "]]>"}, "a gateway cannot read"),
        ({"cluster": "${name}"}, "a gateway cannot read"),
        ({"address": "gw1.example.com"}, "address is 'gw1.example.com'; gateways meet at literal IPv4 addresses alone"),
        ({"address": "fd00::1"}, "literal IPv4 addresses alone"),
        ({"address": "10.0.1.010"}, "literal IPv4 addresses alone"),
        ({"address": "@eth0"}, "literal IPv4 addresses alone"),
        ({"address": "10.0.1.12"}, "this node's address 10.0.1.12 is not among the members' (10.0.1.10, 10.0.1.11)"),
        ({"members": ()}, "is not among the members' (none)"),
        ({"members": ("10.0.1.10", OTHER, OTHER)}, "two members have the address 10.0.1.11; each needs its own"),
        ({"members": ("10.0.1.10", "224.2.2.44")}, "address is 224.2.2.44, a multicast group, and a VPC has none"),
        ({"members": ("10.0.1.10", "udp://224.2.2.44:54327")}, "literal IPv4 addresses alone"),
        ({"members": ("10.0.1.10", "127.0.0.1")}, "address is 127.0.0.1, at which no other member reaches it"),
        ({"members": ("10.0.1.10", "0.0.0.0")}, "address is 0.0.0.0, at which"),
        ({"members": ("10.0.1.10", "169.254.169.254")}, "address is 169.254.169.254, at which"),
        ({"members": ("10.0.1.10", "255.255.255.255")}, "address is 255.255.255.255, at which"),
        ({"member_port": 0}, "a gateway's port is 0; it is within 1 and 65535"),
        ({"http_port": 65536}, "a gateway's port is 65536"),
        ({"http_port": 5942}, "its cluster both have port 5942; each needs its own"),
        ({"host": ""}, "the balancer's name is '', which is no DNS name"),
        ({"host": "gw_1.example.com"}, "which is no DNS name"),
        ({"host": "gw.example.com:443"}, "which is no DNS name"),
        ({"host": "gw.example.com."}, "which is no DNS name"),
        ({"host": "10.0.1.10"}, "which is no DNS name"),
        ({"host": "b\u00fccher.example"}, "which is no DNS name"),
        ({"host": "a" * 64 + ".example"}, "which is no DNS name"),
        ({"host": "a." * 126 + "example"}, "which is no DNS name"),
        ({"public_port": 8443}, "the balancer's port is 8443; a gateway's users come by 80 or 443"),
        ({"idle": 9}, "the idle time is 9 s; it is within 10 and 4000"),
        ({"idle": 4001}, "the idle time is 4001 s"),
    ],
)
def test_what_no_gateway_can_work_with_is_refused_by_a_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Failure) as refused:
        replace(HTTP, **changes)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["MyCluster", "my-cluster_1.0", "caf\u00e9 \"1\" 'two' $3", "\u30af"])
def test_any_other_name_is_a_clusters(name: str) -> None:
    assert replace(HTTP, cluster=name).cluster == name


@pytest.mark.parametrize("host", ["gw.example.com", "LB-1.eu-west-1.elb.amazonaws.com", "gw", "1a.x1"])
def test_any_dns_name_is_a_balancers(host: str) -> None:
    assert replace(HTTP, host=host).host == host


@given(st.sampled_from(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"]), st.data())
def test_any_address_that_a_vpc_can_have_is_a_members(network: str, data: st.DataObject) -> None:
    address = str(data.draw(st.ip_addresses(network=ipaddress.IPv4Network(network))))
    assert Wanted("c", address, (address,), 5942, "gw.example.com", 80, 8000, 60).address == address


def test_tls_is_what_users_speak_at_443() -> None:
    assert (HTTP.secure, replace(HTTP, public_port=443).secure) == (False, True)
