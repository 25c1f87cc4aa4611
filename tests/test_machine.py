"""What a machine lacks is named by its Debian package."""

from pathlib import Path

import pytest

from rehearsal import machine


def test_each_missing_package_is_named_once_and_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "PACKAGES", {"sh": "dash", "no-a": "zeta", "no-b": "alpha", "no-c": "zeta"})
    monkeypatch.setattr(machine, "KEYRING", Path("/bin/sh"))
    assert machine.missing() == ["alpha", "zeta"]


def test_another_system_is_told_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    assert machine.unfit().startswith("a rehearsal needs Linux")


def test_a_user_who_is_not_root_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert machine.unfit().endswith("run it with sudo")


@pytest.mark.host
def test_a_failed_installation_ends_in_apts_own_words_after_naming_the_packages() -> None:
    said: list[str] = []
    with pytest.raises(machine.InstallError, match="no-such-package-of-muster"):
        machine.install(["no-such-package-of-muster"], said.append)
    assert "no-such-package-of-muster" in said[0]
