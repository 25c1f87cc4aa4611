"""Subversion's own programs, run as the repository's owner: a file of root's in it would keep the server out."""

import contextlib
import gzip
import shutil
import subprocess
import tempfile
import threading
import zlib
from pathlib import Path
from typing import IO, Any, Callable, Dict, Mapping, Optional, Sequence

from ..commands import last_line
from ..failure import Failure

WITHIN = 120.0
"""Seconds that a program may take which does not read the whole repository."""
WHOLE = 3600.0
"""Seconds that one may take which does."""
_BLOCK = 1 << 20


def run(argv: Sequence[str], owner: str, *, within: float = WITHIN) -> str:
    """Run `argv` as `owner` to its end and return what it said; raises `Failure`. Never give it a secret."""
    shown = " ".join(argv[:2])
    try:
        done: subprocess.CompletedProcess[bytes] = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=within, check=False, **_as(owner)
        )
    except FileNotFoundError:
        raise _missing(argv) from None
    except subprocess.TimeoutExpired:
        raise Failure(f"`{shown}` did not end within {within:g} s") from None
    if done.returncode != 0:
        raise _ended(shown, done.returncode, done.stderr)
    return done.stdout.decode("utf-8", "replace")


def into(argv: Sequence[str], to: Path, owner: str, *, within: float = WHOLE) -> None:
    """Run `argv` as `owner`, and write what it says into the file `to`, compressed; raises `Failure`."""

    def copy(process: "subprocess.Popen[bytes]") -> None:
        with gzip.open(to, "wb", compresslevel=6) as out:
            shutil.copyfileobj(_pipe(process.stdout), out, _BLOCK)

    _streamed(argv, owner, within, copy, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)


def out_of(argv: Sequence[str], source: Path, owner: str, *, within: float = WHOLE) -> None:
    """Run `argv` as `owner`, and give it the compressed file `source` to read; raises `Failure`."""

    def copy(process: "subprocess.Popen[bytes]") -> None:
        to = _pipe(process.stdin)
        try:
            with gzip.open(source, "rb") as content:
                shutil.copyfileobj(content, to, _BLOCK)
            to.close()
        except BrokenPipeError:
            pass  # it has ended, and says why
        except (OSError, EOFError, zlib.error) as fault:
            process.kill()
            raise Failure(f"{source.name} is not whole: {fault}") from None

    _streamed(argv, owner, within, copy, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)


def _streamed(
    argv: Sequence[str],
    owner: str,
    within: float,
    copy: Callable[["subprocess.Popen[bytes]"], None],
    **ends: Any,
) -> None:
    shown = " ".join(argv[:2])
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(argv, stderr=said, **ends, **_as(owner))
        except FileNotFoundError:
            raise _missing(argv) from None
        late = threading.Timer(within, process.kill)
        late.daemon = True
        late.start()
        try:
            copy(process)
            status = process.wait()
        finally:
            late.cancel()
            _end(process)
        if status != 0:
            said.seek(0)
            raise _ended(shown, status, said.read())


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):  # what was not read any more is of no use to anybody
                pipe.close()


def _pipe(pipe: Optional[IO[bytes]]) -> IO[bytes]:
    if pipe is None:
        raise Failure("a program was started without its pipe")
    return pipe


def _as(owner: str) -> Mapping[str, Any]:
    """Return the arguments that make a program `owner`'s, and its files nobody else's."""
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
    common: Dict[str, Any] = {"cwd": "/", "env": environment, "umask": 0o077}
    return {**common, "user": owner, "group": owner, "extra_groups": []} if owner else common


def _missing(argv: Sequence[str]) -> Failure:
    return Failure(f"the program {argv[0]} is not installed")


def _ended(shown: str, status: int, said: bytes) -> Failure:
    return Failure(f"`{shown}` ended with {status}: {last_line(said.decode('utf-8', 'replace'))}")
