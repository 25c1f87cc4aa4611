"""What stands in for the files that a cluster file names is built by its words, and says in words what it is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from muster.products import PRODUCTS
from muster.products.wso2_as import KERNELS
from muster.spec import Cluster, load
from rehearsal import rehearse
from rehearsal.doubles import BuildError, appserver, axonivy, kaazing, names, stand_in, stand_in_licence, store, told
from rehearsal.doubles.stand_in import DOUBLES
from rehearsal.progress import Progress
from tests.axonivy_support import ivy, write_named_files
from tests.conftest import WriteCluster
from tests.wso2_as_support import loaded, server

GATEWAY = {
    "product": "kaazing",
    "artifact": {"file": "artifacts/gateway.zip"},
    "kaazing": {"host": "gateway.example.org"},
}

Built = list[tuple[Any, ...]]


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Built:
    """Have builds only noted, each with a folder of its own in a cache of its own."""
    made: Built = []

    def builder(product: str) -> Callable[..., Path]:
        def build(*given: Any) -> Path:
            made.append((product, *given[:-1]))
            folder = tmp_path / "cache" / "doubles" / product
            folder.mkdir(parents=True, exist_ok=True)
            return folder / str(given[-2])

        return build

    monkeypatch.setenv("MUSTER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(appserver, "build_appserver", builder("wso2-as"))
    monkeypatch.setattr(axonivy, "build_axonivy", builder("axonivy"))
    monkeypatch.setattr(kaazing, "build_kaazing", builder("kaazing"))
    return made


def placed(folder: Path, file: Path) -> Cluster:
    """Return the cluster of `file` as if it lay in `folder`, with nothing beside it."""
    folder.mkdir()
    return load(file.rename(folder / file.name))


@pytest.fixture
def engines(write_cluster: WriteCluster, tmp_path: Path) -> Cluster:
    return placed(tmp_path / "clusters", write_cluster(**ivy({"version": "9.4"})))


@pytest.fixture
def gateways(write_cluster: WriteCluster, tmp_path: Path) -> Cluster:
    return placed(tmp_path / "clusters", write_cluster(**GATEWAY))


def test_every_product_has_one() -> None:
    assert sorted(DOUBLES) == names() == sorted(PRODUCTS)


def test_an_engine_is_built_for_its_version_and_its_file(engines: Cluster, built: Built) -> None:
    assert stand_in(engines).name == "ivy.zip"
    assert built == [("axonivy", "9.4", "ivy.zip")]
    assert told(engines) == (
        "a double of axonivy stands in for it, a Tomcat 9 with JGroups in the place of the engine 9.4"
    )


def test_a_gateway_is_the_real_one(gateways: Cluster, built: Built) -> None:
    assert stand_in(gateways).name == "gateway.zip"
    assert built == [("kaazing", "gateway.zip")]
    assert told(gateways) == "the real Kaazing Gateway 5.6.2, of its parts in Maven Central, stands in for it"


@pytest.mark.parametrize("version", sorted(KERNELS))
def test_an_application_server_is_built_for_its_version_and_its_file(
    version: str, tmp_path: Path, built: Built
) -> None:
    servers = loaded(server({"version": version}), tmp_path)
    assert stand_in(servers).name == "wso2as-5.3.0.zip"
    assert told(servers) == (
        "a double of wso2-as stands in for it, with Hazelcast 3.5.4 and the real client of Subversion, "
        f"for version {version}"
    )
    assert built == [("wso2-as", version, "wso2as-5.3.0.zip")]


def test_a_product_without_one_is_refused(gateways: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(DOUBLES, "kaazing")
    with pytest.raises(BuildError, match="there is no double of kaazing; there are: "):
        stand_in(gateways)


@pytest.mark.usefixtures("built")
def test_a_licence_stands_beside_the_double_under_its_name_and_is_none(engines: Cluster) -> None:
    licence = stand_in(engines).with_name("ivy.lic")
    assert licence.read_text().startswith("# ")
    assert "nodes=" not in licence.read_text()


@pytest.mark.usefixtures("built")
def test_a_licence_that_is_there_has_nothing_in_its_place(engines: Cluster) -> None:
    write_named_files(engines.folder)
    assert stand_in_licence(engines) is None
    assert not stand_in(engines).with_name("ivy.lic").exists()


@pytest.mark.usefixtures("built")
def test_a_product_without_a_licence_gets_none(gateways: Cluster) -> None:
    assert stand_in_licence(gateways) is None


@pytest.mark.usefixtures("built")
def test_a_rehearsal_says_that_neither_engine_nor_licence_is_there(
    engines: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = rehearse.find_artifacts(engines, Progress())
    assert folder is not None
    assert (folder / "ivy.lic").is_file()
    said = capsys.readouterr().out
    assert "artifacts/ivy.zip is not there: a double of axonivy stands in for it, a Tomcat 9 with JGroups" in said
    assert "artifacts/ivy.lic is not there: a file that is no licence stands in for it" in said


def test_an_engine_that_is_there_needs_a_licence_alone(
    engines: Cluster, built: Built, capsys: pytest.CaptureFixture[str]
) -> None:
    write_named_files(engines.folder)
    (engines.folder / "artifacts" / "ivy.lic").unlink()
    folder = rehearse.find_artifacts(engines, Progress())
    assert folder == store.shelf("licences")
    assert (folder / "ivy.lic").is_file()
    assert built == []
    assert "a double" not in capsys.readouterr().out


def test_with_everything_there_nothing_stands_in(engines: Cluster, built: Built) -> None:
    write_named_files(engines.folder)
    assert rehearse.find_artifacts(engines, Progress()) is None
    assert built == []


@pytest.mark.usefixtures("built")
def test_a_rehearsal_of_gateways_says_that_they_are_real(gateways: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    rehearse.find_artifacts(gateways, Progress())
    said = capsys.readouterr().out
    assert "artifacts/gateway.zip is not there: the real Kaazing Gateway 5.6.2, of its parts in Maven Central," in said
    assert "double of" not in said
