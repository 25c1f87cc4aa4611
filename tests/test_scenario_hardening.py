"""The checks of a node's confinement see what they are for: each is broken once in a running cluster, and mended.

The tests share one cluster.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rehearsal.checks import hardening, listening, out_of_reach
from rehearsal.checks.check import AnyCheck
from rehearsal.drive import Rehearsal
from rehearsal.poll import poll
from tests.scenario_support import EXAMPLE, Bench, deployed_example, leaves_nothing, story

pytestmark = [pytest.mark.host, pytest.mark.scenario, pytest.mark.full]

DROP_IN = "/run/systemd/system/muster-readiness.service.d"
LIFTED = """\
[Service]
CapabilityBoundingSet=~
ProtectSystem=no
PrivateDevices=no
RestrictNamespaces=no
SystemCallFilter=
"""

PACKAGE = """\
set -e
mkdir -p /opt/trial/DEBIAN /opt/trial/usr/bin
cp /bin/true /opt/trial/usr/bin/trial
cat >/opt/trial/DEBIAN/control <<'END'
Package: trial
Version: 1
Architecture: all
Maintainer: nobody
Description: trial
END
cat >/opt/trial/DEBIAN/postinst <<'END'
#!/bin/sh
set -e
useradd --system trial
chown trial /usr/bin/trial
chmod 4755 /usr/bin/trial
systemctl daemon-reload
java -version
setpriv --reuid trial --clear-groups true
END
chmod 755 /opt/trial/DEBIAN/postinst
dpkg-deb --build /opt/trial /opt/trial.deb >/dev/null
"""
"""Makes a package whose script does what those of real ones do: a user, a program that changes its user, Java."""

rehearsal = story()


@pytest.fixture(scope="module")
def bench(rehearsal: Rehearsal, empty: set[str], tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Deploy the example."""
    made = deployed_example(rehearsal, EXAMPLE, tmp_path_factory.mktemp("cluster"), empty)
    made.wait_until_healthy()
    return made


def sh(bench: Bench, script: str, text: str = "") -> str:
    """Return what `script` prints as root on node a."""
    return bench.scene.run_in(bench.member("a"), ["sh", "-c", script], text=text, within=30)


@contextmanager
def broken(bench: Bench, check: AnyCheck, breaking: str, mending: str, text: str = "") -> Iterator[str]:
    """Yield what `check` says of a cluster that `breaking` has broken; before and after that it is valid."""
    assert bench.check(check).verdict == "valid"
    sh(bench, breaking, text)
    try:
        result = bench.check(check)
        assert result.verdict == "invalid", result
        yield result.detail
    finally:
        sh(bench, mending)
    after = poll(lambda: result if (result := bench.check(check)).verdict == "valid" else None, within=30)
    assert after is not None


def test_a_unit_that_is_confined_less_is_found(bench: Bench) -> None:
    lift = f"mkdir -p {DROP_IN} && cat >{DROP_IN}/lifted.conf && systemctl daemon-reload"
    with broken(bench, hardening.CHECK, lift, f"rm -r {DROP_IN} && systemctl daemon-reload", LIFTED) as detail:
        assert detail.startswith("muster-readiness.service of node a is exposed ")


def test_a_listener_more_is_found(bench: Bench) -> None:
    listen = "systemd-run --quiet --unit=stranger python3 -m http.server 5005"
    there = "until ss -Hltn 'sport = :5005' | grep -q .; do sleep 0.1; done"
    with broken(bench, listening.CHECK, f"{listen} && {there}", "systemctl stop stranger") as detail:
        assert detail == "python3 of node a listens on all addresses, tcp 5005, which no table names"


def test_a_file_that_everybody_may_read_is_found(bench: Bench) -> None:
    file = "/etc/muster/credentials.json"
    with broken(bench, out_of_reach.CHECK, f"chmod 644 {file}", f"chmod 600 {file}") as detail:
        assert f"as400gateway of node a reads {file}" in detail
        assert f"muster-h2 of node a reads {file}" in detail


def test_the_product_would_get_the_instances_credentials_without_its_rules_and_its_start_gives_them(
    bench: Bench,
) -> None:
    flush, again = "nft delete table inet muster_metadata", "systemctl restart as400gateway"
    with broken(bench, out_of_reach.CHECK, flush, again) as detail:
        assert "as400gateway of node a gets a token for the instance's own credentials" in detail
    bench.wait_until_healthy()


def test_a_product_sees_no_other_users_processes_and_writes_nowhere_but_in_its_own_place(bench: Bench) -> None:
    """In the view of the file system that systemd has given it; in the host's own, root sees and writes all of it."""
    process = sh(bench, "systemctl show --property=MainPID --value as400gateway").strip()
    elsewhere, own = ["/etc", "/opt", "/usr", "/var/lib"], ["/opt/as400gateway", "/var/lib/as400gateway"]
    users = "stat -c %U /proc/[0-9]* 2>/dev/null | sort -u"
    write = f"for at in {' '.join((*elsewhere, *own))}; do touch $at/x 2>/dev/null && echo $at; done; true"
    inside = f"nsenter --target {process} --mount"
    user = "setpriv --reuid as400gateway --regid as400gateway --clear-groups"
    assert sh(bench, f"{inside} {user} sh -c '{users}'").split() == ["as400gateway"]
    assert {"as400gateway", "root", "muster-h2"} <= set(sh(bench, users).split())
    assert sh(bench, f"{inside} sh -c '{write}'").split() == own
    assert sh(bench, write).split() == [*elsewhere, *own]


def confined_as(unit: str, command: str) -> str:
    """Return a unit that runs `command` once, in the confinement that the text `unit` gives."""
    kept = [line for line in unit.splitlines() if not line.startswith(("Exec", "Restart", "RuntimeDirectory", "["))]
    wanted = [line for line in kept if not line.startswith(("Description", "Start", "Requires", "After", "Wants"))]
    return "\n".join(["[Service]", "Type=oneshot", f"ExecStart={command}", *wanted, ""])


def test_packages_are_installed_in_the_members_confinement_and_not_in_the_gates(bench: Bench) -> None:
    """The gate's is the control: it has a read-only system."""
    sh(bench, PACKAGE)
    install = "/usr/bin/dpkg --force-confnew --install /opt/trial.deb"
    outcome = {}
    for name in ("muster-gate", "muster-member"):
        unit = confined_as(sh(bench, f"cat /etc/systemd/system/{name}.service"), install)
        sh(bench, "cat >/run/systemd/system/trial.service && systemctl daemon-reload", unit)
        said = "systemctl start trial.service >&2 && echo done || journalctl -u trial.service -n 20 -o cat"
        outcome[name] = sh(bench, said).strip()
    assert outcome["muster-member"] == "done", outcome
    assert "Read-only file system" in outcome["muster-gate"], outcome
    assert sh(bench, "stat -c '%a %U' /usr/bin/trial").split() == ["4755", "trial"]


def test_destroy_leaves_nothing_in_the_account(bench: Bench, empty: set[str]) -> None:
    leaves_nothing(bench, empty)
