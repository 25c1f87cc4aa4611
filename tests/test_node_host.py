"""What is put on a host: units, front, data volume, the application's H2, files."""

import io
import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from musternode import files, front, stages, units
from musternode.commands import run
from musternode.failure import Failure
from musternode.h2 import jar, text
from musternode.h2.store import Store
from musternode.paths import Paths
from musternode.products import as400gateway
from tests.node_support import ADMIN, settings


def all_units() -> dict[str, str]:
    """Return the units of node a."""
    chosen = settings()
    return units.units(chosen, chosen.member("a"), as400gateway.layout(chosen), Paths())


def test_h2_is_never_restarted_nor_enabled_and_runs_as_its_own_user() -> None:
    text_of = all_units()["muster-h2.service"]
    for line in ("User=muster-h2", "Restart=no", "NoNewPrivileges=yes", "ProtectSystem=strict", "UMask=0077"):
        assert f"\n{line}\n" in text_of
    assert "[Install]" not in text_of
    assert "-Dh2.bindAddress=127.0.1.1 " in text_of
    assert "org.h2.tools.Server -tcp -tcpAllowOthers -tcpPort 9092" in text_of


def test_only_volume_member_readiness_and_agent_start_at_boot() -> None:
    assert {name for name, text_of in all_units().items() if "[Install]" in text_of} == set(units.ENABLED)


def test_the_schema_run_reads_the_administrators_configuration_after_the_products() -> None:
    line = "SPRING_CONFIG_ADDITIONALLOCATION=file:/opt/as400gateway/config/"
    assert f"{line}\n" in all_units()["as400gateway.service"]
    assert f"{line},file:/run/muster-schema/\n" in all_units()["as400gateway-schema.service"]


def test_the_agent_is_nobody_and_reads_only_the_journal() -> None:
    """It cannot read what root keeps for itself: passwords among it."""
    text_of = all_units()[units.AGENT]
    for line in ("DynamicUser=yes", "SupplementaryGroups=systemd-journal", "ProtectSystem=strict", "Restart=always"):
        assert f"\n{line}\n" in text_of
    assert "-m musternode agent eu-west-1 as400 a 127.0.1.1 127.0.1.2 9093\n" in text_of


def test_nothing_needs_the_agent() -> None:
    others = [text_of for name, text_of in all_units().items() if name != units.AGENT]
    assert not any(units.AGENT in text_of for text_of in others)


def test_units_are_valid_to_systemd(tmp_path: Path) -> None:
    for name, text_of in all_units().items():
        program = text_of.replace("/usr/bin/java", "/bin/true").replace("/usr/bin/python3", "/bin/true")
        (tmp_path / name).write_text(program.replace("/opt/as400gateway/executable-jars/", "/bin/"))
    jars = (tmp_path / "as400gateway.service", tmp_path / "as400gateway-schema.service")
    for file in jars:
        file.write_text(file.read_text().replace("/bin/as400-common-api-1.0.0.jar", "/bin/true"))
    command = ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert _complaints(done.stderr, tmp_path) == []
    (tmp_path / "wrong.service").write_text("[Service]\nExecStart=/bin/true\nNoNewPriveleges=yes\n")
    done = subprocess.run([*command, str(tmp_path / "wrong.service")], capture_output=True, text=True, check=False)
    assert len(_complaints(done.stderr, tmp_path)) == 1  # the control


def _complaints(said: str, folder: Path) -> list[str]:
    return [line for line in said.splitlines() if str(folder) in line or "muster" in line]


def test_a_front_lets_in_one_address_or_all() -> None:
    assert "ip saddr != 10.64.1.11 tcp dport 9092 reject with tcp reset" in front.ruleset(
        "10.64.0.10", 9092, "10.64.1.11"
    )
    assert "reject" not in front.ruleset("10.64.0.10", 9092, None)


@pytest.mark.host
@pytest.mark.parametrize("only", [None, "10.64.0.10"])
def test_the_kernel_understands_the_front(only: str | None) -> None:
    subprocess.run(["nft", "--check", "-f", "-"], input=front.ruleset("10.64.0.10", 9092, only), text=True, check=True)


def application(*names: str, inner: bytes | None = None) -> bytes:
    """Return a fully executable jar: a script, then the zip."""
    h2 = io.BytesIO()
    with zipfile.ZipFile(h2, "w") as archive:
        archive.writestr("org/h2/Driver.class", "x")
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name in names:
            archive.writestr(name, h2.getvalue() if inner is None else inner)
    return b"#!/bin/bash\nexit 0\n" + whole.getvalue()


def test_h2_comes_out_of_an_executable_jar(tmp_path: Path) -> None:
    (tmp_path / "a.jar").write_bytes(application("BOOT-INF/lib/h2-1.4.199.jar", "BOOT-INF/lib/h2-extra.txt"))
    assert jar.extract(tmp_path / "a.jar", tmp_path / "h2.jar") == "1.4.199"
    assert zipfile.ZipFile(tmp_path / "h2.jar").namelist() == ["org/h2/Driver.class"]


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (application("BOOT-INF/lib/other.jar"), "found: none"),
        (application("BOOT-INF/lib/h2-1.4.199.jar", "BOOT-INF/lib/h2-2.4.240.jar"), "h2-2.4.240"),
        (application("BOOT-INF/lib/h2-1.4.199.jar", inner=b"torn"), "damaged"),
        (b"no jar", "is not a jar"),
    ],
)
def test_a_jar_without_one_whole_h2_is_refused(tmp_path: Path, content: bytes, named: str) -> None:
    (tmp_path / "a.jar").write_bytes(content)
    with pytest.raises(Failure, match=named):
        jar.extract(tmp_path / "a.jar", tmp_path / "h2.jar")


def test_data_of_another_machine_or_of_before_leaving_counts_less(tmp_path: Path) -> None:
    own, other = (Store(tmp_path / "h2", "connections", machine=machine) for machine in ("1", "2"))
    own.ready()
    assert own.disk() == "empty"
    (tmp_path / "h2" / "connections.mv.db").write_text("x")
    own.mark()
    assert (own.disk(), other.disk()) == ("held", "old")
    own.outdate()
    assert (own.disk(), own.held()) == ("old", True)


def test_only_marked_data_counts_and_the_last_set_aside_is_kept(tmp_path: Path) -> None:
    store = Store(tmp_path / "h2", "connections")
    store.ready()
    for content in ("one", "two"):
        (tmp_path / "h2" / "connections.mv.db").write_text(content)
        assert not store.held()
        store.mark()
        assert store.held()
        store.set_aside()
        assert not store.held()
    (kept,) = (tmp_path / "h2").glob(".stale-*/connections.mv.db")
    assert kept.read_text() == "two"


def test_a_file_is_written_whole_and_only_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "x"
    assert files.write(file, b"1", mode=0o600)
    assert file.stat().st_mode & 0o7777 == 0o600
    assert not files.write(file, b"1", mode=0o600)
    before = file.stat().st_ino
    assert not files.write(file, b"1", mode=0o640)
    assert file.stat().st_ino != before
    assert [one.name for one in tmp_path.iterdir()] == ["x"]


def test_the_asset_in_force_is_changed_in_one_step(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    assert stages.link_asset(tmp_path / "current", tmp_path / "old")
    assert stages.link_asset(tmp_path / "current", tmp_path / "new")
    assert not stages.link_asset(tmp_path / "current", tmp_path / "new")
    assert (tmp_path / "current").resolve() == tmp_path / "new"


@pytest.mark.parametrize("value", ["", "plain", "q'\"d;", "\\u0041", "a\nb", "\u00e9\U0001f600"])
def test_a_literal_is_ascii_without_quotes_or_line_ends_of_its_own(value: str) -> None:
    inner = text.literal(value).removeprefix("STRINGDECODE('").removesuffix("')")
    assert json.loads(f'"{inner}"') == value
    assert not set(inner) & set("';\n")


def test_a_strange_user_name_is_refused() -> None:
    with pytest.raises(Failure, match="user name"):
        text.user("a'; DROP")


def test_java_reads_an_argument_file_as_it_was_meant(tmp_path: Path) -> None:
    """The launcher itself is asked, by a property that it prints."""
    (tmp_path / "args").write_text(
        text.argument_file([f"-Dprobe={ADMIN.password}", "-XshowSettings:properties", "-version"])
    )
    said = run(["java", f"@{tmp_path / 'args'}"]).stderr
    assert f"probe = {ADMIN.password}\n" in said


def test_a_program_that_fails_is_named_with_its_last_line() -> None:
    with pytest.raises(Failure, match=r"`sh -c echo one.* ended with 3: two"):
        run(["sh", "-c", "echo one >&2; echo two >&2; exit 3"])
    with pytest.raises(Failure, match="nosuchprogram is not installed"):
        run(["nosuchprogram"])


def test_the_products_files_get_their_values_and_keep_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owners: list[Any] = []
    monkeypatch.setattr("musternode.files.shutil.chown", lambda *_, **given: owners.append(given))
    monkeypatch.setattr("musternode.files._owned", lambda *_: True)
    place = as400gateway.Layout(tmp_path, "as400-common-api-1.0.0.jar")
    place.config.mkdir()
    place.properties.write_bytes(b"# mine\nserver.port=8080\n")
    url = "jdbc:h2:tcp://10.64.0.10:9092,10.64.1.11:9092/./connections"
    assert as400gateway.configure(place, url, ADMIN)
    assert place.properties.read_bytes().startswith(f"# mine\nserver.port=8080\nspring.datasource.url={url}\n".encode())
    assert place.properties.stat().st_mode & 0o7777 == 0o640
    assert owners[0] == {"group": "as400gateway"}
    assert not as400gateway.configure(place, url, ADMIN)
