"""The one way to run another program to its end."""

import subprocess
from typing import Mapping, Optional, Sequence

from .failure import Failure


def run(
    argv: Sequence[str],
    *,
    given: Optional[str] = None,
    within: float = 120.0,
    environment: Optional[Mapping[str, str]] = None,
    good: Sequence[int] = (0,),
) -> "subprocess.CompletedProcess[str]":
    """Run `argv` with `given` on its standard input for at most `within` seconds.

    Raises `Failure` naming the command and the last line it said when it cannot start, takes longer, or ends with a
    status that is not in `good`. Never give it a secret in `argv`.
    """
    shown = " ".join(argv[:3])
    try:
        done = subprocess.run(
            argv, input=given, text=True, capture_output=True, timeout=within, env=environment, check=False
        )
    except FileNotFoundError:
        raise Failure(f"the program {argv[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise Failure(f"`{shown}` did not end within {within:g} s") from None
    if done.returncode not in good:
        raise Failure(f"`{shown}` ended with {done.returncode}: {last_line(done.stderr or done.stdout)}")
    return done


def last_line(text: str) -> str:
    """Return the last line of `text` that says something, at most 300 characters.

    nft shows the statement below its error, and marks the place in it by carets (nft(8)).
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if ": Error: " in line]
    return (errors or lines)[-1][:300] if lines else "it said nothing"
