"""The `.conf` beside a fully executable jar: a shell fragment that its launch script sources.

Spring Boot reference, "Customizing a Script When It Runs".
"""

import re
from typing import List

from .failure import Failure

PROPERTY = "-Dh2.clustering.enabled=true"
# the guide for this product prints the option with an en dash, which java takes for a main class
_OPTION = re.compile("[ \t]*(?:-|\N{EN DASH})Dh2\\.clustering\\.enabled(?:=[^\\s\"']*)?")
_ASSIGNMENT = re.compile(
    r"""^[ \t]*(?:export[ \t]+)?JAVA_OPTS\+?=(?P<value>"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"';#]*)(?=[ \t]*(?:$|[;#\r]))""",
    re.MULTILINE | re.DOTALL,
)
_ANY = re.compile(r"^[ \t]*(?:export[ \t]+)?JAVA_OPTS\+?=", re.MULTILINE)


def with_clustering(content: bytes) -> bytes:
    """Return `content` with the H2 clustering property inside `JAVA_OPTS` exactly once, all else byte for byte.

    Raises `Failure` where `JAVA_OPTS` is assigned in a way that cannot be edited safely.
    """
    text = content.decode("utf-8", "surrogateescape")
    if not _done(text):
        text = _edited(text)
    if not _done(text):
        raise Failure("JAVA_OPTS is assigned in a way that cannot be edited; write it as one quoted assignment")
    return text.encode("utf-8", "surrogateescape")


def _values(text: str) -> List["re.Match[str]"]:
    return list(_ASSIGNMENT.finditer(text))


def _done(text: str) -> bool:
    found = _values(text)
    inside = "\n".join(match.group("value") for match in found)
    last = found[-1].group("value") if found else ""
    return [option.strip() for option in _OPTION.findall(inside)] == [PROPERTY] and PROPERTY in last


def _edited(text: str) -> str:
    if len(_values(text)) != len(_ANY.findall(text)):
        raise Failure("JAVA_OPTS is assigned in a way that cannot be edited; write it as one quoted assignment")
    for match in reversed(_values(text)):
        bare = _OPTION.sub("", match.group("value"))
        text = text[: match.start("value")] + bare + text[match.end("value") :]
    found = _values(text)
    if not found:
        joint = "" if not text or text.endswith("\n") else "\n"
        return f'{text}{joint}JAVA_OPTS="{PROPERTY}"\n'
    last = found[-1]
    return text[: last.start("value")] + _added(last.group("value")) + text[last.end("value") :]


def _added(value: str) -> str:
    if value[:1] in {'"', "'"}:
        inner = value[1:-1].rstrip(" ")
        return f"{value[0]}{inner}{' ' if inner else ''}{PROPERTY}{value[0]}"
    return f'"{value}{" " if value else ""}{PROPERTY}"'
