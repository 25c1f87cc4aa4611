"""The pair with the newest H2 that it is made for: no acknowledged write is lost under one fault of each kind."""

import shutil
from collections.abc import Iterator

import pytest

from rehearsal.checks.h2 import ask
from rehearsal.faults import catalog
from rehearsal.faults.catalog import SHORT
from rehearsal.faults.schedule import single
from rehearsal.faults.series import Series
from tests.h2_server import VERSIONS
from tests.jar_support import remade
from tests.node_support import h2_jar
from tests.scenario_support import Bench, for_faults, not_valid, service

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]

OLD, NEWEST = VERSIONS[0], VERSIONS[-1]
ARTIFACT = "as400-common-api-1.0.0.jar"
FAULTS = catalog()


def modernized(name: str, content: bytes) -> tuple[str, bytes]:
    """Put the newest H2 in place of the product's."""
    if name.endswith(f"/h2-{OLD}.jar"):
        return name.replace(OLD, NEWEST), h2_jar(NEWEST).read_bytes()
    if name.endswith("/classpath.idx"):
        return name, content.replace(f"h2-{OLD}.jar".encode(), f"h2-{NEWEST}.jar".encode())
    return name, content


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Deploy a product with the newest H2 in its jar."""
    folder = tmp_path_factory.mktemp("newest")
    with service() as rehearsal:
        built, shelf = rehearsal.artifacts, folder / "shelf"
        assert built is not None
        shelf.mkdir()
        remade(built / ARTIFACT, shelf / ARTIFACT, modernized, {})
        rehearsal.artifacts = shelf
        one = Bench(rehearsal, for_faults(folder, "newest"), folder)
        run = one.deploy()
        assert run.code == 0, run.failure
        one.wait_until_healthy()
        yield one
        shutil.rmtree(shelf)


@pytest.fixture(scope="module")
def series(bench: Bench) -> Iterator[Series]:
    """Run trials of the one cluster."""
    made = Series(lambda: bench.scene, bench.folder / "history.jsonl")
    yield made
    made.close()


def test_the_servers_are_of_the_newest_version(bench: Bench) -> None:
    version = "SELECT H2VERSION()"
    assert all(NEWEST in ask(bench.scene, member, version) for member in bench.scene.members)


@pytest.mark.parametrize("name", SHORT)
def test_no_acknowledged_write_is_lost_under(series: Series, name: str) -> None:
    judged = series.run(single(FAULTS[name]))
    assert not_valid(judged.results) == {}
