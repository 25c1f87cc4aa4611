"""Whatever a file holds, it is accepted or refused in clear lines: never a traceback."""

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from muster.spec import SpecError, load, plan
from muster.spec.model import Cluster
from muster.spec.reading import read
from muster.spec.shape import fields_of
from tests.conftest import BASE
from tests.refusals_of_axonivy import AXONIVY
from tests.refusals_of_kaazing import KAAZING
from tests.spec_help import CARBON, EXISTING_VPC, OWN_VPC

YAML = ("", "~", "no", "[]", "{}", "-1", "1e9", "'", '"', "&a", "*a", "!!str", "?", ": ", "- ", "\t", "\n", "%", "<<")
OTHER = ("a: b", "{{", "$(id)", "`", "\x00", "\ud7ff", "é", "| \n", "> \n", "#", "---\n", "...\n", "::/32", "1" * 30)
ODD = st.sampled_from(YAML + OTHER)
CLEAR = re.compile(r"(.*[/\\])?cluster\.yaml(:\d+)?: \S[ -~]*")
FILES = (OWN_VPC, EXISTING_VPC, CARBON, KAAZING, AXONIVY)
FULL = st.sampled_from(FILES)


def judged(data: bytes) -> None:
    """Load `data` as a cluster file; fail on anything but a plan or clear lines."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cluster.yaml"
        file.write_bytes(data)
        try:
            cluster = load(file)
            words = "" if len(plan(cluster).members) == len(cluster.nodes) > 1 else "a plan without its nodes"
        except SpecError as error:
            words = str(error)
            assert words, "a refusal without a reason"
    assert [line for line in words.splitlines() if not CLEAR.fullmatch(line)] == []


@settings(max_examples=150)
@given(FULL, st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 8), ODD | st.text(max_size=5)), max_size=4))
@example(EXISTING_VPC, [(0, 2000, "a: !!strécluster")])
@example(EXISTING_VPC, [(0, 2000, "a: &é *é")])
def test_a_mutated_text_is_accepted_or_refused_in_clear_lines(text: str, edits: list[tuple[int, int, str]]) -> None:
    for place, length, put in edits:
        text = text[:place] + put + text[place + length :]
    judged(text.encode("utf-8", errors="surrogatepass"))


@settings(max_examples=60)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_clear_lines(data: bytes) -> None:
    judged(data)


VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from(sorted(fields_of(Cluster))), VALUES, min_size=1, max_size=4))
def test_any_value_at_any_field_is_accepted_or_refused_in_clear_lines(changes: dict[str, Any]) -> None:
    judged(json.dumps({**BASE, **changes}).encode())


Pairs = list[tuple[str, Any]]
"""A mapping that may hold a key twice."""


def _tree(value: Any) -> Any:
    if isinstance(value, dict):
        return ("mapping", [(key, _tree(each)) for key, each in value.items()])
    return ("list", [_tree(each) for each in value]) if isinstance(value, list) else value


def _mappings(tree: Any) -> list[Pairs]:
    """Return every mapping of the tree, the outermost first."""
    if not isinstance(tree, tuple):
        return []
    kind, entries = tree
    inner = [value for _, value in entries] if kind == "mapping" else entries
    below = [found for each in inner for found in _mappings(each)]
    return [entries, *below] if kind == "mapping" else below


def _text(tree: Any) -> str:
    """Return the tree as YAML in one line."""
    if not isinstance(tree, tuple):
        return json.dumps(tree)
    kind, entries = tree
    if kind == "list":
        return f"[{', '.join(_text(each) for each in entries)}]"
    return f"{{{', '.join(f'{json.dumps(key)}: {_text(value)}' for key, value in entries)}}}"


def _mutate(data: st.DataObject, tree: Any) -> None:
    """Change one entry of one mapping: leave it out, double it, rename it, give it another value or a neighbour's."""
    pairs = data.draw(st.sampled_from(_mappings(tree)))
    if not pairs:
        return
    place = data.draw(st.integers(0, len(pairs) - 1))
    other = data.draw(st.integers(0, len(pairs) - 1))
    (key, value), (other_key, other_value) = pairs[place], pairs[other]
    kind = data.draw(st.sampled_from(["drop", "double", "rename", "replace", "swap"]))
    if kind == "drop":
        del pairs[place]
    elif kind == "double":
        pairs.append((key, value))
    elif kind == "rename":
        pairs[place] = (data.draw(st.text(max_size=10)), value)
    elif kind == "replace":
        pairs[place] = (key, _tree(data.draw(VALUES)))
    else:
        pairs[place], pairs[other] = (key, other_value), (other_key, value)


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the full files as JSON."""
    folder = tmp_path_factory.mktemp("full")
    found = []
    for text in FILES:
        (folder / "x.yaml").write_text(text, encoding="utf-8")
        found.append(json.dumps(read(folder / "x.yaml").value))
    return found


@settings(max_examples=250)
@given(data=st.data())
def test_a_file_with_changed_entries_is_accepted_or_refused_in_clear_lines(
    trees: list[str], data: st.DataObject
) -> None:
    tree = _tree(json.loads(data.draw(st.sampled_from(trees))))
    for _ in range(data.draw(st.integers(1, 3))):
        _mutate(data, tree)
    judged(_text(tree).encode())
