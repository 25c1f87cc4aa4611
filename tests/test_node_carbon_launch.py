"""The options that the product's Java gets beside its own."""

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.carbon.launch import java_options
from musternode.carbon.settings import Settings
from tests.node_carbon import PROXY, chosen
from tests.node_servers import address


def options(settings: Settings) -> dict[str, str]:
    """Return the options by name, as a shell parts them."""
    return {name: value for name, _, value in (each.partition("=") for each in java_options(settings).split())}


def test_a_product_on_its_own_ports_without_a_proxy_gets_none() -> None:
    assert java_options(chosen()) == ""


@pytest.mark.parametrize(("port", "offset"), [(9764, "1"), (9863, "100"), (8080, "-1683")])
def test_another_port_is_an_offset_to_all_ports(port: int, offset: str) -> None:
    own = chosen()
    moved = dataclasses.replace(own, ports=dataclasses.replace(own.ports, http=port))
    assert options(moved) == {"-DportOffset": offset}


def test_a_proxy_is_for_both_ways_of_http() -> None:
    found = options(chosen(product={"proxy": PROXY}))
    for way in ("http", "https"):
        assert (found[f"-D{way}.proxyHost"], found[f"-D{way}.proxyPort"]) == ("proxy.example.org", "3128")
    assert len(found) == 5


def test_neither_metadata_nor_members_nor_the_node_itself_are_reached_by_the_proxy() -> None:
    """An absent member among them: the options need not change when it comes."""
    direct = options(chosen("abc", absent="c", product={"proxy": PROXY}))["-Dhttp.nonProxyHosts"].split("|")
    assert {"169.254.169.254", "localhost", "127.0.0.1", *map(address, "abc")} <= set(direct)


@given(st.integers(1, 65535), st.sampled_from(["a", "abc", "abcdefghijklmnop"]))
def test_no_option_has_a_character_that_a_shell_or_a_unit_reads_otherwise(port: int, names: str) -> None:
    own = chosen(names, product={"proxy": PROXY})
    text = java_options(dataclasses.replace(own, ports=dataclasses.replace(own.ports, http=port)))
    assert re.fullmatch(r"[A-Za-z0-9 .=|-]*", text)
