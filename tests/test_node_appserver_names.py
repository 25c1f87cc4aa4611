"""Host names of the cluster in /etc/hosts: one block, and nothing else of the file."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musternode.appserver import names
from musternode.appserver.host import Host
from musternode.host import Identity
from musternode.paths import Paths
from musternode.system import Systemd
from tests.appserver_support import chosen
from tests.node_servers import address

NAMES = {"mgt.as.example.org": "10.0.1.10", "as.example.org": "10.0.1.12"}
BLOCK = b"# Muster: names of this cluster\n10.0.1.10 mgt.as.example.org\n10.0.1.12 as.example.org\n# Muster: end\n"
LINES = st.sampled_from([names.BEGIN, names.END, b"127.0.0.1 localhost", b"# kept", b"", b"\t::1 x \r"])
FILES = st.lists(LINES, max_size=9).flatmap(
    lambda lines: st.sampled_from([b"\n".join(lines), b"\n".join(lines) + b"\n"])
)


def others(content: bytes) -> list[bytes]:
    """Return the lines that are not Muster's: a block's are all up to its end, if it has one."""
    lines = content.splitlines()
    kept, at = list[bytes](), 0
    while at < len(lines):
        rest = [line.strip() for line in lines[at + 1 :]]
        if lines[at].strip() == names.BEGIN and names.END in rest:
            at += rest.index(names.END) + 1
        elif lines[at].strip() not in (names.BEGIN, names.END):
            kept.append(lines[at])
        at += 1
    return kept


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"127.0.0.1 localhost\n", b"127.0.0.1 localhost\n" + BLOCK),
        (b"127.0.0.1 localhost", b"127.0.0.1 localhost\n" + BLOCK),
        (b"", BLOCK),
        (b"1.1.1.1 a\n" + BLOCK.replace(b"10.0", b"10.9") + b"2.2.2.2 b\n", b"1.1.1.1 a\n" + BLOCK + b"2.2.2.2 b\n"),
        (names.BEGIN + b"\n127.0.0.1 localhost\n", BLOCK + b"127.0.0.1 localhost\n"),
    ],
)
def test_the_block_stands_in_its_place_or_at_the_end(before: bytes, after: bytes) -> None:
    assert names.patched(before, NAMES) == after


@given(FILES)
def test_doing_it_twice_changes_nothing_and_other_lines_stay(content: bytes) -> None:
    once = names.patched(content, NAMES)
    assert names.patched(once, NAMES) == once
    assert once.count(BLOCK) == 1
    assert others(once) == others(content)


@given(FILES)
def test_without_names_no_trace_stays(content: bytes) -> None:
    bare = names.patched(names.patched(content, NAMES), {})
    assert names.BEGIN not in bare
    assert bare.splitlines() == others(content)


@pytest.mark.parametrize(("node", "management"), [("a", "a"), ("b", "b"), ("c", "a"), ("d", "a")])
def test_each_node_is_its_own_host_and_only_workers_know_another_management(node: str, management: str) -> None:
    this = Host(Identity(node, "/p"), chosen(), Paths(), Systemd())
    assert names.wanted(this) == {
        "mgt.as.example.org": address(management),
        "as.example.org": address(node),
    }


def test_the_file_is_readable_by_everybody_and_made_where_there_is_none(tmp_path: Path) -> None:
    assert names.bring(Paths(tmp_path), NAMES)
    assert not names.bring(Paths(tmp_path), NAMES)
    file = tmp_path / "etc/hosts"
    assert file.read_bytes() == b"127.0.0.1 localhost\n" + BLOCK
    assert file.stat().st_mode & 0o777 == 0o644
