"""What is put on a host: units, the application's H2, files."""

import io
import json
import re
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from musternode import files, stages, units
from musternode.between import passage
from musternode.commands import run
from musternode.failure import Failure
from musternode.h2 import jar, text
from musternode.h2.database import UNIT as H2
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


def test_h2_listens_on_loopback_alone() -> None:
    """Whoever reaches its port can make a database of his own, and runs code in it."""
    text_of = all_units()["muster-h2.service"]
    assert "-Dh2.bindAddress=127.0.0.1 " in text_of
    assert "org.h2.tools.Server -tcp -tcpPort 9092" in text_of
    assert "AllowOthers" not in text_of


def test_nothing_of_h2_but_its_tcp_server_is_started() -> None:
    """Neither its web console nor its server for PostgreSQL's clients."""
    for text_of in all_units().values():
        assert not re.search(r"\s-(?:web|pg|browser|tool)", text_of), text_of


def test_only_volume_gate_member_readiness_and_agent_start_at_boot() -> None:
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
    assert "-m musternode agent eu-west-1 as400 a\n" in text_of


def test_the_gate_outlives_its_own_faults_and_has_time_to_step_out() -> None:
    text_of = all_units()[units.GATE]
    for line in ("Restart=always", "RestartSec=0.2", "TimeoutStopSec=60", "KillMode=mixed", "OOMScoreAdjust=-900"):
        assert f"\n{line}\n" in text_of
    assert "StartLimitIntervalSec=0\n" in text_of.split("[Service]")[0]


def test_the_gate_may_change_the_kernels_tables_and_little_else() -> None:
    text_of = all_units()[units.GATE]
    (held,) = (line.split("=")[1].split() for line in text_of.splitlines() if line.startswith("CapabilityBounding"))
    assert "CAP_NET_ADMIN" in held
    assert not {"CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SYS_PTRACE", "CAP_SYS_MODULE"} & set(held)
    assert "\nRestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK\n" in text_of


def test_the_gate_has_no_order_with_the_server_that_it_stops() -> None:
    """Systemd would let its own end wait for the end of H2, and that for its own, which it waits for."""
    found = all_units()
    assert "muster-h2" not in found[units.GATE]
    assert not any(line.startswith(("After=", "Before=")) and "gate" in line for line in found[H2].splitlines())


def test_at_a_shutdown_the_gate_ends_before_its_front_to_the_other_node_does() -> None:
    """The other node hears that this one leaves; a front that ended first would be a lost wire to it."""
    (after,) = (line for line in all_units()[units.GATE].splitlines() if line.startswith("After="))
    assert passage.UNIT in after.split()


def test_another_program_changes_the_units_of_gate_and_agent_and_of_no_other() -> None:
    """These run it; the member and the rest begin anew by the link to the program in force."""
    chosen = settings()
    other = replace(chosen, asset=replace(chosen.asset, sha256="f" * 64))
    texts = [units.units(one, one.member("a"), as400gateway.layout(one), Paths()) for one in (chosen, other)]
    assert {name for name in texts[0] if texts[0][name] != texts[1][name]} == {units.GATE, units.AGENT}


@pytest.mark.parametrize(
    "changes",
    [{"takeover_interval": 0}, {"members": settings(absent="b").members}, {"generation": "x", "wait_url": "http://y/"}],
    ids=str,
)
def test_what_the_gate_reads_by_itself_changes_no_unit(changes: dict[str, Any]) -> None:
    chosen = settings()
    other = replace(chosen, **changes)
    texts = [units.units(one, one.member("a"), as400gateway.layout(one), Paths()) for one in (chosen, other)]
    assert texts[0] == texts[1]


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


def test_what_nft_says_is_its_error_and_not_the_mark_below_it() -> None:
    with pytest.raises(Failure, match="/dev/stdin:1:5-8: Error: syntax error"):
        run(
            ["sh", "-c", "printf '%s\\n' '/dev/stdin:1:5-8: Error: syntax error' 'add nonsense' '    ^^^^' >&2; exit 1"]
        )


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
