"""Right cluster files of every product and form, and what chance makes of them; how each is judged."""

import io
import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st
from ruamel.yaml import YAML

from muster.spec import Cluster, SpecError, load, plan
from muster.spec.schema import json_schema
from operations.check import summary
from tests.refusals_of_axonivy import AXONIVY
from tests.refusals_of_kaazing import KAAZING
from tests.refusals_of_wso2_as import SERVER, made
from tests.spec_help import CARBON, EXISTING_VPC, OWN_VPC
from tests.variants import EXAMPLES, VARIANTS, Fields

Place = tuple[str, ...]

CLEAR: Final = re.compile(r".*cluster\.yaml(:\d+)?: \S[ -~]*")
ODD: Final = (
    *(
        "",
        " ",
        "~",
        "no",
        "true",
        "-1",
        "0",
        "1e9",
        "1" * 30,
        "0x10",
        "1:30",
        "[]",
        "{}",
        "a: b",
        "# x",
        "%",
        "<<",
        "*a",
    ),
    *("'", '"', "\\", "`id`", "$(id)", "${x}", "{{x}}", "<x/>", "&amp;", "]]>", "--", ";", "|", "\n", "\r", "\t", "\0"),
    *("\x1b[2J", "\x85", "\u2028", "\ufeff", "\ud800", "\U0010ffff", "é", "東京", "..", "../x", "/", "/etc/passwd"),
    *("localhost", "127.0.0.1", "169.254.169.254", "0.0.0.0/0", "10.0.0.0/8", "::1/128", "-rf", "x" * 300),
    *(
        "aws:x",
        "AWSALB",
        "a.b",
        "a_b",
        "A",
        "10.64.0.10",
        "eu-west-1a",
        "us-gov-west-1",
        "http://u:p@h/",
        "arn:aws:iam::x",
    ),
)
"""What is no value of most fields, and means something to a shell, a parser, a terminal, or AWS."""

CIDRS: Final = (
    "10.64.0.0/20",
    "10.0.0.0/16",
    "10.0.0.0/22",
    "172.17.0.0/16",
    "192.0.2.0/24",
    "10.0.1.0/28",
    "0.0.0.0/1",
)
TYPES: Final = ("t4g.medium", "t4g.small", "t3.micro", "m7i.large", "m7g.2xlarge", "c7i-flex.large", "r6i.metal")
"""Of those that only look like types, the CDK's own list refuses the synthesis."""

LETTERS: Final = st.text(st.characters(categories=["L", "N", "Zs"]) | st.sampled_from("_.:/=+-@"), max_size=40)


@cache
def files() -> tuple[str, ...]:
    """Return every example as it stands, every form of the tests, and the files with every field, as YAML."""
    full = (OWN_VPC, EXISTING_VPC, CARBON, KAAZING, AXONIVY, SERVER, made())
    return (*(each.read_text(encoding="utf-8") for each in EXAMPLES), *map(written, forms()), *full)


def forms() -> Iterator[Fields]:
    """Yield the fields of every form of the tests."""
    yield from (variant.fields for variant in VARIANTS.values())


def written(value: Any) -> str:
    """Return `value` as YAML in blocks, as people write it."""
    text = io.StringIO()
    dumper = YAML(typ="safe", pure=True)
    dumper.default_flow_style = False
    dumper.dump(value, text)
    return text.getvalue()


@cache
def trees() -> tuple[str, ...]:
    """Return the same files as JSON."""
    return tuple(json.dumps(YAML(typ="safe", pure=True).load(text)) for text in files())


def places(value: Any, at: Place = ()) -> list[Place]:
    """Return every place in the tree but its root."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, each in inner for found in ((*at, str(key)), *places(each, (*at, str(key))))]


def _inside(value: Any, key: str) -> Any:
    return value[int(key)] if isinstance(value, list) else value[key]


def _holder(tree: Any, place: Place) -> Any:
    for key in place[:-1]:
        tree = _inside(tree, key)
    return tree


def put(tree: Any, place: Place, value: Any) -> None:
    """Put `value` at `place`, which is there."""
    holder = _holder(tree, place)
    holder[int(place[-1]) if isinstance(holder, list) else place[-1]] = value


@cache
def _schema() -> Mapping[str, Any]:
    return json_schema()


def schemas(place: Place) -> list[Mapping[str, Any]]:
    """Return what the JSON Schema says of `place`, each of its alternatives."""
    found = [_schema()]
    for key in place:
        found = [below for each in found for below in _below(each, key)]
    return [each for one in found for each in _opened(one)]


def _opened(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if "$ref" in schema:
        return _opened(_schema()["$defs"][schema["$ref"].rpartition("/")[2]])
    alternatives = schema.get("anyOf", schema.get("oneOf"))
    return [found for each in alternatives for found in _opened(each)] if alternatives else [schema]


def _below(schema: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    for each in _opened(schema):
        if key in each.get("properties", {}):
            yield each["properties"][key]
        yield from each.get("patternProperties", {}).values()
        if isinstance(each.get("items"), dict):
            yield each["items"]


@cache
def _matching(pattern: str) -> st.SearchStrategy[str]:
    return st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True)


def fitting(place: Place) -> st.SearchStrategy[Any]:
    """Return values of the form that the schema says for `place`, and numbers just outside of their bounds."""
    if place == ("instance", "type"):
        return st.sampled_from(TYPES)
    return st.one_of([_of(schema) for schema in schemas(place)] or [st.none()])


def _of(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]])
    if "minimum" in schema:
        low, high = schema["minimum"], schema.get("maximum", 9)
        return st.integers(low, high) | st.sampled_from([low - 1, low, high, high + 1])
    if "pattern" in schema:
        network = r"/\d{1,2}$" in schema["pattern"]
        return st.sampled_from(CIDRS) if network else _matching(schema["pattern"])
    plain = {"boolean": st.booleans(), "null": st.none(), "string": LETTERS}
    return plain.get(schema.get("type", ""), st.sampled_from(ODD))


def _new_fields(tree: Any, place: Place) -> list[Place]:
    """Return fields that the mapping at `place` may have and has not."""
    value = _inside(_holder(tree, place), place[-1]) if place else tree
    if not isinstance(value, dict):
        return []
    names = {name for schema in schemas(place) for name in schema.get("properties", {})}
    return [(*place, name) for name in sorted(names - set(value))]


class Chance:
    """Changes a tree at places that `draw` chooses, one after the other."""

    def __init__(self, draw: Any) -> None:
        self._draw = draw

    def change(self, tree: Any) -> None:
        """Make one change: most leave the file a right one, or nearly."""
        kinds = ("fit", "fit", "fit", "fit", "add", "add", "odd", "into", "borrow", "drop", "rename", "node")
        place = self._draw(st.sampled_from(places(tree)))
        getattr(self, f"_{self._draw(st.sampled_from(kinds))}")(tree, place)

    def _fit(self, tree: Any, place: Place) -> None:
        leaf = self._draw(st.sampled_from([each for each in places(tree) if _leaf(tree, each)] or [place]))
        put(tree, leaf, self._draw(fitting(leaf)))

    def _add(self, tree: Any, place: Place) -> None:
        del place
        around = [(), *(each[:length] for each in places(tree) for length in range(1, len(each) + 1))]
        new = sorted({name for each in set(around) for name in _new_fields(tree, each)})
        if new:
            field = self._draw(st.sampled_from(new))
            _holder(tree, field)[field[-1]] = self._draw(fitting(field))

    def _odd(self, tree: Any, place: Place) -> None:
        put(tree, place, self._draw(st.sampled_from(ODD) | st.integers() | st.booleans() | st.none()))

    def _into(self, tree: Any, place: Place) -> None:
        value, odd = _inside(_holder(tree, place), place[-1]), self._draw(st.sampled_from(ODD))
        if isinstance(value, str):
            at = self._draw(st.integers(0, len(value)))
            put(tree, place, value[:at] + odd + value[at:])

    def _borrow(self, tree: Any, place: Place) -> None:
        other = json.loads(self._draw(st.sampled_from(trees())))
        there = self._draw(st.sampled_from(places(other)))
        put(tree, place, deepcopy(_inside(_holder(other, there), there[-1])))

    def _drop(self, tree: Any, place: Place) -> None:
        holder = _holder(tree, place)
        del holder[int(place[-1]) if isinstance(holder, list) else place[-1]]

    def _rename(self, tree: Any, place: Place) -> None:
        holder = _holder(tree, place)
        if isinstance(holder, dict):
            holder[self._draw(st.sampled_from(ODD) | _matching(r"[a-z-]{1,6}"))] = holder.pop(place[-1])

    def _node(self, tree: Any, place: Place) -> None:
        del place
        nodes = tree.get("nodes")
        if isinstance(nodes, dict) and nodes and all(isinstance(each, dict) for each in nodes.values()):
            twin = deepcopy(self._draw(st.sampled_from(sorted(nodes.items(), key=str)))[1])
            nodes[self._draw(_matching(r"[a-z]([a-z0-9-]{0,13}[a-z0-9])?"))] = {**twin, **self._address(twin)}

    def _address(self, node: Mapping[str, Any]) -> dict[str, str]:
        if "address" not in node:
            return {}
        return {"address": f"{str(node['address']).rpartition('.')[0]}.{self._draw(st.integers(0, 255))}"}


def _leaf(tree: Any, place: Place) -> bool:
    return not isinstance(_inside(_holder(tree, place), place[-1]), dict | list)


@st.composite
def mutated(draw: Any) -> str:
    """Draw a right file with one to three changes of its values, and of each fourth of its text."""
    tree = json.loads(draw(st.sampled_from(trees())))
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        if tree:
            Chance(draw).change(tree)
    try:
        text = written(tree)
    except UnicodeEncodeError:
        text = json.dumps(tree)
    if draw(st.sampled_from([False, False, False, True])):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from(ODD)) + text[at + draw(st.integers(0, 3)) :]
    return text


def verdict(text: str, folder: Path) -> Cluster | None:
    """Return the cluster if `text` is a right file, as a whole; None if it is refused in clear lines alone.

    Fails on anything else: a traceback, a line that a terminal does not show, a right file without a plan.
    """
    file = folder / "cluster.yaml"
    file.write_bytes(text.encode("utf-8", errors="surrogatepass"))
    try:
        cluster = load(file)
        members = plan(cluster).members
    except SpecError as error:
        lines = str(error).splitlines()
        assert lines, "a refusal without a reason"
        assert [line for line in lines if not CLEAR.fullmatch(line)] == []
        return None
    assert len(members) == len(cluster.nodes) > 1
    assert summary(cluster).isprintable()
    json.dumps([dict(cluster.about.settings(cluster)), [*map(str, cluster.about.ports(cluster))]])
    assert {*cluster.about.ways_out(cluster)} <= {*range(1, 65536)}
    return cluster


def some_of_each(right: Mapping[str, Sequence[str]], count: int, seed: int) -> list[str]:
    """Return `count` of the right files, as many of each product as of the others."""
    chosen = random.Random(seed)  # noqa: S311 - which files, no secret
    shuffled = [chosen.sample([*texts], len(texts)) for _, texts in sorted(right.items())]
    turns = max(map(len, shuffled), default=0)
    return [texts[turn] for turn in range(turns) for texts in shuffled if turn < len(texts)][:count]
