"""Which engine a kernel of WSO2 Carbon has, and which kernels Muster cannot cluster."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from muster.products.wso2_kernels import (
    CORE_AGENT,
    GENERATIONS,
    NEWEST,
    OWN_AGENT,
    VERSIONS,
    fault,
    generation,
    kernel_of,
    nearest_with,
)

KNOWN = [
    ("4.2.0", "3.0.1", "camel", "keys", CORE_AGENT, "axis2.xml", (8,)),
    ("4.3.0", "3.2.6", "camel", "keys", CORE_AGENT, "axis2.xml", (8,)),
    ("4.4.1", "3.5.0", "camel", "keys", CORE_AGENT, "axis2.xml", (8,)),
    ("4.4.40", "3.5.4", "camel", "keys", CORE_AGENT, "axis2.xml", (8,)),
    ("4.5.0", "3.12.2", "camel", "bridge", CORE_AGENT, "deployment.toml", (8, 11)),
    ("4.6.3", "3.12.2", "camel", "bridge", CORE_AGENT, "deployment.toml", (8, 11)),
    ("4.7.1", "4.2.5", "kebab", "bridge", CORE_AGENT, "deployment.toml", (11, 17)),
    ("4.8.1", "4.2.5", "kebab", "bridge", OWN_AGENT, "deployment.toml", (11, 17)),
    ("4.9.14", "4.2.6", "kebab", "bridge", CORE_AGENT, "deployment.toml", (11, 17)),
    ("4.9.20", "5.3.2", "kebab", "role", CORE_AGENT, "deployment.toml", (11, 17)),
    ("4.9.25", "5.3.2", "kebab", "role", OWN_AGENT, "deployment.toml", (11, 17)),
    ("4.9.26", "4.2.6", "kebab", "bridge", OWN_AGENT, "deployment.toml", (11, 17)),
    ("4.10.5", "5.3.2", "camel", "role", OWN_AGENT, "deployment.toml", (11, 17)),
    ("4.10.126", "5.3.6", "camel", "role", OWN_AGENT, "deployment.toml", (11, 17, 21)),
    ("4.11.14", "4.2.6", "kebab", "bridge", OWN_AGENT, "deployment.toml", (11, 17)),
    ("4.11.15", "4.2.6", "kebab", "bridge", OWN_AGENT, "deployment.toml", (21,)),
    ("4.12.2", "5.3.6", "camel", "role", OWN_AGENT, "deployment.toml", (11, 17, 21)),
    ("4.12.37", "5.3.6", "camel", "role", OWN_AGENT, "deployment.toml", (21,)),
]
KERNELS = st.builds("4.{}.{}".format, st.integers(2, 12), st.integers(0, 9999))


@pytest.mark.parametrize(("kernel", "engine", "spelling", "credentials", "agent", "config", "java"), KNOWN)
def test_a_kernel_has_the_engine_that_was_read_at_its_tag(
    kernel: str, engine: str, spelling: str, credentials: str, agent: str, config: str, java: tuple[int, ...]
) -> None:
    found = generation(kernel)
    assert (found.engine, found.spelling, found.credentials) == (engine, spelling, credentials)
    assert (found.agent, found.config, found.java) == (agent, config, java)


@pytest.mark.parametrize(
    ("kernel", "port", "probed"),
    [
        ("4.2.0", 4000, None),
        ("4.4.40", 4000, None),
        ("4.5.1", 5701, (5701, 5703)),
        ("4.9.0", 5701, (5701, 5708)),
        ("4.12.37", 5701, (5701, 5708)),
    ],
)
def test_a_member_port_by_default_is_one_that_the_engine_asks(
    kernel: str, port: int, probed: tuple[int, int] | None
) -> None:
    found = generation(kernel)
    assert found.port == port
    assert (found.probed and (found.probed[0], found.probed[-1])) == probed


@pytest.mark.parametrize(
    ("kernel", "reason", "nearest"),
    [
        ("4.1.0", "Tribes", "4.2.0"),
        ("3.2.0", "Tribes", "4.2.0"),
        ("4.13.0", "does not know", NEWEST),
        ("5.2.0", "no clustering of its own", NEWEST),
        ("10.0.0", "no clustering of its own", NEWEST),
    ],
)
def test_another_kernel_is_refused_with_the_reason_and_the_nearest(kernel: str, reason: str, nearest: str) -> None:
    words = fault(kernel)
    assert words is not None
    assert reason in words
    assert words.endswith(nearest)
    with pytest.raises(ValueError, match=re.escape(f"kernel {kernel}, {words}")):
        generation(kernel)


@pytest.mark.parametrize(
    "text", ["", "4", "4.4", "v4.4.1", "4.4.1-rc1", "4.4.x", "4.4.1.2.3", "4.4.1\n", "\u0664.\u0664.\u0661"]
)
def test_what_is_no_number_of_a_kernel_is_refused(text: str) -> None:
    assert fault(text) == "which is no kernel's number"


def test_an_update_of_a_kernel_is_as_the_kernel() -> None:
    assert generation("4.9.26.31") == generation("4.9.26")


@given(st.text() | KERNELS)
def test_any_text_has_a_generation_or_one_line_that_says_why_not(text: str) -> None:
    words = fault(text)
    if words is None:
        assert generation(text) in GENERATIONS
    else:
        assert words.isprintable()


@given(KERNELS)
def test_every_kernel_of_a_known_line_has_a_generation(kernel: str) -> None:
    found = generation(kernel)
    assert _number(found.first) <= _number(kernel)
    assert found.first.split(".")[0] == kernel.split(".")[0]


def test_generations_stand_in_order_and_share_no_kernel() -> None:
    for one, next_one in pairwise(GENERATIONS):
        assert _number(one.first) <= _number(one.last) < _number(next_one.first)


@pytest.mark.parametrize("each", GENERATIONS, ids=lambda each: each.first)
def test_a_generation_is_that_of_its_first_and_its_last_kernel(each: object) -> None:
    assert generation(each.first) == each == generation(each.last)  # type: ignore[attr-defined]


def test_only_an_engine_of_five_takes_the_role_of_the_instance() -> None:
    """The older ones know version 1 of the metadata service alone, which no node has."""
    assert {each.engine.split(".")[0] for each in GENERATIONS if each.credentials == "role"} == {"5"}
    assert {each.engine.split(".")[0] for each in GENERATIONS if each.credentials != "role"} == {"3", "4"}


@pytest.mark.parametrize(
    ("product", "version", "kernel"),
    [("as", "5.3.0", "4.4.1"), ("am", "4.5.0", "4.9.28"), ("is", "7.3.0", "4.12.34"), ("ei", "6.6.0", "4.5.3")],
)
def test_a_version_has_the_kernel_that_was_read_at_its_tag(product: str, version: str, kernel: str) -> None:
    assert kernel_of(product, version) == kernel


def test_a_version_that_was_not_read_has_no_kernel() -> None:
    assert kernel_of("as", "6.0.0") is None
    assert kernel_of("tomcat", "9.0.0") is None


def test_every_version_has_a_kernel_that_can_be_clustered() -> None:
    kernels = {kernel for versions in VERSIONS.values() for kernel in versions.values()}
    assert len(kernels) > 30
    assert {kernel: fault(kernel) for kernel in kernels if fault(kernel)} == {}


@pytest.mark.parametrize(
    ("kernel", "java", "nearest"),
    [("4.4.40", 17, "4.7.0"), ("4.6.3", 17, "4.7.0"), ("4.11.18", 17, "4.12.0"), ("4.12.37", 17, "4.12.2")],
)
def test_the_nearest_kernel_with_a_java_is_a_later_one_if_there_is_any(kernel: str, java: int, nearest: str) -> None:
    assert nearest_with(kernel, java) == nearest
    assert java in generation(nearest).java


def _number(kernel: str) -> tuple[int, ...]:
    return tuple(map(int, kernel.split(".")))
