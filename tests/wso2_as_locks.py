"""Locks of WSO2 AS, one after the other."""

from pathlib import Path
from typing import Any

import pytest

from muster.spec import Lock, SpecError, locked
from muster.spec.lock import PinnedImage
from muster.spec.locking import with_pin
from tests.wso2_as_support import MGT, SECRET, WORKERS, loaded, server

SECOND = {"zone": "eu-west-1b", "group": "mgt"}
TWO = {"a": MGT, "d": SECOND, **WORKERS}
MYSQL: dict[str, Any] = {"database": {"engine": "mysql"}}
OWN = {"url": "jdbc:mysql://db.example.org/wso2", "secret": f"{SECRET}:as-db-AbCdEf"}


def lock(folder: Path, old: Lock | None = None, block: dict[str, Any] | None = None, **others: Any) -> Lock:
    """Return the lock after `old` of a file with these changes."""
    return locked(old, loaded(server(block, **others), folder))


def refusal(folder: Path, old: Lock, block: dict[str, Any] | None = None, **others: Any) -> str:
    """Return why `old` refuses a file with these changes."""
    with pytest.raises(SpecError) as refused:
        lock(folder, old, block, **others)
    return str(refused.value)


def launched(folder: Path, block: dict[str, Any] | None = None, **others: Any) -> Lock:
    """Return the lock of a file with these changes, whose nodes have an image."""
    cluster = loaded(server(block, **others), folder)
    pin = PinnedImage(id="ami-0123456789abcdef0", name="al2023", read="2026-01-01")
    return with_pin(locked(None, cluster), cluster, pin)
