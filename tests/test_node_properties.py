"""Configuration files edited in place: one value changes, every other byte stays."""

import shlex
import subprocess
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode import launch_conf, properties
from musternode.failure import Failure
from tests.node_support import h2_jar

URL = "spring.datasource.url"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
LINE = st.sampled_from(
    [
        "# a comment = with \\",
        "! another",
        "",
        "   ",
        "server.port=8080",
        "a\\=b : c\\",
        "spring.datasource.url jdbc:old",
        "  spring.datasource.url = one,\\",
        "\t two",
        "spring.datasource.password:x\\\\",
        "#---",
        "key",
        "caf\u00e9=\u00e9",
    ]
)
FILES = st.tuples(st.lists(LINE), st.sampled_from(["\n", "\r\n"]), st.booleans())


def content(parts: tuple[list[str], str, bool]) -> bytes:
    """Return a file of some lines."""
    lines, end, last = parts
    return (end.join(lines) + (end if last and lines else "")).encode("latin-1")


@given(FILES, TEXT)
def test_what_is_put_is_what_java_reads_and_no_other_key_changes(
    parts: tuple[list[str], str, bool], value: str
) -> None:
    before = content(parts)
    after = properties.put(before, {URL: value})
    assert properties.load(after) == {**properties.load(before), URL: value}


@given(FILES, TEXT)
def test_all_bytes_but_one_value_stay(parts: tuple[list[str], str, bool], value: str) -> None:
    before = content(parts)
    after = properties.put(before, {URL: value})
    same = [entry for entry in properties.entries(before) if entry.key == URL]
    start, end = (same[-1].start, same[-1].end) if same else (len(before), len(before))
    if not same:
        start = end = properties.first_document_end(before)
    assert after.startswith(before[:start])
    assert after.endswith(before[end:])


@given(FILES, TEXT)
def test_putting_twice_is_putting_once(parts: tuple[list[str], str, bool], value: str) -> None:
    once = properties.put(content(parts), {URL: value})
    assert properties.put(once, {URL: value}) == once


def test_a_value_over_several_lines_is_replaced_whole() -> None:
    before = b"# top\nspring.datasource.url = jdbc:\\\n    h2:old\nlast=1\n"
    assert properties.put(before, {URL: "jdbc:h2:new"}) == b"# top\nspring.datasource.url = jdbc:h2:new\nlast=1\n"


def test_a_new_key_goes_to_the_end_of_the_first_document() -> None:
    before = b"a=1\n#---\nspring.config.activate.on-profile=dev\n"
    assert properties.put(before, {"k": "v"}) == b"a=1\nk=v\n#---\nspring.config.activate.on-profile=dev\n"


def test_a_file_without_a_last_line_end_gets_one_between() -> None:
    assert properties.put(b"a=1", {"k": "v"}) == b"a=1\nk=v\n"


def test_the_last_of_equal_keys_is_the_one_that_counts() -> None:
    assert properties.put(b"k=1\nk=2\n", {"k": "3"}) == b"k=1\nk=3\n"


@pytest.mark.parametrize(
    ("value", "raw"),
    [
        (" x ", b"\\ x "),
        ("a\\b", b"a\\\\b"),
        ("\u00e9", b"\\u00e9"),
        ("\U0001f600", b"\\ud83d\\ude00"),
        ("a\nb", b"a\\u000ab"),
    ],
)
def test_a_value_is_written_in_ascii(value: str, raw: bytes) -> None:
    assert properties.escape(value) == raw


def resolved(text: str) -> str:
    """Do as Spring's PropertyPlaceholderHelper (5.3, parseStringValue) where no name is known but defaults may be."""
    start = text.find("${")
    while start != -1:
        end = _end(text, start + 2)
        if end == -1:
            break
        _, colon, default = resolved(text[start + 2 : end]).partition(":")
        value = resolved(default) if colon else text[start : end + 1]
        text = text[:start] + value + text[end + 1 :]
        start = text.find("${", start + len(value))
    return text


def _end(text: str, place: int) -> int:
    nested = 0
    for at in range(place, len(text)):
        if text[at] == "}" and not nested:
            return at
        nested += {"{": 1, "}": -1}.get(text[at], 0)
    return -1


@given(st.text("${}:ab", max_size=12))
def test_spring_resolves_a_literal_to_itself(value: str) -> None:
    assert resolved(properties.literal(value)) == value


def test_spring_would_resolve_a_password_that_is_not_marked() -> None:
    """The control: without the mark another text is read."""
    assert resolved("x${a:b}") == "xb"


CONF = [
    b"",
    b"# JAVA_OPTS=no\n",
    b'JAVA_OPTS="-Xmx512m"\n',
    b"JAVA_OPTS=-Xmx512m",
    b"JAVA_OPTS='-Xmx512m -Da=b'\nRUN_ARGS=x\n",
    b'export JAVA_OPTS="-Xmx1g \\\n  -Dx=y" # why\r\n',
    b'JAVA_OPTS="-Dh2.clustering.enabled=false"\n',
    'JAVA_OPTS="-Xmx1g \u2013Dh2.clustering.enabled=true"\n'.encode(),
    b'JAVA_OPTS="-Dh2.clustering.enabled=true -Dh2.clustering.enabled=true"\n',
    b'JAVA_OPTS="-Dh2.clustering.enabled=true"\nJAVA_OPTS="$JAVA_OPTS -Xmx1g"\n',
    b"JAVA_OPTS=\nMODE=run\n",
    b'JAVA_OPTS="-Dh2.socketConnectRetry=16 -Dh2.socketConnectRetryX=1"\n',
    b'JAVA_OPTS="-Dh2.socketConnectRetry=0 -Dh2.clustering.enabled=true"\n',
    b'JAVA_OPTS="-Dh2.clustering.enabled=true -Xmx1g"\n',
]
GIVEN = ("-Dh2.clustering.enabled=", "-Dh2.socketConnectRetry=", "\u2013Dh2.clustering.enabled=")


def java_opts(conf: bytes) -> list[str]:
    """Return the words of JAVA_OPTS once bash has read a file."""
    command = ["bash", "-c", '. /dev/stdin; echo "${JAVA_OPTS-}"']
    return shlex.split(subprocess.run(command, input=conf, capture_output=True, check=True).stdout.decode())


@pytest.mark.parametrize("before", CONF)
def test_bash_reads_each_h2_option_exactly_once(before: bytes) -> None:
    """The judge is bash itself, which sources the file in the product's launch script."""
    after = launch_conf.with_clustering(before)
    read = subprocess.run(
        ["bash", "-c", 'set -eu; . /dev/stdin; echo "$JAVA_OPTS"'], input=after, capture_output=True, check=True
    )
    words = shlex.split(read.stdout.decode())
    assert sorted(word for word in words if word.startswith(GIVEN)) == sorted(launch_conf.OPTIONS)
    kept = [word for word in java_opts(before) if not word.startswith(GIVEN)]
    assert [word for word in words if not word.startswith(GIVEN)] == kept
    assert launch_conf.with_clustering(after) == after


def test_h2_itself_has_no_such_option_as_the_guides() -> None:
    """The control: its option for retries is found. Classes hold the names of options as plain text."""
    with zipfile.ZipFile(h2_jar()) as jar:
        classes = [jar.read(name) for name in jar.namelist() if name.endswith(".class")]
    named = [option for option in launch_conf.OPTIONS if any(_name(option) in each for each in classes)]
    assert named == ["-Dh2.socketConnectRetry=0"]


def _name(option: str) -> bytes:
    return option.removeprefix("-D").partition("=")[0].encode()


def test_an_assignment_that_cannot_be_edited_is_refused() -> None:
    with pytest.raises(Failure, match="JAVA_OPTS"):
        launch_conf.with_clustering(b'JAVA_OPTS="a"b"c" "d\n')


def test_a_file_that_is_right_stays_as_it_is() -> None:
    right = b'# mine\r\nJAVA_OPTS="-Dh2.socketConnectRetry=0 -Xmx1g -Dh2.clustering.enabled=true" \n'
    assert launch_conf.with_clustering(right) == right


def test_a_separator_that_continues_a_line_is_no_separator() -> None:
    assert properties.first_document_end(b"a=b\\\n#---\nc=d\n#---\n") == len(b"a=b\\\n#---\nc=d\n")
