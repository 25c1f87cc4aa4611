"""What a unit said last is told where it failed: of a mount what its program said, and not that it failed."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from musternode import system
from musternode.system import Systemd

MOUNT, SERVICE = "mnt-axonivy.mount", "axonivy.service"
REFUSED = "mount.nfs4: access denied by server while mounting fs-0123abcd:/"
FAILED = "Failed to mount mnt-axonivy.mount - The file system fs-0123abcd, which all engines share."


class Journal:
    """A journal with what a unit said itself, and then the service manager of it (journalctl(1), `--unit`)."""

    def __init__(self, said: Sequence[str], of_it: Sequence[str]) -> None:
        self._said, self._of_it = [*said], [*of_it]

    def __call__(self, argv: Sequence[str], **_: Any) -> Any:
        if any(each.startswith("_SYSTEMD_UNIT=") for each in argv):
            return SimpleNamespace(stdout="\n".join(self._said))
        assert "--unit" in argv
        return SimpleNamespace(stdout="\n".join([*self._said, *self._of_it]))


@pytest.mark.parametrize(
    ("unit", "said", "expected"),
    [
        (MOUNT, [REFUSED], REFUSED),
        (MOUNT, [], FAILED),
        (SERVICE, ["it ends"], FAILED),
        (SERVICE, ["ERROR: no memory", "it ends"], "ERROR: no memory"),
    ],
)
def test_what_a_program_says_goes_before_what_is_said_of_it_where_it_mounts(
    unit: str, said: Sequence[str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system, "run", Journal(said, [FAILED]))
    assert Systemd().last_words(unit) == expected


def test_of_an_empty_journal_it_is_said_that_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "run", Journal([], []))
    assert Systemd().last_words(MOUNT) == "nothing in its journal"
