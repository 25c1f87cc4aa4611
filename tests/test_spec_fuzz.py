"""Whatever a file holds, it is accepted or refused in clear lines: never a traceback."""

import json
import re
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from muster.spec import SpecError, load, plan
from tests.conftest import BASE, ROOT

EXAMPLE = (ROOT / "clusters" / "as400gateway.yaml").read_text(encoding="utf-8")
FULL = EXAMPLE + (
    "network: {cidr: 10.64.0.0/20}\nformation: {timeout: 900}\n"
    "database: {name: connections, port: 9092, peer_port: 9093}\n"
    "as400gateway: {home: /opt/as400gateway, port: 8080, readiness_port: 9180, health: /actuator/health}\n"
)
YAML = ("", "~", "no", "[]", "{}", "-1", "1e9", "'", '"', "&a", "*a", "!!str", "?", ": ", "- ", "\t", "\n", "%", "<<")
OTHER = ("a: b", "{{", "$(id)", "`", "\x00", "\ud7ff", "é", "| \n", "> \n", "#", "---\n", "...\n", "::/32", "1" * 30)
ODD = st.sampled_from(YAML + OTHER)
CLEAR = re.compile(r"(.*[/\\])?cluster\.yaml(:\d+)?: \S[ -~]*")


def judged(data: bytes) -> None:
    """Load `data` as a cluster file; fail on anything but a plan or clear lines."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cluster.yaml"
        file.write_bytes(data)
        try:
            words = "" if len(plan(load(file)).members) == 2 else "a plan without its nodes"
        except SpecError as error:
            words = str(error)
    assert [line for line in words.splitlines() if not CLEAR.fullmatch(line)] == []


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(FULL)), st.integers(0, 8), ODD | st.text(max_size=5)), min_size=1, max_size=4)
)
def test_a_mutated_file_is_accepted_or_refused_in_clear_lines(edits: list[tuple[int, int, str]]) -> None:
    text = FULL
    for place, length, put in edits:
        text = text[:place] + put + text[place + length :]
    judged(text.encode("utf-8", errors="surrogatepass"))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_clear_lines(data: bytes) -> None:
    judged(data)


VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
KEYS = ["name", "product", "region", "nodes", "instance", "artifact", "balancer", "network", "database", "as400gateway"]


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), VALUES, min_size=1, max_size=4))
def test_any_value_at_any_field_is_accepted_or_refused_in_clear_lines(changes: dict[str, Any]) -> None:
    judged(json.dumps({**BASE, **changes}).encode())
