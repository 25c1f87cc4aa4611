"""What a settings document makes of a node with an Axon.ivy engine, the first time and when it changes."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from musternode import host, rollback, settings
from musternode.axonivy import naming, product, shared
from musternode.axonivy.host import UNIT
from musternode.axonivy.kind import KIND
from musternode.axonivy.layout import Layout
from musternode.failure import Failure
from musternode.servers import rollout
from musternode.servers import stages as server_stages
from musternode.system import ensure_user
from musternode.units import AGENT, READINESS
from tests.node_axonivy import DOCUMENT, FILE_SYSTEM, SECRET, chosen, nodes
from tests.node_axonivy_machine import IVY_YAML, LICENCE, NEW, OTHER_LICENCE, TOMCAT, Machine, licence, machine
from tests.node_machine import Restart
from tests.node_servers import artifact
from tests.node_servers_machine import NEW_PROGRAM

STOP = [f"stop {UNIT}"]
PORTS = DOCUMENT["ports"]
OWN_IMAGE = {"file_system": None, "shared": "/srv/ivy"}


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Machine]:
    """Yield node a."""
    with machine(tmp_path) as made:
        yield made


def says(node: Machine) -> dict[str, Any]:
    """Return what the engine's main file says."""
    told: dict[str, Any] = yaml.safe_load(node.read(IVY_YAML))
    return told


def test_the_engine_is_told_its_ports_its_database_and_its_folder(node: Machine) -> None:
    told = says(node)
    assert told["Connector"]["HTTP"] == {"Enabled": True, "Port": 8080}
    url = DOCUMENT["settings"]["database"]["url"]
    assert told["SystemDb"] == {"Url": url, "UserName": "ivy-user", "Password": "secret-one"}
    assert told["Data"]["Directory"] == "/mnt/axonivy/data"
    assert told["BaseUrl"] == "https://ivy.example.org"
    assert told["Administrators"]["admin"]["Password"] == "${hash:admin}"


def test_it_is_told_its_own_address_and_those_of_all_members(node: Machine) -> None:
    talk = node.read("configuration/jgroups.xml")
    assert 'bind_addr="10.0.1.10" bind_port="7800"' in talk
    assert 'initial_hosts="10.0.1.10[7800],10.0.1.11[7800],10.0.1.12[7800]"' in talk


def test_doing_all_again_changes_nothing(node: Machine) -> None:
    before = node.facts()
    assert server_stages.install(KIND, node.host()) == set()
    assert not server_stages.configure(KIND, node.host())
    assert not server_stages.configure(KIND, node.host(), again=True)
    assert node.facts() == before
    assert node.services.said == []


def test_an_archive_may_have_a_folder_at_its_top_or_not(node: Machine) -> None:
    assert node.home == node.host().distribution
    node.apply(node.new(artifact=artifact(NEW)))
    assert node.home == node.host().distribution / "AxonIvyEngine"
    assert says(node)["SystemDb"]["Password"] == "secret-one"


@pytest.mark.parametrize("files", [[], ["bin/AxonIvyEngine"], ["a b/bin/AxonIvyEngine", "a b/configuration/ivy.yaml"]])
def test_an_archive_that_is_none_is_refused(tmp_path: Path, files: list[str]) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    with pytest.raises(Failure, match=r"engine\.zip"):
        product.engine_home(tmp_path, "engine.zip")


@pytest.mark.parametrize(
    ("path", "runs"),
    [
        ("bin/AxonIvyEngine", True),
        ("bin/EngineConfigCli", True),
        ("bin/control.sh", True),
        ("elasticsearch/bin/elasticsearch", True),
        ("bin/engine.conf", False),
        ("configuration/ivy.yaml", False),
        ("LICENSE", False),
    ],
)
def test_programs_are_what_may_be_run(path: str, runs: bool) -> None:
    assert KIND.runs(Path(path)) == runs


def test_the_licence_is_the_only_one(node: Machine) -> None:
    found = {file.name: file.read_text() for file in (node.home / "configuration").glob("*.lic")}
    assert found == {"licence.lic": "one licence"}


def test_another_licence_takes_its_place_and_the_engine_begins_anew(node: Machine) -> None:
    node.apply(node.new(licence(OTHER_LICENCE)))
    assert node.read("configuration/licence.lic") == "another licence"
    assert node.services.said == STOP


def test_a_licence_that_somebody_put_beside_it_is_removed(node: Machine) -> None:
    folder = node.home / "configuration"
    (folder / "OLD.LIC").write_text("another one")
    (folder / "link.lic").symlink_to("/nowhere")
    assert server_stages.configure(KIND, node.host())
    assert [file.name for file in folder.iterdir() if file.suffix.lower() == ".lic"] == ["licence.lic"]
    (folder / "folder.lic").mkdir()
    with pytest.raises(Failure, match=r"node a: configuration/folder\.lic is a folder"):
        server_stages.configure(KIND, node.host())


def test_files_with_a_secret_are_for_root_and_the_engine_alone(node: Machine) -> None:
    """Everybody on a host may read its units."""
    everything = [file for file in node.paths.root.rglob("*") if file.is_file() and not file.is_symlink()]
    holders = {file.name: file.stat().st_mode & 0o777 for file in everything if b"secret-one" in file.read_bytes()}
    assert holders == {"ivy.yaml": 0o640, "credentials.json": 0o600}
    licences = {file.name: file.stat().st_mode & 0o777 for file in everything if b"one licence" in file.read_bytes()}
    assert licences == {"licence.lic": 0o640, f"axonivy-{LICENCE[:16]}.lic": 0o600}


def test_no_sentence_or_log_tells_a_secret(node: Machine, caplog: pytest.LogCaptureFixture) -> None:
    node.cloud.password = "one${two}three"
    with pytest.raises(Failure) as refused:
        server_stages.configure(KIND, node.host())
    assert "the value of SystemDb.Password holds ${" in str(refused.value)
    node.cloud.password = "secret-one"
    (node.home / IVY_YAML).write_text("SystemDb: [\n")
    with pytest.raises(Failure) as broken:
        server_stages.configure(KIND, node.host())
    told = f"{refused.value}{broken.value}{caplog.text}"
    assert not [secret for secret in ("one${two}three", "secret-one") if secret in told]


def test_the_complaint_quotes_the_journal_without_the_password(node: Machine) -> None:
    node.services.mounted = True
    assert KIND.member(node.host()).complaint() == (
        "the engine does not say at /system/health port 8080 that it runs; it said: ERROR login with *** failed"
    )


def test_a_file_that_is_a_link_is_not_followed(node: Machine, tmp_path: Path) -> None:
    """The folder is the engine's own: it could have root read another one's file for it."""
    (tmp_path / "other").write_text("A: b\n")
    (node.home / IVY_YAML).unlink()
    (node.home / IVY_YAML).symlink_to(tmp_path / "other")
    with pytest.raises(Failure, match=r"node a: ivy\.yaml is a link"):
        server_stages.configure(KIND, node.host())


def test_the_host_is_called_as_the_route_says(node: Machine) -> None:
    assert node.name == "a"
    assert (node.paths.root / "etc/hostname").read_text() == "a\n"
    assert (node.paths.root / "etc/hosts").read_text() == "10.0.1.10 a # muster\n127.0.0.1 localhost\n"


def test_a_host_that_was_called_otherwise_begins_its_engine_anew(node: Machine) -> None:
    node.name = "ip-10-0-1-10"
    assert server_stages.configure(KIND, node.host())
    assert node.name == "a"


def test_other_lines_of_the_hosts_file_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(naming, "gethostname", lambda: "b")
    (tmp_path / "etc").mkdir()
    hosts = tmp_path / "etc/hosts"
    hosts.write_bytes(b"127.0.0.1 localhost\n10.0.1.9 a # muster\n\xff\n10.1.1.1 db")
    for _ in range(2):
        assert not naming.bring(tmp_path, "b", "10.0.1.11")
        assert hosts.read_bytes() == b"10.0.1.11 b # muster\n127.0.0.1 localhost\n\xff\n10.1.1.1 db"


def test_a_host_that_may_not_be_named_is_the_cause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(naming, "gethostname", lambda: "x")
    monkeypatch.setattr(naming, "sethostname", refuse)
    with pytest.raises(Failure, match="the host could not be named b, of which its engine makes its route"):
        naming.bring(tmp_path, "b", "10.0.1.11")


def test_a_tomcat_is_told_its_route_and_one_port(tmp_path: Path) -> None:
    with machine(tmp_path, {"nodes": nodes("abc", {"a": 2})}) as node:
        assert not (node.home / "conf/server.xml").exists()
        node.apply(node.new(artifact=artifact(TOMCAT)))
        text = node.read("conf/server.xml")
        assert 'jvmRoute="a"' in text
        assert (text.count("<Connector"), 'port="8080"' in text) == (1, True)


def test_another_weight_changes_the_rules_at_once_and_restarts_nothing(node: Machine) -> None:
    node.apply(node.new({"nodes": nodes("abc", {"a": 3})}))
    assert node.services.said == []
    (rules,) = node.rules
    assert "tcp dport { 8090, 8100 } dnat to 10.0.1.10:8080" in rules
    assert (node.paths.etc / "axonivy.nft").read_text() == rules


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"artifact": artifact(NEW)}, STOP),
        ({"names": "abcd"}, STOP),
        ({"absent": "b"}, STOP),
        ({"product": {"address": "https://other.example.org"}}, STOP),
        ({"product": {"database": {**DOCUMENT["settings"]["database"], "driver": "org.postgresql.Driver"}}}, STOP),
        ({"region": "eu-west-2"}, [f"enable {AGENT}", f"restart {AGENT}"]),
        ({"ports": {**PORTS, "readiness": 9999}}, [f"enable {READINESS}", f"restart {READINESS}"]),
    ],
)
def test_only_what_a_change_concerns_is_restarted(node: Machine, changes: dict[str, Any], said: list[str]) -> None:
    node.apply(node.new(**changes))
    assert node.services.said == said
    assert node.host().settings.generation == "new0new0new0new0"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"product": {"version": "13.1"}}, "from 12.0.9 to 13.1 one after the other"),
        ({"product": {"file_system": "fs-99999999"}}, "the shared folder of running members"),
    ],
)
def test_what_cannot_be_changed_one_after_the_other_is_refused_before_anything_is_touched(
    node: Machine, changes: dict[str, Any], named: str
) -> None:
    before = node.facts()
    with pytest.raises(Failure, match=f"node a: .*{named}"):
        node.apply(node.new(**changes))
    assert (node.facts(), node.services.said, node.cloud.calls) == (before, [], [])


def test_a_program_that_cannot_read_the_document_leaves_it_to_the_one_that_it_names(node: Machine) -> None:
    asset = {"bucket": "assets", "key": "k", "sha256": NEW_PROGRAM}
    node.apply(node.new({"unheard_of": 1}, asset=asset))
    assert node.paths.current.resolve().name == NEW_PROGRAM[:16]
    assert node.services.said == []


def test_another_password_reaches_the_engine_with_the_next_document(node: Machine) -> None:
    node.cloud.password = "secret-two"
    node.apply(node.new(formation_timeout=600))
    assert says(node)["SystemDb"]["Password"] == "secret-two"
    assert node.services.said == STOP


def test_the_way_back_asks_nothing_of_aws_and_takes_licence_and_password_of_before(node: Machine) -> None:
    before = node.facts()
    node.cloud.password = "secret-two"
    node.apply(node.new(licence(OTHER_LICENCE)))
    node.cloud.broken = "all"
    gone = json.loads(node.new(licence(OTHER_LICENCE)))
    with contextlib.suppress(Restart):
        rollback.go_back(node.paths, node.host().identity, settings.outline(json.dumps(gone)), "it is sick")
    rollout.finish(KIND, node.host())
    after = node.facts()
    assert {place: text.split(" ", 1)[1] for place, text in after.items()} == {
        place: text.split(" ", 1)[1] for place, text in before.items()
    }
    assert host.unfinished(node.paths) is None


def test_a_document_that_fails_half_way_is_broken_and_names_node_and_cause(node: Machine) -> None:
    node.cloud.broken = SECRET
    with pytest.raises(rollout.Broken, match=f"node a: {SECRET} had no answer"):
        node.apply(node.new(names="abcd"))


def test_a_node_that_is_to_leave_is_left_as_it_is(node: Machine) -> None:
    before = node.facts()
    node.apply(node.new(absent="a", product={"nodes": nodes("bc")}))
    assert (node.facts(), node.services.said) == (before, [])


def test_packages_for_efs_are_brought_where_there_is_one(tmp_path: Path) -> None:
    with machine(tmp_path / "one") as node:
        assert KIND.packages(node.host()) == {"mount.efs": "amazon-efs-utils"}
    (tmp_path / "two/srv/ivy").mkdir(parents=True)
    with machine(tmp_path / "two", OWN_IMAGE) as node:
        assert KIND.packages(node.host()) == {}
        assert says(node)["Data"]["Directory"] == "/srv/ivy/data"


def test_folders_that_all_share_begin_with_what_the_archive_has_of_them(node: Machine) -> None:
    assert (node.shared / "applications/demo/app.txt").read_text() == "an application that was shipped"
    assert (node.shared / "data").is_dir()
    assert (node.home / "applications").readlink() == node.shared / "applications"
    assert sorted(file.name for file in node.shared.iterdir()) == ["applications", "data"]


def test_what_stands_in_them_stays_with_another_archive(node: Machine) -> None:
    app = node.shared / "applications/demo/app.txt"
    app.write_text("a newer one")
    node.apply(node.new(artifact=artifact(NEW)))
    assert app.read_text() == "a newer one"
    assert (node.home / "applications/demo/app.txt").read_text() == "a newer one"


def test_of_two_nodes_that_make_a_folder_at_once_the_first_one_counts(
    node: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(_: Path) -> None:
        (node.shared / "fresh/of-the-other").mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr(shared, "own", other)
    shared._make(node.shared / "fresh", node.shared / "applications", "a")
    assert [file.name for file in (node.shared / "fresh").iterdir()] == ["of-the-other"]
    assert not (node.shared / ".fresh.a").exists()


def test_what_is_shared_is_owned_by_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = list[tuple[Path, int, int, bool]]()
    monkeypatch.setattr(
        os,
        "chown",
        lambda path, user, group, *, follow_symlinks: given.append((path, user, group, follow_symlinks)),
    )
    shared.own(tmp_path)
    assert given == [(tmp_path, 7801, 7801, False)]


def test_a_server_that_lets_root_do_nothing_is_named_with_the_number(
    node: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(shared, "own", refuse)
    with pytest.raises(Failure, match=r"node a: a folder in /mnt/axonivy could not be .* given to ivy.* number 7801's"):
        server_stages.configure(KIND, node.host())


def test_a_mount_that_fails_names_port_target_and_leave(node: Machine) -> None:
    node.services.mounted, node.services.faults = False, 1
    with pytest.raises(Failure) as refused:
        server_stages.configure(KIND, node.host())
    for part in (f"node a: {FILE_SYSTEM}", "TCP 2049", "mount target in zone z", "ClientMount", "no route"):
        assert part in str(refused.value)


def test_it_is_tried_again_for_as_long_as_a_new_target_needs(node: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "PATIENCE", 5.0)
    monkeypatch.setattr(shared, "EVERY", 0.01)
    node.services.mounted, node.services.faults = False, 3
    server_stages.configure(KIND, node.host())
    assert node.services.said == [f"start {shared.MOUNT}"] * 4


def test_a_folder_that_the_image_has_not_mounted_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"node a: /srv/ivy is not there; axonivy\.shared names a folder that the image"):
        machine(tmp_path, OWN_IMAGE).__enter__()


def test_one_that_lies_on_the_nodes_own_disk_is_warned_about(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "srv/ivy").mkdir(parents=True)
    with machine(tmp_path, OWN_IMAGE):
        assert "lies on this node's own disk" in caplog.text


def test_before_each_start_the_host_is_named_and_the_folder_mounted(node: Machine) -> None:
    node.services.mounted, node.name = False, "ip-10-0-1-10"
    KIND.member(node.host()).product.start()
    assert (node.services.said, node.name) == ([f"start {shared.MOUNT}", f"start {UNIT}"], "a")


def test_an_engine_is_not_started_beside_an_empty_folder(node: Machine) -> None:
    """It would make folders of its own there, and share nothing."""
    (node.shared / "data").rmdir()
    with pytest.raises(Failure, match="data is not there; something else than before is mounted"):
        KIND.member(node.host()).product.start()
    assert node.services.said == []


def test_older_engines_share_other_folders_by_keys(tmp_path: Path) -> None:
    with machine(tmp_path, {"version": "9.1"}) as node:
        assert {file.name for file in node.shared.iterdir()} == {"files", "applications"}
        assert says(node)["Data"] == {
            "FilesDirectory": "/mnt/axonivy/files",
            "AppDirectory": "/mnt/axonivy/applications",
        }
        assert not (node.home / "applications").is_symlink()


def test_the_user_has_the_same_number_on_all_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    commands = list[list[str]]()
    monkeypatch.setattr("musternode.system.run", lambda argv: commands.append([*argv]))
    with pytest.raises(Failure, match="the user muster-nobody could not be made"):
        ensure_user("muster-nobody", "/opt/ivy", KIND.number)
    assert commands[0] == ["groupadd", "--force", "--system", "--gid", "7801", "muster-nobody"]
    assert commands[1][:6] == ["useradd", "--system", "--uid", "7801", "--gid", "muster-nobody"]
    with pytest.raises(Failure, match="user and group root have the numbers 0 here and need 7801"):
        ensure_user("root", "/root", KIND.number)
    ensure_user("root", "/root")
    assert len(commands) == 2


def test_the_layout_of_the_archive_is_what_the_engine_expects(node: Machine) -> None:
    assert Layout(node.home).program.stat().st_mode & 0o777 == 0o750


def test_a_node_goes_back_to_other_settings_but_to_no_other_version_of_the_engine() -> None:
    before = chosen("a")
    assert KIND.returns(before, chosen("a", generation="new"))
    assert not KIND.returns(before, chosen("a", product={"version": "13.1"}, generation="new"))
