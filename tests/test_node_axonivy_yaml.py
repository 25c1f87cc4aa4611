"""ivy.yaml edited in place; the judge of what it says is another parser, of what stays the lines."""

import time
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from musternode.axonivy import ivy_yaml, yaml_edit
from musternode.axonivy.ivy_yaml import NAME, Login, patched, wanted
from musternode.axonivy.settings import Database, ProductSettings
from musternode.axonivy.yaml_edit import MOST, Scalar, YamlFile
from musternode.failure import Failure

LOGIN = Login("ivy", 'p"a\\s:s # {w}é')
OLD = ProductSettings(
    home="/opt/ivy",
    version="9.1",
    route="a",
    connectors=(8080, 8090),
    jgroups=7800,
    database=Database("jdbc:postgresql://db:5432/ivy", "org.postgresql.Driver"),
    shared="/mnt/ivy",
    licence="/etc/muster/ivy.lic",
)
VALUES: dict[str, Scalar] = {
    "Connector.HTTP.Enabled": True,
    "Connector.HTTP.Port": 8090,
    "Connector.AJP.Enabled": False,
    "SystemDb.Url": "jdbc:postgresql://db:5432/ivy?a=b#c",
    "SystemDb.UserName": "ivy",
    "SystemDb.Password": "1234",
    "Data.FilesDirectory": "/mnt/ivy/files",
}

SMALL = """# the engine of the shop
SystemDb:
  Driver: org.postgresql.Driver   # theirs
  Url: jdbc:postgresql://localhost:5432/ivy
  # changed each quarter
  Password: "old"

Connector:
  HTTP:
    # for users
    Port: 8081 # behind the proxy
    Address: localhost
    AllowTrace: true
Administrators:
  admin:
    Password: "${encrypt:x}"
"""
EXPECTED = """# the engine of the shop
SystemDb:
  Driver: org.postgresql.Driver   # theirs
  Url: "jdbc:postgresql://db:5432/ivy?a=b#c"
  # changed each quarter
  Password: "1234"
  UserName: "ivy"

Connector:
  HTTP:
    # for users
    Port: 8090 # behind the proxy
    # Address: localhost
    AllowTrace: true
    Enabled: true
  AJP:
    Enabled: false
Administrators:
  admin:
    Password: "${encrypt:x}"
Data:
  FilesDirectory: "/mnt/ivy/files"
"""


def loaded(content: bytes) -> Any:
    """Return what another parser reads."""
    parser: Any = YAML(typ="safe", pure=True)
    parser.version = (1, 1)  # as the engine's parser, of that time
    return parser.load(content.decode("utf-8-sig"))


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Return a map's values by their whole names, as an engine knows them; nothing is no value."""
    if not isinstance(value, dict):
        return {} if value is None else {path: value}
    return {
        name: one
        for key, inner in value.items()
        for name, one in flat(inner, f"{path}.{key}" if path else str(key)).items()
    }


def says(before: bytes, after: bytes, values: dict[str, Scalar] = VALUES) -> bool:
    """Return whether a file says what is wanted, and all that it said elsewhere; types count as well."""
    old = {name: value for name, value in flat(loaded(before)).items() if name != "Connector.HTTP.Address"}
    new = flat(loaded(after))
    ours = {name: new.pop(name, None) for name in values}
    numbers = {name: int(str(ours[name])) for name, value in values.items() if type(value) is int}
    return repr({**ours, **numbers}) == repr(values) and repr(new) == repr(
        {name: value for name, value in old.items() if name not in values}
    )


# as a person would


def test_a_file_is_edited_as_a_person_would() -> None:
    assert patched(SMALL.encode(), VALUES).decode() == EXPECTED


def test_windows_line_ends_and_a_byte_order_mark_stay() -> None:
    before, after = (b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode() for text in (SMALL, EXPECTED))
    assert patched(before, VALUES) == after


@pytest.mark.parametrize("before", ["", "# nothing yet\n", "---\n# nothing yet\n", "Other: 1", "Other: 1\n\n# end\n"])
def test_what_is_missing_is_added_at_the_end(before: str) -> None:
    after = patched(before.encode(), VALUES).decode()
    assert after.startswith(before)
    assert after[len(before) :].lstrip("\n").startswith("Connector:\n  HTTP:\n    Enabled: true\n    Port: 8090\n")
    assert says(before.encode(), after.encode())


def test_a_map_that_is_empty_but_for_remarks_is_filled() -> None:
    before = "Connector:   # of users\n#  HTTP:\n#    Port: 8080\nOther: 1\n"
    after = patched(before.encode(), {"Connector.HTTP.Port": 8090}).decode()
    assert after == before.replace("users\n", "users\n  HTTP:\n    Port: 8090\n")


def test_names_with_points_say_the_same_as_maps() -> None:
    before = "Connector.HTTP.Port: 8080 # p\nConnector.HTTP.AllowTrace: true\nSystemDb:\n  Url: 'x'\nConnector.AJP:\n"
    after = patched(before.encode(), VALUES).decode()
    assert "Connector.HTTP.Port: 8090 # p\n" in after
    assert "\nConnector.HTTP.Enabled: true\n" in after
    assert "Connector.AJP:\n  Enabled: false\n" in after
    assert says(before.encode(), after.encode())


@pytest.mark.parametrize("port", ["8090", "'8090'", '"8090"'])
def test_a_port_in_quotes_says_the_same(port: str) -> None:
    before = f"Connector:\n  HTTP: # h\n    Port: {port}\n".encode()
    assert patched(before, {"Connector.HTTP.Port": 8090}) == before


@pytest.mark.parametrize("text", ["1234", "0x1F", "true", "1_000", "1e3", "~", "12:30", "=", "2024-01-01"])
def test_a_text_that_a_parser_may_take_for_something_else_is_put_in_quotes(text: str) -> None:
    after = patched(f"SystemDb:\n  Password: {text}\n".encode(), {"SystemDb.Password": text})
    assert after.decode() == f'SystemDb:\n  Password: "{text}"\n'
    assert loaded(after)["SystemDb"]["Password"] == text


@pytest.mark.parametrize(
    "before",
    [
        "Text: |\n  Connector:\n   HTTP: x\n\n# c\nMore: >-  # folded\n    Port: 1\n",
        "Kept: |+\n  x\n\n\nOther: 1\n",
        "List:\n- a: 1\n  Port: 2\n-\n  - b\n  - - c\n    - d: |\n        HTTP: 1\n-  # nothing\n- 'x: y'\nEnd: 1\n",
        "List:\n  # c\n  - {Connector: 1, b: [x, 'it''s', \"]\"]}\n  - [it's, a:b, http://x]\nEnd: -1\n",
        "'Connector' : # ours\n    'HTTP' :\n        \"Port\" : 1\n",
        "  Connector:\n    HTTP:\n      Port: 1\n  SystemDb:\n    UserName: ''\n",
        "Connector:\n HTTP:\n      Port: 1 # a # b\n\n # c\n SystemDb: 1\n",
        "--- # one document\nSystemDb: # s\n  Url: http://x#y\n  Odd: 'a''b # c'   # d\n",
        'a b?: it\'s "so" [x] {y} -z ?\n# \t a tab\nnull: ~\nSystemDb:\n',
        "Connector:\n  HTTP:\n    Address: localhost\n",
        "Connector.HTTP.Address: localhost",
    ],
)
def test_a_file_may_be_written_in_many_ways(before: str) -> None:
    after = patched(before.encode(), VALUES)
    assert says(before.encode(), after)
    assert patched(after, VALUES) == after


# any file


REMARKS = st.sampled_from(["", "", "", "", "", "# note: x", "    # - far", "#Connector:"])
LISTS = st.lists(st.sampled_from(["- Port: 1", "- x", "- [a, 'b']", "# r"]), max_size=3)
VALUE = st.one_of(
    st.builds(
        "".join,
        st.tuples(
            st.sampled_from(
                [" 1", " true", " 'it''s'", ' "q \\" \\u00e9 # n"', " {a: 1}", " [x, y]", " a b#c", " http://x:1/y"]
            ),
            st.sampled_from(["", " # r", "  "]),
        ),
    ),
    LISTS.map(lambda lines: "".join(f"\n  {line}" for line in [*lines, "- last"])),
    st.just(" |  # text\n   Connector:\n    x # y\n\n   - z"),
    st.just(" >+\n   Connector:\n\n   z\n\n"),
)
ONE_LINE = st.sampled_from(["", " 8080", " 'x' # r", ' "y"', " true", " 8090   # p", " z"])
Tree = dict[str, Any]


def some(*names: str) -> st.SearchStrategy[Tree]:
    """Draw a map with some of these names and plain values."""
    return st.lists(st.sampled_from(names), unique=True).map(lambda drawn: {name: {} for name in drawn})


HTTP = some("AllowTrace", "Port", "Enabled", "Address")
TREES = st.fixed_dictionaries(
    {},
    optional={
        "Other": st.just({}),
        "List": some("a", "Port"),
        "Connector": st.fixed_dictionaries({"More": st.just({})}, optional={"HTTP": HTTP, "AJP": some("Enabled", "b")}),
        "SystemDb": some("Extra", "Url", "UserName", "Password"),
    },
)


def drawn(draw: st.DrawFn, tree: Tree, indent: str, path: str = "") -> list[str]:
    """Draw how a map is written."""
    lines = []
    for name in draw(st.permutations(sorted(tree))):
        inner, whole = tree[name], f"{path}{name}"
        quote = draw(st.sampled_from(["", "", "'", '"']))
        lines += [draw(REMARKS)]
        if inner and draw(st.integers(0, 4)) == 0:
            lines += drawn(draw, {f"{name}.{key}": one for key, one in inner.items()}, indent, path)
        elif inner:
            lines += [f"{indent}{quote}{name}{quote}:{draw(st.sampled_from(['', ' # m']))}"]
            lines += drawn(draw, inner, indent + " " * draw(st.integers(1, 4)), f"{whole}.")
        else:
            outer = any(key.startswith(f"{whole}.") for key in OURS)
            value = "" if outer else draw(ONE_LINE if whole in OURS else VALUE)
            lines += [f"{indent}{quote}{name}{quote}:" + value.replace("\n", f"\n{indent}")]
    return [*lines, draw(REMARKS)]


OURS = {*VALUES, "Connector.HTTP.Address"}


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, str]:
    """Draw a file of maps in maps, some keys of ours among them, with remarks, lists and texts; and its line end."""
    end = draw(st.sampled_from(["\n", "\r\n"]))
    text = "\n".join(drawn(draw, draw(TREES), "")) + "\n" * draw(st.integers(1, 2))
    return text.replace("\n", end).encode(), end


@given(files())
def test_what_is_wanted_is_what_another_parser_reads(file: tuple[bytes, str]) -> None:
    assert says(file[0], patched(file[0], VALUES))


@given(files())
def test_every_other_line_stays_as_it_was(file: tuple[bytes, str]) -> None:
    names = {part for key in OURS for part in key.split(".")}

    def kept(content: bytes) -> list[str]:
        keys = ((line, line.partition(":")[0].strip(" #'\"").split(".")[-1]) for line in content.decode().splitlines())
        return [line for line, key in keys if key not in names]

    assert kept(patched(file[0], VALUES)) == kept(file[0])


@given(files())
def test_lines_end_as_they_did(file: tuple[bytes, str]) -> None:
    after = patched(file[0], VALUES)
    assert after.count(b"\r\n") == (after.count(b"\n") if b"\r\n" in file[0] else 0)


@given(files())
def test_twice_is_once(file: tuple[bytes, str]) -> None:
    once = patched(file[0], VALUES)
    assert patched(once, VALUES) == once


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), st.sampled_from([SMALL, ""]))
def test_any_value_arrives(text: str, before: str) -> None:
    assume("${" not in text)
    after = patched(before.encode(), {**VALUES, "SystemDb.Password": text})
    assert loaded(after)["SystemDb"]["Password"] == text
    assert patched(after, {**VALUES, "SystemDb.Password": text}) == after


DAMAGE = st.one_of(st.binary(max_size=8), st.text("{}[]&*!|>%@`'\"#:,-? \n\tabC.", max_size=12).map(str.encode))


@given(DAMAGE, st.integers(0, len(SMALL)))
def test_damage_is_a_sentence_or_no_harm(damage: bytes, place: int) -> None:
    broken = SMALL.encode()[:place] + damage + SMALL.encode()[place:]
    try:
        after = patched(broken, VALUES)
    except Failure as failure:
        assert str(failure).startswith(NAME)  # noqa: PT017 - either is right
        return
    try:
        loaded(broken)
    except (YAMLError, ValueError):
        return  # nobody reads it, before or after
    assert says(broken, after)


def test_the_largest_file_is_edited_in_seconds() -> None:
    before = b"Other:\n" + b"".join(b"  key%06d: 'value' # remark\n" % number for number in range(30_000))
    began = time.monotonic()
    assert patched(before, VALUES).startswith(before)
    assert time.monotonic() - began < 20


# refusals


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a: 1\nb: \xff\n", "line 2: bytes that are no UTF-8"),
        (b"a: 1\n\x01", "line 2: the character '\\x01'"),
        (b"a: 1\rb: 2\n", "line 1: the character '\\r'"),
        ("a: x\u2028b\n".encode(), "line 1: the character"),
        (b"a:\n\tb: 1\n", "line 2: a tab"),
        (b"a:\t1\n", "line 1: a tab"),
        (b"- a\n", "line 1: no key where one belongs"),
        (b"{a: 1}\n", "line 1: no key where one belongs"),
        (b"%YAML 1.1\n---\na: 1\n", "line 1: no key where one belongs"),
        (b"a: 1\n---\nb: 2\n", "line 2: no key where one belongs"),
        (b"a: 1\n--- b: 2\n", "line 2: no key where one belongs"),
        (b"a: 1\n...\n", "line 2: no key where one belongs"),
        (b"? a\n: b\n", "line 1: no key where one belongs"),
        (b"a: &x 1\n", "line 1: a value that begins with &"),
        (b"a: *x\n", "line 1: a value that begins with *"),
        (b"a: !!str x\n", "line 1: a value that begins with !"),
        (b"a: - b\n", "line 1: a value that begins with -"),
        (b"<<: {a: 1}\n", "line 1: '<<' where a key belongs"),
        (b'"a\\n": 1\n', "line 1: a key with an escaped character"),
        (b"a: b: c\n", "line 1: a colon within a value"),
        (b"a: 'x\n  y'\n", "line 1: a quoted text that does not end on its line"),
        (b"a: 'x' y\n", "line 1: more behind a value"),
        (b"a: [x,\n  y]\n", "line 1: brackets that are not closed on their line"),
        (b"a: [&x y]\n", "line 1: brackets that are not closed on their line, or hold more"),
        (b"a: x\n  y\n", "line 2: an indentation that fits nothing above"),
        (b"a:\n    b: 1\n  c: 2\n", "line 3: an indentation that fits nothing above"),
        (b"  a: 1\nb: 2\n", "line 2: a line that is indented less"),
        (b"a: |9x\n  y\n", "line 1: a text block that is not understood"),
        (b"Connector: on\n", "line 1: Connector is a value; write it as a map"),
        (b"Connector: {HTTP: {Port: 1}}\n", "line 1: Connector is a value; write it as a map"),
        (b"Connector:\n- HTTP\n", "line 1: Connector is a list; write it as a map"),
        (b"Connector:\n  HTTP:\n    Port:\n      x: 1\n", "Connector.HTTP.Port is a map; write one value on its line"),
        (b"SystemDb:\n  Url: |\n    x\n", "line 2: SystemDb.Url is a text over several lines"),
        (b"Connector:\n  HTTP:\n    Port: 1\nConnector:\n", "lines 1 and 4: Connector stands twice"),
        (b"Connector:\n  HTTP.Port: 1\nConnector.HTTP.Port: 2\n", "lines 2 and 3: Connector.HTTP.Port stands twice"),
        (b"connector:\n  http:\n    port: 1\n", "line 1: connector is Connector in the product's spelling"),
        (b"Text: |\n  no line end", "a text that ends without a line end; add one"),
        (b"Connector:\n  HTTP:\n    Address:\n    - x\n", "line 3: Connector.HTTP.Address is a list; take it out"),
        (b"#" * (MOST + 1), "more than 1048576"),
        (b"a" + b" " * 5000 + b"x", "line 1: more than 4096 characters"),
        (b"a:\n- " + b"- " * 2000 + b"x\n", "line 2: maps or lists that are nested too deeply"),
        (b"".join(b" " * depth + b"a:\n" for depth in range(900)), "are nested too deeply"),
    ],
)
def test_a_file_that_cannot_be_edited_is_refused_by_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(Failure) as refused:
        patched(content, VALUES)
    assert sentence in str(refused.value)
    assert str(refused.value).startswith(NAME)
    assert "\n" not in str(refused.value)


def test_a_value_that_the_engine_would_replace_is_refused_and_not_told() -> None:
    with pytest.raises(Failure, match=r"value of SystemDb.Password holds \$\{") as refused:
        patched(SMALL.encode(), {"SystemDb.Password": "se${cret}"})
    assert "cret" not in str(refused.value)


def test_an_edit_that_does_not_say_what_is_wanted_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_edit, "written", lambda value: "1" if value is True else "x")
    with pytest.raises(Failure, match="written in a way that cannot be edited"):
        patched(SMALL.encode(), VALUES)


def test_an_edit_that_loses_a_value_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    def silence(file: YamlFile, _key: str) -> None:
        file.text = file.text.replace("    AllowTrace: true\n", "")

    monkeypatch.setattr(YamlFile, "silence", silence)
    with pytest.raises(Failure, match="written in a way that cannot be edited"):
        patched(SMALL.encode(), VALUES)


# what a version wants


def of(version: str, address: str = "") -> dict[str, Scalar]:
    """Return what the file has to say to that version."""
    fields = {**OLD.__dict__, "version": version}
    return wanted(ProductSettings(**fields), LOGIN, address)


def test_the_engine_listens_on_the_first_connector_alone() -> None:
    assert (of("9.4")["Connector.HTTP.Port"], of("9.4")["Connector.HTTP.Enabled"]) == (8080, True)


@pytest.mark.parametrize(("version", "off"), [("8.0.1", False), ("10.0", False), ("11.1", None), ("12.0.9", None)])
def test_ajp_is_switched_off_where_there_is_one(version: str, off: bool | None) -> None:
    assert of(version).get("Connector.AJP.Enabled") is off


def test_the_system_database_is_set_whole() -> None:
    block = {name: value for name, value in of("12.0").items() if name.startswith("SystemDb.")}
    assert block == {
        "SystemDb.Driver": "org.postgresql.Driver",
        "SystemDb.Url": "jdbc:postgresql://db:5432/ivy",
        "SystemDb.UserName": "ivy",
        "SystemDb.Password": LOGIN.password,
    }


@pytest.mark.parametrize(
    ("version", "folders"),
    [
        ("9.2", {"Data.FilesDirectory": "/mnt/ivy/files", "Data.AppDirectory": "/mnt/ivy/applications"}),
        ("9.3", {"Data.FilesDirectory": "/mnt/ivy/files"}),
        ("11.3", {"Data.FilesDirectory": "/mnt/ivy/files"}),
        ("12.0", {"Data.Directory": "/mnt/ivy/data"}),
    ],
)
def test_the_shared_folders_are_those_of_the_version(version: str, folders: dict[str, Scalar]) -> None:
    assert {name: value for name, value in of(version).items() if name.startswith("Data.")} == folders


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("9.1", {"Frontend.HostName": "x.org", "Frontend.Port": 443, "Frontend.Protocol": "https"}),
        ("9.2", {"BaseUrl": "https://x.org"}),
    ],
)
def test_the_public_address_is_set_if_it_is_known(version: str, expected: dict[str, Scalar]) -> None:
    told = of(version, "https://x.org")
    assert {name: value for name, value in told.items() if name not in of(version)} == expected


def test_the_file_of_a_version_says_what_it_has_to() -> None:
    after = patched(SMALL.encode(), of("9.1"))
    assert says(SMALL.encode(), after, of("9.1"))
    assert ivy_yaml.NAME == "configuration/ivy.yaml"
