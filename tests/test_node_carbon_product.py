"""A distribution of a WSO2 product unpacked, and what is written into its configuration."""

import shutil
import stat
import zipfile
from pathlib import Path

import pytest

from musternode import files
from musternode.carbon import clustering, product
from musternode.carbon.clustering import Clustering
from musternode.carbon.kind import KIND
from musternode.failure import Failure
from musternode.servers import distribution
from tests.node_carbon import chosen

WANTED: Clustering = clustering.of(chosen(), "a")
TOP = "wso2-carbon-4.10.126"
AXIS2 = b"<axisconfig>\n    <!-- kept -->\n    <clustering class='x' enable='false'/>\n</axisconfig>\n"
TOML = b'[server]\nhostname = "x" # kept\n'
CONTENT = {
    "bin/wso2server.sh": b"#!/bin/sh\n",
    "bin/tool": b"#!/bin/sh\n",
    "repository/conf/deployment.toml": TOML,
    "repository/components/": b"",
}


@pytest.fixture(autouse=True)
def given(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """Return name, user and mode of each path in the order in which they are given to a user; nobody has to exist."""
    made: list[tuple[str, str, str]] = []

    def chown(path: Path | int, user: str = "", group: str = "") -> None:
        if isinstance(path, Path):  # not a file that is still open
            made.append((path.name, user or group, stat.filemode(path.stat().st_mode)))

    monkeypatch.setattr(shutil, "chown", chown)
    monkeypatch.setattr(files, "_owned", lambda *_: True)
    return made


def packed(folder: Path, content: dict[str, bytes], top: str = TOP) -> Path:
    """Return an archive with `content` in its folder `top`."""
    archive = folder / "product.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in content.items():
            made.writestr(f"{top}/{name}" if top else name, text)
    return archive


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack a distribution; return the product's own home in it."""
    distribution.unpack(archive, folder, "wso2", KIND.runs)
    return KIND.home_in(folder, archive.name)


def unpacked(folder: Path, content: dict[str, bytes] = CONTENT, top: str = TOP) -> Path:
    """Return the home of a product with `content`."""
    return unpack(packed(folder, content, top), folder / "unpacked")


def rest(folder: Path) -> list[str]:
    """Return what stands in `folder` beside the archive."""
    return sorted(file.name for file in folder.iterdir() if file.name != "product.zip")


def test_a_distribution_is_unpacked_below_its_one_folder(tmp_path: Path) -> None:
    home = unpacked(tmp_path)
    assert home == tmp_path / "unpacked" / TOP
    assert (home / "repository/conf/deployment.toml").read_bytes() == TOML
    assert (home / "repository/components").is_dir()
    assert rest(tmp_path) == ["unpacked"]


def test_all_of_it_is_the_users_and_nobody_elses_and_scripts_may_be_run(
    tmp_path: Path, given: list[tuple[str, str, str]]
) -> None:
    unpacked(tmp_path)
    assert {user for _, user, _ in given} == {"wso2"}
    modes = {name: mode for name, _, mode in given}
    assert modes["wso2server.sh"] == "-rwxr-x---"
    assert modes["deployment.toml"] == modes["tool"] == "-rw-r-----"
    assert modes[TOP] == modes["conf"] == modes["components"] == "drwxr-x---"
    assert (tmp_path / "unpacked").stat().st_mode & 0o777 == 0o750


def test_no_folder_is_the_users_while_something_in_it_is_yet_to_be_given(
    tmp_path: Path, given: list[tuple[str, str, str]]
) -> None:
    """The user could put a link to another's file in its place."""
    unpacked(tmp_path)
    order = [name for name, _, _ in given]
    for inner, outer in (("deployment.toml", "conf"), ("conf", "repository"), ("repository", TOP), ("bin", TOP)):
        assert order.index(inner) < order.index(outer)
    assert order[-1] == ".unpacked.part"


def test_what_is_unpacked_is_not_unpacked_again(tmp_path: Path) -> None:
    home = unpacked(tmp_path)
    (home / "wso2carbon.pid").write_text("1")
    assert unpack(tmp_path / "there is none.zip", tmp_path / "unpacked") == home
    assert (home / "wso2carbon.pid").is_file()


def test_a_fault_in_the_midst_leaves_nothing_that_counts_and_the_next_time_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(distribution, "_settle", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            unpacked(tmp_path)
    assert not (tmp_path / "unpacked").exists()
    (tmp_path / ".unpacked.part" / "other").mkdir()
    assert unpacked(tmp_path).name == TOP


def test_entries_that_lead_outside_stay_inside_and_links_are_left_out(tmp_path: Path) -> None:
    archive = packed(tmp_path, CONTENT)
    with zipfile.ZipFile(archive, "a") as made:
        made.writestr(f"../{TOP}/climbed", b"x")
        made.writestr(f"/{TOP}/absolute", b"x")
        link = zipfile.ZipInfo(f"{TOP}/repository/link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(link, b"/etc")
        made.writestr(f"{TOP}/repository/link2/file", b"x")
    home = unpack(archive, tmp_path / "unpacked")
    assert not (home / "repository/link").exists()
    assert {file.name for file in home.iterdir()} >= {"climbed", "absolute"}
    assert rest(tmp_path) == ["unpacked"]


@pytest.mark.parametrize(
    ("content", "top"),
    [
        ({"one/repository/conf/x": b"", "two/repository/conf/x": b""}, ""),
        ({"repository/conf/x": b""}, ""),
        ({"bin/wso2server.sh": b""}, TOP),
        ({"x": b""}, ""),
        ({}, ""),
    ],
)
def test_an_archive_without_a_single_folder_of_a_product_is_refused(
    tmp_path: Path, content: dict[str, bytes], top: str
) -> None:
    with pytest.raises(Failure, match=r"product\.zip is no distribution of a WSO2 product: it needs one folder with"):
        unpacked(tmp_path, content, top)


def test_what_a_mac_adds_to_an_archive_does_no_harm(tmp_path: Path) -> None:
    added = {f"{TOP}/{name}": text for name, text in CONTENT.items()}
    assert unpacked(tmp_path, {**added, "__MACOSX/x": b"", ".DS_Store": b""}, "").name == TOP


@pytest.mark.parametrize("top", ["wso2 am", "wso2%n", 'wso2"', "wso2;x", "wso2$x"])
def test_a_folder_whose_name_a_unit_would_read_otherwise_is_refused(tmp_path: Path, top: str) -> None:
    with pytest.raises(Failure, match="name it of letters, digits"):
        unpacked(tmp_path, CONTENT, top)


def test_what_is_no_zip_archive_is_refused_by_name(tmp_path: Path) -> None:
    archive = packed(tmp_path, {**CONTENT, "long": b"a" * 5000})
    whole = archive.read_bytes()
    place = whole.index(b"long") + len(b"long")
    for broken in (b"", b"PK", b"no zip", whole[:-30], whole[:place] + b"\xff" * 20 + whole[place + 20 :]):
        archive.write_bytes(broken)
        with pytest.raises(Failure, match=r"product\.zip is no zip archive that can be read"):
            unpack(archive, tmp_path / "unpacked")
        assert not (tmp_path / "unpacked").exists()


def test_an_archive_that_is_encrypted_is_refused_by_name(tmp_path: Path) -> None:
    archive = packed(tmp_path, CONTENT)
    content = bytearray(archive.read_bytes())
    for head, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(head) + flags] |= 1
    archive.write_bytes(content)
    with pytest.raises(Failure, match="encrypted"):
        unpack(archive, tmp_path / "unpacked")


def test_an_archive_that_would_fill_the_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distribution, "LARGEST", 1 << 20)
    with pytest.raises(Failure, match="would have more than 0 GiB once it is unpacked"):
        unpacked(tmp_path, {**CONTENT, "bomb": b"\0" * (1 << 20)})
    assert not (tmp_path / "unpacked").exists()


@pytest.mark.parametrize("name", product.LAUNCHERS)
def test_the_script_that_starts_a_product_is_found_by_its_name(tmp_path: Path, name: str) -> None:
    home = unpacked(tmp_path, {f"bin/{name}": b"", "bin/other.sh": b"", "repository/conf/x": b""})
    assert product.launcher(home) == home / "bin" / name


def test_a_product_without_a_script_that_starts_it_is_refused(tmp_path: Path) -> None:
    home = unpacked(tmp_path, {"bin/other.sh": b"", "repository/conf/x": b""})
    with pytest.raises(Failure, match=rf"{TOP}/bin has none of wso2server\.sh"):
        product.launcher(home)


def configured(home: Path, config: str = "deployment.toml", heartbeat: int = 60) -> bool:
    """Configure the product at `home`."""
    return product.configure(home, config, WANTED, heartbeat, "wso2")


def test_what_the_kernels_file_says_is_edited_and_the_second_time_changes_nothing(tmp_path: Path) -> None:
    home = unpacked(tmp_path)
    assert configured(home)
    content = {file: file.read_bytes() for file in (home / "repository/conf").rglob("*") if file.is_file()}
    assert b'membership_scheme = "aws"' in content[home / "repository/conf/deployment.toml"]
    assert b'hostname = "x" # kept' in content[home / "repository/conf/deployment.toml"]
    assert not configured(home)
    assert content == {file: file.read_bytes() for file in content}


def test_an_older_kernels_file_is_edited_and_its_engine_is_tuned(tmp_path: Path) -> None:
    home = unpacked(tmp_path, {"repository/conf/axis2/axis2.xml": AXIS2})
    assert configured(home, "axis2.xml")
    text = (home / "repository/conf/axis2/axis2.xml").read_bytes()
    assert b"<!-- kept -->" in text
    assert b'<parameter name="membershipScheme">aws</parameter>' in text
    tuned = (home / "repository/conf/hazelcast.properties").read_bytes()
    assert b"hazelcast.max.no.heartbeat.seconds=60" in tuned.replace(b" ", b"")


@pytest.mark.parametrize("config", ["axis2.xml", "deployment.toml"])
def test_a_product_that_has_the_other_file_alone_is_configured_there(tmp_path: Path, config: str) -> None:
    other = {"axis2.xml": {"repository/conf/deployment.toml": TOML}}
    home = unpacked(tmp_path, other.get(config, {"repository/conf/axis2/axis2.xml": AXIS2}))
    assert configured(home, config)
    assert not configured(home, config)


@pytest.mark.parametrize(
    ("config", "named"), [("axis2.xml", "repository/conf/axis2/axis2.xml"), ("deployment.toml", "deployment.toml")]
)
def test_a_product_that_has_neither_is_refused_by_the_name_of_its_own(tmp_path: Path, config: str, named: str) -> None:
    home = unpacked(tmp_path, {"repository/conf/x": b""})
    with pytest.raises(Failure, match=rf"{named} is not in the distribution; nothing tells the product of its cluster"):
        configured(home, config)


def test_a_file_that_cannot_be_edited_is_named_once_and_stays_as_it_was(tmp_path: Path) -> None:
    broken = AXIS2.replace(b"</axisconfig>", b"")
    home = unpacked(tmp_path, {"repository/conf/axis2/axis2.xml": broken})
    with pytest.raises(Failure) as refused:
        configured(home, "axis2.xml")
    assert str(refused.value).count("repository/conf/axis2/axis2.xml") == 1
    assert (home / "repository/conf/axis2/axis2.xml").read_bytes() == broken


def test_what_is_written_may_be_read_by_the_product_and_nobody_else(tmp_path: Path) -> None:
    """The key of a user may stand in it."""
    home = unpacked(tmp_path)
    configured(home)
    assert (home / "repository/conf/deployment.toml").stat().st_mode & 0o777 == 0o640


def test_a_file_is_given_to_the_product_while_it_is_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name it could be another file by then: the folder is the product's."""
    home, by = unpacked(tmp_path), list[object]()
    monkeypatch.setattr(shutil, "chown", lambda path, **_: by.append(path))
    configured(home)
    assert by
    assert all(isinstance(one, int) for one in by)


def test_another_heartbeat_is_a_change(tmp_path: Path) -> None:
    home = unpacked(tmp_path)
    configured(home)
    assert configured(home, heartbeat=30)
    assert not configured(home, heartbeat=30)


@pytest.mark.parametrize("name", ["client-truststore.jks", "client-truststore.p12"])
def test_the_truststore_is_found_by_either_name(tmp_path: Path, name: str) -> None:
    home = unpacked(tmp_path, {**CONTENT, f"repository/resources/security/{name}": b""})
    assert product.truststore(home).name == name
    assert product.truststore(tmp_path).name == "client-truststore.jks"


def test_the_link_leads_from_one_distribution_to_the_next(tmp_path: Path) -> None:
    first, second, link = tmp_path / "1", tmp_path / "2", tmp_path / "current"
    first.mkdir()
    second.mkdir()
    assert distribution.link(link, first) == (True, None)
    assert distribution.link(link, first) == (False, first)
    (tmp_path / ".current").symlink_to("left by a crash")
    assert distribution.link(link, second) == (True, first)
    assert link.resolve() == second
    assert rest(tmp_path) == ["1", "2", "current"]


def test_distributions_of_before_go_and_the_one_in_use_and_all_else_stays(tmp_path: Path) -> None:
    used, before, half = tmp_path / ("a" * 16), tmp_path / ("b" * 16), tmp_path / f".{'c' * 16}.part"
    for folder in (used, before, half, tmp_path / "users-own"):
        (folder / "repository").mkdir(parents=True)
    (tmp_path / "current").symlink_to(used)
    distribution.tidy(tmp_path, {used})
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a" * 16, "current", "users-own"]
