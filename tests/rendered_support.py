"""Texts that mean something to a parser, and what systemd itself reads in a unit."""

import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import strategies as st

MEANT = "'\"`$\\%<>&;|#!*?[]{}()~=@:^,+-_. \t"
"""Quotes, variables, commands, markup, remarks, patterns: characters that one format or another takes for its own."""

WORDS = (
    "$(id)",
    "`id`",
    "${x}",
    "%n",
    "%%",
    "]]>",
    "&amp;",
    "<!--",
    "\\u0041",
    "\\\\",
    "{{x}}",
    "@x",
    "-x",
    "日本",
    "é😀",
)

LINE = st.one_of(
    st.sampled_from(WORDS),
    st.text(st.sampled_from(MEANT), max_size=12),
    st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=12),
)
"""Any text of one line."""

TEXT = st.one_of(LINE, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12))
"""Any text that a file can hold, with ends of lines."""

_COMPLAINTS = re.compile(r"unknown key|unknown section|failed to parse|invalid|ignoring|missing|not absolute", re.I)


@dataclass
class Unit:
    """What systemd has understood: keys with one value each, the environment, and commands by their key."""

    values: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    commands: dict[str, list[list[str]]] = field(default_factory=dict)


def read_by_systemd(texts: Mapping[str, str]) -> dict[str, Unit]:
    """Return each unit as systemd 252 reads it (`systemd-analyze verify` dumps what it has loaded when it debugs).

    Fails if it complains of anything in one of them. That a program is not on this machine is no complaint of the text,
    nor is a call of the kernel that a set of systemd's own names and this machine's libseccomp does not know.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts.items():
            (Path(folder) / name).write_text(text, encoding="utf-8")
        return {name: _read(Path(folder) / name) for name in texts}


def _read(file: Path) -> Unit:
    environment = {**os.environ, "SYSTEMD_LOG_LEVEL": "debug", "SYSTEMD_LOG_COLOR": "0", "LC_ALL": "C.UTF-8"}
    command = ["systemd-analyze", "verify", "--man=no", "--generators=no", "--recursive-errors=no", str(file)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)
    said = [line for line in done.stderr.splitlines() if f"{file}:" in line or line.startswith(f"{file.name}: ")]
    text = file.read_text(encoding="utf-8")
    assert [line for line in said if _COMPLAINTS.search(line) and _of_text(line, text)] == []
    return _parsed(_block(done.stdout, file.name))


def _of_text(line: str, text: str) -> bool:
    """Return whether a complaint is about something that the text itself says."""
    if "Failed to parse system call" in line:
        return line.rpartition(": ")[2] in text
    return "not executable" not in line


def _block(dumped: str, name: str) -> list[str]:
    """Return the lines of the unit called `name`: the dump has those of others on which it waits, too."""
    _, found, rest = dumped.partition(f"-> Unit {name}:\n")
    assert found, f"systemd has not loaded {name}"
    return [line.strip() for line in rest.partition("-> Unit ")[0].splitlines()]


def _words(dumped: str) -> list[str]:
    """Return the arguments of a command: they are dumped as a shell would take them, with `$$` for a dollar sign."""
    found = [(quoted, plain) for quoted, plain in re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', dumped)]
    return [(plain or re.sub(r"\\(.)", r"\1", quoted)).replace("$$", "$") for quoted, plain in found]


def _parsed(lines: list[str]) -> Unit:
    unit, key = Unit(), ""
    for line in lines:
        if started := re.fullmatch(r"-> (Exec\w+):", line):
            key = started[1]
        name, found, value = line.partition(": ")
        if name == "Command Line":
            unit.commands.setdefault(key, []).append(_words(value))
        elif name == "Environment":
            unit.environment.update([(value.partition("=")[0], value.partition("=")[2])])
        elif found:
            unit.values.setdefault(name, value)
    return unit
