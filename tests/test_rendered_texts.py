"""Passwords, names and tags of any letters, in each kind of file and in the template: read back they are the same.

What a file cannot hold is refused by a sentence that does not show it.
"""

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from muster.spec import load
from musternode import launch_conf
from musternode.appserver import datasources, registry_xml
from musternode.appserver.registry_xml import Registry
from musternode.appserver.shared_database import Shared
from musternode.failure import Failure
from musternode.h2 import text
from musternode.kaazing import gateway_config
from rehearsal.hosts.metadata import lookup
from tests import test_node_appserver_datasources as sources
from tests import test_node_appserver_registry_xml as registry
from tests.conftest import BASE, Synthesize
from tests.gateway_config_support import HTTP
from tests.rendered_support import LINE, MEANT, TEXT
from tests.spec_help import refusal
from tests.template_help import of_type
from tests.test_imds import INSTANCE, served
from tests.test_node_kaazing_gateway_config import SMALL as GATEWAY

ECHO = """\
public class Echo {
  public static void main(String[] arguments) {
    for (String each : arguments) {
      System.out.println(java.util.HexFormat.of().formatHex(each.getBytes(java.nio.charset.StandardCharsets.UTF_8)));
    }
  }
}
"""


@pytest.mark.skipif(shutil.which("java") is None, reason="needs Java, which reads the arguments")
@settings(max_examples=2, deadline=None)
@given(st.lists(TEXT, min_size=150, max_size=200))
def test_java_gets_the_arguments_of_a_file_as_they_were(arguments: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "Echo.java").write_text(ECHO)
        (Path(folder) / "args").write_text(text.argument_file([f"{folder}/Echo.java", *arguments]), encoding="utf-8")
        command = ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", f"@{folder}/args"]
        said = subprocess.run(
            command, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}, capture_output=True, text=True, check=True
        ).stdout
    assert [bytes.fromhex(line).decode() for line in said.splitlines()] == arguments


OPTION = st.text(st.sampled_from("azAZ09-=.:/%@,+~é日<>&|;#*?[]{}()!`$\\\"' "), max_size=20)
GIVEN = (*launch_conf.OPTIONS, "\N{EN DASH}Dh2")


def _by_bash(conf: bytes) -> str:
    command = ["bash", "-c", '. /dev/stdin; printf %s "$JAVA_OPTS"']
    return subprocess.run(command, input=conf, capture_output=True, check=True).stdout.decode()


@settings(max_examples=80, deadline=None)
@given(OPTION, st.booleans(), st.sampled_from(["", "export ", "# first\nMODE=run\n"]))
def test_bash_gets_the_options_of_before_and_those_of_the_pair(given: str, single: bool, before: str) -> None:
    value = given.replace("'", "") if single else given
    quoted = f"'{value}'" if single else '"' + "".join(f"\\{each}" if each in '"\\$`' else each for each in value) + '"'
    conf = f"{before}JAVA_OPTS={quoted}\n".encode()
    assert _by_bash(conf) == value
    read = _by_bash(launch_conf.with_clustering(conf))
    assert read.endswith(" ".join(launch_conf.OPTIONS))
    assert read.removesuffix(" ".join(launch_conf.OPTIONS)).rstrip(" ") == value.rstrip(" ")


@given(TEXT, TEXT, TEXT)
def test_any_database_arrives_at_the_servers_or_is_refused(url: str, user: str, password: str) -> None:
    wanted = Shared(f"jdbc:mysql:{url}", "com.mysql.cj.jdbc.Driver", user, password)
    try:
        after = datasources.patched(sources.SMALL.encode(), wanted)
    except Failure:
        assert _not_for_xml(url + user + password) or "" in {user.strip(), password.strip()}
        return
    assert sources.says(after, wanted)
    assert datasources.patched(after, wanted) == after


@given(TEXT)
def test_any_name_of_a_registrys_copies_arrives(url: str) -> None:
    wanted = Registry(f"wso2@jdbc:mysql:{url}", read_only=True)
    try:
        after = registry_xml.patched(registry.SMALL.encode(), wanted)
    except Failure:
        assert _not_for_xml(url)
        return
    assert registry.says(after, wanted)


def _not_for_xml(value: str) -> bool:
    """Return whether the product would read something else: a property's name, or what no XML can hold."""
    return "${" in value or any((each < " " and each not in "\t\n\r") or each in "\ufffe\uffff" for each in value)


NAMES = st.from_regex(re.compile(r"[!-%'-;=?-~]{1,12}( [!-%'-;=?-~]{1,12}){0,2}"), fullmatch=True)


@given(NAMES.filter(lambda name: "${" not in name))
def test_any_name_of_a_gateways_cluster_that_the_cluster_file_takes_arrives(name: str) -> None:
    after = gateway_config.patched(GATEWAY.encode(), replace(HTTP, cluster=name))
    root = ET.fromstring(after)  # noqa: S314 - the tests wrote it
    assert [each.text for each in root.iter() if each.tag.endswith("}name") and each.text == name] == [name]


LETTERS = st.text(
    st.characters(categories=["L", "N", "Zs"]) | st.sampled_from(" _.:/=+-@"), min_size=1, max_size=60
).filter(lambda value: not value.lower().startswith("aws:"))
KEYS = st.text("azAZ09+=._:@-", min_size=1, max_size=20).filter(
    lambda key: key.lower() not in {".", "..", "_index", "name"} and not key.lower().startswith(("aws:", "muster:"))
)
TAGS = st.dictionaries(KEYS.map(str.lower), LETTERS, min_size=30, max_size=40)


@settings(max_examples=2, deadline=None, phases=[Phase.explicit, Phase.generate])  # each takes a synthesis
@given(tags=TAGS)
def test_tags_of_any_letters_arrive_in_the_template_and_at_the_node(
    synthesize: Synthesize, tags: Mapping[str, str]
) -> None:
    template = synthesize(tags=dict(tags))
    for properties in of_type(template, "EC2::Instance").values():
        found = {each["Key"]: each["Value"] for each in properties["Tags"]}
        assert {key: found.get(key) for key in tags} == tags
        node = served(replace(INSTANCE, tags=tuple(found.items())))
        told = {key: lookup(node, f"/latest/meta-data/tags/instance/{key}") for key in tags}
        assert told == {key: value.encode() for key, value in tags.items()}


@given(LETTERS, KEYS)
def test_what_aws_takes_as_a_tag_the_cluster_file_takes(value: str, key: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "x.yaml"
        file.write_text(json.dumps({**BASE, "tags": {key: value}}), encoding="utf-8")
        assert load(file).tags == {key: value}


@given(st.sampled_from(MEANT).filter(lambda each: each not in " _.:/=+-@"), LINE)
def test_what_aws_takes_in_no_tag_is_refused_at_once(odd: str, around: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "x.yaml"
        file.write_text(json.dumps({**BASE, "tags": {"team": around + odd}}), encoding="utf-8")
        assert refusal(file).startswith("1: tags.team: got ")


def test_a_letter_that_json_writes_by_two_escapes_is_one_letter(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(json.dumps({**BASE, "tags": {"team": "\U00010000"}}), encoding="ascii")
    assert load(file).tags == {"team": "\U00010000"}
    file.write_text(json.dumps({**BASE, "tags": {"team": "\ud800a"}}), encoding="ascii")
    assert refusal(file).startswith("1: tags.team: got '\\ud800a', which has another character")
