"""The gate process's sign of life, as systemd hears it."""

import socket
from pathlib import Path

import pytest

from musternode.h2.alive import say_alive


def test_the_service_manager_hears_the_sign_of_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(tmp_path / "notify"))
        ear.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        say_alive()
        assert ear.recv(100) == b"WATCHDOG=1"


def test_without_a_service_manager_or_with_one_that_is_gone_nothing_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    say_alive()
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    say_alive()
