"""deployment.toml edited in place; the judge of what it says is Python's own parser, of what stays the lines."""

import os
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.carbon import deployment_toml
from musternode.carbon.clustering import Clustering, parameters
from musternode.failure import Failure

PLACE = ("10.0.1.10", 5701)
GROUP = ("eu-west-1", "muster-carbon", "muster:cluster", "carbon")
CAMEL = Clustering("camel", "org.Agent", "aws", "carbon", *PLACE, *GROUP)
KEBAB = Clustering("kebab", "org.Agent", "aws", "carbon", *PLACE, *GROUP)
WKA = Clustering("camel", "org.Agent", "wka", "carbon", *PLACE, members=(("10.0.1.10", 5701), ("10.0.1.11", 5701)))
ALL = st.sampled_from([CAMEL, KEBAB, WKA])
CHOICES = pytest.mark.parametrize("wanted", [CAMEL, KEBAB, WKA])

SMALL = """# the server
[server]
hostname = "localhost" # as users see it

# how members find each other
[clustering] # off by default
enabled = true
domain = "wso2.carbon.domain" # all of one cluster
local_member_port = 4000

[clustering.properties]
accessKey = "AKIA"
"connection-timeout-seconds" = "5" # ours
'tag-key' = "old"

# where users are kept
[user_store]
type = "database_unique_id"
"""
EXPECTED = """# the server
[server]
hostname = "localhost" # as users see it

# how members find each other
[clustering] # off by default
enabled = true
domain = "carbon" # all of one cluster
local_member_port = "5701"
membership_scheme = "aws"
local_member_host = "10.0.1.10"
agent = "org.Agent"

[clustering.properties]
"connection-timeout-seconds" = "5" # ours
'tag-key' = "muster:cluster"
"security-group-name" = "muster-carbon"
region = "eu-west-1"
"tag-value" = "carbon"

# where users are kept
[user_store]
type = "database_unique_id"
"""
FRESH = """[clustering]
membership_scheme = "wka"
domain = "carbon"
local_member_host = "10.0.1.10"
local_member_port = "5701"
agent = "org.Agent"
members = ["10.0.1.10:5701", "10.0.1.11:5701"]
"""


def read(content: bytes) -> dict[str, Any]:
    """Return what another parser reads."""
    return tomllib.loads(content.decode())


def says(before: bytes, after: bytes, wanted: Clustering) -> bool:
    """Return whether a file says what is wanted, all that it said elsewhere, and nothing that would mislead."""
    old, new = read(before), read(after)
    own, was = new.pop("clustering"), old.pop("clustering", {})
    properties, had = own.pop("properties", {}), was.pop("properties", {})
    values = deployment_toml.values(wanted)
    own["local_member_port"] = str(own["local_member_port"])
    return (
        repr(old) == repr(new)
        and own == {**was, **values}
        and properties
        == {**{name: value for name, value in had.items() if name not in wanted.stale}, **wanted.discovery}
    )


def test_a_file_is_edited_as_a_person_would() -> None:
    assert deployment_toml.patched(SMALL.encode(), KEBAB).decode() == EXPECTED


def test_windows_line_ends_stay() -> None:
    before, after = (text.replace("\n", "\r\n").encode() for text in (SMALL, EXPECTED))
    assert deployment_toml.patched(before, KEBAB) == after


@pytest.mark.parametrize("before", ["", "# empty\n", '[server]\nhostname = "x"', "[server]\n\n# the end\n"])
def test_a_section_is_added_at_the_end(before: str) -> None:
    after = deployment_toml.patched(before.encode(), WKA).decode()
    assert after.startswith(before)
    assert after.endswith(("\n\n" if before else "") + FRESH)


def test_kebab_names_are_quoted() -> None:
    after = deployment_toml.patched(b"", KEBAB).decode()
    assert '\n"security-group-name" = "muster-carbon"\nregion = "eu-west-1"\n' in after
    assert after.endswith('"tag-key" = "muster:cluster"\n"tag-value" = "carbon"\n')


def test_a_port_that_is_a_number_says_the_same_as_text() -> None:
    before = deployment_toml.patched(b"", WKA).replace(b'"5701"\n', b"5701\n")
    assert b"port = 5701\n" in before
    assert deployment_toml.patched(before, WKA) == before


@pytest.mark.parametrize(
    "before",
    [
        "[clustering]",
        "[clustering]\n# nothing yet\n\n[x]\n",
        "[clustering.properties]\nregion='x' # where\n[x]\ny=1\n",
        "[clustering]\na=1\n[x]\nz=1\n[clustering.properties]\nb=2\n",
        "[clustering]\nproperties = {tagKey = 'x', other = 1} # short\n[x]\n",
        "[clustering]\nproperties.iamRole='x'\nproperties.other=1\n",
        "clustering = {domain = 'x'} # short\n[x]\n",
        "clustering.domain = 'x'\nclustering.properties.other = 1\n[x]\n",
        "[clustering]\nmembers = [\n  'a:1', # first\n  'b:2'\n] # both\n[x]\n",
        "  [clustering]\n  domain = '''x\ny'''\n  [x]\n",
        "[[x]]\na = nan\n[clustering.more]\nb = 1979-05-27T07:32:00Z\n[[x]]\n",
    ],
)
@CHOICES
def test_the_section_may_be_written_in_any_way(before: str, wanted: Clustering) -> None:
    after = deployment_toml.patched(before.encode(), wanted)
    assert says(before.encode(), after, wanted)
    assert deployment_toml.patched(after, wanted) == after


def test_new_keys_are_set_in_as_their_neighbours() -> None:
    before = "[clustering]\n  enabled = true\n\n# next\n[x]\n"
    after = deployment_toml.patched(before.encode(), WKA).decode()
    inside = "".join(f"  {line}\n" for line in FRESH.splitlines()[1:])
    assert after == f"[clustering]\n  enabled = true\n{inside}\n# next\n[x]\n"


LINES = st.sampled_from(
    ["# a note", "", "other = 1 # kept", 'text = """\n[clustering]\n"""', "list = [\n  1, # one\n]"]
)
OURS = st.sampled_from(["domain = 'x' # d", "agent = 'y'", "local_member_port = 5701", 'membership_scheme = "aws"'])
PROPERTIES = st.sampled_from(
    ["accessKey = 'x'", "iamRole = 'x'", "'tag-key' = 'x' # k", "tagKey = 'x'", "region = 'eu-west-1'", "more = 1"]
)


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, str]:
    """Draw a file of whole lines and its line end; no key stands twice in a table."""

    def block(*kinds: st.SearchStrategy[str]) -> list[str]:
        found = [line for kind in kinds for line in draw(st.lists(kind, unique=True, max_size=4))]
        return list(draw(st.permutations(found)))

    parts = [["[server]", *block(LINES)], ["[clustering] # c", *block(LINES, OURS)]]
    parts.append(["[clustering.properties]", *block(PROPERTIES)])
    parts.append(["[user_store.more]", *block(LINES)])
    chosen = draw(st.lists(st.sampled_from(range(4)), unique=True))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    lines = [*block(LINES), *(line for place in chosen for line in parts[place])]
    text = "\n".join(lines) + draw(st.sampled_from(["\n", "", "\n\n"]))
    return text.replace("\n", end).encode(), end


def kept(content: bytes) -> list[str]:
    """Return the lines of a file but those that are Muster's to change, and but empty ones."""
    names = {*deployment_toml.values(WKA), *KEBAB.stale, *CAMEL.stale, "region", *KEBAB.discovery, *CAMEL.discovery}
    names |= {"", "[clustering]", "[clustering.properties]"}
    return [line for line in content.decode().splitlines() if line.partition("=")[0].strip(" \t\"'") not in names]


@given(files(), ALL)
def test_what_is_wanted_is_what_another_parser_reads(file: tuple[bytes, str], wanted: Clustering) -> None:
    assert says(file[0], deployment_toml.patched(file[0], wanted), wanted)


@given(files(), ALL)
def test_every_other_line_stays_as_it_was(file: tuple[bytes, str], wanted: Clustering) -> None:
    assert kept(deployment_toml.patched(file[0], wanted)) == kept(file[0])


@given(files(), ALL)
def test_lines_end_as_they_did(file: tuple[bytes, str], wanted: Clustering) -> None:
    before, _ = file
    after = deployment_toml.patched(before, wanted)
    assert after.count(b"\r\n") == (after.count(b"\n") if b"\r\n" in before else 0)


@given(files(), ALL)
def test_twice_is_once(file: tuple[bytes, str], wanted: Clustering) -> None:
    once = deployment_toml.patched(file[0], wanted)
    assert deployment_toml.patched(once, wanted) == once


@given(files(), ALL, ALL)
def test_the_way_to_a_configuration_does_not_matter(
    file: tuple[bytes, str], first: Clustering, wanted: Clustering
) -> None:
    between = deployment_toml.patched(file[0], first)
    assert says(between, deployment_toml.patched(between, wanted), wanted)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(TEXT, TEXT, TEXT, st.sampled_from([SMALL, "", SMALL.replace("\n", "\r\n")]))
def test_any_value_arrives(agent: str, domain: str, tag: str, before: str) -> None:
    wanted = Clustering("kebab", agent, "aws", domain, "h", 5701, "r", "g", "k", tag)
    after = deployment_toml.patched(before.encode(), wanted)
    assert says(before.encode(), after, wanted)
    assert deployment_toml.patched(after, wanted) == after


@given(st.one_of(st.binary(max_size=30), st.text("[]=.\"'{},a\n", max_size=30).map(str.encode)), st.integers(0, 400))
def test_damage_is_a_sentence_or_no_harm(damage: bytes, place: int) -> None:
    broken = SMALL.encode()[:place] + damage + SMALL.encode()[place:]
    try:
        after = deployment_toml.patched(broken, CAMEL)
    except Failure as failure:
        assert "deployment.toml" in str(failure)  # noqa: PT017 - either is right
    else:
        assert says(broken, after, CAMEL)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[server]\nname = '\u00e9'".encode("latin-1"), "line 2: bytes that are no UTF-8"),
        (b"[server]\n\nname = \n", "line 3: no valid TOML"),
        (b"[server]\nname = 1\nname = 2\n", 'no valid TOML (Key "name" already exists)'),
        (b"<axisconfig/>", "line 1: no valid TOML"),
        (b"a = 1\0", "line 1: no valid TOML"),
        (b"clustering = 'on'\n", "clustering is no table; write it as [clustering]"),
        (b"[[clustering]]\ndomain = 'x'\n", "clustering is no table; write it as [clustering]"),
        (b"[clustering]\nproperties = 1\n", "clustering.properties is no table"),
        (b"a = " + b"[" * 5000, "line 1: no valid TOML"),
        (b"#" * (deployment_toml.MOST + 1), "more than 131072"),
        (b"clustering.domain = 'x'\nlast = 1\n", "[clustering] is written in a way that cannot be edited"),
    ],
)
def test_a_file_that_cannot_be_edited_is_refused_by_a_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(Failure) as refused:
        deployment_toml.patched(content, CAMEL)
    assert sentence in str(refused.value)
    assert str(refused.value).startswith("repository/conf/deployment.toml")
    assert "\n" not in str(refused.value)


def test_an_edit_that_does_not_say_what_is_wanted_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployment_toml, "_put", lambda _table, _wanted: None)
    with pytest.raises(Failure, match="written in a way that cannot be edited"):
        deployment_toml.patched(SMALL.encode(), CAMEL)


def test_an_edit_that_loses_a_comment_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = deployment_toml._changed
    monkeypatch.setattr(deployment_toml, "_changed", lambda *given: changed(*given).replace("# the server", "#"))
    with pytest.raises(Failure, match="written in a way that cannot be edited"):
        deployment_toml.patched(SMALL.encode(), CAMEL)


def template() -> str:
    """Return the clustering of the product's own template; skips where this machine has none."""
    folder = os.environ.get("MUSTER_STOCK")
    if not folder:
        pytest.skip("MUSTER_STOCK is not set: no product's own template was filled")
    text = (Path(folder) / "kernel-4.12.37-templates" / "axis2.xml.j2").read_text(encoding="utf-8")
    return text[text.index("<clustering") : text.index("</clustering>") + len("</clustering>")]


@CHOICES
@pytest.mark.parametrize("before", ["", SMALL])
def test_the_products_own_template_makes_the_wanted_parameters_of_it(before: str, wanted: Clustering) -> None:
    values = read(deployment_toml.patched(before.encode(), wanted))["clustering"]
    values = {"members": ["127.0.0.1:4000"], "properties": {}, **values}  # as default.json has it
    made = ET.fromstring(jinja2.Template(template()).render(clustering=values))  # noqa: S314 - it is no page
    found = {each.get("name"): each.text for each in made.findall("parameter")}
    members = tuple((each.findtext("hostName"), int(each.findtext("port") or 0)) for each in made.iterfind("*/member"))
    assert parameters(wanted).items() <= found.items()
    assert not wanted.stale & set(found)
    assert (made.get("class"), str(made.get("enable")).lower()) == (wanted.agent, "true")
    assert wanted.membership == "aws" or members == wanted.members
