"""bin/wso2server.sh edited in place: whether the product starts as a worker; every other byte stays.

A worker has no console and never commits artifacts. Kernels from 4.4.1 on have `-DworkerNode=false` in the script, and
Java takes the last of an option that it is given twice.
"""

import re
from typing import Iterator, List, Tuple

from ..failure import Failure

NAME = "bin/wso2server.sh"
WORKER = "-DworkerNode"

_MAIN = re.compile(r"(?<![\w.$/\"'=-])org\.wso2\.carbon\.bootstrap\.Bootstrap(?![\w.$\"'])")
_JAVA = re.compile("java", re.IGNORECASE)
_OPTION = re.compile(r"(?<!\w)-DworkerNode(?![\w.-])(?:=(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s\"'\\;|&<>(){}]*))?")
_SAID = re.compile(r"(?<!\S)([\"']?)-DworkerNode=(true|false)\1(?![^\s\\;|&<>)])")
_PIECES = re.compile(r"(?:\\.|\"(?:\\.|[^\"\\])*\"|'[^']*'|(?<=\S)#|[^#])*")
_CONTINUED = re.compile(r"(?<!\\)(?:\\\\)*\\\Z")
Command = Tuple[int, str]
"""A command with its continued lines: where it begins in the script, and its text up to a remark."""


def patched(content: bytes, worker: bool) -> bytes:
    """Return the script `content` that starts a worker, or none if `worker` is False; unchanged if it does already.

    Raises `Failure` with one sentence if the script cannot be edited safely.
    """
    text = content.decode("utf-8", "surrogateescape")
    after = _edited(text, worker)
    if _edited(after, worker) != after or not all(_says(command, worker) for _, command in _starts(after)):
        raise Failure(f"{NAME}: it is written in a way that cannot be edited; take the product's own file")
    return after.encode("utf-8", "surrogateescape")


def _edited(text: str, worker: bool) -> str:
    for start, command in reversed(_starts(text)):
        text = text[:start] + _said(command, worker) + text[start + len(command) :]
    return text


def _said(command: str, worker: bool) -> str:
    """Return the command that starts Java with the option: in the place of an old one, or else before the main class.

    Without the option Java is told of no worker.
    """
    said = f"{WORKER}={'true' if worker else 'false'}"
    if _OPTION.search(command) or not worker:
        return _OPTION.sub(said, command)
    main = _main(command)
    indent = command[command.rfind("\n", 0, main) + 1 : main]
    return command[:main] + said + (" " if indent.strip() else f" \\\n{indent}") + command[main:]


def _says(command: str, worker: bool) -> bool:
    """Return whether the command that starts Java tells it `worker` in plain words, as often as it tells it at all."""
    found = [each.group(2) == "true" for each in _SAID.finditer(command)]
    return found == [worker] * len(_OPTION.findall(command)) and (bool(found) or not worker)


def _starts(text: str) -> List[Command]:
    """Return the commands that start Java; raises `Failure` if there are none, or the option stands elsewhere."""
    commands = list(_commands(text))
    starts = [each for each in commands if _main(each[1])]
    if not starts:
        raise Failure(
            f"{NAME}: no command in it starts org.wso2.carbon.bootstrap.Bootstrap by Java; take the product's own file"
        )
    for each in commands:
        if each not in starts and _OPTION.search(each[1]):
            line = 1 + text.count("\n", 0, each[0])
            raise Failure(f"{NAME} line {line}: {WORKER} outside of the command that starts Java; remove it")
    return starts


def _main(command: str) -> int:
    """Return where Java's main class stands in the command, 0 if it does not start Java."""
    java = _JAVA.search(command)
    main = _MAIN.search(command, java.end()) if java else None
    return main.start() if main else 0


def _commands(text: str) -> Iterator[Command]:
    """Yield each line with those that continue it, as the shell joins them; a line of Windows continues nowhere."""
    start = place = 0
    for line in text.split("\n"):
        found = _PIECES.match(line)
        code = found.group() if found else line
        end = place + len(code)
        place += len(line) + 1
        if code != line or not _CONTINUED.search(line):
            yield start, text[start:end]
            start = place
    if start < len(text):
        yield start, text[start:]
