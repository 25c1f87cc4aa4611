"""What systemd takes from each unit, as systemd itself judges it."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from musternode import guard
from musternode.units import AGENT, GATE, MEMBER, READINESS, VOLUME
from rehearsal.checks import hardening
from tests.unit_texts import FORMS

SERVICES = [(form, name) for form, texts in FORMS.items() for name in sorted(texts()) if name.endswith(".service")]
BARE = "[Service]\nExecStart=/bin/true\n"
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd")
_LEVEL = re.compile(r"Overall exposure level for (\S+): ([\d.]+)")


def exposures(folder: Path, texts: Mapping[str, str]) -> dict[str, float]:
    """Return how exposed systemd finds each of these units."""
    files = [folder / name for name in texts]
    for file in files:
        file.write_text(texts[file.name])
    argv = ["systemd-analyze", "security", "--offline=true", "--no-pager", *map(str, files)]
    said = subprocess.run(argv, capture_output=True, text=True, check=True, env={"LC_ALL": "C.UTF-8"}).stdout
    return {name: float(level) for name, level in _LEVEL.findall(said)}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Mapping[tuple[str, str], float]:
    """Return the exposure of each service of each form."""
    measured = {form: exposures(tmp_path_factory.mktemp(form), services(form)) for form in FORMS}
    return {(form, name): level for form, levels in measured.items() for name, level in levels.items()}


@cache
def services(form: str) -> Mapping[str, str]:
    """Return the services of a form."""
    return {name: text for name, text in FORMS[form]().items() if name.endswith(".service")}


def lines(form: str, name: str, key: str) -> list[str]:
    """Return the values of a key in a unit."""
    return [line.partition("=")[2] for line in services(form)[name].splitlines() if line.startswith(f"{key}=")]


@needs_systemd
@pytest.mark.parametrize(("form", "name"), SERVICES)
def test_a_unit_is_no_more_exposed_than_the_table_says(
    found: Mapping[tuple[str, str], float], form: str, name: str
) -> None:
    assert found[form, name] <= hardening.most(name)


@needs_systemd
@pytest.mark.parametrize("name", hardening.EXPOSED)
def test_the_table_has_only_units_that_cannot_do_without_it(found: Mapping[tuple[str, str], float], name: str) -> None:
    assert max(level for (_, each), level in found.items() if each == name) == hardening.most(name) > hardening.MOST


@pytest.mark.parametrize("name", sorted({name for _, name in SERVICES}))
def test_every_unit_is_looked_at_in_the_rehearsal(name: str) -> None:
    assert hardening.ours(name)


def test_what_asks_aws_nothing_and_has_a_made_up_user_reaches_no_metadata_service() -> None:
    denied = [" ".join(address for _, address in guard.ADDRESSES)]
    for form in FORMS:
        for name in services(form):
            if name == READINESS:
                assert lines(form, name, "IPAddressDeny") == denied
            if name == AGENT:
                assert lines(form, name, "IPAddressDeny") == [], "it asks AWS with the node's role"


@needs_systemd
def test_a_unit_that_nothing_is_taken_from_is_found_exposed(tmp_path: Path) -> None:
    assert exposures(tmp_path, {"bare.service": BARE})["bare.service"] > 9


@needs_systemd
@pytest.mark.parametrize("form", FORMS)
def test_systemd_knows_every_word_of_every_unit(form: str, tmp_path: Path) -> None:
    """What it does not know it says and ignores. Programs and users of a node are not here, of which it says more."""
    files = []
    for name, text in {**services(form), "wrong.service": f"{BARE}NoNewPrivilege=yes\n"}.items():
        files.append(tmp_path / name)
        files[-1].write_text(text)
    said = subprocess.run(["systemd-analyze", "verify", *files], capture_output=True, text=True, check=False).stderr
    ignored = [line for line in said.splitlines() if "ignoring" in line]
    assert [line for line in ignored if "wrong.service" not in line] == []
    assert ignored  # the control


@pytest.mark.parametrize(("form", "name"), SERVICES)
def test_no_unit_leaves_a_core_file_or_gets_more_rights_by_what_it_runs(form: str, name: str) -> None:
    assert (lines(form, name, "LimitCORE"), lines(form, name, "NoNewPrivileges")) == (["0"], ["yes"])


@pytest.mark.parametrize(("form", "name"), SERVICES)
def test_nothing_but_what_must_be_root_is_root(form: str, name: str) -> None:
    own = lines(form, name, "User") + lines(form, name, "DynamicUser")
    assert bool(own) != (name in {GATE, MEMBER, VOLUME})


@pytest.mark.parametrize(("form", "name"), SERVICES)
def test_whoever_has_a_user_of_its_own_has_no_right_of_the_kernel_and_writes_nowhere_else(form: str, name: str) -> None:
    if name in {GATE, MEMBER, VOLUME}:
        return
    assert lines(form, name, "CapabilityBoundingSet") == [""]
    assert lines(form, name, "ProtectSystem") == ["strict"]
    assert lines(form, name, "ProtectProc") == ["invisible"]


OWN = ["-/srv", "-/var/log"]
"""Where an image may have folders of the product's user."""


@pytest.mark.parametrize(
    ("form", "name", "places"),
    [
        ("as400gateway", "as400gateway.service", ["/opt/as400gateway", *OWN]),
        ("as400gateway", "muster-h2.service", ["/var/lib/muster/h2"]),
        ("wso2-carbon", "wso2-carbon.service", ["/opt/wso2/1111111111111111", *OWN]),
        ("wso2-as", "muster-artifacts.service", ["/var/lib/muster/subversion"]),
        ("kaazing", "kaazing.service", ["/opt/kaazing/1111111111111111", *OWN]),
        ("axonivy", "axonivy.service", ["/opt/ivy/1111111111111111", "/mnt/axonivy", *OWN]),
    ],
)
def test_a_product_writes_where_its_data_are(form: str, name: str, places: list[str]) -> None:
    assert lines(form, name, "ReadWritePaths") == places


APART = (
    "Private",
    "Protect",
    "ReadWritePaths",
    "ReadOnlyPaths",
    "InaccessiblePaths",
    "BindPaths",
    "TemporaryFileSystem",
)
"""What gives a unit a view of its own of the file system (systemd.exec(5), "Sandboxing")."""


@pytest.mark.parametrize("form", ["as400gateway", "wso2-carbon", "axonivy"])
def test_what_mounts_the_data_volume_mounts_it_for_everybody(form: str) -> None:
    assert [line for line in services(form)[VOLUME].splitlines() if line.startswith(APART)] == []


def test_the_member_may_name_the_host_only_where_the_engine_makes_its_route_of_the_name() -> None:
    with_it = {form for form in FORMS if MEMBER in services(form) and "SYS_ADMIN" in services(form)[MEMBER]}
    assert with_it == {"axonivy"}
