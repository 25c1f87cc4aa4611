"""A product's file that cannot be edited safely fails the deploy with its fault; an odd one is edited as it is.

Each artifact is the double with one of its files as somebody might have left it.
"""

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from muster.spec import load
from rehearsal.drive import Rehearsal
from rehearsal.poll import poll
from tests.carbon_support import EXAMPLE, cluster_file, one_cluster
from tests.scenario_support import Bench, contents, sentence, service, stacks, stand_in

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]

AXIS2 = "repository/conf/axis2/axis2.xml"
TOML = "repository/conf/deployment.toml"
OLD, NEW = "4.4.40", "4.10.126"
JAVA = {OLD: 8, NEW: 17}
Change = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Case:
    """A file of the product on a kernel, what is done to it, and words of the sentence that must follow."""

    kernel: str
    file: str
    change: Change
    words: str = ""


def put(content: bytes) -> Change:
    """Return the change to that very content."""
    return lambda _: content


def twice(content: bytes) -> bytes:
    """Return the file with a second clustering."""
    return content.replace(b"</axisconfig>", b'<clustering class="a.B" enable="true"/>\n</axisconfig>')


COMMENTED = b'<?xml version="1.0"?>\n<axisconfig name="A">\n<!-- <clustering class="a.B"/> -->\n</axisconfig>\n'

REFUSED = {
    "clustering twice": Case(OLD, AXIS2, twice, "<clustering>"),
    "clustering commented out": Case(OLD, AXIS2, put(COMMENTED), "line 3: <clustering> is commented out"),
    "not well-formed": Case(OLD, AXIS2, lambda old: old.replace(b"</axisconfig>", b""), AXIS2),
    "entities": Case(OLD, AXIS2, lambda old: old.replace(b"?>", b'?><!DOCTYPE a [<!ENTITY b "c">]>', 1), AXIS2),
    "huge": Case(OLD, AXIS2, lambda old: old + b"<!--" + b"x" * (5 << 20) + b"-->", AXIS2),
    "no TOML": Case(NEW, TOML, lambda old: old + b"\n[clustering\n", TOML),
    "clustering is no table": Case(NEW, TOML, put(b"clustering = 1\n"), "clustering is no table"),
    "an engine's own file": Case(OLD, "repository/conf/etc/hazelcast.xml", put(b"<hazelcast/>"), "hazelcast.xml"),
}

EDITED = {
    "other line ends": Case(NEW, TOML, lambda old: old.replace(b"\n", b"\r\n")),
    "another encoding": Case(OLD, AXIS2, lambda old: old.decode().replace("UTF-8", "UTF-16").encode("utf-16")),
}


@pytest.fixture(scope="module")
def rehearsal() -> Iterator[Rehearsal]:
    """Run one service for all artifacts, one after the other."""
    with service(EXAMPLE) as running:
        yield running


def bench_of(rehearsal: Rehearsal, folder: Path, case: Case) -> Bench:
    """Return two nodes on the kernel of `case` with the changed artifact."""
    name = f"wso2-carbon-{case.kernel}.zip"
    changes = {"wso2.kernel": case.kernel, "instance.java": JAVA[case.kernel], "artifact.file": f"artifacts/{name}"}
    file = cluster_file(folder, "files", {**changes, "nodes.c": None, "formation.timeout": 180})
    shelf = folder / "shelf"
    shelf.mkdir()
    changed(stand_in(load(file)), shelf / name, case)
    rehearsal.artifacts = shelf
    return Bench(rehearsal, file, folder)


def changed(source: Path, target: Path, case: Case) -> None:
    """Write the archive `source` with the file of `case` changed, or added."""
    found = False
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        top = old.namelist()[0].split("/")[0]
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename == f"{top}/{case.file}":
                found, content = True, case.change(content)
            new.writestr(entry, content)
        if not found:
            new.writestr(f"{top}/{case.file}", case.change(b""))


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in REFUSED.items()])
def test_a_file_that_cannot_be_edited_safely_fails_the_deploy_with_its_fault(
    rehearsal: Rehearsal, empty: set[str], tmp_path: Path, case: Case
) -> None:
    bench = bench_of(rehearsal, tmp_path, case)
    why = sentence(bench.deploy())
    assert case.words in why
    assert "node " in why
    assert stacks(rehearsal)["muster-files"] == "ROLLBACK_COMPLETE"
    assert contents(rehearsal) - empty == set()
    poll(lambda: not rehearsal.inventory().hosts, within=30)


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in EDITED.items()])
def test_a_file_written_in_another_way_is_edited_as_it_is_and_the_members_form(
    rehearsal: Rehearsal, empty: set[str], tmp_path: Path, case: Case
) -> None:
    """The control of all tests above."""
    bench = bench_of(rehearsal, tmp_path, case)
    run = bench.deploy()
    assert run.code == 0, run.failure
    poll(lambda: one_cluster(bench), within=30, every=0.5)
    assert bench.cdk("destroy", "--force").code == 0
    assert contents(rehearsal) - empty == set()
    poll(lambda: not rehearsal.inventory().hosts, within=30)
