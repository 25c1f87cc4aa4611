"""A version of the product that makes numbered columns: refused by a formed pair, and brought in by its own way.

One story of one cluster, in this order. The newer version is the double with a statement that it runs as it starts.
"""

import hashlib
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from rehearsal.cdk_cli import ROOT
from rehearsal.checks import copies
from rehearsal.checks.h2 import DUMP, ask
from rehearsal.poll import poll
from tests.jar_support import remade
from tests.scenario_support import Bench, derived, item, sentence, service

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]

OLD, NEW = "as400-common-api-1.0.0.jar", "as400-common-api-1.1.0.jar"
STATEMENT = "CREATE TABLE IF NOT EXISTS LEDGER(ID IDENTITY, LINE VARCHAR);\n"
SETTINGS, SCHEMA = "BOOT-INF/classes/application.properties", "BOOT-INF/classes/schema.sql"
LIMIT = "region: eu-west-1\nformation: {timeout: 300}\n"
NODE_B = "  b: {zone: eu-west-1b}\n"


def initialized(name: str, content: bytes) -> tuple[str, bytes]:
    """Have the product run its own statements at its start."""
    return name, content + b"\nspring.sql.init.mode=always\n" if name == SETTINGS else content


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Deploy the older version, with a lock file; both versions are at hand."""
    folder = tmp_path_factory.mktemp("cluster")
    with service() as rehearsal:
        built, shelf = rehearsal.artifacts, folder / "shelf"
        assert built is not None
        shelf.mkdir()
        shutil.copyfile(built / OLD, shelf / OLD)
        remade(built / OLD, shelf / NEW, initialized, {SCHEMA: STATEMENT})
        rehearsal.artifacts = shelf
        one = Bench(rehearsal, derived(folder, "schema", ("region: eu-west-1\n", LIMIT)), folder)
        deploy(one)
        yield one


def deploy(bench: Bench) -> None:
    """Lock and deploy as a person does, and wait until every present node is healthy."""
    locked = subprocess.run(
        [str(ROOT / "muster"), "lock", str(bench.file)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert locked.returncode == 0, locked.stderr
    run = bench.deploy()
    assert run.code == 0, run.failure
    bench.wait_until_healthy()


def edit(bench: Bench, old: str, new: str) -> None:
    """Edit the cluster file."""
    text = bench.file.read_text()
    assert text.count(old) == 1, text
    bench.file.write_text(text.replace(old, new))


def jars(bench: Bench) -> dict[str, str]:
    """Return the hash of the jar that each present node's service runs."""
    command = ["sh", "-c", "systemctl show -P ExecStart as400gateway.service | grep -o 'path=[^ ;]*' | cut -c6-"]
    found = {}
    for member in bench.scene.members:
        path = bench.scene.run_in(member, command, within=20).strip()
        found[member.name] = bench.scene.run_in(member, ["sha256sum", path], within=20).split()[0]
    return found


def digest(bench: Bench, name: str) -> str:
    assert bench.rehearsal.artifacts is not None
    return hashlib.sha256((bench.rehearsal.artifacts / name).read_bytes()).hexdigest()


def tables(bench: Bench) -> dict[str, bool]:
    """Return, of each present node, whether its copy has the newer version's table."""
    return {member.name: "LEDGER" in ask(bench.scene, member, DUMP) for member in bench.scene.members}


def both_in(bench: Bench) -> None:
    """Wait until both copies serve: an application is healthy at its own node's gate or at the other's."""
    poll(lambda: item(bench).members == {"a", "b"}, within=60)


def write(bench: Bench, key: str) -> None:
    with bench.scene.visitor() as user:
        assert user.request("PUT", f"/admin/configuration/{key}", b"x").code == 200


def entries(bench: Bench, node: str) -> set[str]:
    with bench.scene.direct(bench.member(node)) as client:
        return set(client.request("GET", "/admin/configuration").json())


def test_a_formed_pair_takes_such_a_version_back(bench: Bench) -> None:
    """Negative control: H2 refuses numbered columns to everybody while the pair is formed (error 50100)."""
    write(bench, "before")
    edit(bench, OLD, NEW)
    run = bench.deploy()
    assert "the application" in sentence(run), sentence(run)
    bench.wait_until_healthy(within=180)
    both_in(bench)
    assert tables(bench) == {"a": False, "b": False}
    assert "before" in entries(bench, "a") & entries(bench, "b")
    edit(bench, NEW, OLD)
    deploy(bench)
    assert jars(bench) == dict.fromkeys("ab", digest(bench, OLD))


def test_a_node_that_is_alone_brings_the_schema_up_to_date(bench: Bench) -> None:
    edit(bench, NODE_B, "  b: {zone: eu-west-1b, present: false}\n")
    deploy(bench)
    assert item(bench).members == {"a"}
    edit(bench, OLD, NEW)
    deploy(bench)
    assert jars(bench) == {"a": digest(bench, NEW)}
    assert tables(bench) == {"a": True}
    write(bench, "alone")


def test_the_other_node_comes_back_with_the_newer_version_and_the_whole_database(bench: Bench) -> None:
    edit(bench, "  b: {zone: eu-west-1b, present: false}\n", NODE_B)
    deploy(bench)
    both_in(bench)
    assert jars(bench) == dict.fromkeys("ab", digest(bench, NEW))
    assert tables(bench) == {"a": True, "b": True}
    assert {"before", "alone"} <= entries(bench, "a") & entries(bench, "b")
    assert bench.check(copies.CHECK).verdict == "valid"
