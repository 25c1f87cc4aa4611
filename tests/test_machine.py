"""What a machine lacks is named by its Debian package."""

import pytest

from rehearsal import machine


def test_what_is_there_is_not_missing() -> None:
    assert machine.missing({"sh": "dash"}) == []


def test_each_missing_package_is_named_once_and_sorted() -> None:
    assert machine.missing({"no-such-a": "zeta", "no-such-b": "alpha", "no-such-c": "zeta"}) == ["alpha", "zeta"]


def test_another_system_is_told_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    assert machine.unfit() == "hosts need Linux; this is darwin"


def test_a_user_who_is_not_root_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_debian_family", lambda: True)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert machine.unfit() == "hosts need root: start it with sudo"


@pytest.mark.host
def test_a_failed_installation_ends_in_apts_own_words_after_naming_the_packages() -> None:
    said: list[str] = []
    with pytest.raises(machine.MachineError, match="no-such-package-of-muster"):
        machine.install(["no-such-package-of-muster"], said.append)
    assert said[0] == "installing what this machine lacks: no-such-package-of-muster"
