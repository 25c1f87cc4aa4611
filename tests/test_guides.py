"""The tables of docs/guides: each row names tests and fields that are there, and quotes what users see."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from musternode.failure import Failure
from musternode.kaazing import gateway_config
from tests.axonivy_support import ivy
from tests.conftest import BASE, CARBON, ROOT
from tests.gateway_config_support import HTTP
from tests.spec_help import refusal
from tests.wso2_as_support import server

FOLDER: Final = ROOT / "docs" / "guides"
INDEX: Final = FOLDER / "README.md"
GUIDES: Final = sorted(set(FOLDER.glob("*.md")) - {INDEX})
HEAD: Final = "| step | here | proof |"
RULE: Final = "|---|---|---|"

PROOF: Final = re.compile(r"(tests/test_\w+\.py)(?:::(test_\w+))?")
FIELD: Final = re.compile(r"([a-z]\w*(?:\.\w+)+)(?:: (?!is |got ).*)?", re.ASCII)
"""A field of the cluster file, alone or with a value; all else that has points has other characters too."""
REFUSED: Final = re.compile(r"([a-z]\w*(?:\.\w+)+): (?:is (?:no field|unknown)|got ('[^']*'|\S+)), .*", re.ASCII)
"""A refusal of a field as a user sees it, behind the file and the line."""
OF_A_SERVICE: Final = re.compile(r"the service \w+ .*|<accept> says .*")
"""A refusal of a service of the gateway's configuration, behind the file and the line."""

FILES: Final[Mapping[str, Mapping[str, Any]]] = {
    "as400gateway": {},
    "axonivy": ivy({}, balancer={"stickiness": {"hours": 8}}),
    "kaazing": {
        "product": "kaazing",
        "artifact": {"file": "artifacts/kaazing-gateway-5.6.2.zip"},
        "balancer": {"stickiness": {"hours": 8}},
        "kaazing": {"host": "gateway.example.org"},
    },
    "wso2-as": {each: value for each, value in server().items() if BASE.get(each) != value},
    "wso2-carbon": CARBON,
}
"""By the product: what a cluster file that is accepted has otherwise than `BASE`."""

SERVICES: Final = (
    ("tcp://@eth0:8123", "echo", ""),
    ("ws://[@Local Area Connection]:8123/echo", "echo", ""),
    ("ws://gw1.example.com:8000/echo", "balancer", ""),
    ("ws://gw1.example.com:8000/echo", "echo", "<balance>ws://gw.example.com:8000/echo</balance>"),
    (
        "ws://gw1.example.com:8000/echo",
        "echo",
        "<accept-options><http.transport>tcp://@eth0:8123</http.transport></accept-options>",
    ),
)
"""Accept, type and what stands behind it of services that no balancer reaches."""


def rows(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the cells of each row of the tables in `text`, without heads and rules."""
    for line in text.splitlines():
        if line.startswith("|") and line not in {HEAD, RULE}:
            yield tuple(cell.strip() for cell in line.removeprefix("|").removesuffix("|").split("|"))


def spans(text: str) -> list[str]:
    """Return what stands in backticks."""
    return re.findall(r"`([^`]+)`", text)


def faults(text: str) -> list[str]:
    """Return what is wrong with the tables in `text`."""
    found = [fault for row in rows(text) for fault in _of_a_row(row)]
    return found if HEAD in text else [*found, f"no table has the head {HEAD}"]


def _of_a_row(row: tuple[str, ...]) -> list[str]:
    if len(row) != 3 or not all(row):
        return [f"{row[0]}: not three cells"]
    step, here, proof = row
    found = [f"{step}: no field {name}" for name in _fields(here) if not known(name)]
    named = spans(proof)
    return [*found, *(f"{step}: no test {each}" for each in named or ["is named"] if not there(each))]


def _fields(cell: str) -> list[str]:
    return [found.group(1) for each in spans(cell) if (found := FIELD.fullmatch(each))]


def there(proof: str) -> bool:
    """Return whether the file that `proof` names is there, and the test in it."""
    found = PROOF.fullmatch(proof)
    return found is not None and (found.group(2) or "") in _tests(ROOT / found.group(1))


@cache
def _tests(file: Path) -> frozenset[str]:
    """Return the names of the tests in `file`, and the empty one if it has any."""
    if not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = {each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)}
    found = {name for name in names if name.startswith("test_")}
    return frozenset({"", *found} if found else ())


def known(path: str) -> bool:
    """Return whether the schema of the cluster file has the field `path`."""
    schema = json.loads((ROOT / "schema" / "cluster.schema.json").read_text(encoding="utf-8"))
    places = [schema]
    for name in path.split("."):
        places = [below for place in places for below in _below(schema, place, name)]
    return bool(places)


def _below(schema: Mapping[str, Any], place: Mapping[str, Any], name: str) -> Iterator[dict[str, Any]]:
    """Yield what stands at `name` in `place`; where users choose names, any is one."""
    if "$ref" in place:
        yield from _below(schema, schema["$defs"][place["$ref"].rpartition("/")[2]], name)
    for one in (*place.get("anyOf", ()), *place.get("oneOf", ())):
        yield from _below(schema, one, name)
    if name in place.get("properties", {}):
        yield place["properties"][name]
    yield from place.get("patternProperties", {}).values()


def seen(product: str, path: str, value: object, folder: Path) -> list[str]:
    """Return what a user of `product` sees who sets the field `path` to `value`, behind file and line."""
    fields = json.loads(json.dumps({**BASE, **FILES[product]}))
    place = fields
    *blocks, name = path.split(".")
    for block in blocks:
        place = place.setdefault(block, {})
    place[name] = value
    file = folder / "x.yaml"
    file.write_text(json.dumps(fields), encoding="utf-8")  # JSON is YAML
    return [line.partition(" ")[2] for line in refusal(file).splitlines()]


def of_a_service(accept: str, kind: str, behind: str) -> str:
    """Return why a node refuses a service, behind file and line."""
    content = (
        f'<gateway-config xmlns="http://xmlns.kaazing.org/2016/06/gateway">\n<service>\n<name>echo</name>\n'
        f"<accept>{accept}</accept>\n<type>{kind}</type>\n{behind}\n</service>\n</gateway-config>\n"
    )
    with pytest.raises(Failure) as refused:
        gateway_config.patched(content.encode(), HTTP)
    return str(refused.value).partition(": ")[2]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_each_row_has_a_step_what_is_done_here_and_tests_that_are_there(guide: Path) -> None:
    assert faults(guide.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_a_refused_field_is_quoted_as_a_user_sees_it(guide: Path, tmp_path: Path) -> None:
    quotes = [found for each in spans(guide.read_text(encoding="utf-8")) if (found := REFUSED.fullmatch(each))]
    assert quotes
    for quote in quotes:
        value = ast.literal_eval(quote.group(2)) if quote.group(2) else "x"
        assert any(line.startswith(quote.group()) for line in seen(guide.stem, quote.group(1), value, tmp_path))


def test_a_refused_service_is_quoted_as_a_user_sees_it() -> None:
    quoted = spans((FOLDER / "kaazing.md").read_text(encoding="utf-8"))
    assert {each for each in quoted if OF_A_SERVICE.fullmatch(each)} == {of_a_service(*each) for each in SERVICES}


def test_every_guide_is_in_the_index_and_the_index_in_the_readme() -> None:
    assert {f"({guide.name})" for guide in GUIDES} <= set(re.findall(r"\([^)\s]+\)", INDEX.read_text(encoding="utf-8")))
    assert "(docs/guides/README.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


RIGHT: Final = "| a step | `kaazing.host`, `nodes.X.address` | `tests/test_guides.py` |"


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("| a step | said |", "a step: not three cells"),
        ("| a step | said | `tests/test_guides.py` | more |", "a step: not three cells"),
        ("| a step |  | `tests/test_guides.py` |", "a step: not three cells"),
        ("| a step | said | tests |", "a step: no test is named"),
        ("| a step | said | `tests/test_nothing.py` |", "a step: no test tests/test_nothing.py"),
        ("| a step | said | `tests/conftest.py` |", "a step: no test tests/conftest.py"),
        ("| a step | said | `tests/test_guides.py::test_no` |", "a step: no test tests/test_guides.py::test_no"),
        ("| a step | `kaazing.hosts` | `tests/test_guides.py` |", "a step: no field kaazing.hosts"),
        ("| a step | `kazing.host: a.b` | `tests/test_guides.py` |", "a step: no field kazing.host"),
        ("| a step | `nodes.X.zones` | `tests/test_guides.py` |", "a step: no field nodes.X.zones"),
    ],
)
def test_a_row_that_is_wrong_is_found(row: str, fault: str) -> None:
    """Negative control of the tests above."""
    assert faults(f"{HEAD}\n{RULE}\n{RIGHT}\n{row}") == [fault]


def test_a_guide_without_a_table_is_found() -> None:
    assert faults("") == [f"no table has the head {HEAD}"]
