"""One rehearsal at a time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.exclusive import AlreadyRunningError, exclusive, holder


def test_a_second_rehearsal_is_refused_by_the_first_ones_process(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with exclusive(lock):
        with pytest.raises(AlreadyRunningError, match=f"process {os.getpid()}.*--down"), exclusive(lock):
            pass
        assert holder(lock) == os.getpid()


def test_it_is_free_again_once_the_first_has_ended(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with exclusive(lock):
        pass
    assert holder(lock) is None


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    code = f"""
import os, signal
from pathlib import Path
from rehearsal.exclusive import exclusive
with exclusive(Path({str(lock)!r})):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", code], check=False)
    assert killed.returncode < 0
    assert holder(lock) is None
