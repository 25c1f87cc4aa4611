"""The lists of pinned Python packages (`requirements*.txt`), read: versions, hashes, and who asked for what."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

CHECKS: Final = "# checks"
"""The line of requirements.in below which stands what only the project's own checks need."""


@dataclass(frozen=True)
class Pin:
    """One package; `hashes` are the sha256 of each file that it may be installed from, `wanted_by` others' names."""

    name: str
    version: str
    hashes: tuple[str, ...]
    wanted_by: frozenset[str]


def normal(name: str) -> str:
    """Return the one spelling of a package's name (Python Packaging User Guide, "Names and normalization")."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(text: str) -> tuple[Pin, ...]:
    """Return the pins that a list made by `uv pip compile` holds; raises `ValueError` at one without version or hash.

    A package may stand there twice: in one version for each of some Pythons.
    """
    blocks = re.split(r"^(?=\S)", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE), flags=re.MULTILINE)
    return tuple(_pin(block) for block in blocks if block.strip())


def _pin(block: str) -> Pin:
    head = re.match(r"([A-Za-z0-9._-]+)==([^\s;\\]+)", block)
    hashes = tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})\b", block))
    if head is None or not hashes:
        raise ValueError(f"{block.splitlines()[0]!r} is not pinned by a version and a hash")
    _, _, comment = block.partition("# via")
    wanted = {
        normal(word) for word in re.findall(r"[A-Za-z0-9][A-Za-z0-9._-]+", comment.replace("-r requirements", ""))
    }
    return Pin(normal(head[1]), head[2], hashes, frozenset(wanted))


def asked_for(text: str) -> tuple[set[str], set[str]]:
    """Return the names that a `requirements.in` holds: what Muster runs with, and what only its checks need."""
    running, _, checking = text.partition(CHECKS)
    return _names(running), _names(checking)


def _names(text: str) -> set[str]:
    return {normal(name) for name in re.findall(r"^([A-Za-z0-9][A-Za-z0-9._-]*)", text, re.MULTILINE)}


def below(known: Collection[Pin], names: Collection[str]) -> set[str]:
    """Return the names of these packages and of all that they ask for, and those ask for."""
    reached: set[str] = set()
    waiting = set(names) & {pin.name for pin in known}
    while waiting:
        reached |= waiting
        waiting = {pin.name for pin in known if pin.wanted_by & waiting} - reached
    return reached
